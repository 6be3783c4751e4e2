/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c: threads, and locks that enter the kernel only when somebody has to wait. */
#include <assert.h>
#include <stdatomic.h>

#include <os/thread.h>
#include <platform/platform.h>

static void run(void *arg)
{
    struct os_thread *thread = arg;
    thread->entry(thread);
}

os_err os_thread_start(struct os_thread *thread, void (*entry)(struct os_thread *thread), size_t stack)
{
    struct plat_thread *plat;
    thread->entry = entry;
    thread->plat = NULL;
    os_err err = plat_thread_create(run, thread, stack ? stack : OS_KIB(64), &plat);
    if (!err)
        thread->plat = plat;
    return err;
}

void os_thread_join(struct os_thread *thread)
{
    if (thread->plat)
        plat_thread_join(thread->plat);
    thread->plat = NULL;
}

/* State of a mutex: nobody, one holder, one holder and perhaps others that block. */
enum { FREE, HELD, CONTENDED };

void os_mutex_lock(struct os_mutex *mutex)
{
    uint32_t state = FREE;
    if (atomic_compare_exchange_strong_explicit(&mutex->state, &state, HELD, memory_order_acquire,
                                                memory_order_relaxed))
        return;
    /* Whoever had to wait leaves CONTENDED behind, since it cannot know whether others wait as well. */
    while (atomic_exchange_explicit(&mutex->state, CONTENDED, memory_order_acquire) != FREE)
        plat_block(&mutex->state, CONTENDED, OS_NEVER);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    uint32_t before = atomic_exchange_explicit(&mutex->state, FREE, memory_order_release);
    assert(before != FREE);
    if (before == CONTENDED)
        plat_wake(&mutex->state, 1);
}

void os_semaphore_up(struct os_semaphore *semaphore)
{
    atomic_fetch_add(&semaphore->count, 1);
    if (atomic_load(&semaphore->waiters))
        plat_wake(&semaphore->count, 1);
}

static int take_one(struct os_semaphore *semaphore)
{
    uint32_t count = atomic_load(&semaphore->count);
    while (count)
        if (atomic_compare_exchange_weak(&semaphore->count, &count, count - 1))
            return 1;
    return 0;
}

os_err os_semaphore_down(struct os_semaphore *semaphore, os_time deadline)
{
    os_err err = OS_OK;
    if (take_one(semaphore))
        return OS_OK;
    atomic_fetch_add(&semaphore->waiters, 1);
    while (!take_one(semaphore)) {
        if (deadline != OS_NEVER && plat_clock() >= deadline) {
            err = OS_ERR_DEADLINE;
            break;
        }
        plat_block(&semaphore->count, 0, deadline);
    }
    atomic_fetch_sub(&semaphore->waiters, 1);
    return err;
}
