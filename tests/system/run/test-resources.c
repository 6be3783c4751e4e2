/* SPDX-License-Identifier: BSD-2-Clause */
/* test-resources.c: quota that is granted to a running component, and signs of life, with real processes. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <suite.h>

#include "run.h"

static const char *const headless[] = { "--headless", NULL };

/* What is granted can be used to the last piece, and not a piece more. */
START_TEST(what_is_granted_can_be_used)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  grower: { exit: ends-system, config: { does: grow }, more: { ram: 6M, caps: 200 } }\n",
              headless);
    run_expect(&run, "uses all: ");
    run_expect(&run, "gets 2097152 bytes and 30 caps more");
    run_expect(&run, "8 pieces more: ");
    run_expect(&run, "that is beyond `more:` of its entry");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* What was donated or given back cannot be used any more, and all of the rest can. */
START_TEST(what_is_given_away_cannot_be_used)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  grower: { exit: ends-system, config: { does: donate } }\n",
              headless);
    run_expect(&run, "after an upgrade: RAM, full");
    run_expect(&run, "after the end of the session: RAM, full");
    run_expect(&run, "all pieces more");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* An inner init has little left: what one of its children asks for, the other has to give. */
START_TEST(what_is_given_back_cannot_be_used)
{
    struct run run;
    char scenario[1024];
    /* what an init itself and starting its children take is not the same everywhere */
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  inner:\n"
             "    binary: init\n"
             "    ram: %s\n"
             "    caps: 500\n"
             "    route: { PD: parent, ROM: parent, LOG: parent, Timer: any-child }\n"
             "    config:\n"
             "      start:\n"
             "        giver: { binary: grower, ram: 12M, route: { Timer: parent }, config: { does: give } }\n"
             "        taker: { binary: grower, ram: 8M, more: wait, route: { Timer: parent },\n"
             "                 config: { does: grow } }\n",
             run_on_mach() ? "22M" : "26M");
    run_start(&run, "run", scenario, headless);
    run_expect(&run, "gives pieces back");
    run_expect(&run, "[inner] taker gets 2097152 bytes and 30 caps more");
    run_expect(&run, "8 pieces more: ");
    /* its next request comes to the giver, too, so that this line comes last in any case */
    run_expect(&run, "after giving back: RAM, full");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(a_component_that_hangs_is_restarted)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  grower: { config: { does: hang }, heartbeat: { every: 500ms, max-missed: 2 } }\n",
              headless);
    run_expect(&run, "[grower] hangs");
    run_expect(&run, "grower has given no sign of life for 1500 ms; restart 1 of 10");
    run_expect(&run, "[grower] hangs");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resources");
    TCase *tcase = tcase_create("resources");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_granted_can_be_used);
    tcase_add_test(tcase, what_is_given_away_cannot_be_used);
    tcase_add_test(tcase, what_is_given_back_cannot_be_used);
    tcase_add_test(tcase, a_component_that_hangs_is_restarted);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
