/* SPDX-License-Identifier: BSD-2-Clause */
/* test-probe.c: the steps of mach_probe, in QEMU: what the runtime does by other means than that on Linux. */
#include <check.h>
#include <stdio.h>
#include <suite.h>

#include "../../tests/system/run/run.h"

static const char *const headless[] = { "--headless", NULL };

static void start(struct run *run, const char *step, const char *more)
{
    char scenario[512];
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "%s"
             "  part: { binary: mach_probe, exit: ends-system, config: { step: %s } }\n",
             more, step);
    run_start(run, "run", scenario, headless);
}

static const char *const good[] = { "floats", "blocking", "deadlines", "threads-end",
                                    "prints", "numbers",  "errno",     "attaching" };

START_TEST(step_is_good)
{
    struct run run;
    char line[64];
    start(&run, good[_i], "");
    snprintf(line, sizeof(line), "[part] %s: ok", good[_i]);
    run_expect(&run, line);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "not so in line"), 0);
}
END_TEST

/* Threads of one task, while another task computes as well. */
START_TEST(floats_beside_another_task)
{
    struct run run;
    start(&run, "floats", "  other: { binary: mach_probe, config: { step: floats-forever } }\n");
    run_expect(&run, "[part] floats: ok");
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "[other] computing"), 1);
    ck_assert_uint_eq(run_count(&run, "not the same"), 0);
}
END_TEST

/* What four threads print at the same time comes in whole lines. */
START_TEST(lines_are_whole)
{
    struct run run;
    start(&run, "lines", "");
    run_expect(&run, "[part] lines: ok");
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "[part] a whole line, 1 of 80\n"), 80);
}
END_TEST

/* A component that has used up its heap can print, and what cannot go on without memory says so. */
START_TEST(nothing_left)
{
    struct run run;
    start(&run, "starved", "");
    run_expect(&run, "[part] 0 bytes are left");
    run_expect(&run, "Assertion `Balloc succeeded' failed.");
    run_expect(&run, "killed by SIGABRT in");
    ck_assert_int_ne(run_end(&run), 0);
}
END_TEST

START_TEST(attachments_have_a_guard)
{
    struct run run;
    start(&run, "guard", "");
    run_expect(&run, "[part] writing before an attachment");
    run_expect(&run, "killed by SIGSEGV accessing 0x");
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, " in guard at base-mach/tests/probe.c:"), 1);
    ck_assert_uint_eq(run_count(&run, "it could be written"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runtime on Mach");
    TCase *tcase = tcase_create("mach_probe");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, step_is_good, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_test(tcase, floats_beside_another_task);
    tcase_add_test(tcase, lines_are_whole);
    tcase_add_test(tcase, nothing_left);
    tcase_add_test(tcase, attachments_have_a_guard);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
