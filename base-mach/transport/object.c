/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object.c: RPC objects: requests to them, answers, watches, revocation and the last holder. Every holder can
 * send anything to an object's port, so nothing in a message is believed but what the kernel says of it.
 */
#include <stdlib.h>
#include "internal.h"

enum { WATCHES_FIRST = 16, WATCHES_MAX = 1024 };
#define WATCHES_EACH (100 * OS_MS)

static struct plat_object *first_of(struct os_list *list)
{
    return OS_CONTAINER_OF(list->next, struct plat_object, link);
}

/* ---- the end of objects */

/* Ends the port: what still waits there, and who still calls, learns of it from the kernel. */
static void bury(struct plat_object *object)
{
    if (object->revoked)
        object->ep->nrevoked--;
    os_list_remove(&object->link);
    cap_bind(object->source.port, NULL);
    ports_destroy(object->source.port);
    free(object->watches);
    free(object);
}

static void tell_watches(struct plat_object *object, int32_t why)
{
    for (uint32_t i = 0; i < object->nwatches; i++)
        wire_refuse(object->watches[i], why);
    object->nwatches = 0;
}

void plat_object_destroy(struct plat_object *object)
{
    struct plat_ep *ep = object->ep;
    os_list_remove(&object->last_link);
    tell_watches(object, OS_ERR_REVOKED);
    os_list_remove(&object->link);
    if (object->told) { /* nobody is left to be told */
        bury(object);
        return;
    }
    if (ep->nrevoked == REVOKED_KEPT)
        bury(first_of(&ep->revoked));
    object->revoked = 1;
    ep->nrevoked++;
    os_list_insert(&ep->revoked, &object->link);
}

/* ---- making them */

/* A first send right to the own port NAME, from the kernel: a message to oneself that brings it. */
static mach_err make_send(mach_port_t name)
{
    struct mach_thread *thread = mach_thread();
    struct {
        struct mach_header head;
        uint32_t type;
        mach_port_t name;
        uint32_t room[2]; /* as received there may be more */
    } msg = { .type = MACH_TYPE(MACH_TYPE_MAKE_SEND, 32, 1), .name = name };
    if (!thread->reply)
        thread->reply = mach_reply_port();
    msg.head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_MAKE_SEND_ONCE, 0) | MACH_COMPLEX,
                                     .remote = thread->reply };
    return mach_msg(&msg.head, MACH_SEND_MSG | MACH_RCV_MSG, offsetof(__typeof__(msg), room), sizeof msg,
                    thread->reply, 0);
}

os_err object_port(struct plat_ep *ep, struct source *source, uint32_t limit, struct os_cap *cap)
{
    uint32_t payload = (uint32_t)(uintptr_t)source;
    os_err err = ports_create(ep->set, payload, limit, &source->port);
    while (err == OS_ERR_CAPS && ep->nrevoked) { /* what is gone need not be told for ever */
        bury(first_of(&ep->revoked));
        err = ports_create(ep->set, payload, limit, &source->port);
    }
    if (err)
        return err;
    if (!cap_room(source->port, 1))
        err = OS_ERR_HANDLES;
    else if (make_send(source->port))
        err = OS_ERR_NO_MEMORY;
    else
        *cap = transport_cap(source->port);
    if (err)
        ports_destroy(source->port);
    return err;
}

os_err plat_object_create(struct plat_ep *ep, void *key, struct plat_object **object, struct os_cap *cap)
{
    struct plat_object *made = calloc(1, sizeof *made);
    if (!made)
        return OS_ERR_NO_MEMORY;
    made->source.kind = SOURCE_OBJECT;
    made->ep = ep;
    made->key = key;
    os_err err = object_port(ep, &made->source, QUEUE, cap);
    if (err) {
        free(made);
        return err;
    }
    os_list_init(&made->last_link);
    os_list_insert(&ep->objects, &made->link);
    cap_bind(made->source.port, made);
    *object = made;
    return OS_OK;
}

mach_port_t transport_object_port(const struct plat_object *object)
{
    return object->source.port;
}

/* ---- holders */

void plat_object_watch(struct plat_object *object)
{
    if (object->told || ports_holders(object->source.port))
        return;
    object->told = 1;
    os_list_insert(&object->ep->last, &object->last_link);
}

int object_next_last(struct plat_ep *ep, struct plat_event *event)
{
    struct plat_object *object = OS_CONTAINER_OF(ep->last.next, struct plat_object, last_link);
    os_list_remove(&object->last_link);
    event->kind = PLAT_LAST_HOLDER;
    event->key = object->key;
    return 1;
}

/* The kernel says, or somebody who wants to be taken for it, that there are no holders. */
static int no_senders(struct plat_object *object, struct plat_event *event)
{
    if (object->told || ports_holders(object->source.port))
        return 0;
    object->told = 1;
    if (object->revoked) {
        bury(object);
        return 0;
    }
    event->kind = PLAT_LAST_HOLDER;
    event->key = object->key;
    return 1;
}

/* ---- watches */

/*
 * Room for one more. A client that does not watch any more leaves a right that leads nowhere, and only using
 * it shows that. So when there are twice as many as the last time, all are asked to watch again; when there
 * can be no more, not so often that clients keep us busy with it.
 */
static os_err watches_room(struct plat_object *object)
{
    if (object->nwatches < object->watches_room)
        return OS_OK;
    if (object->watches_room < WATCHES_MAX) {
        uint32_t room = object->watches_room ? 2 * object->watches_room : WATCHES_FIRST;
        mach_port_t *more = realloc(object->watches, room * sizeof *more);
        if (!more)
            return OS_ERR_NO_MEMORY;
        object->watches = more;
        object->watches_room = room;
    } else {
        os_time now = plat_clock();
        if (now < object->watches_asked + WATCHES_EACH)
            return OS_ERR_BUSY;
        object->watches_asked = now;
    }
    tell_watches(object, WATCH_AGAIN);
    return OS_OK;
}

static void add_watch(struct plat_object *object, mach_port_t reply)
{
    os_err err = object->revoked ? OS_ERR_REVOKED : watches_room(object);
    if (err)
        wire_refuse(reply, err);
    else
        object->watches[object->nwatches++] = reply;
}

/* ---- requests */

static int take_request(struct plat_object *object, struct wire *wire, struct plat_event *event,
                        struct os_msg *msg)
{
    mach_port_t reply = wire->head.remote;
    int32_t op = 0;
    os_err err = object->revoked ? OS_ERR_REVOKED : wire_unpack(wire, msg, &op);
    if (err) {
        wire_refuse(reply, err);
        wire->head.bits &= MACH_COMPLEX; /* the reply right is used up */
        if (err != OS_ERR_HANDLES)
            transport_discard(&wire->head);
        return 0;
    }
    msg->op = (uint32_t)op;
    event->kind = PLAT_CALL;
    event->key = object->key;
    event->token[0] = object->ep->current = reply;
    event->token[1] = 0;
    return 1;
}

int object_receive(struct plat_object *object, struct wire *wire, struct plat_event *event,
                   struct os_msg *msg)
{
    if (wire->head.id == ID_REQUEST && wire_answerable(wire))
        return take_request(object, wire, event, msg);
    if (wire->head.id == ID_WATCH && wire_answerable(wire) && !(wire->head.bits & MACH_COMPLEX)) {
        add_watch(object, wire->head.remote);
        return 0;
    }
    transport_discard(&wire->head);
    return wire->head.id == MACH_NOTIFY_NO_SENDERS ? no_senders(object, event) : 0;
}

/* ---- answers */

void object_keep_reply(struct plat_ep *ep)
{
    if (ep->nkept == ep->kept_room) {
        uint32_t room = ep->kept_room ? 2 * ep->kept_room : 8;
        mach_port_t *more = realloc(ep->kept, room * sizeof *more);
        if (!more) { /* what cannot be kept in mind is refused */
            wire_refuse(ep->current, OS_ERR_NO_MEMORY);
            ep->current = MACH_PORT_NULL;
            return;
        }
        ep->kept = more;
        ep->kept_room = room;
    }
    ep->kept[ep->nkept++] = ep->current;
    ep->current = MACH_PORT_NULL;
}

/* Whether REPLY is owed an answer; from now on not. */
static int settle(struct plat_ep *ep, mach_port_t reply)
{
    if (!reply)
        return 0;
    if (ep->current == reply) {
        ep->current = MACH_PORT_NULL;
        return 1;
    }
    for (uint32_t i = 0; i < ep->nkept; i++) {
        if (ep->kept[i] == reply) {
            ep->kept[i] = ep->kept[--ep->nkept];
            return 1;
        }
    }
    return 0;
}

/*
 * The answer to the request that was delivered last, without capabilities, is left in the entrypoint's
 * memory: the thread most likely goes on to wait, and one trap then does both. Whatever else it does first
 * sends it.
 */
static int may_wait(struct plat_ep *ep, mach_port_t reply, const struct os_msg *msg)
{
    return reply == ep->current && !msg->ncaps && ep->thread == mach_thread() && !ep->thread->answering;
}

void plat_reply(struct plat_ep *ep, const uint64_t token[2], struct os_msg *msg)
{
    mach_port_t reply = (mach_port_t)token[0];
    struct wire own, *wire = may_wait(ep, reply, msg) ? &ep->wire : &own;
    if (!settle(ep, reply))
        return;
    os_err err = call_check(msg);
    if (err) {
        wire_refuse(reply, err);
        return;
    }
    wire->head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_MOVE_SEND_ONCE, 0),
                                       .remote = reply,
                                       .id = ID_REPLY };
    uint32_t size = wire_pack(wire, msg, msg->err);
    if (wire != &own) {
        ep->answer = size;
        ep->thread->answering = ep;
        ep->thread->answer = ep_answer;
    } else if (wire_send(&wire->head, size, FOREVER) == MACH_SEND_INVALID_DEST) {
        ports_release(reply, 1); /* the client is gone */
    }
}

void object_tidy(struct plat_ep *ep)
{
    while (!os_list_empty(&ep->revoked))
        bury(first_of(&ep->revoked));
}

void object_fini(struct plat_ep *ep)
{
    mach_thread_answer(mach_thread());
    if (ep->current)
        object_keep_reply(ep);
    while (ep->nkept)
        wire_refuse(ep->kept[--ep->nkept], OS_ERR_DEAD);
    free(ep->kept);
    while (!os_list_empty(&ep->objects))
        plat_object_destroy(first_of(&ep->objects));
    object_tidy(ep);
}
