/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: the sandbox suites: main [--user] PROBE FIRST CRASH DYNAMIC. With --user they run as an ordinary
 * user, which root can become; another user is one already, and need not do it twice.
 */
#include "sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int probe_fd, first_fd, crash_fd, dynamic_fd;

static int become_user(void)
{
    const uid_t nobody = 65534;

    /* as a login would leave it: the change of the user makes a process undumpable, and its /proc files
     * root's */
    return setgroups(0, NULL) == 0 && setresgid(nobody, nobody, nobody) == 0 &&
                   setresuid(nobody, nobody, nobody) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0
               ? 0
               : -1;
}

static int open_program(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        perror(path);
        exit(1);
    }
    return fd;
}

int main(int argc, char *argv[])
{
    int user = argc > 1 && strcmp(argv[1], "--user") == 0;
    SRunner *runner;

    if (argc != 5 + user) {
        fprintf(stderr, "usage: %s [--user] PROBE FIRST CRASH DYNAMIC\n", argv[0]);
        return 1;
    }
    probe_fd = open_program(argv[1 + user]);
    first_fd = open_program(argv[2 + user]);
    crash_fd = open_program(argv[3 + user]);
    dynamic_fd = open_program(argv[4 + user]);
    if (user && geteuid() != 0) {
        printf("1..0 # SKIP is an ordinary user already\n");
        return 0;
    }
    if (user && become_user() < 0) {
        printf("1..0 # SKIP cannot become another user\n");
        return 0;
    }
    runner = srunner_create(sandbox_suite());
    srunner_add_suite(runner, world_suite());
    srunner_add_suite(runner, fallback_suite());
    srunner_add_suite(runner, profile_suite());
    srunner_add_suite(runner, symbolize_suite());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    user = srunner_ntests_failed(runner);
    srunner_free(runner);
    return user ? 1 : 0;
}
