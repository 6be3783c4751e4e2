/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h: what each thread has of its own: a block that %gs leads to, with the C library's state and the
 * ports on which this thread waits. In every program: core, components, and tests without core.
 */
#ifndef MACH_BASE_THREAD_H
#define MACH_BASE_THREAD_H

#include <os/types.h>
#include "kernel.h"

struct _reent; /* of newlib */

struct mach_thread {
    struct mach_thread *self; /* must be first: %gs:0 */
    mach_port_t reply;        /* receive right for replies; 0: to be made at the next call */
    mach_port_t wake;         /* receive right that plat_block waits at; 0: to be made */
    struct _reent *reent;
    void *private[4]; /* of the runtime */
};

static inline struct mach_thread *mach_thread(void)
{
    struct mach_thread *thread;
    __asm__("movl %%gs:0, %0" : "=r"(thread));
    return thread;
}

/*
 * Makes THREAD, zeroed memory that stays as long as the thread runs, and with it REENT the block of the calling
 * thread. Called before anything of the C library or the platform.
 */
void mach_thread_init(struct mach_thread *thread, struct _reent *reent);

/* The first thread's, static memory. Called once, first of all, by every program's entry. */
void mach_first_thread_init(void);

#endif
