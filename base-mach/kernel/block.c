/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block.c: blocking on a word of memory. A thread that blocks puts itself on a list and waits for a message
 * at a port of its own; whoever wakes it takes it off the list and sends that message, by a send-once right,
 * for which there is always room. The kernel's own way, gsync, needs the task port.
 *
 *     thread that blocks            thread that wakes
 *     ------------------            -----------------
 *     lock                          *word = other
 *     *word == expected?            lock
 *     on the list                   off the list
 *     unlock                        unlock
 *     receive   <-----------------  send
 *
 * The word is looked at under the lock, so either the change is seen, or the thread is on the list before the
 * waking thread looks there. Once off the list, a message is certain, and is waited for.
 */
#include <mach_base/startup.h>
#include <mach_base/thread.h>
#include <stdatomic.h>

enum { LISTS = 32, ID_WAKE = 0x5eed0005 };

struct waiter {
    struct waiter *next;
    _Atomic uint32_t *word;
    mach_port_t port;
    int listed; /* under the list's lock */
};

/* The threads that block on words of one hash, the oldest first. */
static struct list {
    _Atomic uint32_t locked;
    struct waiter *first;
} lists[LISTS];

static struct list *list_of(const _Atomic uint32_t *word)
{
    return &lists[((uintptr_t)word >> 2 ^ (uintptr_t)word >> 7) % LISTS];
}

/* Held for a few instructions; who finds it taken, on the one processor, lets its holder run. */
static void lock(struct list *list)
{
    while (atomic_exchange_explicit(&list->locked, 1, memory_order_acquire))
        mach_yield(0);
}

static void unlock(struct list *list)
{
    atomic_store_explicit(&list->locked, 0, memory_order_release);
}

static void append(struct list *list, struct waiter *waiter)
{
    struct waiter **at = &list->first;

    while (*at)
        at = &(*at)->next;
    *at = waiter;
    waiter->listed = 1;
}

/* Takes WAITER off the list; whether it was there. */
static int take_off(struct list *list, struct waiter *waiter)
{
    struct waiter **at = &list->first;
    int listed;

    lock(list);
    listed = waiter->listed;
    if (listed) {
        while (*at != waiter)
            at = &(*at)->next;
        *at = waiter->next;
    }
    unlock(list);
    return listed;
}

/* Milliseconds for mach_msg until DEADLINE, rounded up; 0 when it has passed. */
static uint32_t time_left(os_time deadline)
{
    const uint32_t longest = 1000 * 3600; /* of one wait */
    os_time now = mach_clock_now();

    if (now >= deadline)
        return 0;
    os_time left = (deadline - now + OS_MS - 1) / OS_MS;
    return left > longest ? longest : (uint32_t)left;
}

/* Whether a message came, within so many milliseconds; 0: however long it takes. */
static int receive(mach_port_t port, uint32_t milliseconds)
{
    struct mach_header msg;
    uint32_t options = milliseconds ? MACH_RCV_MSG | MACH_RCV_TIMEOUT : MACH_RCV_MSG;

    return mach_msg(&msg, options, 0, sizeof(msg), port, milliseconds) == MACH_OK;
}

void mach_block_prepare(void)
{
    struct mach_thread *thread = mach_thread();

    if (!thread->wake)
        thread->wake = mach_reply_port();
}

void mach_block(_Atomic uint32_t *word, uint32_t expected, os_time deadline)
{
    struct mach_thread *thread = mach_thread();
    struct list *list = list_of(word);

    mach_thread_answer(thread);
    mach_block_prepare();
    if (!thread->wake) { /* no room for a port: whoever blocks looks again in a while */
        mach_yield(10);
        return;
    }
    struct waiter waiter = { .word = word, .port = thread->wake };
    lock(list);
    int blocks = atomic_load(word) == expected;
    if (blocks)
        append(list, &waiter);
    unlock(list);
    if (!blocks)
        return;
    /* a tick too early is allowed: whoever blocks looks again */
    uint32_t left = deadline == OS_NEVER ? 0 : time_left(deadline);
    if ((left || deadline == OS_NEVER) && receive(waiter.port, left))
        return;
    if (!take_off(list, &waiter))
        while (!receive(waiter.port, 0))
            ;
}

static void send(mach_port_t port)
{
    struct mach_header msg = {
        .bits = MACH_BITS(MACH_TYPE_MAKE_SEND_ONCE, 0), .size = sizeof(msg), .remote = port, .id = ID_WAKE
    };

    mach_err err;

    /* the kernel may be short of memory for a moment */
    while ((err = mach_msg(&msg, MACH_SEND_MSG, sizeof(msg), 0, MACH_PORT_NULL, 0)) == MACH_SEND_NO_BUFFER ||
           err == MACH_SEND_INTERRUPTED)
        mach_yield(10);
}

/* Takes up to COUNT waiters for WORD off the list and returns them as one of their own. */
static struct waiter *take_waiters(struct list *list, const _Atomic uint32_t *word, uint32_t count)
{
    struct waiter *taken = NULL, **end = &taken, **at = &list->first;

    while (*at && count) {
        struct waiter *waiter = *at;
        if (waiter->word != word) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->listed = 0;
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
        count--;
    }
    return taken;
}

void mach_wake(_Atomic uint32_t *word, uint32_t count)
{
    struct list *list = list_of(word);

    mach_thread_answer(mach_thread());
    lock(list);
    struct waiter *waiter = take_waiters(list, word, count);
    unlock(list);
    while (waiter) {
        struct waiter *next = waiter->next; /* it is gone as soon as it has the message */
        send(waiter->port);
        waiter = next;
    }
}
