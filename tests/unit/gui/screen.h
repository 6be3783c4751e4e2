/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.h: a gui under test with the test as its drivers; shared by the suites of what is seen on a screen.
 */
#ifndef TEST_SCREEN_H
#define TEST_SCREEN_H

#include <inproc/inproc.h>
#include <os/gui.h>

void gui_construct(struct os_env *env);

/* The gui, and the test's own environment with a Capture and an Event session. */
struct screen {
    struct inproc_env gui, driver;
    struct os_capture_session capture;
    struct os_event_session event;
    struct os_region region;
    uint32_t w, h;
};

/* Starts a gui with a screen of W by H. */
void screen_init(struct screen *screen, uint32_t w, uint32_t h);
void screen_fini(struct screen *screen);

/* Another size. */
void screen_resize(struct screen *screen, uint32_t w, uint32_t h);

/* Lets all run, and takes what has changed: the number of rectangles. */
uint32_t screen_capture(struct screen *screen, struct os_rect rects[64]);

/* Pixel of the captured picture, 0xRRGGBB. */
uint32_t screen_pixel(const struct screen *screen, uint32_t x, uint32_t y);

/* Input, one event each. */
void screen_input(struct screen *screen, uint32_t kind, uint32_t code, int32_t x, int32_t y);
void screen_move(struct screen *screen, int32_t x, int32_t y);
void screen_key(struct screen *screen, uint32_t code);

/* Compares the picture, up to date, with a golden one; see golden.h. */
void screen_golden(struct screen *screen, const char *name);

#endif
