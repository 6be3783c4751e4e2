/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c: threads. Their number is bounded from outside, by RLIMIT_NPROC. */
#include "internal.h"
#include <errno.h>
#include <limits.h>

/* Bytes for a handler of faults, which must run when the stack is used up: the far end of the same stack. */
enum { SIGNAL_STACK = 16 * 1024 };

struct plat_thread {
    pthread_t thread;
    void (*entry)(void *arg);
    void *arg;
};

static struct pool thread_pool = { .size = sizeof(struct plat_thread) };

static void *run(void *arg)
{
    struct plat_thread *thread = arg;
    char signal_stack[SIGNAL_STACK];

    if (transport_hooks->thread_begins)
        transport_hooks->thread_begins(signal_stack, sizeof(signal_stack));
    thread->entry(thread->arg);
    return NULL;
}

os_err plat_thread_create(void (*entry)(void *arg), void *arg, size_t stack, struct plat_thread **thread)
{
    struct plat_thread *t = pool_get(&thread_pool);
    pthread_attr_t attr;

    if (!t)
        return OS_ERR_NO_MEMORY;
    *t = (struct plat_thread){ .entry = entry, .arg = arg };
    stack = (stack + SIGNAL_STACK + OS_PAGE_SIZE - 1) & ~(size_t)(OS_PAGE_SIZE - 1);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, stack + (size_t)PTHREAD_STACK_MIN);
    int error = pthread_create(&t->thread, &attr, run, t);
    pthread_attr_destroy(&attr);
    if (error) {
        pool_put(&thread_pool, t);
        return error == EAGAIN ? OS_ERR_THREADS : OS_ERR_RAM;
    }
    *thread = t;
    return OS_OK;
}

void plat_thread_join(struct plat_thread *thread)
{
    pthread_join(thread->thread, NULL);
    pool_put(&thread_pool, thread);
}
