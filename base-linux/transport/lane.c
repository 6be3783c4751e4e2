/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane.c: the client's end of the fast lane: calls through channels, and how a connection gets one.
 *
 * A call by the channel touches no lock: each thread remembers by which connection and index it reaches the
 * capabilities that it called last. Whatever could make that untrue (a handle is dropped, a connection ends,
 * an entrypoint changes its thread) raises one number for all threads, and the next call goes the long way.
 */
#include "internal.h"
#include <unistd.h>

enum {
    REMEMBERED = 16,
    /* Calls by the socket before there is a channel, so that short sessions do not pay for one. */
    CALLS_BEFORE = 16,
};

struct known {
    struct connection *connection;
    uint32_t cap, index, epoch;
};

static __thread struct known known_caps[REMEMBERED];
static _Atomic uint32_t current_epoch = 1;

uint32_t lane_epoch(void)
{
    return atomic_load_explicit(&current_epoch, memory_order_acquire);
}

void lane_forget(void)
{
    atomic_fetch_add_explicit(&current_epoch, 1, memory_order_release);
}

void lane_remember(struct os_cap cap, struct connection *c, uint32_t index, uint32_t epoch)
{
    if (c->lane.state == LANE_OPEN)
        known_caps[cap.id % REMEMBERED] = (struct known){ c, cap.id, index, epoch };
}

/* ---- calls ---- */

/* Whether the last answer has come; if nobody waited for it, it is dropped here. */
static int is_free(struct connection *c)
{
    struct lane_client *lane = &c->lane;
    uint32_t reply = atomic_load_explicit(&lane->page->reply.seq, memory_order_acquire);

    if (reply & CHANNEL_GONE)
        return 0;
    if (!lane->owed)
        return 1;
    if ((reply & CHANNEL_SEQ) != lane->seq)
        return 0;
    lane->owed = 0;
    if (reply & CHANNEL_SOCKET)
        return 0; /* it has come there, and this call receives it on its way, with what it carries */
    if (c->under_way)
        c->under_way--;
    return 1;
}

/* A bit per operation, or several that share it; the fingerprint is a hash already. */
static uint64_t op_bit(const struct os_msg *msg)
{
    return UINT64_C(1) << ((msg->fingerprint + msg->op) % 64);
}

/* Operations whose answers had capabilities once: the socket is the shorter way for both directions. */
static int gives_caps(const struct lane_client *lane, const struct os_msg *msg)
{
    return (lane->cap_ops & op_bit(msg)) != 0;
}

static void ring(struct lane_client *lane)
{
    const uint64_t one = 1;
    ssize_t n = write(lane->doorbell, &one, sizeof(one));
    (void)n; /* full: it has rung */
}

/* reply.seq, as it was when the wait ended. */
static uint32_t await(struct lane_client *lane, os_time deadline)
{
    struct channel_page *page = lane->page;
    uint32_t reply = atomic_load_explicit(&page->reply.seq, memory_order_acquire);

    if (channel_answered(reply, lane->seq))
        return reply;
    if (lane->may_spin && spin_elsewhere(atomic_load_explicit(&page->reply.cpu, memory_order_relaxed)) &&
        spin_begin(&lane->spin)) {
        do {
            reply = atomic_load_explicit(&page->reply.seq, memory_order_acquire);
            if (channel_answered(reply, lane->seq)) {
                spin_won(&lane->spin);
                return reply;
            }
        } while (spin_elsewhere(atomic_load_explicit(&page->reply.cpu, memory_order_relaxed)) &&
                 spin_on(&lane->spin));
    }
    return channel_sleep(page, lane->seq, deadline);
}

/* What is not the common case: REPLY is no answer in the page. */
static __attribute__((noinline)) os_err no_plain_answer(struct connection *c, uint32_t reply,
                                                        struct os_msg *msg, os_time deadline)
{
    os_err err;

    msg->ncaps = 0;
    if (!channel_answered(reply, c->lane.seq)) {
        c->lane.owed = 1;
        c->under_way++;
        return OS_ERR_DEADLINE;
    }
    c->users++;
    if ((reply & CHANNEL_SEQ) != c->lane.seq) {
        err = connection_read_to_end(c);
    } else if (reply & CHANNEL_SOCKET) {
        c->lane.cap_ops |= op_bit(msg);
        err = call_await(c, c->lane.seq, msg, deadline);
    } else {
        connection_end(c, OS_ERR_BAD_MSG);
        err = OS_ERR_BAD_MSG;
    }
    connection_release(c);
    return err;
}

int lane_call(struct os_cap cap, struct os_msg *msg, os_time deadline, os_err *err)
{
    const struct known *known = &known_caps[cap.id % REMEMBERED];

    if (known->cap != cap.id || known->epoch != lane_epoch())
        return 0;
    struct connection *c = known->connection;
    struct lane_client *lane = &c->lane;
    if (gives_caps(lane, msg) || !is_free(c) || c->under_way >= WIRE_UNDER_WAY || msg->len > OS_MSG_BYTES)
        return 0;
    if (connection_unbinds(c) > 1)
        connection_flush(c); /* one may wait for a request by the socket */
    uint32_t seq = (c->seq + 1) & CHANNEL_SEQ;
    if (seq == lane->seq) /* numbers have begun anew, and the server would see nothing new in this one */
        seq = (seq + 1) & CHANNEL_SEQ;
    lane->seq = c->seq = seq;
    if (channel_post(lane->page, lane->seq, known->index, msg, spin_cpu()))
        ring(lane);
    uint32_t reply = await(lane, deadline);
    if ((reply & (CHANNEL_SEQ | CHANNEL_SOCKET)) == lane->seq && channel_take_reply(lane->page, msg))
        *err = OS_OK;
    else
        *err = no_plain_answer(c, reply, msg, deadline);
    return 1;
}

/* ---- how there comes to be a channel ---- */

static void end(struct lane_client *lane, int state)
{
    channel_unmap(lane->page);
    close(lane->doorbell);
    lane->page = NULL;
    lane->state = state;
}

/* Who has no quota for it goes on without. */
static void ask(struct connection *c)
{
    struct wire_head head = { .type = WIRE_CHANNEL, .ncaps = 2, .caps = { WIRE_CAP_FD, WIRE_CAP_FD } };
    struct lane_client *lane = &c->lane;
    uint32_t options;
    int fds[2];

    lane->state = LANE_REFUSED;
    if (transport_hooks->channel(fds))
        return;
    lane->doorbell = fds[1];
    lane->page = channel_map(fds[0], &options);
    if (!lane->page)
        goto fail;
    lane->may_spin = !(options & LINUX_CHANNEL_NO_SPIN);
    if (wire_send(c->fd, &head, NULL, fds, 2))
        goto unmap;
    lane->state = LANE_ASKED;
    close(fds[0]);
    return;
unmap:
    channel_unmap(lane->page);
    lane->page = NULL;
fail:
    wire_close(fds, 2);
}

void lane_consider(struct connection *c)
{
    if (c->lane.state != LANE_NONE || c->shared || !c->channels || !transport_hooks->channel || c->fd < 0)
        return;
    if (++c->lane.calls >= CALLS_BEFORE)
        ask(c);
}

int lane_answered(struct connection *c, os_err err)
{
    if (c->lane.state != LANE_ASKED)
        return 0;
    if (err)
        end(&c->lane, LANE_REFUSED);
    else
        c->lane.state = LANE_OPEN;
    return 1;
}

void lane_close(struct connection *c)
{
    if (c->lane.page)
        end(&c->lane, LANE_NONE);
}
