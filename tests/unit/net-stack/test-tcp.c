/* SPDX-License-Identifier: BSD-2-Clause */
/* test-tcp.c: TCP between two stacks on a wire that loses, delays and damages, byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "wire.h"

static struct wire wire;
static struct host a, b;

static void setup(void)
{
    wire = (struct wire){ .seed = 1 };
    wire_init(&wire);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: fd00::1/64");
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64");
    inproc_advance(3 * OS_SEC);
}

static void teardown(void)
{
    host_fini(&b);
    host_fini(&a);
    wire_fini(&wire);
}

/* ---- one end of a connection: sends SIZE bytes of a pattern, and checks what comes ---- */

struct side {
    struct net_tcp tcp;
    size_t size, sent, got;
    uint32_t pattern;
    int connected, drained, peer_ended, closed;
    os_err err;
};

static struct side client, server;
static struct net_tcp_listener listener;

static uint8_t byte_at(uint32_t pattern, size_t at)
{
    return (uint8_t)((at * 2654435761u >> 13) + pattern + at / 251);
}

static void send_more(struct side *side)
{
    uint8_t data[5000];
    size_t len = sizeof(data);
    while (side->sent < side->size && len == sizeof(data)) {
        size_t want = side->size - side->sent < sizeof(data) ? side->size - side->sent : sizeof(data);
        for (size_t i = 0; i < want; i++)
            data[i] = byte_at(side->pattern, side->sent + i);
        ck_ok(net_tcp_write(&side->tcp, data, want, &len));
        side->sent += len;
        if (len < want)
            return;
    }
    if (side->sent == side->size)
        net_tcp_shutdown(&side->tcp);
}

static struct side *side_of(struct net_tcp *tcp)
{
    return OS_CONTAINER_OF(tcp, struct side, tcp);
}

static void on_connected(struct net_tcp *tcp)
{
    side_of(tcp)->connected++;
    send_more(side_of(tcp));
}

static void on_writable(struct net_tcp *tcp)
{
    send_more(side_of(tcp));
}

static void on_readable(struct net_tcp *tcp)
{
    struct side *side = side_of(tcp);
    uint8_t data[3000];
    size_t len;
    os_err err;
    while ((err = net_tcp_read(tcp, data, sizeof(data), &len)) == OS_OK && len) {
        size_t same = 0; /* an assertion for each byte would take longer than all the rest */
        while (same < len && data[same] == byte_at(side->pattern ^ 1, side->got + same))
            same++;
        ck_assert_uint_eq(same, len);
        side->got += len;
    }
    if (err == OS_OK)
        side->peer_ended = 1;
    else if (err != OS_ERR_DEAD) /* closed is called next */
        ck_err(err, OS_ERR_BUSY);
}

static void on_drained(struct net_tcp *tcp)
{
    side_of(tcp)->drained++;
}

static void on_closed(struct net_tcp *tcp, os_err err)
{
    side_of(tcp)->closed++;
    side_of(tcp)->err = err;
}

static void on_incoming(struct net_tcp_listener *of)
{
    while (net_tcp_accept(of, &server.tcp) == OS_OK) {
        server.connected++;
        send_more(&server);
    }
}

static void prepare(struct side *side, size_t size, uint32_t pattern)
{
    *side = (struct side){ .tcp = { .connected = on_connected,
                                    .readable = on_readable,
                                    .writable = on_writable,
                                    .drained = on_drained,
                                    .closed = on_closed },
                           .size = size,
                           .pattern = pattern };
}

static void begin(const char *to, size_t up, size_t down)
{
    struct net_addr at = { .port = 80 }, peer;
    prepare(&client, up, 0);
    prepare(&server, down, 1);
    listener = (struct net_tcp_listener){ .incoming = on_incoming };
    ck_ok(net_addr_parse(to, &peer));
    ck_ok(net_tcp_listen(&b.stack, &listener, &at, 5));
    ck_ok(net_tcp_connect(&a.stack, &client.tcp, &peer, NULL));
}

static void finish(void)
{
    for (int i = 0;
         i < 20000 && !(client.peer_ended && server.peer_ended && client.drained && server.drained); i++)
        inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(client.got, server.size);
    ck_assert_uint_eq(server.got, client.size);
    ck_assert(client.peer_ended && server.peer_ended);
    ck_assert_int_ge(client.drained, 1);
    ck_assert_int_ge(server.drained, 1);
    ck_assert_int_eq(client.closed + server.closed, 0);
    net_tcp_close(&client.tcp);
    net_tcp_close(&server.tcp);
    net_tcp_listener_close(&listener);
}

START_TEST(bytes_go_both_ways)
{
    begin("10.0.0.2:80", 3000000, 2000000);
    finish();
}
END_TEST

START_TEST(bytes_go_both_ways_by_ipv6)
{
    begin("[fd00::2]:80", 300000, 200000);
    finish();
}
END_TEST

START_TEST(loss_and_delay_only_take_longer)
{
    wire.loss = 50;
    wire.delay = 50 * OS_MS;
    begin("10.0.0.2:80", 3000000, 2000000);
    finish();
    ck_assert_uint_gt(wire.lost, 100);
}
END_TEST

START_TEST(damage_reordering_and_copies_are_seen_through)
{
    wire.damaged = 20;
    wire.reordered = 100;
    wire.duplicated = 50;
    wire.delay = 5 * OS_MS;
    begin("10.0.0.2:80", 500000, 500000);
    finish();
}
END_TEST

START_TEST(it_is_the_same_each_time)
{
    uint64_t frames[2];
    os_time times[2];
    for (int i = 0; i < 2; i++) {
        wire.seed = 77;
        wire.loss = 50;
        wire.delay = 20 * OS_MS;
        uint64_t before = wire.frames;
        os_time start = os_clock_now();
        begin("10.0.0.2:80", 200000, 200000);
        finish();
        times[i] = os_clock_now() - start;
        frames[i] = wire.frames - before;
        wire.loss = 0;
        wire.delay = 0;
        inproc_advance(300 * OS_SEC);
        teardown();
        setup();
    }
    ck_assert_uint_eq(frames[0], frames[1]);
    ck_assert_uint_eq(times[0], times[1]);
}
END_TEST

START_TEST(nobody_listens)
{
    struct net_addr peer;
    prepare(&client, 1, 0);
    ck_ok(net_addr_parse("10.0.0.2:81", &peer));
    ck_ok(net_tcp_connect(&a.stack, &client.tcp, &peer, NULL));
    inproc_advance(OS_SEC);
    ck_assert_int_eq(client.closed, 1);
    ck_err(client.err, OS_ERR_REFUSED);
    ck_assert_ptr_null(client.tcp.own);
}
END_TEST

START_TEST(nobody_answers)
{
    struct net_addr peer;
    prepare(&client, 1, 0);
    ck_ok(net_addr_parse("10.0.0.99:80", &peer));
    ck_ok(net_tcp_connect(&a.stack, &client.tcp, &peer, NULL));
    inproc_advance(60 * OS_SEC);
    ck_assert_int_eq(client.closed, 1);
    ck_err(client.err, OS_ERR_DEADLINE);
}
END_TEST

START_TEST(an_abort_is_the_end_at_the_peer)
{
    wire.delay = 5 * OS_MS;
    begin("10.0.0.2:80", 0x10000000, 0);
    inproc_advance(50 * OS_MS);
    net_tcp_abort(&client.tcp);
    inproc_advance(OS_SEC);
    ck_assert_int_eq(server.closed, 1);
    ck_err(server.err, OS_ERR_DEAD);
    net_tcp_listener_close(&listener);
}
END_TEST

START_TEST(what_was_written_is_sent_after_close)
{
    begin("10.0.0.2:80", 30000, 0x10000000); /* whose bytes the client never reads */
    client.tcp.readable = NULL;
    client.tcp.drained = NULL;
    wire.delay = 10 * OS_MS;
    for (int i = 0; i < 100 && client.sent < client.size; i++)
        inproc_advance(10 * OS_MS);
    ck_assert_uint_eq(client.sent, 30000);
    net_tcp_close(&client.tcp);
    inproc_advance(5 * OS_SEC);
    ck_assert_uint_eq(server.got, 30000);
    net_tcp_abort(&server.tcp);
    net_tcp_listener_close(&listener);
}
END_TEST

START_TEST(who_does_not_read_stops_the_sender_and_goes_on_later)
{
    begin("10.0.0.2:80", 1000000, 0);
    server.tcp.readable = NULL;
    inproc_advance(30 * OS_SEC);
    ck_assert_uint_lt(client.sent, 600000);
    server.tcp.readable = on_readable;
    on_readable(&server.tcp);
    finish();
}
END_TEST

START_TEST(a_server_of_frames_that_ends_does_not_end_connections)
{
    begin("10.0.0.2:80", 2000000, 2000000);
    wire.delay = 10 * OS_MS;
    inproc_advance(200 * OS_MS);
    ck_assert_uint_gt(server.got, 0);
    ck_assert_uint_lt(server.got, 2000000);
    wire_kill(&wire);
    finish();
}
END_TEST

START_TEST(little_memory_is_slow_but_enough)
{
    host_fini(&b);
    host_fini(&a);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nmemory: 64K");
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nmemory: 64K");
    wire.delay = 5 * OS_MS;
    begin("10.0.0.2:80", 300000, 300000);
    finish();
    ck_assert_uint_le(host_state(&a).memory_peak, OS_KIB(64));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, bytes_go_both_ways);
    tcase_add_test(tcase, bytes_go_both_ways_by_ipv6);
    tcase_add_test(tcase, loss_and_delay_only_take_longer);
    tcase_add_test(tcase, damage_reordering_and_copies_are_seen_through);
    tcase_add_test(tcase, it_is_the_same_each_time);
    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, nobody_answers);
    tcase_add_test(tcase, an_abort_is_the_end_at_the_peer);
    tcase_add_test(tcase, what_was_written_is_sent_after_close);
    tcase_add_test(tcase, who_does_not_read_stops_the_sender_and_goes_on_later);
    tcase_add_test(tcase, a_server_of_frames_that_ends_does_not_end_connections);
    tcase_add_test(tcase, little_memory_is_slow_but_enough);
}

int main(void)
{
    return suite_run_case("net-tcp", add);
}
