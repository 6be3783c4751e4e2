/* SPDX-License-Identifier: BSD-2-Clause */
/* locks.c: the locks that newlib asks for. All of them are recursive, whether it asks for that or not. */
#include <sys/lock.h>
#include <mach_base/thread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* State of a lock: nobody, one holder, one holder and perhaps others that block; see os/lib/thread.c. */
enum { FREE, HELD, CONTENDED };

struct __lock {
    _Atomic uint32_t state;
    struct mach_thread *_Atomic holder;
    uint32_t depth;
};

/* newlib's own; all of them, or it brings its own that do nothing. */
struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex, __lock___atexit_recursive_mutex,
    __lock___malloc_recursive_mutex, __lock___env_recursive_mutex, __lock___at_quick_exit_mutex,
    __lock___tz_mutex, __lock___dd_hash_mutex, __lock___arc4random_mutex;

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(**lock)); /* if there is no memory, there is no lock */
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}

static int try(_LOCK_T lock, uint32_t state)
{
    uint32_t before = FREE;

    if (state == CONTENDED)
        before = atomic_exchange(&lock->state, CONTENDED);
    else
        atomic_compare_exchange_strong(&lock->state, &before, HELD);
    if (before != FREE)
        return 0;
    atomic_store(&lock->holder, mach_thread());
    lock->depth = 1;
    return 1;
}

static int is_mine(_LOCK_T lock)
{
    if (atomic_load(&lock->holder) != mach_thread())
        return 0;
    lock->depth++;
    return 1;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    if (!lock || is_mine(lock) || try(lock, HELD))
        return;
    while (!try(lock, CONTENDED))
        mach_block(&lock->state, CONTENDED, OS_NEVER);
}

/* Non-zero: it is another's. */
int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return lock && !is_mine(lock) && !try(lock, HELD);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (!lock || --lock->depth)
        return;
    atomic_store(&lock->holder, NULL);
    if (atomic_exchange(&lock->state, FREE) == CONTENDED)
        mach_wake(&lock->state, 1);
}

void __retarget_lock_init(_LOCK_T *lock) __attribute__((alias("__retarget_lock_init_recursive")));
void __retarget_lock_close(_LOCK_T lock) __attribute__((alias("__retarget_lock_close_recursive")));
void __retarget_lock_acquire(_LOCK_T lock) __attribute__((alias("__retarget_lock_acquire_recursive")));
int __retarget_lock_try_acquire(_LOCK_T lock) __attribute__((alias("__retarget_lock_try_acquire_recursive")));
void __retarget_lock_release(_LOCK_T lock) __attribute__((alias("__retarget_lock_release_recursive")));
