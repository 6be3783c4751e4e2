/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entrypoint.c: an epoll set with everything that one thread serves.
 *
 * One event is fetched at a time. This makes it fair, because epoll puts a source that is still ready at the
 * end of its queue, and it means that an event can never be for something that was destroyed since.
 */
#include "internal.h"
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static struct pool ep_pool = { .size = sizeof(struct plat_ep) };

os_err ep_add(struct plat_ep *ep, int fd, uint32_t events, void *source)
{
    struct epoll_event event = { .events = events, .data.ptr = source };

    return epoll_ctl(ep->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? OS_ERR_NO_MEMORY : OS_OK;
}

void ep_remove(struct plat_ep *ep, int fd)
{
    epoll_ctl(ep->epoll, EPOLL_CTL_DEL, fd, NULL);
}

os_err plat_ep_create(struct plat_ep **ep)
{
    struct plat_ep *e = pool_get(&ep_pool);

    if (!e)
        return OS_ERR_NO_MEMORY;
    *e = (struct plat_ep){ .epoll = epoll_create1(EPOLL_CLOEXEC), .thread = pthread_self() };
    if (e->epoll < 0) {
        os_err err = errno == EMFILE || errno == ENFILE ? OS_ERR_HANDLES : OS_ERR_NO_MEMORY;
        pool_put(&ep_pool, e);
        return err;
    }
    os_list_init(&e->objects);
    os_list_init(&e->connections);
    os_list_init(&e->clients);
    os_list_init(&e->waiting);
    os_list_init(&e->done);
    os_list_init(&e->last);
    os_list_init(&e->polled);
    *ep = e;
    return OS_OK;
}

void plat_ep_destroy(struct plat_ep *ep)
{
    while (!os_list_empty(&ep->objects))
        plat_object_destroy(OS_CONTAINER_OF(ep->objects.next, struct plat_object, ep_link));
    while (!os_list_empty(&ep->connections))
        server_close(OS_CONTAINER_OF(ep->connections.next, struct server_connection, ep_link));
    while (!os_list_empty(&ep->clients))
        connection_leave_ep(OS_CONTAINER_OF(ep->clients.next, struct connection, ep_link));
    close(ep->epoll);
    pool_put(&ep_pool, ep);
}

os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t events)
{
    watch->kind = SOURCE_WATCH;
    return ep_add(ep, watch->fd, events, watch);
}

void transport_unwatch(struct plat_ep *ep, struct transport_watch *watch)
{
    ep_remove(ep, watch->fd);
}

void transport_watch_for(struct plat_ep *ep, struct transport_watch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    epoll_ctl(ep->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

static void client_ready(struct connection *c, struct os_msg *scratch)
{
    c->users++; /* or it might go while it is looked at */
    connection_receive(c, 0, scratch);
    connection_release(c);
}

/* Handles what one source has; non-zero if plat_ep_wait is to return. */
static int source_ready(struct epoll_event *ready, struct plat_event *event, struct os_msg *msg)
{
    struct source *source = ready->data.ptr;
    struct transport_watch *watch;

    switch (source->kind) {
    case SOURCE_OBJECT:
        object_ready(ready->data.ptr, ready->events);
        return 0;
    case SOURCE_CONNECTION:
        return server_ready(ready->data.ptr, event, msg);
    case SOURCE_CLIENT:
        client_ready(ready->data.ptr, msg);
        return 0;
    case SOURCE_DOORBELL:
        lane_ring(ready->data.ptr);
        return 0;
    case SOURCE_SIGNAL:
        return signal_ready(ready->data.ptr, event);
    case SOURCE_WATCH:
        watch = ready->data.ptr;
        watch->ready(watch, ready->events);
        return 1; /* with PLAT_NONE: it may have set an alarm or stopped the entrypoint */
    }
    return 0;
}

/* What waits in the lists of the entrypoint itself. */
static int next_listed(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg)
{
    struct plat_call *call = call_next_done(ep);

    if (call) {
        event->kind = PLAT_REPLY;
        event->key = call->call.key;
        event->err = call->call.err;
        copy_reply(msg, &call->msg);
        call_free(call);
        return 1;
    }
    if (os_list_empty(&ep->last))
        return 0;
    struct plat_object *object = OS_CONTAINER_OF(ep->last.next, struct plat_object, last_link);
    os_list_remove(&object->last_link);
    event->kind = PLAT_LAST_HOLDER;
    event->key = object->key;
    return 1;
}

/* As epoll_pwait2, which valgrind does not know; milliseconds are all that is lost without it. */
static int epoll_wait_for(int epoll, struct epoll_event *ready, const struct timespec *left)
{
    static _Atomic int unknown;

    if (!unknown) {
        int n = epoll_pwait2(epoll, ready, 1, left, NULL);
        if (n >= 0 || errno != ENOSYS)
            return n;
        unknown = 1;
    }
    int64_t ms = left ? left->tv_sec * INT64_C(1000) + (left->tv_nsec + 999999) / 1000000 : -1;
    return epoll_wait(epoll, ready, 1, ms > INT_MAX ? INT_MAX : (int)ms);
}

/* Waits for one source until DEADLINE; 0: does not wait. */
static int wait_for_source(struct plat_ep *ep, os_time deadline, struct epoll_event *ready)
{
    struct timespec left = { 0, 0 };
    int n;

    ep->burst = 0;
    if (deadline && deadline != OS_NEVER) {
        os_time now = plat_clock();
        os_time span = deadline > now ? deadline - now : 0;
        left = (struct timespec){ (time_t)(span / OS_SEC), (long)(span % OS_SEC) };
    }
    do
        n = epoll_wait_for(ep->epoll, ready, deadline == OS_NEVER ? NULL : &left);
    while (n < 0 && errno == EINTR && deadline == OS_NEVER);
    return n == 1;
}

enum found { NOTHING, SOURCE, REQUEST };

/*
 * Waits awake for a request of a polled channel, or a source, which goes to *READY; not longer than sleeping
 * and waking up would take.
 */
static enum found linger(struct plat_ep *ep, struct epoll_event *ready)
{
    enum { LOOKS_PER_SOURCE = 64 };
    struct lane_server *lane = lane_worth_waiting(ep);
    enum found found = REQUEST;

    if (!lane)
        return NOTHING;
    for (unsigned i = 1; !lane_any(ep); i++) {
        if (!spin_on(&lane->spin))
            return NOTHING;
        if (i % LOOKS_PER_SOURCE)
            continue;
        if (!lane_may_come(lane))
            return NOTHING;
        if (wait_for_source(ep, 0, ready)) {
            found = SOURCE;
            break;
        }
    }
    spin_won(&lane->spin);
    return found;
}

static enum found wait_for_any(struct plat_ep *ep, os_time until, struct epoll_event *ready)
{
    if (until && !os_list_empty(&ep->polled)) {
        enum found found = linger(ep, ready);
        if (found != NOTHING)
            return found;
        if (lane_doze(ep))
            return REQUEST;
    }
    return wait_for_source(ep, until, ready) ? SOURCE : NOTHING;
}

/* Sources that may have nothing to deliver before plat_ep_wait looks at the clock again. */
enum { ROUNDS = 64 };

void plat_ep_wait(struct plat_ep *ep, os_time deadline, struct plat_event *event, struct os_msg *msg)
{
    struct epoll_event ready;

    *event = (struct plat_event){ .kind = PLAT_NONE };
    if (!pthread_equal(ep->thread, pthread_self())) {
        ep->thread = pthread_self();
        lane_forget(); /* what was another thread's server may now be one's own */
    }
    connection_reap();
    for (int round = 0;; round++) {
        call_expire(ep);
        /* lists and sources come first in turns, so that neither starves the other */
        ep->turn = !ep->turn;
        if (ep->turn && next_listed(ep, event, msg))
            return;
        int burst = ep->burst >= LANE_BURST;
        if (!burst && lane_serve(ep, event, msg))
            return;
        os_time first = call_first_deadline(ep);
        os_time until = first < deadline ? first : deadline;
        if (burst || !os_list_empty(&ep->done) || !os_list_empty(&ep->last))
            until = 0;
        enum found found = wait_for_any(ep, until, &ready);
        if (found == REQUEST && lane_serve(ep, event, msg))
            return;
        ep->burst += found == REQUEST; /* one that was taken back counts as well */
        if (found == SOURCE && source_ready(&ready, event, msg))
            return;
        if (next_listed(ep, event, msg))
            return;
        if ((found == NOTHING || round >= ROUNDS) && deadline != OS_NEVER && plat_clock() >= deadline)
            return;
    }
}
