/* SPDX-License-Identifier: BSD-2-Clause */
/* test-paint.c: paint on a real gui, driven by input events, and judged by what is seen. */
#include <check.h>
#include <string.h>
#include <suite.h>

#include "screen.h"

enum { W = 640, H = 400 };

void paint_construct(struct os_env *env);

static struct screen screen;
static struct inproc_env paint;

/* Colours that paint's bar has, and its paper. */
enum { INK = 0x2f3a45, RED = 0xd95d4e, PAPER = 0xfffdf8 };

static void start(const char *config)
{
    screen_init(&screen, W, H);
    inproc_env_init(&paint, "paint");
    if (config)
        inproc_config_set(&paint, config);
    inproc_env_construct(&paint, paint_construct);
    screen_capture(&screen, NULL);
}

static void end(void)
{
    inproc_env_kill(&paint);
    ck_assert_int_eq(inproc_env_fini(&paint), 0);
    screen_fini(&screen);
}

static uint32_t pixel_now(uint32_t x, uint32_t y)
{
    screen_capture(&screen, NULL);
    return screen_pixel(&screen, x, y);
}

static void drag(uint32_t button, int32_t x0, int32_t y0, int32_t x1, int32_t y1)
{
    screen_input(&screen, OS_INPUT_PRESS, button, x0, y0);
    screen_move(&screen, (x0 + x1) / 2, (y0 + y1) / 2);
    screen_move(&screen, x1, y1);
    screen_input(&screen, OS_INPUT_RELEASE, button, x1, y1);
}

START_TEST(opens_with_a_sketch)
{
    start(NULL);
    screen_golden(&screen, "paint-start");
    end();
}
END_TEST

START_TEST(opens_empty)
{
    start("sketch: false\nbrush: 100\n");
    for (uint32_t x = 40; x < W - 40; x += 7)
        ck_assert_uint_eq(screen_pixel(&screen, x, 150), PAPER);
    end();
}
END_TEST

START_TEST(draws_strokes)
{
    static const uint32_t keys[] = { OS_KEY_1, OS_KEY_2, OS_KEY_3, OS_KEY_4,
                                     OS_KEY_5, OS_KEY_6, OS_KEY_7, OS_KEY_8 };

    start("sketch: false\n");
    for (int32_t i = 0; i < 8; i++) {
        screen_key(&screen, keys[i]);
        screen_input(&screen, OS_INPUT_PRESS, OS_BUTTON_LEFT, 60 + i * 60, 60);
        for (int32_t j = 1; j < 8; j++)
            screen_move(&screen, 60 + i * 60 + (j & 1) * 40, 60 + j * 22);
        screen_input(&screen, OS_INPUT_RELEASE, OS_BUTTON_LEFT, 60 + i * 60, 250);
        if (i & 1)
            screen_key(&screen, OS_KEY_RIGHTBRACE);
    }
    screen_golden(&screen, "paint-strokes");
    end();
}
END_TEST

START_TEST(colour_by_key_and_clear)
{
    start("sketch: false\nbrush: 16\n");
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 100), INK);
    screen_key(&screen, OS_KEY_2);
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 100), RED);
    drag(OS_BUTTON_RIGHT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 100), PAPER);
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    screen_key(&screen, OS_KEY_C);
    ck_assert_uint_eq(pixel_now(150, 100), PAPER);
    end();
}
END_TEST

START_TEST(brush_by_wheel)
{
    start("sketch: false\nbrush: 3\n");
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 110), PAPER);
    screen_input(&screen, OS_INPUT_WHEEL, 0, 0, 1000000);
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 110), INK);
    end();
}
END_TEST

/* The config decides when it changes, and only about what has changed in it. */
START_TEST(brush_by_config)
{
    start("sketch: false\nbrush: 3\n");
    inproc_config_set(&paint, "sketch: false\nbrush: 40\n");
    inproc_idle();
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 110), INK);
    screen_key(&screen, OS_KEY_C);
    screen_input(&screen, OS_INPUT_WHEEL, 0, 0, -1000000);
    inproc_config_set(&paint, "brush: 40\n");
    inproc_idle();
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    ck_assert_uint_eq(pixel_now(150, 110), PAPER);
    inproc_rom_set(&paint, "config", "broken", 6);
    inproc_idle();
    ck_assert_ptr_nonnull(strstr(inproc_log(&paint), "the config stays as it was"));
    end();
}
END_TEST

/* A click in the middle of the second column of the bar, which is where the golden picture has it. */
START_TEST(colour_by_click)
{
    start("sketch: false\nbrush: 16\n");
    drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    for (int32_t x = 0; x < W / 4 && pixel_now(150, 100) != RED; x += 8) {
        drag(OS_BUTTON_LEFT, x, H - 50, x, H - 50);
        drag(OS_BUTTON_LEFT, 100, 100, 200, 100);
    }
    ck_assert_uint_eq(pixel_now(150, 100), RED);
    end();
}
END_TEST

/* What is drawn stays in the middle when the screen changes its size, and comes back with the old size. */
START_TEST(follows_the_screen)
{
    start("sketch: false\nbrush: 16\n");
    drag(OS_BUTTON_LEFT, 60, 60, 240, 200);
    uint32_t before = pixel_now(150, 130);
    ck_assert_uint_eq(before, INK);
    screen_resize(&screen, 200, 150);
    screen_capture(&screen, NULL);
    screen_resize(&screen, W, H);
    ck_assert_uint_eq(pixel_now(150, 130), before);
    ck_assert_uint_eq(pixel_now(70, 68), INK);
    screen_resize(&screen, 1024, 640);
    screen_key(&screen, OS_KEY_C);
    screen_golden(&screen, "paint-resized");
    end();
}
END_TEST

/* The gui has ended and is not started again; how paint goes on at a next one is a test of whole systems. */
START_TEST(ends_without_a_next_gui)
{
    int status = 0;
    start(NULL);
    inproc_deny("Gui", OS_ERR_NO_SERVICE);
    os_region_detach(&screen.region);
    inproc_env_kill(&screen.gui);
    inproc_idle();
    inproc_deny("Gui", OS_OK);
    os_event_close(&screen.event);
    os_capture_close(&screen.capture);
    ck_assert_int_eq(inproc_env_exited(&paint, &status), 1);
    ck_assert_int_ne(status, 0);
    ck_assert_ptr_nonnull(strstr(inproc_log(&paint), "the gui is gone"));
    ck_assert_int_eq(inproc_env_fini(&paint), 0);
    ck_assert_int_eq(inproc_env_fini(&screen.gui), 0);
    ck_assert_int_eq(inproc_env_fini(&screen.driver), 0);
}
END_TEST

START_TEST(tiny_and_huge_screens)
{
    static const uint32_t sizes[][2] = { { 1, 1 }, { 1, 400 }, { 900, 1 }, { 40, 30 }, { 2500, 1400 } };

    start(NULL);
    for (size_t i = 0; i < OS_ARRAY_LEN(sizes); i++) {
        screen_resize(&screen, sizes[i][0], sizes[i][1]);
        screen_capture(&screen, NULL);
        drag(OS_BUTTON_LEFT, 0, 0, (int32_t)sizes[i][0], (int32_t)sizes[i][1]);
        screen_capture(&screen, NULL);
    }
    ck_assert_int_eq(inproc_env_exited(&paint, &(int){ 0 }), 0);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("paint");
    TCase *tcase = tcase_create("paint");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, opens_with_a_sketch);
    tcase_add_test(tcase, opens_empty);
    tcase_add_test(tcase, draws_strokes);
    tcase_add_test(tcase, colour_by_key_and_clear);
    tcase_add_test(tcase, brush_by_wheel);
    tcase_add_test(tcase, brush_by_config);
    tcase_add_test(tcase, colour_by_click);
    tcase_add_test(tcase, follows_the_screen);
    tcase_add_test(tcase, ends_without_a_next_gui);
    tcase_add_test(tcase, tiny_and_huge_screens);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
