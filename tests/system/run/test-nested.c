/* SPDX-License-Identifier: BSD-2-Clause */
/* test-nested.c: inits within inits, and components that have children of their own. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <suite.h>

#include "run.h"

static const char *const headless[] = { "--headless", NULL };

/* An entry that is an init; what it is to run follows, and a "}}" more. */
#define INIT(name, ram, caps, timer)                                                                         \
    name ": { binary: init, ram: " ram ", caps: " caps                                                       \
         ", route: { PD: parent, ROM: parent, LOG: parent, Timer: " timer " },\n"                            \
         "config: { start: { "

/* The timer is outside, the client three inits further in; its label tells the way. */
START_TEST(three_inits_deep)
{
    struct run run;
    run_start(&run, "run",
              "start: { timer: {},\n" INIT("one", "60M", "900", "any-child")
                  INIT("two", "40M", "600", "parent")
                      INIT("three", "20M", "300",
                           "parent") "cycler: { route: { Timer: parent }, config: { does: sessions } },\n"
                                     "hello-server: {}, hello-client: {} }}} }}} }}} }\n",
              headless);
    run_expect(&run, "cycles: 1000");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_msg(run_count(&run, "one -> two -> three -> cycler") > 0, "%s", run.text);
    ck_assert_msg(run_count(&run, "Hello") > 0, "%s", run.text);
}
END_TEST

/* An inner init whose scenario is wrong says so with the place in the file, and the outer one goes on. */
START_TEST(an_inner_scenario_that_is_wrong)
{
    struct run run;
    run_start(&run, "run",
              "start: { timer: {},\n" INIT("one", "60M", "900", "any-child") "nobody: {} }}} }\n", headless);
    run_expect(&run, "nobody");
    run_expect(&run, "nothing was started");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/*
 * With BOMB=full six generations of two more each, 126 components, twenty times; else some that start in a
 * moment.
 */
START_TEST(a_bomb_leaves_nothing)
{
    char scenario[300], last[60];
    const char *size = getenv("BOMB");
    unsigned generations = size ? 6 : run_on_mach() ? 2 : 4, rounds = size ? 20 : 3;
    unsigned long long ram = 1536;
    unsigned caps = 40;
    struct run run;
    for (unsigned i = 0; i < generations; i++) {
        ram = 2 * ram + 5632;
        caps = 2 * caps + 60;
    }
    snprintf(scenario, sizeof(scenario),
             "start:\n  bomb: { ram: %lluK, caps: %u, restart: never, exit: ends-system, route: { PD: "
             "parent, ROM: parent },\n"
             "    config: { generations: %u, rounds: %u } }\n  timer:\n",
             ram, caps, generations, rounds);
    snprintf(last, sizeof(last), "round %u of %u, all is back", rounds, rounds);
    run_start(&run, "run", scenario, headless);
    run_expect(&run, "round 1 of");
    unsigned held = run_held(&run, "core"), of_init = run_held(&run, "init");
    run_expect(&run, last);
    ck_assert_uint_le(run_held(&run, "core"), held + 20); /* some may be on their way */
    ck_assert_uint_le(run_held(&run, "init"), of_init + 4);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nested");
    TCase *tcase = tcase_create("nested");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, three_inits_deep);
    tcase_add_test(tcase, an_inner_scenario_that_is_wrong);
    tcase_add_test(tcase, a_bomb_leaves_nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
