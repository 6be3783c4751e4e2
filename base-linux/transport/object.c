/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object.c: RPC objects: their sockets, introductions, and the end of their holders.
 *
 * Whoever holds a capability can write to the object's socket, and all holders write to the same one. So
 * what comes there is looked at one message at a time, and whatever is no introduction is thrown away without
 * consequences for the object.
 */
#include "internal.h"
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct pool object_pool = { .size = sizeof(struct plat_object) };

os_err plat_object_create(struct plat_ep *ep, void *key, struct plat_object **object, struct os_cap *cap)
{
    int ends[2];
    struct os_cap made;
    struct plat_object *o = pool_get(&object_pool);

    if (!o)
        return OS_ERR_NO_MEMORY;
    os_err err = transport_hooks->pair(ends);
    if (err)
        goto free_object;
    *o = (struct plat_object){ .source.kind = SOURCE_OBJECT, .ep = ep, .key = key, .fd = ends[0] };
    o->cookie = wire_cookie(ends[1]);
    os_list_init(&o->last_link);
    os_list_init(&o->slots);
    os_list_init(&o->connections);
    err = ep_add(ep, ends[0], EPOLLIN, o);
    if (err)
        goto close_pair;
    err = object_register(o, ends[1], &made);
    if (err)
        goto leave_ep;
    os_list_insert(&ep->objects, &o->ep_link);
    *object = o;
    *cap = made;
    return OS_OK;

leave_ep:
    ep_remove(ep, ends[0]);
close_pair:
    wire_close(ends, 2);
    transport_hooks->pair_closed();
free_object:
    pool_put(&object_pool, o);
    return err;
}

os_err transport_object_create(struct plat_ep *ep, void *key, struct plat_object **object)
{
    struct plat_object *o = pool_get(&object_pool);

    if (!o)
        return OS_ERR_NO_MEMORY;
    *o = (struct plat_object){ .source.kind = SOURCE_OBJECT, .ep = ep, .key = key, .fd = -1 };
    os_list_init(&o->last_link);
    os_list_init(&o->slots);
    os_list_init(&o->connections);
    os_list_insert(&ep->objects, &o->ep_link);
    *object = o;
    return OS_OK;
}

/*
 * Introductions that wait are taken, so that their clients learn that the object was revoked and not that its
 * server died.
 */
static void take_waiting(struct plat_object *object)
{
    int ready;

    for (int i = 0; i < CONNECTIONS_PER_OBJECT && !object->abandoned; i++) {
        ready = wire_poll(object->fd, POLLIN, 0);
        if (!(ready & POLLIN))
            break;
        object_ready(object, ready & POLLHUP ? EPOLLHUP : EPOLLIN);
    }
}

/* Nobody is introduced any more. */
static void close_socket(struct plat_object *object)
{
    if (!object->abandoned)
        ep_remove(object->ep, object->fd);
    close(object->fd);
    transport_hooks->pair_closed();
}

void plat_object_destroy(struct plat_object *object)
{
    if (object->fd >= 0 && !object->abandoned)
        take_waiting(object);
    server_revoke(object);
    object_unregister(object);
    if (object->fd >= 0)
        close_socket(object);
    os_list_remove(&object->ep_link);
    os_list_remove(&object->last_link);
    pool_put(&object_pool, object);
}

/* The socket is left out of the set from the end of its holders on, because epoll would report it for ever.
 */
static void abandon(struct plat_object *object)
{
    ep_remove(object->ep, object->fd);
    object->abandoned = 1;
    if (object->watched)
        os_list_insert(&object->ep->last, &object->last_link);
}

void plat_object_watch(struct plat_object *object)
{
    if (object->watched)
        return;
    object->watched = 1;
    if (object->abandoned)
        os_list_insert(&object->ep->last, &object->last_link);
}

/* Tells the client why, which waits on the connection that it sent. */
static void refuse(int fd, os_err err)
{
    struct wire_head head = { .type = WIRE_REFUSE, .err = err };

    wire_send(fd, &head, NULL, NULL, 0);
    close(fd);
}

/* A capability of this process is no connection: it would keep its own object from losing its last holder. */
static int may_be_connection(int fd)
{
    transport_lock();
    int own = object_by_cookie(wire_cookie(fd)) != NULL;
    transport_unlock();
    return !own && wire_is_socket(fd);
}

static void introduced(struct plat_object *object, int fd)
{
    if (!may_be_connection(fd)) {
        close(fd);
        return;
    }
    os_err err = object->nconnections < CONNECTIONS_PER_OBJECT ? server_adopt(object, fd) : OS_ERR_HANDLES;
    if (err)
        refuse(fd, err);
}

void object_ready(struct plat_object *object, uint32_t events)
{
    struct wire_head head;
    struct os_msg junk;
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    enum wire_result result = wire_receive(object->fd, 0, &head, junk.data, fds, &nfds);
    if (result == WIRE_OK && head.type == WIRE_INTRODUCE && nfds == 1) {
        introduced(object, fds[0]);
    } else {
        wire_close(fds, nfds);
        /* an empty datagram looks like an end too; only the event tells */
        if (result == WIRE_END && (events & EPOLLHUP))
            abandon(object);
    }
}
