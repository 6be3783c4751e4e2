/* SPDX-License-Identifier: BSD-2-Clause */
/* test-stack.c: addresses, echo requests, UDP, the life of the link and what an idle stack does not do. */
#include <network/proto.h>
#include <os/nic.h>
#include <stdlib.h>
#include <string.h>

#include "../../../net/lwip/port.h"
#include "../lib/suite.h"
#include "wire.h"

#include "lwip/udp.h"

static struct wire wire;
static struct host a, b;

static struct net_addr addr(const char *text)
{
    struct net_addr addr = { 0 };
    ck_ok(net_addr_parse(text, &addr));
    return addr;
}

static void setup(void)
{
    wire = (struct wire){ .seed = 1 };
    wire_init(&wire);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: fd00::1/64");
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64");
}

static void teardown(void)
{
    host_fini(&b);
    host_fini(&a);
    wire_fini(&wire);
}

/* ---- echo requests ---- */

static struct {
    unsigned count;
    os_err err;
    uint16_t sequence;
    struct net_addr from;
    os_time time;
    size_t len;
} answer;

static void on_answer(struct net_ping *ping, os_err err, uint16_t sequence, const struct net_addr *from,
                      os_time time, size_t len)
{
    answer.count++;
    answer.err = err;
    answer.sequence = sequence;
    answer.from = *from;
    answer.time = time;
    answer.len = len;
}

static void ping(const char *to, size_t len)
{
    struct net_ping ping = { .answered = on_answer };
    struct net_addr peer = addr(to);
    memset(&answer, 0, sizeof(answer));
    ck_ok(net_ping_open(&a.stack, &ping, &peer));
    ck_ok(net_ping_send(&ping, 7, len));
    inproc_advance(2 * OS_SEC);
    ck_assert_uint_eq(answer.count, 1);
    ck_ok(answer.err);
    ck_assert_uint_eq(answer.sequence, 7);
    ck_assert_uint_eq(answer.len, len);
    ck_assert(net_addr_equal(&answer.from, &peer));
    net_ping_close(&ping);
}

START_TEST(echo_requests_are_answered)
{
    inproc_advance(3 * OS_SEC);
    ping("10.0.0.2", 56);
    ping("fd00::2", 56);
    ping("10.0.0.2", 0);
    ping("10.0.0.2", 20000); /* in fragments */
    ping("fd00::2", 20000);
    ping("127.0.0.1", 10);
    ping("10.0.0.1", 10);
}
END_TEST

/* ---- UDP ---- */

static struct {
    unsigned count;
    size_t len;
    uint8_t data[2000];
    struct net_addr from, to;
} got;

static void on_datagram(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                        const struct net_addr *to)
{
    got.count++;
    got.len = len;
    memcpy(got.data, data, len < sizeof(got.data) ? len : sizeof(got.data));
    got.from = *from;
    got.to = *to;
}

static void on_datagram_echo(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                             const struct net_addr *to)
{
    ck_ok(net_udp_send(udp, from, data, len));
}

static void exchange(const char *to)
{
    struct net_udp server = { .received = on_datagram_echo }, client = { .received = on_datagram };
    struct net_addr peer = addr(to), local = { .port = 7 };
    memset(&got, 0, sizeof(got));
    ck_ok(net_udp_open(&b.stack, &server, &local));
    ck_ok(net_udp_open(&a.stack, &client, NULL));
    ck_ok(net_udp_send(&client, &peer, "hello", 5));
    inproc_advance(2 * OS_SEC);
    ck_assert_uint_eq(got.count, 1);
    ck_assert_uint_eq(got.len, 5);
    ck_assert_int_eq(memcmp(got.data, "hello", 5), 0);
    ck_assert(net_addr_equal(&got.from, &peer));
    net_udp_close(&client);
    net_udp_close(&server);
}

START_TEST(datagrams_go_both_ways)
{
    inproc_advance(3 * OS_SEC);
    exchange("10.0.0.2:7");
    exchange("[fd00::2]:7");
}
END_TEST

static void on_raw(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    got.count++;
    got.len = pbuf_copy_partial(p, got.data, sizeof(got.data), 0);
    ck_assert(ip_addr_cmp(from, (const ip_addr_t *)arg));
    ck_assert_uint_eq(port, 7);
    pbuf_free(p);
    udp_remove(pcb); /* in a callback of lwIP's: begin and end are not needed */
}

START_TEST(lwip_can_be_used_itself)
{
    struct net_udp server = { .received = on_datagram_echo };
    struct net_addr local = { .port = 7 };
    ip_addr_t to = IPADDR4_INIT_BYTES(10, 0, 0, 2);
    memset(&got, 0, sizeof(got));
    ck_ok(net_udp_open(&b.stack, &server, &local));

    net_stack_begin(&a.stack);
    struct udp_pcb *pcb = udp_new();
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, 5, PBUF_RAM);
    ck_assert(pcb != NULL && p != NULL);
    ck_assert_int_eq(pbuf_take(p, "hello", 5), ERR_OK);
    udp_recv(pcb, on_raw, &to);
    ck_assert_int_eq(udp_sendto(pcb, p, &to, 7), ERR_OK);
    pbuf_free(p);
    net_stack_end(&a.stack);

    inproc_advance(OS_SEC);
    ck_assert_uint_eq(got.count, 1);
    ck_assert_uint_eq(got.len, 5);
    ck_assert_mem_eq(got.data, "hello", 5);
    net_udp_close(&server);
}
END_TEST

START_TEST(a_port_is_taken_once)
{
    struct net_udp one = { 0 }, two = { 0 };
    struct net_addr local = { .port = 7 };
    ck_ok(net_udp_open(&a.stack, &one, &local));
    ck_err(net_udp_open(&a.stack, &two, &local), OS_ERR_EXISTS);
    net_udp_close(&one);
    ck_ok(net_udp_open(&a.stack, &two, &local));
    net_udp_close(&two);
}
END_TEST

START_TEST(without_a_route_it_is_said_at_once)
{
    struct net_udp udp = { 0 };
    struct net_addr far = addr("192.0.2.1:9");
    ck_ok(net_udp_open(&a.stack, &udp, NULL));
    wire_set_link(&wire, 0);
    ck_err(net_udp_send(&udp, &far, "x", 1), OS_ERR_UNREACHABLE);
    net_udp_close(&udp);
}
END_TEST

START_TEST(multicast_comes_to_who_joined)
{
    struct net_udp sender = { 0 }, receiver = { .received = on_datagram };
    struct net_addr local = { .port = 5353 };
    const char *groups[] = { "224.0.0.251:5353", "[ff02::fb]:5353" };
    inproc_advance(3 * OS_SEC);
    ck_ok(net_udp_open(&a.stack, &sender, NULL));
    ck_ok(net_udp_open(&b.stack, &receiver, &local));
    for (size_t i = 0; i < OS_ARRAY_LEN(groups); i++) {
        struct net_addr group = addr(groups[i]);
        memset(&got, 0, sizeof(got));
        ck_ok(net_udp_send(&sender, &group, "one", 3));
        inproc_advance(OS_SEC);
        ck_assert_uint_eq(got.count, 0);
        ck_ok(net_udp_join(&receiver, &group));
        ck_ok(net_udp_send(&sender, &group, "two", 3));
        inproc_advance(OS_SEC);
        ck_assert_uint_eq(got.count, 1);
        ck_assert_int_eq(memcmp(got.data, "two", 3), 0);
        net_udp_leave(&receiver, &group);
        ck_ok(net_udp_send(&sender, &group, "three", 5));
        inproc_advance(OS_SEC);
        ck_assert_uint_eq(got.count, 1);
    }
    net_udp_close(&receiver);
    net_udp_close(&sender);
}
END_TEST

/* ---- the link ---- */

START_TEST(the_state_says_what_is_configured)
{
    inproc_advance(3 * OS_SEC); /* nobody else has our link-local address */
    struct net_stack_state state = host_state(&a);
    struct net_addr own = addr("10.0.0.1");
    ck_assert_int_eq(state.link, 1);
    ck_assert(net_addr_equal(&state.ipv4, &own));
    ck_assert_uint_eq(state.mtu, 1500);
    ck_assert_uint_eq(state.mac[5], 'a');
    ck_assert_uint_eq(state.ipv6_count, 2); /* link-local, and what was configured */
    ck_assert_uint_gt(a.changes, 0);
}
END_TEST

START_TEST(it_is_ready_once)
{
    struct host c = { 0 };
    ck_assert_uint_eq(a.readies, 1);
    wire_set_link(&wire, 0);
    host_init(&c, "c", "{ ipv4: 10.0.0.3/24, ipv6: none }");
    ck_assert_uint_eq(c.readies, 0); /* nothing can be sent */
    wire_set_link(&wire, 1);
    ck_assert_uint_eq(c.readies, 1);
    host_fini(&c);
    host_init(&c, "c", "{ ipv4: none, ipv6: auto }");
    inproc_advance(3 * OS_SEC);
    ck_assert_uint_eq(host_state(&c).ipv6_count, 1); /* that of the link, for there is no router */
    ck_assert_uint_eq(c.readies, 0);
    host_fini(&c);
    host_init(&c, "c", "{ ipv4: none, ipv6: fd00::3/64 }");
    inproc_advance(3 * OS_SEC);
    ck_assert_uint_eq(c.readies, 1);
    host_fini(&c);
    ck_assert_uint_eq(a.readies, 1);
}
END_TEST

START_TEST(a_link_that_goes_down_comes_up_again)
{
    unsigned before = a.changes;
    inproc_advance(3 * OS_SEC);
    wire_set_link(&wire, 0);
    ck_assert_int_eq(host_state(&a).link, 0);
    ck_assert_uint_gt(a.changes, before);
    wire_set_link(&wire, 1);
    ck_assert_int_eq(host_state(&a).link, 1);
    ping("10.0.0.2", 56);
}
END_TEST

START_TEST(a_server_that_is_started_again_is_found)
{
    inproc_advance(3 * OS_SEC);
    wire_kill(&wire);
    inproc_advance(3 * OS_SEC);
    ck_assert_int_eq(host_state(&a).link, 1);
    ck_assert_int_eq(host_state(&b).link, 1);
    ping("10.0.0.2", 56);
}
END_TEST

/* ---- rest ---- */

START_TEST(an_idle_stack_sleeps)
{
    ping("10.0.0.2", 56);
    inproc_advance(120 * OS_SEC); /* addresses are confirmed, who was asked for is known */
    uint64_t frames = wire.frames;
    os_time before = os_clock_now();
    inproc_at_event(1, NULL, NULL);
    inproc_advance(3600 * OS_SEC);
    ck_assert_uint_ge(os_clock_now() - before, 3600 * OS_SEC);
    ck_assert_uint_eq(wire.frames, frames);
    ping("10.0.0.2", 56);
}
END_TEST

static int woken;

static void on_event(void *arg)
{
    woken = 1;
}

START_TEST(nothing_wakes_it_for_an_hour)
{
    ping("10.0.0.2", 56);
    ping("fd00::2", 56);
    inproc_advance(120 * OS_SEC);
    woken = 0;
    inproc_at_event(0, on_event, NULL);
    inproc_advance(3600 * OS_SEC);
    inproc_at_event(0, NULL, NULL);
    ck_assert_int_eq(woken, 0);
}
END_TEST

START_TEST(frames_of_any_kind_do_no_harm)
{
    uint8_t frame[1514];
    uint32_t seed = 5;
    static const uint16_t types[] = { 0x0800, 0x86dd, 0x0806, 0x8100, 0 };
    for (int i = 0; i < 4000; i++) {
        uint32_t len = OS_NIC_HEADER + (seed >> 8) % (i % 8 ? 120 : 1500);
        for (uint32_t at = 0; at < len; at++) {
            seed = seed * 1664525u + 1013904223u;
            frame[at] = (uint8_t)(seed >> 24);
        }
        memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 0, 'a' }, 6);
        uint16_t type = types[i % OS_ARRAY_LEN(types)];
        frame[12] = (uint8_t)(type >> 8);
        frame[13] = (uint8_t)type;
        if (type == 0x0800 && len > 34) {
            frame[14] = 0x45;
            frame[16] = (uint8_t)((len - 14) >> 8);
            frame[17] = (uint8_t)(len - 14);
            frame[20] &= 0x20;
            frame[21] = 0;
            frame[23] = (uint8_t[]){ 1, 2, 6, 17, 99 }[i / 5 % 5];
            memcpy(frame + 30, (uint8_t[]){ 10, 0, 0, 1 }, 4);
        } else if (type == 0x86dd && len > 54) {
            frame[14] = 0x60;
            frame[18] = (uint8_t)((len - 54) >> 8);
            frame[19] = (uint8_t)(len - 54);
            frame[20] = (uint8_t[]){ 58, 0, 44, 60, 6, 17, 43 }[i / 5 % 7];
            frame[21] = 255;
            memset(frame + 38, 0, 16);
            frame[38] = 0xfd;
            frame[53] = 1;
        }
        wire_inject(&wire, frame, len, OS_NIC_INTACT);
        if (i % 100 == 0)
            inproc_advance(100 * OS_MS);
    }
    inproc_advance(60 * OS_SEC);
    ping("10.0.0.2", 56);
}
END_TEST

/* Allocates blocks of SIZE until there are no more, and frees them: how many that were. */
static unsigned fill(size_t size)
{
    void *blocks[1024];
    unsigned count = 0;
    while (count < 1024 && (blocks[count] = net_lwip_receive_malloc(size)))
        memset(blocks[count++], 0x55, size);
    for (unsigned i = 0; i < count; i++)
        net_lwip_receive_free(blocks[i]);
    return count;
}

START_TEST(freed_memory_is_there_for_any_size)
{
    size_t before, used, peak;
    net_lwip_memory_init(OS_KIB(256));
    net_lwip_memory_state(&before, &peak);
    unsigned large = fill(1600), small = fill(150);
    ck_assert_uint_ge(large, OS_KIB(256) * 5 / 8 / 1700);
    ck_assert_uint_gt(small, large);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(fill(1600), large);
        ck_assert_uint_eq(fill(150), small);
    }
    net_lwip_memory_state(&used, &peak);
    ck_assert_uint_eq(used, before);
    ck_assert_uint_le(peak, OS_KIB(256));
    net_lwip_drop_spare();
}
END_TEST

/* ---- fragments */

enum { WHOLE = 1208 }; /* bytes of the datagram with its header */

/* LEN bytes from OFFSET on of a datagram from the other stack to port 7 of a. */
static void send_fragment(int family, uint16_t id, uint32_t offset, int more, uint32_t len)
{
    uint8_t frame[1514] = { 2, 0, 0, 0, 0, 'a', 2, 0, 0, 0, 0, 'b' }, *ip = frame + NET_ETH_HEADER;
    uint8_t datagram[0x10100], *l4;
    memset(datagram, 0x77, sizeof(datagram));
    memcpy(datagram, (uint8_t[]){ 0, 9, 0, 7, WHOLE >> 8, WHOLE & 255, 0, 0 }, NET_UDP_HEADER);
    if (family == NET_IPV4) {
        net_put16(frame + NET_ETH_TYPE, NET_ETH_IPV4);
        ip[0] = 0x45;
        net_put16(ip + NET_IPV4_LEN, NET_IPV4_HEADER + len);
        net_put16(ip + NET_IPV4_ID, id);
        net_put16(ip + NET_IPV4_FRAGMENT, offset / 8 | (more ? NET_IPV4_MORE_FRAGMENTS : 0));
        ip[NET_IPV4_TTL] = 64;
        ip[NET_IPV4_PROTO] = NET_PROTO_UDP;
        memcpy(ip + NET_IPV4_SRC, (uint8_t[]){ 10, 0, 0, 2, 10, 0, 0, 1 }, 8);
        l4 = ip + NET_IPV4_HEADER;
    } else {
        uint8_t *head = ip + NET_IPV6_HEADER;
        net_put16(frame + NET_ETH_TYPE, NET_ETH_IPV6);
        ip[0] = 0x60;
        net_put16(ip + NET_IPV6_LEN, 8 + len);
        ip[NET_IPV6_NEXT] = NET_PROTO_FRAGMENT;
        ip[NET_IPV6_HOPS] = 64;
        ip[NET_IPV6_SRC] = ip[NET_IPV6_DST] = 0xfd;
        ip[NET_IPV6_SRC + 15] = 2;
        ip[NET_IPV6_DST + 15] = 1;
        head[0] = NET_PROTO_UDP;
        net_put16(head + 2, offset | !!more);
        net_put32(head + 4, id);
        l4 = head + 8;
    }
    memcpy(l4, datagram + offset, len);
    wire_inject(&wire, frame, (uint32_t)(l4 - frame) + len, OS_NIC_INTACT);
}

static void send_in_order(int family, uint16_t id)
{
    unsigned before = got.count;
    send_fragment(family, id, 0, 1, 800);
    send_fragment(family, id, 800, 0, WHOLE - 800);
    ck_assert_uint_eq(got.count, before + 1);
    ck_assert_uint_eq(got.len, WHOLE - NET_UDP_HEADER);
    ck_assert_uint_eq(got.data[0], 0x77);
    ck_assert_uint_eq(got.data[got.len - 1], 0x77);
}

static void fragments_of(int family)
{
    uint16_t id = 100;
    unsigned before;
    send_in_order(family, id++);
    before = got.count;
    /* the other way round, one twice */
    send_fragment(family, id, 800, 0, WHOLE - 800);
    send_fragment(family, id, 800, 0, WHOLE - 800);
    send_fragment(family, id++, 0, 1, 800);
    ck_assert_uint_eq(got.count, ++before);
    /* overlapping, from inside and from before; beyond 64 KiB; empty; a first one without a whole header */
    send_fragment(family, id, 0, 1, 800);
    send_fragment(family, id++, 400, 0, WHOLE - 400);
    send_fragment(family, id, 400, 0, WHOLE - 400);
    send_fragment(family, id++, 0, 1, 800);
    send_fragment(family, id, 0xfff8, 0, 64);
    send_fragment(family, id++, 0, 1, 0);
    send_fragment(family, id, 0, 1, 8);
    send_fragment(family, id++, 16, 0, 8);
    ck_assert_uint_eq(got.count, before);
    /* of nearly 64 KiB, and a little more than can be counted */
    static const uint32_t sizes[] = { 65200, 65488, 65496, 65512, 65528, 65535 };
    for (unsigned i = 0; i < OS_ARRAY_LEN(sizes); i++, id++)
        for (uint32_t at = 0; at < sizes[i]; at += 1440)
            send_fragment(family, id, at, sizes[i] - at > 1440, sizes[i] - at > 1440 ? 1440 : sizes[i] - at);
    before = got.count;
    /* the last one is empty, or the first has not whole blocks */
    send_fragment(family, id, 0, 1, 800);
    send_fragment(family, id++, 800, 0, 0);
    send_fragment(family, id, 0, 1, 804);
    send_fragment(family, id++, 808, 0, 400);
    ck_assert_uint_eq(got.count, before);
    /* none of these ends: newer ones go on, and nothing of them is left in the end */
    for (int i = 0; i < 300; i++)
        send_fragment(family, id++, i % 2 ? 800 : 0, 1, i % 3 ? 8 : 400);
    inproc_advance(70 * OS_SEC);
    send_in_order(family, id);
}

START_TEST(fragments_that_do_not_fit_are_dropped)
{
    struct net_udp server = { .received = on_datagram };
    struct net_addr local = { .port = 7 };
    inproc_advance(3 * OS_SEC);
    ping("10.0.0.2", 3000);
    ping("fd00::2", 3000);
    memset(&got, 0, sizeof(got));
    ck_ok(net_udp_open(&a.stack, &server, &local));
    uint64_t before = host_state(&a).memory;
    fragments_of(NET_IPV4);
    fragments_of(NET_IPV6);
    inproc_advance(70 * OS_SEC);
    ck_assert_uint_le(host_state(&a).memory, before + 512);
    ping("10.0.0.2", 3000);
    ping("fd00::2", 3000);
    net_udp_close(&server);
}
END_TEST

START_TEST(bad_configs_are_refused)
{
    static const char *const bad[] = { "ipv4: 10.0.0/24",  "ipv4: fd00::1/64", "ipv6: 10.0.0.1/8",
                                       "gateway: fd00::1", "memory: 1",        "dns:\n  - nobody",
                                       "ipv4: sometimes",  "gateway6: x" };
    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++) {
        struct host c = { 0 };
        ck_err(host_try(&c, "c", bad[i]), OS_ERR_BAD_ARG);
        host_fini(&c);
    }
}
END_TEST

/* Ports that a stack has chosen, and first sequence numbers, of connections to a port that nobody listens at.
 */
static struct {
    uint32_t count;
    uint16_t ports[8];
    uint32_t numbers[8];
} seen;

static void note_connection(const uint8_t *data, uint32_t len, uint32_t flags)
{
    const uint8_t *ip = data + NET_ETH_HEADER, *tcp = ip + NET_IPV4_HEADER;
    if (len < NET_ETH_HEADER + NET_IPV4_HEADER + 20 || net_get16(data + NET_ETH_TYPE) != NET_ETH_IPV4 ||
        ip[NET_IPV4_PROTO] != NET_PROTO_TCP || net_get16(tcp + 2) != 99 || seen.count == 8)
        return;
    seen.ports[seen.count] = net_get16(tcp);
    seen.numbers[seen.count++] = net_get32(tcp + 4);
}

static void connect_some(void)
{
    struct net_addr peer = addr("10.0.0.2:99");
    seen.count = 0;
    wire.seen = note_connection;
    inproc_advance(2 * OS_SEC);
    for (int i = 0; i < 8; i++) {
        struct net_tcp tcp = { 0 };
        ck_ok(net_tcp_connect(&a.stack, &tcp, &peer, NULL));
        inproc_advance(OS_SEC); /* it is refused */
        net_tcp_close(&tcp);
    }
    ck_assert_uint_eq(seen.count, 8);
    wire.seen = NULL;
}

START_TEST(ports_and_numbers_cannot_be_told_from_those_before)
{
    uint32_t steps = 0, near = 0;
    connect_some();
    for (int i = 1; i < 8; i++) {
        steps += (uint16_t)(seen.ports[i] - seen.ports[i - 1]) == 1;
        near += seen.numbers[i] - seen.numbers[i - 1] < 1000000;
        ck_assert_uint_ge(seen.ports[i], 0xc000);
    }
    ck_assert_uint_le(steps, 1);
    ck_assert_uint_le(near, 1);
}
END_TEST

START_TEST(a_seed_decides_ports_and_numbers)
{
    uint16_t ports[8];
    for (uint64_t round = 0; round < 3; round++) {
        host_fini(&b);
        host_fini(&a);
        inproc_random_seed(round == 2);
        host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: fd00::1/64");
        host_init(&b, "b", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64");
        connect_some();
        if (round == 2)
            ck_assert_mem_ne(ports, seen.ports, sizeof(ports));
        memcpy(ports, seen.ports, sizeof(ports));
    }
}
END_TEST

START_TEST(without_random_numbers_it_says_so_and_works)
{
    host_fini(&a);
    inproc_deny("Random", OS_ERR_NO_SERVICE);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: none");
    ck_assert_ptr_nonnull(strstr(inproc_log(&a.env), "no random numbers"));
    connect_some();
    inproc_deny("Random", OS_OK);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, echo_requests_are_answered);
    tcase_add_test(tcase, datagrams_go_both_ways);
    tcase_add_test(tcase, lwip_can_be_used_itself);
    tcase_add_test(tcase, a_port_is_taken_once);
    tcase_add_test(tcase, without_a_route_it_is_said_at_once);
    tcase_add_test(tcase, multicast_comes_to_who_joined);
    tcase_add_test(tcase, the_state_says_what_is_configured);
    tcase_add_test(tcase, it_is_ready_once);
    tcase_add_test(tcase, a_link_that_goes_down_comes_up_again);
    tcase_add_test(tcase, a_server_that_is_started_again_is_found);
    tcase_add_test(tcase, an_idle_stack_sleeps);
    tcase_add_test(tcase, nothing_wakes_it_for_an_hour);
    tcase_add_test(tcase, frames_of_any_kind_do_no_harm);
    tcase_add_test(tcase, freed_memory_is_there_for_any_size);
    tcase_add_test(tcase, fragments_that_do_not_fit_are_dropped);
    tcase_add_test(tcase, bad_configs_are_refused);
    tcase_add_test(tcase, ports_and_numbers_cannot_be_told_from_those_before);
    tcase_add_test(tcase, a_seed_decides_ports_and_numbers);
    tcase_add_test(tcase, without_random_numbers_it_says_so_and_works);
}

int main(void)
{
    return suite_run_case("net-stack", add);
}
