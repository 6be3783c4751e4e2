/* SPDX-License-Identifier: BSD-2-Clause */
/* block.c: blocking on a word of memory, with a futex of this process. */
#include <platform/platform.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void plat_block(_Atomic uint32_t *word, uint32_t expected, os_time deadline)
{
    /* WAIT_BITSET is the one whose time-out is a point of the monotonic clock */
    struct timespec at = { (time_t)(deadline / OS_SEC), (long)(deadline % OS_SEC) };

    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline == OS_NEVER ? NULL : &at, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

void plat_wake(_Atomic uint32_t *word, uint32_t count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count);
}
