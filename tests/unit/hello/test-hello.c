/* SPDX-License-Identifier: BSD-2-Clause */
/* test-hello.c: the hello example: its server through its interface, and its client against its server. */
#include <check.h>
#include <string.h>
#include <suite.h>

#include <inproc/mock.h>
#include "hello.h"

void hello_server_construct(struct os_env *env);
void hello_client_construct(struct os_env *env);

INPROC_MOCK(hello, HELLO_RPC)

static struct inproc_env server, app;

static void set_up(void)
{
    inproc_env_init(&server, "server");
    inproc_env_construct(&server, hello_server_construct);
    inproc_env_init(&app, "app");
}

static void tear_down(void)
{
    ck_assert_int_eq(inproc_env_fini(&app), 0);
    ck_assert_int_eq(inproc_env_fini(&server), 0);
}

START_TEST(greets_and_counts)
{
    struct hello_session one, two;
    char greeting[64];
    uint32_t calls;

    ck_assert_int_eq(hello_open(&app.env, "", "", &one), OS_OK);
    ck_assert_int_eq(hello_open(&app.env, "", "", &two), OS_OK);
    ck_assert_int_eq(hello_greet(one.cap, "Ada", &greeting), OS_OK);
    ck_assert_str_eq(greeting, "Hello, Ada!");
    ck_assert_int_eq(hello_greet(one.cap, "", &greeting), OS_ERR_BAD_ARG);
    ck_assert_int_eq(hello_count(one.cap, &calls), OS_OK);
    ck_assert_uint_eq(calls, 1);
    ck_assert_int_eq(hello_count(two.cap, &calls), OS_OK);
    ck_assert_uint_eq(calls, 0);
    hello_close(&two);
    hello_close(&one);
}
END_TEST

START_TEST(client_pays)
{
    struct hello_session session;

    ck_assert_int_eq(hello_open_with(&app.env, "", "", 1, 4, &session), OS_ERR_RAM);
    ck_assert_int_eq(hello_open_with(&app.env, "", "", OS_KIB(16), 0, &session), OS_ERR_CAPS);
}
END_TEST

START_TEST(client_prints_and_ends)
{
    int status = -1;

    inproc_env_construct(&app, hello_client_construct);
    ck_assert_int_ne(inproc_env_exited(&app, &status), 0);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(strstr(inproc_log(&app), "server says: Hello, world! (call 1)"));
}
END_TEST

/* The client alone, against a server that is made up here. */
START_TEST(client_against_a_mock)
{
    struct inproc_mock_service hello;
    int status = -1;

    inproc_mock_service_init(&hello, "Hello", &hello_interface);
    inproc_mock_service_open(&hello, "app", "");
    inproc_mock_in_order(&hello.mock);
    hello_greet_answer(hello_greet_expect(&hello.mock, "world"), "Good evening");
    hello_count_answer(hello_count_expect(&hello.mock), 42);

    inproc_env_construct(&app, hello_client_construct);
    ck_assert_ptr_nonnull(strstr(inproc_log(&app), "server says: Good evening (call 42)"));
    ck_assert_int_ne(inproc_env_exited(&app, &status), 0);
    ck_assert_int_eq(status, 0);
    ck_mock(&hello.root);
    ck_mock(&hello.mock);
    ck_assert_int_eq(inproc_mock_service_fini(&hello), 0);
}
END_TEST

START_TEST(client_of_a_server_that_fails)
{
    struct inproc_mock_service hello;
    int status = -1;

    inproc_mock_service_init(&hello, "Hello", &hello_interface);
    inproc_expect_error(inproc_mock_expect(&hello.mock, "greet"), OS_ERR_IO);
    inproc_env_construct(&app, hello_client_construct);
    ck_assert_ptr_nonnull(strstr(inproc_log(&app), "input/output error"));
    ck_assert_int_ne(inproc_env_exited(&app, &status), 0);
    ck_assert_int_eq(status, 1);
    ck_mock(&hello.mock);
    ck_assert_int_eq(inproc_mock_service_fini(&hello), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hello");
    TCase *tcase = tcase_create("hello");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, greets_and_counts);
    tcase_add_test(tcase, client_pays);
    tcase_add_test(tcase, client_prints_and_ends);
    tcase_add_test(tcase, client_against_a_mock);
    tcase_add_test(tcase, client_of_a_server_that_fails);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
