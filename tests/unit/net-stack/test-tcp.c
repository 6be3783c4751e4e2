/* SPDX-License-Identifier: BSD-2-Clause */
/* test-tcp.c: TCP between two stacks on a wire that loses, delays and damages, byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "pair.h"

START_TEST(bytes_go_both_ways)
{
    pair_begin("10.0.0.2:80", 3000000, 2000000);
    pair_finish();
}
END_TEST

START_TEST(bytes_go_both_ways_by_ipv6)
{
    pair_begin("[fd00::2]:80", 300000, 200000);
    pair_finish();
}
END_TEST

START_TEST(loss_and_delay_only_take_longer)
{
    wire.loss = 50;
    wire.delay = 50 * OS_MS;
    pair_begin("10.0.0.2:80", 3000000, 2000000);
    pair_finish();
    ck_assert_uint_gt(wire.lost, 100);
}
END_TEST

START_TEST(damage_reordering_and_copies_are_seen_through)
{
    wire.damaged = 20;
    wire.reordered = 100;
    wire.duplicated = 50;
    wire.delay = 5 * OS_MS;
    pair_begin("10.0.0.2:80", 500000, 500000);
    pair_finish();
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
        pair_begin("10.0.0.2:80", 200000, 200000);
        pair_finish();
        times[i] = os_clock_now() - start;
        frames[i] = wire.frames - before;
        wire.loss = 0;
        wire.delay = 0;
        inproc_advance(300 * OS_SEC);
        pair_teardown();
        pair_setup();
    }
    ck_assert_uint_eq(frames[0], frames[1]);
    ck_assert_uint_eq(times[0], times[1]);
}
END_TEST

START_TEST(nobody_listens)
{
    struct net_addr peer;
    pair_prepare(&client, 1, 0);
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
    pair_prepare(&client, 1, 0);
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
    pair_begin("10.0.0.2:80", 0x10000000, 0);
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
    pair_begin("10.0.0.2:80", 30000, 0x10000000); /* whose bytes the client never reads */
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

/* COUNT times, PAUSE apart. The server ends first, and remembers each. */
static void connect_often(const char *to, const struct net_addr *from, int count, os_time pause)
{
    struct net_addr at = { .port = 80 }, peer;
    ck_ok(net_addr_parse(to, &peer));
    for (int i = 0; i < count; i++) {
        pair_prepare(&client, 100, 0);
        pair_prepare(&server, 200, 1);
        client.stays = 1;
        listener = (struct net_tcp_listener){ .incoming = pair_on_incoming };
        ck_ok(net_tcp_listen(&b.stack, &listener, &at, 5));
        ck_ok(net_tcp_connect(&a.stack, &client.tcp, &peer, from));
        inproc_advance(pause);
        ck_assert_int_eq(client.closed, 0);
        ck_assert_uint_eq(client.got, 200);
        ck_assert_int_eq(client.peer_ended, 1);
        pair_close();
        inproc_advance(pause);
    }
}

START_TEST(a_port_can_be_used_again_at_once)
{
    struct net_addr from = { .port = 50000 };
    connect_often("10.0.0.2:80", &from, 10, 20 * OS_MS);
    connect_often("[fd00::2]:80", &from, 10, 20 * OS_MS);
}
END_TEST

/* So that its numbers come before or after those that the server remembers. */
START_TEST(a_port_can_be_used_by_another_machine)
{
    struct net_addr from = { .port = 50000 };
    for (uint64_t i = 0; i < 8; i++) {
        host_fini(&a);
        inproc_random_seed(i);
        host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: none");
        connect_often("10.0.0.2:80", &from, 1, OS_SEC);
    }
}
END_TEST

START_TEST(what_is_over_does_not_take_the_memory)
{
    host_fini(&b);
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nmemory: 64K");
    connect_often("10.0.0.2:80", NULL, 400, 20 * OS_MS);
}
END_TEST

START_TEST(who_does_not_read_stops_the_sender_and_goes_on_later)
{
    pair_begin("10.0.0.2:80", 1000000, 0);
    server.tcp.readable = NULL;
    inproc_advance(30 * OS_SEC);
    ck_assert_uint_lt(client.sent, 600000);
    server.tcp.readable = pair_on_readable;
    pair_on_readable(&server.tcp);
    pair_finish();
}
END_TEST

START_TEST(a_server_of_frames_that_ends_does_not_end_connections)
{
    pair_begin("10.0.0.2:80", 2000000, 2000000);
    wire.delay = 10 * OS_MS;
    inproc_advance(200 * OS_MS);
    ck_assert_uint_gt(server.got, 0);
    ck_assert_uint_lt(server.got, 2000000);
    wire_kill(&wire);
    pair_finish();
}
END_TEST

/* Both hosts, with other configs. */
static void begin_again(const char *config_a, const char *config_b)
{
    host_fini(&b);
    host_fini(&a);
    host_init(&a, "a", config_a);
    host_init(&b, "b", config_b);
}

START_TEST(little_memory_is_slow_but_enough)
{
    begin_again("ipv4: 10.0.0.1/24\nmemory: 64K", "ipv4: 10.0.0.2/24\nmemory: 64K");
    wire.delay = 5 * OS_MS;
    pair_begin("10.0.0.2:80", 300000, 300000);
    pair_finish();
    ck_assert_uint_le(host_state(&a).memory_peak, OS_KIB(64));
}
END_TEST

/* With this much a connection has buffers beyond what 16 bits count. */
START_TEST(much_memory_does_not_stop_a_writer)
{
    begin_again("ipv4: 10.0.0.1/24\nmemory: 4M", "ipv4: 10.0.0.2/24\nmemory: 4M");
    wire.delay = 5 * OS_MS;
    pair_begin("10.0.0.2:80", 1000000, 1000000);
    pair_finish();
}
END_TEST

/* ---- several connections, all of which send at once */

enum { SEVERAL = 6 };

static struct side senders[SEVERAL], takers[SEVERAL];
static int accepted;
static uint32_t sent_up_to[0x10000]; /* by a's port: the sequence number behind the last byte, 0 before */
static uint64_t repeated;

static uint32_t number_at(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

/* Counts segments of a's that go over the wire again. */
static void look_for_repeated(const uint8_t *data, uint32_t len, uint32_t flags)
{
    const uint8_t *ip = data + 14, *tcp = ip + 20;
    if (len < 54 || data[12] != 0x08 || data[13] || ip[0] != 0x45 || ip[9] != 6 || ip[15] != 1)
        return;
    uint32_t port = (uint32_t)tcp[0] << 8 | tcp[1], seq = number_at(tcp + 4);
    uint32_t size = ((uint32_t)ip[2] << 8 | ip[3]) - 20 - tcp[12] / 16 * 4;
    if (!size)
        return;
    if (sent_up_to[port] && (int32_t)(seq - sent_up_to[port]) < 0)
        repeated++;
    else
        sent_up_to[port] = seq + size;
}

static void accept_several(struct net_tcp_listener *of)
{
    while (accepted < SEVERAL && net_tcp_accept(of, &takers[accepted].tcp) == OS_OK)
        pair_on_readable(&takers[accepted++].tcp);
}

/* Six connections send SIZE bytes each; what is on its way together arrives at one moment. */
static void send_over_several(const char *memory, uint64_t ram, size_t size)
{
    struct net_addr at = { .port = 80 }, peer;
    char config[2][80];
    size_t got = 0;
    host_fini(&b);
    host_fini(&a);
    b.ram = ram;
    for (int i = 0; i < 2; i++)
        snprintf(config[i], sizeof(config[i]), "ipv4: 10.0.0.%d/24\nmemory: %s", i + 1, memory);
    host_init(&a, "a", config[0]);
    host_init(&b, "b", config[1]);
    accepted = 0;
    listener = (struct net_tcp_listener){ .incoming = accept_several };
    ck_ok(net_tcp_listen(&b.stack, &listener, &at, SEVERAL));
    ck_ok(net_addr_parse("10.0.0.2:80", &peer));
    wire.delay = 10 * OS_MS;
    wire.seen = look_for_repeated;
    for (int i = 0; i < SEVERAL; i++) {
        pair_prepare(&senders[i], size, 1);
        pair_prepare(&takers[i], 0, 0);
        takers[i].stays = senders[i].stays = 1;
        ck_ok(net_tcp_connect(&a.stack, &senders[i].tcp, &peer, NULL));
    }
    for (int i = 0; i < 3000 && got < SEVERAL * size; i++) {
        inproc_advance(10 * OS_MS);
        got = 0;
        for (int j = 0; j < SEVERAL; j++)
            got += takers[j].got;
    }
    ck_assert_uint_eq(got, SEVERAL * size);
    for (int i = 0; i < SEVERAL; i++) {
        net_tcp_close(&senders[i].tcp);
        net_tcp_close(&takers[i].tcp);
    }
    net_tcp_listener_close(&listener);
    inproc_advance(OS_SEC);
}

START_TEST(several_that_send_at_once_lose_nothing)
{
    send_over_several("16M", 0, 1000000);
    ck_assert_uint_eq(wire.overflown, 0);
    ck_assert_uint_eq(repeated, 0);
}
END_TEST

START_TEST(what_the_stream_does_not_hold_is_sent_again)
{
    send_over_several("1M", 0, 1000000);
    ck_assert_uint_gt(wire.overflown, 0);
    ck_assert_uint_gt(repeated, 0);
}
END_TEST

START_TEST(a_quota_that_is_too_small_for_it_gives_the_usual_stream)
{
    uint64_t ram;
    uint32_t caps;
    send_over_several("16M", OS_MIB(2), 1000000);
    ck_assert_uint_gt(wire.overflown, 0);
    inproc_env_used(&b.env, &ram, &caps);
    ck_assert_uint_le(ram, OS_MIB(2));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, pair_setup, pair_teardown);
    tcase_add_test(tcase, bytes_go_both_ways);
    tcase_add_test(tcase, bytes_go_both_ways_by_ipv6);
    tcase_add_test(tcase, loss_and_delay_only_take_longer);
    tcase_add_test(tcase, damage_reordering_and_copies_are_seen_through);
    tcase_add_test(tcase, it_is_the_same_each_time);
    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, nobody_answers);
    tcase_add_test(tcase, an_abort_is_the_end_at_the_peer);
    tcase_add_test(tcase, what_was_written_is_sent_after_close);
    tcase_add_test(tcase, a_port_can_be_used_again_at_once);
    tcase_add_test(tcase, a_port_can_be_used_by_another_machine);
    tcase_add_test(tcase, what_is_over_does_not_take_the_memory);
    tcase_add_test(tcase, who_does_not_read_stops_the_sender_and_goes_on_later);
    tcase_add_test(tcase, a_server_of_frames_that_ends_does_not_end_connections);
    tcase_add_test(tcase, little_memory_is_slow_but_enough);
    tcase_add_test(tcase, much_memory_does_not_stop_a_writer);
    tcase_add_test(tcase, several_that_send_at_once_lose_nothing);
    tcase_add_test(tcase, what_the_stream_does_not_hold_is_sent_again);
    tcase_add_test(tcase, a_quota_that_is_too_small_for_it_gives_the_usual_stream);
}

int main(void)
{
    return suite_run_case("net-tcp", add);
}
