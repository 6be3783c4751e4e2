/* SPDX-License-Identifier: BSD-2-Clause */
/* test-services.c: DHCP on both sides, names, IPv6, machines of one domain, fragments. */
#include "wire.h"

#include <string.h>

#include "../lib/suite.h"

static struct machine a, b, out;

static const char *const config = WIRE_LAN WIRE_LAN_SERVICES WIRE_LAN_OUT "    allow:\n"
                                                                          "      -\n"
                                                                          "        to: six\n"
                                                                          "        udp: 7\n"
                                                                          "        icmp: true\n"
                                                                          "  six:\n"
                                                                          "    ipv6: fd02::1/64\n"
                                                                          "  wan:\n"
                                                                          "    ipv4: dhcp\n"
                                                                          "limits:\n"
                                                                          "  queries: 16\n"
                                                                          "  leases-per-client: 3\n";

static void setup(void)
{
    wire_init(config);
    wire_add(&a, "lan", 1, NULL);
    wire_add(&b, "lan", 2, NULL);
    wire_drop(&a);
}

static void teardown(void)
{
    wire_remove(&a);
    wire_remove(&b);
    if (out.port.domain)
        wire_remove(&out);
    wire_fini();
}

/* ---- DHCP as a machine sees it */

static void send_dhcp(struct machine *machine, const struct dhcp *dhcp)
{
    struct machine as = *machine;
    struct wire_packet packet;
    struct net_addr to = wire_addr("255.255.255.255:67");
    uint8_t data[400];
    as.ip = addr4_from(dhcp->client);
    wire_udp(&packet, &as, 68, &to, data, dhcp_write(data, dhcp));
    memset(packet.data, 0xff, 6);
    wire_send(machine, packet.data, packet.len);
}

/* What the router answers; its type, or 0. */
static int ask(struct machine *machine, struct dhcp *dhcp, struct dhcp *answer)
{
    memcpy(dhcp->mac, machine->mac, 6);
    dhcp->xid = 99;
    wire_drop(machine);
    send_dhcp(machine, dhcp);
    if (!machine->count)
        return 0;
    ck_assert(wire_is_sound(machine->last->data, machine->last->len));
    ck_assert_uint_eq(net_get16(wire_l4(machine) + NET_UDP_DST), 68);
    ck_assert(
        dhcp_read(wire_l4(machine) + NET_UDP_HEADER, net_get16(wire_l4(machine) + NET_UDP_LEN) - 8, answer));
    ck_assert_uint_eq(answer->xid, 99);
    return answer->type;
}

static void get_address(struct machine *machine, const char *expected)
{
    struct dhcp dhcp = { .type = DHCP_DISCOVER }, offer, ack;
    ck_assert_int_eq(ask(machine, &dhcp, &offer), DHCP_OFFER);
    dhcp = (struct dhcp){ .type = DHCP_REQUEST, .requested = offer.yours, .server = offer.server };
    ck_assert_int_eq(ask(machine, &dhcp, &ack), DHCP_ACK);
    machine->ip = addr4_from(ack.yours);
    machine->via = addr4_from(ack.router);
    struct net_addr want = wire_addr(expected);
    ck_assert_mem_eq(machine->ip.bytes, want.bytes, 4);
    ck_assert_uint_eq(ack.mask, 0xffffff00);
    ck_assert_uint_eq(ack.lease, 3600);
    ck_assert_uint_eq(ack.dns_count, 1);
    ck_assert_uint_eq(ack.dns[0], ack.router);
    wire_drop(machine);
}

START_TEST(addresses_are_given)
{
    struct dhcp dhcp, answer;
    get_address(&a, "10.0.1.2");
    get_address(&b, "10.0.1.3");
    get_address(&a, "10.0.1.2"); /* once more: the same one */
    /* renewed, from the address itself */
    dhcp = (struct dhcp){ .type = DHCP_REQUEST, .client = addr4(&a.ip) };
    ck_assert_int_eq(ask(&a, &dhcp, &answer), DHCP_ACK);
    /* another's, one that is none, the router's */
    dhcp = (struct dhcp){ .type = DHCP_REQUEST, .requested = addr4(&b.ip) };
    ck_assert_int_eq(ask(&a, &dhcp, &answer), DHCP_NAK);
    dhcp.requested = 0x0a000163;
    ck_assert_int_eq(ask(&a, &dhcp, &answer), DHCP_NAK);
    dhcp.requested = 0x0a000101;
    ck_assert_int_eq(ask(&a, &dhcp, &answer), DHCP_NAK);
    /* what a machine says of another's lease counts nothing; its own it gives back */
    dhcp = (struct dhcp){ .type = DHCP_RELEASE, .client = addr4(&b.ip) };
    send_dhcp(&a, &dhcp);
    ck_assert_ptr_nonnull(dhcp_server_lease(domain_find(&wire, "lan"), addr4(&b.ip)));
    memcpy(dhcp.mac, b.mac, 6);
    send_dhcp(&b, &dhcp);
    ck_assert_ptr_null(dhcp_server_lease(domain_find(&wire, "lan"), addr4(&b.ip)));
    /* a lease ends without anybody waking up */
    ck_assert_ptr_nonnull(dhcp_server_lease(domain_find(&wire, "lan"), addr4(&a.ip)));
    wire_advance(3601 * OS_SEC);
    ck_assert_ptr_null(dhcp_server_lease(domain_find(&wire, "lan"), addr4(&a.ip)));
    ck_assert_uint_eq(wire.drops[DROP_malformed], 0);
}
END_TEST

START_TEST(nobody_takes_all_addresses)
{
    struct dhcp dhcp = { .type = DHCP_DISCOVER, .xid = 5 }, answer;
    get_address(&a, "10.0.1.2");
    /* with the addresses of machines that are not there */
    for (int i = 0; i < 100; i++) {
        memcpy(dhcp.mac, (const uint8_t[]){ 2, 9, 9, 9, 9, (uint8_t)i }, 6);
        send_dhcp(&a, &dhcp);
    }
    ck_assert_uint_eq(a.count, 0);
    ck_assert_uint_eq(wire.drops[DROP_spoofed], 100);
    /* by declining what it is given, one after the other */
    int declined = 0;
    for (int i = 0; i < 20; i++) {
        dhcp = (struct dhcp){ .type = DHCP_DISCOVER };
        if (ask(&a, &dhcp, &answer) != DHCP_OFFER)
            continue;
        dhcp = (struct dhcp){ .type = DHCP_DECLINE, .requested = answer.yours };
        memcpy(dhcp.mac, a.mac, 6);
        send_dhcp(&a, &dhcp);
        declined++;
    }
    ck_assert_int_eq(declined, 1);
    get_address(&b, "10.0.1.3");
    /* behind an uplink there are many machines, up to a limit */
    struct machine tap = { 0 };
    wire_add_uplink(&tap, "lan", 8, NULL);
    int offers = 0;
    for (int i = 0; i < 6; i++) {
        tap.mac[0] = 6;
        tap.mac[5] = (uint8_t)(50 + i);
        dhcp = (struct dhcp){ .type = DHCP_DISCOVER };
        offers += ask(&tap, &dhcp, &answer) == DHCP_OFFER;
    }
    ck_assert_int_eq(offers, 3);
    wire_remove(&tap);
}
END_TEST

START_TEST(an_address_by_policy)
{
    struct dhcp dhcp = { .type = DHCP_DISCOVER }, answer;
    b.port.address = 0x0a000102;
    get_address(&a, "10.0.1.3"); /* the first one is somebody's */
    get_address(&b, "10.0.1.2");
    b.port.address = 0x0a0001c8; /* outside of the range */
    get_address(&b, "10.0.1.200");
    dhcp = (struct dhcp){ .type = DHCP_REQUEST, .requested = 0x0a000104 };
    ck_assert_int_eq(ask(&b, &dhcp, &answer), DHCP_NAK);
}
END_TEST

/* ---- the router at a way out, where the test is the server */

static void answer_out(uint8_t type, uint32_t yours, uint32_t lease)
{
    struct dhcp dhcp;
    struct wire_packet packet;
    struct net_addr to = wire_addr("255.255.255.255:68");
    uint8_t data[400];
    ck_assert_uint_ge(out.count, 1);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    ck_assert(dhcp_read(wire_l4(&out) + 8, net_get16(wire_l4(&out) + NET_UDP_LEN) - 8, &dhcp));
    ck_assert_mem_eq(dhcp.mac, out.via_mac, 6);
    wire_drop(&out);
    dhcp = (struct dhcp){ .type = type, .reply = 1, .xid = dhcp.xid, .yours = yours, .lease = lease };
    memcpy(dhcp.mac, out.via_mac, 6);
    dhcp.server = addr4(&out.ip);
    dhcp.router = addr4(&out.ip);
    dhcp.mask = 0xffffff00;
    dhcp.dns[0] = 0xc0000203;
    dhcp.dns_count = 1;
    wire_udp(&packet, &out, 67, &to, data, dhcp_write(data, &dhcp));
    wire_send(&out, packet.data, packet.len);
    router_tick(&wire, wire_now);
}

static void add_out(void)
{
    const struct domain *wan = domain_find(&wire, "wan");
    wire_add_uplink(&out, "wan", 9, "192.0.2.2");
    wire_remove(&out); /* what was sent at once is thrown away by wire_add */
    out.port.uplink = 1;
    memcpy(out.mac, (const uint8_t[]){ 2, 0, 0, 0, 1, 9 }, 6);
    memcpy(out.port.mac, (const uint8_t[]){ 2, 0, 0, 0, 2, 9 }, 6);
    memcpy(out.via_mac, out.port.mac, 6);
    out.ip = wire_addr("192.0.2.2");
    out.port.mtu = 1500;
    out.port.up = 1;
    router_add(&wire, &out.port, domain_find(&wire, "wan"), wire_now);
    router_tick(&wire, wire_now);
    answer_out(DHCP_OFFER, 0xc000020f, 1000);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_REQUESTING);
    answer_out(DHCP_ACK, 0xc000020f, 1000);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_BOUND);
    ck_assert_uint_eq(addr4(&wan->ipv4), 0xc000020f);
    wire_arp(&out, "192.0.2.15");
    ck_assert_uint_eq(out.count, 1);
    wire_drop(&out);
}

START_TEST(an_address_is_asked_for)
{
    const struct domain *wan = domain_find(&wire, "wan");
    ck_assert(!wan->ipv4.family);
    add_out();
    /* half of it has passed: it is asked for again, and granted */
    wire_advance(501 * OS_SEC);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_RENEWING);
    wire_arp(&out, "192.0.2.15");
    wire_advance(10 * OS_SEC);
    answer_out(DHCP_ACK, 0xc000020f, 1000);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_BOUND);
    /* nobody answers any more: to all, and then there is none */
    wire_advance(900 * OS_SEC);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_REBINDING);
    wire_advance(101 * OS_SEC);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_SELECTING);
    ck_assert(!wan->ipv4.family);
    /* an address in the network of another domain is not taken */
    wire_drop(&out);
    wire_advance(200 * OS_SEC);
    answer_out(DHCP_OFFER, 0x0a000163, 1000);
    ck_assert_int_eq(wan->dhcp.phase, DHCP_SELECTING);
}
END_TEST

START_TEST(the_driver_of_a_way_out_restarts)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("198.51.100.1:80");
    get_address(&a, "10.0.1.2");
    add_out();
    wire_tcp(&packet, &a, 999, &to, NET_TCP_SYN, 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    uint16_t port = net_get16(wire_l4(&out));
    wire_remove(&out);
    wire_send(&a, packet.data, packet.len); /* is lost */
    wire_advance(OS_SEC);
    wire_add_uplink(&out, "wan", 9, "192.0.2.2");
    wire_arp(&out, "192.0.2.15");
    ck_assert_uint_eq(out.count, 1); /* it has its address still */
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(net_get16(wire_l4(&out)), port);
    ck_assert_uint_eq(wire.flow_used, 1);
}
END_TEST

/* ---- names */

static uint32_t make_query(uint8_t *data, uint16_t id, const char *name)
{
    memset(data, 0, 64);
    net_put16(data, id);
    net_put16(data + 2, 0x0100);
    net_put16(data + 4, 1);
    data[12] = (uint8_t)strlen(name);
    memcpy(data + 13, name, strlen(name));
    uint32_t at = 14 + (uint32_t)strlen(name);
    net_put16(data + at, 1);
    net_put16(data + at + 2, 1);
    return at + 4;
}

START_TEST(names_are_relayed)
{
    struct wire_packet packet;
    uint8_t data[64];
    struct net_addr to = wire_addr("10.0.1.1:53");
    uint32_t len = make_query(data, 1234, "example");
    get_address(&a, "10.0.1.2");
    wire_udp(&packet, &a, 777, &to, data, len);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(wire_l4(&a)[NET_ICMP_CODE], 3); /* there is nobody to ask */
    wire_drop(&a);
    add_out();
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(net_get16(out.last->data + NET_ETH_TYPE), NET_ETH_ARP); /* for the resolver */
    out.ip = wire_addr("192.0.2.3");
    wire_arp(&out, "192.0.2.15");
    ck_assert_uint_eq(net_get16(out.got[1]->data + NET_ETH_TYPE), NET_ETH_IPV4);
    out.last = out.got[1];
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    struct net_addr back = wire_addr("192.0.2.15");
    back.port = net_get16(wire_l4(&out));
    uint16_t id = net_get16(wire_l4(&out) + 8);
    ck_assert_mem_eq(wire_l4(&out) + 10, data + 2, len - 2);
    /* who guesses the id, asks back another question, or is somebody else, is not believed */
    data[2] |= 0x80;
    for (int i = 0; i < 4; i++) {
        struct machine as = out;
        net_put16(data, i ? id : id + 1u);
        data[14] = i == 1 ? 'z' : 'x';
        if (i == 2)
            as.ip = wire_addr("192.0.2.4");
        wire_udp(&packet, &as, 53, &back, data, len);
        wire_send(&out, packet.data, packet.len);
        ck_assert_uint_eq(a.count, i == 3);
    }
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_UDP_SRC), 53);
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_UDP_DST), 777);
    ck_assert_uint_eq(net_get16(wire_l4(&a) + 8), 1234);
    /* once */
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    /* a machine that asks all the time disturbs itself */
    for (uint16_t i = 0; i < 100; i++) {
        len = make_query(data, i, "flood");
        wire_udp(&packet, &a, 777, &to, data, len);
        wire_send(&a, packet.data, packet.len);
    }
    ck_assert_uint_eq(a.port.client.query_count, 4);
    ck_assert_uint_eq(wire.drops[DROP_queries_full], 0);
}
END_TEST

/* ---- IPv6 */

static void make6(struct wire_packet *packet, const struct machine *from, const uint8_t *mac, const char *src,
                  const char *dst, uint8_t proto, const uint8_t *l4, uint32_t len, uint8_t hops)
{
    struct net_addr s = wire_addr(src), d = wire_addr(dst);
    memset(packet, 0, sizeof(*packet));
    memcpy(packet->data, mac, 6);
    memcpy(packet->data + 6, from->mac, 6);
    net_put16(packet->data + 12, NET_ETH_IPV6);
    ipv6_header(packet->data + 14, proto, &s, &d, len, hops);
    memcpy(packet->data + 54, l4, len);
    packet->len = 54 + len;
    wire_fix(packet->data, packet->len);
}

static void solicit(struct machine *machine, const char *from, const char *target)
{
    struct wire_packet packet;
    uint8_t ns[32] = { NET_ICMPV6_NEIGHBOR_SOLICIT };
    struct net_addr addr = wire_addr(target);
    memcpy(ns + 8, addr.bytes, 16);
    ns[24] = 1;
    ns[25] = 1;
    memcpy(ns + 26, machine->mac, 6);
    make6(&packet, machine, (const uint8_t[]){ 0x33, 0x33, 0xff, 0, 0, 1 }, from, "ff02::1:ff00:1",
          NET_PROTO_ICMPV6, ns, 32, 255);
    wire_send(machine, packet.data, packet.len);
}

START_TEST(ipv6_is_advertised_and_forwarded)
{
    struct wire_packet packet;
    struct machine c = { 0 };
    uint8_t rs[8] = { NET_ICMPV6_ROUTER_SOLICIT }, udp[12] = { 1, 2, 0, 7, 0, 12 };
    const uint8_t routers[] = { 0x33, 0x33, 0, 0, 0, 2 };
    make6(&packet, &a, routers, "fe80::1", "ff02::2", NET_PROTO_ICMPV6, rs, 8, 255);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    const uint8_t *ra = wire_l3(&a) + NET_IPV6_HEADER, *prefix = ra + 32;
    ck_assert_uint_eq(ra[0], NET_ICMPV6_ROUTER_ADVERT);
    ck_assert_uint_eq(prefix[0], 3);
    ck_assert_uint_eq(prefix[2], 64);
    struct net_addr want = wire_addr("fd01::");
    ck_assert_mem_eq(prefix + 16, want.bytes, 16);
    wire_drop(&a);
    make6(&packet, &a, routers, "fe80::1", "ff02::2", NET_PROTO_ICMPV6, rs, 8, 64); /* from beyond */
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 0);

    wire_add(&c, "six", 3, NULL);
    solicit(&a, "fd01::2", "fd01::1");
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(wire_l3(&a)[40], NET_ICMPV6_NEIGHBOR_ADVERT);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    solicit(&c, "fd02::2", "fd02::1");
    solicit(&c, "fd01::3", "fd02::1"); /* of another domain: not learned, not answered */
    ck_assert_uint_eq(c.count, 1);
    wire_drop(&a);
    wire_drop(&c);
    make6(&packet, &a, a.via_mac, "fd01::2", "fd02::2", NET_PROTO_UDP, udp, 12, 9);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(c.count, 1);
    ck_assert(wire_is_sound(c.last->data, c.last->len));
    ck_assert_uint_eq(wire_l3(&c)[NET_IPV6_HOPS], 8);
    uint8_t back[12] = { 0, 7, 1, 2, 0, 12 };
    make6(&packet, &c, c.via_mac, "fd02::2", "fd01::2", NET_PROTO_UDP, back, 12, 9);
    wire_send(&c, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    /* nothing begins there; echo of the router; too many hops */
    back[1] = 8;
    make6(&packet, &c, c.via_mac, "fd02::2", "fd01::2", NET_PROTO_UDP, back, 12, 9);
    wire_drop(&c);
    wire_send(&c, packet.data, packet.len);
    ck_assert_uint_eq(wire_l3(&c)[40], NET_ICMPV6_UNREACHABLE);
    ck_assert(wire_is_sound(c.last->data, c.last->len));
    uint8_t echo[16] = { NET_ICMPV6_ECHO, 0, 0, 0, 1 };
    make6(&packet, &a, a.via_mac, "fd01::2", "fd01::1", NET_PROTO_ICMPV6, echo, 16, 9);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(wire_l3(&a)[40], NET_ICMPV6_ECHO_REPLY);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    make6(&packet, &a, a.via_mac, "fd01::2", "fd02::2", NET_PROTO_UDP, udp, 12, 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(wire_l3(&a)[40], NET_ICMPV6_TIME_EXCEEDED);
    wire_remove(&c);
}
END_TEST

START_TEST(neighbors_of_ipv6_are_not_taken_over)
{
    struct wire_packet packet;
    struct machine c = { 0 };
    uint8_t advert[32] = { NET_ICMPV6_NEIGHBOR_ADVERT, 0, 0, 0, 0x60 }, udp[12] = { 1, 2, 0, 7, 0, 12 };
    uint8_t fragment[16] = { NET_PROTO_UDP, 0, 0, 1 }, back[12] = { 0, 7, 1, 2, 0, 12 };
    struct net_addr victim = wire_addr("fd01::2");
    wire_add(&c, "six", 3, NULL);
    solicit(&a, "fd01::2", "fd01::1");
    solicit(&c, "fd02::2", "fd02::1");
    ck_assert_uint_eq(wire_l3(&a)[40], NET_ICMPV6_NEIGHBOR_ADVERT);
    wire_drop(&a);
    wire_drop(&b);
    wire_drop(&c);
    /* another machine of the domain says that it is the one, by a question and by an answer */
    solicit(&b, "fd01::2", "fd01::1");
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_ge(wire.drops[DROP_spoofed], 1);
    memcpy(advert + 8, victim.bytes, 16);
    advert[24] = 2;
    advert[25] = 1;
    memcpy(advert + 26, b.mac, 6);
    make6(&packet, &b, b.via_mac, "fe80::2", "fd01::1", NET_PROTO_ICMPV6, advert, 32, 255);
    wire_send(&b, packet.data, packet.len);
    /* nor is a third one told so, or that the router is there */
    for (int i = 0; i < 2; i++) {
        wire_send(&b, packet.data, packet.len);
        make6(&packet, &b, a.mac, "fe80::2", "fd01::2", NET_PROTO_ICMPV6, advert, 32, 255);
        wire_send(&b, packet.data, packet.len);
        make6(&packet, &b, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, "fe80::2", "ff02::1",
              NET_PROTO_ICMPV6, advert, 32, 255);
        wire_send(&b, packet.data, packet.len);
        advert[23] = 1; /* fd01::1 */
    }
    ck_assert_uint_eq(a.count, 0);
    /* of itself it may speak */
    advert[23] = 3;
    make6(&packet, &b, a.mac, "fe80::2", "fd01::2", NET_PROTO_ICMPV6, advert, 32, 255);
    wire_send(&b, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    wire_drop(&a);
    /* what is for the first one goes to the first one */
    make6(&packet, &a, a.via_mac, "fd01::2", "fd02::2", NET_PROTO_UDP, udp, 12, 9);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(c.count, 1);
    make6(&packet, &c, c.via_mac, "fd02::2", "fd01::2", NET_PROTO_UDP, back, 12, 9);
    wire_send(&c, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(b.count, 0);
    /* nobody can tell where a fragment belongs: none goes on */
    make6(&packet, &a, a.via_mac, "fd01::2", "fd02::2", NET_PROTO_FRAGMENT, fragment, 16, 9);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(c.count, 1);
    ck_assert_uint_eq(wire.drops[DROP_fragments], 1);
    wire_remove(&c);
}
END_TEST

/* A message of LEN bytes behind HOW: a header is KIND and its following ones; says whether A gets it. */
static uint32_t behind(const uint8_t *headers, uint32_t size, uint8_t kind, const uint8_t *message,
                       uint32_t len, const uint8_t *mac, uint32_t of_ip)
{
    struct wire_packet packet;
    uint8_t all[120];
    memcpy(all, headers, size);
    memcpy(all + size, message, len);
    make6(&packet, &b, mac, "fe80::2", "ff02::1", kind, all, size + len, 255);
    if (of_ip)
        net_put16(packet.data + NET_ETH_HEADER + NET_IPV6_LEN, of_ip);
    wire_drop(&a);
    wire_send(&b, packet.data, packet.len);
    return a.count;
}

START_TEST(neighbor_discovery_does_not_hide)
{
    static const uint8_t all_nodes[] = { 0x33, 0x33, 0, 0, 0, 1 };
    static const struct {
        uint8_t kind, size, bytes[24];
    } ways[] = {
        { NET_PROTO_HOP_BY_HOP, 8, { NET_PROTO_ICMPV6, 0, 1, 4 } },
        { NET_PROTO_OPTIONS, 8, { NET_PROTO_ICMPV6, 0, 1, 4 } },
        { NET_PROTO_ROUTING, 8, { NET_PROTO_ICMPV6, 0 } },
        { NET_PROTO_FRAGMENT, 8, { NET_PROTO_ICMPV6 } },
        { NET_PROTO_AUTHENTICATION, 12, { NET_PROTO_ICMPV6, 1 } },
        { NET_PROTO_HOP_BY_HOP,
          24,
          { NET_PROTO_OPTIONS, 0, 1, 4, [8] = NET_PROTO_FRAGMENT, 0, 1, 4, [16] = NET_PROTO_ICMPV6, 0, 0,
            1 } },
    };
    const uint8_t *to[] = { a.mac, all_nodes };
    uint8_t advert[32] = { NET_ICMPV6_NEIGHBOR_ADVERT, 0, 0, 0, 0x60 }, echo[8] = { NET_ICMPV6_ECHO };
    uint8_t report[8] = { 131 }, rest[16] = { NET_PROTO_ICMPV6, 0, 0, 8 };
    struct net_addr routers = wire_addr("fd01::1");
    static const uint8_t types[] = { NET_ICMPV6_NEIGHBOR_ADVERT, NET_ICMPV6_NEIGHBOR_SOLICIT,
                                     NET_ICMPV6_ROUTER_ADVERT, NET_ICMPV6_REDIRECT };
    memcpy(advert + 8, routers.bytes, 16);
    for (unsigned i = 0; i < OS_ARRAY_LEN(ways); i++)
        for (unsigned k = 0; k < 2; k++) {
            for (unsigned type = 0; type < OS_ARRAY_LEN(types); type++) {
                advert[0] = types[type];
                ck_assert_uint_eq(behind(ways[i].bytes, ways[i].size, ways[i].kind, advert, 32, to[k], 0), 0);
            }
            /* what is no such message may have them */
            ck_assert_uint_eq(behind(ways[i].bytes, ways[i].size, ways[i].kind, echo, 8, to[k], 0), 1);
            ck_assert_uint_eq(behind(ways[i].bytes, ways[i].size, ways[i].kind, report, 8, to[k], 0), 1);
            /* headers that are cut off, whatever is behind the packet in the frame */
            ck_assert_uint_eq(behind(ways[i].bytes, ways[i].size, ways[i].kind, echo, 8, to[k], ways[i].size),
                              0);
        }
    /* the rest of a packet alone says nothing, and without a first one nobody makes anything of it */
    ck_assert_uint_eq(behind(rest, 16, NET_PROTO_FRAGMENT, advert, 32, a.mac, 0), 1);
    /* nor does the router take it */
    uint32_t before = wire.drops[DROP_malformed];
    wire_drop(&b);
    advert[0] = NET_ICMPV6_NEIGHBOR_SOLICIT;
    behind(ways[1].bytes, 8, NET_PROTO_OPTIONS, advert, 32, b.via_mac, 0);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(wire.drops[DROP_malformed], before + 1);
}
END_TEST

/* ---- within a domain */

START_TEST(machines_of_a_domain_talk)
{
    struct wire_packet packet;
    get_address(&a, "10.0.1.2");
    get_address(&b, "10.0.1.3");
    struct net_addr to = b.ip;
    to.port = 9;
    wire_udp(&packet, &a, 8, &to, "x", 1);
    memcpy(packet.data, b.mac, 6);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_mem_eq(b.last->data, packet.data, packet.len);
    /* not under another's address, nor as a server of addresses */
    struct machine as = a;
    as.ip = b.via;
    wire_udp(&packet, &as, 8, &to, "x", 1);
    memcpy(packet.data, b.mac, 6);
    wire_send(&a, packet.data, packet.len);
    to.port = 68;
    wire_udp(&packet, &a, 67, &to, "x", 1);
    memcpy(packet.data, b.mac, 6);
    wire_send(&a, packet.data, packet.len);
    /* nor is the router's address claimed */
    as = a;
    as.ip = b.via;
    wire_arp(&as, "10.0.1.3");
    as.port = a.port;
    ck_assert_uint_eq(b.count, 1);
    wire_drop(&a);
    domain_find(&wire, "lan")->config.isolated = 1;
    to.port = 9;
    wire_udp(&packet, &a, 8, &to, "x", 1);
    memcpy(packet.data, b.mac, 6);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(b.count, 1);
    memcpy(packet.data, a.via_mac, 6); /* by way of the router */
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(b.count, 1);
}
END_TEST

/* Who has used the address before cannot go on, in connections that it had then neither. */
START_TEST(an_address_that_is_given_is_nobody_elses)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.2:5");
    a.ip = wire_addr("10.0.1.2");
    wire_arp(&a, "10.0.1.1");
    add_out();
    wire_drop(&out);
    wire_udp(&packet, &a, 5000, &to, "x", 1);
    for (int i = 0; i < 3; i++)
        wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 3);
    get_address(&b, "10.0.1.2");
    uint64_t before = wire.drops[DROP_spoofed];
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 3);
    ck_assert_uint_eq(wire.drops[DROP_spoofed], before + 1);
}
END_TEST

/* ---- fragments */

static void send_fragment(uint16_t id, uint32_t offset, int more, uint32_t len)
{
    struct wire_packet packet;
    uint8_t data[64] = { 0 };
    struct net_addr to = wire_addr("192.0.2.2");
    if (!offset) {
        net_put16(data, 4000);
        net_put16(data + 2, 4001);
        net_put16(data + 4, 56);
    }
    wire_ipv4(&packet, &a, &to, NET_PROTO_UDP, data, len);
    uint8_t *ip = packet.data + NET_ETH_HEADER;
    net_put16(ip + NET_IPV4_ID, id);
    net_put16(ip + NET_IPV4_FRAGMENT, offset / 8 | (more ? NET_IPV4_MORE_FRAGMENTS : 0));
    net_put16(ip + NET_IPV4_CHECKSUM, 0);
    net_put16(ip + NET_IPV4_CHECKSUM, net_checksum(0, ip, 20));
    wire_send(&a, packet.data, packet.len);
}

START_TEST(fragments_follow_their_first)
{
    get_address(&a, "10.0.1.2");
    add_out();
    send_fragment(1, 0, 1, 32);
    send_fragment(1, 32, 1, 16);
    send_fragment(1, 48, 0, 8);
    ck_assert_uint_eq(out.count, 3);
    uint16_t id = net_get16(out.got[0]->data + 18);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(net_get16(out.got[i]->data + 18), id);
        ck_assert_mem_eq(out.got[i]->data + 26, domain_find(&wire, "wan")->ipv4.bytes, 4);
        ck_assert_uint_eq(net_checksum(0, out.got[i]->data + 14, 20), 0);
    }
    ck_assert_uint_ge(net_get16(out.got[0]->data + 34), 32768);
    /* one that overlaps ends it all; a gap, another id and one that is late as well */
    send_fragment(2, 0, 1, 32);
    send_fragment(2, 24, 1, 16);
    send_fragment(2, 32, 1, 16);
    ck_assert_uint_eq(out.count, 4);
    ck_assert_uint_eq(wire.drops[DROP_overlaps], 1);
    ck_assert_uint_eq(wire.drops[DROP_fragments], 1);
    send_fragment(3, 0, 1, 32);
    send_fragment(3, 40, 1, 16);
    send_fragment(4, 32, 0, 16);
    ck_assert_uint_eq(out.count, 5);
    send_fragment(5, 0, 1, 32);
    wire_advance(31 * OS_SEC);
    send_fragment(5, 32, 0, 16);
    ck_assert_uint_eq(out.count, 6);
    send_fragment(6, 0, 1, 30); /* no multiple of 8 */
    ck_assert_uint_eq(wire.drops[DROP_malformed], 1);
    /* many of them take the places of each other and no more */
    for (uint16_t i = 0; i < 500; i++)
        send_fragment((uint16_t)(100 + i), 0, 1, 32);
    ck_assert_uint_eq(wire.flow_used, 1);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, addresses_are_given);
    tcase_add_test(tcase, nobody_takes_all_addresses);
    tcase_add_test(tcase, an_address_that_is_given_is_nobody_elses);
    tcase_add_test(tcase, an_address_by_policy);
    tcase_add_test(tcase, an_address_is_asked_for);
    tcase_add_test(tcase, the_driver_of_a_way_out_restarts);
    tcase_add_test(tcase, names_are_relayed);
    tcase_add_test(tcase, ipv6_is_advertised_and_forwarded);
    tcase_add_test(tcase, neighbors_of_ipv6_are_not_taken_over);
    tcase_add_test(tcase, neighbor_discovery_does_not_hide);
    tcase_add_test(tcase, machines_of_a_domain_talk);
    tcase_add_test(tcase, fragments_follow_their_first);
}

int main(void)
{
    return suite_run_case("router-services", add);
}
