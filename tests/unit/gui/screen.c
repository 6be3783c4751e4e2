/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.c: see screen.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"
#include "draw/png.h"

#define STBI_ONLY_PNG
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

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

static void write_picture(const struct screen *screen, const char *folder, const char *name)
{
    char path[512];
    void *file;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s.png", folder, name);
    ck_assert_int_eq(draw_png(screen->region.at, screen->w, screen->h, &file, &size), OS_OK);
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(file, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
    free(file);
}

/* Number of pixels that differ from the golden picture; all when it is not there or has another size. */
static size_t differences(const struct screen *screen, const char *name)
{
    char path[512];
    int w, h, channels;
    size_t count = 0, all = (size_t)screen->w * screen->h;

    snprintf(path, sizeof(path), "%s/%s.png", GOLDEN_FOLDER, name);
    uint8_t *rgb = stbi_load(path, &w, &h, &channels, 3);
    if (!rgb || (uint32_t)w != screen->w || (uint32_t)h != screen->h) {
        stbi_image_free(rgb);
        return all;
    }
    for (size_t i = 0; i < all; i++) {
        uint32_t golden = (uint32_t)rgb[i * 3] << 16 | (uint32_t)rgb[i * 3 + 1] << 8 | rgb[i * 3 + 2];
        count += golden != screen_pixel(screen, (uint32_t)(i % screen->w), (uint32_t)(i / screen->w));
    }
    stbi_image_free(rgb);
    return count;
}

void screen_golden(struct screen *screen, const char *name)
{
    screen_capture(screen, NULL);
    if (getenv("SEEDBED_RENEW_GOLDEN")) {
        write_picture(screen, GOLDEN_FOLDER, name);
        return;
    }
    size_t count = differences(screen, name);
    if (count && getenv("SEEDBED_TEST_OUT"))
        write_picture(screen, getenv("SEEDBED_TEST_OUT"), name);
    ck_assert_msg(!count, "%zu pixels differ from %s/%s.png", count, GOLDEN_FOLDER, name);
}
