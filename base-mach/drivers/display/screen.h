/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.h: the Bochs VBE adapter: a mode of any size, and its picture as memory. */
#ifndef DISPLAY_SCREEN_H
#define DISPLAY_SCREEN_H

#include <mach_base/machine.h>
#include <os/gui.h>

/* Zeroed means closed. */
struct screen {
    struct machine_session machine;
    struct os_region region; /* the picture: rows of w pixels, as those of gui.h */
    uint32_t w, h;
};

/*
 * Opens the adapter with a picture of W by H pixels; what it shows until something is drawn is by chance, or
 * what the driver before has left. OS_ERR_UNSUPPORTED: the adapter has no such mode. Others as of Machine.
 */
OS_MUST_CHECK os_err screen_open(struct screen *screen, struct os_env *env, uint32_t w, uint32_t h);

/* Copies RECT, cut to the picture, from PIXELS, a picture of the same size. */
void screen_show(struct screen *screen, const uint32_t *pixels, struct os_rect rect);

#endif
