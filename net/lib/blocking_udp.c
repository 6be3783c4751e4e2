/* SPDX-License-Identifier: BSD-2-Clause */
/* blocking_udp.c: UDP of network/blocking.h. In the ring each datagram has a head before it. */
#include "blocking.h"

struct head {
    size_t len;
    struct net_addr from, to;
};

static void on_received(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                        const struct net_addr *to)
{
    struct net_blocking_socket *s = OS_CONTAINER_OF(udp, struct net_blocking_socket, udp);
    struct head head = { .len = len, .from = *from, .to = *to };
    blocking_lock();
    size_t room = ring_free(&s->rx);
    blocking_unlock();
    if (room < sizeof(head) || room - sizeof(head) < len)
        return;
    ring_put(&s->rx, 0, &head, sizeof(head));
    ring_put(&s->rx, sizeof(head), data, len);
    blocking_lock();
    s->rx.head += sizeof(head) + len;
    blocking_wake(s, READ);
    blocking_unlock();
}

static void work(struct net_blocking_socket *s)
{
    (void)s;
}

static void end(struct net_blocking_socket *s)
{
    net_udp_close(&s->udp);
}

static void begin_open(struct request *request)
{
    struct net_blocking_socket *s = request->s;
    s->udp.received = on_received;
    request->err = net_udp_open(request->gate->stack, &s->udp, request->addr);
    if (request->err)
        return;
    blocking_lock();
    net_udp_local(&s->udp, &s->local);
    blocking_add(request->gate, s);
    blocking_unlock();
}

os_err net_blocking_udp_open(struct net_blocking *gate, struct net_blocking_udp *udp,
                             const struct net_addr *addr, os_time deadline)
{
    struct request request = { .run = begin_open, .addr = addr };
    struct net_blocking_socket *s;
    if (udp->own)
        return OS_ERR_BAD_ARG;
    os_err err = blocking_make(gate->buffer, 0, &s);
    if (err)
        return err;
    s->work = work;
    s->end = end;
    request.s = s;
    err = blocking_call(gate, &request, deadline);
    if (err)
        blocking_close(&s, 0);
    else
        udp->own = s;
    return err;
}

/* Has the entrypoint do RUN with the socket. */
static os_err call(struct net_blocking_udp *udp, struct request *request, os_time deadline)
{
    blocking_lock();
    os_err err = blocking_enter(udp->own, WRITE);
    struct net_blocking_socket *s = udp->own;
    struct net_blocking *gate = err ? NULL : s->gate;
    blocking_unlock();
    if (err)
        return err;
    request->s = s;
    err = blocking_call(gate, request, deadline);
    blocking_lock();
    blocking_leave(s, WRITE);
    blocking_unlock();
    return err;
}

static void send(struct request *request)
{
    request->err = net_udp_send(&request->s->udp, request->addr, request->data, request->len);
}

static void join(struct request *request)
{
    request->err = net_udp_join(&request->s->udp, request->addr);
}

static void leave(struct request *request)
{
    net_udp_leave(&request->s->udp, request->addr);
}

os_err net_blocking_udp_send(struct net_blocking_udp *udp, const struct net_addr *to, const void *data,
                             size_t len, os_time deadline)
{
    struct request request = { .run = send, .addr = to, .data = data, .len = len };
    return call(udp, &request, deadline);
}

os_err net_blocking_udp_join(struct net_blocking_udp *udp, const struct net_addr *group, os_time deadline)
{
    struct request request = { .run = join, .addr = group };
    return call(udp, &request, deadline);
}

os_err net_blocking_udp_leave(struct net_blocking_udp *udp, const struct net_addr *group, os_time deadline)
{
    struct request request = { .run = leave, .addr = group };
    return call(udp, &request, deadline);
}

/* The oldest one, which is there. With the lock, which is let go while it is copied. */
static void take(struct net_blocking_socket *s, void *data, size_t size, struct head *head)
{
    blocking_unlock();
    ring_get(&s->rx, 0, head, sizeof(*head));
    ring_get(&s->rx, sizeof(*head), data, head->len < size ? head->len : size);
    blocking_lock();
    s->rx.tail += sizeof(*head) + head->len;
}

os_err net_blocking_udp_receive(struct net_blocking_udp *udp, void *data, size_t size, size_t *len,
                                struct net_addr *from, struct net_addr *to, os_time deadline)
{
    struct head head;
    blocking_lock();
    struct net_blocking_socket *s = udp->own;
    os_err err = blocking_enter(s, READ), late = OS_OK;
    if (err)
        goto unlock;
    while (!s->closed && s->gate && !ring_used(&s->rx) && !late)
        late = blocking_wait(s, READ, deadline);
    if (s->closed || !s->gate) {
        err = OS_ERR_CANCELLED;
    } else if (!ring_used(&s->rx)) {
        err = late;
    } else {
        take(s, data, size, &head);
        *len = head.len;
        if (from)
            *from = head.from;
        if (to)
            *to = head.to;
    }
    blocking_leave(s, READ);
unlock:
    blocking_unlock();
    return err;
}

void net_blocking_udp_local(const struct net_blocking_udp *udp, struct net_addr *addr)
{
    blocking_lock();
    *addr = udp->own ? udp->own->local : (struct net_addr){ 0 };
    blocking_unlock();
}

void net_blocking_udp_close(struct net_blocking_udp *udp)
{
    blocking_close(&udp->own, 0);
}
