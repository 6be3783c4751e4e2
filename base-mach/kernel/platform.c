/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * platform.c: the functions of platform.h that need nothing but the kernel. Apart from what they call, so
 * that unit tests, which bring a platform of their own, have no two of them.
 */
#include <platform/platform.h>
#include <mach_base/startup.h>
#include <mach_base/thread.h>

/* The kernel does not say, and mostly there is only one. */
uint32_t plat_cpu(void)
{
    return PLAT_NO_CPU;
}

os_time plat_clock(void)
{
    return mach_clock_now();
}

void plat_block(_Atomic uint32_t *word, uint32_t expected, os_time deadline)
{
    mach_block(word, expected, deadline);
}

void plat_wake(_Atomic uint32_t *word, uint32_t count)
{
    mach_wake(word, count);
}
