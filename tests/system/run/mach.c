/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mach.c: components are tasks in an emulated machine; tests ask core for what they want, through the
 * launcher's stdin and the machine's line to its host (base-mach/core/host.c).
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"

int run_on_mach(void)
{
    return 1;
}

int run_platform_start(struct run *run)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    run->wishes = ends[0];
    return ends[1];
}

void run_platform_end(struct run *run)
{
    close(run->wishes);
}

void run_kill(struct run *run, const char *label)
{
    char wish[128];
    /* the launcher: its machine ends with it */
    if (strcmp(label, "core") == 0) {
        run_signal(run, SIGKILL);
        return;
    }
    int len = snprintf(wish, sizeof(wish), "kill %s\n", label);
    ck_assert_int_lt(len, (int)sizeof(wish));
    ck_assert_int_eq(send(run->wishes, wish, (size_t)len, MSG_NOSIGNAL), len);
}

unsigned run_held(struct run *run, const char *label)
{
    (void)run;
    (void)label;
    return 0;
}

unsigned run_memory(struct run *run, const char *label)
{
    (void)run;
    (void)label;
    return 0;
}
