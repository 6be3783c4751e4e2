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
 * of its processor may be a lie: then the spinning does not succeed, and the budget shrinks to one try in
 * SPIN_SKIP_MAX + 1 waits.
 */
struct spin {
    uint32_t misses; /* tries without success in a row, bounded */
    uint32_t skip;   /* waits without a try from now on */
    /* of the try under way */
    os_time until, last; /* 0: the clock was not read yet */
    uint32_t rounds;
};

enum { SPIN_SKIP_MAX = 63 };

/* About what a wake-up takes at most: that of an idle processor in a virtual machine. */
#define SPIN_SPAN (60 * OS_US)

/* Between two looks at the clock: then somebody else was running here. */
#define SPIN_INTERRUPTED (100 * OS_US)

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

static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* Begins a wait; zero if there is to be no try now. */
static inline int spin_begin(struct spin *spin)
{
    if (spin->skip) {
        spin->skip--;
        return 0;
    }
    spin->rounds = 0;
    spin->until = 0;
    return 1;
}

/* After each look in vain; zero when it has been long enough. */
int spin_on(struct spin *spin);

/* The try was a success. */
static inline void spin_won(struct spin *spin)
{
    spin->misses = 0;
}

/* It was given up for another reason than time. */
static inline void spin_lost(struct spin *spin)
{
    if (spin->misses < 6)
        spin->misses++;
    spin->skip = (UINT32_C(1) << spin->misses) - 1;
}

#endif
