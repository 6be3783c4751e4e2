/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-open.c: machines that cannot close the sandbox completely, because they allow no user namespaces, or
 * few: that is said once, and a scenario that requires the sandbox is refused. Each test makes its own
 * process such a machine, which Check has forked for it.
 */
#include <check.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run.h"

#define WARNING "WARNING: this machine allows no user namespaces"
#define REFUSAL ":1:1: sandbox 'required', but this machine cannot close it completely"
#define SYSTEM  "start:\n  timer:\n  server: { binary: probe_server }\n"

static const char *const headless[] = { "--headless", NULL };

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_msg(write(fd, text, strlen(text)) >= 0, "%s", path);
    close(fd);
}

/* No more namespaces than LIMIT from here on, nor the rights to do without; also when root runs the tests. */
static void limit_namespaces(const char *limit)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };
    char users[64], groups[64];
    snprintf(users, sizeof(users), "1000 %u 1", geteuid());
    snprintf(groups, sizeof(groups), "1000 %u 1", getegid());
    ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", users);
    write_file("/proc/self/gid_map", groups);
    write_file("/proc/sys/user/max_user_namespaces", limit);
    ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
}

START_TEST(best_effort_warns_once)
{
    struct run run;
    limit_namespaces("0");
    run_start(&run, "run", SYSTEM, headless);
    run_expect(&run, WARNING);
    run_expect(&run, "[server] ready");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, WARNING), 1);
}
END_TEST

/* What does not start anything has no reason to warn besides. */
static void expect_refused(const char *command)
{
    struct run run;
    run_start(&run, command, "sandbox: required\n" SYSTEM, NULL);
    if (!strcmp(command, "run"))
        run_expect(&run, WARNING);
    run_expect(&run, REFUSAL);
    ck_assert_int_eq(run_end(&run), 2);
    ck_assert_uint_eq(run_count(&run, REFUSAL), 1);
    ck_assert_uint_eq(run_count(&run, "] ready"), 0);
}

START_TEST(required_is_refused)
{
    limit_namespaces("0");
    expect_refused("run");
    expect_refused("check");
}
END_TEST

/* Enough for the spawner and not for all components, or just enough: it ends, and its status is true. */
START_TEST(few_namespaces)
{
    static const char *const limits[] = { "1", "2", "3", "4" };
    struct run run;
    limit_namespaces(limits[_i]);
    run_start(&run, "run", "start:\n  hello-server:\n  hello-client: { exit: ends-system }\n", headless);
    int status = run_end(&run);
    ck_assert_msg(status == (strstr(run.text, "Hello, world!") ? 0 : 1), "status %d of:\n%s", status,
                  run.text);
    ck_assert_msg(!strstr(run.text, "No space left"), "%s", run.text);
}
END_TEST

/* The same scenario where nothing is refused. */
START_TEST(required_is_fine_elsewhere)
{
    struct run run;
    run_start(&run, "run", "sandbox: required\n" SYSTEM, headless);
    run_expect(&run, "[server] ready");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "WARNING"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("open machines");
    TCase *tcase = tcase_create("no user namespaces");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, best_effort_warns_once);
    tcase_add_test(tcase, required_is_refused);
    tcase_add_loop_test(tcase, few_namespaces, 0, 4);
    tcase_add_test(tcase, required_is_fine_elsewhere);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
