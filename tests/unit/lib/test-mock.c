/* SPDX-License-Identifier: BSD-2-Clause */
/* test-mock.c: mocks made from descriptor tables, and above all what they say when a test has failed. */
#include <signal.h>
#include <string.h>

#include <inproc/mock.h>
#include <os/dataspace.h>
#include <os/signal.h>

#include "suite.h"

struct place {
    uint32_t x, y;
    uint32_t z;
};

#define DESK_RPC(FN, I)                                                                                      \
    FN(I, write, (in, os_str(64), text), (in, int16_t, line), (out, uint32_t, written))                      \
    FN(I, read, (in, uint32_t, line), (out, os_str(64), text), (out, os_buf(8), raw))                        \
    FN(I, lend, (in, os_cap(os_signal), bell), (out, os_cap(os_dataspace), paper))                           \
    FN(I, move, (in, struct place, to), (in, os_buf(64), why), (inout, uint64_t, cost))                      \
    FN(I, sweep, (out, uint32_t, dust))
OS_RPC_INTERFACE(desk, DESK_RPC)
OS_SESSION(desk, "Desk", OS_KIB(16), 4)
INPROC_MOCK(desk, DESK_RPC)

#define LAMP_RPC(FN, I) FN(I, lamp, (in, uint8_t, on))
OS_RPC_EXTENDS(lit_desk, desk, LAMP_RPC)
INPROC_MOCK(lit_desk, LAMP_RPC)

static struct inproc_env env;
static struct inproc_mock mock;
static desk_cap desk;

static void setup(void)
{
    inproc_env_init(&env, "mocks");
    inproc_env_serve(&env);
    ck_ok(desk_mock_init(&mock, env.env.ep, &desk));
}

static void teardown(void)
{
    os_cap_drop(desk.cap);
    inproc_mock_fini(&mock);
    ck_fini(&env);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
    ck_assert_uint_eq(inproc_objects_in_use(), 0);
}

static uint32_t write_line(const char *text, int16_t line)
{
    uint32_t written = 0;
    ck_ok(desk_write(desk, text, line, &written));
    return written;
}

static void write_refused(const char *text, int16_t line)
{
    uint32_t written;
    ck_err(desk_write(desk, text, line, &written), OS_ERR_UNSUPPORTED);
}

START_TEST(answers_what_it_was_told)
{
    char text[64];
    uint8_t raw[8];
    size_t len = 0;
    struct inproc_expect *expect = desk_read_expect(&mock, 3);
    desk_read_answer(expect, "three", "\1\2\3", 3);
    ck_ok(desk_read(desk, 3, &text, &raw, &len));
    ck_assert_str_eq(text, "three");
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(raw, "\1\2\3", 3);
    ck_assert_uint_eq(inproc_expect_calls(expect), 1);
    ck_mock(&mock);
}
END_TEST

/* By default the results are zeros, so a test names only what it is about. */
START_TEST(answers_nothing_in_particular)
{
    char text[64] = "x";
    uint8_t raw[8];
    size_t len = 5;
    uint64_t cost = 7;
    os_dataspace_cap paper = { { 99 } };
    inproc_mock_allow(&mock, "read");
    inproc_mock_allow(&mock, "move");
    inproc_mock_allow(&mock, "lend");
    ck_ok(desk_read(desk, 3, &text, &raw, &len));
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(len, 0);
    ck_ok(desk_move(desk, (struct place){ 1, 2, 3 }, "ab", 2, &cost));
    ck_assert_uint_eq(cost, 0);
    ck_ok(desk_lend(desk, (os_signal_cap){ OS_NO_CAP }, &paper));
    ck_assert_uint_eq(paper.cap.id, 0);
    ck_mock(&mock);
}
END_TEST

START_TEST(calls_by_arguments_in_any_order)
{
    desk_write_answer(desk_write_expect(&mock, "one", 1), 11);
    desk_write_answer(desk_write_expect(&mock, "two", -2), 22);
    desk_write_answer(inproc_expect_any(desk_write_expect(&mock, "any", 0), "line"), 33);
    ck_assert_uint_eq(write_line("any", 1234), 33);
    ck_assert_uint_eq(write_line("two", -2), 22);
    ck_assert_uint_eq(write_line("one", 1), 11);
    ck_mock(&mock);
}
END_TEST

START_TEST(arguments_by_name)
{
    struct place place = { 1, 2, 3 };
    uint64_t cost = 9;
    struct inproc_expect *move = inproc_mock_expect(&mock, "move");
    inproc_expect_bytes(move, "to", &place, sizeof(place));
    inproc_expect_bytes(move, "why", "because", 7);
    inproc_expect_u64(move, "cost", 9);
    desk_move_answer(move, 10);
    inproc_expect_str(inproc_expect_u64(inproc_mock_expect(&mock, "write"), "line", (uint64_t)-5), "text",
                      "a");
    write_line("a", -5);
    ck_ok(desk_move(desk, place, "because", 7, &cost));
    ck_assert_uint_eq(cost, 10);
    ck_mock(&mock);
}
END_TEST

START_TEST(says_how_often)
{
    inproc_expect_any(desk_write_expect(&mock, "x", 1), "line");
    write_line("x", 1);
    write_refused("x", -7);
    ck_assert_str_eq(inproc_mock_verify(&mock),
                     "desk.write(text=\"x\") called 2 times, expected 1; last arguments text=\"x\", line=-7");
}
END_TEST

START_TEST(says_what_was_not_called)
{
    desk_sweep_expect(&mock);
    inproc_expect_times(inproc_mock_expect(&mock, "read"), 2, 3);
    ck_assert_str_eq(inproc_mock_verify(&mock), "desk.sweep called 0 times, expected 1\n"
                                                "desk.read called 0 times, expected at least 2");
}
END_TEST

START_TEST(says_what_differs)
{
    desk_write_expect(&mock, "x", 1);
    write_refused("say \"it\"\n", 1);
    write_refused("x", 2);
    write_line("x", 1);
    ck_assert_str_eq(
        inproc_mock_verify(&mock),
        "desk.write(text=\"say \\\"it\\\"\\x0a\", line=1) was not expected with this text; expected "
        "desk.write(text=\"x\", line=1)\n"
        "desk.write(text=\"x\", line=2) was not expected with this line; expected "
        "desk.write(text=\"x\", line=1)");
}
END_TEST

START_TEST(says_what_nobody_expected)
{
    uint64_t cost = 1;
    ck_err(desk_move(desk, (struct place){ 1, 2, 0xff }, "abcdefghijklmnopqrstuvwxyz", 26, &cost),
           OS_ERR_UNSUPPORTED);
    ck_assert_uint_eq(cost, 1);
    ck_assert_str_eq(inproc_mock_verify(&mock),
                     "desk.move(to=12 bytes 01 00 00 00 02 00 00 00 ff 00 00 00, why=26 bytes 61 62 63 64 65 "
                     "66 67 68 69 6a 6b 6c 6d 6e 6f 70 ..., cost=1) was not expected, nor any call of move");
}
END_TEST

START_TEST(order_is_checked_when_it_was_asked_for)
{
    uint32_t dust;
    inproc_mock_in_order(&mock);
    desk_write_expect(&mock, "first", 1);
    desk_sweep_expect(&mock);
    ck_err(desk_sweep(desk, &dust), OS_ERR_UNSUPPORTED);
    write_line("first", 1);
    ck_ok(desk_sweep(desk, &dust));
    ck_assert_str_eq(inproc_mock_verify(&mock),
                     "desk.sweep() was not expected yet; expected first: desk.write(text=\"first\", line=1)");
}
END_TEST

START_TEST(order_between_mocks)
{
    struct inproc_mock other;
    desk_cap second;
    uint32_t dust;
    ck_ok(desk_mock_init(&other, env.env.ep, &second));
    struct inproc_expect *sweep = desk_sweep_expect(&other);
    inproc_expect_after(desk_write_expect(&mock, "x", 1), sweep);
    write_refused("x", 1);
    ck_ok(desk_sweep(second, &dust));
    write_line("x", 1);
    ck_assert_ptr_nonnull(strstr(inproc_mock_verify(&mock), "expected first: desk.sweep"));
    ck_mock(&other);
    os_cap_drop(second.cap);
    inproc_mock_fini(&other);
}
END_TEST

START_TEST(errors_on_request)
{
    uint32_t written;
    inproc_expect_error(desk_write_expect(&mock, "x", 1), OS_ERR_NO_SPACE);
    inproc_expect_error(inproc_mock_expect(&mock, "write"), OS_ERR_INTERFACE + 3);
    ck_err(desk_write(desk, "x", 1, &written), OS_ERR_NO_SPACE);
    ck_err(desk_write(desk, "x", 1, &written), OS_ERR_INTERFACE + 3);
    ck_mock(&mock);
}
END_TEST

static void done(struct os_call *call)
{
}

START_TEST(answers_later_or_never)
{
    struct os_call first, second;
    uint32_t dust = 0;
    inproc_expect_later(inproc_mock_allow(&mock, "sweep"));
    os_call_init(&first, env.env.ep, done);
    os_call_init(&second, env.env.ep, done);
    ck_ok(desk_sweep_begin(desk, &first));
    inproc_idle();
    ck_ok(desk_sweep_begin(desk, &second));
    inproc_idle();
    ck_assert(os_call_pending(&first) && os_call_pending(&second));
    desk_sweep_reply(inproc_mock_owed(&mock, "sweep"), OS_OK, 5);
    inproc_idle();
    ck_assert(!os_call_pending(&first) && os_call_pending(&second));
    os_reply_error(inproc_mock_owed(&mock, "sweep"), OS_ERR_BUSY);
    inproc_idle();
    ck_assert(!os_call_pending(&second));
    ck_err(desk_sweep_by(desk, os_clock_now() + OS_SEC, &dust), OS_ERR_DEADLINE); /* nobody answers */
    ck_assert_uint_eq(inproc_mock_calls(&mock, "sweep"), 3);
    ck_mock(&mock);
}
END_TEST

START_TEST(capabilities_in_and_out)
{
    os_dataspace_cap paper, got;
    os_signal_cap bell, came;
    struct os_signal_handler handler;
    ck_ok(os_ram_alloc(&env.env, 1, &paper));
    ck_ok(os_signal_handler_init(&handler, env.env.ep, NULL, &bell));
    desk_lend_answer(inproc_expect_times(desk_lend_expect(&mock, bell), 2, 2), paper);
    for (int i = 0; i < 2; i++) {
        ck_ok(desk_lend(desk, bell, &got));
        ck_assert_uint_eq(got.cap.id, paper.cap.id);
        os_cap_drop(got.cap);
    }
    os_cap_drop(bell.cap);
    desk_lend_called(&mock, 1, &came); /* which the mock keeps until its end */
    ck_assert_uint_eq(came.cap.id, bell.cap.id);
    ck_mock(&mock);
    inproc_expect_cap(inproc_mock_expect(&mock, "lend"), "bell", desk.cap);
    ck_err(desk_lend(desk, (os_signal_cap){ OS_NO_CAP }, &got), OS_ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(
        strstr(inproc_mock_verify(&mock), "desk.lend(bell=no capability) was not expected"));
    os_signal_handler_fini(&handler);
    os_ram_free(&env.env, paper);
}
END_TEST

START_TEST(captured_arguments)
{
    char text[64];
    int16_t line;
    struct place to;
    uint8_t why[64];
    size_t why_len;
    uint64_t cost = 77;
    inproc_mock_allow(&mock, "write");
    inproc_mock_allow(&mock, "move");
    write_line("a", 1);
    write_line("b", -1);
    ck_ok(desk_move(desk, (struct place){ 4, 5, 6 }, "why", 3, &cost));
    ck_assert_uint_eq(inproc_mock_calls(&mock, "write"), 2);
    desk_write_called(&mock, 1, &text, &line);
    ck_assert_str_eq(text, "b");
    ck_assert_int_eq(line, -1);
    desk_write_called(&mock, 0, &text, NULL);
    ck_assert_str_eq(text, "a");
    desk_move_called(&mock, 0, &to, &why, &why_len, &cost);
    ck_assert_uint_eq(to.y, 5);
    ck_assert_uint_eq(why_len, 3);
    ck_assert_uint_eq(cost, 77);
}
END_TEST

static os_err fake_write(struct os_rpc *rpc, const char *text, int16_t line, uint32_t *written)
{
    *written = (uint32_t)strlen(text);
    return OS_OK;
}

START_TEST(fake_for_some_functions)
{
    static const struct desk_ops ops = { .write = fake_write };
    uint32_t dust;
    desk_mock_fake(&mock, &ops);
    desk_write_answer(desk_write_expect(&mock, "once", 1), 100);
    ck_assert_uint_eq(write_line("four", 1), 4);
    ck_assert_uint_eq(write_line("once", 1), 100);
    ck_assert_uint_eq(write_line("once", 1), 4);
    ck_mock(&mock);
    ck_err(desk_sweep(desk, &dust), OS_ERR_UNSUPPORTED);
    ck_assert_str_eq(inproc_mock_verify(&mock), "desk.sweep() was not expected, nor any call of sweep");
}
END_TEST

START_TEST(functions_of_the_base)
{
    struct inproc_mock lit;
    lit_desk_cap cap;
    uint32_t dust = 0;
    ck_ok(lit_desk_mock_init(&lit, env.env.ep, &cap));
    desk_sweep_answer(desk_sweep_expect(&lit), 3);
    lit_desk_lamp_expect(&lit, 1);
    ck_ok(desk_sweep(lit_desk_as_desk(cap), &dust));
    ck_assert_uint_eq(dust, 3);
    ck_err(lit_desk_lamp(cap, 0), OS_ERR_UNSUPPORTED);
    ck_ok(lit_desk_lamp(cap, 1));
    ck_assert_str_eq(inproc_mock_verify(&lit),
                     "lit_desk.lamp(on=0) was not expected with this on; expected lit_desk.lamp(on=1)");
    os_cap_drop(cap.cap);
    inproc_mock_fini(&lit);
}
END_TEST

/* ---- tests that are wrong themselves are stopped */

START_TEST(function_that_does_not_exist)
{
    inproc_mock_expect(&mock, "weep");
}
END_TEST

START_TEST(argument_that_does_not_exist)
{
    inproc_expect_u64(inproc_mock_expect(&mock, "write"), "written", 1);
}
END_TEST

START_TEST(argument_of_another_type)
{
    inproc_expect_u64(inproc_mock_expect(&mock, "write"), "text", 1);
}
END_TEST

START_TEST(answer_of_another_function)
{
    desk_sweep_answer(inproc_mock_expect(&mock, "write"), 1);
}
END_TEST

START_TEST(text_that_is_too_long)
{
    char text[80];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    desk_write_expect(&mock, text, 1);
}
END_TEST

START_TEST(function_of_another_interface)
{
    lit_desk_lamp_expect(&mock, 1);
}
END_TEST

/* ---- services */

START_TEST(a_whole_service)
{
    struct inproc_mock_service service;
    struct desk_session left, right;
    struct inproc_env client;
    uint32_t dust;
    inproc_mock_service_init(&service, "Desk", &desk_interface);
    inproc_env_init(&client, "client");
    inproc_mock_service_open(&service, "client -> left", "w=1");
    ck_ok(desk_open(&client.env, "left", "w=1", &left));
    ck_ok(desk_open_with(&client.env, "right", "", OS_KIB(8), 2, &right));
    ck_assert_uint_eq(inproc_mock_service_sessions(&service), 2);
    inproc_expect_times(inproc_mock_expect(&service.mock, "sweep"), 2, 2);
    ck_ok(desk_sweep(left.cap, &dust));
    ck_ok(desk_sweep(right.cap, &dust));
    ck_ok(os_session_upgrade(&right.base, OS_KIB(8), 1));
    ck_assert_uint_eq(inproc_mock_calls(&service.root, "upgrade"), 1);
    desk_close(&left);
    desk_close(&right);
    ck_assert_uint_eq(inproc_mock_calls(&service.root, "close"), 2);
    ck_assert_uint_eq(inproc_mock_service_sessions(&service), 0);
    ck_mock(&service.root);
    ck_mock(&service.mock);
    ck_fini(&client);
    ck_assert_int_eq(inproc_mock_service_fini(&service), 0);
}
END_TEST

START_TEST(a_service_that_refuses_and_dies)
{
    struct inproc_mock_service service;
    struct desk_session session;
    uint32_t dust;
    inproc_mock_service_init(&service, "Desk", &desk_interface);
    inproc_expect_error(inproc_mock_service_open(&service, "mocks -> poor", ""), OS_ERR_RAM);
    ck_err(desk_open(&env.env, "poor", "", &session), OS_ERR_RAM);
    ck_ok(desk_open(&env.env, "poor", "", &session));
    inproc_env_kill(&service.env);
    ck_err(desk_sweep(session.cap, &dust), OS_ERR_DEAD);
    desk_close(&session);
    ck_mock(&service.root);
    ck_assert_int_eq(inproc_mock_service_fini(&service), 0);
}
END_TEST

START_TEST(a_session_that_was_not_asked_for)
{
    struct inproc_mock_service service;
    inproc_mock_service_init(&service, "Desk", &desk_interface);
    inproc_mock_service_open(&service, "client -> left", "w=1");
    ck_assert_str_eq(inproc_mock_verify(&service.root),
                     "os_root.open(label=\"client -> left\", args=\"w=1\") called 0 times, expected 1");
    ck_assert_int_eq(inproc_mock_service_fini(&service), 0);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, answers_what_it_was_told);
    tcase_add_test(tcase, answers_nothing_in_particular);
    tcase_add_test(tcase, calls_by_arguments_in_any_order);
    tcase_add_test(tcase, arguments_by_name);
    tcase_add_test(tcase, says_how_often);
    tcase_add_test(tcase, says_what_was_not_called);
    tcase_add_test(tcase, says_what_differs);
    tcase_add_test(tcase, says_what_nobody_expected);
    tcase_add_test(tcase, order_is_checked_when_it_was_asked_for);
    tcase_add_test(tcase, order_between_mocks);
    tcase_add_test(tcase, errors_on_request);
    tcase_add_test(tcase, answers_later_or_never);
    tcase_add_test(tcase, capabilities_in_and_out);
    tcase_add_test(tcase, captured_arguments);
    tcase_add_test(tcase, fake_for_some_functions);
    tcase_add_test(tcase, functions_of_the_base);
    tcase_add_test_raise_signal(tcase, function_that_does_not_exist, SIGABRT);
    tcase_add_test_raise_signal(tcase, argument_that_does_not_exist, SIGABRT);
    tcase_add_test_raise_signal(tcase, argument_of_another_type, SIGABRT);
    tcase_add_test_raise_signal(tcase, answer_of_another_function, SIGABRT);
    tcase_add_test_raise_signal(tcase, text_that_is_too_long, SIGABRT);
    tcase_add_test_raise_signal(tcase, function_of_another_interface, SIGABRT);
    tcase_add_test(tcase, a_whole_service);
    tcase_add_test(tcase, a_service_that_refuses_and_dies);
    tcase_add_test(tcase, a_session_that_was_not_asked_for);
}

int main(void)
{
    return suite_run_case("mock", add);
}
