/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-lanes.c: calls through channels between sandboxed components: who waits in one learns of the end of
 * the other, and what channels cost comes back.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <suite.h>

#include "run.h"

static void start(struct run *run, const char *does, const char *restart, int no_spin)
{
    static const char *const args[] = { "--headless", "--no-spin", NULL }, *const spins[] = { "--headless",
                                                                                              NULL };
    char scenario[512];
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  server: { binary: probe_server, caps: 300, ram: 4M,\n"
             "    restart: { policy: always, delay: 1ms, delay-max: 1ms, max: 100 } }\n"
             "  client: { binary: laner, config: { does: %s }, restart: %s }\n",
             does, restart);
    run_start(run, "run", scenario, no_spin ? args : spins);
}

static void end(struct run *run)
{
    run_signal(run, SIGTERM);
    run_end(run);
}

/* _i: whether nobody spins. */
START_TEST(server_killed_in_mid_call)
{
    struct run run;
    start(&run, "wait", "never", _i);
    run_expect(&run, "[server] will not answer");
    run_kill(&run, "server");
    run_expect(&run, "[client] never: DEAD");
    run_expect(&run, "[client] again: ok");
    end(&run);
}
END_TEST

START_TEST(server_crashes_in_mid_call)
{
    struct run run;
    start(&run, "crash", "never", _i);
    run_expect(&run, "[client] crash: DEAD");
    run_expect(&run, "[client] again: ok");
    end(&run);
}
END_TEST

/* What is on its way, and what the runtime keeps for later. */
enum { SOME = 20 };

START_TEST(channels_cost_nothing_in_the_end)
{
    struct run run;
    start(&run, "cycles", "never", _i);
    run_expect(&run, "a channel is charged: yes");
    run_expect(&run, "cycles: 40");
    unsigned core = run_held(&run, "core"), its = run_held(&run, "server");
    run_expect(&run, "[client] balance: ok");
    ck_assert_uint_le(run_held(&run, "core"), core + SOME);
    ck_assert_uint_le(run_held(&run, "server"), its + SOME);
    end(&run);
}
END_TEST

/* Each life of the client ends with its channel open. */
START_TEST(clients_that_end_leave_nothing)
{
    struct run run;
    start(&run, "fault", "{ policy: always, delay: 1ms, delay-max: 1ms, max: 60 }", 0);
    run_expect(&run, "restart 10 of 60");
    unsigned core = run_held(&run, "core"), its = run_held(&run, "server");
    run_expect(&run, "given up");
    ck_assert_uint_le(run_held(&run, "core"), core + SOME);
    ck_assert_uint_le(run_held(&run, "server"), its + SOME);
    end(&run);
}
END_TEST

START_TEST(no_quota_for_a_channel)
{
    struct run run;
    start(&run, "poor", "never", 0);
    run_expect(&run, "nothing left: CAPS yes");
    run_expect(&run, "nothing taken: yes");
    run_expect(&run, "poor: ok");
    end(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the fast lane between components");
    TCase *tcase = tcase_create("lanes");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, server_killed_in_mid_call, 0, 2);
    tcase_add_loop_test(tcase, server_crashes_in_mid_call, 0, 2);
    tcase_add_loop_test(tcase, channels_cost_nothing_in_the_end, 0, 2);
    tcase_add_test(tcase, clients_that_end_leave_nothing);
    tcase_add_test(tcase, no_quota_for_a_channel);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
