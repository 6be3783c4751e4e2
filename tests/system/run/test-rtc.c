/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rtc.c: the wall clock of a system begins with that of the machine, and who may sets it. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>
#include <time.h>

#include "run.h"

/* A line of the probe has this time; the year is enough to know a clock from none. */
static time_t time_in(const char *line)
{
    struct tm tm = { 0 };
    ck_assert_int_eq(sscanf(line, "%d-%d-%dT%d:%d:%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                            &tm.tm_min, &tm.tm_sec),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return timegm(&tm);
}

START_TEST(the_machines_clock_can_be_corrected)
{
    struct run run;
    time_t before = time(NULL);
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  rtc:\n"
              "    route: { Rtc: parent }\n"
              "    config: { platform: true, policy: [{ label: setter, set: true }] }\n"
              "  other: { binary: clock_probe, config: { set: 5 } }\n",
              NULL);
    run_expect(&run, "[other] set: not allowed; the timer goes on");
    const char *begins = strstr(run.text, "[other] begins: ");
    ck_assert_ptr_nonnull(begins);
    /* what runs in QEMU counts whole seconds */
    time_t told = time_in(begins + strlen("[other] begins: "));
    ck_assert_int_ge(told, before - 2);
    ck_assert_int_le(told, time(NULL) + 2);
    ck_assert_ptr_nonnull(strstr(run.text, "Z, source 1, sets 0"));
    run_signal(&run, 2);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(who_may_sets_it_and_all_are_told)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  rtc: { config: { policy: [{ label: setter, set: true }] } }\n"
              "  setter: { binary: clock_probe, config: { set: 2000000000 } }\n",
              NULL);
    run_expect(&run, "[setter] begins: not found");
    run_expect(&run, "[setter] set: done; the timer goes on");
    run_expect(&run, "[setter] told: 2033-05-18T03:33:20Z, source 2, sets 1");
    run_signal(&run, 2);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wall clock");
    TCase *tcase = tcase_create("wall clock");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_machines_clock_can_be_corrected);
    tcase_add_test(tcase, who_may_sets_it_and_all_are_told);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
