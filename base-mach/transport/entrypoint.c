/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entrypoint.c: a port set with everything that one thread serves. The kernel delivers the messages of a set
 * in the order in which they came, and a port has room for few, so that nobody starves others.
 */
#include <stdlib.h>
#include "internal.h"

os_err plat_ep_create(struct plat_ep **ep)
{
    struct plat_ep *made = calloc(1, sizeof *made);
    if (!made)
        return OS_ERR_NO_MEMORY;
    os_err err = ports_create_set(&made->set);
    if (err) {
        free(made);
        return err;
    }
    made->thread = mach_thread();
    made->alarm.kind = SOURCE_ALARM;
    os_list_init(&made->objects);
    os_list_init(&made->revoked);
    os_list_init(&made->last);
    os_list_init(&made->calls);
    os_list_init(&made->unsent);
    os_list_init(&made->idle);
    os_list_init(&made->late);
    *ep = made;
    return OS_OK;
}

void plat_ep_destroy(struct plat_ep *ep)
{
    if (!ep)
        return;
    object_fini(ep);
    begun_fini(ep);
    if (ep->alarm.port) {
        ports_alarm(ep->alarm.port, 0);
        ports_destroy(ep->alarm.port);
    }
    ports_destroy(ep->set);
    free(ep);
}

os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t queue_limit)
{
    watch->kind = SOURCE_WATCH;
    return ports_create(ep->set, (uint32_t)(uintptr_t)watch, queue_limit, &watch->port);
}

void transport_tidy(struct plat_ep *ep)
{
    object_tidy(ep);
    begun_tidy(ep);
}

void transport_named(struct plat_ep *ep, void (*received)(struct mach_header *msg))
{
    ep->named = received;
}

void transport_unwatch(struct transport_watch *watch)
{
    ports_destroy(watch->port);
    watch->port = MACH_PORT_NULL;
}

/* ---- waiting */

/*
 * The kernel's time-outs end at its ticks. Time that is long until then is waited for in this way; for the
 * rest there is an alarm, and the time-out, which is later, only makes sure that it was not lost.
 */
#define TICK (10 * OS_MS)
#define NEAR (3 * TICK)

os_err transport_prepare(struct plat_ep *ep)
{
    os_err err = OS_OK;
    if (!ep->alarm.port)
        err = ports_create(ep->set, (uint32_t)(uintptr_t)&ep->alarm, 1, &ep->alarm.port);
    if (err)
        ep->alarm.port = MACH_PORT_NULL;
    return err;
}

/* Sets the alarm for WHEN; zero if there can be none. */
static int set_alarm(struct plat_ep *ep, os_time when)
{
    if (ep->armed == when)
        return 1;
    if (transport_prepare(ep))
        return 0;
    ports_alarm(ep->alarm.port, when);
    ep->armed = when;
    return 1;
}

/* The time-out, in milliseconds, for waiting until WHEN, or shorter; FOREVER: none. */
static uint32_t timeout_until(struct plat_ep *ep, os_time when)
{
    os_time now, span;
    if (when == OS_NEVER)
        return os_list_empty(&ep->unsent) ? FOREVER : TICK / OS_MS;
    if (!when || when <= (now = plat_clock()))
        return 0;
    span = when - now;
    if (!os_list_empty(&ep->unsent))
        span = span < TICK ? span : TICK;
    else if (span > NEAR)
        span -= 2 * TICK;
    else if (set_alarm(ep, when))
        span += NEAR;
    span = (span + OS_MS - 1) / OS_MS;
    return span < INT32_MAX ? (uint32_t)span : INT32_MAX;
}

/* What one message is for; non-zero if EVENT is set, or plat_ep_wait is to return without. */
static int deliver(struct plat_ep *ep, struct wire *wire, struct plat_event *event, struct os_msg *msg)
{
    struct source *source = (struct source *)(uintptr_t)wire->head.local;
    if (MACH_BITS_LOCAL(wire->head.bits) != MACH_TYPE_PROTECTED_PAYLOAD) {
        if (ep->named)
            ep->named(&wire->head);
        else
            transport_discard(&wire->head);
        return 1;
    }
    switch ((enum source_kind)source->kind) {
    case SOURCE_OBJECT:
        return object_receive((struct plat_object *)source, wire, event, msg);
    case SOURCE_SIGNAL:
        return signal_receive((struct plat_signal *)source, wire, event);
    case SOURCE_CALL:
        return begun_receive((struct plat_call *)source, wire, event, msg);
    case SOURCE_ALARM:
        ep->armed = 0;
        transport_discard(&wire->head);
        return 0;
    case SOURCE_WATCH:
        ((struct transport_watch *)source)->received((struct transport_watch *)source, &wire->head);
        return 1; /* with PLAT_NONE: it may have set an alarm or stopped the entrypoint */
    }
    return 0;
}

void ep_answer(struct mach_thread *thread)
{
    struct plat_ep *ep = thread->answering;
    mach_port_t reply = ep->wire.head.remote;
    uint32_t size = ep->answer;
    thread->answering = NULL;
    ep->answer = 0;
    if (wire_send(&ep->wire.head, size, FOREVER) == MACH_SEND_INVALID_DEST)
        ports_release(reply, 1); /* the client is gone */
}

/* Sends the answer that is owed, if any, and receives a message. */
static mach_err exchange(struct plat_ep *ep, uint32_t timeout)
{
    mach_port_t reply = ep->wire.head.remote;
    uint32_t size = ep->answer;
    uint32_t options =
        MACH_RCV_MSG | (timeout == FOREVER ? 0 : MACH_RCV_TIMEOUT) | (size ? MACH_SEND_MSG : 0);
    ep->thread->answering = NULL;
    ep->answer = 0;
    mach_err err = mach_msg(&ep->wire.head, options, size, sizeof ep->wire, ep->set, timeout);
    if (err == MACH_SEND_INVALID_DEST)
        ports_release(reply, 1); /* the client is gone */
    else if (err == MACH_SEND_INTERRUPTED)
        ep->answer = size, ep->thread->answering = ep;
    return err;
}

/* Receives one message and delivers it: 1 when plat_ep_wait is to return, -1 when there was none. */
static int receive(struct plat_ep *ep, os_time until, struct plat_event *event, struct os_msg *msg)
{
    mach_err err = exchange(ep, timeout_until(ep, until));
    if (err == MACH_OK)
        return deliver(ep, &ep->wire, event, msg);
    if ((err & ~MACH_RCV_NO_ROOM) == MACH_RCV_BODY_ERROR)
        transport_discard(&ep->wire.head); /* there was no room here for what it brought */
    return err == MACH_RCV_TIMED_OUT ? -1 : 0;
}

/* What has happened without a message. */
static inline int next_listed(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg)
{
    return (!os_list_empty(&ep->calls) && begun_next(ep, event, msg)) ||
           (!os_list_empty(&ep->last) && object_next_last(ep, event));
}

/* Messages that may be nothing to deliver before plat_ep_wait looks at the clock again. */
enum { ROUNDS = 64 };

void plat_ep_wait(struct plat_ep *ep, os_time deadline, struct plat_event *event, struct os_msg *msg)
{
    event->kind = PLAT_NONE;
    ep->thread = mach_thread();
    if (ep->thread->answering != ep)
        mach_thread_answer(ep->thread);
    if (ep->current)
        object_keep_reply(ep);
    if (cap_wants_spare)
        cap_prepare();
    for (int round = 0;; round++) {
        if (!os_list_empty(&ep->unsent))
            begun_retry(ep);
        /* lists and messages come first in turns, so that neither starves the other */
        ep->turn = !ep->turn;
        if (ep->turn && next_listed(ep, event, msg))
            break;
        os_time first = os_list_empty(&ep->calls) ? OS_NEVER : begun_deadline(ep);
        if (!os_list_empty(&ep->last))
            first = 0;
        int received = receive(ep, first < deadline ? first : deadline, event, msg);
        if (received > 0 || next_listed(ep, event, msg))
            return;
        if ((received < 0 || round >= ROUNDS) && deadline != OS_NEVER && plat_clock() >= deadline)
            return;
    }
    mach_thread_answer(ep->thread);
}
