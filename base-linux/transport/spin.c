/* SPDX-License-Identifier: BSD-2-Clause */
/* spin.c: see spin.h. */
#include "spin.h"
#include <platform/platform.h>

enum { ROUNDS_PER_LOOK = 32 };

static int look(struct spin *spin)
{
    os_time now = plat_clock();

    if (!spin->until) {
        spin->until = now + SPIN_SPAN;
    } else if (now - spin->last > SPIN_INTERRUPTED) {
        spin->misses = 6; /* every processor is busy: no more of this for a while */
        spin_lost(spin);
        return 0;
    } else if (now >= spin->until) {
        spin_lost(spin);
        return 0;
    }
    spin->last = now;
    return 1;
}

int spin_on(struct spin *spin)
{
    spin_pause();
    if (++spin->rounds % ROUNDS_PER_LOOK)
        return 1;
    return look(spin);
}
