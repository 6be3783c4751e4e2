/* SPDX-License-Identifier: BSD-2-Clause */
/* leak.c: see leak.h. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "leak.h"

enum { FDS = 1024 }; /* descriptors from here on are the test tools' own, such as valgrind's */

static unsigned char before[FDS]; /* 1: open */

static void look(unsigned char open[FDS])
{
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    memset(open, 0, FDS);
    for (struct dirent *entry; (entry = readdir(dir));) {
        int fd = entry->d_name[0] == '.' ? FDS : atoi(entry->d_name);
        if (fd < FDS && fd != dirfd(dir))
            open[fd] = 1;
    }
    closedir(dir);
}

void leak_mark(void)
{
    look(before);
}

static void compare(void)
{
    unsigned char open[FDS];
    char path[32], target[128], leaked[512] = "";
    size_t len = 0;
    look(open);
    for (int fd = 0; fd < FDS; fd++) {
        if (open[fd] == before[fd])
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

/* The linker's --wrap turns calls of tcase_create into calls of this. */
TCase *__wrap_tcase_create(const char *name);
TCase *__real_tcase_create(const char *name);

TCase *__wrap_tcase_create(const char *name)
{
    TCase *tcase = __real_tcase_create(name);
    tcase_add_checked_fixture(tcase, leak_mark, compare);
    return tcase;
}
