/* SPDX-License-Identifier: BSD-2-Clause */
/* test_world.c: the world of drivers holds what they need of the machine, read-only, and nothing else. */
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static struct spawner *spawner;
static struct run run;
static uint32_t missing;
static char cookies[] = "/tmp/seedbed-test-XXXXXX";

/* A session with an authority file that is for its owner only, and a driver that waits in it. */
static void setup(void)
{
    char word[8];
    int fd = mkstemp(cookies);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "biscuit", 7), 7);
    close(fd);
    setenv("XAUTHORITY", cookies, 1);
    setenv("DISPLAY", ":4242", 1);
    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
    unlink(cookies);
    run_start(spawner, &run, "display", dynamic_fd, "wait", OS_MIB(8), 4);
    ck_assert_int_eq(run_event(spawner, &run), SPAWNER_STARTED);
    ck_assert_int_eq(read(run.output, word, sizeof word), 7);
}

static void teardown(void)
{
    close(run.socket);
    run.socket = dup(run.output);
    run_finish(spawner, &run);
    spawner_stop(spawner);
    ck_assert_int_eq(run.ended.status, 0);
}

static void path_of(char *path, size_t size, const char *inside)
{
    snprintf(path, size, "/proc/%d/root%s", run.started.pid, inside);
}

/* Every entry of the directory is one of ALLOWED, which ends with NULL. */
static void check_entries(const char *directory, const char *const *allowed)
{
    char path[128];
    struct dirent *entry;
    DIR *dir;

    path_of(path, sizeof path, directory);
    dir = opendir(path);
    ck_assert_msg(dir != NULL, "%s", path);
    while ((entry = readdir(dir))) {
        const char *const *name = allowed;

        while (*name && strcmp(*name, entry->d_name) != 0)
            name++;
        ck_assert_msg(*name != NULL, "%s/%s is not for drivers", directory, entry->d_name);
    }
    closedir(dir);
}

START_TEST(only_what_is_needed)
{
    static const char *const root[] = { ".",      "..",  "usr", "lib",  "lib32", "lib64", "bin",
                                        "libx32", "etc", "run", "sbin", "tmp",   NULL };
    static const char *const etc[] = { ".", "..", "ld.so.cache", NULL };
    static const char *const run_dir[] = { ".", "..", "xauthority", NULL };

    if (missing & SPAWNER_NO_MOUNT)
        return;
    check_entries("", root);
    check_entries("/etc", etc);
    check_entries("/run", run_dir);
}
END_TEST

START_TEST(nothing_can_be_written)
{
    static const char *const paths[] = { "", "/usr", "/etc/ld.so.cache", "/run" };
    struct statvfs fs;
    char path[128];

    if (missing & SPAWNER_NO_MOUNT)
        return;
    for (size_t i = 0; i < OS_ARRAY_LEN(paths); i++) {
        path_of(path, sizeof path, paths[i]);
        ck_assert_msg(statvfs(path, &fs) == 0, "%s", path);
        ck_assert_msg(fs.f_flag & ST_RDONLY, "%s", paths[i]);
        ck_assert_msg(fs.f_flag & ST_NOSUID, "%s", paths[i]);
    }
}
END_TEST

START_TEST(has_the_key_to_the_display)
{
    char path[128], text[16] = "";
    int fd;

    if (missing & SPAWNER_NO_MOUNT)
        return;
    path_of(path, sizeof path, "/run/xauthority");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, text, sizeof text), 7);
    ck_assert_str_eq(text, "biscuit");
    close(fd);
}
END_TEST

static void expect_violation(const char *call, const char *name)
{
    struct run forbidden;

    run_start(spawner, &forbidden, "display", dynamic_fd, call, OS_MIB(8), 4);
    /* its events and those of the driver that waits do not mix: that one is quiet */
    run_finish(spawner, &forbidden);
    ck_assert_msg(forbidden.violated, "%s was not reported", call);
    ck_assert_ptr_nonnull(strstr(forbidden.violation.text, name));
}

START_TEST(drivers_are_bounded_too)
{
    expect_violation("call 41 2 1 0", "system call socket(");           /* the internet */
    expect_violation("call 257 -100 0 0x42", "system call openat(");    /* create a file */
    expect_violation("call 72 3 4 2", "system call fcntl(");            /* let a signal block */
    expect_violation("call 9 0 4096 7 0x22 -1 0", "system call mmap("); /* code that is written */
    expect_violation("call 57", "system call fork(");
}
END_TEST

Suite *world_suite(void)
{
    Suite *suite = suite_create("world");
    TCase *drivers = tcase_create("drivers");

    tcase_add_checked_fixture(drivers, setup, teardown);
    tcase_add_test(drivers, only_what_is_needed);
    tcase_add_test(drivers, nothing_can_be_written);
    tcase_add_test(drivers, has_the_key_to_the_display);
    tcase_add_test(drivers, drivers_are_bounded_too);
    suite_add_tcase(suite, drivers);
    return suite;
}
