/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-rogue.c: components that do what a component should not: floods of output, memory at addresses of
 * their own, more of everything than is good for others. The system ends when the user wants it to, and the
 * kernel keeps the bounds.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static const char *const headless[] = { "--headless", NULL };

static void start(struct run *run, const char *does)
{
    char scenario[256];
    snprintf(scenario, sizeof(scenario), "start:\n  rogue: { restart: never, config: { does: %s } }\n", does);
    run_start(run, "run", scenario, headless);
    run_expect(run, "begins");
}

/* Core reads what there is when it ends, but not for as long as there is more. */
START_TEST(a_flood_of_output_does_not_keep_the_system)
{
    static char rest[1 << 16]; /* need not be kept */
    struct run run;
    start(&run, "flood");
    run_signal(&run, SIGTERM);
    run.books = 0; /* said in what is not kept */
    while (read(run.out, rest, sizeof(rest)) > 0)
        ;
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* The output goes nowhere: a pager that waits for its user. */
START_TEST(output_that_nobody_reads_does_not_stop_core)
{
    struct run run;
    struct run_processes held;
    start(&run, "flood");
    run_hold(&run, &held);
    /* the pipe is full long before the components are gone */
    run.books = 0;
    run_signal(&run, SIGTERM);
    run_all_gone(&held);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* Others are served all the same: the client, which ends the system, is done while nobody reads. */
START_TEST(output_that_nobody_reads_stops_no_calls)
{
    struct run run;
    siginfo_t info;
    char scenario[512];
    snprintf(
        scenario, sizeof(scenario),
        "start:\n"
        "  rogue: { config: { does: %s } }\n"
        "  timer:\n"
        "  server: { binary: probe_server }\n"
        "  client: { binary: probe_client, exit: ends-system, config: { steps: [timeout, open, add] } }\n",
        _i ? "chatter" : "flood");
    run_start(&run, "run", scenario, headless);
    run.books = 0;
    ck_assert_int_gt(fcntl(run.out, F_SETPIPE_SZ, 4096), 0);
    ck_assert_int_eq(waitid(P_PID, (id_t)run.pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* Page tables are memory too, and there are few only where mappings are close to each other. */
START_TEST(mappings_at_chosen_addresses_are_refused)
{
    struct run run;
    start(&run, "sparse");
    run_expect(&run, "system call mmap");
    run_end(&run);
    ck_assert_uint_eq(run_count(&run, "pages far apart"), 0);
}
END_TEST

static const struct {
    const char *does, *says;
} greedy[] = { { "hoard", "hoard: ends with many sessions and memory" },
               { "pester", "requests Nothing" },
               { "claim", "claim: DENIED" } };

/* It has what it can get, or goes on asking; a neighbour that begins anew gets all that it needs meanwhile.
 */
START_TEST(neighbours_of_a_greedy_one_work)
{
    struct run run;
    char scenario[512];
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  server: { binary: probe_server }\n"
             "  client: { binary: probe_client, config: { steps: [open, add, share, ram, wait] } }\n"
             "  rogue: { ram: 8M, caps: 1500, config: { does: %s } }\n",
             greedy[_i].does);
    run_start(&run, "run", scenario, headless);
    run_expect(&run, greedy[_i].says);
    run_kill(&run, "client");
    run_expect(&run, "restart 1 of 10");
    run_expect(&run, "[client] add: ok");
    run_expect(&run, "[client] share: ok");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rogue components");
    TCase *tcase = tcase_create("rogue");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_flood_of_output_does_not_keep_the_system);
    tcase_add_test(tcase, output_that_nobody_reads_does_not_stop_core);
    tcase_add_loop_test(tcase, output_that_nobody_reads_stops_no_calls, 0, 2);
    tcase_add_loop_test(tcase, neighbours_of_a_greedy_one_work, 0, sizeof(greedy) / sizeof(greedy[0]));
    tcase_add_test(tcase, mappings_at_chosen_addresses_are_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
