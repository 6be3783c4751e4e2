/* SPDX-License-Identifier: BSD-2-Clause */
/* entrypoint.c: the loop that turns events of the platform into calls of handlers, and the alarms it wakes up
 * for. */
#include <string.h>

#include <os/entrypoint.h>
#include <os/rpc.h>
#include <os/signal.h>
#include <platform/platform.h>

#include "internal.h"

os_err os_entrypoint_init(struct os_entrypoint *ep)
{
    struct plat_ep *plat;
    os_err err = plat_ep_create(&plat);
    if (err)
        return err;
    ep->plat = plat;
    ep->running = 0;
    os_list_init(&ep->alarms);
    return OS_OK;
}

void os_entrypoint_fini(struct os_entrypoint *ep)
{
    plat_ep_destroy(ep->plat);
    ep->plat = NULL;
}

static struct os_alarm *first_alarm(struct os_entrypoint *ep)
{
    return os_list_empty(&ep->alarms) ? NULL : OS_CONTAINER_OF(ep->alarms.next, struct os_alarm, link);
}

/* Delivers the first alarm if it is due. */
static int deliver_alarm(struct os_entrypoint *ep)
{
    struct os_alarm *alarm = first_alarm(ep);
    if (!alarm || alarm->due > plat_clock())
        return 0;
    os_alarm_clear(alarm);
    alarm->handle(alarm);
    return 1;
}

static void deliver(struct plat_event *event, struct os_msg *msg)
{
    struct os_object *object;
    struct os_signal_handler *handler;
    switch (event->kind) {
    case PLAT_NONE:
        break;
    case PLAT_CALL:
        os_object_serve(event->key, event->token, msg);
        break;
    case PLAT_LAST_HOLDER:
        object = event->key;
        if (object->last_holder)
            object->last_holder(object);
        break;
    case PLAT_SIGNAL:
        handler = event->key;
        handler->handle(handler);
        break;
    case PLAT_REPLY:
        os_call_ended(event->key, event->err, msg);
        break;
    }
}

int os_entrypoint_step(struct os_entrypoint *ep, os_time deadline)
{
    struct plat_event event;
    struct os_msg msg;
    struct os_alarm *alarm = first_alarm(ep);
    os_time until = alarm && alarm->due < deadline ? alarm->due : deadline;
    msg.ncaps = 0;
    plat_ep_wait(ep->plat, until, &event, &msg);
    if (event.kind == PLAT_NONE)
        return deliver_alarm(ep);
    deliver(&event, &msg);
    /* a stream of events must not starve the alarms */
    deliver_alarm(ep);
    return 1;
}

void os_entrypoint_run(struct os_entrypoint *ep)
{
    ep->running = 1;
    while (ep->running)
        os_entrypoint_step(ep, OS_NEVER);
}

void os_entrypoint_stop(struct os_entrypoint *ep)
{
    ep->running = 0;
}

void os_alarm_set(struct os_entrypoint *ep, struct os_alarm *alarm, os_time due)
{
    os_alarm_clear(alarm);
    if (due == OS_NEVER)
        return;
    alarm->due = due;
    struct os_list *at = ep->alarms.next;
    while (at != &ep->alarms && OS_CONTAINER_OF(at, struct os_alarm, link)->due <= due)
        at = at->next;
    os_list_insert(at, &alarm->link);
}

void os_alarm_clear(struct os_alarm *alarm)
{
    if (alarm->link.next)
        os_list_remove(&alarm->link);
}
