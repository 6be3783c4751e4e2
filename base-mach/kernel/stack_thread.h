/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack_thread.h: a further thread, whose block and C library state lie at the top of its stack. Made by
 * own_thread.c in programs that hold their task port, and by the runtime in components. Private to base-mach.
 */
#ifndef KERNEL_STACK_THREAD_H
#define KERNEL_STACK_THREAD_H

#include <reent.h>
#include <stddef.h>
#include <mach_base/thread.h>

struct mach_stack_thread {
    struct mach_thread block;
    struct _reent reent;
    void (*entry)(void *arg);
    void *arg;
    _Atomic uint32_t state;
};

/*
 * Puts the block of a thread that is to run ENTRY with ARG at the end of the SIZE bytes of zeroed memory at
 * STACK. The thread then starts at mach_stack_thread_start, with the block's address as its stack pointer.
 */
struct mach_stack_thread *mach_stack_thread_prepare(void *stack, size_t size, void (*entry)(void *arg),
                                                    void *arg);
extern const char mach_stack_thread_start[];

/* In THREAD itself: ends it as if its entry had returned. */
void mach_stack_thread_exit(struct mach_stack_thread *thread) __attribute__((noreturn));

/* Waits until the thread's entry has returned. From then on it does nothing any more, and is to be ended. */
void mach_stack_thread_wait(struct mach_stack_thread *thread);

/* After it was ended: gives back what the C library holds for it. Its ports are the caller's to destroy. */
void mach_stack_thread_fini(struct mach_stack_thread *thread);

#endif
