/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-faults.c: components that crash, are killed or use up what they have; a spawner and a core that are
 * killed. Whoever waits has an error, whoever is not concerned goes on, nothing is left.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "run.h"

#define SERVER "  server: { binary: probe_server }\n"
#define CLIENT(steps)                                                                                        \
    "  client: { binary: probe_client, exit: ends-system, config: { steps: [" steps "] } }\n"

static const char *const headless[] = { "--headless", NULL };

static void start(struct run *run, const char *entries)
{
    char scenario[2048];
    snprintf(scenario, sizeof(scenario), "start:\n  timer:\n%s", entries);
    run_start(run, "run", scenario, headless);
}

/* Steps that crash the server while it serves, and what the log says of it. */
static const struct {
    const char *step, *signal, *place;
} crashes[] = {
    { "crash-null", "SIGSEGV", "write_to" },
    { "crash-illegal", "SIGILL", "probe_server.c:" },
    { "crash-divide", "SIGFPE", "probe_server.c:" },
    { "crash-abort", "SIGABRT", "in crash at" },
    { "crash-stack", "SIGSEGV", "use_stack" },
    { "crash-assert", "the probe was asked to fail", "SIGABRT in crash at" },
};

/* The caller has its error, the log names signal and place, and the server is there again for the next
 * session. */
START_TEST(crash_in_a_call)
{
    struct run run;
    char entries[1024], expected[64];
    snprintf(entries, sizeof(entries), SERVER CLIENT("open, %s, open, add"), crashes[_i].step);
    start(&run, entries);
    snprintf(expected, sizeof(expected), "%s: DEAD", crashes[_i].step);
    run_expect(&run, "add: ok");
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_msg(run_count(&run, expected) == 1, "no \"%s\" in:\n%s", expected, run.text);
    ck_assert_msg(run_count(&run, crashes[_i].signal) >= 1, "no \"%s\" in:\n%s", crashes[_i].signal,
                  run.text);
    ck_assert_msg(run_count(&run, crashes[_i].place) >= 1, "no \"%s\" in:\n%s", crashes[_i].place, run.text);
}
END_TEST

START_TEST(write_to_readonly_memory)
{
    struct run run;
    start(&run,
          SERVER "  client: { binary: probe_client, restart: never, exit: ends-system, config: { steps: "
                 "[open, write-readonly] } }\n");
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_msg(strstr(run.text, "SIGSEGV") && strstr(run.text, "probe_client.c:"), "%s", run.text);
}
END_TEST

START_TEST(server_exits_in_a_call)
{
    struct run run;
    start(&run, SERVER CLIENT("open, server-exit, open, add"));
    run_expect(&run, "server-exit: DEAD");
    run_expect(&run, "add: ok");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(kill_server_in_a_call)
{
    struct run run;
    start(&run, SERVER CLIENT("open, never, open, add"));
    run_expect(&run, "will not answer");
    run_kill(&run, "server");
    run_expect(&run, "never: DEAD");
    run_expect(&run, "add: ok");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(kill_client_in_a_call)
{
    struct run run;
    start(&run,
          SERVER "  victim: { binary: probe_client, restart: never, config: { steps: [open, never] } }\n"
                 "  other: { binary: probe_client, config: { steps: [open, add, wait] } }\n");
    run_expect(&run, "will not answer");
    run_kill(&run, "victim");
    run_expect(&run, "victim");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* Ends by themselves: init, spawner and core (on Mach its emulator's parent), each killed while a call is
 * under way. */
static void kill_and_look(const char *who)
{
    struct run run;
    struct run_processes held;
    start(&run, SERVER CLIENT("open, never"));
    run_expect(&run, "will not answer");
    run_hold(&run, &held);
    run_kill(&run, who);
    run.books &= strcmp(who, "spawner") != 0; /* from which alone core hears who has ended */
    ck_assert_int_ne(run_end(&run), 0);
    run_all_gone(&held);
}

START_TEST(kill_init)
{
    kill_and_look("init");
}
END_TEST

START_TEST(kill_spawner)
{
    kill_and_look("spawner");
}
END_TEST

START_TEST(kill_core)
{
    kill_and_look("core");
}
END_TEST

START_TEST(end_by_signal)
{
    static const int signals[] = { SIGINT, SIGTERM };
    struct run run;
    struct run_processes held;
    start(&run, SERVER CLIENT("open, never"));
    run_expect(&run, "will not answer");
    run_hold(&run, &held);
    run_signal(&run, signals[_i]);
    ck_assert_int_eq(run_end(&run), 0);
    run_all_gone(&held);
}
END_TEST

START_TEST(ram_used_up)
{
    struct run run;
    start(&run, SERVER CLIENT("ram, open, add"));
    run_expect(&run, "ram: RAM");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(heap_used_up)
{
    struct run run;
    start(&run, SERVER CLIENT("malloc"));
    run_expect(&run, "stopped below the quota: yes");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(caps_used_up)
{
    struct run run;
    start(&run, SERVER CLIENT("caps"));
    run_expect(&run, "caps: CAPS");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(two_systems)
{
    struct run one, two;
    start(&one, SERVER CLIENT("open, never"));
    run_expect(&one, "will not answer");
    start(&two, SERVER CLIENT("open, add"));
    run_expect(&two, "add: ok");
    ck_assert_int_eq(run_end(&two), 0);
    run_signal(&one, SIGTERM);
    ck_assert_int_eq(run_end(&one), 0);
}
END_TEST

/* Restarts end: a component that crashes again and again is given up, and the rest goes on. */
START_TEST(restart_gives_up)
{
    struct run run;
    start(&run, SERVER
          "  crasher: { binary: probe_client, restart: { policy: always, delay: 1ms, max: 3 }, config: { "
          "steps: [open-unknown] } }\n"
          "  other: { binary: probe_client, config: { steps: [open, add, wait] } }\n");
    run_expect(&run, "given up");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, crash_in_a_call, 0, (int)(sizeof(crashes) / sizeof(crashes[0])));
    tcase_add_test(tcase, write_to_readonly_memory);
    tcase_add_test(tcase, server_exits_in_a_call);
    tcase_add_test(tcase, kill_server_in_a_call);
    tcase_add_test(tcase, kill_client_in_a_call);
    tcase_add_test(tcase, kill_init);
    if (run_on_mach())
        suite_skip("kill_spawner", "core itself starts components on Mach");
    else
        tcase_add_test(tcase, kill_spawner);
    tcase_add_test(tcase, kill_core);
    tcase_add_loop_test(tcase, end_by_signal, 0, 2);
    tcase_add_test(tcase, ram_used_up);
    tcase_add_test(tcase, heap_used_up);
    tcase_add_test(tcase, caps_used_up);
    tcase_add_test(tcase, two_systems);
    tcase_add_test(tcase, restart_gives_up);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
