/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ne2k.h: a network card with the registers of an NE2000, on PCI: frames from and to memory of its own,
 * through one port. Knows nothing of components; how registers are reached is the user's, so that tests have
 * a card of their own.
 *
 * Nothing here waits, but for the end of a reset and a start, both with a bound. Whatever the card says, no
 * function loops for longer than there are pages in its memory or registers to set; what cannot be right is
 * counted, and the card is set up anew.
 */
#ifndef NIC_NE2K_H
#define NIC_NE2K_H

#include <stdint.h>

#define NE2K_MAC       6
#define NE2K_FRAME_MIN 14   /* bytes of a frame without preamble and check sequence */
#define NE2K_FRAME_MAX 1514 /* the same */

/* Registers, REG is 0 to 31; of 32-bit words COUNT at the data port. */
struct ne2k_bus {
    uint8_t (*read)(struct ne2k_bus *bus, unsigned reg);
    void (*write)(struct ne2k_bus *bus, unsigned reg, uint8_t value);
    void (*read_words)(struct ne2k_bus *bus, void *to, uint32_t count);
    void (*write_words)(struct ne2k_bus *bus, const void *from, uint32_t count);
};

struct ne2k_counters {
    uint64_t received, sent; /* frames */
    uint64_t errors;         /* frames that came broken, or could not be sent */
    uint64_t overruns;       /* times that the card's memory was full */
    uint64_t restarts;       /* after what cannot be right */
};

struct ne2k {
    struct ne2k_bus *bus;
    uint8_t mac[NE2K_MAC]; /* of the card */
    struct ne2k_counters counters;

    uint8_t stop;    /* private from here: the page behind the last of the ring */
    uint8_t next;    /* the page of the ring with the next frame */
    uint8_t sending; /* the frame that was last put there is under way */
    uint8_t left;    /* frames that ne2k_receive may still take until ne2k_events */
    uint8_t end;     /* the page where the card writes next, as last seen */
    uint8_t after;   /* the page behind the frame that waits */
    uint16_t length; /* of that frame, bytes */
};

/* Resets the card, reads its address and lets it interrupt. 0 if there is none that works. BUS stays. */
int ne2k_open(struct ne2k *card, struct ne2k_bus *bus);

/*
 * After an interrupt: takes down what it was for, so that what comes from now on interrupts again. 0: the
 * card is gone.
 */
int ne2k_events(struct ne2k *card);

/* Bytes of the next frame that has come, or 0: there is none, or enough was taken since ne2k_events. */
uint32_t ne2k_waiting(struct ne2k *card);
/* That ended because enough was taken: there may be more after ne2k_events, without a further interrupt. */
int ne2k_more(const struct ne2k *card);
/* Takes it: to TO, of that many bytes, or away if that is NULL. */
void ne2k_receive(struct ne2k *card, void *to);

/* Whether a frame can be sent now; else there is an interrupt when it can. */
int ne2k_ready(const struct ne2k *card);
/* Sends LEN bytes, NE2K_FRAME_MIN to NE2K_FRAME_MAX, at DATA, which others may change meanwhile. */
void ne2k_send(struct ne2k *card, const void *data, uint32_t len);

#endif
