/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parallel_mach.c: see parallel.h; with threads of the kernel. There is one processor, which the kernel takes
 * away from them anywhere.
 */
#include <check.h>
#include <mach_base/thread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "parallel.h"

enum { STACK = 256 * 1024 };

struct parallel {
    struct mach_own_thread *thread;
};

struct parallel *parallel_start(void (*entry)(void *arg), void *arg)
{
    struct parallel *made = malloc(sizeof(*made));
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(mach_own_thread_create(entry, arg, STACK, &made->thread), OS_OK);
    return made;
}

void parallel_join(struct parallel *parallel)
{
    mach_own_thread_join(parallel->thread);
    free(parallel);
}

int parallel_processors(void)
{
    return 1;
}

struct semaphore {
    _Atomic uint32_t value;
};

struct semaphore *semaphore_create(void)
{
    struct semaphore *made = calloc(1, sizeof(*made));
    ck_assert_ptr_nonnull(made);
    return made;
}

void semaphore_destroy(struct semaphore *semaphore)
{
    free(semaphore);
}

void semaphore_up(struct semaphore *semaphore)
{
    atomic_fetch_add(&semaphore->value, 1);
    mach_wake(&semaphore->value, 1);
}

void semaphore_down(struct semaphore *semaphore)
{
    uint32_t value = atomic_load(&semaphore->value);

    while (!value || !atomic_compare_exchange_weak(&semaphore->value, &value, value - 1)) {
        if (!value)
            mach_block(&semaphore->value, 0, OS_NEVER);
        value = atomic_load(&semaphore->value);
    }
}
