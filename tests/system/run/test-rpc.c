/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rpc.c: RPC, sessions, signals, dataspaces and time between sandboxed components, a system for each
 * step. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <suite.h>

#include "run.h"

/* Steps of probe_client and what each has to print. */
static const struct {
    const char *steps, *result;
} cases[] = {
    { "open, add", "add: ok" },
    { "open, text", "text: ok" },
    { "open, blob", "blob: ok" },
    { "open, many", "many: ok" },
    { "open, own-error", "own-error: ok" },
    { "open, too-large", "too-large: TOO_LARGE" },
    { "open, make", "make: ok" },
    { "open, not-mine", "not-mine: ok" },
    { "open, wrong-kind", "wrong-kind: WRONG_KIND" },
    { "open, no-cap", "no-cap: BAD_CAP" },
    { "open, revoke", "revoke: ok" },
    { "open, revoke-unused", "revoke-unused: ok" },
    { "open, relay", "relay: ok" },
    { "open, last-holder", "last-holder: ok" },
    { "open, deadline", "deadline: DEADLINE" },
    { "open, share", "share: ok" },
    { "open, signal", "signal: ok" },
    { "open, begin", "begin: ok" },
    { "open, close, open, add", "add: ok" },
    { "timeout", "timeout: ok" },
    { "random", "random: ok" },
    { "print", "printf of the client" },
    { "print", "stderr of the client" },
    { "open-refused", "open-refused: DENIED" },
    { "open-poor", "open-poor: RAM" },
    { "open-unknown", "open-unknown: NO_SERVICE" },
};

static void start(struct run *run, const char *steps)
{
    char scenario[1024];
    static const char *const args[] = { "--headless", NULL };
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  server: { binary: probe_server }\n"
             "  client: { binary: probe_client, exit: ends-system, config: { steps: [%s] } }\n",
             steps);
    run_start(run, "run", scenario, args);
}

START_TEST(step)
{
    struct run run;
    start(&run, cases[_i].steps);
    run_expect(&run, cases[_i].result);
    run_expect(&run, "[client] done");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* A server whose clients together need more descriptors than an ordinary component may have. */
START_TEST(many_clients)
{
    struct run run;
    static const char *const args[] = { "--headless", NULL };
    run_start(
        &run, "run",
        "start:\n"
        "  server: { binary: probe_server, caps: 2000, ram: 8M }\n"
        "  one: { binary: probe_client, ram: 4M, caps: 900, config: { exit: false, steps: [sessions] } }\n"
        "  two: { binary: probe_client, ram: 4M, caps: 900, config: { exit: false, steps: [sessions] } }\n"
        "  three: { binary: probe_client, ram: 4M, caps: 900, config: { exit: false, steps: [sessions] } }\n",
        args);
    for (int i = 0; i < 3; i++)
        run_expect(&run, "sessions: ok");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc between components");
    TCase *tcase = tcase_create("steps");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, step, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, many_clients);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
