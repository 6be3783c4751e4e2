/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.c: calls: requests out, replies in. This is the general lane, by the socket; plat_call tries the fast
 * one (lane.c) first.
 */
#include "internal.h"
#include <poll.h>
#include <string.h>

static struct pool call_pool = { .size = sizeof(struct plat_call) };

/* ---- ends of calls ---- */

void call_end(struct call *call, os_err err)
{
    os_list_remove(&call->link);
    call->connection = NULL;
    call->err = err;
    if (!call->ep)
        return;
    os_list_remove(&call->ep_link); /* of those with a deadline */
    os_list_insert(&call->ep->done, &call->ep_link);
}

void call_free(struct plat_call *call)
{
    cap_put(call->call.entry);
    pool_put(&call_pool, call);
}

static struct call *first_of(struct os_list *list)
{
    return os_list_empty(list) ? NULL : OS_CONTAINER_OF(list->next, struct call, ep_link);
}

os_time call_first_deadline(struct plat_ep *ep)
{
    struct call *call = first_of(&ep->waiting);
    return call ? call->deadline : OS_NEVER;
}

void call_expire(struct plat_ep *ep)
{
    struct call *call;

    if (os_list_empty(&ep->waiting))
        return;
    os_time now = plat_clock();
    while ((call = first_of(&ep->waiting)) && call->deadline <= now)
        call_end(call, OS_ERR_DEADLINE);
}

struct plat_call *call_next_done(struct plat_ep *ep)
{
    struct call *call = first_of(&ep->done);

    if (!call)
        return NULL;
    os_list_remove(&call->ep_link);
    if (call->err)
        call->msg->ncaps = call->msg->len = 0;
    return OS_CONTAINER_OF(call, struct plat_call, call);
}

/* ---- replies ---- */

void copy_reply(struct os_msg *to, const struct os_msg *from)
{
    if (to == from)
        return;
    to->err = from->err;
    to->len = from->len;
    to->ncaps = from->ncaps;
    memcpy(to->caps, from->caps, sizeof(from->caps[0]) * from->ncaps);
    memcpy(to->data, from->data, from->len);
}

static struct call *find_call(struct connection *c, uint32_t seq)
{
    OS_LIST_FOR_EACH (link, &c->calls) {
        struct call *call = OS_CONTAINER_OF(link, struct call, link);
        if (call->seq == seq && !call->watch)
            return call;
    }
    return NULL;
}

/* Binds what the reply brought by the indices it names, or says that they are not wanted. */
static void take_hints(struct connection *c, const struct wire_head *head, const struct os_msg *msg)
{
    for (unsigned i = 0; i < head->ncaps; i++)
        if (head->caps[i] >= WIRE_CAP_HINT)
            connection_hint(c, i < msg->ncaps ? msg->caps[i] : OS_NO_CAP, head->caps[i] - WIRE_CAP_HINT);
}

/*
 * Hints of answers that nobody waits for are declined, and that takes memory until the server reads it. One
 * that goes on, with more than it can owe, and does not read, breaks the protocol.
 */
static void count_declined(struct connection *c, const struct wire_head *head)
{
    if (!connection_unbinds(c))
        c->declined = 0;
    else
        c->declined += head->ncaps;
    if (c->declined > WIRE_UNDER_WAY * OS_MSG_CAPS)
        connection_end(c, OS_ERR_BAD_MSG);
}

static void take_reply(struct connection *c, const struct wire_head *head, const int *fds, unsigned nfds,
                       int lost, struct os_msg *msg)
{
    struct call *call = find_call(c, head->seq);
    os_err err = lost ? OS_ERR_HANDLES : OS_OK;

    if (c->under_way)
        c->under_way--;
    msg->err = head->err;
    msg->len = head->len;
    msg->ncaps = 0;
    if (call && !lost)
        err = cap_receive_all(head, fds, nfds, msg);
    else
        wire_close(fds, nfds);
    take_hints(c, head, msg);
    if (!call) {
        count_declined(c, head); /* cancelled, or too late */
        return;
    }
    if (!err)
        copy_reply(call->msg, msg);
    call_end(call, err);
}

/* A server that tells of what nobody watches does no harm. */
static void take_gone(struct connection *c, uint32_t index)
{
    connection_gone(c, index);
    OS_LIST_FOR_EACH_SAFE (link, &c->calls) {
        struct call *call = OS_CONTAINER_OF(link, struct call, link);
        if (call->watch && call->index == index)
            call_end(call, OS_ERR_REVOKED);
    }
}

/*
 * The connection has ended. The server welcomes each connection that it takes, so one that ends before,
 * although its object is still there, did not reach it: the server had no descriptor for it. (Or it is just
 * being killed, right after it took the connection; then the next call will tell.)
 */
static os_err why_ended(struct connection *c)
{
    os_err err = OS_ERR_DEAD;

    transport_lock();
    if (!c->welcome && c->object_fd >= 0 && !(wire_poll(c->object_fd, 0, 0) & POLLHUP))
        err = OS_ERR_HANDLES;
    transport_unlock();
    return err;
}

static os_err refusal(const struct wire_head *head)
{
    return head->err > 0 && head->err <= OS_ERR_LAST ? head->err : OS_ERR_BAD_MSG;
}

int connection_receive(struct connection *c, int wait, struct os_msg *scratch)
{
    struct wire_head head;
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    enum wire_result result = wire_receive(c->fd, wait, &head, scratch->data, fds, &nfds);
    if (result == WIRE_EMPTY)
        return 0;
    if (result == WIRE_END) {
        connection_end(c, why_ended(c));
    } else if (result == WIRE_BAD) {
        connection_end(c, OS_ERR_BAD_MSG);
    } else if (head.type == WIRE_REPLY) {
        take_reply(c, &head, fds, nfds, result == WIRE_LOST, scratch);
    } else {
        wire_close(fds, nfds);
        if (head.type == WIRE_GONE)
            take_gone(c, head.index);
        else if (head.type == WIRE_WELCOME && !c->welcome)
            c->welcome = 1, c->channels = head.index == 1;
        else if (head.type != WIRE_CHANNEL || !lane_answered(c, head.err))
            connection_end(c, head.type == WIRE_REFUSE ? refusal(&head) : OS_ERR_BAD_MSG);
    }
    return 1;
}

/* ---- requests ---- */

static int is_over(os_time deadline)
{
    return deadline != OS_NEVER && plat_clock() >= deadline;
}

/*
 * Waits until the connection may take another request; what comes meanwhile is handled. AGAIN: that was tried
 * before, and a server that sends all the time must not keep us beyond the deadline.
 */
static __attribute__((noinline)) os_err make_room(struct connection *c, os_time deadline, int again)
{
    struct os_msg scratch;
    int events = c->under_way < WIRE_UNDER_WAY ? POLLIN | POLLOUT : POLLIN;
    int ready = wire_poll(c->fd, events, deadline);

    if (!ready || (again && is_over(deadline)))
        return OS_ERR_DEADLINE;
    if (ready & ~POLLOUT)
        connection_receive(c, 0, &scratch);
    return c->fd < 0 ? c->ended : OS_OK;
}

/* Numbers of requests that go by the socket; those of a channel do not have this bit, so none means two. */
#define SOCKET_SEQ UINT32_C(0x80000000)

static os_err send_request(struct connection *c, const struct os_msg *msg, struct call *call)
{
    struct wire_head head = {
        .type = WIRE_REQUEST,
        .index = call->index,
        .seq = call->seq = ++c->seq | SOCKET_SEQ,
        .fingerprint = msg->fingerprint,
        .op = msg->op,
        .len = msg->len,
    };
    int fds[OS_MSG_CAPS];
    unsigned nfds;
    os_err err = cap_send_all(msg, c->shared ? c : NULL, &head, fds, &nfds);

    for (int again = 0; !err; again = 1) {
        if (connection_unbinds(c) > 1)
            connection_flush(c);
        head.err = connection_unbinds(c) ? (int32_t)connection_first_unbind(c) : 0;
        err = c->under_way < WIRE_UNDER_WAY ? wire_send(c->fd, &head, msg->data, fds, nfds) : OS_ERR_BUSY;
        if (err != OS_ERR_BUSY || call->ep)
            break;
        err = make_room(c, call->deadline, again);
    }
    if (err)
        return err;
    if (head.err)
        connection_unbound(c);
    c->under_way++;
    call->connection = c;
    os_list_insert(&c->calls, &call->link);
    return OS_OK;
}

static os_err send_watch(struct connection *c, struct call *call)
{
    os_err err = connection_watch(c, call->index);

    if (err)
        return err;
    call->connection = c;
    os_list_insert(&c->calls, &call->link);
    return OS_OK;
}

/* More than an honest server can have sent: one that says it has ended cannot keep us by sending on. */
enum { LEFT_AT_END = 2 * (WIRE_UNDER_WAY + WIRE_WATCHED) };

__attribute__((noinline)) os_err connection_read_to_end(struct connection *c)
{
    struct os_msg scratch;

    for (int left = LEFT_AT_END; left > 0 && c->fd >= 0 && connection_receive(c, 0, &scratch); left--)
        ;
    if (c->fd >= 0)
        connection_end(c, why_ended(c));
    return c->ended;
}

/*
 * Sends the request of CALL, or begins its watch, without MSG. A connection from an earlier call may have
 * ended while the object lives, as when the server closed it; then there is one more introduction, which is
 * safe because nothing was sent.
 */
static os_err start_call(struct call *call, const struct os_msg *msg, struct connection **connection)
{
    struct connection *c;
    int fresh;

    for (int again = 0;; again++) {
        os_err err = connection_acquire(call->entry, call->ep, call->deadline, &c, &call->index, &fresh);
        if (err)
            return err;
        err = call->watch ? send_watch(c, call) : send_request(c, msg, call);
        if (!err) {
            *connection = c;
            return OS_OK;
        }
        if (err == OS_ERR_DEAD)
            err = connection_read_to_end(c);
        connection_release(c);
        if (err != OS_ERR_DEAD || fresh || again)
            return err;
    }
}

static os_err wait_for_reply(struct call *call, struct connection *c)
{
    while (call->connection) {
        if (call->deadline != OS_NEVER && !wire_poll(c->fd, POLLIN, call->deadline)) {
            call_end(call, OS_ERR_DEADLINE);
        } else if (!connection_receive(c, call->deadline == OS_NEVER, call->msg)) {
            wire_poll(c->fd, POLLIN, call->deadline);
        } else if (call->connection && is_over(call->deadline)) {
            call_end(call, OS_ERR_DEADLINE); /* even if there is always something to receive */
        }
    }
    return call->err;
}

os_err call_await(struct connection *c, uint32_t seq, struct os_msg *msg, os_time deadline)
{
    struct call call = { .msg = msg, .deadline = deadline, .seq = seq, .connection = c };

    c->under_way++;
    os_list_insert(&c->calls, &call.link);
    return wait_for_reply(&call, c);
}

/* A server on this very thread cannot answer while the thread waits. */
static int is_own_server(const struct cap_entry *entry)
{
    transport_lock();
    int own = entry->object && pthread_equal(entry->object->ep->thread, pthread_self());
    transport_unlock();
    return own;
}

static os_err check_request(const struct cap_entry *entry, const struct os_msg *msg)
{
    if (!entry)
        return OS_ERR_BAD_CAP;
    if (!msg)
        return OS_OK;
    return msg->len > OS_MSG_BYTES || msg->ncaps > OS_MSG_CAPS ? OS_ERR_TOO_LARGE : OS_OK;
}

os_err plat_call(struct os_cap cap, struct os_msg *msg, os_time deadline)
{
    struct connection *c;
    os_err err;

    if (!msg->ncaps && lane_call(cap, msg, deadline, &err))
        return err;
    int plain = !msg->ncaps;
    uint32_t epoch = lane_epoch();
    struct call call = { .msg = msg, .deadline = deadline, .entry = cap_get(cap) };
    err = check_request(call.entry, msg);
    if (!err && is_own_server(call.entry))
        err = OS_ERR_DEADLOCK;
    if (!err)
        err = start_call(&call, msg, &c);
    if (!err) {
        err = wait_for_reply(&call, c);
        if (err)
            msg->ncaps = 0; /* it may have served as scratch space */
        else if (plain)
            lane_remember(cap, c, call.index, epoch);
        if (plain)
            lane_consider(c);
        connection_release(c);
    }
    if (call.entry)
        cap_put(call.entry);
    return err;
}

static void insert_by_deadline(struct call *call)
{
    struct os_list *at = call->ep->waiting.prev;

    while (at != &call->ep->waiting && OS_CONTAINER_OF(at, struct call, ep_link)->deadline > call->deadline)
        at = at->prev;
    os_list_insert(at->next, &call->ep_link);
}

/* MSG NULL: a watch. */
static os_err begin(struct plat_ep *ep, struct os_cap cap, const struct os_msg *msg, os_time deadline,
                    void *key, struct plat_call **call)
{
    struct connection *c;
    struct plat_call *made = pool_get(&call_pool);

    if (!made)
        return OS_ERR_NO_MEMORY;
    made->call = (struct call){
        .entry = cap_get(cap), .msg = &made->msg, .watch = !msg, .deadline = deadline, .ep = ep, .key = key
    };
    os_list_init(&made->call.ep_link);
    os_err err = check_request(made->call.entry, msg);
    if (!err)
        err = start_call(&made->call, msg, &c);
    if (err)
        goto fail;
    connection_release(c);
    if (deadline != OS_NEVER)
        insert_by_deadline(&made->call);
    *call = made;
    return OS_OK;
fail:
    if (made->call.entry)
        cap_put(made->call.entry);
    pool_put(&call_pool, made);
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
    if (call->call.connection)
        call_end(&call->call, OS_ERR_CANCELLED);
    else
        for (unsigned i = 0; i < (call->call.err ? 0u : call->msg.ncaps); i++)
            plat_cap_unref(call->msg.caps[i]);
    os_list_remove(&call->call.ep_link);
    call_free(call);
}
