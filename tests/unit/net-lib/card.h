/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * card.h: a network card for tests of what serves Nic and Uplink: a component with one session of either that
 * sends what the test says and keeps all that it gets.
 */
#ifndef TESTS_NET_CARD_H
#define TESTS_NET_CARD_H

#include <inproc/inproc.h>
#include <os/nic.h>

/* A frame that came; freed by card_drop. */
struct card_frame {
    uint32_t len, flags;
    os_time at; /* virtual time */
    uint8_t *data;
};

struct card {
    struct inproc_env env;
    struct os_nic_session nic;
    struct os_uplink_session uplink;
    struct os_nic_frames_source tx;
    struct os_nic_frames_sink rx;
    struct os_signal_handler link;
    os_signal_cap link_cap;
    struct os_nic_info info;
    int hold; /* takes no frames */
    unsigned link_changes;
    uint32_t count, capacity;
    struct card_frame *frames; /* the first COUNT came */
};

/* A component LABEL with a session and both streams of SIZE; info is what the server says. Zeroed before. */
void card_init(struct card *card, const char *label, struct os_packet_size size);
/* The same as a driver, whose card is INFO. */
void card_init_uplink(struct card *card, const char *label, struct os_packet_size size,
                      struct os_nic_info info);
/* Closes the session, and checks that nothing has leaked: the youngest first, for that counts all handles. */
void card_fini(struct card *card);
/* Sudden death instead. */
void card_kill(struct card *card);

/* Sends LEN bytes at DATA and lets all others run; ..._later: without that and without a flush. */
void card_send(struct card *card, const void *data, uint32_t len);
void card_send_later(struct card *card, const void *data, uint32_t len);

/*
 * Sends a frame of LEN bytes (at least 18) from FROM to TO (6 bytes each) whose payload is made from NUMBER;
 * card_got: frame I is that one.
 */
void card_send_test(struct card *card, const uint8_t *to, const uint8_t *from, uint32_t len, uint32_t number);
void card_make_test(uint8_t *data, const uint8_t *to, const uint8_t *from, uint32_t len, uint32_t number);
int card_got(const struct card *card, uint32_t i, const uint8_t *from, uint32_t len, uint32_t number);

/* Forgets what came. */
void card_drop(struct card *card);

/* Takes no frames from now on, or again those that wait. */
void card_hold(struct card *card, int hold);

/*
 * What one that has been taken over does with its session, by SEED: calls in any order with anything in them,
 * and anything in the words of both streams that are its own to write, and in the frames.
 */
void card_attack(struct card *card, uint64_t seed);

#endif
