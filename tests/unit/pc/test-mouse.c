/* SPDX-License-Identifier: BSD-2-Clause */
/* test-mouse.c: what a PS/2 mouse sends becomes a pointer, also when bytes are lost. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include "../../../base-mach/drivers/display/mouse.h"

enum { W = 640, H = 400 };

/* Events as text: "@x,y" move, "+110@x,y" press, "-110@x,y" release, "w1" wheel. */
static char seen[1024];
static char sent[256]; /* in hexadecimal */
static struct mouse mouse;
static os_time now;

static void emit(struct mouse *from, const struct os_input_event *event)
{
    size_t len = strlen(seen);
    char *at = seen + len;
    if (event->kind == OS_INPUT_WHEEL)
        snprintf(at, sizeof(seen) - len, "w%d ", event->y);
    else if (event->kind == OS_INPUT_MOVE)
        snprintf(at, sizeof(seen) - len, "@%d,%d ", event->x, event->y);
    else
        snprintf(at, sizeof(seen) - len, "%c%x@%d,%d ", event->kind == OS_INPUT_PRESS ? '+' : '-',
                 event->code, event->x, event->y);
}

static void send(struct mouse *to, uint8_t byte)
{
    size_t len = strlen(sent);
    snprintf(sent + len, sizeof(sent) - len, "%02x ", byte);
}

static void take(const char *bytes, size_t len)
{
    *seen = *sent = '\0';
    for (size_t i = 0; i < len; i++)
        mouse_take(&mouse, (uint8_t)bytes[i], now);
}
#define TAKE(bytes) take(bytes, sizeof(bytes) - 1)

static void set_up(void)
{
    mouse = (struct mouse){ .emit = emit, .send = send, .w = W, .h = H, .x = W / 2, .y = H / 2 };
    now = OS_SEC;
    *seen = *sent = '\0';
    mouse_start(&mouse);
}

static void set_up_plain(void)
{
    set_up();
    TAKE("\xfa\xaa\0\xfa\xfa\xfa\xfa\xfa\xfa\xfa\0\xfa\xfa\xfa");
    ck_assert_str_eq(sent, "f3 c8 f3 64 f3 50 f2 f3 64 f4 ");
}

static void set_up_wheel(void)
{
    set_up();
    TAKE("\xfa\xaa\0\xfa\xfa\xfa\xfa\xfa\xfa\xfa\3\xfa\xfa\xfa");
}

START_TEST(set_up_is_a_dialogue)
{
    ck_assert_str_eq(sent, "ff ");
    TAKE("\xfa\xaa");
    ck_assert_str_eq(sent, "");
    TAKE("\0");
    ck_assert_str_eq(sent, "f3 ");
    TAKE("\xfa");
    ck_assert_str_eq(sent, "c8 ");
    TAKE("\xfa\xfa\xfa\xfa");
    ck_assert_str_eq(sent, "f3 64 f3 50 ");
    TAKE("\xfa");
    ck_assert_str_eq(sent, "f2 ");
    ck_assert_str_eq(seen, "");
}
END_TEST

/* A mouse that an earlier driver enabled sends packets until it is reset. */
START_TEST(set_up_passes_over_what_was_before)
{
    TAKE("\x08\xfa\x05\xfa\xfa\xaa");
    ck_assert_str_eq(sent, "");
    TAKE("\0");
    ck_assert_str_eq(sent, "f3 ");
}
END_TEST

START_TEST(moves)
{
    TAKE("\x08\x05\x03");
    ck_assert_str_eq(seen, "@325,197 ");
    TAKE("\x38\xff\xfe\x08\0\0");
    ck_assert_str_eq(seen, "@324,199 ");
}
END_TEST

START_TEST(stays_on_the_screen)
{
    for (int i = 0; i < 10; i++)
        TAKE("\x18\x01\xff");
    ck_assert_str_eq(seen, "");
    ck_assert(mouse.x == 0 && mouse.y == 0);
    for (int i = 0; i < 10; i++)
        TAKE("\x28\xff\x01");
    ck_assert(mouse.x == W - 1 && mouse.y == H - 1);
}
END_TEST

/* The first movement shows the pointer, even where it cannot move. */
START_TEST(first_move_is_told)
{
    mouse.x = mouse.y = 0;
    TAKE("\x08\0\0");
    ck_assert_str_eq(seen, "");
    TAKE("\x18\xff\0");
    ck_assert_str_eq(seen, "@0,0 ");
    TAKE("\x18\xff\0");
    ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(buttons)
{
    TAKE("\x09\x01\0");
    ck_assert_str_eq(seen, "@321,200 +110@321,200 ");
    TAKE("\x0b\0\0\x0e\0\0\x08\0\0");
    ck_assert_str_eq(seen, "+111@321,200 -110@321,200 +112@321,200 -111@321,200 -112@321,200 ");
}
END_TEST

START_TEST(wheel)
{
    TAKE("\x08\x01\0\0\x08\0\0\xff\x08\0\0\x02");
    ck_assert_str_eq(seen, "@321,200 w1 w-2 ");
}
END_TEST

START_TEST(overflow_means_nothing)
{
    TAKE("\x49\x10\x10");
    ck_assert_str_eq(seen, "+110@320,200 ");
}
END_TEST

/* A byte that cannot begin a packet does not. */
START_TEST(passes_over_the_rest_of_a_packet)
{
    TAKE("\x05\x03\x08\x01\x01");
    ck_assert_str_eq(seen, "@321,199 ");
}
END_TEST

/* What has lost its end is forgotten when the next one begins. */
START_TEST(falls_into_step_again)
{
    TAKE("\x08\x05");
    ck_assert_str_eq(seen, "");
    now += OS_SEC;
    TAKE("\x08\x01\x01");
    ck_assert_str_eq(seen, "@321,199 ");
    /* but not what is only slow */
    TAKE("\x08");
    now += 10 * OS_MS;
    TAKE("\x01\x01");
    ck_assert_str_eq(seen, "@322,198 ");
}
END_TEST

START_TEST(starts_again)
{
    TAKE("\x08\x01");
    mouse_start(&mouse);
    ck_assert_str_eq(sent, "ff ");
    TAKE("\x01\xfa\xaa\0\xfa\xfa\xfa\xfa\xfa\xfa\xfa\3\xfa\xfa\xfa");
    TAKE("\x08\0\0\x01");
    ck_assert_str_eq(seen, "w-1 ");
}
END_TEST

/* Two seconds after anything, a packet is a packet; and the pointer is always on the screen. */
START_TEST(anything_at_all)
{
    uint32_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 1664525 + 1013904223;
        char byte = (char)(random >> 24);
        take(&byte, 1);
        ck_assert(mouse.x >= 0 && mouse.x < W && mouse.y >= 0 && mouse.y < H);
        if (i % 100)
            continue;
        now += 2 * OS_SEC;
        TAKE("\x08\0\0\0");
        TAKE("\x0f\0\0\0");
        ck_assert_uint_eq(mouse.buttons, 7);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mouse");
    TCase *begin = tcase_create("set-up"), *plain = tcase_create("packets"), *wheeled = tcase_create("wheel");
    tcase_add_checked_fixture(begin, set_up, NULL);
    tcase_add_test(begin, set_up_is_a_dialogue);
    tcase_add_test(begin, set_up_passes_over_what_was_before);
    suite_add_tcase(suite, begin);
    tcase_add_checked_fixture(plain, set_up_plain, NULL);
    tcase_add_test(plain, moves);
    tcase_add_test(plain, stays_on_the_screen);
    tcase_add_test(plain, first_move_is_told);
    tcase_add_test(plain, buttons);
    tcase_add_test(plain, overflow_means_nothing);
    tcase_add_test(plain, passes_over_the_rest_of_a_packet);
    tcase_add_test(plain, falls_into_step_again);
    suite_add_tcase(suite, plain);
    tcase_add_checked_fixture(wheeled, set_up_wheel, NULL);
    tcase_add_test(wheeled, wheel);
    tcase_add_test(wheeled, starts_again);
    tcase_add_test(wheeled, anything_at_all);
    suite_add_tcase(suite, wheeled);
    return suite_run(suite);
}
