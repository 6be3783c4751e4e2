/* SPDX-License-Identifier: BSD-2-Clause */
/* bad.c: tests that fail in every way that there is, for the test of what the loader says of them. */
#include <os/thread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <inproc/inproc.h>
#include <suite.h>

static volatile int zero;
static int *volatile nowhere = (int *)16;

START_TEST(passes)
{
}
END_TEST

START_TEST(asserts)
{
    ck_assert_int_eq(zero, 1);
}
END_TEST

static void assert_there(struct os_thread *thread)
{
    ck_abort_msg("seen from another thread");
}

START_TEST(asserts_on_a_thread)
{
    struct os_thread thread;
    ck_assert_int_eq(os_thread_start(&thread, assert_there, 0), OS_OK);
    os_thread_join(&thread);
}
END_TEST

START_TEST(accesses_nothing)
{
    *nowhere = 1;
}
END_TEST

START_TEST(aborts)
{
    abort();
}
END_TEST

START_TEST(divides)
{
    exit(100 / zero);
}
END_TEST

START_TEST(exits)
{
    exit(0);
}
END_TEST

START_TEST(exits_with_another_status)
{
    exit(2);
}
END_TEST

START_TEST(never_ends)
{
    while (!zero)
        ;
}
END_TEST

START_TEST(prints_without_end)
{
    char line[512];
    snprintf(line, sizeof(line), "%510s\n", "");
    while (!zero)
        printf("%s", line);
}
END_TEST

/* As good as endless: below the stack there is no memory. */
static int descend(volatile int *depth)
{
    volatile int below = *depth + 1;
    if (below < 0)
        return 0;
    return descend(&below) + below;
}

START_TEST(needs_too_much_stack)
{
    volatile int depth = 0;
    exit(descend(&depth));
}
END_TEST

static void tear_down(void)
{
    ck_assert_msg(!zero, "never");
}

static void tear_down_badly(void)
{
    ck_abort_msg("seen by the fixture");
}

int main(void)
{
    Suite *suite = suite_create("bad");
    TCase *tcase = tcase_create("bad"), *fixture = tcase_create("fixture");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, passes);
    tcase_add_test(tcase, asserts);
    tcase_add_test(tcase, asserts_on_a_thread);
    tcase_add_test(tcase, accesses_nothing);
    tcase_add_test_raise_signal(tcase, accesses_nothing, SIGSEGV);
    tcase_add_test_raise_signal(tcase, accesses_nothing, SIGABRT);
    tcase_add_test(tcase, aborts);
    tcase_add_test_raise_signal(tcase, aborts, SIGABRT);
    tcase_add_test_raise_signal(tcase, passes, SIGABRT);
    tcase_add_test(tcase, divides);
    tcase_add_test(tcase, exits);
    tcase_add_exit_test(tcase, exits_with_another_status, 2);
    tcase_add_exit_test(tcase, exits_with_another_status, 3);
    tcase_add_exit_test(tcase, passes, 1);
    tcase_add_test(tcase, never_ends);
    tcase_add_test(tcase, prints_without_end);
    tcase_add_test(tcase, needs_too_much_stack);
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(fixture, NULL, tear_down_badly);
    tcase_add_test(fixture, passes);
    suite_add_tcase(suite, fixture);
    return suite_run(suite);
}
