/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.h: time-outs, by way of a Timer session. One session serves all time-outs of an entrypoint; nothing
 * wakes up while none is due.
 */
#ifndef OS_TIMER_H
#define OS_TIMER_H

#include <os/session.h>
#include <os/signal.h>
#include <os/watch.h>

/*
 * now: nanoseconds since the timer's start; the timer of a test may run on virtual time.
 * trigger_at: the signal is submitted once, at that point of the timer's time or soon after; OS_NEVER
 * cancels. A second call replaces the first. sigh: who is signalled.
 */
#define OS_TIMER_RPC(FN, I)                                                                                  \
    FN(I, now, (out, os_time, now))                                                                          \
    FN(I, trigger_at, (in, os_time, at))                                                                     \
    FN(I, sigh, (in, os_cap(os_signal), handler))
OS_RPC_INTERFACE(os_timer, OS_TIMER_RPC)
OS_SESSION(os_timer, "Timer", OS_KIB(16), 4)

/*
 * A connection to the timer with any number of time-outs, all at one entrypoint. Zeroed means none.
 *
 * It outlives its timer: when that ends, a session at the next one is opened, and what was armed comes when
 * it would have come, or late by the time that passed without a timer. The entrypoint waits for the new
 * timer. If there is none, what was armed does not come, and whoever arms a time-out is told, or has found a
 * timer again.
 */
struct os_timeouts {
    struct os_env *env;
    struct os_timer_session session; /* closed while there is no timer */
    struct os_watch watch;           /* of the session */
    struct os_signal_handler handler;
    os_signal_cap signal;      /* to handler; owned, to be given to the next timer too */
    struct os_list armed_list; /* of struct os_timeout, sorted by due */
    os_time armed;             /* what the session was told last */
    os_time base;              /* the session's time 0 in the time of these time-outs */
    os_time seen, seen_at;     /* the time that was got last, and the clock then */
};

/* A time-out; memory of the caller's. A one-shot or, with a period, a repeated one. */
struct os_timeout {
    struct os_list link;
    struct os_timeouts *timer;
    void (*handle)(struct os_timeout *timeout); /* may arm, disarm and free it */
    os_time due;                                /* as of os_timeouts_now; OS_NEVER when not armed */
    os_time period;                             /* ns; 0 for one-shot */
};

OS_MUST_CHECK os_err os_timeouts_open(struct os_timeouts *timeouts, struct os_env *env,
                                      struct os_entrypoint *ep);
void os_timeouts_close(struct os_timeouts *timeouts);

/* The time of the first timer; it goes on with the next one. */
OS_MUST_CHECK os_err os_timeouts_now(struct os_timeouts *timeouts, os_time *now);

void os_timeout_init(struct os_timeout *timeout, struct os_timeouts *timeouts,
                     void (*handle)(struct os_timeout *timeout));

/* Handle is called once, AFTER ns from now or soon after; replaces what was armed. */
OS_MUST_CHECK os_err os_timeout_arm(struct os_timeout *timeout, os_time after);

/* Handle is called every PERIOD ns, without drift; a late one is not made up for. */
OS_MUST_CHECK os_err os_timeout_repeat(struct os_timeout *timeout, os_time period);

/* Not armed afterwards; nothing happens when it was not. */
void os_timeout_disarm(struct os_timeout *timeout);

#endif
