/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h: scripted input. One command a line; blank lines and what follows a '#' at the start of a line do
 * not count.
 *
 *     key NAME          press and release
 *     press NAME        of a key or button
 *     release NAME
 *     text STRING       the rest of the line, typed
 *     move X Y          the pointer, in pixels
 *     wheel X Y         in steps; Y is away from the user
 *     wait MS           before the next command
 *     until X Y RRGGBB  waits until this pixel of the screen has this colour
 *     settle            waits until all applications have dealt with the input up to here
 *     shot NAME.png     saves a picture of the screen, beside the one that the user asked for
 *     quit STATUS       ends the whole system
 *
 * Names of keys are letters, digits and words such as enter, esc, leftbrace, f1; of buttons button-left,
 * button-right, button-middle, button-side, button-extra. Upper and lower case do not differ, nor do '-' and
 * '_'.
 */
#ifndef HEADLESS_SCRIPT_H
#define HEADLESS_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

enum command_kind {
    COMMAND_END, /* nothing is left */
    COMMAND_KEY,
    COMMAND_PRESS,
    COMMAND_RELEASE,
    COMMAND_TEXT,
    COMMAND_MOVE,
    COMMAND_WHEEL,
    COMMAND_WAIT,
    COMMAND_UNTIL,
    COMMAND_SETTLE,
    COMMAND_SHOT,
    COMMAND_QUIT,
};

struct command {
    enum command_kind kind;
    uint32_t code;    /* of key or button; 0xRRGGBB */
    int32_t x, y;     /* move, wheel, until; x: milliseconds, status */
    const char *text; /* text, shot; TEXT_LEN bytes, not terminated */
    size_t text_len;
};

/* Where reading is. The text is the caller's. */
struct script {
    const char *at, *end;
    uint32_t line; /* of the command read last, from 1 */
};

void script_init(struct script *script, const char *text, size_t size);

/* Reads the next command. NULL, or what was expected; the line is in script->line then. */
const char *script_next(struct script *script, struct command *command);

/* Code of the key or button with this name, or 0. */
uint32_t script_key(const char *name, size_t len);

#endif
