/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp.c: streams without a meaning, of which one end or both send as fast as it goes. Whoever connects sends,
 * unless the order at the beginning says something else.
 */
#include "iperf.h"

#include <os/list.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 128 << 10 };

struct stream {
    struct os_list link;
    struct net_tcp tcp;
    struct net_addr peer;
    struct order order;
    uint8_t head[ORDER_MAX]; /* the first bytes that have come, or that we send */
    size_t head_len, order_len;
    int is_ours, is_out; /* it is the client's; we have connected */
    int sends, ending;   /* ending: all is written */
    int peer_ended, drained;
    os_time begun, ended; /* ended: 0 if we are the last to say so */
    uint64_t received, sent;
    struct os_timeout finish;
};

static struct net_tcp_listener listener;
static struct os_list streams;
static uint32_t stream_count;
static char block[BLOCK]; /* what is sent; all zero, so that a server finds no order in it */

static void take(void);

/* ---- the end */

static void drop(struct stream *stream)
{
    os_timeout_disarm(&stream->finish);
    net_tcp_close(&stream->tcp);
    os_list_remove(&stream->link);
    free(stream);
    stream_count--;
}

static void say(const struct stream *stream)
{
    os_time time = (stream->ended ? stream->ended : os_clock_now()) - stream->begun;
    if (stream->sends) {
        iperf_say("to", &stream->peer, stream->sent, time);
        printf("\n");
    }
    if (!stream->is_out && stream->order.direction != REVERSE) {
        iperf_say("from", &stream->peer, stream->received, time);
        printf("\n");
    }
}

/* Says what there was, and does what comes after it. */
static void end(struct stream *stream, int ok)
{
    struct order order = stream->order;
    struct net_addr peer = stream->peer;
    int is_ours = stream->is_ours, is_out = stream->is_out;
    say(stream);
    drop(stream);
    if (!is_out && order.direction == IN_TURN && ok) {
        peer.port = order.port;
        iperf_tcp_send(&peer, &order, 0);
    }
    if (is_ours || !is_out)
        iperf_ended(is_ours ? SENT : CAME_BACK, ok);
    take();
}

/* ---- sending */

static void send_more(struct net_tcp *tcp)
{
    struct stream *stream = tcp->user;
    uint64_t limit = stream->order.time ? UINT64_MAX : stream->order.bytes;
    size_t size = BLOCK, len = BLOCK;
    while (stream->sends && !stream->ending && len == size) {
        if (stream->sent < limit) {
            size = limit - stream->sent < BLOCK ? (size_t)(limit - stream->sent) : BLOCK;
            /* it stays as it is for ever, so it need not be copied */
            if (net_tcp_write_static(tcp, block, size, &len))
                return;
            stream->sent += len;
        } else {
            stream->ending = 1;
            net_tcp_shutdown(tcp);
        }
    }
}

/* What is on its way still counts, and so does its time. */
static void handle_finish(struct os_timeout *timeout)
{
    struct stream *stream = OS_CONTAINER_OF(timeout, struct stream, finish);
    stream->ending = 1;
    net_tcp_shutdown(&stream->tcp);
}

static void begin_sending(struct stream *stream)
{
    stream->sends = 1;
    if (stream->order.time && os_timeout_arm(&stream->finish, stream->order.time))
        stream->order = (struct order){ .bytes = BLOCK };
    send_more(&stream->tcp);
}

static void handle_drained(struct net_tcp *tcp)
{
    struct stream *stream = tcp->user;
    if (!stream->ending)
        return;
    stream->drained = 1;
    if (stream->is_out || stream->order.direction == REVERSE || stream->peer_ended)
        end(stream, 1);
}

/* ---- receiving */

static int refuse(struct stream *stream)
{
    const char *name = other_protocol(stream->head, stream->head_len);
    iperf_complain(&stream->peer, "this is iperf 2, and what it gets is %s%s", name ? name : "something else",
                   name ? "" : ": no order of iperf 2 begins like that");
    drop(stream);
    take();
    return 0;
}

/* 0: the stream is no more. */
static int obey(struct stream *stream)
{
    uint8_t answer[ORDER_ACK];
    size_t len;
    order_read(&stream->order, stream->head, stream->head_len);
    if (stream->order.wants_answer) {
        order_answer(answer);
        if (net_tcp_write(&stream->tcp, answer, sizeof(answer), &len) || len != sizeof(answer))
            return refuse(stream);
        net_tcp_flush(&stream->tcp);
    }
    if (stream->order.direction != ONE_WAY && !iperf.back) {
        iperf_complain(&stream->peer, "wants to be sent to, which `back` does not allow");
        stream->order = (struct order){ 0 };
    } else if (stream->order.direction == AT_ONCE) {
        struct net_addr back = stream->peer;
        back.port = stream->order.port;
        iperf_tcp_send(&back, &stream->order, 0);
    } else if (stream->order.direction == REVERSE || stream->order.direction == FULL_DUPLEX) {
        begin_sending(stream);
    }
    return 1;
}

/* Looks at the first bytes of a stream for an order. 0: the stream is no more. */
static int take_head(struct stream *stream, const uint8_t *data, size_t len)
{
    size_t want = stream->order_len ? stream->order_len : ORDER_HEAD;
    size_t part = want - stream->head_len < len ? want - stream->head_len : len;
    memcpy(stream->head + stream->head_len, data, part);
    stream->head_len += part;
    if (stream->head_len < want)
        return 1;
    if (!stream->order_len) {
        if (!order_begins(stream->head)) {
            stream->order_len = stream->head_len; /* none */
            return 1;
        }
        size_t whole = order_length(stream->head);
        if (!whole)
            return refuse(stream);
        stream->order_len = whole < ORDER_MAX ? whole : ORDER_MAX;
        if (stream->order_len > stream->head_len)
            return take_head(stream, data + part, len - part);
    }
    return obey(stream);
}

static int has_head(const struct stream *stream)
{
    return stream->is_out || (stream->order_len && stream->head_len == stream->order_len);
}

static void handle_bytes(struct net_tcp *tcp)
{
    struct stream *stream = tcp->user;
    const void *data;
    size_t len;
    for (;;) {
        if (net_tcp_peek(tcp, &data, &len)) /* none now; or it is broken, and closed will be called */
            return;
        if (!len)
            break;
        stream->received += len;
        if (!has_head(stream) && !take_head(stream, data, len))
            return;
        net_tcp_consume(tcp, len);
    }
    stream->peer_ended = 1;
    if (stream->is_out && !stream->ending) {
        iperf_complain(&stream->peer, "has ended the connection; is that a server of iperf 2?");
        end(stream, 0);
    } else if (!stream->is_out && stream->drained) {
        end(stream, 1);
    } else if (!stream->is_out && !stream->sends) { /* that it has come to its end, the peer is told */
        stream->ended = os_clock_now();
        stream->ending = 1;
        net_tcp_shutdown(tcp);
    }
}

static void handle_broken(struct net_tcp *tcp, os_err err)
{
    struct stream *stream = tcp->user;
    iperf_complain(&stream->peer, "%s", os_err_text(err));
    end(stream, 0);
}

/* ---- the beginning */

static struct stream *make(void)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    stream->tcp = (struct net_tcp){ .readable = handle_bytes,
                                    .writable = send_more,
                                    .drained = handle_drained,
                                    .closed = handle_broken,
                                    .user = stream };
    stream->begun = os_clock_now();
    os_timeout_init(&stream->finish, &iperf.timeouts, handle_finish);
    os_list_insert(&streams, &stream->link);
    stream_count++;
    return stream;
}

static int take_one(void)
{
    struct stream *stream = make();
    if (!stream)
        return 0;
    if (net_tcp_accept(&listener, &stream->tcp)) {
        drop(stream);
        return 0;
    }
    net_tcp_peer(&stream->tcp, &stream->peer);
    handle_bytes(&stream->tcp);
    return 1;
}

static void take(void)
{
    while (listener.own && stream_count < STREAMS && take_one())
        ;
}

static void handle_incoming(struct net_tcp_listener *incoming)
{
    take();
}

void iperf_tcp_init(void)
{
    os_list_init(&streams);
}

void iperf_tcp_serve(void)
{
    struct net_addr any = { .port = iperf.port };
    listener.incoming = handle_incoming;
    os_require(iperf.env, net_tcp_listen(&iperf.stack, &listener, &any, 16), "cannot listen");
}

static void handle_connected(struct net_tcp *tcp)
{
    struct stream *stream = tcp->user;
    size_t len;
    stream->begun = os_clock_now();
    if (stream->is_ours && stream->order.direction != ONE_WAY) {
        order_write(&stream->order, 0, stream->head);
        if (net_tcp_write(tcp, stream->head, ORDER_HEAD, &len))
            return;
        stream->sent += len;
    }
    begin_sending(stream);
}

void iperf_tcp_send(const struct net_addr *to, const struct order *order, int is_ours)
{
    struct stream *stream = stream_count < STREAMS ? make() : NULL;
    os_err err = OS_ERR_RAM;
    if (stream) {
        stream->tcp.connected = handle_connected;
        stream->peer = *to;
        stream->order = *order;
        stream->is_out = 1;
        stream->is_ours = is_ours;
        err = net_tcp_connect(&iperf.stack, &stream->tcp, to, NULL);
    }
    if (!err)
        return;
    iperf_complain(to, "%s", os_err_text(err));
    if (stream)
        drop(stream);
    if (is_ours)
        iperf_ended(SENT, 0);
}
