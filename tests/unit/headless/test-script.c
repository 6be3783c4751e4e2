/* SPDX-License-Identifier: BSD-2-Clause */
/* test-script.c: the language of the headless driver's scripts. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include <os/input.h>
#include <os/types.h>
#include "drivers/display/utf8.h"
#include "drivers/headless/script.h"

START_TEST(all_commands)
{
    static const char text[] = "# a comment\n"
                               "\n"
                               "key A\n"
                               "  press  BUTTON_LEFT  \n"
                               "release button-left\r\n"
                               "text a b  \xc3\xa4\n"
                               "move -5 2147483647\n"
                               "wheel 0 -1\n"
                               "wait 250\n"
                               "until 3 4 D95d4e\n"
                               "settle\n"
                               "shot first.png\n"
                               "quit 3";
    static const struct command expected[] = {
        { .kind = COMMAND_KEY, .code = OS_KEY_A },
        { .kind = COMMAND_PRESS, .code = OS_BUTTON_LEFT },
        { .kind = COMMAND_RELEASE, .code = OS_BUTTON_LEFT },
        { .kind = COMMAND_TEXT, .text = "a b  \xc3\xa4", .text_len = 7 },
        { .kind = COMMAND_MOVE, .x = -5, .y = INT32_MAX },
        { .kind = COMMAND_WHEEL, .x = 0, .y = -1 },
        { .kind = COMMAND_WAIT, .x = 250 },
        { .kind = COMMAND_UNTIL, .x = 3, .y = 4, .code = 0xd95d4e },
        { .kind = COMMAND_SETTLE },
        { .kind = COMMAND_SHOT, .text = "first.png", .text_len = 9 },
        { .kind = COMMAND_QUIT, .x = 3 },
        { .kind = COMMAND_END },
        { .kind = COMMAND_END },
    };
    struct script script;
    struct command command;

    script_init(&script, text, strlen(text));
    for (size_t i = 0; i < OS_ARRAY_LEN(expected); i++) {
        const char *error = script_next(&script, &command);
        ck_assert_msg(!error, "line %u: %s", script.line, error);
        ck_assert_int_eq(command.kind, expected[i].kind);
        ck_assert_uint_eq(command.code, expected[i].code);
        ck_assert_int_eq(command.x, expected[i].x);
        ck_assert_int_eq(command.y, expected[i].y);
        ck_assert_uint_eq(command.text_len, expected[i].text_len);
        ck_assert(!command.text_len || !memcmp(command.text, expected[i].text, command.text_len));
    }
}
END_TEST

START_TEST(errors_have_lines)
{
    static const struct {
        const char *text, *error;
        uint32_t line;
    } bad[] = {
        { "jump 1 2", "expected key, press", 1 },
        { "\n\nkey\n", "expected the name of a key", 3 },
        { "key nosuchkey", "expected the name of a key", 1 },
        { "key averyveryverylongname", "expected the name of a key", 1 },
        { "move 1", "expected a number", 1 },
        { "move 1 x", "expected a number", 1 },
        { "move 1 -", "expected a number", 1 },
        { "move 1 2 3", "expected the end of the line", 1 },
        { "move 1 99999999999999999999", "expected a number that is not too large", 1 },
        { "move 1 2147483648", "expected a number that is not too large", 1 },
        { "wait -1", "expected a number that is not too large", 1 },
        { "until 1 2", "expected a colour", 1 },
        { "until 1 2 12345", "expected a colour", 1 },
        { "until 1 2 1234567", "expected a colour", 1 },
        { "until 1 2 12345g", "expected a colour", 1 },
        { "until 1 112233", "expected a colour", 1 },
        { "until 1 2 112233 4", "expected the end of the line", 1 },
        { "settle 1", "expected the end of the line", 1 },
        { "quit 256", "expected a number that is not too large", 1 },
        { "shot a/b", "expected a name", 1 },
        { "shot", "expected a name", 1 },
        { "text", "expected text", 1 },
        { "text a\tb", "expected text without control", 1 },
        { "key a b", "expected the end of the line", 1 },
    };
    struct script script;
    struct command command;

    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++) {
        script_init(&script, bad[i].text, strlen(bad[i].text));
        const char *error = script_next(&script, &command);
        ck_assert_msg(error && !strncmp(error, bad[i].error, strlen(bad[i].error)), "'%s': %s", bad[i].text,
                      error);
        ck_assert_uint_eq(script.line, bad[i].line);
    }
}
END_TEST

/* Whatever the bytes, reading comes to an end, within the text. */
START_TEST(any_bytes)
{
    uint32_t state = (uint32_t)_i + 1;
    char *text = malloc(200);
    struct script script;
    struct command command;

    for (size_t i = 0; i < 200; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = state >> 28 ? (char)"kemovtx 0123-\n\t#"[state >> 24 & 15] : (char)(state >> 16);
    }
    script_init(&script, text, 200);
    for (int i = 0; i <= 200; i++)
        if (!script_next(&script, &command) && command.kind == COMMAND_END)
            break;
    ck_assert_ptr_eq(script.at, script.end);
    free(text);
}
END_TEST

START_TEST(key_names)
{
    static const struct {
        const char *name;
        uint32_t code;
    } keys[] = {
        { "1", OS_KEY_1 },
        { "0", OS_KEY_0 },
        { "q", OS_KEY_Q },
        { "P", OS_KEY_P },
        { "l", OS_KEY_L },
        { "z", OS_KEY_Z },
        { "m", OS_KEY_M },
        { "f10", OS_KEY_F10 },
        { "[", OS_KEY_LEFTBRACE },
        { "Enter", OS_KEY_ENTER },
        { "", 0 },
        { "qq", 0 },
        { "button-middle", OS_BUTTON_MIDDLE },
    };

    for (size_t i = 0; i < OS_ARRAY_LEN(keys); i++)
        ck_assert_uint_eq(script_key(keys[i].name, strlen(keys[i].name)), keys[i].code);
}
END_TEST

START_TEST(code_points)
{
    static const struct {
        const char *text;
        uint32_t code;
        size_t len;
    } all[] = {
        { "a", 'a', 1 },
        { "\xc3\xa4", 0xe4, 2 },
        { "\xe2\x82\xac", 0x20ac, 3 },
        { "\xf0\x9f\x8c\xb1", 0x1f331, 4 },
        { "\xc0\x80", 0xfffd, 2 },         /* too long a form */
        { "\xed\xa0\x80", 0xfffd, 3 },     /* a surrogate */
        { "\xf4\x90\x80\x80", 0xfffd, 4 }, /* above the last */
        { "\x80", 0xfffd, 1 },
        { "\xff", 0xfffd, 1 },
        { "\xc3", 0xfffd, 1 }, /* cut off */
        { "\xc3z", 0xfffd, 1 },
    };

    for (size_t i = 0; i < OS_ARRAY_LEN(all); i++) {
        const char *at = all[i].text;
        ck_assert_uint_eq(utf8_next(&at, at + strlen(at)), all[i].code);
        ck_assert_uint_eq((size_t)(at - all[i].text), all[i].len);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script");
    TCase *tcase = tcase_create("script");

    tcase_add_test(tcase, all_commands);
    tcase_add_test(tcase, errors_have_lines);
    tcase_add_loop_test(tcase, any_bytes, 0, 50);
    tcase_add_test(tcase, key_names);
    tcase_add_test(tcase, code_points);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
