/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-router.c: the scenario router, from outside by a port of this machine and from within, and what is
 * left of it when its parts end.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "peer.h"
#include "run.h"

static char *read_scenario(void)
{
    static char text[8192];
    FILE *file = fopen(ROUTER_SCENARIO, "r"); /* NOLINT */
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = 0;
    fclose(file);
    return text;
}

/* The port of the line that was expected last. */
static unsigned find_port(const struct run *run)
{
    const char *at = NULL, *next = run->text;
    while ((next = strstr(next, "http://127.0.0.1:")) != NULL) {
        at = next + strlen("http://127.0.0.1:");
        next++;
    }
    ck_assert_ptr_nonnull(at);
    return (unsigned)strtoul(at, NULL, 10);
}

/* Until it answers: what was started anew needs a while, and the runner has the limit. */
static void expect_page(unsigned port)
{
    ck_assert_int_eq(
        peer_shell(
            "until curl -sf -y 2 -Y 1 -o page 'http://127.0.0.1:%u/system?still'; do sleep 0.05; done; "
            "grep -q '</html>' page",
            port),
        0);
}

/* A rule lets one of the guests in, and the other is told that there is none. */
static void expect_guests(struct run *run)
{
    while (!run_count(run, "[guest-fetch] http://10.0.1.2/system?still: status 200") ||
           !run_count(run, "[guest-ping] 10.0.3.1: no way to that address"))
        run_expect(run, "\n");
    ck_assert_uint_eq(run_count(run, "[guest-ping] 10.0.1.2: 56 bytes"), 0);
}

START_TEST(from_outside_and_within)
{
    struct run run;
    peer_make_folder();
    run_start(&run, "run", read_scenario(), (const char *const[]){ "--headless", NULL });
    run_expect(&run, "[uplink-user] http://127.0.0.1:");
    expect_page(find_port(&run));
    expect_guests(&run);
    /* each of them ends and comes back */
    run_kill(&run, "uplink-user");
    run_expect(&run, "uplink-user was killed");
    if (!run_on_mach()) /* where the port is the machine's, and stays */
        run_expect(&run, "[uplink-user] http://127.0.0.1:");
    expect_page(find_port(&run));
    run_kill(&run, "router");
    run_expect(&run, "router was killed");
    expect_page(find_port(&run));
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    peer_remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router");
    TCase *tcase = tcase_create("router");
    tcase_set_timeout(tcase, 60);
    if (system("command -v curl >/dev/null"))
        suite_skip("from_outside_and_within", "the package curl is not installed");
    else
        tcase_add_test(tcase, from_outside_and_within);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
