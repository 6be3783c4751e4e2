/* SPDX-License-Identifier: BSD-2-Clause */
/* stack_thread.c: see stack_thread.h. */
#include "stack_thread.h"
#include <os/types.h>
#include <stdatomic.h>

enum { RUNS, HAS_RETURNED, IS_DONE };

enum { ALIGN = 64 };

struct mach_stack_thread *mach_stack_thread_prepare(void *stack, size_t size, void (*entry)(void *arg),
                                                    void *arg)
{
    uintptr_t at = ((uintptr_t)stack + size - sizeof(struct mach_stack_thread)) & ~(uintptr_t)(ALIGN - 1);
    struct mach_stack_thread *thread = (struct mach_stack_thread *)at;

    thread->entry = entry;
    thread->arg = arg;
    return thread;
}

/* The stack pointer is the block's address; calls want it to be a multiple of 16. */
__asm__(
    ".text\n.globl mach_stack_thread_start\n.type mach_stack_thread_start, @function\n"
    "mach_stack_thread_start:\n"
    "\tmovl %esp, %eax\n\txorl %ebp, %ebp\n\tsubl $12, %esp\n\tpushl %eax\n\tcall mach_stack_thread_main\n"
    ".size mach_stack_thread_start, . - mach_stack_thread_start\n");

void mach_stack_thread_main(struct mach_stack_thread *thread) __attribute__((noreturn, used));

void mach_stack_thread_main(struct mach_stack_thread *thread)
{
    mach_thread_init(&thread->block, &thread->reent);
    thread->entry(thread->arg);
    mach_stack_thread_exit(thread);
}

void mach_stack_thread_exit(struct mach_stack_thread *thread)
{
    struct mach_header msg;

    atomic_store(&thread->state, HAS_RETURNED);
    mach_wake(&thread->state, 1);
    /* who waits may have seen it before it was woken; only now no lock is held here that others need */
    atomic_store(&thread->state, IS_DONE);
    for (;;)
        mach_msg(&msg, MACH_RCV_MSG, 0, sizeof(msg), thread->block.reply, 0);
}

void mach_stack_thread_wait(struct mach_stack_thread *thread)
{
    while (atomic_load(&thread->state) == RUNS)
        mach_block(&thread->state, RUNS, OS_NEVER);
    while (atomic_load(&thread->state) != IS_DONE)
        mach_yield(0);
}

void mach_stack_thread_fini(struct mach_stack_thread *thread)
{
    _reclaim_reent(&thread->reent);
}
