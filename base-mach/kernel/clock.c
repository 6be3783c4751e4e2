/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: the time from the processor's time stamp counter, which core has calibrated; no kernel call. */
#include <mach_base/startup.h>

static struct mach_clock clock;

void mach_clock_set(const struct mach_clock *calibrated)
{
    clock = *calibrated;
}

uint64_t mach_clock_now(void)
{
    uint64_t ticks = __builtin_ia32_rdtsc() - clock.base;

    /* 64 by 32 bits in two halves: the product has 96 */
    return ((ticks >> 32) * clock.mult << (32 - clock.shift)) +
           ((uint64_t)(uint32_t)ticks * clock.mult >> clock.shift);
}
