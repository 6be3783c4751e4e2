/* SPDX-License-Identifier: BSD-2-Clause */
/* blocking_tcp.c: TCP of network/blocking.h. */
#include "blocking.h"

static struct net_blocking_socket *socket_of(struct net_tcp *tcp)
{
    return OS_CONTAINER_OF(tcp, struct net_blocking_socket, tcp);
}

/* ---- between rings and stack, at the entrypoint ---- */

/* Nobody will read what comes; it must not stand in the way of what is still to be sent. */
static void discard(struct net_tcp *tcp)
{
    const void *data;
    size_t len;
    while (net_tcp_peek(tcp, &data, &len) == OS_OK && len)
        net_tcp_consume(tcp, len);
}

/* Bytes from the stack; says whether there may be more. */
static int pull_piece(struct net_blocking_socket *s)
{
    size_t room, len;
    blocking_lock();
    uint8_t *to = ring_room(&s->rx, &room);
    s->stalled = !room;
    blocking_unlock();
    if (!room || net_tcp_read(&s->tcp, to, room, &len))
        return 0;
    blocking_lock();
    s->rx.head += len;
    s->peer_ended = !len;
    blocking_wake(s, READ);
    blocking_unlock();
    return len > 0;
}

static int push_piece(struct net_blocking_socket *s)
{
    size_t part, len;
    blocking_lock();
    const uint8_t *from = ring_piece(&s->tx, &part);
    blocking_unlock();
    if (!part || net_tcp_write(&s->tcp, from, part, &len))
        return 0;
    blocking_lock();
    s->tx.tail += len;
    s->full = len < part;
    if (ring_free(&s->tx) >= s->tx.size / 4)
        blocking_wake(s, WRITE);
    blocking_unlock();
    return len == part;
}

static void work(struct net_blocking_socket *s)
{
    blocking_lock();
    int closed = s->closed;
    blocking_unlock();
    if (s->connecting || !s->tcp.own)
        return;
    if (closed)
        discard(&s->tcp);
    while (!closed && !s->peer_ended && pull_piece(s)) {
    }
    while (push_piece(s)) {
    }
    blocking_lock();
    int shut = s->shut && !s->shut_done && !ring_used(&s->tx);
    s->shut_done |= shut;
    blocking_unlock();
    if (shut)
        net_tcp_shutdown(&s->tcp);
}

static void end(struct net_blocking_socket *s)
{
    if (s->abort)
        net_tcp_abort(&s->tcp);
    else
        net_tcp_close(&s->tcp);
}

static void look_after(struct net_tcp *tcp)
{
    struct net_blocking_socket *s = socket_of(tcp);
    blocking_lock();
    s->full = 0;
    blocking_kick(s);
    blocking_unlock();
}

static void on_connected(struct net_tcp *tcp)
{
    struct net_blocking_socket *s = socket_of(tcp);
    blocking_lock();
    s->connecting = 0;
    net_tcp_local(tcp, &s->local);
    net_tcp_peer(tcp, &s->peer);
    blocking_wake(s, WRITE);
    blocking_kick(s);
    blocking_unlock();
}

static void on_closed(struct net_tcp *tcp, os_err err)
{
    struct net_blocking_socket *s = socket_of(tcp);
    blocking_lock();
    s->err = err;
    blocking_wake(s, READ);
    blocking_wake(s, WRITE);
    blocking_kick(s);
    blocking_unlock();
}

static os_err make(size_t buffer, struct net_blocking_socket **socket)
{
    struct net_blocking_socket *s;
    os_err err = blocking_make(buffer, buffer, &s);
    if (err)
        return err;
    s->tcp = (struct net_tcp){
        .connected = on_connected, .readable = look_after, .writable = look_after, .closed = on_closed
    };
    s->work = work;
    s->end = end;
    *socket = s;
    return OS_OK;
}

/* ---- connections ---- */

struct ends {
    const struct net_addr *to, *from;
};

static void begin_connect(struct request *request)
{
    struct net_blocking_socket *s = request->s;
    const struct ends *ends = request->arg;
    request->err = net_tcp_connect(request->gate->stack, &s->tcp, ends->to, ends->from);
    if (request->err)
        return;
    blocking_lock();
    s->connecting = 1;
    blocking_add(request->gate, s);
    blocking_unlock();
}

/* Until it is there, or will not be. */
static os_err await_connected(struct net_blocking_socket *s, os_time deadline)
{
    os_err err = OS_OK, late = OS_OK;
    blocking_lock();
    while (!s->closed && s->gate && !s->err && s->connecting && !late)
        late = blocking_wait(s, WRITE, deadline);
    if (s->closed || !s->gate)
        err = OS_ERR_CANCELLED;
    else if (s->err)
        err = s->err;
    else if (s->connecting)
        err = late;
    blocking_leave(s, WRITE);
    blocking_unlock();
    return err;
}

os_err net_blocking_connect(struct net_blocking *gate, struct net_blocking_tcp *tcp,
                            const struct net_addr *to, const struct net_addr *from, os_time deadline)
{
    struct ends ends = { to, from };
    struct request request = { .run = begin_connect, .arg = &ends };
    struct net_blocking_socket *s;
    if (tcp->own)
        return OS_ERR_BAD_ARG;
    os_err err = make(gate->buffer, &s);
    if (err)
        return err;
    request.s = s;
    s->refs++; /* this thread, which waits like one that writes */
    s->waiters[WRITE].busy = 1;
    blocking_lock();
    tcp->own = s; /* from here on others can close it */
    blocking_unlock();
    err = blocking_call(gate, &request, deadline);
    if (!err) {
        err = await_connected(s, deadline);
    } else {
        blocking_lock();
        blocking_leave(s, WRITE);
        blocking_unlock();
    }
    if (err)
        net_blocking_abort(tcp);
    return err;
}

/* What there is, up to SIZE bytes. With the lock, which is let go while they are copied. */
static size_t take(struct net_blocking_socket *s, uint8_t *data, size_t size)
{
    size_t len = ring_used(&s->rx) < size ? ring_used(&s->rx) : size;
    blocking_unlock();
    ring_get(&s->rx, 0, data, len);
    blocking_lock();
    s->rx.tail += len;
    /* the stack has more, and there is room for more than a little of it */
    if (s->stalled && ring_free(&s->rx) >= s->rx.size / 2)
        blocking_kick(s);
    return len;
}

os_err net_blocking_read(struct net_blocking_tcp *tcp, void *data, size_t size, size_t *len, os_time deadline)
{
    blocking_lock();
    struct net_blocking_socket *s = tcp->own;
    os_err err = size ? blocking_enter(s, READ) : OS_ERR_BAD_ARG, late = OS_OK;
    if (err)
        goto unlock;
    for (;;) {
        if (s->closed || !s->gate) {
            err = OS_ERR_CANCELLED;
        } else if (ring_used(&s->rx)) {
            *len = take(s, data, size);
        } else if (s->peer_ended) {
            *len = 0;
        } else if (s->err) {
            err = s->err;
        } else if (!late) {
            late = blocking_wait(s, READ, deadline);
            continue;
        } else {
            err = late;
        }
        break;
    }
    blocking_leave(s, READ);
unlock:
    blocking_unlock();
    return err;
}

/* What there is room for, up to SIZE bytes. With the lock, which is let go while they are copied. */
static size_t give(struct net_blocking_socket *s, const uint8_t *data, size_t size)
{
    size_t len = ring_free(&s->tx) < size ? ring_free(&s->tx) : size;
    blocking_unlock();
    ring_put(&s->tx, 0, data, len);
    blocking_lock();
    s->tx.head += len;
    if (!s->full)
        blocking_kick(s);
    return len;
}

os_err net_blocking_write(struct net_blocking_tcp *tcp, const void *data, size_t size, size_t *len,
                          os_time deadline)
{
    size_t done = 0;
    blocking_lock();
    struct net_blocking_socket *s = tcp->own;
    os_err err = blocking_enter(s, WRITE), late = OS_OK;
    if (err)
        goto unlock;
    while (!err && done < size) {
        if (s->closed || !s->gate)
            err = OS_ERR_CANCELLED;
        else if (s->err || s->shut)
            err = s->err ? s->err : OS_ERR_DEAD;
        else if (ring_free(&s->tx))
            done += give(s, (const uint8_t *)data + done, size - done);
        else if (!late)
            late = blocking_wait(s, WRITE, deadline);
        else
            err = late;
    }
    if (done)
        err = OS_OK;
    if (!err)
        *len = done;
    blocking_leave(s, WRITE);
unlock:
    blocking_unlock();
    return err;
}

void net_blocking_shutdown(struct net_blocking_tcp *tcp)
{
    blocking_lock();
    if (tcp->own && !tcp->own->shut) {
        tcp->own->shut = 1;
        blocking_wake(tcp->own, WRITE);
        blocking_kick(tcp->own);
    }
    blocking_unlock();
}

void net_blocking_close(struct net_blocking_tcp *tcp)
{
    blocking_close(&tcp->own, 0);
}

void net_blocking_abort(struct net_blocking_tcp *tcp)
{
    blocking_close(&tcp->own, 1);
}

void net_blocking_local(const struct net_blocking_tcp *tcp, struct net_addr *addr)
{
    blocking_lock();
    *addr = tcp->own ? tcp->own->local : (struct net_addr){ 0 };
    blocking_unlock();
}

void net_blocking_peer(const struct net_blocking_tcp *tcp, struct net_addr *addr)
{
    blocking_lock();
    *addr = tcp->own ? tcp->own->peer : (struct net_addr){ 0 };
    blocking_unlock();
}

/* ---- listeners ---- */

/* A thread that waits for a connection, with the socket that this is to be. */
struct acceptor {
    struct os_list link; /* in the listener's acceptors until it has one */
    struct os_semaphore done;
    struct net_blocking_socket *s;
    int accepted;
};

/* The first one that waits gets the next connection. With the lock: says whether there was one. */
static int serve_one(struct net_blocking_socket *l)
{
    if (os_list_empty(&l->acceptors))
        return 0;
    struct acceptor *acceptor = OS_CONTAINER_OF(l->acceptors.next, struct acceptor, link);
    struct net_blocking_socket *s = acceptor->s;
    if (net_tcp_accept(&l->listener, &s->tcp))
        return 0;
    os_list_remove(&acceptor->link);
    net_tcp_local(&s->tcp, &s->local);
    net_tcp_peer(&s->tcp, &s->peer);
    blocking_add(l->gate, s);
    acceptor->accepted = 1;
    os_semaphore_up(&acceptor->done);
    return 1;
}

static void work_listener(struct net_blocking_socket *l)
{
    blocking_lock();
    while (!l->closed && serve_one(l)) {
    }
    OS_LIST_FOR_EACH (link, &l->acceptors)
        if (l->closed)
            os_semaphore_up(&OS_CONTAINER_OF(link, struct acceptor, link)->done);
    blocking_unlock();
}

static void end_listener(struct net_blocking_socket *l)
{
    OS_LIST_FOR_EACH (link, &l->acceptors)
        os_semaphore_up(&OS_CONTAINER_OF(link, struct acceptor, link)->done);
    net_tcp_listener_close(&l->listener);
}

static void on_incoming(struct net_tcp_listener *listener)
{
    work_listener(OS_CONTAINER_OF(listener, struct net_blocking_socket, listener));
}

static void begin_listen(struct request *request)
{
    struct net_blocking_socket *l = request->s;
    l->listener.incoming = on_incoming;
    request->err = net_tcp_listen(request->gate->stack, &l->listener, request->addr, (uint32_t)request->len);
    if (request->err)
        return;
    blocking_lock();
    blocking_add(request->gate, l);
    blocking_unlock();
}

os_err net_blocking_listen(struct net_blocking *gate, struct net_blocking_listener *listener,
                           const struct net_addr *addr, uint32_t backlog, os_time deadline)
{
    struct request request = { .run = begin_listen, .addr = addr, .len = backlog };
    struct net_blocking_socket *l;
    if (listener->own)
        return OS_ERR_BAD_ARG;
    os_err err = blocking_make(0, 0, &l);
    if (err)
        return err;
    l->work = work_listener;
    l->end = end_listener;
    request.s = l;
    err = blocking_call(gate, &request, deadline);
    if (err)
        blocking_close(&l, 0);
    else
        listener->own = l;
    return err;
}

/* With the lock. */
static os_err await_connection(struct net_blocking_socket *l, struct acceptor *acceptor, os_time deadline)
{
    os_err err = OS_OK;
    os_list_insert(&l->acceptors, &acceptor->link);
    blocking_kick(l);
    while (!err) {
        if (acceptor->accepted)
            break;
        if (l->closed || !l->gate) {
            err = OS_ERR_CANCELLED;
            break;
        }
        blocking_unlock();
        err = os_semaphore_down(&acceptor->done, deadline);
        blocking_lock();
    }
    os_list_remove(&acceptor->link);
    return acceptor->accepted ? OS_OK : err;
}

os_err net_blocking_accept(struct net_blocking_listener *listener, struct net_blocking_tcp *tcp,
                           os_time deadline)
{
    struct acceptor acceptor = { 0 };
    if (tcp->own)
        return OS_ERR_BAD_ARG;
    os_list_init(&acceptor.link);
    blocking_lock();
    struct net_blocking_socket *l = listener->own;
    size_t buffer = l && l->gate ? l->gate->buffer : 0;
    if (buffer)
        l->refs++;
    blocking_unlock();
    if (!buffer)
        return OS_ERR_CANCELLED;
    os_err err = make(buffer, &acceptor.s);
    blocking_lock();
    if (!err) {
        err = await_connection(l, &acceptor, deadline);
        if (!err)
            tcp->own = acceptor.s;
        else
            blocking_release(acceptor.s);
    }
    blocking_release(l);
    blocking_unlock();
    return err;
}

void net_blocking_listener_close(struct net_blocking_listener *listener)
{
    blocking_close(&listener->own, 0);
}
