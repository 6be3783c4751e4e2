/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leak.h: a fixture for Check that fails a test which leaves a descriptor open. Add it before all others, so
 * that it is set up first and torn down last:
 *
 *     tcase_add_checked_fixture(tc, leak_setup, leak_teardown);
 */
#ifndef RUNNER_LEAK_H
#define RUNNER_LEAK_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LEAK_MAX = 1024 };

static unsigned char leak_open_before[LEAK_MAX];

/* Writes to OPEN which descriptors below LEAK_MAX are open. Those above are the test tools' own. */
static inline void leak_look(unsigned char open[LEAK_MAX])
{
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    for (int fd = 0; fd < LEAK_MAX; fd++)
        open[fd] = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        int fd = entry->d_name[0] == '.' ? LEAK_MAX : atoi(entry->d_name);
        if (fd < LEAK_MAX && fd != dirfd(dir))
            open[fd] = 1;
    }
    closedir(dir);
}

static inline void leak_setup(void)
{
    leak_look(leak_open_before);
}

static inline void leak_teardown(void)
{
    unsigned char open[LEAK_MAX];
    char path[32], target[128], leaked[512] = "";
    size_t len = 0;
    leak_look(open);
    for (int fd = 0; fd < LEAK_MAX; fd++) {
        if (open[fd] == leak_open_before[fd])
            continue;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t n = open[fd] ? readlink(path, target, sizeof(target) - 1) : 0;
        target[n < 0 ? 0 : n] = 0;
        if (len < sizeof(leaked))
            len += (size_t)snprintf(leaked + len, sizeof(leaked) - len, " %d %s", fd,
                                    open[fd] ? target : "(closed, but not opened by the test)");
    }
    ck_assert_msg(!len, "descriptors left open:%s", leaked);
}

#endif
