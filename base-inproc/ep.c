/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ep.c: entrypoints, objects, calls and signals. An entrypoint is a queue of what has happened. A call has
 * two halves: the client's (plat_call) and the server's (request); each side can forget its own, and what the
 * other sends then is dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct request {
    struct item item;    /* in events, then in served */
    struct os_list link; /* in served */
    uint64_t serial;     /* the token */
    struct plat_object *object;
    struct plat_call *call; /* NULL when the client does not wait any more */
    struct os_msg msg;
};

struct plat_call {
    struct item item;
    struct os_list link;       /* in plat_ep.calls when begun */
    struct os_list watch_link; /* in plat_object.watches when it is a watch */
    struct request *request;   /* NULL when it is a watch, or has ended */
    struct plat_ep *ep;        /* NULL when a thread waits for it */
    void *key;
    struct alarm alarm; /* the deadline of a begun one */
    int done;
    os_err err;
    struct os_msg msg;
};

struct plat_signal {
    struct target target;
    void *key;
    struct item item;
};

static struct os_list eps = { &eps, &eps };
static struct os_list graveyard = { &graveyard, &graveyard };
static uint64_t serials;

static void item_init(struct item *item, enum plat_event_kind kind)
{
    os_list_init(&item->link);
    item->kind = kind;
}

static void happen(struct plat_ep *ep, struct item *item)
{
    os_list_insert(&ep->events, &item->link);
    sched_wake(ep, 1);
}

/* ---- ends of calls */

static void call_done(struct plat_call *call, os_err err, const struct os_msg *reply)
{
    call->request = NULL;
    call->done = 1;
    call->err = err;
    call->msg.ncaps = 0;
    if (reply && !(call->err = message_ref(reply)))
        message_copy(&call->msg, reply);
    alarm_clear(&call->alarm);
    if (call->ep)
        happen(call->ep, &call->item);
    else
        sched_wake(call, 1);
}

static void call_forget(struct plat_call *call)
{
    if (call->request)
        call->request->call = NULL;
    if (call->done)
        message_drop(&call->msg);
    os_list_remove(&call->item.link);
    os_list_remove(&call->link);
    os_list_remove(&call->watch_link);
    alarm_clear(&call->alarm);
}

/* REPLY is NULL when there is none. */
static void request_end(struct request *request, os_err err, const struct os_msg *reply)
{
    struct plat_call *call = request->call;
    os_list_remove(&request->item.link);
    os_list_remove(&request->link);
    message_drop(&request->msg);
    free(request);
    if (call)
        call_done(call, err, reply);
}

static void call_late(struct alarm *alarm)
{
    struct plat_call *call = OS_CONTAINER_OF(alarm, struct plat_call, alarm);
    call->request->call = NULL;
    call_done(call, OS_ERR_DEADLINE, NULL);
}

/* ---- calls */

static os_err find_object(struct os_cap cap, struct plat_object **object)
{
    struct target *target = target_of(cap);
    if (!target || target->kind != TARGET_OBJECT)
        return OS_ERR_BAD_CAP;
    *object = OS_CONTAINER_OF(target, struct plat_object, target);
    return target->ep ? OS_OK : (*object)->gone;
}

static void call_init(struct plat_call *call)
{
    item_init(&call->item, PLAT_REPLY);
    os_list_init(&call->link);
    os_list_init(&call->watch_link);
}

static os_err send(struct plat_call *call, struct os_cap cap, const struct os_msg *msg)
{
    struct plat_object *object;
    os_err err = fault_take(INPROC_FAIL_CALL);
    if (!err)
        err = find_object(cap, &object);
    if (!err && (msg->len > OS_MSG_BYTES || msg->ncaps > OS_MSG_CAPS))
        err = OS_ERR_BAD_MSG;
    if (!err)
        err = message_ref(msg);
    if (err)
        return err;
    struct request *request = inproc_zalloc(sizeof(*request));
    item_init(&request->item, PLAT_CALL);
    os_list_init(&request->link);
    request->serial = ++serials;
    request->object = object;
    request->call = call;
    message_copy(&request->msg, msg);
    call_init(call);
    call->request = request;
    happen(object->target.ep, &request->item);
    return OS_OK;
}

os_err plat_call(struct os_cap cap, struct os_msg *msg, os_time deadline)
{
    struct plat_call call = { 0 };
    os_err err = send(&call, cap, msg);
    enum wake wake = WAKE_EVENT;
    if (err)
        return err;
    if (plat_clock() >= deadline)
        wake = WAKE_TIME;
    while (!call.done && wake == WAKE_EVENT)
        wake = sched_wait(&call, "the reply to a call", deadline, 1);
    if (wake == WAKE_KILL || !call.done) {
        call_forget(&call);
        if (wake == WAKE_KILL)
            sched_leave();
        return wake == WAKE_TIME ? OS_ERR_DEADLINE : OS_ERR_DEADLOCK;
    }
    if (call.err)
        return call.err;
    message_copy(msg, &call.msg);
    message_take(msg, sched_self()->holder);
    return OS_OK;
}

os_err plat_call_begin(struct plat_ep *ep, struct os_cap cap, struct os_msg *msg, os_time deadline, void *key,
                       struct plat_call **call)
{
    struct plat_call *begun = inproc_zalloc(sizeof(*begun));
    os_err err = send(begun, cap, msg);
    if (err) {
        free(begun);
        return err;
    }
    begun->ep = ep;
    begun->key = key;
    begun->alarm.fire = call_late;
    os_list_insert(&ep->calls, &begun->link);
    *call = begun;
    alarm_set(&begun->alarm, deadline);
    return OS_OK;
}

os_err plat_watch_begin(struct plat_ep *ep, struct os_cap cap, void *key, struct plat_call **call)
{
    struct plat_object *object;
    os_err err = find_object(cap, &object);
    if (err)
        return err;
    struct plat_call *begun = inproc_zalloc(sizeof(*begun));
    call_init(begun);
    begun->ep = ep;
    begun->key = key;
    os_list_insert(&ep->calls, &begun->link);
    os_list_insert(&object->watches, &begun->watch_link);
    *call = begun;
    return OS_OK;
}

void plat_call_cancel(struct plat_call *call)
{
    call_forget(call);
    free(call);
}

void plat_reply(struct plat_ep *ep, const uint64_t token[2], struct os_msg *msg)
{
    OS_LIST_FOR_EACH (link, &ep->served) {
        struct request *request = OS_CONTAINER_OF(link, struct request, link);
        if (request->serial == token[0]) {
            request_end(request, OS_OK, msg);
            return;
        }
    }
}

/* ---- entrypoints */

os_err plat_ep_create(struct plat_ep **ep)
{
    os_err err = fault_take(INPROC_FAIL_ENTRYPOINT);
    if (err)
        return err;
    *ep = inproc_zalloc(sizeof(**ep));
    os_list_init(&(*ep)->events);
    os_list_init(&(*ep)->served);
    os_list_init(&(*ep)->calls);
    os_list_init(&(*ep)->targets);
    os_list_insert(&eps, &(*ep)->link);
    (*ep)->holder = sched_self()->holder;
    return OS_OK;
}

static struct request *request_of(struct os_list *item_link)
{
    return OS_CONTAINER_OF(OS_CONTAINER_OF(item_link, struct item, link), struct request, item);
}

/* Ends the requests that wait at EP for OBJECT, or for any if it is NULL. */
static void fail_requests(struct plat_ep *ep, struct plat_object *object, os_err err)
{
    OS_LIST_FOR_EACH_SAFE (link, &ep->events) {
        struct item *item = OS_CONTAINER_OF(link, struct item, link);
        if (item->kind == PLAT_CALL && (!object || request_of(link)->object == object))
            request_end(request_of(link), err, NULL);
    }
}

static void end_watches(struct plat_object *object, os_err err)
{
    while (!os_list_empty(&object->watches)) {
        struct plat_call *call = OS_CONTAINER_OF(object->watches.next, struct plat_call, watch_link);
        os_list_remove(&call->watch_link);
        call_done(call, err, NULL);
    }
}

/* Takes TARGET from its entrypoint; callers get ERR from now on. */
static void kill_target(struct target *target, os_err err)
{
    if (target->kind == TARGET_SIGNAL) {
        os_list_remove(&OS_CONTAINER_OF(target, struct plat_signal, target)->item.link);
    } else {
        struct plat_object *object = OS_CONTAINER_OF(target, struct plat_object, target);
        os_list_remove(&object->last_holder.link);
        object->gone = err;
        end_watches(object, err);
    }
    os_list_remove(&target->link);
    target->ep = NULL;
}

void ep_kill(struct plat_ep *ep)
{
    ep->dead = 1;
    fail_requests(ep, NULL, OS_ERR_DEAD);
    while (!os_list_empty(&ep->served))
        request_end(OS_CONTAINER_OF(ep->served.next, struct request, link), OS_ERR_DEAD, NULL);
    while (!os_list_empty(&ep->calls))
        plat_call_cancel(OS_CONTAINER_OF(ep->calls.next, struct plat_call, link));
    while (!os_list_empty(&ep->targets)) {
        struct target *target = OS_CONTAINER_OF(ep->targets.next, struct target, link);
        kill_target(target, OS_ERR_DEAD);
        os_list_insert(&graveyard, &target->link);
    }
}

void plat_ep_destroy(struct plat_ep *ep)
{
    if (!ep)
        return;
    ep_kill(ep);
    os_list_remove(&ep->link);
    free(ep);
}

void ep_kill_holder(struct holder *holder)
{
    OS_LIST_FOR_EACH_SAFE (link, &eps) {
        struct plat_ep *ep = OS_CONTAINER_OF(link, struct plat_ep, link);
        if (ep->holder == holder)
            ep_kill(ep);
    }
}

uint32_t ep_targets(const struct holder *holder)
{
    uint32_t count = 0;
    OS_LIST_FOR_EACH (link, &eps) {
        struct plat_ep *ep = OS_CONTAINER_OF(link, struct plat_ep, link);
        if (ep->holder != holder)
            continue;
        OS_LIST_FOR_EACH (target, &ep->targets)
            count++;
    }
    return count;
}

uint32_t inproc_objects_in_use(void)
{
    uint32_t count = 0;
    OS_LIST_FOR_EACH (link, &eps) {
        struct plat_ep *ep = OS_CONTAINER_OF(link, struct plat_ep, link);
        if (ep->holder == &holder_mock)
            continue;
        OS_LIST_FOR_EACH (target, &ep->targets)
            count++;
    }
    return count;
}

static void deliver_request(struct plat_ep *ep, struct request *request, struct plat_event *event,
                            struct os_msg *msg)
{
    *event = (struct plat_event){ .kind = PLAT_CALL,
                                  .key = request->object->key,
                                  .token = { request->serial, 0 } };
    message_copy(msg, &request->msg);
    message_take(msg, sched_self()->holder);
    request->msg.ncaps = 0;
    request->object = NULL; /* may end before the answer */
    os_list_insert(&ep->served, &request->link);
}

static void deliver_reply(struct plat_call *call, struct plat_event *event, struct os_msg *msg)
{
    *event = (struct plat_event){ .kind = PLAT_REPLY, .key = call->key, .err = call->err };
    message_copy(msg, &call->msg);
    message_take(msg, sched_self()->holder);
    os_list_remove(&call->link);
    free(call);
}

static void deliver(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg)
{
    struct item *item = OS_CONTAINER_OF(ep->events.next, struct item, link);
    os_list_remove(&item->link);
    *event = (struct plat_event){ .kind = item->kind };
    switch (item->kind) {
    case PLAT_CALL:
        deliver_request(ep, OS_CONTAINER_OF(item, struct request, item), event, msg);
        break;
    case PLAT_REPLY:
        deliver_reply(OS_CONTAINER_OF(item, struct plat_call, item), event, msg);
        break;
    case PLAT_SIGNAL:
        event->key = OS_CONTAINER_OF(item, struct plat_signal, item)->key;
        break;
    case PLAT_LAST_HOLDER:
        event->key = OS_CONTAINER_OF(item, struct plat_object, last_holder)->key;
        break;
    case PLAT_NONE:
        break;
    }
}

static struct {
    void (*hook)(void *arg);
    void *arg;
    uint32_t after;
} next_event;

void inproc_at_event(uint32_t n, void (*hook)(void *arg), void *arg)
{
    next_event.hook = hook;
    next_event.arg = arg;
    next_event.after = n;
}

/* Something is about to be delivered; the hook may take it away, and the entrypoint with it. */
static void count_event(void)
{
    void (*hook)(void *arg) = next_event.hook;
    if (!hook || next_event.after--)
        return;
    next_event.hook = NULL;
    hook(next_event.arg);
}

void plat_ep_wait(struct plat_ep *ep, os_time deadline, struct plat_event *event, struct os_msg *msg)
{
    enum wake wake = WAKE_EVENT;
    if (deadline == 0 && os_list_empty(&ep->events))
        inproc_yield(); /* who polls must not keep the others from running */
    while (os_list_empty(&ep->events) && plat_clock() < deadline && wake != WAKE_KILL)
        wake = sched_wait(ep, "an event at an entrypoint", deadline, 0);
    if (!os_list_empty(&ep->events) && wake != WAKE_KILL)
        count_event();
    if (wake == WAKE_KILL || sched_self()->killed)
        sched_leave();
    if (os_list_empty(&ep->events))
        *event = (struct plat_event){ .kind = PLAT_NONE };
    else
        deliver(ep, event, msg);
}

static void serve(void *arg)
{
    os_entrypoint_run(arg);
}

void inproc_serve(struct os_entrypoint *ep)
{
    ep->plat->thread = sched_start(serve, ep, 0, ep->plat->holder);
}

void inproc_unserve(struct os_entrypoint *ep)
{
    struct plat_thread *thread = ep->plat->thread;
    if (!thread)
        return;
    sched_kill(thread);
    if (thread != sched_self()) /* else it ends as soon as it waits, and is freed by the next who unserves */
        ep->plat->thread = NULL;
}

void inproc_kill_entrypoint(struct os_entrypoint *ep)
{
    ep_kill(ep->plat);
    inproc_unserve(ep);
}

/* ---- objects */

void target_unused(struct target *target)
{
    if (target->kind != TARGET_OBJECT || !target->ep)
        return;
    struct plat_object *object = OS_CONTAINER_OF(target, struct plat_object, target);
    if (!object->watched || object->told)
        return;
    object->told = 1;
    happen(target->ep, &object->last_holder);
}

/* An object or signal context, as KIND says; SIZE bytes that begin with the target, all others zero. */
static os_err target_create(struct plat_ep *ep, enum target_kind kind, size_t size, struct target **target,
                            struct os_cap *cap)
{
    os_err err = fault_take(kind == TARGET_OBJECT ? INPROC_FAIL_OBJECT : INPROC_FAIL_SIGNAL);
    if (!err && ep->dead)
        err = OS_ERR_DEAD;
    if (!err)
        err = component_charge_cap(ep->holder->component);
    if (err)
        return err;
    struct target *made = inproc_zalloc(size);
    made->ep = ep;
    made->paid_by = ep->holder->component;
    os_list_insert(&ep->targets, &made->link);
    *cap = target_add(made, kind);
    *target = made;
    return OS_OK;
}

os_err plat_object_create(struct plat_ep *ep, void *key, struct plat_object **object, struct os_cap *cap)
{
    struct target *target;
    os_err err = target_create(ep, TARGET_OBJECT, sizeof(**object), &target, cap);
    if (err)
        return err;
    struct plat_object *made = OS_CONTAINER_OF(target, struct plat_object, target);
    made->key = key;
    item_init(&made->last_holder, PLAT_LAST_HOLDER);
    os_list_init(&made->watches);
    *object = made;
    return OS_OK;
}

void plat_object_watch(struct plat_object *object)
{
    object->watched = 1;
    if (!object->target.count)
        target_unused(&object->target);
}

void plat_object_destroy(struct plat_object *object)
{
    struct plat_ep *ep = object->target.ep;
    if (ep) {
        kill_target(&object->target, OS_ERR_REVOKED);
        fail_requests(ep, object, OS_ERR_REVOKED);
    } else {
        os_list_remove(&object->target.link);
    }
    if (object->memory)
        memory_unbind(object->memory);
    object->memory = NULL;
    component_refund_cap(object->target.paid_by);
    target_end(&object->target);
}

void *plat_object_find(struct plat_ep *ep, struct os_cap cap)
{
    struct plat_object *object;
    if (find_object(cap, &object) || object->target.ep != ep)
        return NULL;
    return object->key;
}

/* ---- signals */

os_err plat_signal_create(struct plat_ep *ep, void *key, struct plat_signal **signal, struct os_cap *cap)
{
    struct target *target;
    os_err err = target_create(ep, TARGET_SIGNAL, sizeof(**signal), &target, cap);
    if (err)
        return err;
    struct plat_signal *made = OS_CONTAINER_OF(target, struct plat_signal, target);
    made->key = key;
    item_init(&made->item, PLAT_SIGNAL);
    *signal = made;
    return OS_OK;
}

void plat_signal_destroy(struct plat_signal *signal)
{
    if (signal->target.ep)
        kill_target(&signal->target, OS_ERR_REVOKED);
    else
        os_list_remove(&signal->target.link);
    component_refund_cap(signal->target.paid_by);
    target_end(&signal->target);
}

void plat_signal_submit(struct os_cap cap)
{
    struct target *target = target_of(cap);
    if (!target || target->kind != TARGET_SIGNAL || !target->ep)
        return;
    struct plat_signal *signal = OS_CONTAINER_OF(target, struct plat_signal, target);
    if (os_list_empty(&signal->item.link))
        happen(target->ep, &signal->item);
}
