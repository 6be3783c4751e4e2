/* SPDX-License-Identifier: BSD-2-Clause */
/* test-input.c: who gets which input: pointer, grab, focus, keys that are held, floods. */
#include <check.h>
#include <string.h>
#include <suite.h>

#include "screen.h"

enum { W = 320, H = 200, MANY = 600 };

static struct screen screen;

/* An application with one view, and the events that it got. */
struct app {
    struct inproc_env env;
    struct os_gui_session gui;
    uint32_t view;
    struct os_input_event events[MANY];
    uint32_t count;
};

static struct app left, right;

static void app_init(struct app *app, const char *label, int32_t x)
{
    os_dataspace_cap ds;

    memset(app, 0, sizeof(*app));
    inproc_env_init(&app->env, label);
    inproc_env_mark(&app->env);
    ck_assert_int_eq(os_gui_open_with(&app->env.env, "", "", OS_MIB(1), 16, &app->gui), OS_OK);
    ck_assert_int_eq(os_gui_buffer(app->gui.cap, 100, 100, &ds), OS_OK);
    os_cap_drop(ds.cap);
    ck_assert_int_eq(os_gui_view_create(app->gui.cap, (struct os_rect){ x, 50, 100, 100 }, 0, 0, &app->view),
                     OS_OK);
}

static void app_fini(struct app *app)
{
    os_gui_close(&app->gui);
    ck_assert_int_eq(inproc_env_fini(&app->env), 0);
}

/* Takes all that waits. */
static void take(struct app *app)
{
    uint8_t data[1024];
    size_t len;

    inproc_idle();
    app->count = 0;
    do {
        len = 0;
        ck_assert_int_eq(os_gui_input(app->gui.cap, &data, &len), OS_OK);
        ck_assert_uint_le(app->count + len / sizeof(*app->events), MANY);
        memcpy(&app->events[app->count], data, len);
        app->count += (uint32_t)(len / sizeof(*app->events));
    } while (len);
}

static void take_both(void)
{
    take(&left);
    take(&right);
}

/* Event I of APP is this one. */
#define EXPECT(app, i, k, c, ex, ey)                                                                         \
    do {                                                                                                     \
        ck_assert_uint_lt(i, (app).count);                                                                   \
        ck_assert_uint_eq((app).events[i].kind, k);                                                          \
        ck_assert_uint_eq((app).events[i].code, c);                                                          \
        ck_assert_int_eq((app).events[i].x, ex);                                                             \
        ck_assert_int_eq((app).events[i].y, ey);                                                             \
    } while (0)

/* LEFT at 20..120, RIGHT at 200..300; both at 50..150 from the top. RIGHT has the focus. */
static void set_up(void)
{
    screen_init(&screen, W, H);
    app_init(&left, "left", 20);
    app_init(&right, "right", 200);
    take_both();
}

static void tear_down(void)
{
    app_fini(&right);
    app_fini(&left);
    screen_fini(&screen);
}

static void press(uint32_t code, int32_t x, int32_t y)
{
    screen_input(&screen, OS_INPUT_PRESS, code, x, y);
}

static void release(uint32_t code, int32_t x, int32_t y)
{
    screen_input(&screen, OS_INPUT_RELEASE, code, x, y);
}

START_TEST(pointer_goes_to_the_view_below)
{
    screen_move(&screen, 30, 60);
    screen_move(&screen, 210, 70);
    screen_move(&screen, 5, 5);
    take_both();
    ck_assert_uint_eq(left.count, 2);
    EXPECT(left, 0, OS_INPUT_MOVE, 0, 10, 10);
    EXPECT(left, 1, OS_INPUT_LEAVE, 0, 0, 0);
    ck_assert_uint_eq(right.count, 2);
    EXPECT(right, 0, OS_INPUT_MOVE, 0, 10, 20);
    EXPECT(right, 1, OS_INPUT_LEAVE, 0, 0, 0);
}
END_TEST

START_TEST(click_gives_focus)
{
    screen_key(&screen, OS_KEY_A);
    press(OS_BUTTON_LEFT, 30, 60);
    release(OS_BUTTON_LEFT, 30, 60);
    screen_key(&screen, OS_KEY_B);
    take_both();
    EXPECT(right, 0, OS_INPUT_PRESS, OS_KEY_A, 0, 0);
    EXPECT(right, 1, OS_INPUT_RELEASE, OS_KEY_A, 0, 0);
    EXPECT(right, 2, OS_INPUT_FOCUS, 0, 0, 0);
    ck_assert_uint_eq(right.count, 3);
    EXPECT(left, 0, OS_INPUT_MOVE, 0, 10, 10);
    EXPECT(left, 1, OS_INPUT_FOCUS, 1, 0, 0);
    EXPECT(left, 2, OS_INPUT_PRESS, OS_BUTTON_LEFT, 10, 10);
    EXPECT(left, 3, OS_INPUT_RELEASE, OS_BUTTON_LEFT, 10, 10);
    EXPECT(left, 4, OS_INPUT_PRESS, OS_KEY_B, 0, 0);
}
END_TEST

START_TEST(button_grabs_the_pointer)
{
    press(OS_BUTTON_LEFT, 30, 60);
    take_both();
    screen_move(&screen, 210, 70);
    press(OS_BUTTON_RIGHT, 210, 70);
    release(OS_BUTTON_LEFT, 210, 70);
    take_both();
    EXPECT(left, 0, OS_INPUT_MOVE, 0, 190, 20);
    EXPECT(left, 1, OS_INPUT_PRESS, OS_BUTTON_RIGHT, 190, 20);
    EXPECT(left, 2, OS_INPUT_RELEASE, OS_BUTTON_LEFT, 190, 20);
    ck_assert_uint_eq(right.count, 0);
    /* the last button up ends it, and the pointer is where it is */
    release(OS_BUTTON_RIGHT, 210, 70);
    take_both();
    EXPECT(left, 0, OS_INPUT_RELEASE, OS_BUTTON_RIGHT, 190, 20);
    EXPECT(left, 1, OS_INPUT_LEAVE, 0, 0, 0);
    EXPECT(right, 0, OS_INPUT_MOVE, 0, 10, 20);
}
END_TEST

START_TEST(grabbed_view_goes)
{
    press(OS_BUTTON_LEFT, 30, 60);
    ck_assert_int_eq(os_gui_view_destroy(left.gui.cap, left.view), OS_OK);
    take_both();
    screen_move(&screen, 210, 70);
    release(OS_BUTTON_LEFT, 210, 70);
    take_both();
    ck_assert_uint_eq(left.count, 0);
    ck_assert_uint_eq(right.count, 1);
    EXPECT(right, 0, OS_INPUT_MOVE, 0, 10, 20);
}
END_TEST

START_TEST(held_key_is_released_with_the_focus)
{
    press(OS_KEY_LEFTSHIFT, 0, 0);
    press(OS_BUTTON_LEFT, 30, 60);
    release(OS_KEY_LEFTSHIFT, 0, 0);
    take_both();
    EXPECT(right, 0, OS_INPUT_PRESS, OS_KEY_LEFTSHIFT, 0, 0);
    EXPECT(right, 1, OS_INPUT_RELEASE, OS_KEY_LEFTSHIFT, 0, 0);
    EXPECT(right, 2, OS_INPUT_FOCUS, 0, 0, 0);
    for (uint32_t i = 0; i < left.count; i++)
        ck_assert_uint_ne(left.events[i].code, OS_KEY_LEFTSHIFT);
}
END_TEST

START_TEST(focus_moves_on_when_its_owner_goes)
{
    app_fini(&right);
    take(&left);
    EXPECT(left, 0, OS_INPUT_FOCUS, 1, 0, 0);
    app_init(&right, "right", 200);
    take_both();
    EXPECT(left, 0, OS_INPUT_FOCUS, 0, 0, 0);
    EXPECT(right, 0, OS_INPUT_FOCUS, 1, 0, 0);
}
END_TEST

START_TEST(closing_driver_releases)
{
    press(OS_KEY_A, 0, 0);
    press(OS_BUTTON_LEFT, 210, 70);
    take_both();
    os_event_close(&screen.event);
    take_both();
    EXPECT(right, 0, OS_INPUT_RELEASE, OS_KEY_A, 0, 0);
    EXPECT(right, 1, OS_INPUT_RELEASE, OS_BUTTON_LEFT, 10, 20);
    ck_assert_uint_eq(right.count, 2);
    ck_assert_int_eq(os_event_open(&screen.driver.env, "", "", &screen.event), OS_OK);
}
END_TEST

/* Two drivers hold the same key: it is up when both have let go. */
START_TEST(two_drivers)
{
    struct os_event_session other;
    struct os_input_event event = { .kind = OS_INPUT_PRESS, .code = OS_KEY_A };

    ck_assert_int_eq(os_event_open(&screen.driver.env, "", "", &other), OS_OK);
    press(OS_KEY_A, 0, 0);
    ck_assert_int_eq(os_event_submit(other.cap, &event, sizeof(event)), OS_OK);
    take_both();
    release(OS_KEY_A, 0, 0);
    release(OS_KEY_A, 0, 0);
    take_both();
    ck_assert_uint_eq(right.count, 0);
    os_event_close(&other);
    take_both();
    EXPECT(right, 0, OS_INPUT_RELEASE, OS_KEY_A, 0, 0);
}
END_TEST

START_TEST(repeated_key)
{
    press(OS_KEY_A, 0, 0);
    press(OS_KEY_A, 0, 0);
    release(OS_KEY_A, 0, 0);
    take_both();
    ck_assert_uint_eq(right.count, 3);
    EXPECT(right, 1, OS_INPUT_PRESS, OS_KEY_A, 0, 0);
    EXPECT(right, 2, OS_INPUT_RELEASE, OS_KEY_A, 0, 0);
}
END_TEST

START_TEST(text_and_wheel)
{
    screen_input(&screen, OS_INPUT_TEXT, 0x1f331, 0, 0);
    screen_move(&screen, 30, 60);
    screen_input(&screen, OS_INPUT_WHEEL, 0, -1, INT32_MAX);
    take_both();
    EXPECT(right, 0, OS_INPUT_TEXT, 0x1f331, 0, 0);
    EXPECT(left, 1, OS_INPUT_WHEEL, 0, -1, 1024);
}
END_TEST

START_TEST(pointer_stays_on_the_screen)
{
    screen_move(&screen, 210, 70);
    take_both();
    screen_move(&screen, INT32_MAX, INT32_MIN);
    screen_resize(&screen, 220, 120);
    take_both();
    /* from the corner at 319, 0 to the one at 219, 0: both beside the views */
    ck_assert_uint_eq(right.count, 2);
    EXPECT(right, 0, OS_INPUT_LEAVE, 0, 0, 0);
    EXPECT(right, 1, OS_INPUT_RESIZE, 0, 220, 120);
}
END_TEST

START_TEST(moves_merge)
{
    for (int32_t i = 0; i < 300; i++)
        screen_move(&screen, 30 + i % 50, 60);
    take_both();
    ck_assert_uint_eq(left.count, 1);
    EXPECT(left, 0, OS_INPUT_MOVE, 0, 10 + 299 % 50, 10);
}
END_TEST

/* With a button held moves are kept while there is room, because somebody may be drawing. */
START_TEST(moves_of_a_stroke_are_kept)
{
    press(OS_BUTTON_LEFT, 30, 60);
    for (int32_t i = 1; i <= 100; i++)
        screen_move(&screen, 30 + i, 60);
    take(&left);
    ck_assert_uint_eq(left.count, 3 + 100);
    EXPECT(left, 102, OS_INPUT_MOVE, 0, 110, 10);
}
END_TEST

/* A client that does not read has a full queue; what it is not told last is that keys are up. */
START_TEST(flood)
{
    for (uint32_t i = 0; i < 400; i++) {
        screen_input(&screen, OS_INPUT_TEXT, 'a', 0, 0);
        screen_input(&screen, OS_INPUT_WHEEL, 0, 0, 1);
    }
    press(OS_KEY_A, 0, 0);
    release(OS_KEY_A, 0, 0);
    for (uint32_t i = 0; i < 400; i++)
        screen_input(&screen, OS_INPUT_TEXT, 'b', 0, 0);
    take_both();
    ck_assert_uint_eq(right.count, 256);
    uint32_t released = 0;
    for (uint32_t i = 0; i < right.count; i++)
        released += right.events[i].kind == OS_INPUT_RELEASE && right.events[i].code == OS_KEY_A;
    ck_assert_uint_eq(released, 1);
    EXPECT(right, 255, OS_INPUT_TEXT, 'b', 0, 0);
}
END_TEST

START_TEST(malformed_events)
{
    static const struct os_input_event bad[] = {
        { .kind = OS_INPUT_NONE },
        { .kind = OS_INPUT_FOCUS, .code = 1 },
        { .kind = OS_INPUT_RESIZE, .x = 1, .y = 1 },
        { .kind = UINT32_MAX },
        { .kind = OS_INPUT_PRESS, .code = 768 },
        { .kind = OS_INPUT_RELEASE, .code = UINT32_MAX },
        { .kind = OS_INPUT_TEXT, .code = 0x110000 },
        { .kind = OS_INPUT_TEXT, .code = 0xd800 },
        { .kind = OS_INPUT_TEXT, .code = '\n' },
    };

    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++) {
        struct os_input_event events[2] = { { .kind = OS_INPUT_TEXT, .code = 'x' }, bad[i] };
        ck_assert_int_eq(os_event_submit(screen.event.cap, events, sizeof(events)), OS_ERR_BAD_ARG);
    }
    ck_assert_int_eq(os_event_submit(screen.event.cap, bad, 7), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_event_submit(screen.event.cap, bad, 0), OS_OK);
    take_both();
    ck_assert_uint_eq(right.count, 0);
}
END_TEST

/* ---- settle: drivers that wait until clients have dealt with their input */

static struct {
    struct inproc_env env;
    struct os_event_session event;
    struct os_call calls[2];
    unsigned done;
} waiter;

static struct os_signal_handler handler; /* of RIGHT, which looks for input when the test says so */

static void handle_nothing(struct os_signal_handler *signal)
{
}

static void settled(struct os_call *call)
{
    ck_assert_int_eq(os_event_settle_end(call), OS_OK);
    waiter.done++;
}

static void wait_construct(struct os_env *env)
{
    ck_assert_int_eq(os_event_open(env, "", "", &waiter.event), OS_OK);
    for (size_t i = 0; i < OS_ARRAY_LEN(waiter.calls); i++) {
        os_call_init(&waiter.calls[i], env->ep, settled);
        ck_assert_int_eq(os_event_settle_begin(waiter.event.cap, &waiter.calls[i]), OS_OK);
    }
}

static void wait_begin(void)
{
    memset(&waiter, 0, sizeof(waiter));
    inproc_env_init(&waiter.env, "waiter");
    inproc_env_construct(&waiter.env, wait_construct);
}

static void wait_end(void)
{
    inproc_env_kill(&waiter.env);
    ck_assert_int_eq(inproc_env_fini(&waiter.env), 0);
}

static void read_input(void)
{
    os_signal_cap signal;

    ck_assert_int_eq(os_signal_handler_init(&handler, right.env.env.ep, handle_nothing, &signal), OS_OK);
    ck_assert_int_eq(os_gui_input_sigh(right.gui.cap, signal), OS_OK);
    os_cap_drop(signal.cap);
}

START_TEST(settle_waits_for_who_reads)
{
    /* LEFT does not read its input: it gave no handler */
    press(OS_BUTTON_LEFT, 30, 60);
    release(OS_BUTTON_LEFT, 30, 60);
    take(&right);
    wait_begin();
    ck_assert_uint_eq(waiter.done, 2);
    wait_end();

    read_input();
    screen_move(&screen, 210, 60);
    /* of two the first is answered when the second comes */
    wait_begin();
    ck_assert_uint_eq(waiter.done, 1);
    take(&right);
    inproc_idle();
    ck_assert_uint_eq(waiter.done, 2);
    wait_end();
    os_signal_handler_fini(&handler);
}
END_TEST

START_TEST(settle_waits_not_for_who_is_gone)
{
    read_input();
    screen_move(&screen, 210, 60);
    wait_begin();
    ck_assert_uint_eq(waiter.done, 1);
    os_gui_close(&right.gui);
    inproc_idle();
    ck_assert_uint_eq(waiter.done, 2);
    wait_end();
    os_signal_handler_fini(&handler);
}
END_TEST

START_TEST(driver_that_waits_goes)
{
    read_input();
    screen_move(&screen, 210, 60);
    wait_begin();
    wait_end();
    take_both();
    ck_assert_uint_eq(waiter.done, 1);
    os_signal_handler_fini(&handler);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("input");
    TCase *tcase = tcase_create("input");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, pointer_goes_to_the_view_below);
    tcase_add_test(tcase, click_gives_focus);
    tcase_add_test(tcase, button_grabs_the_pointer);
    tcase_add_test(tcase, grabbed_view_goes);
    tcase_add_test(tcase, held_key_is_released_with_the_focus);
    tcase_add_test(tcase, focus_moves_on_when_its_owner_goes);
    tcase_add_test(tcase, closing_driver_releases);
    tcase_add_test(tcase, two_drivers);
    tcase_add_test(tcase, repeated_key);
    tcase_add_test(tcase, text_and_wheel);
    tcase_add_test(tcase, pointer_stays_on_the_screen);
    tcase_add_test(tcase, moves_merge);
    tcase_add_test(tcase, moves_of_a_stroke_are_kept);
    tcase_add_test(tcase, flood);
    tcase_add_test(tcase, malformed_events);
    tcase_add_test(tcase, settle_waits_for_who_reads);
    tcase_add_test(tcase, settle_waits_not_for_who_is_gone);
    tcase_add_test(tcase, driver_that_waits_goes);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
