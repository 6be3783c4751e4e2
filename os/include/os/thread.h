/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h: further threads, and the locks between them. Most components need neither: the entrypoint
 * delivers one thing at a time.
 */
#ifndef OS_THREAD_H
#define OS_THREAD_H

#include <os/types.h>

struct plat_thread;

struct os_thread {
    struct plat_thread *plat;
    void (*entry)(struct os_thread *thread);
};

/* Runs ENTRY on a thread with STACK bytes of stack (0: 64 KiB). Errors: OS_ERR_THREADS, OS_ERR_RAM. */
OS_MUST_CHECK os_err os_thread_start(struct os_thread *thread, void (*entry)(struct os_thread *thread),
                                     size_t stack);

/* Waits until entry has returned and gives everything back. Zeroed is fine. */
void os_thread_join(struct os_thread *thread);

/* A lock; zeroed is unlocked. Not recursive. */
struct os_mutex {
    _Atomic uint32_t state;
};
void os_mutex_lock(struct os_mutex *mutex);
void os_mutex_unlock(struct os_mutex *mutex);

/* A counting semaphore; zeroed has count 0. */
struct os_semaphore {
    _Atomic uint32_t count;
    _Atomic uint32_t waiters;
};
void os_semaphore_up(struct os_semaphore *semaphore);
/* Takes one, waiting until DEADLINE; OS_ERR_DEADLINE. */
OS_MUST_CHECK os_err os_semaphore_down(struct os_semaphore *semaphore, os_time deadline);

#endif
