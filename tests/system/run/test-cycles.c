/* SPDX-License-Identifier: BSD-2-Clause */
/* test-cycles.c: what comes and goes all the time leaves nothing in those that stay: core, spawner, servers.
 */
#include <check.h>
#include <signal.h>
#include <suite.h>

#include "run.h"

static const char *const headless[] = { "--headless", NULL };

/*
 * What sessions cost core, init and server comes back; a few may be on their way. `./seedbed bench
 * soak-million` does it a thousand times as often, and looks more closely.
 */
START_TEST(sessions_leave_nothing)
{
    enum { WHO = 3, ON_THEIR_WAY = 20, GROWTH = 64 }; /* KiB: less than a hundred bytes for each cycle */
    static const char *const who[WHO] = { "core", "init", "timer" };
    unsigned held[WHO], memory[WHO];
    struct run run;
    run_start(&run, "run", "start:\n  timer:\n  cycler: { config: { does: sessions } }\n", headless);
    run_expect(&run, "cycles: 250");
    for (unsigned i = 0; i < WHO; i++) {
        held[i] = run_held(&run, who[i]);
        memory[i] = run_memory(&run, who[i]);
    }
    run_expect(&run, "cycles: 1000");
    for (unsigned i = 0; i < WHO; i++) {
        ck_assert_msg(run_held(&run, who[i]) <= held[i] + ON_THEIR_WAY, "descriptors of %s", who[i]);
        ck_assert_msg(run_memory(&run, who[i]) <= memory[i] + GROWTH, "%s: %u KiB, and had %u", who[i],
                      run_memory(&run, who[i]), memory[i]);
    }
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* The same of components that end and are started again. */
START_TEST(restarts_leave_no_descriptors)
{
    enum { ON_THEIR_WAY = 20 };
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  cycler: { config: { does: fault },\n"
              "    restart: { policy: always, delay: 1ms, delay-max: 1ms, max: 120 } }\n",
              headless);
    run_expect(&run, "restart 20 of 120");
    unsigned core = run_held(&run, "core"), spawner = run_held(&run, "spawner");
    run_expect(&run, "given up");
    ck_assert_uint_le(run_held(&run, "core"), core + ON_THEIR_WAY);
    ck_assert_uint_le(run_held(&run, "spawner"), spawner + ON_THEIR_WAY);
    run_signal(&run, SIGTERM);
    run_end(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cycles");
    TCase *tcase = tcase_create("descriptors");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sessions_leave_nothing);
    tcase_add_test(tcase, restarts_leave_no_descriptors);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
