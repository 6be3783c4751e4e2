/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c: many time-outs on one Timer session. The armed ones are sorted; the session is told of the first
 * only, and only when it changes.
 */
#include <os/timer.h>

static struct os_timeout *first_timeout(struct os_timeouts *timer)
{
    if (os_list_empty(&timer->armed_list))
        return NULL;
    return OS_CONTAINER_OF(timer->armed_list.next, struct os_timeout, link);
}

/* Tells the session when to signal next. */
static os_err program(struct os_timeouts *timer)
{
    struct os_timeout *first = first_timeout(timer);
    os_time due = first ? first->due : OS_NEVER;
    if (due == timer->armed)
        return OS_OK;
    os_err err = os_timer_trigger_at(timer->session.cap, due);
    if (!err)
        timer->armed = due;
    return err;
}

static void insert(struct os_timeouts *timer, struct os_timeout *timeout)
{
    struct os_list *at = timer->armed_list.next;
    while (at != &timer->armed_list && OS_CONTAINER_OF(at, struct os_timeout, link)->due <= timeout->due)
        at = at->next;
    os_list_insert(at, &timeout->link);
}

static void take_out(struct os_timeout *timeout)
{
    if (timeout->due != OS_NEVER)
        os_list_remove(&timeout->link);
    timeout->due = OS_NEVER;
}

/* The next point of a repeated time-out that is still to come. */
static os_time next_period(os_time due, os_time period, os_time now)
{
    return due + period > now ? due + period : due + ((now - due) / period + 1) * period;
}

/*
 * Handles what was due when the signal came, from a list of its own: what handlers arm meanwhile comes with a
 * later signal, even if it is due at once, so that a handler which arms itself anew keeps nobody else
 * waiting. Handlers may disarm what is still on that list, since taking out works on any list.
 */
static void handle_signal(struct os_signal_handler *handler)
{
    struct os_timeouts *timer = OS_CONTAINER_OF(handler, struct os_timeouts, handler);
    struct os_timeout *timeout;
    struct os_list ready;
    os_time now;
    timer->armed = OS_NEVER;
    if (os_timer_now(timer->session.cap, &now))
        return;
    os_list_init(&ready);
    while ((timeout = first_timeout(timer)) && timeout->due <= now) {
        os_list_remove(&timeout->link);
        os_list_insert(&ready, &timeout->link);
    }
    while (!os_list_empty(&ready)) {
        timeout = OS_CONTAINER_OF(ready.next, struct os_timeout, link);
        os_time due = timeout->due;
        take_out(timeout);
        if (timeout->period) {
            timeout->due = next_period(due, timeout->period, now);
            insert(timer, timeout);
        }
        timeout->handle(timeout);
    }
    os_err err = program(timer);
    (void)err; /* the timer is gone; whoever arms the next time-out is told */
}

os_err os_timeouts_open(struct os_timeouts *timeouts, struct os_env *env, struct os_entrypoint *ep)
{
    os_signal_cap signal;
    struct os_timer_session session = { 0 };
    os_err err = os_timer_open(env, "", "", &session);
    if (err)
        return err;
    err = os_signal_handler_init(&timeouts->handler, ep, handle_signal, &signal);
    if (err)
        goto close;
    err = os_timer_sigh(session.cap, signal);
    os_cap_drop(signal.cap);
    if (err)
        goto fini;
    timeouts->session = session;
    timeouts->armed = OS_NEVER;
    os_list_init(&timeouts->armed_list);
    return OS_OK;
fini:
    os_signal_handler_fini(&timeouts->handler);
close:
    os_timer_close(&session);
    return err;
}

void os_timeouts_close(struct os_timeouts *timeouts)
{
    if (!timeouts->session.base.env)
        return;
    while (!os_list_empty(&timeouts->armed_list))
        take_out(first_timeout(timeouts));
    os_signal_handler_fini(&timeouts->handler);
    os_timer_close(&timeouts->session);
}

os_err os_timeouts_now(struct os_timeouts *timeouts, os_time *now)
{
    return os_timer_now(timeouts->session.cap, now);
}

void os_timeout_init(struct os_timeout *timeout, struct os_timeouts *timeouts,
                     void (*handle)(struct os_timeout *timeout))
{
    *timeout = (struct os_timeout){ .timer = timeouts, .handle = handle, .due = OS_NEVER };
    os_list_init(&timeout->link);
}

static os_err arm(struct os_timeout *timeout, os_time after, os_time period)
{
    os_time now;
    os_err err = os_timer_now(timeout->timer->session.cap, &now);
    if (err)
        return err;
    take_out(timeout);
    timeout->period = period;
    /* what is too far away to be told from never stays armed, a little before it */
    timeout->due = after < OS_NEVER - 1 - now ? now + after : OS_NEVER - 1;
    insert(timeout->timer, timeout);
    return program(timeout->timer);
}

os_err os_timeout_arm(struct os_timeout *timeout, os_time after)
{
    return arm(timeout, after, 0);
}

os_err os_timeout_repeat(struct os_timeout *timeout, os_time period)
{
    return period ? arm(timeout, period, period) : OS_ERR_BAD_ARG;
}

void os_timeout_disarm(struct os_timeout *timeout)
{
    take_out(timeout);
    os_err err = program(timeout->timer);
    (void)err; /* without its timer it cannot come either */
}
