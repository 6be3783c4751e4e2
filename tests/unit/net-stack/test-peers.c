/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-peers.c: what a peer, the wire, or a lack of memory does to a TCP connection, by IPv4 and by IPv6: who
 * vanishes, stops reading, resets in any state, is too many; windows of more than 64 KiB, segments out of
 * order, links that go down, and addresses that change.
 */
#include <os/nic.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "pair.h"

static const char *const to[] = { "10.0.0.2:80", "[fd00::2]:80" };

/* ---- what goes over the wire ---- */

static struct {
    uint32_t highest;   /* sequence number that was sent, of the client's */
    uint64_t bytes;     /* of payload that the client has sent */
    uint32_t in_flight; /* the most of them that were not acknowledged */
    unsigned resets, reports;
} seen;

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The TCP header of a frame, or NULL; *PAYLOAD bytes follow it. */
static const uint8_t *tcp_of(const uint8_t *data, uint32_t len, uint32_t *payload)
{
    uint32_t type = (uint32_t)data[12] << 8 | data[13], at, end;
    if (type == 0x0800 && data[23] == 6) {
        at = 14 + 4 * (data[14] & 15u);
        end = 14 + ((uint32_t)data[16] << 8 | data[17]);
    } else if (type == 0x86dd && data[20] == 6) {
        at = 54;
        end = 54 + ((uint32_t)data[18] << 8 | data[19]);
    } else {
        return NULL;
    }
    ck_assert_uint_le(end, len);
    *payload = end - at - 4 * (uint32_t)(data[at + 12] >> 4);
    return data + at;
}

static void watch(const uint8_t *data, uint32_t len, uint32_t flags)
{
    uint32_t payload;
    const uint8_t *tcp = tcp_of(data, len, &payload);
    if (!tcp)
        return;
    seen.resets += (tcp[13] & 4) != 0;
    if (tcp[3] == 80) {
        seen.highest = get32(tcp + 4) + payload;
        seen.bytes += payload;
    } else if (seen.highest && seen.highest - get32(tcp + 8) < 0x40000000 &&
               seen.highest - get32(tcp + 8) > seen.in_flight) {
        seen.in_flight = seen.highest - get32(tcp + 8);
    }
}

static void setup(void)
{
    memset(&seen, 0, sizeof(seen));
    pair_setup();
    wire.seen = watch;
}

static void wait_for(const int *what, int seconds)
{
    for (int i = 0; i < seconds && !*what; i++)
        inproc_advance(OS_SEC);
    ck_assert_int_ge(*what, 1);
}

/* ---- windows ---- */

START_TEST(windows_are_larger_than_64_kib)
{
    wire.delay = 50 * OS_MS;
    pair_begin(to[_i], 2000000, 0);
    pair_finish();
    ck_assert_uint_gt(seen.in_flight, 0x10000);
}
END_TEST

/* What comes behind a hole is kept: only the hole is sent again. */
START_TEST(what_is_out_of_order_is_not_sent_again)
{
    wire.delay = 10 * OS_MS;
    pair_begin(to[_i], 1000000, 0);
    for (int i = 0; i < 5; i++) {
        inproc_advance(45 * OS_MS);
        wire.loss = 1000;
        uint64_t lost = wire.lost;
        for (int k = 0; k < 100 && wire.lost == lost; k++)
            inproc_advance(OS_MS);
        wire.loss = 0;
    }
    pair_finish();
    ck_assert_uint_ge(wire.lost, 2);
    ck_assert_uint_lt(seen.bytes, 1000000 + (wire.lost + 5) * 1460 * 2);
}
END_TEST

/* The news that there is room again is lost: who wants to send asks. */
START_TEST(a_lost_window_is_found_again)
{
    pair_begin(to[_i], 1000000, 0);
    server.tcp.readable = NULL;
    inproc_advance(30 * OS_SEC);
    ck_assert_uint_lt(client.sent, 1000000);
    wire.loss = 1000;
    server.tcp.readable = pair_on_readable;
    pair_on_readable(&server.tcp);
    inproc_advance(OS_MS);
    ck_assert_uint_gt(wire.lost, 0);
    wire.loss = 0;
    pair_finish();
}
END_TEST

START_TEST(one_direction_ends_before_the_other)
{
    wire.delay = 20 * OS_MS;
    pair_begin(to[_i], 0, 500000); /* the client says at once that it sends nothing */
    inproc_advance(100 * OS_MS);
    ck_assert_int_eq(server.peer_ended, 1);
    ck_assert_int_eq(client.peer_ended, 0);
    pair_finish();
}
END_TEST

/* ---- a peer that a test makes up: 10.0.0.9, who connects to port 80 of a ---- */

static uint32_t answer_seq, /* of the answer to its first segment */
    answer_ack;             /* of its last one */
static uint16_t answer_window;

static void watch_answer(const uint8_t *data, uint32_t len, uint32_t flags)
{
    uint32_t payload;
    const uint8_t *tcp = tcp_of(data, len, &payload);
    if (tcp && (tcp[13] & 2))
        answer_seq = get32(tcp + 4);
    if (tcp && tcp[1] == 80) {
        answer_ack = get32(tcp + 8);
        answer_window = (uint16_t)(tcp[14] << 8 | tcp[15]);
    }
}

/* A segment with LEN bytes after its header, of which OPTIONS are options. */
static void say_more(uint8_t flags, uint32_t seq, uint32_t ack, uint16_t window, const uint8_t *options,
                     uint8_t option_len, uint32_t len)
{
    static const uint8_t head[38] = { 2, 0, 0, 0,  0, 'a', 2, 0,  0, 0, 0, 9, 8, 0, 0x45, [22] = 64,
                                      6, 0, 0, 10, 0, 0,   9, 10, 0, 0, 1, 4, 0, 0, 80 };
    uint8_t frame[54 + 1460] = { 0 };
    memcpy(frame, head, sizeof(head));
    frame[16] = (uint8_t)((40 + len) >> 8);
    frame[17] = (uint8_t)(40 + len);
    for (int i = 0; i < 4; i++) {
        frame[38 + i] = (uint8_t)(seq >> (24 - 8 * i));
        frame[42 + i] = (uint8_t)(ack >> (24 - 8 * i));
    }
    frame[46] = (uint8_t)(0x50 + option_len * 4);
    frame[47] = flags;
    frame[48] = (uint8_t)(window >> 8);
    frame[49] = (uint8_t)window;
    if (option_len)
        memcpy(frame + 54, options, option_len);
    wire_inject(&wire, frame, 54 + len, OS_NIC_INTACT);
}

static void say(uint8_t flags, uint32_t seq, uint32_t ack, uint16_t window)
{
    say_more(flags, seq, ack, window, NULL, 0, 0);
}

static void say_data(uint8_t flags, uint32_t seq, uint32_t len)
{
    say_more(flags, seq, answer_seq + 1, 1000, NULL, 0, len);
}

/* Its connection to TCP: from then on it is at 101, with WINDOW. */
static void peer_connects(struct net_tcp *tcp, uint16_t window)
{
    const uint8_t arp[42] = { 2, 0, 0, 0, 0, 'a', 2, 0,  0, 0, 0, 9, 8, 6, 0, 1, 8, 0,  6, 4, 0,
                              1, 2, 0, 0, 0, 0,   9, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
    listener = (struct net_tcp_listener){ 0 };
    *tcp = (struct net_tcp){ 0 };
    ck_ok(net_tcp_listen(&a.stack, &listener, &(struct net_addr){ .port = 80 }, 5));
    wire.seen = watch_answer;
    wire_inject(&wire, arp, sizeof(arp), OS_NIC_INTACT);
    say(2, 100, 0, window); /* SYN */
    say(16, 101, answer_seq + 1, window);
    ck_ok(net_tcp_accept(&listener, tcp));
}

static void peer_ends(struct net_tcp *tcp)
{
    inproc_advance(10 * OS_SEC);
    net_tcp_abort(tcp);
    net_tcp_listener_close(&listener);
}

/* lwIP makes segments of half the largest window that it has seen, if that is something; and asserts that
 * those it has made before are no longer. */
START_TEST(a_window_of_one_byte_does_no_harm)
{
    static uint8_t data[1000];
    struct net_tcp tcp;
    size_t len;
    peer_connects(&tcp, 1);
    ck_ok(net_tcp_write(&tcp, data, sizeof(data), &len));
    ck_assert_uint_eq(len, sizeof(data));
    inproc_idle();
    say(16, 101, answer_seq + 1, 4);
    ck_ok(net_tcp_write(&tcp, data, sizeof(data), &len));
    ck_assert_uint_eq(len, sizeof(data));
    peer_ends(&tcp);
}
END_TEST

/* The size of its segments is a matter of a connection's first one. */
START_TEST(segments_keep_their_size)
{
    static const uint8_t mss_of_one[4] = { 2, 4, 0, 1 };
    static uint8_t data[1000];
    struct net_tcp tcp;
    size_t len;
    peer_connects(&tcp, 100);
    ck_ok(net_tcp_write(&tcp, data, 500, &len));
    inproc_idle();
    say_more(16, 101, answer_seq + 1, 100, mss_of_one, 4, 4);
    ck_ok(net_tcp_write(&tcp, data, sizeof(data), &len)); /* behind what waits */
    ck_assert_uint_eq(len, sizeof(data));
    peer_ends(&tcp); /* and what waits is sent in pieces of 100 bytes meanwhile */
}
END_TEST

/* Who has no room may take the byte that asks for it all the same; and it can be the last one, or the end. */
START_TEST(a_closed_window_may_be_gone_past)
{
    struct net_tcp tcp;
    size_t len;
    for (int end = 0; end < 2; end++) {
        peer_connects(&tcp, 0);
        if (end)
            net_tcp_shutdown(&tcp);
        else
            ck_ok(net_tcp_write(&tcp, "x", 1, &len));
        inproc_advance(5 * OS_SEC);
        say(16, 101, answer_seq + 2, 0);
        peer_ends(&tcp);
    }
}
END_TEST

/* Bytes from FIRST on to LAST, which may be more than a segment's. */
static void say_bytes(uint32_t first, uint32_t last)
{
    for (; first < last; first += 1000)
        say_data(16, first, last - first < 1000 ? last - first : 1000);
}

/* What is sent beyond the window, or beyond the end, and out of order at that. */
START_TEST(who_sends_too_much_does_no_harm)
{
    struct net_tcp tcp;
    /* a piece that begins within the window and ends outside, and then all that is before it */
    peer_connects(&tcp, 1000);
    uint32_t edge = 101 + answer_window;
    say_data(16, edge - 500, 1000);
    say_bytes(101, edge - 500);
    inproc_idle();
    ck_assert_uint_le(answer_ack, edge);
    ck_assert_uint_ge(answer_ack, edge - 500);
    peer_ends(&tcp);
    /* the end with the last byte of the window, before what it ends */
    peer_connects(&tcp, 1000);
    say_data(16 | 1, edge - 500, 500);
    say_bytes(101, edge - 500);
    peer_ends(&tcp);
    /* bytes behind the end that fill the window */
    peer_connects(&tcp, 1000);
    say_data(16 | 1, edge - 500, 100);
    say_bytes(101, edge - 700);
    say_data(16, edge - 700, 700);
    peer_ends(&tcp);
    /* the first segment again, with bytes, an answer and the end */
    peer_connects(&tcp, 1000);
    peer_ends(&tcp);
    for (uint8_t flags = 0; flags < 64; flags++)
        for (uint32_t seq = 99; seq < 102; seq++) {
            listener = (struct net_tcp_listener){ 0 };
            ck_ok(net_tcp_listen(&a.stack, &listener, &(struct net_addr){ .port = 80 }, 5));
            say(2, 100, 0, 1000);
            say_data(flags, seq, seq % 3);
            say_data(flags, seq, 1000);
            say(4, 101, 0, 0); /* reset */
            say(4, 102, 0, 0);
            net_tcp_listener_close(&listener);
        }
}
END_TEST

/* ---- peers that are gone ---- */

START_TEST(keepalive_finds_who_has_vanished)
{
    pair_begin_and_stay(to[_i], 100, 100);
    net_tcp_set_keepalive(&client.tcp, 60);
    inproc_advance(3600 * OS_SEC); /* who is there answers */
    ck_assert_int_eq(client.closed, 0);
    uint64_t frames = wire.frames;
    net_tcp_set_keepalive(&client.tcp, 0);
    inproc_advance(3600 * OS_SEC);
    ck_assert_uint_le(wire.frames, frames + 20); /* neighbors perhaps, and nothing of TCP */
    net_tcp_set_keepalive(&client.tcp, 60);
    wire.loss = 1000;
    wait_for(&client.closed, 180);
    ck_err(client.err, OS_ERR_DEADLINE);
    ck_assert_int_eq(server.closed, 0); /* it has not asked */
    wire.loss = 0;
    pair_close();
}
END_TEST

/* A connection of either end is reset by the other in each of the states that it can be in. */
START_TEST(a_reset_ends_any_state)
{
    wire.delay = 10 * OS_MS;
    /* established; we have ended (FIN_WAIT_2) */
    for (int ended = 0; ended < 2; ended++) {
        pair_begin_and_stay(to[_i], 100, 100);
        inproc_advance(OS_SEC);
        if (ended)
            net_tcp_shutdown(&client.tcp);
        inproc_advance(OS_SEC);
        net_tcp_abort(&server.tcp);
        inproc_advance(OS_SEC);
        ck_assert_int_eq(client.closed, 1);
        ck_err(client.err, OS_ERR_DEAD);
        pair_close();
    }
    /* the peer has ended (CLOSE_WAIT) */
    pair_begin_and_stay(to[_i], 100, 100);
    inproc_advance(OS_SEC);
    net_tcp_shutdown(&server.tcp);
    inproc_advance(OS_SEC);
    ck_assert_int_eq(client.peer_ended, 1);
    net_tcp_abort(&server.tcp);
    inproc_advance(OS_SEC);
    ck_assert_int_eq(client.closed, 1);
    pair_close();
    /* both have, and ours is under way (CLOSING, LAST_ACK) */
    pair_begin_and_stay(to[_i], 100, 100);
    inproc_advance(OS_SEC);
    net_tcp_shutdown(&server.tcp);
    net_tcp_shutdown(&client.tcp);
    net_tcp_abort(&server.tcp);
    inproc_advance(OS_SEC);
    ck_assert_int_le(client.closed, 1);
    pair_close();
    /* closed, with bytes under way */
    pair_begin_and_stay(to[_i], 100, 100);
    inproc_advance(OS_SEC);
    size_t len;
    ck_ok(net_tcp_write(&client.tcp, "more", 4, &len));
    net_tcp_close(&client.tcp);
    net_tcp_abort(&server.tcp);
    inproc_advance(OS_SEC);
    pair_close();
    /* before it is accepted: it is not there any more then */
    pair_begin_and_stay(to[_i], 100, 100);
    listener.incoming = NULL;
    inproc_advance(OS_SEC);
    ck_assert_int_eq(client.connected, 1);
    net_tcp_abort(&client.tcp);
    inproc_advance(OS_SEC);
    ck_err(net_tcp_accept(&listener, &server.tcp), OS_ERR_BUSY);
    pair_close();
    inproc_advance(300 * OS_SEC);
}
END_TEST

/* Who does not see the connection cannot end it: its number is not the next one. */
START_TEST(a_blind_reset_is_not_believed)
{
    pair_begin_and_stay(to[0], 100, 100);
    inproc_advance(OS_SEC);
    struct net_addr local;
    net_tcp_local(&client.tcp, &local);
    uint8_t frame[54] = { 2,         0,         0, 0, 0, 'a', 2, 0, 0, 0,  0, 'b', 8, 0, 0x45,
                          [17] = 40, [22] = 64, 6, 0, 0, 10,  0, 0, 2, 10, 0, 0,   1, 0, 80 };
    frame[36] = (uint8_t)(local.port >> 8);
    frame[37] = (uint8_t)local.port;
    frame[46] = 0x50;
    frame[47] = 4;
    for (uint32_t seq = 0; seq < 16; seq++) {
        frame[38] = (uint8_t)(seq << 4);
        wire_inject(&wire, frame, sizeof(frame), OS_NIC_INTACT);
    }
    ck_assert_int_eq(client.closed, 0);
    pair_close();
}
END_TEST

/* ---- too many ---- */

START_TEST(a_full_backlog_makes_others_wait)
{
    static struct net_tcp clients[6], accepted[6];
    struct net_addr peer = { 0 }, at = { .port = 80 };
    ck_ok(net_addr_parse(to[_i], &peer));
    listener = (struct net_tcp_listener){ 0 };
    ck_ok(net_tcp_listen(&b.stack, &listener, &at, 2));
    for (size_t i = 0; i < OS_ARRAY_LEN(clients); i++) {
        clients[i] = accepted[i] = (struct net_tcp){ 0 };
        ck_ok(net_tcp_connect(&a.stack, &clients[i], &peer, NULL));
    }
    inproc_advance(OS_SEC);
    size_t count = 0;
    while (net_tcp_accept(&listener, &accepted[count]) == OS_OK)
        count++;
    ck_assert_uint_eq(count, 2);
    for (int i = 0; i < 60 && count < OS_ARRAY_LEN(accepted); i++) {
        inproc_advance(OS_SEC); /* they ask again */
        while (count < OS_ARRAY_LEN(accepted) && net_tcp_accept(&listener, &accepted[count]) == OS_OK)
            count++;
    }
    ck_assert_uint_eq(count, OS_ARRAY_LEN(accepted));
    for (size_t i = 0; i < OS_ARRAY_LEN(clients); i++) {
        net_tcp_close(&clients[i]);
        net_tcp_close(&accepted[i]);
    }
    net_tcp_listener_close(&listener);
}
END_TEST

/* ---- little memory ---- */

#define MANY 16

static struct side many[MANY], others[MANY];
static unsigned taken;

static void take_many(struct net_tcp_listener *of)
{
    while (taken < MANY && net_tcp_accept(of, &others[taken].tcp) == OS_OK) {
        taken++;
        others[taken - 1].tcp.connected(&others[taken - 1].tcp);
    }
}

/* Connections, datagrams and fragments for which 64 KiB are far too little: some fail, nobody else does. */
START_TEST(memory_that_runs_out_drops)
{
    static uint8_t big[20000];
    struct net_addr peer = { 0 }, at = { .port = 80 }, nowhere = { 0 };
    struct net_udp udp = { 0 }, sink = { 0 };
    host_fini(&b);
    host_fini(&a);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: fd00::1/64\nmemory: 64K");
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64\nmemory: 64K");
    inproc_advance(3 * OS_SEC);
    wire.loss = 50;
    wire.delay = 50 * OS_MS;
    ck_ok(net_addr_parse(to[_i], &peer));
    nowhere = peer;
    nowhere.port = 9;
    listener = (struct net_tcp_listener){ .incoming = take_many };
    ck_ok(net_tcp_listen(&b.stack, &listener, &at, 50));
    ck_ok(net_udp_open(&b.stack, &sink, &(struct net_addr){ .port = 9 }));
    ck_ok(net_udp_open(&a.stack, &udp, NULL));
    taken = 0;
    unsigned begun = 0;
    for (unsigned i = 0; i < MANY; i++) {
        pair_prepare(&many[i], 20000, 0);
        pair_prepare(&others[i], 20000, 1);
        os_err err = net_tcp_connect(&a.stack, &many[i].tcp, &peer, NULL);
        if (err)
            ck_err(err, OS_ERR_RAM);
        begun += !err;
    }
    ck_assert_uint_gt(begun, 0);
    for (int i = 0; i < 40; i++) {
        os_err err = net_udp_send(&udp, &nowhere, big, sizeof(big));
        if (err)
            ck_err(err, OS_ERR_RAM);
        inproc_advance(100 * OS_MS);
    }
    unsigned good = 0;
    for (int k = 0; k < 300 && good < begun; k++) {
        inproc_advance(OS_SEC);
        good = 0;
        for (unsigned i = 0; i < MANY; i++)
            good += many[i].got == 20000 && many[i].peer_ended;
    }
    ck_assert_uint_gt(good, 0);
    ck_assert_uint_le(host_state(&a).memory_peak, OS_KIB(64));
    ck_assert_uint_le(host_state(&b).memory_peak, OS_KIB(64));
    for (unsigned i = 0; i < MANY; i++) {
        net_tcp_abort(&many[i].tcp);
        net_tcp_abort(&others[i].tcp);
    }
    net_udp_close(&udp);
    net_udp_close(&sink);
    wire.loss = 0;
    net_tcp_listener_close(&listener);
    inproc_advance(300 * OS_SEC);
    ck_assert_uint_lt(host_state(&a).memory, OS_KIB(8)); /* all of it has come back */
    ck_assert_uint_lt(host_state(&b).memory, OS_KIB(8));
    pair_begin(to[_i], 50000, 50000);
    pair_finish();
}
END_TEST

/* ---- links and addresses ---- */

START_TEST(a_link_that_is_down_for_a_while_ends_nothing)
{
    wire.delay = 5 * OS_MS;
    pair_begin(to[_i], 2000000, 2000000);
    inproc_advance(200 * OS_MS);
    ck_assert_uint_lt(server.got, 2000000);
    wire_set_link(&wire, 0);
    inproc_advance(20 * OS_SEC);
    ck_assert_int_eq(client.closed + server.closed, 0);
    wire_set_link(&wire, 1);
    pair_finish();
}
END_TEST

static void on_dhcp(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                    const struct net_addr *to_us)
{
    const uint8_t *asked = data;
    static uint8_t last = 50;
    uint8_t reply[300] = { 2, 1, 6 };
    struct net_addr all = { 0 };
    ck_ok(net_addr_parse("255.255.255.255:68", &all));
    /* who wants to renew is refused, so that it gets another one */
    int is_discover = asked[242] == 1, refuse = !is_discover && asked[12];
    last += is_discover;
    memcpy(reply + 4, asked + 4, 4);
    memcpy(reply + 28, asked + 28, 16);
    if (!refuse)
        memcpy(reply + 16, (uint8_t[]){ 10, 0, 0, last }, 4);
    const uint8_t options[] = { 99,  130, 83,  99, 53, 1, is_discover ? 2 : refuse ? 6 : 5,
                                54,  4,   10,  0,  0,  2, 51,
                                4,   0,   0,   0,  60, 1, 4,
                                255, 255, 255, 0,  255 };
    memcpy(reply + 236, options, sizeof(options));
    ck_ok(net_udp_send(udp, &all, reply, sizeof(reply)));
}

START_TEST(an_address_that_is_gone_takes_its_connections_along)
{
    struct net_udp dhcp = { .received = on_dhcp };
    ck_ok(net_udp_open(&b.stack, &dhcp, &(struct net_addr){ .port = 67 }));
    host_fini(&a);
    host_init(&a, "a", "ipv6: fd00::1/64");
    inproc_advance(5 * OS_SEC);
    pair_begin_and_stay(to[_i], 100, 100);
    inproc_advance(OS_SEC);
    ck_assert_int_eq(client.connected, 1);
    struct net_stack_state before = host_state(&a);
    inproc_advance(100 * OS_SEC); /* the lease is to be renewed */
    struct net_stack_state after = host_state(&a);
    ck_assert_int_eq(net_addr_equal(&before.ipv4, &after.ipv4), 0);
    ck_assert_int_eq(client.closed, _i == 0);
    if (_i == 0)
        ck_err(client.err, OS_ERR_DEAD);
    net_udp_close(&dhcp);
    pair_close();
}
END_TEST

/* ---- groups ---- */

static void watch_reports(const uint8_t *data, uint32_t len, uint32_t flags)
{
    uint32_t type = (uint32_t)data[12] << 8 | data[13];
    if (type == 0x0800 && data[23] == 2 && data[14 + 4 * (data[14] & 15)] == 0x16)
        seen.reports++;
    else if (type == 0x86dd && data[20] == 0 && len > 62 && data[62] == 131)
        seen.reports++;
}

/* A switch that listens learns who wants what of a group, and when it asks, too. */
START_TEST(who_joins_a_group_says_so)
{
    static const char *const groups[] = { "239.1.2.3", "ff05::77" };
    struct net_udp udp = { 0 };
    struct net_addr group = { 0 };
    ck_ok(net_addr_parse(groups[_i], &group));
    ck_ok(net_udp_open(&a.stack, &udp, &(struct net_addr){ .port = 5000 }));
    inproc_advance(30 * OS_SEC);
    wire.seen = watch_reports;
    ck_ok(net_udp_join(&udp, &group));
    inproc_advance(30 * OS_SEC);
    ck_assert_uint_ge(seen.reports, 1);
    unsigned before = seen.reports;
    uint8_t query4[46] = {
        1, 0, 0x5e, 0, 0, 1, 2,   0, 0, 0, 0,    9, 8, 0, 0x46, [17] = 32, [22] = 1, 2,
        0, 0, 10,   0, 0, 9, 224, 0, 0, 1, 0x94, 4, 0, 0, 0x11, 20,        0xee,     0xeb
    };
    uint8_t query6[86] = { 0x33, 0x33, 0,    0,         0, 1, 2,    0,    0,        0,        0,   9,
                           0x86, 0xdd, 0x60, [19] = 32, 0, 1, 0xfe, 0x80, [37] = 9, 0xff,     2,   [53] = 1,
                           58,   0,    5,    2,         0, 0, 1,    0,    130,      [66] = 3, 0xe8 };
    if (_i == 0)
        wire_inject(&wire, query4, sizeof(query4), OS_NIC_INTACT);
    else
        wire_inject(&wire, query6, sizeof(query6), OS_NIC_INTACT);
    inproc_advance(30 * OS_SEC);
    ck_assert_uint_gt(seen.reports, before);
    net_udp_close(&udp); /* and leaves it */
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, pair_teardown);
    tcase_add_loop_test(tcase, windows_are_larger_than_64_kib, 0, 2);
    tcase_add_loop_test(tcase, what_is_out_of_order_is_not_sent_again, 0, 2);
    tcase_add_loop_test(tcase, a_lost_window_is_found_again, 0, 2);
    tcase_add_loop_test(tcase, one_direction_ends_before_the_other, 0, 2);
    tcase_add_test(tcase, a_window_of_one_byte_does_no_harm);
    tcase_add_test(tcase, segments_keep_their_size);
    tcase_add_test(tcase, a_closed_window_may_be_gone_past);
    tcase_add_test(tcase, who_sends_too_much_does_no_harm);
    tcase_add_loop_test(tcase, keepalive_finds_who_has_vanished, 0, 2);
    tcase_add_loop_test(tcase, a_reset_ends_any_state, 0, 2);
    tcase_add_test(tcase, a_blind_reset_is_not_believed);
    tcase_add_loop_test(tcase, a_full_backlog_makes_others_wait, 0, 2);
    tcase_add_loop_test(tcase, memory_that_runs_out_drops, 0, 2);
    tcase_add_loop_test(tcase, a_link_that_is_down_for_a_while_ends_nothing, 0, 2);
    tcase_add_loop_test(tcase, an_address_that_is_gone_takes_its_connections_along, 0, 2);
    tcase_add_loop_test(tcase, who_joins_a_group_says_so, 0, 2);
}

int main(void)
{
    return suite_run_case("net-peers", add);
}
