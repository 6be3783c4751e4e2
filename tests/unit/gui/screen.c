/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.c: see screen.h. */
#include <check.h>
#include <string.h>

#include "headless/golden.h"
#include "screen.h"

void screen_init(struct screen *screen, uint32_t w, uint32_t h)
{
    *screen = (struct screen){ .w = 0 };
    inproc_env_init(&screen->gui, "gui");
    inproc_env_construct(&screen->gui, gui_construct);
    inproc_env_init(&screen->driver, "driver");
    inproc_env_mark(&screen->driver);
    ck_assert_int_eq(os_capture_open_with(&screen->driver.env, "", "", OS_MIB(16), 8, &screen->capture),
                     OS_OK);
    ck_assert_int_eq(os_event_open(&screen->driver.env, "", "", &screen->event), OS_OK);
    screen_resize(screen, w, h);
}

void screen_fini(struct screen *screen)
{
    os_region_detach(&screen->region);
    os_event_close(&screen->event);
    os_capture_close(&screen->capture);
    ck_assert_int_eq(inproc_env_fini(&screen->driver), 0);
    ck_assert_int_eq(inproc_env_fini(&screen->gui), 0);
}

void screen_resize(struct screen *screen, uint32_t w, uint32_t h)
{
    os_dataspace_cap ds;

    os_region_detach(&screen->region);
    ck_assert_int_eq(os_capture_buffer(screen->capture.cap, w, h, &ds), OS_OK);
    ck_assert_int_eq(os_region_attach(&screen->region, ds, OS_ATTACH_READ), OS_OK);
    os_cap_drop(ds.cap);
    screen->w = w;
    screen->h = h;
}

uint32_t screen_capture(struct screen *screen, struct os_rect rects[64])
{
    uint8_t data[1024];
    size_t len = 0;

    inproc_idle();
    ck_assert_int_eq(os_capture_capture(screen->capture.cap, &data, &len), OS_OK);
    ck_assert_uint_eq(len % sizeof(*rects), 0);
    if (rects)
        memcpy(rects, data, len);
    return (uint32_t)(len / sizeof(struct os_rect));
}

uint32_t screen_pixel(const struct screen *screen, uint32_t x, uint32_t y)
{
    const uint32_t *pixels = screen->region.at;

    ck_assert(x < screen->w && y < screen->h);
    return pixels[(size_t)y * screen->w + x] & 0xffffff;
}

void screen_input(struct screen *screen, uint32_t kind, uint32_t code, int32_t x, int32_t y)
{
    struct os_input_event event = { .kind = kind, .code = code, .x = x, .y = y };

    ck_assert_int_eq(os_event_submit(screen->event.cap, &event, sizeof(event)), OS_OK);
    inproc_idle();
}

void screen_move(struct screen *screen, int32_t x, int32_t y)
{
    screen_input(screen, OS_INPUT_MOVE, 0, x, y);
}

void screen_key(struct screen *screen, uint32_t code)
{
    screen_input(screen, OS_INPUT_PRESS, code, 0, 0);
    screen_input(screen, OS_INPUT_RELEASE, code, 0, 0);
}

void screen_golden(struct screen *screen, const char *name)
{
    screen_capture(screen, NULL);
    golden_check(screen->region.at, screen->w, screen->h, name);
}
