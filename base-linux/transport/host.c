/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c: clock, console and end of the process. */
#include <platform/platform.h>
#include <time.h>
#include <unistd.h>
#include "spin.h"

os_time plat_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now); /* without a system call, by the vDSO */
    return (os_time)now.tv_sec * OS_SEC + (os_time)now.tv_nsec;
}

_Static_assert(CHANNEL_NO_CPU == PLAT_NO_CPU, "there is one way to say that it is not known");

uint32_t plat_cpu(void)
{
    return spin_cpu();
}

void plat_console(const char *text, size_t len)
{
    ssize_t n = write(STDERR_FILENO, text, len);
    (void)n; /* there is no resort after the last */
}

void plat_exit(int status)
{
    _exit(status);
}
