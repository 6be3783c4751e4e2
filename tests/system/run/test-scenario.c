/* SPDX-License-Identifier: BSD-2-Clause */
/* test-scenario.c: scenarios that cannot start: file, line, column and what was expected; nothing starts,
 * status not 0. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include "run.h"

/* Each with the place where its error is, and words of the message. */
static const struct {
    const char *text, *place, *words;
} bad[] = {
    { "start:\n  server: { binary: probe_server, rma: 1M }\n", ":2:35: ", "ram" },
    { "start:\n  server: { binary: no_such_binary }\n", ":2:", "no_such_binary" },
    { "start:\n  server: { binary: not_elf }\n", ":2:", "not_elf" },
    { "start:\n  server: { binary: probe_server, ram: 4K }\n", ":2:", "ram" },
    { "start:\n  server: { binary: probe_server, ram: lots }\n", ":2:", "lots" },
    { "start:\n  client: { binary: probe_client, route: { Probe: { child: nobody } } }\n", ":2:", "nobody" },
    { "start:\n  client: { binary: probe_client }\n", ":2:", "Probe" },
    { "start:\n  server: { binary: probe_server }\n  server: { binary: probe_server }\n", ":3:", "server" },
    { "strat:\n  server: { binary: probe_server }\n", ":1:1: ", "start" },
    { "start: [\n", ":2:", "" },
    { "start: &anchor\n  server: { binary: probe_server }\n", ":1:", "anchor" },
    { "start: { a: *b }\n", ":1:", "alias" },
    { "start:\n  server: !!str x\n", ":2:", "tag" },
    { "", ":1:1: ", "expected one with it" },
    { "start:\n  server: { binary: probe_server, restart: sometimes }\n", ":2:", "sometimes" },
    { "start:\n  server: { binary: probe_server, sandbox: cardboard }\n", ":2:", "cardboard" },
};

static void expect_refused(const char *command, int index)
{
    struct run run;
    static const char *const args[] = { NULL };
    run_start(&run, command, bad[index].text, args);
    ck_assert_int_ne(run_end(&run), 0);
    const char *at = strstr(run.text, bad[index].place);
    ck_assert_msg(at && strstr(at, bad[index].words), "no \"%s\" followed by \"%s\" in:\n%s",
                  bad[index].place, bad[index].words, run.text);
    ck_assert_msg(!strstr(run.text, "] ready"), "something was started:\n%s", run.text);
}

START_TEST(run_refuses)
{
    expect_refused("run", _i);
}
END_TEST

START_TEST(check_refuses)
{
    expect_refused("check", _i);
}
END_TEST

START_TEST(check_accepts)
{
    struct run run;
    run_start(&run, "check", "start:\n  timer:\n  server: { binary: probe_server }\n", NULL);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_msg(!strstr(run.text, "] ready"), "something was started:\n%s", run.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenarios that cannot start");
    TCase *tcase = tcase_create("bad scenarios");
    int count = (int)(sizeof(bad) / sizeof(bad[0]));
    /* the last one */
    if (run_on_mach()) {
        count--;
        suite_skip("sandbox: cardboard", "a sandbox of any name is the same on Mach");
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, run_refuses, 0, count);
    tcase_add_loop_test(tcase, check_refuses, 0, count);
    tcase_add_test(tcase, check_accepts);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
