/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp.c: datagrams at some rate, each with its number and time, so that who gets them can say which are
 * missing. The last one, with a negative number, is sent until somebody reports what has come.
 */
#include "iperf.h"

#include <os/list.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_A_TIME = 64,   /* datagrams for one tick of a sender that is behind */
    LAST_TIMES = 10,  /* the last datagram is sent so often */
    LENGTH_MAX = 1472 /* of a datagram, so that a frame has it */
};

#define TICK        OS_MS
#define LAST_PERIOD (250 * OS_MS)
#define IDLE_LIMIT  (10 * OS_SEC) /* of a sender without a last datagram */
#define LINGER      (3 * OS_SEC)  /* for the last datagram that is sent again */

/* Somebody who sends to us. */
struct flow {
    struct os_list link;
    struct net_addr peer;
    struct order order;
    os_time begun, seen;
    int64_t highest, transit; /* transit: us of the datagram before, of two clocks */
    struct report report;
    int ended;
    struct os_timeout expiry;
};

/* To whom we send. */
struct sender {
    struct os_list link;
    struct net_udp udp;
    struct net_addr peer;
    struct order order;
    int is_ours;
    os_time begun, ended; /* ended: 0 while it sends */
    uint64_t count, bytes, rate;
    unsigned lasts;
    struct os_timeout tick;
};

static struct net_udp port;
static struct os_list flows, senders;
static uint32_t flow_count, sender_count;
static int strange; /* somebody has sent what no iperf sends, and nothing else has come since */

/* Some count jitter from a clock that is the same everywhere, which is nothing that could be said here. */
static void say_report(const char *where, const struct report *report)
{
    printf("; %s%u of %u datagrams lost, %u out of order", where, report->lost, report->datagrams,
           report->disordered);
    if (report->jitter < 60 * 1000000)
        printf(", jitter %llu us", (unsigned long long)report->jitter);
    printf("\n");
}

/* ---- receiving */

static void end_flow(struct flow *flow)
{
    const struct report *report = &flow->report;
    flow->ended = 1;
    iperf_say("from", &flow->peer, report->bytes, flow->seen - flow->begun);
    say_report("", report);
    if (flow->order.direction == IN_TURN && iperf.back) {
        struct net_addr back = flow->peer;
        back.port = flow->order.port;
        iperf_udp_send(&back, &flow->order, 0);
    }
    iperf_ended(CAME_BACK, 1);
}

static void drop_flow(struct flow *flow)
{
    os_timeout_disarm(&flow->expiry);
    os_list_remove(&flow->link);
    free(flow);
    flow_count--;
}

/* Not armed anew for each datagram, which would be a call of the timer. */
static void handle_expiry(struct os_timeout *timeout)
{
    struct flow *flow = OS_CONTAINER_OF(timeout, struct flow, expiry);
    os_time limit = flow->ended ? LINGER : IDLE_LIMIT, since = os_clock_now() - flow->seen;
    if (since < limit && !os_timeout_arm(&flow->expiry, limit - since))
        return;
    if (!flow->ended) {
        iperf_complain(&flow->peer, "sends no more, and has not said so");
        end_flow(flow);
    }
    drop_flow(flow);
}

static struct flow *find_flow(const struct net_addr *peer)
{
    for (struct os_list *at = flows.next; at != &flows; at = at->next) {
        struct flow *flow = OS_CONTAINER_OF(at, struct flow, link);
        if (net_addr_equal(&flow->peer, peer))
            return flow;
    }
    return NULL;
}

/* With the order in its first datagram. NULL: there are too many. */
static struct flow *make_flow(const struct net_addr *peer, const uint8_t *data, size_t len)
{
    struct flow *flow = flow_count < STREAMS ? calloc(1, sizeof(*flow)) : NULL;
    if (!flow)
        return NULL;
    flow->peer = *peer;
    flow->begun = flow->seen = os_clock_now();
    flow->highest = -1;
    os_timeout_init(&flow->expiry, &iperf.timeouts, handle_expiry);
    if (os_timeout_arm(&flow->expiry, IDLE_LIMIT)) {
        free(flow);
        return NULL;
    }
    os_list_insert(&flows, &flow->link);
    flow_count++;
    if (len >= DATAGRAM_MIN + ORDER_HEAD && order_begins(data + DATAGRAM_MIN)) {
        size_t order = len - DATAGRAM_MIN;
        order_read(&flow->order, data + DATAGRAM_MIN, order < ORDER_MAX ? order : ORDER_MAX);
    }
    if (flow->order.direction == AT_ONCE && iperf.back) {
        struct net_addr back = *peer;
        back.port = flow->order.port;
        iperf_udp_send(&back, &flow->order, 0);
    } else if (iperf.server.family == NET_ANY && flow->order.direction >= REVERSE) {
        iperf_complain(peer, "wants to be sent to by the same flow, which is for TCP only here");
    }
    return flow;
}

/* Loss by the numbers, jitter as of RTP (RFC 3550, section 6.4.1). */
static void count(struct flow *flow, const struct datagram *datagram, size_t len)
{
    struct report *report = &flow->report;
    int64_t transit = (int64_t)(flow->seen / OS_US) - datagram->sent;
    int64_t change = transit > flow->transit ? transit - flow->transit : flow->transit - transit;
    if (report->bytes && change < 60 * 1000000)
        report->jitter = (15 * report->jitter + (uint64_t)change) / 16;
    flow->transit = transit;
    report->bytes += len;
    if (datagram->number > flow->highest) {
        /* the first number is 0 or 1 */
        int64_t gap = datagram->number - flow->highest - 1 - (flow->highest < 0 && datagram->number > 0);
        report->lost += (uint32_t)gap;
        report->datagrams += (uint32_t)gap + 1;
        flow->highest = datagram->number;
    } else {
        report->disordered++;
        report->lost -= report->lost > 0;
    }
}

static void answer_last(struct flow *flow, const uint8_t *last)
{
    uint8_t answer[REPORT_SIZE];
    report_write(&flow->report, last, answer);
    os_err err = net_udp_send(&port, &flow->peer, answer, sizeof(answer));
    (void)err; /* it is asked for again */
}

static void received(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                     const struct net_addr *to)
{
    struct datagram datagram;
    if (len < DATAGRAM_MIN) {
        if (!strange++)
            iperf_complain(from, "this is iperf 2, and what it gets are no datagrams of that");
        return;
    }
    datagram_read(&datagram, data, len);
    struct flow *flow = find_flow(from);
    if (!flow && datagram.number >= 0)
        flow = make_flow(from, data, len);
    if (!flow)
        return;
    if (datagram.number >= 0 && flow->ended) { /* another one from the same port */
        drop_flow(flow);
        flow = make_flow(from, data, len);
        if (!flow)
            return;
    }
    flow->seen = os_clock_now();
    strange = 0;
    int is_last = datagram.number < 0, was_ended = flow->ended;
    if (is_last)
        datagram.number = -datagram.number;
    if (!was_ended)
        count(flow, &datagram, len);
    if (!is_last)
        return;
    if (!was_ended)
        flow->report.time = (flow->seen - flow->begun) / OS_US;
    answer_last(flow, data);
    if (!was_ended)
        end_flow(flow);
}

void iperf_udp_init(void)
{
    os_list_init(&flows);
    os_list_init(&senders);
}

void iperf_udp_serve(void)
{
    struct net_addr any = { .port = iperf.port };
    port.received = received;
    os_require(iperf.env, net_udp_open(&iperf.stack, &port, &any), "cannot open the UDP port");
}

/* ---- sending */

static void drop_sender(struct sender *sender)
{
    os_timeout_disarm(&sender->tick);
    net_udp_close(&sender->udp);
    os_list_remove(&sender->link);
    free(sender);
    sender_count--;
}

static void end_sender(struct sender *sender, const struct report *report)
{
    int is_ours = sender->is_ours;
    iperf_say("to", &sender->peer, sender->bytes, sender->ended - sender->begun);
    if (report)
        say_report("there: ", report);
    else
        printf("; no report from there: is it a server of iperf 2 for UDP?\n");
    drop_sender(sender);
    if (is_ours)
        iperf_ended(SENT, report != NULL);
}

static int send_one(struct sender *sender, int64_t number)
{
    static uint8_t bytes[LENGTH_MAX];
    struct datagram datagram = { .number = number, .sent = (int64_t)(os_clock_now() / OS_US) };
    struct order none = { 0 };
    datagram_write(&datagram, bytes);
    order_write(sender->is_ours ? &sender->order : &none, 1, bytes + DATAGRAM_MIN);
    return net_udp_send(&sender->udp, &sender->peer, bytes, iperf.length) == OS_OK;
}

static void send_last(struct sender *sender)
{
    if (sender->lasts++ == LAST_TIMES)
        end_sender(sender, NULL);
    else
        send_one(sender, -(int64_t)sender->count - 1);
}

/* What the rate allows by now. What there is no room for is lost, as on any network. */
static void handle_tick(struct os_timeout *timeout)
{
    struct sender *sender = OS_CONTAINER_OF(timeout, struct sender, tick);
    os_time now = os_clock_now(), time = now - sender->begun;
    if (sender->ended) {
        send_last(sender);
        return;
    }
    uint64_t due = sender->rate * (time / OS_MS) / 1000 + iperf.length;
    uint64_t limit = sender->order.time ? UINT64_MAX : sender->order.bytes;
    int is_over = sender->order.time && time >= sender->order.time;
    for (int i = 0; !is_over && i < AT_A_TIME && sender->bytes + iperf.length <= due; i++) {
        send_one(sender, (int64_t)++sender->count);
        sender->bytes += iperf.length;
        is_over = sender->bytes >= limit;
    }
    if (!is_over)
        return;
    sender->ended = now;
    sender->bytes += iperf.length;
    send_last(sender);
    if (os_timeout_repeat(&sender->tick, LAST_PERIOD))
        end_sender(sender, NULL);
}

static void take_report(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                        const struct net_addr *to)
{
    struct sender *sender = udp->user;
    struct report report;
    if (sender->ended && net_addr_equal(from, &sender->peer) && report_read(&report, data, len))
        end_sender(sender, &report);
}

void iperf_udp_send(const struct net_addr *to, const struct order *order, int is_ours)
{
    os_err err = OS_ERR_RAM;
    struct sender *sender = sender_count < STREAMS ? calloc(1, sizeof(*sender)) : NULL;
    if (!sender)
        goto complain;
    os_list_insert(&senders, &sender->link);
    sender_count++;
    sender->peer = *to;
    sender->order = *order;
    sender->is_ours = is_ours;
    sender->rate = order->rate ? order->rate : OS_KIB(128);
    sender->begun = os_clock_now();
    sender->udp = (struct net_udp){ .received = take_report, .user = sender };
    os_timeout_init(&sender->tick, &iperf.timeouts, handle_tick);
    err = net_udp_open(&iperf.stack, &sender->udp, NULL);
    if (!err)
        err = os_timeout_repeat(&sender->tick, TICK);
    if (!err)
        return;
    drop_sender(sender);
complain:
    iperf_complain(to, "%s", os_err_text(err));
    if (is_ours)
        iperf_ended(SENT, 0);
}
