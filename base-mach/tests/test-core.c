/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-core.c: what core does with boot archives that are none, and with a component that asks for what
 * nobody would who means well, and leaves everything open. That nothing of it is left in the books, run_end
 * looks at.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include "../../tests/system/run/run.h"

static const char hello[] = "start:\n  hello-server:\n  hello-client: { exit: ends-system }\n";

static const char *const steps[] = { "names",  "ports",  "twice",       "caps",    "releases",
                                     "alarms", "memory", "attachments", "threads", "task" };

static void start_probe(struct run *run, const char *end)
{
    static const char *const headless[] = { "--headless", NULL };
    char scenario[256];
    snprintf(scenario, sizeof(scenario),
             "start:\n  probe: { binary: native_probe, exit: ends-system, config: { end: %s } }\n", end);
    run_start(run, "run", scenario, headless);
}

START_TEST(hostile_requests)
{
    struct run run;
    start_probe(&run, "exit");
    ck_assert_int_eq(run_end(&run), 0);
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "[probe] %s: ok", steps[i]);
        ck_assert_msg(run_count(&run, line) == 1, "no \"%s\" in:\n%s", line, run.text);
    }
    ck_assert_uint_eq(run_count(&run, "not so in line"), 0);
}
END_TEST

/* With ports, alarms, threads and memory that were not given back; what was written of a line is not lost. */
START_TEST(fault_with_everything_open)
{
    struct run run;
    start_probe(&run, "fault");
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "[probe] half a line"), 1);
    ck_assert_msg(run_count(&run, "killed by SIGILL in component_construct at base-mach/tests/native.c:") ==
                      1,
                  "no place in:\n%s", run.text);
}
END_TEST

static const struct {
    const char *bytes, *what;
} cuts[] = {
    { "1", "the boot archive at byte 0: it is damaged, or ends too early" },
    { "100", "the boot archive at byte 0: " },
    { "200000", "the boot archive at byte " },
};

/* Which file, and where; nothing is started. */
START_TEST(archive_that_is_cut_off)
{
    struct run run;
    const char *const args[] = { "--headless", "--cut", cuts[_i].bytes, NULL };
    run_start(&run, "run", hello, args);
    ck_assert_int_eq(run_end(&run), 1);
    ck_assert_msg(strstr(run.text, cuts[_i].what) != NULL, "no \"%s\" in:\n%s", cuts[_i].what, run.text);
    ck_assert_uint_eq(run_count(&run, "hello-client"), 0);
}
END_TEST

START_TEST(too_little_memory)
{
    static const char *const args[] = { "--headless", "--memory", "24", NULL };
    struct run run;
    run_start(&run, "run", hello, args);
    ck_assert_int_eq(run_end(&run), 1);
    ck_assert_msg(strstr(run.text, "accounts cannot be started: the host is out of memory") != NULL, "%s",
                  run.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core on Mach");
    TCase *tcase = tcase_create("core");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, hostile_requests);
    tcase_add_test(tcase, fault_with_everything_open);
    tcase_add_loop_test(tcase, archive_that_is_cut_off, 0, (int)(sizeof(cuts) / sizeof(cuts[0])));
    tcase_add_test(tcase, too_little_memory);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
