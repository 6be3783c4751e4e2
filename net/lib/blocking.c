/* SPDX-License-Identifier: BSD-2-Clause */
/* blocking.c: the gate of network/blocking.h, what threads ask for by it, and names. */
#include "blocking.h"

#include <stdlib.h>
#include <string.h>

#include "private.h"

#define BUFFER OS_KIB(16)

/* Requests and sockets that are dealt with before others at the entrypoint have their turn. */
#define ROUNDS 256

static struct os_mutex lock;

void blocking_lock(void)
{
    os_mutex_lock(&lock);
}

void blocking_unlock(void)
{
    os_mutex_unlock(&lock);
}

/* ---- rings ---- */

size_t ring_used(const struct ring *ring)
{
    return ring->head - ring->tail;
}

size_t ring_free(const struct ring *ring)
{
    return ring->size - ring_used(ring);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

uint8_t *ring_room(const struct ring *ring, size_t *len)
{
    size_t at = ring->head % ring->size;
    *len = smaller(ring_free(ring), ring->size - at);
    return ring->data + at;
}

const uint8_t *ring_piece(const struct ring *ring, size_t *len)
{
    size_t at = ring->tail % ring->size;
    *len = smaller(ring_used(ring), ring->size - at);
    return ring->data + at;
}

void ring_put(struct ring *ring, size_t offset, const void *data, size_t len)
{
    size_t at = (ring->head + offset) % ring->size, first = smaller(len, ring->size - at);
    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const uint8_t *)data + first, len - first);
}

void ring_get(const struct ring *ring, size_t offset, void *data, size_t len)
{
    size_t at = (ring->tail + offset) % ring->size, first = smaller(len, ring->size - at);
    memcpy(data, ring->data + at, first);
    memcpy((uint8_t *)data + first, ring->data, len - first);
}

/* ---- threads that wait ---- */

static void notify(struct net_blocking *gate)
{
    if (gate->signalled)
        return;
    gate->signalled = 1;
    os_signal_submit(gate->signal);
}

void blocking_kick(struct net_blocking_socket *s)
{
    if (!s->gate || s->queued)
        return;
    s->queued = 1;
    os_list_insert(&s->gate->pending, &s->pending);
    notify(s->gate);
}

void blocking_wake(struct net_blocking_socket *s, enum direction direction)
{
    struct waiter *waiter = &s->waiters[direction];
    if (waiter->waits)
        os_semaphore_up(&waiter->semaphore);
    waiter->waits = 0;
}

os_err blocking_wait(struct net_blocking_socket *s, enum direction direction, os_time deadline)
{
    struct waiter *waiter = &s->waiters[direction];
    waiter->waits = 1;
    os_mutex_unlock(&lock);
    os_err err = os_semaphore_down(&waiter->semaphore, deadline);
    os_mutex_lock(&lock);
    waiter->waits = 0;
    return err;
}

os_err blocking_enter(struct net_blocking_socket *own, enum direction direction)
{
    if (!own || own->closed || !own->gate)
        return OS_ERR_CANCELLED;
    if (own->waiters[direction].busy)
        return OS_ERR_BUSY;
    own->waiters[direction].busy = 1;
    own->refs++;
    return OS_OK;
}

static void destroy(struct net_blocking_socket *s)
{
    free(s->rx.data);
    free(s->tx.data);
    free(s);
}

void blocking_release(struct net_blocking_socket *s)
{
    if (--s->refs)
        return;
    if (s->gate)
        blocking_kick(s);
    else
        destroy(s);
}

void blocking_leave(struct net_blocking_socket *s, enum direction direction)
{
    s->waiters[direction].busy = 0;
    blocking_release(s);
}

os_err blocking_make(size_t rx, size_t tx, struct net_blocking_socket **socket)
{
    struct net_blocking_socket *s = calloc(1, sizeof(*s));
    if (!s)
        return OS_ERR_RAM;
    s->rx = (struct ring){ .data = rx ? malloc(rx) : NULL, .size = rx };
    s->tx = (struct ring){ .data = tx ? malloc(tx) : NULL, .size = tx };
    if ((rx && !s->rx.data) || (tx && !s->tx.data)) {
        destroy(s);
        return OS_ERR_RAM;
    }
    s->refs = 1;
    os_list_init(&s->link);
    os_list_init(&s->pending);
    os_list_init(&s->acceptors);
    *socket = s;
    return OS_OK;
}

void blocking_add(struct net_blocking *gate, struct net_blocking_socket *s)
{
    s->gate = gate;
    os_list_insert(&gate->sockets, &s->link);
}

void blocking_close(struct net_blocking_socket **own, int abort)
{
    os_mutex_lock(&lock);
    struct net_blocking_socket *s = *own;
    *own = NULL;
    if (s) {
        s->closed = 1;
        s->abort = abort;
        blocking_wake(s, READ);
        blocking_wake(s, WRITE);
        blocking_kick(s);
        blocking_release(s);
    }
    os_mutex_unlock(&lock);
}

/* ---- at the entrypoint ---- */

/* One thing that somebody wants; with the lock, which is let go meanwhile. Says whether there was one. */
static int run_one(struct net_blocking *gate)
{
    if (!os_list_empty(&gate->requests)) {
        struct request *request = OS_CONTAINER_OF(gate->requests.next, struct request, link);
        os_list_remove(&request->link);
        request->state = RUNNING;
        os_mutex_unlock(&lock);
        request->run(request);
        os_mutex_lock(&lock);
        request->state = DONE;
        os_semaphore_up(&request->done);
        return 1;
    }
    if (os_list_empty(&gate->pending))
        return 0;
    struct net_blocking_socket *s = OS_CONTAINER_OF(gate->pending.next, struct net_blocking_socket, pending);
    os_list_remove(&s->pending);
    s->queued = 0;
    os_mutex_unlock(&lock);
    s->work(s);
    os_mutex_lock(&lock);
    if (!s->refs && (s->abort || s->err || !ring_used(&s->tx))) {
        os_list_remove(&s->pending);
        os_list_remove(&s->link);
        os_mutex_unlock(&lock);
        s->end(s);
        destroy(s);
        os_mutex_lock(&lock);
    }
    return 1;
}

static void handle(struct os_signal_handler *handler)
{
    struct net_blocking *gate = OS_CONTAINER_OF(handler, struct net_blocking, handler);
    int rounds = ROUNDS;
    os_mutex_lock(&lock);
    gate->signalled = 0;
    while (rounds && run_one(gate))
        rounds--;
    if (!rounds)
        notify(gate);
    os_mutex_unlock(&lock);
}

os_err blocking_call(struct net_blocking *gate, struct request *request, os_time deadline)
{
    os_mutex_lock(&lock);
    if (!gate->stack) {
        os_mutex_unlock(&lock);
        return OS_ERR_CANCELLED;
    }
    request->gate = gate;
    request->state = QUEUED;
    os_list_insert(&gate->requests, &request->link);
    notify(gate);
    while (request->state != DONE) {
        os_mutex_unlock(&lock);
        os_err late = os_semaphore_down(&request->done, deadline);
        os_mutex_lock(&lock);
        if (late && request->state == QUEUED) {
            os_list_remove(&request->link);
            request->err = OS_ERR_DEADLINE;
            break;
        }
        if (late)
            deadline = OS_NEVER; /* it is being run, which takes no time */
    }
    os_mutex_unlock(&lock);
    return request->err;
}

/* ---- names ---- */

/* An answer that is waited for; freed by the thread, which has told the entrypoint before. */
struct lookup {
    struct os_list link; /* in the gate's lookups until the answer is there */
    struct net_resolve resolve;
    struct os_semaphore done;
    int over;
    os_err err;
    uint32_t count;
    struct net_addr addrs[NET_BLOCKING_ADDRS];
};

static void finish_lookup(struct lookup *lookup, os_err err)
{
    os_list_remove(&lookup->link);
    lookup->over = 1;
    lookup->err = err;
    os_semaphore_up(&lookup->done);
}

static void on_resolved(struct net_resolve *resolve, os_err err, const struct net_addr *addrs, uint32_t count)
{
    struct lookup *lookup = OS_CONTAINER_OF(resolve, struct lookup, resolve);
    os_mutex_lock(&lock);
    for (; lookup->count < count && lookup->count < NET_BLOCKING_ADDRS; lookup->count++)
        lookup->addrs[lookup->count] = addrs[lookup->count];
    finish_lookup(lookup, err);
    os_mutex_unlock(&lock);
}

static void begin_lookup(struct request *request)
{
    struct lookup *lookup = request->arg;
    enum net_family family = (enum net_family)request->len;
    request->err = net_resolve(request->gate->stack, &lookup->resolve, request->data, family);
    if (request->err)
        return;
    os_mutex_lock(&lock);
    os_list_insert(&request->gate->lookups, &lookup->link);
    os_mutex_unlock(&lock);
}

static void cancel_lookup(struct request *request)
{
    struct lookup *lookup = request->arg;
    net_resolve_cancel(&lookup->resolve);
    os_mutex_lock(&lock);
    os_list_remove(&lookup->link);
    os_mutex_unlock(&lock);
}

os_err net_blocking_resolve(struct net_blocking *gate, const char *name, enum net_family family,
                            struct net_addr addrs[NET_BLOCKING_ADDRS], uint32_t *count, os_time deadline)
{
    struct lookup lookup = { .resolve = { .resolved = on_resolved } };
    struct request begin = { .run = begin_lookup, .data = name, .len = family, .arg = &lookup };
    struct request cancel = { .run = cancel_lookup, .arg = &lookup };
    os_list_init(&lookup.link);
    os_err err = blocking_call(gate, &begin, deadline);
    if (err)
        return err;
    err = os_semaphore_down(&lookup.done, deadline);
    os_mutex_lock(&lock);
    int over = lookup.over;
    os_mutex_unlock(&lock);
    /* when the gate has ended in between, the lookup is over */
    if (!over)
        (void)blocking_call(gate, &cancel, OS_NEVER);
    if (lookup.over)
        err = lookup.err;
    if (err)
        return err;
    memcpy(addrs, lookup.addrs, lookup.count * sizeof(*addrs));
    *count = lookup.count;
    return OS_OK;
}

/* ---- life ---- */

os_err net_blocking_init(struct net_blocking *gate, struct net_stack *stack, size_t buffer)
{
    size_t size = 1;
    if (!stack->own || gate->stack || buffer > OS_MIB(256))
        return OS_ERR_BAD_ARG;
    while (size < (buffer ? buffer : BUFFER)) /* a power of 2, so that counters may wrap around */
        size *= 2;
    os_err err = os_signal_handler_init(&gate->handler, stack->own->env->ep, handle, &gate->signal);
    if (err)
        return err;
    os_list_init(&gate->sockets);
    os_list_init(&gate->pending);
    os_list_init(&gate->requests);
    os_list_init(&gate->lookups);
    gate->signalled = 0;
    gate->buffer = size;
    os_mutex_lock(&lock);
    gate->stack = stack;
    os_mutex_unlock(&lock);
    return OS_OK;
}

static void end_socket(struct net_blocking_socket *s)
{
    s->end(s);
    os_list_remove(&s->pending);
    os_list_remove(&s->link);
    s->gate = NULL;
    blocking_wake(s, READ);
    blocking_wake(s, WRITE);
    if (!s->refs)
        destroy(s);
}

void net_blocking_fini(struct net_blocking *gate)
{
    if (!gate->stack)
        return;
    os_mutex_lock(&lock);
    gate->stack = NULL;
    while (!os_list_empty(&gate->requests)) {
        struct request *request = OS_CONTAINER_OF(gate->requests.next, struct request, link);
        os_list_remove(&request->link);
        request->err = OS_ERR_CANCELLED;
        request->state = DONE;
        os_semaphore_up(&request->done);
    }
    while (!os_list_empty(&gate->lookups)) {
        struct lookup *lookup = OS_CONTAINER_OF(gate->lookups.next, struct lookup, link);
        net_resolve_cancel(&lookup->resolve);
        finish_lookup(lookup, OS_ERR_CANCELLED);
    }
    while (!os_list_empty(&gate->sockets))
        end_socket(OS_CONTAINER_OF(gate->sockets.next, struct net_blocking_socket, link));
    os_mutex_unlock(&lock);
    os_signal_handler_fini(&gate->handler);
    os_cap_drop(gate->signal.cap);
}
