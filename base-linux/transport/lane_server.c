/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane_server.c: the server's end of the fast lane. An entrypoint polls the channels over which it was called
 * lately, and only those; each of the others has a doorbell in the epoll set. Before it sleeps, it polls
 * none.
 */
#include "internal.h"
#include <sys/epoll.h>
#include <unistd.h>

/* Looks at a channel in vain while others are called, after which it is not polled any more. */
enum { IDLE_LOOKS = 1000 };

static struct server_connection *connection_of(struct lane_server *lane)
{
    return OS_CONTAINER_OF(lane, struct server_connection, lane);
}

static void poll_from_now(struct lane_server *lane)
{
    channel_wake(lane->page);
    lane->idle = 0;
    os_list_insert(&connection_of(lane)->ep->polled, &lane->link);
}

/*
 * The memory is core's word: of one page that can neither shrink nor be anybody's object. The doorbell is the
 * client's, and nothing is ever read from it; but a socket could be a capability of this process, which would
 * never lose its last holder.
 */
os_err lane_adopt(struct server_connection *c, const int fds[2])
{
    struct lane_server *lane = &c->lane;
    uint32_t options;
    os_err err = OS_ERR_UNSUPPORTED;

    if (lane->page || !transport_hooks->channel_serve)
        goto fail;
    err = OS_ERR_BAD_CAP;
    if (wire_cookie(fds[1]))
        goto fail;
    err = transport_hooks->channel_serve(fds[0]);
    if (err) {
        close(fds[1]);
        return err;
    }
    struct channel_page *page = channel_map(fds[0], &options);
    err = OS_ERR_NO_MEMORY;
    if (!page)
        goto fail;
    *lane = (struct lane_server){ .source.kind = SOURCE_DOORBELL,
                                  .page = page,
                                  .doorbell = fds[1],
                                  .may_spin = !(options & LINUX_CHANNEL_NO_SPIN),
                                  .client_cpu = CHANNEL_NO_CPU,
                                  .own_cpu = CHANNEL_NO_CPU };
    os_list_init(&lane->link);
    err = ep_add(c->ep, fds[1], EPOLLIN | EPOLLET, lane);
    if (err)
        goto unmap;
    close(fds[0]);
    poll_from_now(lane);
    return OS_OK;
unmap:
    channel_unmap(page);
    lane->page = NULL;
fail:
    wire_close(fds, 2);
    return err;
}

void lane_leave(struct server_connection *c)
{
    struct lane_server *lane = &c->lane;

    if (!lane->page)
        return;
    channel_end(lane->page);
    channel_unmap(lane->page);
    lane->page = NULL;
    os_list_remove(&lane->link);
    ep_remove(c->ep, lane->doorbell);
    close(lane->doorbell);
}

void lane_ring(struct lane_server *lane)
{
    if (os_list_empty(&lane->link))
        poll_from_now(lane);
}

/* ---- requests and replies ---- */

static void publish(struct lane_server *lane, uint32_t bits)
{
    lane->pending = 0;
    lane->own_cpu = spin_cpu();
    channel_publish(lane->page, lane->seen | bits, lane->own_cpu);
}

static void answer_error(struct server_connection *c, os_err err)
{
    struct os_msg msg;

    msg.err = err;
    msg.len = 0;
    channel_write_reply(c->lane.page, &msg);
    publish(&c->lane, 0);
}

void lane_reply(struct server_connection *c, struct os_msg *msg)
{
    os_err err;

    c->owed--;
    if (!msg->ncaps) {
        channel_write_reply(c->lane.page, msg);
        publish(&c->lane, 0);
        return;
    }
    err = server_send_reply(c, c->lane.seen, msg);
    if (err)
        answer_error(c, err);
    else
        publish(&c->lane, CHANNEL_SOCKET);
}

/* So that the client, which waits already, knows where its answer is made. */
static void publish_cpu(struct lane_server *lane)
{
    uint32_t cpu = spin_cpu();

    if (cpu == lane->own_cpu)
        return;
    lane->own_cpu = cpu;
    atomic_store_explicit(&lane->page->reply.cpu, cpu, memory_order_relaxed);
}

static int take(struct lane_server *lane, const struct channel_request *request, struct plat_event *event)
{
    struct server_connection *c = connection_of(lane);
    struct plat_object *object;

    lane->seen = request->seq;
    lane->client_cpu = request->cpu;
    lane->pending = 1;
    lane->idle = 0;
    publish_cpu(lane);
    os_err err = server_find_object(c, request->index, &object);
    if (err) {
        answer_error(c, err);
        return 0;
    }
    c->owed++;
    event->kind = PLAT_CALL;
    event->key = object->key;
    event->token[0] = (uintptr_t)c | LANE_TOKEN;
    event->token[1] = (uint64_t)c->generation << 32 | lane->seen;
    return 1;
}

static void look_in_vain(struct lane_server *lane)
{
    if (++lane->idle < IDLE_LOOKS)
        return;
    lane->idle = 0;
    if (!channel_doze(lane->page, lane->seen))
        os_list_remove(&lane->link);
}

/* The channel that was served goes to the end of the list, so that all have their turn. */
int lane_serve(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg)
{
    struct channel_request request;

    OS_LIST_FOR_EACH_SAFE (link, &ep->polled) {
        struct lane_server *lane = OS_CONTAINER_OF(link, struct lane_server, link);
        int got = lane->pending ? 0 : channel_take_request(lane->page, lane->seen, &request, msg);
        if (!got) {
            look_in_vain(lane);
            continue;
        }
        if (++ep->burst > LANE_BURST)
            return 0; /* requests for nothing: the sources must have their turn; MSG is not used */
        if (got < 0) {
            server_close(connection_of(lane)); /* nothing that a client would write */
            continue;
        }
        if (link->next != &ep->polled) {
            os_list_remove(link);
            os_list_insert(&ep->polled, link);
        }
        if (take(lane, &request, event))
            return 1;
    }
    return 0;
}

/* ---- waiting ---- */

int lane_any(const struct plat_ep *ep)
{
    OS_LIST_FOR_EACH (link, &ep->polled) {
        const struct lane_server *lane = OS_CONTAINER_OF(link, struct lane_server, link);
        uint32_t seq = atomic_load_explicit(&lane->page->request.seq, memory_order_acquire);
        if (seq != lane->seen && !lane->pending)
            return 1;
    }
    return 0;
}

int lane_may_come(const struct lane_server *lane)
{
    return lane->may_spin && !lane->pending && spin_elsewhere(lane->client_cpu);
}

struct lane_server *lane_worth_waiting(const struct plat_ep *ep)
{
    for (struct os_list *link = ep->polled.prev; link != &ep->polled; link = link->prev) {
        struct lane_server *lane = OS_CONTAINER_OF(link, struct lane_server, link);
        if (lane_may_come(lane) && spin_begin(&lane->spin))
            return lane;
    }
    return NULL;
}

int lane_doze(struct plat_ep *ep)
{
    OS_LIST_FOR_EACH_SAFE (link, &ep->polled) {
        struct lane_server *lane = OS_CONTAINER_OF(link, struct lane_server, link);
        /* while an answer is owed the client asks nothing, or nothing that would be looked at */
        if (channel_doze(lane->page, lane->seen) && !lane->pending)
            return 1;
        os_list_remove(&lane->link);
    }
    return 0;
}
