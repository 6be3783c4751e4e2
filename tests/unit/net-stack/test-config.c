/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-config.c: how a stack comes by its addresses and names: DHCP, router advertisements and DNS, by
 * servers that answer, refuse, lie, or do not answer. Host b has fixed addresses and is these servers.
 */
#include <os/nic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "several.h"
#include "wire.h"

static struct wire wire;
static struct host a, b;

static struct net_addr addr(const char *text)
{
    struct net_addr addr = { 0 };
    ck_ok(net_addr_parse(text, &addr));
    return addr;
}

static int has(const struct net_addr *found, const char *text)
{
    struct net_addr wanted = addr(text);
    return net_addr_equal(found, &wanted);
}

/* ---- a DHCP server ---- */

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE };

static struct {
    struct net_udp udp;
    int silent, refuses;
    uint8_t last; /* byte of the address that is given */
    uint32_t lease;
    unsigned discovers, requests, unicasts;
    char hostname[64];
} dhcp;

/* Option CODE of LEN bytes at DATA, with its length before it; or NULL. */
static const uint8_t *option(const uint8_t *data, size_t len, uint8_t code)
{
    for (size_t at = 240; at + 1 < len && data[at] != 255; at += data[at] ? 2u + data[at + 1] : 1u)
        if (data[at] == code)
            return data + at + 1;
    return NULL;
}

static void on_dhcp(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                    const struct net_addr *to)
{
    const uint8_t *type = option(data, len, 53), *name = option(data, len, 12);
    uint8_t reply[300] = { 2, 1, 6 };
    struct net_addr all = addr("255.255.255.255:68");
    ck_assert_ptr_nonnull(type);
    dhcp.discovers += type[1] == DISCOVER;
    dhcp.requests += type[1] == REQUEST;
    dhcp.unicasts += to->bytes[0] == 10;
    snprintf(dhcp.hostname, sizeof(dhcp.hostname), "%.*s", name ? name[0] : 0, name ? (char *)name + 1 : "");
    if (dhcp.silent || (type[1] != DISCOVER && type[1] != REQUEST))
        return;
    memcpy(reply + 4, (const uint8_t *)data + 4, 4);    /* transaction */
    memcpy(reply + 28, (const uint8_t *)data + 28, 16); /* hardware address */
    int refuse = type[1] == REQUEST && dhcp.refuses;
    if (!refuse)
        memcpy(reply + 16, (uint8_t[]){ 10, 0, 0, dhcp.last }, 4);
    memcpy(reply + 236, (uint8_t[]){ 99, 130, 83, 99 }, 4);
    const uint8_t options[] = { 53,
                                1,
                                type[1] == DISCOVER ? OFFER
                                : refuse            ? NAK
                                                    : ACK,
                                54,
                                4,
                                10,
                                0,
                                0,
                                2, /* server */
                                51,
                                4,
                                (uint8_t)(dhcp.lease >> 24),
                                (uint8_t)(dhcp.lease >> 16),
                                (uint8_t)(dhcp.lease >> 8),
                                (uint8_t)dhcp.lease,
                                1,
                                4,
                                255,
                                255,
                                255,
                                0,
                                3,
                                4,
                                10,
                                0,
                                0,
                                254,
                                6,
                                8,
                                10,
                                0,
                                0,
                                9,
                                10,
                                0,
                                0,
                                2, /* name servers */
                                255 };
    memcpy(reply + 240, options, sizeof(options));
    ck_ok(net_udp_send(udp, &all, reply, sizeof(reply)));
}

static void serve_dhcp(void)
{
    struct net_addr at = addr("10.0.0.2:67");
    at.family = NET_ANY;
    dhcp.udp = (struct net_udp){ .received = on_dhcp };
    ck_ok(net_udp_open(&b.stack, &dhcp.udp, &at));
}

static void setup(void)
{
    wire = (struct wire){ .seed = 1 };
    wire_init(&wire);
    memset(&dhcp, 0, sizeof(dhcp));
    dhcp.last = 50;
    dhcp.lease = 120;
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64");
    serve_dhcp();
}

static void teardown(void)
{
    net_udp_close(&dhcp.udp);
    host_fini(&b);
    host_fini(&a);
    wire_fini(&wire);
}

START_TEST(a_lease_is_taken_and_renewed)
{
    host_init(&a, "a", "");
    inproc_advance(5 * OS_SEC);
    struct net_stack_state state = host_state(&a);
    ck_assert(has(&state.ipv4, "10.0.0.50"));
    ck_assert(has(&state.gateway, "10.0.0.254"));
    ck_assert_uint_eq(dhcp.requests, 1);
    ck_assert_str_eq(dhcp.hostname, "a"); /* the component's label */
    inproc_advance(70 * OS_SEC);
    ck_assert_uint_eq(dhcp.requests, 2); /* after half of it, of the server that it is from */
    ck_assert_uint_eq(dhcp.unicasts, 1);
    inproc_advance(3600 * OS_SEC);
    state = host_state(&a);
    ck_assert(has(&state.ipv4, "10.0.0.50"));
    ck_assert_uint_eq(dhcp.discovers, 1);
}
END_TEST

START_TEST(the_config_names_the_host)
{
    host_init(&a, "deep -> a_b", "hostname: Web-1");
    inproc_advance(5 * OS_SEC);
    ck_assert_str_eq(dhcp.hostname, "Web-1");
    host_fini(&a);
    host_init(&a, "deep -> a_b", "");
    inproc_advance(5 * OS_SEC);
    ck_assert_str_eq(dhcp.hostname, "a-b");
    host_fini(&a);
    /* as long as a name can be */
    host_init(&a, "a", "hostname: abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ-123456789");
    inproc_advance(5 * OS_SEC);
    ck_assert_str_eq(dhcp.hostname, "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ-123456789");
}
END_TEST

START_TEST(a_lease_that_is_refused_is_given_up_for_another)
{
    host_init(&a, "a", "");
    inproc_advance(5 * OS_SEC);
    dhcp.refuses = 1;
    inproc_advance(60 * OS_SEC); /* it is to be renewed */
    dhcp.refuses = 0;
    dhcp.last = 51;
    unsigned changes = a.changes;
    inproc_advance(60 * OS_SEC);
    struct net_stack_state state = host_state(&a);
    ck_assert(has(&state.ipv4, "10.0.0.51"));
    ck_assert_uint_gt(a.changes, changes);
}
END_TEST

START_TEST(a_server_that_is_silent_is_asked_until_it_answers)
{
    dhcp.silent = 1;
    host_init(&a, "a", "");
    inproc_advance(60 * OS_SEC);
    struct net_stack_state state = host_state(&a);
    ck_assert_uint_eq(state.ipv4.family, NET_ANY);
    ck_assert_uint_gt(dhcp.discovers, 3);
    ck_assert_uint_lt(dhcp.discovers, 20);
    dhcp.silent = 0;
    inproc_advance(60 * OS_SEC);
    state = host_state(&a);
    ck_assert(has(&state.ipv4, "10.0.0.50"));
}
END_TEST

START_TEST(a_lease_that_is_not_renewed_ends)
{
    host_init(&a, "a", "");
    inproc_advance(5 * OS_SEC);
    dhcp.silent = 1;
    inproc_advance(100 * OS_SEC);
    struct net_stack_state state = host_state(&a);
    ck_assert(has(&state.ipv4, "10.0.0.50")); /* until it is over */
    inproc_advance(60 * OS_SEC);
    state = host_state(&a);
    ck_assert_uint_eq(state.ipv4.family, NET_ANY);
}
END_TEST

/* Not at the first address of any family, unless there will be none of the one that is wanted. */
START_TEST(ready_with_an_address_of_the_family)
{
    a.stack.family = NET_IPV6;
    host_init(&a, "a", "ipv4: 10.0.0.1/24");
    inproc_advance(5 * OS_SEC);
    ck_assert_uint_eq(a.readies, 0);
    host_fini(&a);
    a.stack.family = NET_IPV6;
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: none");
    inproc_advance(5 * OS_SEC);
    ck_assert_uint_eq(a.readies, 1);
}
END_TEST

/* ---- router advertisements ---- */

/* Frame of an ICMPv6 message of LEN bytes from fe80::fe to all nodes; checksums are not looked at. */
static void inject(const uint8_t *message, size_t len, uint8_t last)
{
    uint8_t frame[200] = { 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xfe, 0x86, 0xdd, 0x60 };
    frame[19] = (uint8_t)len;
    frame[20] = 58;
    frame[21] = 255;
    memcpy(frame + 22, (uint8_t[]){ 0xfe, 0x80, [15] = last }, 16);
    memcpy(frame + 38, (uint8_t[]){ 0xff, 2, [15] = 1 }, 16);
    memcpy(frame + 54, message, len);
    wire_inject(&wire, frame, 54 + (uint32_t)len, OS_NIC_INTACT);
}

/* fd01::/64 for VALID seconds, and a name server, which is b's link-local address. */
static void advertise(uint8_t valid)
{
    uint8_t message[72] = { 134, 0, 0, 0, 64, 0, 7, 8 };
    memcpy(message + 16, (uint8_t[]){ 3, 4, 64, 0xc0, 0, 0, 0, valid, 0, 0, 0, valid }, 12);
    memcpy(message + 32, (uint8_t[]){ 0xfd, 1 }, 2);
    memcpy(message + 48, (uint8_t[]){ 25, 3, 0, 0, 0, 0, 1, 0, 0xfe, 0x80 }, 10);
    memcpy(message + 67, (uint8_t[]){ 0xff, 0xfe, 0, 0, 'b' }, 5);
    inject(message, sizeof(message), 0xfe);
}

START_TEST(a_router_advertises_addresses)
{
    host_init(&a, "a", "ipv4: none");
    inproc_advance(3 * OS_SEC);
    ck_assert_uint_eq(host_state(&a).ipv6_count, 1);
    advertise(60);
    inproc_advance(3 * OS_SEC);
    struct net_stack_state state = host_state(&a);
    ck_assert_uint_eq(state.ipv6_count, 2);
    ck_assert(has(&state.ipv6[1], "fd01::ff:fe00:61")); /* of the MAC address 02:00:00:00:00:61 */
    inproc_advance(100 * OS_SEC);
    ck_assert_uint_eq(host_state(&a).ipv6_count, 1);
}
END_TEST

START_TEST(an_address_that_another_has_is_not_taken)
{
    host_init(&a, "a", "ipv4: none");
    /* who has the link-local address that it is about to take, says so */
    uint8_t message[24] = { 136, 0, 0, 0, 0x20, 0, 0, 0, 0xfe, 0x80, [19] = 0xff, 0xfe, 0, 0, 0x61 };
    inject(message, sizeof(message), 0xfd);
    inproc_advance(5 * OS_SEC);
    ck_assert_uint_eq(host_state(&a).ipv6_count, 0);
}
END_TEST

/* ---- names ---- */

enum lie { HONEST, NO_SUCH_NAME, SILENT, CUT, OTHER_ID, OTHER_PORT, OTHER_NAME, FROM_OTHER_PORT, FAILED };

static struct {
    struct net_udp udp, foe; /* FOE is somebody else on the same machine */
    enum lie lie;
    int alias, no_ipv6;
    uint8_t last; /* byte of the address */
    unsigned questions;
} dns;

static struct {
    unsigned count;
    os_err err;
    uint32_t addrs;
    struct net_addr addr[2];
} found;

/* The question again and its answer; RFC 1035. */
static size_t make_answer(uint8_t *reply, const uint8_t *query, size_t len)
{
    int v6 = query[len - 3] == 28;
    memcpy(reply, query, len);
    reply[2] = 0x84;
    reply[3] = dns.lie == NO_SUCH_NAME ? 3 : dns.lie == FAILED ? 2 : 0;
    if (reply[3] || (v6 && dns.no_ipv6))
        return len;
    reply[7] = dns.alias ? 2 : 1;
    if (dns.lie == OTHER_ID)
        reply[1] ^= 1;
    if (dns.lie == OTHER_NAME)
        reply[13] ^= 1;
    if (dns.alias) {
        memcpy(reply + len, (uint8_t[]){ 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'x', 0xc0, 12 }, 16);
        len += 16;
    }
    memcpy(reply + len, (uint8_t[]){ 0xc0, 12, 0, v6 ? 28 : 1, 0, 1, 0, 0, 0, 60, 0, v6 ? 16 : 4 }, 12);
    len += 12;
    if (v6)
        memcpy(reply + len, (uint8_t[]){ 0xfd, 9, [15] = dns.last }, 16);
    else
        memcpy(reply + len, (uint8_t[]){ 192, 0, 2, dns.last }, 4);
    return len + (v6 ? 16 : 4) - (dns.lie == CUT ? 2 : 0);
}

static void on_question(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                        const struct net_addr *to)
{
    uint8_t reply[600];
    struct net_addr back = *from;
    ck_assert_uint_lt(len, 300);
    dns.questions++;
    if (dns.lie == SILENT)
        return;
    len = make_answer(reply, data, len);
    if (dns.lie == OTHER_PORT)
        back.port ^= 1;
    ck_ok(net_udp_send(dns.lie == FROM_OTHER_PORT ? &dns.foe : udp, &back, reply, len));
}

static void stop_dns(void)
{
    net_udp_close(&dns.udp);
    net_udp_close(&dns.foe);
}

static void serve_dns(void)
{
    struct net_addr at = { .port = 53 };
    memset(&dns, 0, sizeof(dns));
    dns.last = 1;
    dns.udp = (struct net_udp){ .received = on_question };
    ck_ok(net_udp_open(&b.stack, &dns.udp, &at));
    ck_ok(net_udp_open(&b.stack, &dns.foe, NULL));
}

static void on_resolved(struct net_resolve *resolve, os_err err, const struct net_addr *addrs, uint32_t count)
{
    found.count++;
    found.err = err;
    found.addrs = count;
    for (uint32_t i = 0; i < count; i++)
        found.addr[i] = addrs[i];
}

/* Of a name that nobody has asked for before. */
static const char *new_name(void)
{
    static char name[32];
    static unsigned n;
    snprintf(name, sizeof(name), "n%u.example", n++);
    return name;
}

static os_err resolve(const char *name, enum net_family family)
{
    struct net_resolve resolve = { .resolved = on_resolved };
    memset(&found, 0, sizeof(found));
    ck_ok(net_resolve(&a.stack, &resolve, name, family));
    inproc_advance(30 * OS_SEC);
    ck_assert_uint_eq(found.count, 1);
    return found.err;
}

static void ask(const char *config)
{
    host_init(&a, "a", config);
    serve_dns();
    inproc_advance(5 * OS_SEC);
}

#define BY_IPV4 "ipv4: 10.0.0.1/24\nipv6: fd00::1/64\ndns:\n  - 10.0.0.2"
#define BY_IPV6 "ipv4: 10.0.0.1/24\nipv6: fd00::1/64\ndns:\n  - fd00::2"

static const char *const configs[] = { BY_IPV4, BY_IPV6 };

START_TEST(names_have_addresses_of_both_families)
{
    ask(configs[_i]);
    ck_ok(resolve(new_name(), NET_ANY));
    ck_assert_uint_eq(found.addrs, 2);
    ck_assert(has(&found.addr[0], "fd09::1")); /* we have an address that reaches further than the link */
    ck_assert(has(&found.addr[1], "192.0.2.1"));
    ck_ok(resolve(new_name(), NET_IPV4));
    ck_assert_uint_eq(found.addrs, 1);
    ck_assert(has(&found.addr[0], "192.0.2.1"));
    ck_ok(resolve(new_name(), NET_IPV6));
    ck_assert_uint_eq(found.addrs, 1);
    dns.no_ipv6 = 1;
    ck_ok(resolve(new_name(), NET_ANY));
    ck_assert_uint_eq(found.addrs, 1);
    ck_err(resolve(new_name(), NET_IPV6), OS_ERR_NOT_FOUND);
    dns.alias = 1;
    ck_ok(resolve(new_name(), NET_IPV4));
    ck_assert(has(&found.addr[0], "192.0.2.1"));
    ck_ok(resolve("fd00::7", NET_ANY));
    ck_assert(has(&found.addr[0], "fd00::7"));
    ck_err(resolve("fd00::7", NET_IPV4), OS_ERR_NOT_FOUND);
    stop_dns();
}
END_TEST

START_TEST(answers_are_kept_as_long_as_they_say)
{
    char name[32];
    ask(configs[_i]);
    snprintf(name, sizeof(name), "%s", new_name());
    ck_ok(resolve(name, NET_IPV4));
    dns.last = 2;
    unsigned before = dns.questions;
    ck_ok(resolve(name, NET_IPV4));
    ck_assert(has(&found.addr[0], "192.0.2.1"));
    ck_assert_uint_eq(dns.questions, before);
    inproc_advance(60 * OS_SEC);
    ck_ok(resolve(name, NET_IPV4));
    ck_assert(has(&found.addr[0], "192.0.2.2"));
    ck_assert_uint_eq(dns.questions, before + 1);
    stop_dns();
}
END_TEST

START_TEST(what_is_no_answer_is_told_apart_from_no)
{
    ask(configs[_i]);
    dns.lie = NO_SUCH_NAME;
    ck_err(resolve(new_name(), NET_ANY), OS_ERR_NOT_FOUND);
    dns.lie = SILENT;
    ck_err(resolve(new_name(), NET_ANY), OS_ERR_DEADLINE);
    dns.lie = CUT;
    ck_err(resolve(new_name(), NET_ANY), OS_ERR_DEADLINE);
    stop_dns();
}
END_TEST

START_TEST(forged_answers_are_not_believed)
{
    static const enum lie lies[] = { OTHER_ID, OTHER_PORT, OTHER_NAME, FROM_OTHER_PORT };
    ask(configs[_i]);
    for (size_t i = 0; i < OS_ARRAY_LEN(lies); i++) {
        struct net_resolve resolve = { .resolved = on_resolved };
        memset(&found, 0, sizeof(found));
        dns.lie = lies[i];
        dns.last = 66;
        ck_ok(net_resolve(&a.stack, &resolve, new_name(), NET_IPV4));
        inproc_advance(500 * OS_MS);
        ck_assert_uint_eq(found.count, 0);
        dns.lie = HONEST; /* it asks again */
        dns.last = 1;
        inproc_advance(10 * OS_SEC);
        ck_assert_uint_eq(found.count, 1);
        ck_assert(has(&found.addr[0], "192.0.2.1"));
    }
    stop_dns();
}
END_TEST

START_TEST(the_second_server_is_asked_when_the_first_one_fails)
{
    static const char *const first_is_nobody[] = {
        "ipv4: 10.0.0.1/24\ndns:\n  - 10.0.0.99\n  - 10.0.0.2",
        "ipv4: 10.0.0.1/24\nipv6: fd00::1/64\ndns:\n  - fd00::99\n  - fd00::2",
        "ipv4: 10.0.0.1/24\ndns:\n  - 10.0.0.2\n  - 10.0.0.2",
    };
    ask(first_is_nobody[_i]);
    dns.lie = _i == 2 ? FAILED : HONEST;
    if (_i == 2)
        ck_err(resolve(new_name(), NET_IPV4), OS_ERR_NOT_FOUND);
    else
        ck_ok(resolve(new_name(), NET_IPV4));
    ck_assert_uint_eq(dns.questions, _i == 2 ? 2 : 1);
    stop_dns();
}
END_TEST

START_TEST(a_name_that_is_not_wanted_any_more_is_not_told)
{
    static struct net_resolve resolve; /* until the stack ends, after this function */
    resolve = (struct net_resolve){ .resolved = on_resolved };
    ask(BY_IPV4);
    memset(&found, 0, sizeof(found));
    ck_ok(net_resolve(&a.stack, &resolve, new_name(), NET_ANY));
    net_resolve_cancel(&resolve);
    inproc_advance(10 * OS_SEC);
    ck_assert_uint_eq(found.count, 0);
    ck_ok(net_resolve(&a.stack, &resolve, new_name(), NET_ANY));
    net_udp_close(&dns.udp); /* the stack ends while it asks */
}
END_TEST

/* DHCP names 10.0.0.9, who is nobody, before 10.0.0.2, and router advertisements b. */
/* ---- memory that is not there for a moment ---- */

static struct {
    struct net_tcp_listener listener;
    struct net_tcp server, tcp;
    struct net_udp there, udp;
    struct net_ping ping;
    struct net_resolve resolve;
    size_t tcp_bytes, udp_bytes;
    int pongs, tcp_ended, closed, resolving;
} talk;

static void give_back(struct net_tcp *tcp)
{
    uint8_t data[700];
    size_t len, taken;
    while (!net_tcp_read(tcp, data, sizeof(data), &len)) {
        if (!len) {
            net_tcp_close(tcp);
            return;
        }
        ck_ok(net_tcp_write(tcp, data, len, &taken));
        ck_assert_uint_eq(taken, len);
    }
}

static void take_connection(struct net_tcp_listener *of)
{
    net_tcp_abort(&talk.server);
    talk.server = (struct net_tcp){ .readable = give_back };
    ck_ok(net_tcp_accept(of, &talk.server));
}

static void return_datagram(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                            const struct net_addr *to)
{
    ck_ok(net_udp_send(udp, from, data, len));
}

static void count_datagram(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                           const struct net_addr *to)
{
    talk.udp_bytes += len;
}

static void count_bytes(struct net_tcp *tcp)
{
    uint8_t data[700];
    size_t len;
    while (!net_tcp_read(tcp, data, sizeof(data), &len)) {
        talk.tcp_ended |= !len;
        talk.tcp_bytes += len;
        if (!len)
            return;
    }
}

static void count_pong(struct net_ping *ping, os_err err, uint16_t sequence, const struct net_addr *from,
                       os_time time, size_t len)
{
    talk.pongs += !err;
}

static void talk_closed(struct net_tcp *tcp, os_err err)
{
    talk.closed++;
}

static void talk_resolved(struct net_resolve *resolve, os_err err, const struct net_addr *addrs,
                          uint32_t count)
{
    talk.resolving = 0;
    found.err = err;
}

static void serve_talk(void)
{
    struct net_addr http = { .port = 80 }, echo = { .port = 7 };
    talk.listener = (struct net_tcp_listener){ .incoming = take_connection };
    talk.there = (struct net_udp){ .received = return_datagram };
    ck_ok(net_tcp_listen(&b.stack, &talk.listener, &http, 5));
    ck_ok(net_udp_open(&b.stack, &talk.there, &echo));
}

/* Something of all that a program can ask of a stack; says how much of it went well. */
static int hold_talk(const char *name)
{
    static const uint8_t data[2500];
    struct net_addr http = addr("10.0.0.2:80"), echo = addr("[fd00::2]:7"), group = addr("[ff02::99]:9"),
                    any = { 0 };
    struct net_addr peer = addr("10.0.0.2");
    size_t len = 0;
    int well = 0;
    talk.tcp = (struct net_tcp){ .readable = count_bytes, .closed = talk_closed };
    talk.udp = (struct net_udp){ .received = count_datagram };
    talk.ping = (struct net_ping){ .answered = count_pong };
    talk.resolve = (struct net_resolve){ .resolved = talk_resolved };
    talk.tcp_bytes = talk.udp_bytes = 0;
    talk.pongs = talk.tcp_ended = talk.closed = 0;
    found.err = OS_ERR_RAM;
    int udp = !net_udp_open(&a.stack, &talk.udp, &any), ping = !net_ping_open(&a.stack, &talk.ping, &peer);
    talk.resolving = 1;
    talk.resolving = !net_resolve(&a.stack, &talk.resolve, name, NET_ANY);
    int tcp = !net_tcp_connect(&a.stack, &talk.tcp, &http, NULL);
    inproc_advance(3 * OS_SEC);
    if (udp)
        well += !net_udp_join(&talk.udp, &group) + !net_udp_send(&talk.udp, &echo, data, sizeof(data));
    if (ping)
        well += !net_ping_send(&talk.ping, 1, 2000);
    if (tcp)
        well += !net_tcp_write(&talk.tcp, data, sizeof(data), &len) && len == sizeof(data);
    inproc_advance(3 * OS_SEC);
    if (tcp)
        net_tcp_shutdown(&talk.tcp);
    inproc_advance(20 * OS_SEC);
    well += !talk.resolving && !found.err;
    if (talk.resolving)
        net_resolve_cancel(&talk.resolve);
    net_tcp_close(&talk.tcp);
    net_udp_close(&talk.udp);
    net_ping_close(&talk.ping);
    return well + talk.pongs + (talk.udp_bytes == sizeof(data)) + (talk.tcp_bytes == sizeof(data)) +
           (talk.tcp_ended && !talk.closed);
}

enum { WELL = 9 };

/* COUNT times in succession there is no memory, after it was there AFTER times. */
static unsigned talk_without(unsigned after, unsigned count, uint64_t *left)
{
    several_refuse(b.stack.own, after, count);
    os_err err = host_try(&a, "a", "memory: 128K\nipv6: fd00::1/64");
    if (!err) {
        inproc_advance(5 * OS_SEC);
        hold_talk("one.example");
    }
    unsigned wanted = several_refuse(b.stack.own, 0, 0);
    if (err) {
        ck_err(err, OS_ERR_RAM);
        host_fini(&a);
        host_init(&a, "a", "memory: 128K\nipv6: fd00::1/64");
    }
    inproc_advance(120 * OS_SEC);
    int well = hold_talk("two.example");
    ck_assert_msg(well == WELL, "without memory %u times after %u: %d of %d", count, after, well, WELL);
    inproc_advance(300 * OS_SEC);
    uint64_t memory = host_state(&a).memory;
    ck_assert_msg(!*left || memory <= *left,
                  "without memory %u times after %u: %llu bytes instead of %llu are left", count, after,
                  (unsigned long long)memory, (unsigned long long)*left);
    *left = *left ? *left : memory;
    host_fini(&a);
    return wanted;
}

START_TEST(nothing_that_is_wanted_has_to_be_there)
{
    static const unsigned counts[] = { 1, 7, 60 };
    uint64_t left = 0;
    serve_dns();
    serve_talk();
    dhcp.lease = 100000;
    unsigned wanted = talk_without(0, 0, &left);
    ck_assert_uint_ge(wanted, 50);
    for (unsigned after = _i; after < wanted; after += 3)
        talk_without(after, counts[after / 3 % OS_ARRAY_LEN(counts)], &left);
    host_init(&a, "a", ""); /* as each test leaves it */
    stop_dns();
    net_tcp_abort(&talk.server);
    net_tcp_listener_close(&talk.listener);
    net_udp_close(&talk.there);
}
END_TEST

START_TEST(servers_are_those_of_the_config_or_those_that_others_name)
{
    ask("ipv6: none");
    ck_ok(resolve(new_name(), NET_IPV4));
    ck_assert_uint_eq(dns.questions, 1);
    host_fini(&a);
    stop_dns();
    ask("ipv4: none\nipv6: auto");
    advertise(200);
    inproc_advance(5 * OS_SEC);
    ck_ok(resolve(new_name(), NET_IPV4));
    host_fini(&a);
    stop_dns();
    ask("dns:\n  - 10.0.0.77"); /* who is nobody */
    advertise(200);
    inproc_advance(5 * OS_SEC);
    ck_err(resolve(new_name(), NET_IPV4), OS_ERR_DEADLINE);
    ck_assert_uint_eq(dns.questions, 0);
    stop_dns();
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_lease_is_taken_and_renewed);
    tcase_add_test(tcase, the_config_names_the_host);
    tcase_add_test(tcase, a_lease_that_is_refused_is_given_up_for_another);
    tcase_add_test(tcase, a_server_that_is_silent_is_asked_until_it_answers);
    tcase_add_test(tcase, a_lease_that_is_not_renewed_ends);
    tcase_add_test(tcase, ready_with_an_address_of_the_family);
    tcase_add_test(tcase, a_router_advertises_addresses);
    tcase_add_test(tcase, an_address_that_another_has_is_not_taken);
    tcase_add_loop_test(tcase, names_have_addresses_of_both_families, 0, 2);
    tcase_add_loop_test(tcase, answers_are_kept_as_long_as_they_say, 0, 2);
    tcase_add_loop_test(tcase, what_is_no_answer_is_told_apart_from_no, 0, 2);
    tcase_add_loop_test(tcase, forged_answers_are_not_believed, 0, 2);
    tcase_add_loop_test(tcase, the_second_server_is_asked_when_the_first_one_fails, 0, 3);
    tcase_add_test(tcase, a_name_that_is_not_wanted_any_more_is_not_told);
    tcase_add_loop_test(tcase, nothing_that_is_wanted_has_to_be_there, 0, 3);
    tcase_add_test(tcase, servers_are_those_of_the_config_or_those_that_others_name);
}

int main(void)
{
    return suite_run_case("net-config", add);
}
