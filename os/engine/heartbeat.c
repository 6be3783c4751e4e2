/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heartbeat.c: signs of life. A component that hangs, in a loop or waiting for somebody, does not end, so
 * nobody would notice; its entry says how often it has to answer. Not having given a handler is not
 * answering: a component may hang before it comes to that.
 */
#include <stdio.h>
#include "internal.h"

static void next(struct child *child)
{
    os_alarm_set(child->engine->env->ep, &child->heartbeat.alarm,
                 os_clock_now() + child->entry->heartbeat.every);
}

/* More than the entry allows are missing. */
static void missed(struct child *child)
{
    const struct heartbeat *policy = &child->entry->heartbeat;
    struct ending ending = { .status = 1 };
    unsigned long long ms = policy->every / OS_MS * child->heartbeat.missed;
    snprintf(ending.text, sizeof(ending.text), "has given no sign of life for %llu ms", ms);
    if (policy->action == HEARTBEAT_RESTART) {
        child_end(child, &ending);
        return;
    }
    if (!child->heartbeat.told)
        child_log(child, "%s", ending.text);
    child->heartbeat.told = 1;
    next(child);
}

static void beat(struct os_alarm *alarm)
{
    struct child *child = OS_CONTAINER_OF(alarm, struct child, heartbeat.alarm);
    if (!child->entry->heartbeat.every)
        return;
    if (child->heartbeat.owed && ++child->heartbeat.missed > child->entry->heartbeat.max_missed) {
        missed(child);
        return;
    }
    child->heartbeat.owed = 1;
    os_signal_submit(child->heartbeat.sigh);
    next(child);
}

void heartbeat_begin(struct child *child)
{
    child->heartbeat.alarm.handle = beat;
    os_alarm_clear(&child->heartbeat.alarm);
    if (child->entry->heartbeat.every)
        next(child);
}

os_err heartbeat_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct child *child = child_of_rpc(rpc);
    os_cap_drop(child->heartbeat.sigh.cap);
    child->heartbeat.sigh.cap = os_cap_copy(handler.cap);
    if (child->heartbeat.owed)
        os_signal_submit(handler);
    return OS_OK;
}

os_err heartbeat_response(struct os_rpc *rpc)
{
    struct child *child = child_of_rpc(rpc);
    if (child->heartbeat.told)
        child_log(child, "gives signs of life again");
    child->heartbeat.owed = child->heartbeat.told = 0;
    child->heartbeat.missed = 0;
    return OS_OK;
}

void heartbeat_end(struct child *child)
{
    os_alarm_clear(&child->heartbeat.alarm);
    os_cap_drop(child->heartbeat.sigh.cap);
    child->heartbeat = (struct child_heartbeat){ 0 };
}
