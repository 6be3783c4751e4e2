/* SPDX-License-Identifier: BSD-2-Clause */
/* display.h: what display drivers have in common: a screen at the gui, input for it, and pictures of it. */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <os/gui.h>
#include <os/host.h>
#include <os/watch.h>

/* Zeroed means closed. All calls by one thread. */
struct display {
    struct os_env *env;
    struct os_capture_session capture;
    struct os_event_session event;
    struct os_host_session host;
    struct os_region region; /* the picture, read-only: w * h pixels */
    uint32_t w, h;
    uint64_t donated; /* to Capture, bytes */
};

/* Opens the sessions Capture, Event and Host. There is no screen before display_resize. */
OS_MUST_CHECK os_err display_open(struct display *display, struct os_env *env);

/*
 * The gui is gone: opens Capture and Event at the next one, with a screen of W by H that signals to CHANGED,
 * if that is any. Waits for the next gui; an error says that there is none.
 */
OS_MUST_CHECK os_err display_reopen(struct display *display, uint32_t w, uint32_t h, os_signal_cap changed);

/* The screen is W by H pixels from now on. After an error there is none. */
OS_MUST_CHECK os_err display_resize(struct display *display, uint32_t w, uint32_t h);

/* Brings the picture up to date: COUNT rectangles of it have changed. Room for DISPLAY_RECTS. */
enum { DISPLAY_RECTS = 64 };
OS_MUST_CHECK os_err display_capture(struct display *display, struct os_rect *rects, uint32_t *count);

OS_MUST_CHECK os_err display_submit(struct display *display, const struct os_input_event *events,
                                    uint32_t count);

/* Saves the picture, up to date, as PNG under NAME at the host. When it cannot be made the host is told why,
 * unless it is because the gui is gone: the caller tries again at the next one.
 */
OS_MUST_CHECK os_err display_shot(struct display *display, const char *name);

#endif
