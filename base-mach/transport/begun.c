/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * begun.c: calls that were begun, and watches. Each has a port of its own, to which one message comes for
 * each request that was sent: the answer, or the kernel's word that there will be none.
 *
 *              begun                    answer
 *      idle ----------> under way ------------------> idle
 *       ^                   |                          ^
 *       |                   | cancelled, or too late   |
 *       |                   v                          |
 *       +----------------- late -----------------------+
 *                                answer, thrown away
 *
 * So a port can be used again, and few are made. A request that the server has no room for waits here, in the
 * form in which the kernel gave it back.
 */
#include <stdlib.h>
#include "internal.h"

struct plat_call {
    struct source source;
    struct os_list link;   /* of ep->calls, idle or late */
    struct os_list unsent; /* of ep->unsent */
    struct plat_ep *ep;
    enum { IDLE, UNDER_WAY, LATE } state;
    int watch;
    void *key;
    struct os_cap cap; /* held while it is under way */
    os_time deadline;
    os_err err;        /* with DEADLINE 0: what to tell */
    struct wire *wire; /* what could not be sent yet */
    uint32_t size;
};

static struct plat_call *first_of(struct os_list *list)
{
    return OS_CONTAINER_OF(list->next, struct plat_call, link);
}

static void destroy(struct plat_call *call)
{
    os_list_remove(&call->link);
    if (call->source.port)
        ports_destroy(call->source.port);
    free(call);
}

static os_err create(struct plat_ep *ep, struct plat_call **call)
{
    struct plat_call *made = calloc(1, sizeof *made);
    if (!made)
        return OS_ERR_NO_MEMORY;
    made->source.kind = SOURCE_CALL;
    made->ep = ep;
    os_list_init(&made->link);
    os_list_init(&made->unsent);
    os_err err = ports_create(ep->set, (uint32_t)(uintptr_t)made, 1, &made->source.port);
    if (err)
        free(made);
    else
        *call = made;
    return err;
}

static os_err get(struct plat_ep *ep, struct plat_call **call)
{
    if (os_list_empty(&ep->idle))
        return create(ep, call);
    *call = first_of(&ep->idle);
    os_list_remove(&(*call)->link);
    ep->nidle--;
    return OS_OK;
}

static void put_idle(struct plat_call *call)
{
    struct plat_ep *ep = call->ep;
    os_list_remove(&call->link);
    if (call->state == LATE)
        ep->nlate--;
    call->state = IDLE;
    if (ep->nidle == IDLE_KEPT) {
        destroy(call);
        return;
    }
    ep->nidle++;
    os_list_insert(&ep->idle, &call->link);
}

static void put_late(struct plat_call *call)
{
    struct plat_ep *ep = call->ep;
    os_list_remove(&call->link);
    call->state = LATE;
    if (ep->nlate == LATE_KEPT)
        destroy(first_of(&ep->late));
    else
        ep->nlate++;
    os_list_insert(&ep->late, &call->link);
}

static void forget_unsent(struct plat_call *call)
{
    if (!call->wire)
        return;
    os_list_remove(&call->unsent);
    wire_unsend(call->wire);
    free(call->wire);
    call->wire = NULL;
}

/* CALL is not under way any more; its port may still get what was under way. */
static void leave(struct plat_call *call)
{
    forget_unsent(call);
    plat_cap_unref(call->cap);
    put_late(call);
}

static void insert_by_deadline(struct plat_call *call)
{
    struct os_list *at = call->ep->calls.prev;
    while (at != &call->ep->calls && OS_CONTAINER_OF(at, struct plat_call, link)->deadline > call->deadline)
        at = at->prev;
    os_list_insert(at->next, &call->link);
}

/* CALL is to be told ERR. */
static void end(struct plat_call *call, os_err err)
{
    forget_unsent(call);
    call->err = err;
    call->deadline = 0;
    os_list_remove(&call->link);
    insert_by_deadline(call);
}

/* ---- sending */

static void set_head(struct plat_call *call, struct mach_header *head, int32_t id)
{
    *head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_COPY_SEND, MACH_TYPE_MAKE_SEND_ONCE),
                                  .remote = call->cap.id,
                                  .local = call->source.port,
                                  .id = id };
}

/* Keeps WIRE, which came back, to try it again. */
static os_err keep(struct plat_call *call, struct wire *wire, uint32_t size)
{
    call->wire = malloc(sizeof *wire);
    if (!call->wire) {
        wire_unsend(wire);
        return OS_ERR_NO_MEMORY;
    }
    __builtin_memcpy(call->wire, wire, size);
    call->size = size;
    os_list_insert(&call->ep->unsent, &call->unsent);
    return OS_OK;
}

/* Sends the request MSG of CALL, or its watch when there is none. */
static os_err send(struct plat_call *call, const struct os_msg *msg)
{
    struct wire wire;
    uint32_t size = sizeof wire.head;
    set_head(call, &wire.head, msg ? ID_REQUEST : ID_WATCH);
    wire.len = 0;
    if (msg)
        size = wire_pack(&wire, msg, (int32_t)msg->op);
    mach_err err = wire_send(&wire.head, size, 0);
    if (err == MACH_SEND_TIMED_OUT)
        return keep(call, &wire, size);
    return err ? call_send_error(err) : OS_OK;
}

void begun_retry(struct plat_ep *ep)
{
    OS_LIST_FOR_EACH_SAFE (link, &ep->unsent) {
        struct plat_call *call = OS_CONTAINER_OF(link, struct plat_call, unsent);
        mach_err err = wire_send(&call->wire->head, call->size, 0);
        if (err == MACH_SEND_TIMED_OUT)
            continue;
        if (err) {
            end(call, call_send_error(err));
            continue;
        }
        os_list_remove(&call->unsent);
        free(call->wire);
        call->wire = NULL;
    }
}

static os_err begin(struct plat_ep *ep, struct os_cap cap, const struct os_msg *msg, os_time deadline,
                    void *key, struct plat_call **call)
{
    struct plat_call *made;
    os_err err = cap_is_known(cap) ? OS_OK : OS_ERR_BAD_CAP;
    if (!err && msg)
        err = call_check(msg);
    if (!err)
        err = get(ep, &made);
    if (err)
        return err;
    made->key = key;
    made->watch = !msg;
    made->cap = cap;
    made->deadline = deadline;
    made->err = OS_ERR_DEADLINE;
    made->state = UNDER_WAY;
    insert_by_deadline(made);
    plat_cap_ref(cap);
    err = send(made, msg);
    if (!err) {
        *call = made;
        return OS_OK;
    }
    plat_cap_unref(cap);
    if (err == OS_ERR_DEAD)
        put_idle(made); /* the kernel has not looked at the port */
    else
        put_late(made);
    return err;
}

os_err plat_call_begin(struct plat_ep *ep, struct os_cap cap, struct os_msg *msg, os_time deadline, void *key,
                       struct plat_call **call)
{
    return begin(ep, cap, msg, deadline, key, call);
}

os_err plat_watch_begin(struct plat_ep *ep, struct os_cap cap, void *key, struct plat_call **call)
{
    return begin(ep, cap, NULL, OS_NEVER, key, call);
}

void plat_call_cancel(struct plat_call *call)
{
    leave(call);
}

/* ---- ends */

os_time begun_deadline(struct plat_ep *ep)
{
    return first_of(&ep->calls)->deadline;
}

static int tell(struct plat_call *call, os_err err, struct plat_event *event)
{
    event->kind = PLAT_REPLY;
    event->key = call->key;
    event->err = err;
    return 1;
}

int begun_next(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg)
{
    os_time deadline = begun_deadline(ep);
    if (deadline == OS_NEVER || (deadline && plat_clock() < deadline))
        return 0;
    struct plat_call *call = first_of(&ep->calls);
    msg->ncaps = msg->len = 0;
    tell(call, call->err, event);
    leave(call);
    return 1;
}

/* The answer to a watch. The server says why; it can only be believed as far as it goes. */
static int watch_told(struct plat_call *call, int32_t code, struct plat_event *event)
{
    os_err err = code > 0 && code <= OS_ERR_UNSUPPORTED ? code : OS_ERR_BAD_MSG;
    if (code == WATCH_AGAIN) {
        err = send(call, NULL);
        if (!err)
            return 0;
    }
    tell(call, err, event);
    return 1;
}

int begun_receive(struct plat_call *call, struct wire *wire, struct plat_event *event, struct os_msg *msg)
{
    os_err err = OS_ERR_BAD_MSG;
    int32_t code = 0;
    if (call->state != UNDER_WAY) {
        transport_discard(&wire->head);
        if (call->state == LATE)
            put_idle(call);
        return 0;
    }
    msg->ncaps = msg->len = 0;
    if (wire->head.id == MACH_NOTIFY_SEND_ONCE)
        err = OS_ERR_DEAD;
    else if (wire->head.id == ID_REPLY)
        err = wire_unpack(wire, msg, &code);
    if (err != OS_ERR_HANDLES && err)
        transport_discard(&wire->head);
    if (err)
        msg->ncaps = msg->len = 0;
    msg->err = code;
    if (!err && call->watch) {
        while (msg->ncaps)
            plat_cap_unref(msg->caps[--msg->ncaps]);
        if (!watch_told(call, code, event))
            return 0;
    } else {
        tell(call, err, event);
    }
    plat_cap_unref(call->cap);
    put_idle(call);
    return 1;
}

void begun_tidy(struct plat_ep *ep)
{
    while (!os_list_empty(&ep->late))
        destroy(first_of(&ep->late));
    while (!os_list_empty(&ep->idle))
        destroy(first_of(&ep->idle));
    ep->nlate = ep->nidle = 0;
}

void begun_fini(struct plat_ep *ep)
{
    while (!os_list_empty(&ep->calls))
        leave(first_of(&ep->calls));
    begun_tidy(ep);
}
