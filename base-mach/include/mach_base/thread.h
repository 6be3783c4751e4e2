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
    struct mach_thread *self;  /* must be first: %gs:0 */
    mach_port_t reply;         /* receive right for replies; 0: to be made at the next call */
    mach_port_t wake;          /* receive right that plat_block waits at; 0: to be made */
    struct plat_ep *answering; /* the transport's: an answer of this thread waits there to be sent, or NULL */
    void (*answer)(struct mach_thread *thread); /* sends it */
    struct _reent *reent;
    void *private[4]; /* of the runtime */
};

static inline struct mach_thread *mach_thread(void)
{
    struct mach_thread *thread;
    __asm__("movl %%gs:0, %0" : "=r"(thread));
    return thread;
}

/* Before THREAD waits for another one, which may wait for who waits for the answer. */
static inline void mach_thread_answer(struct mach_thread *thread)
{
    if (thread->answering)
        thread->answer(thread);
}

/*
 * Makes THREAD, zeroed memory that stays as long as the thread runs, and with it REENT the block of the
 * calling thread. Called before anything of the C library or the platform.
 */
void mach_thread_init(struct mach_thread *thread, struct _reent *reent);

/* The first thread's, static memory. Called once, first of all, by every program's entry. */
void mach_first_thread_init(void);

/* Makes the port that the calling thread waits at when it blocks, which else is made when it first does. */
void mach_block_prepare(void);

/* As plat_block and plat_wake, which are these. */
void mach_block(_Atomic uint32_t *word, uint32_t expected, os_time deadline);
void mach_wake(_Atomic uint32_t *word, uint32_t count);

/*
 * As plat_thread_create and plat_thread_join, for programs that hold their task port: core, and tests without
 * core. (Components: base-mach/runtime/thread.c.)
 */
struct mach_own_thread;
os_err mach_own_thread_create(void (*entry)(void *arg), void *arg, size_t stack,
                              struct mach_own_thread **thread);
void mach_own_thread_join(struct mach_own_thread *thread);

#endif
