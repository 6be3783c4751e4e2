/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin.h: whether it pays to look for an answer for a while before sleeping. It does while the other side
 * runs on another processor and answers within about the time that a wake-up takes. It never does when both
 * share a processor, or when other work waits for this one.
 */
#ifndef TRANSPORT_SPIN_H
#define TRANSPORT_SPIN_H

#include <os/types.h>
#include <sys/rseq.h>
#include "channel.h"

/*
 * One wait after the other by the same thread, for the same peer or the same set of peers. What the peer says
 * of its processor may be a lie: then the spinning does not succeed, and the budget shrinks to one short try
 * in SPIN_SKIP_MAX + 1 waits and a long one in SPIN_CREDIT.
 */
struct spin {
    uint32_t misses;     /* short tries without success in a row, bounded */
    uint32_t interrupts; /* tries during which others ran here, lately, bounded */
    uint32_t skip;       /* waits without a try from now on */
    uint32_t credit;     /* waits since a long try without success */
    uint32_t rounds;     /* of the try under way */
    os_time start, last; /* looks at the clock during the try; 0: not yet */
};

enum { SPIN_SKIP_MAX = 63, SPIN_CREDIT = 2000 };

/*
 * What a try may last: about what it takes to wake up an idle processor of a virtual machine. Now and then it
 * may last until a host has moved the peer's virtual processor away from ours, on which its wake-up has put
 * it; it pays because it is not slept again soon (docs/performance.md).
 */
enum { SPIN_SHORT = 50 * OS_US, SPIN_LONG = OS_MS };

/* Between two looks at the clock: then somebody else was running here. */
enum { SPIN_INTERRUPTED = 50 * OS_US };

/* The processor that this thread runs on, or CHANNEL_NO_CPU. One load. */
static inline uint32_t spin_cpu(void)
{
    const char *thread = __builtin_thread_pointer();
    const struct rseq *rseq = (const void *)(thread + __rseq_offset);
    return __rseq_size ? *(const volatile uint32_t *)&rseq->cpu_id : CHANNEL_NO_CPU;
}

/* Whether a peer that says it runs on CPU runs elsewhere, as far as we know. */
static inline int spin_elsewhere(uint32_t cpu)
{
    uint32_t own = spin_cpu();
    return (int32_t)own >= 0 && (int32_t)cpu >= 0 && cpu != own;
}

/* Begins a wait; zero if there is to be no try now. */
static inline int spin_begin(struct spin *spin)
{
    spin->credit++;
    if (spin->skip && spin->credit < SPIN_CREDIT) {
        spin->skip--;
        return 0;
    }
    spin->rounds = 0;
    spin->start = 0;
    return 1;
}

/* Pauses, after each look in vain; zero when it has been long enough. */
int spin_on(struct spin *spin);

/* What was waited for has come during the try. */
static inline void spin_won(struct spin *spin)
{
    spin->misses = spin->skip = 0;
}

#endif
