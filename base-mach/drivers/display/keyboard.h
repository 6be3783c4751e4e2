/* SPDX-License-Identifier: BSD-2-Clause */
/* keyboard.h: what a PC keyboard sends, scan code set 1, as input events: keys, and text of the US layout. */
#ifndef DISPLAY_KEYBOARD_H
#define DISPLAY_KEYBOARD_H

#include <os/input.h>

/* Memory of the caller's; zeroed but for emit means that nothing is held and no lock is on. */
struct keyboard {
    /* Called for each event, in order, by keyboard_take. */
    void (*emit)(struct keyboard *keyboard, const struct os_input_event *event);
    uint8_t prefix[2]; /* private, all of it: bytes of a sequence that is not complete, 0 for none */
    uint32_t held[4];  /* one bit for each code */
    int caps, num;     /* locks */
};

/*
 * Takes the next byte. What is no key is passed over. A byte that says that others were lost (0x00, 0xff)
 * releases all that is held, for their release may have been among them.
 */
void keyboard_take(struct keyboard *keyboard, uint8_t byte);

#endif
