/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c: threads, of which one runs at a time, and the virtual clock. The running thread holds the host's
 * lock as long as it runs; it gives way only where it waits, to the first in the queue of those that are
 * ready. So all state of this platform belongs to whoever runs.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Where the clock starts: neither 0, nor a point that a span could be taken for. */
#define CLOCK_START (1000 * OS_SEC)

/* Sanitizers and printf need more stack than a component asks for. */
#define MIN_STACK (512 * 1024)

static struct plat_thread *running; /* NULL while only threads outside run */
static struct os_list threads = { &threads, &threads };
static struct os_list ready = { &ready, &ready };
static struct os_list alarms = { &alarms, &alarms };
static uint32_t outside; /* threads between inproc_release and inproc_acquire */
static uint64_t waits;   /* counts waits, for their order */
static os_time clock_now = CLOCK_START;
static const char idlers = 0; /* channel of inproc_idle */

static void say(const char *format, va_list args)
{
    char text[512], line[sizeof(text) + 16];
    vsnprintf(text, sizeof(text), format, args);
    int len = snprintf(line, sizeof(line), "inproc: %s\n", text);
    host_write(2, line, (size_t)len);
}

void inproc_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void inproc_stop(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    abort();
}

void *inproc_zalloc(size_t size)
{
    void *at = calloc(1, size);
    if (!at)
        inproc_stop("out of memory");
    return at;
}

static void thread_init(struct plat_thread *thread, struct holder *holder)
{
    os_list_init(&thread->ready);
    os_list_insert(&threads, &thread->link);
    thread->deadline = OS_NEVER;
    thread->holder = holder;
}

/* The thread that is not known yet is the test's, and there is one. */
struct plat_thread *sched_self(void)
{
    static struct plat_thread main_thread;
    struct plat_thread *self = host_self();
    if (self)
        return self;
    if (main_thread.known)
        inproc_stop("a thread that was not made with os_thread_start calls");
    host_lock();
    holder_init(&holder_test, NULL);
    holder_init(&holder_mock, NULL);
    main_thread.known = 1;
    thread_init(&main_thread, &holder_test);
    main_thread.host = host_thread_first();
    running = &main_thread;
    host_set_self(&main_thread);
    return &main_thread;
}

/* ---- choosing who runs */

static void make_ready(struct plat_thread *thread, enum wake wake)
{
    if (!thread->channel)
        return;
    thread->channel = NULL;
    thread->wake = wake;
    thread->calling = 0;
    thread->deadline = OS_NEVER;
    os_list_insert(&ready, &thread->ready);
}

/* The thread that waits on CHANNEL for longest, or NULL. */
static struct plat_thread *waits_on(const void *channel)
{
    struct plat_thread *first = NULL;
    OS_LIST_FOR_EACH (link, &threads) {
        struct plat_thread *thread = OS_CONTAINER_OF(link, struct plat_thread, link);
        if (thread->channel == channel && (!first || thread->since < first->since))
            first = thread;
    }
    return first;
}

void sched_wake(const void *channel, uint32_t count)
{
    struct plat_thread *thread;
    while (count-- && (thread = waits_on(channel)))
        make_ready(thread, WAKE_EVENT);
}

static os_time next_due(void)
{
    os_time due = OS_NEVER;
    OS_LIST_FOR_EACH (link, &threads) {
        struct plat_thread *thread = OS_CONTAINER_OF(link, struct plat_thread, link);
        if (thread->channel && thread->deadline < due)
            due = thread->deadline;
    }
    OS_LIST_FOR_EACH (link, &alarms) {
        struct alarm *alarm = OS_CONTAINER_OF(link, struct alarm, link);
        if (alarm->at < due)
            due = alarm->at;
    }
    return due;
}

static struct alarm *due_alarm(void)
{
    OS_LIST_FOR_EACH (link, &alarms) {
        struct alarm *alarm = OS_CONTAINER_OF(link, struct alarm, link);
        if (alarm->at <= clock_now)
            return alarm;
    }
    return NULL;
}

static void set_clock(os_time now)
{
    struct alarm *alarm;
    if (now > clock_now)
        clock_now = now;
    OS_LIST_FOR_EACH (link, &threads) {
        struct plat_thread *thread = OS_CONTAINER_OF(link, struct plat_thread, link);
        if (thread->channel && thread->deadline <= clock_now)
            make_ready(thread, WAKE_TIME);
    }
    while ((alarm = due_alarm())) {
        alarm_clear(alarm);
        alarm->fire(alarm);
    }
}

static struct plat_thread *youngest_call(void)
{
    struct plat_thread *found = NULL;
    OS_LIST_FOR_EACH (link, &threads) {
        struct plat_thread *thread = OS_CONTAINER_OF(link, struct plat_thread, link);
        if (thread->channel && thread->calling && (!found || thread->since > found->since))
            found = thread;
    }
    return found;
}

static void stop_for_ever(void)
{
    OS_LIST_FOR_EACH (link, &threads) {
        struct plat_thread *thread = OS_CONTAINER_OF(link, struct plat_thread, link);
        if (thread->channel)
            inproc_say("a thread waits for %s", thread->why);
    }
    inproc_stop("all threads wait, and nothing can end it");
}

/* Nobody is ready: makes somebody so, in the order that inproc.h describes. */
static void make_progress(void)
{
    struct plat_thread *thread;
    os_time due;
    if ((thread = waits_on(&idlers)))
        make_ready(thread, WAKE_EVENT);
    else if ((due = next_due()) != OS_NEVER)
        set_clock(due);
    else if ((thread = youngest_call()))
        make_ready(thread, WAKE_DEADLOCK);
    else
        stop_for_ever();
}

/* Hands over to the next thread that is ready; with threads outside there may be none for now. */
static void give_way(void)
{
    while (os_list_empty(&ready) && !outside)
        make_progress();
    running = NULL;
    if (os_list_empty(&ready))
        return;
    running = OS_CONTAINER_OF(ready.next, struct plat_thread, ready);
    os_list_remove(&running->ready);
    host_turn_give(running->host);
}

static void await_turn(struct plat_thread *me)
{
    while (running != me)
        host_turn_await(me->host);
}

enum wake sched_wait(const void *channel, const char *why, os_time deadline, int calling)
{
    struct plat_thread *me = sched_self();
    if (me->killed)
        return WAKE_KILL;
    me->channel = channel;
    me->why = why;
    me->deadline = deadline;
    me->calling = calling;
    me->since = ++waits;
    give_way();
    await_turn(me);
    return me->killed ? WAKE_KILL : me->wake;
}

void inproc_yield(void)
{
    struct plat_thread *me = sched_self();
    os_list_insert(&ready, &me->ready);
    give_way();
    await_turn(me);
    if (me->killed)
        sched_leave();
}

void inproc_release(void)
{
    struct plat_thread *me = sched_self();
    me->outside = 1;
    outside++;
    give_way();
    host_unlock();
}

void inproc_acquire(void)
{
    struct plat_thread *me = host_self();
    host_lock();
    me->outside = 0;
    outside--;
    os_list_insert(&ready, &me->ready);
    if (!running)
        give_way();
    await_turn(me);
}

/* Functions that a thread outside may call come in for as long as they take. */
static int come_in(void)
{
    int was_outside = sched_self()->outside;
    if (was_outside)
        inproc_acquire();
    return was_outside;
}

static void go_out(int was_outside)
{
    if (was_outside)
        inproc_release();
}

/* ---- threads */

void sched_leave(void)
{
    struct plat_thread *me = sched_self();
    me->ended = 1;
    sched_wake(me, 1);
    give_way();
    host_unlock();
    host_thread_exit();
}

static void thread_main(void *arg)
{
    struct plat_thread *me = arg;
    host_set_self(me);
    host_lock();
    await_turn(me);
    if (!me->killed)
        me->entry(me->arg);
    sched_leave();
}

struct plat_thread *sched_start(void (*entry)(void *arg), void *arg, size_t stack, struct holder *holder)
{
    struct plat_thread *thread = inproc_zalloc(sizeof(*thread));
    sched_self();
    thread_init(thread, holder);
    thread->entry = entry;
    thread->arg = arg;
    const char *error =
        host_thread_start(thread_main, thread, stack < MIN_STACK ? MIN_STACK : stack, &thread->host);
    if (error)
        inproc_stop("no thread: %s", error);
    os_list_insert(&ready, &thread->ready);
    return thread;
}

static void reap(struct plat_thread *thread)
{
    while (!thread->ended)
        if (sched_wait(thread, "the end of a thread", OS_NEVER, 0) == WAKE_KILL)
            sched_leave();
    /* It needs the lock no more but to unlock it. */
    host_unlock();
    host_thread_join(thread->host);
    host_lock();
    os_list_remove(&thread->link);
    free(thread);
}

void sched_kill(struct plat_thread *thread)
{
    thread->killed = 1;
    if (thread == sched_self())
        return;
    if (!thread->ended)
        make_ready(thread, WAKE_KILL);
    reap(thread);
}

static struct plat_thread *other_thread_of(const struct holder *holder)
{
    OS_LIST_FOR_EACH (link, &threads) {
        struct plat_thread *thread = OS_CONTAINER_OF(link, struct plat_thread, link);
        if (thread->holder == holder && thread != sched_self())
            return thread;
    }
    return NULL;
}

void sched_kill_holder(struct holder *holder)
{
    struct plat_thread *thread;
    while ((thread = other_thread_of(holder)))
        sched_kill(thread);
}

os_err plat_thread_create(void (*entry)(void *arg), void *arg, size_t stack, struct plat_thread **thread)
{
    int out = come_in();
    os_err err = fault_take(INPROC_FAIL_THREAD);
    if (!err)
        *thread = sched_start(entry, arg, stack, sched_self()->holder);
    go_out(out);
    return err;
}

void plat_thread_join(struct plat_thread *thread)
{
    int out = come_in();
    reap(thread);
    go_out(out);
}

void plat_block(_Atomic uint32_t *word, uint32_t expected, os_time deadline)
{
    int out = come_in();
    if (atomic_load(word) == expected && clock_now < deadline)
        if (sched_wait(word, "a wake-up", deadline, 0) == WAKE_KILL)
            sched_leave();
    go_out(out);
}

void plat_wake(_Atomic uint32_t *word, uint32_t count)
{
    int out = come_in();
    sched_wake(word, count);
    go_out(out);
}

/* ---- time */

static uint32_t cpu = PLAT_NO_CPU;

void inproc_set_cpu(uint32_t number)
{
    cpu = number;
}

uint32_t plat_cpu(void)
{
    return cpu;
}

os_time plat_clock(void)
{
    int out = come_in();
    os_time now = clock_now;
    go_out(out);
    return now;
}

void alarm_set(struct alarm *alarm, os_time at)
{
    alarm_clear(alarm);
    if (at == OS_NEVER)
        return;
    alarm->at = at;
    os_list_insert(&alarms, &alarm->link);
    if (at <= clock_now) {
        alarm_clear(alarm);
        alarm->fire(alarm);
    }
}

void alarm_clear(struct alarm *alarm)
{
    if (alarm->link.next)
        os_list_remove(&alarm->link);
}

void inproc_idle(void)
{
    if (sched_wait(&idlers, "the others to be idle", OS_NEVER, 0) == WAKE_KILL)
        sched_leave();
}

void inproc_advance(os_time ns)
{
    os_time until = clock_now + ns, due;
    inproc_idle();
    while ((due = next_due()) <= until && due != OS_NEVER) {
        set_clock(due);
        inproc_idle();
    }
    set_clock(until);
    inproc_idle();
}
