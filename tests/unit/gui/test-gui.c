/* SPDX-License-Identifier: BSD-2-Clause */
/* test-gui.c: views and pixels: what is composed is exactly what a full composition gives, and what clients
 * pay. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "screen.h"

enum { W = 320, H = 200 };

static struct screen screen;
static struct inproc_env app;
static struct os_gui_session gui;
static struct os_region region;

static void open_client(void)
{
    inproc_env_init(&app, "app");
    inproc_env_mark(&app);
    ck_assert_int_eq(os_gui_open_with(&app.env, "", "", OS_MIB(2), 64, &gui), OS_OK);
}

static void close_client(void)
{
    os_region_detach(&region);
    os_gui_close(&gui);
    ck_assert_int_eq(inproc_env_fini(&app), 0);
}

static void set_up(void)
{
    screen_init(&screen, W, H);
    open_client();
}

static void tear_down(void)
{
    close_client();
    screen_fini(&screen);
}

static uint32_t *get_buffer(uint32_t w, uint32_t h)
{
    os_dataspace_cap ds;

    os_region_detach(&region);
    ck_assert_int_eq(os_gui_buffer(gui.cap, w, h, &ds), OS_OK);
    ck_assert_int_eq(os_region_attach(&region, ds, OS_ATTACH_WRITE), OS_OK);
    os_cap_drop(ds.cap);
    return region.at;
}

static void fill(uint32_t *pixels, size_t count, uint32_t colour)
{
    while (count--)
        *pixels++ = colour;
}

static uint32_t make_view(int32_t x, int32_t y, uint32_t w, uint32_t h)
{
    uint32_t view = 0;

    ck_assert_int_eq(os_gui_view_create(gui.cap, (struct os_rect){ x, y, w, h }, 0, 0, &view), OS_OK);
    return view;
}

START_TEST(mode_is_the_screen)
{
    uint32_t w, h;

    ck_assert_int_eq(os_gui_mode(gui.cap, &w, &h), OS_OK);
    ck_assert_uint_eq(w, W);
    ck_assert_uint_eq(h, H);
}
END_TEST

START_TEST(view_shows_buffer)
{
    uint32_t *pixels = get_buffer(40, 30);

    fill(pixels, 40 * 30, 0xff0000);
    pixels[0] = 0x00ff00;
    make_view(10, 20, 40, 30);
    screen_capture(&screen, NULL);
    ck_assert_uint_eq(screen_pixel(&screen, 10, 20), 0x00ff00);
    ck_assert_uint_eq(screen_pixel(&screen, 11, 20), 0xff0000);
    ck_assert_uint_eq(screen_pixel(&screen, 49, 49), 0xff0000);
    ck_assert_uint_ne(screen_pixel(&screen, 50, 49), 0xff0000);
    ck_assert_uint_ne(screen_pixel(&screen, 49, 50), 0xff0000);
}
END_TEST

START_TEST(only_damage_is_captured)
{
    struct os_rect rects[64];
    uint32_t *pixels = get_buffer(100, 100);

    make_view(50, 50, 100, 100);
    screen_capture(&screen, NULL);
    ck_assert_uint_eq(screen_capture(&screen, rects), 0);
    pixels[5 * 100 + 3] = 0x123456;
    ck_assert_int_eq(os_gui_refresh(gui.cap, (struct os_rect){ 3, 5, 2, 1 }), OS_OK);
    ck_assert_uint_eq(screen_capture(&screen, rects), 1);
    ck_assert_int_eq(rects[0].x, 53);
    ck_assert_int_eq(rects[0].y, 55);
    ck_assert_uint_eq(rects[0].w, 2);
    ck_assert_uint_eq(rects[0].h, 1);
    ck_assert_uint_eq(screen_pixel(&screen, 53, 55), 0x123456);
}
END_TEST

START_TEST(stacking)
{
    uint32_t *pixels = get_buffer(20, 10), below, above;

    fill(pixels, 20 * 10, 0xaa0000);
    for (uint32_t y = 0; y < 10; y++)
        fill(pixels + y * 20 + 10, 10, 0x0000bb);
    below = make_view(0, 0, 10, 10);
    ck_assert_int_eq(os_gui_view_create(gui.cap, (struct os_rect){ 5, 5, 10, 10 }, 10, 0, &above), OS_OK);
    screen_capture(&screen, NULL);
    ck_assert_uint_eq(screen_pixel(&screen, 7, 7), 0x0000bb);
    ck_assert_int_eq(os_gui_view_front(gui.cap, below), OS_OK);
    screen_capture(&screen, NULL);
    ck_assert_uint_eq(screen_pixel(&screen, 7, 7), 0xaa0000);
    ck_assert_int_eq(os_gui_view_back(gui.cap, below), OS_OK);
    screen_capture(&screen, NULL);
    ck_assert_uint_eq(screen_pixel(&screen, 7, 7), 0x0000bb);
    ck_assert_int_eq(os_gui_view_destroy(gui.cap, above), OS_OK);
    screen_capture(&screen, NULL);
    ck_assert_uint_eq(screen_pixel(&screen, 7, 7), 0xaa0000);
    ck_assert_int_eq(os_gui_view_destroy(gui.cap, above), OS_ERR_NOT_FOUND);
}
END_TEST

/* Where the buffer has no pixels, what is below is seen. */
START_TEST(view_larger_than_buffer)
{
    uint32_t before, view;

    screen_capture(&screen, NULL);
    before = screen_pixel(&screen, 30, 5);
    fill(get_buffer(8, 8), 64, 0x777777);
    ck_assert_int_eq(os_gui_view_create(gui.cap, (struct os_rect){ 10, 0, 100, 100 }, -4, 0, &view), OS_OK);
    screen_capture(&screen, NULL);
    ck_assert_uint_ne(screen_pixel(&screen, 13, 5), 0x777777);
    ck_assert_uint_eq(screen_pixel(&screen, 14, 5), 0x777777);
    ck_assert_uint_eq(screen_pixel(&screen, 21, 5), 0x777777);
    ck_assert_uint_eq(screen_pixel(&screen, 30, 5), before);
}
END_TEST

/* ---- random operations; then what was composed by damage is what a new buffer gets as a whole */

static uint32_t state;

static uint32_t random_below(uint32_t bound)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
}

static struct os_rect random_rect(void)
{
    return (struct os_rect){ (int32_t)random_below(W + 80) - 60, (int32_t)random_below(H + 80) - 60,
                             random_below(140), random_below(120) };
}

static void random_operation(uint32_t *views, uint32_t count, uint32_t *pixels, uint32_t size)
{
    uint32_t *view = &views[random_below(count)], what = random_below(12);

    switch (what) {
    case 0:
        if (*view)
            ck_assert_int_eq(os_gui_view_destroy(gui.cap, *view), OS_OK);
        *view = 0;
        break;
    case 1:
    case 2:
        if (!*view)
            ck_assert_int_eq(os_gui_view_create(gui.cap, random_rect(), (int32_t)random_below(60) - 30,
                                                (int32_t)random_below(60) - 30, view),
                             OS_OK);
        break;
    case 3:
    case 4:
        if (*view)
            ck_assert_int_eq(os_gui_view_move(gui.cap, *view, random_rect()), OS_OK);
        break;
    case 5:
        if (*view)
            ck_assert_int_eq(os_gui_view_front(gui.cap, *view), OS_OK);
        break;
    case 6:
        if (*view)
            ck_assert_int_eq(os_gui_view_back(gui.cap, *view), OS_OK);
        break;
    case 7:
        screen_capture(&screen, NULL);
        break;
    case 8:
        screen_move(&screen, (int32_t)random_below(W), (int32_t)random_below(H));
        break;
    default: {
        uint32_t x = random_below(size), y = random_below(size), w = random_below(30), h = random_below(30);
        uint32_t colour = random_below(1 << 24);
        for (uint32_t i = 0; i < w * h; i++)
            if (x + i % w < size && y + i / w < size)
                pixels[(y + i / w) * size + x + i % w] = colour;
        ck_assert_int_eq(os_gui_refresh(gui.cap, (struct os_rect){ (int32_t)x, (int32_t)y, w, h }), OS_OK);
    }
    }
}

START_TEST(damage_is_exact)
{
    enum { VIEWS = 12, SIZE = 128, ROUNDS = 12, OPERATIONS = 60 };
    uint32_t views[VIEWS] = { 0 };
    uint32_t *pixels = get_buffer(SIZE, SIZE);
    uint32_t *kept = malloc(W * H * sizeof(*kept));

    state = (uint32_t)_i * 7919 + 1;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < OPERATIONS; i++)
            random_operation(views, VIEWS, pixels, SIZE);
        screen_capture(&screen, NULL);
        memcpy(kept, screen.region.at, W * H * sizeof(*kept));
        screen_resize(&screen, W, H);
        screen_capture(&screen, NULL);
        ck_assert_msg(!memcmp(kept, screen.region.at, W * H * sizeof(*kept)), "seed %d, round %u", _i, round);
    }
    free(kept);
}
END_TEST

/* ---- what clients may do wrong */

START_TEST(absurd_sizes)
{
    os_dataspace_cap ds;
    uint32_t view;

    ck_assert_int_eq(os_gui_buffer(gui.cap, 0, 10, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_gui_buffer(gui.cap, 10, 0, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_gui_buffer(gui.cap, OS_GUI_MAX_SIZE + 1, 1, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_gui_buffer(gui.cap, UINT32_MAX, UINT32_MAX, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_gui_buffer(gui.cap, OS_GUI_MAX_SIZE, OS_GUI_MAX_SIZE, &ds), OS_ERR_RAM);
    ck_assert_int_eq(os_gui_view_create(gui.cap, (struct os_rect){ 0, 0, UINT32_MAX, 1 }, 0, 0, &view),
                     OS_ERR_BAD_ARG);
    ck_assert_int_eq(
        os_gui_view_create(gui.cap, (struct os_rect){ 0, 0, 1, OS_GUI_MAX_SIZE + 1 }, 0, 0, &view),
        OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_capture_buffer(screen.capture.cap, 0, 1, &ds), OS_ERR_BAD_ARG);
}
END_TEST

START_TEST(extreme_coordinates)
{
    static const int32_t extremes[] = { INT32_MIN, INT32_MIN + 1, -OS_GUI_MAX_SIZE, -1, 0,
                                        1,         INT32_MAX - 1, INT32_MAX };
    uint32_t view;

    fill(get_buffer(16, 16), 256, 0x102030);
    for (size_t i = 0; i < OS_ARRAY_LEN(extremes); i++)
        for (size_t j = 0; j < OS_ARRAY_LEN(extremes); j++) {
            struct os_rect rect = { extremes[i], extremes[j], OS_GUI_MAX_SIZE, OS_GUI_MAX_SIZE };
            ck_assert_int_eq(os_gui_view_create(gui.cap, rect, extremes[j], extremes[i], &view), OS_OK);
            rect.w = rect.h = UINT32_MAX;
            ck_assert_int_eq(os_gui_refresh(gui.cap, rect), OS_OK);
            screen_move(&screen, extremes[i], extremes[j]);
            screen_input(&screen, OS_INPUT_PRESS, OS_BUTTON_LEFT, extremes[i], extremes[j]);
            ck_assert_int_eq(
                os_gui_view_move(gui.cap, view, (struct os_rect){ extremes[j], extremes[i], 10, 10 }), OS_OK);
            screen_input(&screen, OS_INPUT_RELEASE, OS_BUTTON_LEFT, extremes[i], extremes[j]);
            screen_capture(&screen, NULL);
            ck_assert_int_eq(os_gui_view_destroy(gui.cap, view), OS_OK);
        }
}
END_TEST

START_TEST(stale_views)
{
    uint32_t view = make_view(0, 0, 10, 10);
    struct os_rect rect = { 0, 0, 1, 1 };

    ck_assert_int_eq(os_gui_view_destroy(gui.cap, view), OS_OK);
    ck_assert_uint_ne(make_view(0, 0, 10, 10), view);
    ck_assert_int_eq(os_gui_view_move(gui.cap, view, rect), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_gui_view_front(gui.cap, view), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_gui_view_back(gui.cap, view), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_gui_view_title(gui.cap, view, "x"), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_gui_view_move(gui.cap, 0, rect), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_gui_view_move(gui.cap, UINT32_MAX, rect), OS_ERR_NOT_FOUND);
}
END_TEST

START_TEST(client_pays)
{
    os_dataspace_cap ds;
    uint32_t view;
    struct os_gui_session poor;

    ck_assert_int_eq(os_gui_open_with(&app.env, "", "", OS_KIB(64), 3, &poor), OS_OK);
    ck_assert_int_eq(os_gui_buffer(poor.cap, 256, 256, &ds), OS_ERR_RAM);
    ck_assert_int_eq(os_session_upgrade(&poor.base, OS_KIB(256), 0), OS_OK);
    ck_assert_int_eq(os_gui_buffer(poor.cap, 256, 256, &ds), OS_OK);
    os_cap_drop(ds.cap);
    ck_assert_int_eq(os_gui_view_create(poor.cap, (struct os_rect){ 0, 0, 1, 1 }, 0, 0, &view), OS_OK);
    ck_assert_int_eq(os_gui_view_create(poor.cap, (struct os_rect){ 0, 0, 1, 1 }, 0, 0, &view), OS_ERR_CAPS);
    os_gui_close(&poor);
    ck_assert_int_eq(os_gui_open_with(&app.env, "", "", 16, 3, &poor), OS_ERR_RAM);
    ck_assert_int_eq(os_gui_open_with(&app.env, "", "", OS_KIB(64), 0, &poor), OS_ERR_CAPS);
}
END_TEST

START_TEST(new_buffers_do_not_add_up)
{
    for (int i = 0; i < 50; i++)
        get_buffer(400, 300);
    os_region_detach(&region);
}
END_TEST

/* ---- drivers come and go */

START_TEST(driver_is_replaced)
{
    struct inproc_env other;
    struct os_capture_session capture;
    uint32_t w, h;
    os_dataspace_cap ds;

    fill(get_buffer(10, 10), 100, 0xabcdef);
    make_view(0, 0, 10, 10);
    inproc_env_init(&other, "other");
    ck_assert_int_eq(os_capture_open_with(&other.env, "", "", OS_MIB(2), 8, &capture), OS_OK);
    ck_assert_int_eq(os_capture_buffer(capture.cap, W, H, &ds), OS_OK);
    os_cap_drop(ds.cap);
    /* the first one sees no changes while the second is the screen */
    ck_assert_uint_eq(screen_capture(&screen, NULL), 0);
    inproc_env_kill(&other);
    os_cap_drop(capture.base.cap.cap); /* the test's own handle; the session is closed */
    ck_assert_int_eq(inproc_env_fini(&other), 0);
    ck_assert_uint_eq(screen_capture(&screen, NULL), 1);
    ck_assert_uint_eq(screen_pixel(&screen, 9, 9), 0xabcdef);
    ck_assert_int_eq(os_gui_mode(gui.cap, &w, &h), OS_OK);
    ck_assert_uint_eq(w, W);
    ck_assert_uint_eq(h, H);
}
END_TEST

START_TEST(no_writing_to_the_picture)
{
    struct os_region writable = { 0 };
    os_dataspace_cap ds;

    ck_assert_int_eq(os_capture_buffer(screen.capture.cap, W, H, &ds), OS_OK);
    ck_assert_int_eq(os_region_attach(&writable, ds, OS_ATTACH_WRITE), OS_ERR_DENIED);
    os_cap_drop(ds.cap);
}
END_TEST

START_TEST(background_and_pointer)
{
    screen_golden(&screen, "gui-background");
    screen_move(&screen, 100, 60);
    screen_move(&screen, 160, 120);
    screen_golden(&screen, "gui-pointer");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gui");
    TCase *tcase = tcase_create("views");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, mode_is_the_screen);
    tcase_add_test(tcase, view_shows_buffer);
    tcase_add_test(tcase, only_damage_is_captured);
    tcase_add_test(tcase, stacking);
    tcase_add_test(tcase, view_larger_than_buffer);
    tcase_add_loop_test(tcase, damage_is_exact, 0, 5);
    tcase_add_test(tcase, absurd_sizes);
    tcase_add_test(tcase, extreme_coordinates);
    tcase_add_test(tcase, stale_views);
    tcase_add_test(tcase, client_pays);
    tcase_add_test(tcase, new_buffers_do_not_add_up);
    tcase_add_test(tcase, driver_is_replaced);
    tcase_add_test(tcase, no_writing_to_the_picture);
    tcase_add_test(tcase, background_and_pointer);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
