/* SPDX-License-Identifier: BSD-2-Clause */
/* test-keyboard.c: scan codes of a PC keyboard become keys and text, also when some of them are lost. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include "../../../base-mach/drivers/display/keyboard.h"

/* Events as text: "+30" press, "-30" release, "'a'" text. */
static char seen[2048];

static void emit(struct keyboard *keyboard, const struct os_input_event *event)
{
    static const char *const formats[] = {
        [OS_INPUT_PRESS] = "+%u ", [OS_INPUT_RELEASE] = "-%u ", [OS_INPUT_TEXT] = "'%c' "
    };
    ck_assert(event->kind == OS_INPUT_PRESS || event->kind == OS_INPUT_RELEASE ||
              event->kind == OS_INPUT_TEXT);
    size_t len = strlen(seen);
    snprintf(seen + len, sizeof(seen) - len, formats[event->kind], event->code);
}

static struct keyboard keyboard;

static void set_up(void)
{
    keyboard = (struct keyboard){ .emit = emit };
    *seen = '\0';
}

static void take(const char *bytes, size_t len)
{
    *seen = '\0';
    for (size_t i = 0; i < len; i++)
        keyboard_take(&keyboard, (uint8_t)bytes[i]);
}
#define TAKE(bytes) take(bytes, sizeof(bytes) - 1)

START_TEST(keys_and_text)
{
    TAKE("\x1e\x9e");
    ck_assert_str_eq(seen, "+30 'a' -30 ");
    TAKE("\x02\x82\x39\xb9\x1c\x9c\x01\x81");
    ck_assert_str_eq(seen, "+2 '1' -2 +57 ' ' -57 +28 -28 +1 -1 ");
    TAKE("\x57\xd7\x58\xd8\x3b\xbb");
    ck_assert_str_eq(seen, "+87 -87 +88 -88 +59 -59 ");
}
END_TEST

/* Every key of the main block, as it is printed on the keys. */
START_TEST(us_layout)
{
    static const struct {
        uint8_t first;
        const char *plain, *shifted;
    } rows[] = { { 0x02, "1234567890-=", "!@#$%^&*()_+" },
                 { 0x10, "qwertyuiop[]", "QWERTYUIOP{}" },
                 { 0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
                 { 0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?" } };
    char expected[64];
    for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++)
        for (size_t i = 0; rows[row].plain[i]; i++) {
            unsigned code = rows[row].first + (unsigned)i;
            const char both[] = { (char)code, (char)(code | 0x80), 0x36,
                                  (char)code, (char)(code | 0x80), (char)0xb6 };
            take(both, sizeof(both));
            snprintf(expected, sizeof(expected), "+%u '%c' -%u +54 +%u '%c' -%u -54 ", code,
                     rows[row].plain[i], code, code, rows[row].shifted[i], code);
            ck_assert_str_eq(seen, expected);
        }
    TAKE("\x56\xd6");
    ck_assert_str_eq(seen, "+86 '\\' -86 ");
}
END_TEST

START_TEST(caps_lock)
{
    /* it repeats while it is held, but turns once */
    TAKE("\x3a\x3a\xba\x1e\x9e\x03\x83");
    ck_assert_str_eq(seen, "+58 +58 -58 +30 'A' -30 +3 '2' -3 ");
    TAKE("\x2a\x1e\x9e\x03\x83\xaa");
    ck_assert_str_eq(seen, "+42 +30 'a' -30 +3 '@' -3 -42 ");
    TAKE("\x3a\xba\x1e\x9e");
    ck_assert_str_eq(seen, "+58 -58 +30 'a' -30 ");
}
END_TEST

START_TEST(commands_type_nothing)
{
    TAKE("\x1d\x2e\xae\x9d\xe0\x38\x1e\x9e\xe0\xb8\xe0\x5b\x1e\x9e\xe0\xdb");
    ck_assert_str_eq(seen, "+29 +46 -46 -29 +100 +30 -30 -100 +125 +30 -30 -125 ");
}
END_TEST

START_TEST(extended_keys)
{
    TAKE("\xe0\x4b\xe0\xcb\xe0\x53\xe0\xd3\xe0\x1d\xe0\x9d");
    ck_assert_str_eq(seen, "+105 -105 +111 -111 +97 -97 ");
    TAKE("\xe0\x1c\xe0\x9c\xe0\x35\xe0\xb5");
    ck_assert_str_eq(seen, "+96 -96 +98 '/' -98 ");
    /* shift that nobody pressed */
    TAKE("\xe0\x2a\xe0\x47\xe0\xc7\xe0\xaa");
    ck_assert_str_eq(seen, "+102 -102 ");
}
END_TEST

START_TEST(keypad)
{
    TAKE("\x47\xc7\x4a\xca\x37\xb7\x53\xd3");
    ck_assert_str_eq(seen, "+71 -71 +74 '-' -74 +55 '*' -55 +83 -83 ");
    TAKE("\x45\xc5\x47\xc7\x4c\xcc\x52\xd2\x53\xd3");
    ck_assert_str_eq(seen, "+69 -69 +71 '7' -71 +76 '5' -76 +82 '0' -82 +83 '.' -83 ");
}
END_TEST

START_TEST(pause_key)
{
    TAKE("\xe1\x1d\x45\xe1\x9d\xc5");
    ck_assert_str_eq(seen, "+119 -119 ");
    TAKE("\xe0\x46\xe0\xc6\x1e\x9e");
    ck_assert_str_eq(seen, "+119 -119 +30 'a' -30 ");
}
END_TEST

START_TEST(repeats)
{
    TAKE("\x1e\x1e\x1e\x9e");
    ck_assert_str_eq(seen, "+30 'a' +30 'a' +30 'a' -30 ");
}
END_TEST

/* Whatever is missing, the keys after the next one are right again, and nothing is held that is not. */
START_TEST(lost_bytes)
{
    /* the press, the release */
    TAKE("\x9e\x1f\x9f");
    ck_assert_str_eq(seen, "+31 's' -31 ");
    TAKE("\x1e\x1e\x9e\x1f\x9f");
    ck_assert_str_eq(seen, "+30 'a' +30 'a' -30 +31 's' -31 ");
    /* of an extended key, the second byte */
    TAKE("\xe0\xe0\xcb\x1e\x9e");
    ck_assert_str_eq(seen, "+30 'a' -30 ");
    /* of pause, any */
    TAKE("\xe1\x45\xc5\x45\xc5");
    ck_assert_str_eq(seen, "+69 -69 +69 -69 ");
    TAKE("\xe1\x1d\xe1\x9d\xc5\x1e\x9e");
    ck_assert_str_eq(seen, "+30 'a' -30 ");
    TAKE("\xe1\x1d\x1e\x9e");
    ck_assert_str_eq(seen, "+30 'a' -30 ");
}
END_TEST

START_TEST(overrun_releases)
{
    TAKE("\x2a\x1e\xff\x1e\x9e");
    ck_assert_str_eq(seen, "+42 +30 'A' -30 -42 +30 'a' -30 ");
    TAKE("\xe0\x48\x00\xe0\xc8");
    ck_assert_str_eq(seen, "+103 -103 ");
    TAKE("\xe0\xff\x4b\xcb");
    ck_assert_str_eq(seen, "+75 -75 ");
}
END_TEST

START_TEST(no_keys)
{
    TAKE("\x55\xd5\x59\x7f\xfa\xfe\xee\xe0\x01\xe0\x7f\xe0\xfa");
    ck_assert_str_eq(seen, "");
}
END_TEST

/* Two bytes after anything, a key is a key; and after a release of all, none is held. */
START_TEST(anything_at_all)
{
    uint32_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 1664525 + 1013904223;
        char byte = (char)(random >> 24);
        take(&byte, 1);
        if (i % 100)
            continue;
        TAKE("\xff\xff\x01\x81");
        size_t len = strlen(seen);
        ck_assert_uint_ge(len, 6);
        ck_assert_str_eq(seen + len - 6, "+1 -1 ");
        for (size_t word = 0; word < 4; word++)
            ck_assert_uint_eq(keyboard.held[word], 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyboard");
    TCase *tcase = tcase_create("scan codes");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, keys_and_text);
    tcase_add_test(tcase, us_layout);
    tcase_add_test(tcase, caps_lock);
    tcase_add_test(tcase, commands_type_nothing);
    tcase_add_test(tcase, extended_keys);
    tcase_add_test(tcase, keypad);
    tcase_add_test(tcase, pause_key);
    tcase_add_test(tcase, repeats);
    tcase_add_test(tcase, lost_bytes);
    tcase_add_test(tcase, overrun_releases);
    tcase_add_test(tcase, no_keys);
    tcase_add_test(tcase, anything_at_all);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
