/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.c: the server's end of private connections: the table of objects that each client can name, requests
 * in, replies out. A client that breaks the protocol loses its connection and nobody else notices.
 */
#include "internal.h"
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct pool connection_pool = { .size = sizeof(struct server_connection) };
static struct pool slot_pool = { .size = sizeof(struct slot) * SLOTS_PER_CHUNK };
_Static_assert(sizeof(struct slot) * SLOTS_PER_CHUNK <= OS_PAGE_SIZE, "a chunk fits into a pool's page");

/* ---- the table of objects ---- */

static struct slot *slot_at(struct server_connection *c, uint32_t index)
{
    return &c->slots[index / SLOTS_PER_CHUNK][index % SLOTS_PER_CHUNK];
}

static int new_slot(struct server_connection *c, uint32_t *index)
{
    if (c->free_slot) {
        *index = c->free_slot - 1;
        c->free_slot = slot_at(c, *index)->index;
        return 1;
    }
    if (c->nslots == SLOTS_PER_CHUNK * SLOT_CHUNKS)
        return 0;
    struct slot **chunk = &c->slots[c->nslots / SLOTS_PER_CHUNK];
    if (!*chunk && !(*chunk = pool_get(&slot_pool)))
        return 0;
    *index = c->nslots++;
    return 1;
}

static int bind_object(struct server_connection *c, struct plat_object *object, uint32_t *index)
{
    if (!new_slot(c, index))
        return 0;
    struct slot *slot = slot_at(c, *index);
    *slot = (struct slot){ .object = object, .connection = c, .state = SLOT_OBJECT, .index = *index };
    os_list_insert(&object->slots, &slot->link);
    return 1;
}

static void free_slot(struct server_connection *c, uint32_t index)
{
    struct slot *slot = slot_at(c, index);

    if (slot->state == SLOT_OBJECT || slot->state == SLOT_WATCHED)
        os_list_remove(&slot->link);
    *slot = (struct slot){ .state = SLOT_FREE, .index = c->free_slot };
    c->free_slot = index + 1;
}

/* ---- life of a connection ---- */

static struct server_connection *server_create(struct plat_ep *ep, int fd)
{
    struct server_connection *c = pool_get(&connection_pool);

    if (!c)
        return NULL;
    uint32_t generation = c->generation;
    *c = (struct server_connection){
        .source.kind = SOURCE_CONNECTION, .ep = ep, .fd = fd, .generation = generation
    };
    os_list_init(&c->object_link);
    if (ep_add(ep, fd, EPOLLIN, c)) {
        pool_put(&connection_pool, c);
        return NULL;
    }
    os_list_insert(&ep->connections, &c->ep_link);
    return c;
}

static void leave_object(struct server_connection *c)
{
    if (!c->object)
        return;
    c->object->nconnections--;
    c->object = NULL;
    os_list_remove(&c->object_link);
}

void server_close(struct server_connection *c)
{
    int own_pair = c->own_pair;

    ep_remove(c->ep, c->fd);
    close(c->fd);
    lane_leave(c);
    leave_object(c);
    os_list_remove(&c->ep_link);
    for (uint32_t i = 0; i < c->nslots; i++)
        free_slot(c, i);
    for (uint32_t i = 0; i < SLOT_CHUNKS && c->slots[i]; i++)
        pool_put(&slot_pool, c->slots[i]);
    c->ep = NULL;
    c->generation++; /* replies that are owed find nobody */
    pool_put(&connection_pool, c);
    if (own_pair)
        transport_hooks->pair_closed();
}

os_err server_adopt(struct plat_object *object, int fd)
{
    struct wire_head welcome = { .type = WIRE_WELCOME, .index = transport_hooks->channel_serve != NULL };
    struct server_connection *c = server_create(object->ep, fd);
    uint32_t index;

    if (!c)
        return OS_ERR_NO_MEMORY;
    c->object = object;
    object->nconnections++;
    os_list_insert(&object->connections, &c->object_link);
    if (!bind_object(c, object, &index) || wire_send(fd, &welcome, NULL, NULL, 0))
        server_close(c); /* out of memory, or the client is gone */
    return OS_OK;
}

os_err transport_preconnect(struct plat_ep *ep, struct plat_object *const objects[], uint32_t count, int *fd)
{
    int ends[2];
    uint32_t index;
    os_err err = transport_hooks->pair(ends);

    if (err)
        return err;
    struct server_connection *c = server_create(ep, ends[0]);
    if (!c) {
        wire_close(ends, 2);
        transport_hooks->pair_closed();
        return OS_ERR_NO_MEMORY;
    }
    c->own_pair = 1;
    for (uint32_t i = 0; i < count; i++)
        if (!bind_object(c, objects[i], &index))
            goto fail;
    *fd = ends[1];
    return OS_OK;
fail:
    server_close(c);
    close(ends[1]);
    return OS_ERR_NO_MEMORY;
}

/* A client that does not take its messages loses the connection, which tells it too. */
static void tell_gone(struct server_connection *c, uint32_t index)
{
    struct wire_head head = { .type = WIRE_GONE, .index = index };

    if (wire_send(c->fd, &head, NULL, NULL, 0))
        server_close(c);
}

void server_revoke(struct plat_object *object)
{
    while (!os_list_empty(&object->slots)) {
        struct slot *slot = OS_CONTAINER_OF(object->slots.next, struct slot, link);
        int watched = slot->state == SLOT_WATCHED;
        os_list_remove(&slot->link);
        slot->state = SLOT_REVOKED; /* until the client unbinds it */
        slot->object = NULL;
        if (watched)
            tell_gone(slot->connection, slot->index);
    }
    while (!os_list_empty(&object->connections))
        leave_object(OS_CONTAINER_OF(object->connections.next, struct server_connection, object_link));
}

/* ---- requests ---- */

/* A client that does not take its replies loses the connection, so that it waits for none that is lost. */
static void answer(struct server_connection *c, uint32_t seq, os_err err)
{
    struct wire_head head = { .type = WIRE_REPLY, .seq = seq, .err = err };

    if (wire_send(c->fd, &head, NULL, NULL, 0))
        server_close(c);
}

os_err server_find_object(struct server_connection *c, uint32_t index, struct plat_object **object)
{
    struct slot *slot = index < c->nslots ? slot_at(c, index) : NULL;

    if (!slot || slot->state == SLOT_FREE)
        return OS_ERR_BAD_CAP;
    if (slot->state == SLOT_REVOKED)
        return OS_ERR_REVOKED;
    if (c->owed >= WIRE_UNDER_WAY)
        return OS_ERR_BUSY; /* more than our clients ever send */
    *object = slot->object;
    return OS_OK;
}

/* Those that came by an index are this process's own; what was revoked is none any more. */
static os_err receive_caps(struct server_connection *c, const struct wire_head *head, const int *fds,
                           unsigned nfds, struct os_msg *msg)
{
    os_err err = cap_receive_all(head, fds, nfds, msg);

    for (unsigned i = 0; !err && i < head->ncaps; i++) {
        if (!(head->caps[i] & WIRE_CAP_INDEX))
            continue;
        const struct slot *slot = slot_at(c, head->caps[i] & ~WIRE_CAP_INDEX);
        if (slot->object)
            err = cap_own(slot->object, &msg->caps[i]);
    }
    for (; err && msg->ncaps; msg->ncaps--)
        plat_cap_unref(msg->caps[msg->ncaps - 1]);
    return err;
}

static int take_request(struct server_connection *c, const struct wire_head *head, const int *fds,
                        unsigned nfds, int lost, struct plat_event *event, struct os_msg *msg)
{
    struct plat_object *object = NULL;
    os_err err = lost ? OS_ERR_HANDLES : server_find_object(c, head->index, &object);

    if (err)
        wire_close(fds, nfds);
    else
        err = receive_caps(c, head, fds, nfds, msg);
    if (err) {
        answer(c, head->seq, err);
        return 0;
    }
    msg->fingerprint = head->fingerprint;
    msg->op = head->op;
    msg->err = OS_OK;
    msg->len = head->len;
    c->owed++;
    event->kind = PLAT_CALL;
    event->key = object->key;
    event->token[0] = (uintptr_t)c;
    event->token[1] = (uint64_t)c->generation << 32 | head->seq;
    return 1;
}

/* Costs the server nothing, however often it is asked. */
static void take_watch(struct server_connection *c, uint32_t index)
{
    struct slot *slot = slot_at(c, index);

    if (slot->state == SLOT_REVOKED)
        tell_gone(c, index);
    else
        slot->state = SLOT_WATCHED;
}

/* A client asks once, and waits for the answer before it asks again. */
static void take_channel(struct server_connection *c, const int fds[2], int lost)
{
    struct wire_head head = { .type = WIRE_CHANNEL, .err = lost ? OS_ERR_HANDLES : lane_adopt(c, fds) };

    if (wire_send(c->fd, &head, NULL, NULL, 0))
        server_close(c);
}

/* Whether INDEX names an object, or one that was revoked. */
static int is_bound(struct server_connection *c, uint32_t index)
{
    return index < c->nslots && slot_at(c, index)->state != SLOT_FREE;
}

/* A word that names an object by its index: on connections that core made only. */
static int index_is_plain(struct server_connection *c, const struct wire_head *head, uint32_t word)
{
    uint32_t index = word & ~WIRE_CAP_INDEX;

    return c->own_pair && (word & WIRE_CAP_INDEX) && is_bound(c, index) && (uint32_t)head->err != index + 1;
}

/* As a client's library writes it; what is to be unbound is. */
static int request_is_plain(struct server_connection *c, const struct wire_head *head)
{
    if (head->err && !is_bound(c, (uint32_t)head->err - 1))
        return 0;
    for (unsigned i = 0; i < head->ncaps; i++)
        if (head->caps[i] > WIRE_CAP_FD && !index_is_plain(c, head, head->caps[i]))
            return 0;
    if (head->err)
        free_slot(c, (uint32_t)head->err - 1);
    return 1;
}

int server_ready(struct server_connection *c, struct plat_event *event, struct os_msg *msg)
{
    struct wire_head head;
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    enum wire_result result = wire_receive(c->fd, 0, &head, msg->data, fds, &nfds);
    if (result == WIRE_EMPTY)
        return 0;
    if (result == WIRE_OK || result == WIRE_LOST) {
        if (head.type == WIRE_REQUEST && request_is_plain(c, &head))
            return take_request(c, &head, fds, nfds, result == WIRE_LOST, event, msg);
        if (head.type == WIRE_CHANNEL && (nfds == 2 || result == WIRE_LOST)) {
            take_channel(c, fds, result == WIRE_LOST);
            return 0;
        }
        wire_close(fds, nfds);
        if (head.type == WIRE_UNBIND && is_bound(c, head.index)) {
            free_slot(c, head.index);
            return 0;
        }
        if (head.type == WIRE_WATCH && is_bound(c, head.index)) {
            take_watch(c, head.index);
            return 0;
        }
    }
    server_close(c); /* the client's end, or nothing that a client would send */
    return 0;
}

/* ---- replies ---- */

/* Gives the client an index for each capability that is an object of the same entrypoint. */
static void give_hints(struct server_connection *c, const struct os_msg *msg, struct wire_head *head)
{
    uint32_t index;

    for (unsigned i = 0; i < msg->ncaps; i++) {
        if (head->caps[i] != WIRE_CAP_FD)
            continue;
        struct plat_object *object = object_of_handle(c->ep, msg->caps[i]);
        if (object && bind_object(c, object, &index))
            head->caps[i] = WIRE_CAP_HINT + index;
    }
}

static void take_hints_back(struct server_connection *c, const struct wire_head *head)
{
    for (unsigned i = 0; i < head->ncaps; i++)
        if (head->caps[i] >= WIRE_CAP_HINT)
            free_slot(c, head->caps[i] - WIRE_CAP_HINT);
}

os_err server_send_reply(struct server_connection *c, uint32_t seq, struct os_msg *msg)
{
    struct wire_head head = { .type = WIRE_REPLY, .seq = seq, .err = msg->err, .len = msg->len };
    int fds[OS_MSG_CAPS];
    unsigned nfds;

    os_err err = cap_send_all(msg, NULL, &head, fds, &nfds);
    if (err)
        return err;
    give_hints(c, msg, &head);
    err = wire_send(c->fd, &head, msg->data, fds, nfds);
    if (err)
        take_hints_back(c, &head);
    return err;
}

void plat_reply(struct plat_ep *ep, const uint64_t token[2], struct os_msg *msg)
{
    struct server_connection *c = (struct server_connection *)(uintptr_t)(token[0] & ~LANE_TOKEN);
    uint32_t seq = (uint32_t)token[1];

    if (c->ep != ep || c->generation != (uint32_t)(token[1] >> 32))
        return;
    if (token[0] & LANE_TOKEN) {
        lane_reply(c, msg);
        return;
    }
    c->owed--;
    os_err err = server_send_reply(c, seq, msg);
    if (err)
        answer(c, seq, err);
}
