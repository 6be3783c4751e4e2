/* SPDX-License-Identifier: BSD-2-Clause */
/* spin.c: see spin.h. */
#include "spin.h"
#include <platform/platform.h>

enum { ROUNDS_PER_LOOK = 32, MISSES_MAX = 6, INTERRUPTS_MAX = 5 };
_Static_assert((1 << MISSES_MAX) - 1 == SPIN_SKIP_MAX, "each miss doubles what is skipped");

static void pause_a_moment(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

static void missed(struct spin *spin)
{
    if (spin->credit >= SPIN_CREDIT)
        spin->credit = 0;
    if (spin->misses < MISSES_MAX)
        spin->misses++;
    spin->skip = (UINT32_C(1) << spin->misses) - 1;
}

/* Other work wants this processor: the more often in a row, the longer is it left alone. */
static void interrupted(struct spin *spin)
{
    if (spin->credit >= SPIN_CREDIT)
        spin->interrupts = 0;
    else if (spin->interrupts < INTERRUPTS_MAX)
        spin->interrupts++;
    spin->credit = 0;
    spin->skip = (UINT32_C(1) << (2 * spin->interrupts)) - 1;
}

static int look(struct spin *spin)
{
    os_time now = plat_clock();

    if (!spin->start) {
        spin->start = now;
    } else if (now - spin->last > SPIN_INTERRUPTED) {
        interrupted(spin);
        return 0;
    }
    spin->last = now;
    if (now - spin->start < (spin->credit < SPIN_CREDIT ? SPIN_SHORT : SPIN_LONG))
        return 1;
    missed(spin);
    return 0;
}

int spin_on(struct spin *spin)
{
    pause_a_moment();
    return ++spin->rounds % ROUNDS_PER_LOOK || look(spin);
}
