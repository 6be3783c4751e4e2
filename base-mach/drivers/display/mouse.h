/* SPDX-License-Identifier: BSD-2-Clause */
/* mouse.h: what a PS/2 mouse sends, from its set-up on, as input events of a pointer on a screen. */
#ifndef DISPLAY_MOUSE_H
#define DISPLAY_MOUSE_H

#include <os/input.h>
#include <os/types.h>

/* Memory of the caller's; zeroed but for the first members, then mouse_start. */
struct mouse {
    /* Called for each event, in order, by mouse_take. */
    void (*emit)(struct mouse *mouse, const struct os_input_event *event);
    /* Sends a byte to the mouse; called by mouse_start and mouse_take. */
    void (*send)(struct mouse *mouse, uint8_t byte);
    uint32_t w, h;     /* of the screen, pixels, not 0 */
    int32_t x, y;      /* where the pointer is on it */
    int moved;         /* the pointer has been moved, so there is one */
    unsigned step;     /* private from here on: of the set-up */
    uint8_t packet[4]; /* what is there of one */
    unsigned len, packet_len;
    os_time when; /* its last byte came */
    uint8_t buttons;
};

/* Resets the mouse and asks for its wheel; answers go to mouse_take. May be called again. */
void mouse_start(struct mouse *mouse);

/*
 * Takes the next byte, which came at NOW. Bytes that cannot be the beginning of a packet are passed over, and
 * a packet whose rest does not come at once is forgotten: so it falls into step again when a byte was lost.
 */
void mouse_take(struct mouse *mouse, uint8_t byte, os_time now);

#endif
