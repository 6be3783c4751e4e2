/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fallback.c: machines that refuse namespaces or mounts; what is left of the sandbox then, and that it
 * is said. Each test makes its own process such a machine, which Check has forked for it. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_msg(write(fd, text, strlen(text)) >= 0, "%s", path);
    close(fd);
}

/* From here on no user namespaces can be made, and this process is as unprivileged as an ordinary user. */
static void refuse_namespaces(uint32_t inner_uid)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };
    char map[64];

    snprintf(map, sizeof map, "%u %u 1", inner_uid, geteuid());
    ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", map);
    write_file("/proc/sys/user/max_user_namespaces", "0");
    ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
}

static void refuse_call(int nr)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), nr, 0), 0);
    ck_assert_int_eq(seccomp_load(filter), 0);
    seccomp_release(filter);
}

/* The filter and the limits hold. */
static void check_what_is_left(struct spawner *spawner)
{
    struct run run;

    run_all(spawner, &run, probe_fd, "descriptors");
    ck_assert_msg(run.ended.kind == SPAWNER_ENDED, "%s", run.ended.text);
    ck_assert_str_eq(run.text, "0 1 2 3 4 5 6 7 ");
    run_all(spawner, &run, probe_fd, "call 41 1 5 0");
    ck_assert(run.violated);
    ck_assert_ptr_nonnull(strstr(run.violation.text, "system call socket("));
    run_start(spawner, &run, "display", probe_fd, "nothing", OS_MIB(4), 1);
    run_finish(spawner, &run);
    ck_assert_msg(run.ended.kind == SPAWNER_ENDED && run.ended.status == 0, "%s", run.ended.text);
}

START_TEST(no_user_namespaces)
{
    struct spawner *spawner;
    uint32_t missing;

    refuse_namespaces(1000);
    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
    ck_assert_uint_eq(missing, SPAWNER_NO_USERNS | SPAWNER_NO_MOUNT | SPAWNER_NO_UID | SPAWNER_NO_THREADS);
    check_what_is_left(spawner);
    spawner_stop(spawner);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(root_without_rights)
{
    struct spawner *spawner;
    uint32_t missing;

    refuse_namespaces(0);
    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
    ck_assert(missing & SPAWNER_NO_UID);
    check_what_is_left(spawner);
    spawner_stop(spawner);
}
END_TEST

START_TEST(no_mounts)
{
    struct spawner *spawner;
    uint32_t missing;

    refuse_call(SYS_mount);
    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
    ck_assert_uint_eq(missing & ~(uint32_t)SPAWNER_NO_UID, SPAWNER_NO_MOUNT);
    check_what_is_left(spawner);
    spawner_stop(spawner);
}
END_TEST

START_TEST(no_filter_no_start)
{
    struct spawner *spawner;
    uint32_t missing;
    struct run run;

    refuse_call(SYS_seccomp);
    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
    ck_assert(missing & SPAWNER_NO_SECCOMP);
    run_all(spawner, &run, probe_fd, "nothing");
    ck_assert_int_eq(run.ended.kind, SPAWNER_FAILED);
    ck_assert_int_eq(run.ended.err, OS_ERR_UNSUPPORTED);
    spawner_stop(spawner);
}
END_TEST

Suite *fallback_suite(void)
{
    Suite *suite = suite_create("fallback");
    TCase *machines = tcase_create("machines");

    tcase_add_test(machines, no_user_namespaces);
    tcase_add_test(machines, root_without_rights);
    tcase_add_test(machines, no_mounts);
    tcase_add_test(machines, no_filter_no_start);
    suite_add_tcase(suite, machines);
    return suite;
}
