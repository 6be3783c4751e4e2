/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c: many time-outs on one Timer session. The armed ones are sorted; the session is told of the first
 * only, and only when it changes. When the timer ends, the next one takes over.
 */
#include <os/timer.h>

static struct os_timeout *first_timeout(struct os_timeouts *timer)
{
    if (os_list_empty(&timer->armed_list))
        return NULL;
    return OS_CONTAINER_OF(timer->armed_list.next, struct os_timeout, link);
}

/* ---- the session, and the next one when its timer ends ---- */

static void handle_gone(struct os_watch *watch);

static os_err open_session(struct os_timeouts *timer)
{
    os_err err = os_timer_open(timer->env, "", "", &timer->session);
    if (err)
        return err;
    err = os_timer_sigh(timer->session.cap, timer->signal);
    if (!err)
        err = os_watch_begin(&timer->watch, timer->handler.ep, timer->session.cap.cap, handle_gone);
    if (err)
        os_timer_close(&timer->session);
    return err;
}

static os_err session_now(struct os_timeouts *timer, os_time *now)
{
    os_err err = os_timer_now(timer->session.cap, now);
    if (err)
        return err;
    *now += timer->base;
    timer->seen = *now;
    timer->seen_at = os_clock_now();
    return OS_OK;
}

/* Tells the session when to signal next. */
static os_err tell_session(struct os_timeouts *timer)
{
    struct os_timeout *first = first_timeout(timer);
    os_time due = first ? first->due : OS_NEVER;
    if (due == timer->armed)
        return OS_OK;
    os_time at = due == OS_NEVER ? due : due > timer->base ? due - timer->base : 0;
    os_err err = os_timer_trigger_at(timer->session.cap, at);
    if (!err)
        timer->armed = due;
    return err;
}

/*
 * A session at the next timer, whose time begins anew: it is taken to go on where the old one's would be now,
 * and the clock says where that is.
 */
static os_err reopen(struct os_timeouts *timer)
{
    os_time now, begun;
    os_watch_cancel(&timer->watch);
    os_timer_close(&timer->session);
    os_err err = open_session(timer);
    if (!err)
        err = os_timer_now(timer->session.cap, &begun);
    if (err)
        return err;
    now = timer->seen + (os_clock_now() - timer->seen_at);
    timer->base = now > begun ? now - begun : 0;
    timer->armed = OS_NEVER;
    return tell_session(timer);
}

/* Whoever arms the next time-out is told when this fails. */
static void handle_gone(struct os_watch *watch)
{
    os_err err = reopen(OS_CONTAINER_OF(watch, struct os_timeouts, watch));
    (void)err;
}

/* Who calls may be the first to notice that the timer is gone. */
static os_err timer_now(struct os_timeouts *timer, os_time *now)
{
    os_err err = timer->session.base.env ? session_now(timer, now) : OS_ERR_DEAD;
    if (!os_err_is_gone(err))
        return err;
    err = reopen(timer);
    return err ? err : session_now(timer, now);
}

static os_err program(struct os_timeouts *timer)
{
    os_err err = tell_session(timer);
    return os_err_is_gone(err) ? reopen(timer) : err;
}

/* ---- what is armed ---- */

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
    if (timer_now(timer, &now))
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
    *timeouts = (struct os_timeouts){ .env = env, .armed = OS_NEVER, .seen_at = os_clock_now() };
    os_list_init(&timeouts->armed_list);
    os_err err = os_signal_handler_init(&timeouts->handler, ep, handle_signal, &timeouts->signal);
    if (err)
        goto fail;
    err = open_session(timeouts);
    if (err)
        goto fini;
    return OS_OK;
fini:
    os_cap_drop(timeouts->signal.cap);
    os_signal_handler_fini(&timeouts->handler);
fail:
    timeouts->env = NULL;
    return err;
}

void os_timeouts_close(struct os_timeouts *timeouts)
{
    if (!timeouts->env)
        return;
    while (!os_list_empty(&timeouts->armed_list))
        take_out(first_timeout(timeouts));
    os_watch_cancel(&timeouts->watch);
    os_timer_close(&timeouts->session);
    os_signal_handler_fini(&timeouts->handler);
    os_cap_drop(timeouts->signal.cap);
    timeouts->env = NULL;
}

os_err os_timeouts_now(struct os_timeouts *timeouts, os_time *now)
{
    return timer_now(timeouts, now);
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
    os_err err = timer_now(timeout->timer, &now);
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
