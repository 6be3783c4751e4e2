/* SPDX-License-Identifier: BSD-2-Clause */
/* test-runtime.c: what the runtime gives to a component: output, malloc, threads, and a record of its fault.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "run.h"

static void start(struct run *run, const char *step, const char *more)
{
    char scenario[512];
    static const char *const args[] = { "--headless", NULL };
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  part: { binary: probe_runtime, exit: ends-system, config: { step: %s }%s }\n",
             step, more);
    run_start(run, "run", scenario, args);
}

static const char *const good[] = { "alignment", "realloc", "calloc", "exhaustion", "threads", "sort" };

START_TEST(step_is_good)
{
    struct run run;
    char line[64];
    start(&run, good[_i], "");
    snprintf(line, sizeof(line), "[part] %s: ok", good[_i]);
    run_expect(&run, line);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* A line longer than LOG takes comes in pieces; all of it comes. */
START_TEST(long_line)
{
    struct run run;
    start(&run, "long-line", "");
    run_expect(&run, "[part] ~~~~~");
    run_expect(&run, "[part] after the long line");
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "~"), 1500);
    ck_assert_uint_eq(run_count(&run, "[part] ~"), 3);
}
END_TEST

START_TEST(binary)
{
    struct run run;
    start(&run, "binary", "");
    run_expect(&run, "[part] nul ? escape ?[31m high ? euro \xe2\x82\xac end");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(no_newline)
{
    struct run run;
    start(&run, "no-newline", "");
    run_expect(&run, "[part] flushed without a newline");
    run_expect(&run, "[part] and the rest");
    run_expect(&run, "[part] not flushed at the end");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(before_main)
{
    struct run run;
    start(&run, "calloc", "");
    run_expect(&run, "[part] stderr before main");
    run_expect(&run, "[part] stdout before main");
    run_expect(&run, "[part] calloc: ok");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(log_refused)
{
    struct run run;
    start(&run, "long-line", ", route: { LOG: deny }");
    run_expect(&run, "[part] after the long line");
    run_expect(&run, "[part] long-line: ok");
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "~"), 1500);
    ck_assert_uint_eq(run_count(&run, "[part] ~"), 3);
}
END_TEST

static const struct {
    const char *step, *text;
} faults[] = {
    { "thread-overflow", "killed by SIGSEGV accessing 0x" },
    { "thread-overflow", " in use_thread_stack at " },
    { "thread-fault", "killed by SIGSEGV accessing 0x1230 in write_in_thread at " },
    { "thread-fault", "tests/components/probe_runtime.c:" },
};

START_TEST(fault_of_a_thread)
{
    struct run run;
    start(&run, faults[_i].step, "");
    run_expect(&run, faults[_i].text);
    ck_assert_int_ne(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("component runtime");
    TCase *tcase = tcase_create("runtime");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, step_is_good, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_test(tcase, long_line);
    tcase_add_test(tcase, binary);
    tcase_add_test(tcase, no_newline);
    tcase_add_test(tcase, before_main);
    tcase_add_test(tcase, log_refused);
    tcase_add_loop_test(tcase, fault_of_a_thread, 0, (int)(sizeof(faults) / sizeof(faults[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
