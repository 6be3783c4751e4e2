/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-hostile.c: a component that has been taken over attacks its server, its parent, core and the kernel,
 * while a neighbour works. The neighbour's calls must go on, and what the sandbox forbids must be named.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "../system/run/run.h"

static void start(struct run *run, const char *attack)
{
    char scenario[1024];
    static const char *const args[] = { "--headless", NULL };
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  server: { binary: probe_server }\n"
             "  attacker: { restart: never, config: { attack: %s } }\n"
             "  neighbour: { binary: probe_client, restart: never, config: { exit: false, steps: [open, "
             "blob, timeout, add, "
             "make, timeout, close, open, add, text] } }\n",
             attack);
    run_start(run, "run", scenario, args);
}

/* Waits for TEXT and for the neighbour's end, in whatever order they come. */
static void expect_both(struct run *run, const char *text)
{
    run_expect(run, text);
    run->seen = 0;
    run_expect(run, "[neighbour] text: ok");
    ck_assert_uint_eq(run_count(run, "[neighbour] add: ok"), 2);
    run_signal(run, SIGTERM);
    ck_assert_int_eq(run_end(run), 0);
}

/* System calls that the filter refuses: the component ends, the log says which call it was. */
static const struct {
    const char *attack, *call;
} forbidden[] = {
    { "open", "openat" },
    { "socket", "socket" },
    { "socketpair", "socketpair" },
    { "pipe", "pipe2" },
    { "dup", "dup" },
    { "fork", "fork" },
    { "clone-process", "clone" },
    { "exec", "execve" },
    { "shutdown", "shutdown" },
    { "setsockopt", "setsockopt" },
    { "nonblock", "fcntl" },
    { "kill", "kill" },
    { "ptrace", "ptrace" },
    { "memfd", "memfd_create" },
    { "mmap-exec", "mmap" },
    { "mmap-shared", "mmap" },
    { "mprotect-exec", "mprotect" },
    { "unshare", "unshare" },
    { "signal-blocking", "fcntl" },
    { "signal-size", "fcntl" },
};

START_TEST(forbidden_call)
{
    struct run run;
    char expected[64];
    start(&run, forbidden[_i].attack);
    snprintf(expected, sizeof(expected), "system call %s", forbidden[_i].call);
    expect_both(&run, expected);
    ck_assert_msg(strstr(run.text, "attacker.c:"), "no source line in:\n%s", run.text);
}
END_TEST

/* Attacks that end the attacker in another way, or that simply do not work. */
static const struct {
    const char *attack, *text;
} harmless[] = {
    { "junk", "junk: done" },
    { "junk-to-core", "attacker" },
    { "false-connections", "false-connections: done" },
    { "descriptors-in-flight", "descriptors-in-flight: done" },
    { "full-queue", "full-queue: done" },
    { "read-others", "Resource temporarily unavailable" },
    { "exec-fd", "attacker" },
    { "setrlimit", "raised: Operation not permitted" },
    { "x32", "attacker" },
    { "memory", "memory beyond the quota: no" },
    { "threads", "threads without bound: no" },
    { "read-signal", "read of a signal: Bad file descriptor" },
    { "channels", "channels beyond the quota: no, then: CAPS" },
    { "serve", "served: BAD_CAP BAD_CAP BAD_CAP OK BAD_CAP" },
};

START_TEST(harmless_attack)
{
    struct run run;
    start(&run, harmless[_i].attack);
    expect_both(&run, harmless[_i].text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile components");
    TCase *tcase = tcase_create("attacks");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, forbidden_call, 0, (int)(sizeof(forbidden) / sizeof(forbidden[0])));
    tcase_add_loop_test(tcase, harmless_attack, 0, (int)(sizeof(harmless) / sizeof(harmless[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
