/* SPDX-License-Identifier: BSD-2-Clause */
/* test-forward.c: ARP, packets between domains, NAT, forwarded ports, ICMP, and what is refused. */
#include "wire.h"

#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"

static struct machine a, b, out;

static const char *const config = WIRE_LAN WIRE_LAN_OUT WIRE_LAN_IN "  guest:\n"
                                                                    "    ipv4: 10.0.2.1/24\n"
                                                                    "    allow:\n"
                                                                    "      -\n"
                                                                    "        to: lan\n"
                                                                    "        tcp:\n"
                                                                    "          - 80\n"
                                                                    "          - 8000-8010\n"
                                                                    "  wan:\n"
                                                                    "    ipv4: 192.0.2.1/24\n"
                                                                    "    gateway: 192.0.2.9\n"
                                                                    "limits:\n"
                                                                    "  states: 16\n"
                                                                    "  states-per-client: 12\n";

static void setup(void)
{
    wire_init(config);
    wire_add(&a, "lan", 1, "10.0.1.2");
    wire_add(&b, "guest", 2, "10.0.2.2");
    wire_add_uplink(&out, "wan", 9, "192.0.2.9");
    wire_arp(&a, "10.0.1.1");
    wire_arp(&b, "10.0.2.1");
    wire_arp(&out, "192.0.2.1");
    ck_assert_uint_eq(a.count, 1);
    wire_drop(&a);
    wire_drop(&b);
    wire_drop(&out);
}

static void teardown(void)
{
    wire_remove(&a);
    wire_remove(&b);
    wire_remove(&out);
    wire_fini();
}

/* The last frame of MACHINE is an ICMP error with this type and code. */
static void ck_complaint(struct machine *machine, uint8_t type, uint8_t code)
{
    ck_assert_uint_eq(machine->count, 1);
    ck_assert(wire_is_sound(machine->last->data, machine->last->len));
    ck_assert_uint_eq(wire_l3(machine)[NET_IPV4_PROTO], NET_PROTO_ICMP);
    ck_assert_uint_eq(wire_l4(machine)[NET_ICMP_TYPE], type);
    ck_assert_uint_eq(wire_l4(machine)[NET_ICMP_CODE], code);
    wire_drop(machine);
}

START_TEST(arp_for_its_own_address_only)
{
    wire_arp(&a, "10.0.1.1");
    ck_assert_uint_eq(a.count, 1);
    const uint8_t *arp = wire_l3(&a);
    ck_assert_uint_eq(net_get16(arp + NET_ARP_OPERATION), NET_ARP_REPLY);
    ck_assert_mem_eq(arp + NET_ARP_SENDER_MAC, a.via_mac, 6);
    ck_assert_mem_eq(arp + NET_ARP_TARGET_IP, a.ip.bytes, 4);
    wire_drop(&a);
    wire_arp(&a, "10.0.1.77");
    wire_arp(&a, "10.0.2.1");
    wire_arp(&a, "192.0.2.1");
    ck_assert_uint_eq(a.count + b.count + out.count, 0);
}
END_TEST

START_TEST(nobody_speaks_for_others)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7");
    /* in another domain, the router, one that DHCP has not given */
    static const char *const wrong[] = { "10.0.2.2",  "10.0.1.1",   "192.0.2.9", "127.0.0.1",
                                         "224.0.0.1", "10.0.1.255", "8.8.8.8" };
    for (size_t i = 0; i < OS_ARRAY_LEN(wrong); i++) {
        struct machine as = a;
        as.ip = wire_addr(wrong[i]);
        wire_udp(&packet, &as, 5, &to, "x", 1);
        wire_send(&a, packet.data, packet.len);
        ck_assert_uint_eq(wire.drops[DROP_spoofed], i + 1);
    }
    ck_assert_uint_eq(out.count, 0);
    /* another's MAC address */
    wire_udp(&packet, &b, 5, &to, "x", 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(wire.drops[DROP_spoofed], OS_ARRAY_LEN(wrong) + 1);
    /* ARP: the gateway of another domain, and the router itself */
    struct machine as = a;
    uint32_t before = domain_find(&wire, "wan")->neighbor_count + domain_find(&wire, "lan")->neighbor_count;
    as.ip = wire_addr("192.0.2.9");
    uint8_t frame[NET_ETH_HEADER + NET_ARP_SIZE];
    for (int i = 0; i < 2; i++) {
        uint8_t *arp = frame + NET_ETH_HEADER;
        memset(frame, 0, sizeof(frame));
        memcpy(frame, net_mac_broadcast, 6);
        memcpy(frame + NET_ETH_SRC, a.mac, 6);
        net_put16(frame + NET_ETH_TYPE, NET_ETH_ARP);
        net_put16(arp, 1);
        net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
        arp[4] = 6;
        arp[5] = 4;
        net_put16(arp + NET_ARP_OPERATION, NET_ARP_REQUEST);
        memcpy(arp + NET_ARP_SENDER_MAC, i ? b.mac : a.mac, 6);
        memcpy(arp + NET_ARP_SENDER_IP, as.ip.bytes, 4);
        memcpy(arp + NET_ARP_TARGET_IP, a.via.bytes, 4);
        wire_send(&a, frame, sizeof(frame));
        as.ip = a.ip;
    }
    ck_assert_uint_eq(domain_find(&wire, "wan")->neighbor_count + domain_find(&wire, "lan")->neighbor_count,
                      before);
    ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(udp_behind_nat)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7"), back = wire_addr("192.0.2.1");
    wire_udp(&packet, &a, 5000, &to, "hello", 5);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    ck_assert_uint_eq(out.last->len, packet.len);
    ck_assert_mem_eq(out.last->data, out.mac, 6);
    ck_assert_mem_eq(out.last->data + 6, out.via_mac, 6);
    ck_assert_mem_eq(wire_l3(&out) + NET_IPV4_SRC, back.bytes, 4);
    ck_assert_uint_eq(wire_l3(&out)[NET_IPV4_TTL], 63);
    ck_assert_mem_eq(wire_l4(&out) + NET_UDP_HEADER, "hello", 5);
    back.port = net_get16(wire_l4(&out));
    ck_assert_uint_ge(back.port, 32768);

    wire_udp(&packet, &out, 7, &back, "answer", 6);
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    ck_assert_mem_eq(wire_l3(&a) + NET_IPV4_DST, a.ip.bytes, 4);
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_UDP_DST), 5000);
    ck_assert_mem_eq(wire_l4(&a) + NET_UDP_HEADER, "answer", 6);

    /* nobody else gets in through that port, and the same machine has the same port towards others */
    struct machine other = out;
    other.ip = wire_addr("192.0.2.8");
    wire_drop(&out);
    wire_udp(&packet, &other, 7, &back, "hi", 2);
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_complaint(&out, NET_ICMP_UNREACHABLE, 3);
    to = wire_addr("198.51.100.7:9");
    wire_udp(&packet, &a, 5000, &to, "x", 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1); /* by the gateway */
    ck_assert_uint_eq(net_get16(wire_l4(&out)), back.port);
    ck_assert_uint_eq(wire.flow_used, 2);
    /* a checksum that is none stays so */
    net_put16(packet.data + 40, 0);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(net_get16(wire_l4(&out) + NET_UDP_CHECKSUM), 0);
    /* and all of it ends when nobody speaks */
    wire_advance(299 * OS_SEC);
    ck_assert_uint_eq(wire.flow_used, 2);
    wire_advance(301 * OS_SEC);
    ck_assert_uint_eq(wire.flow_used, 0);
    ck_assert(router_due(&wire) == OS_NEVER);
}
END_TEST

START_TEST(tcp_from_outside)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.1:8080"), back = wire_addr("192.0.2.9:33333");
    wire_tcp(&packet, &out, 33333, &to, NET_TCP_SYN, 100);
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_TCP_DST), 80);
    ck_assert_mem_eq(wire_l3(&a) + NET_IPV4_SRC, out.ip.bytes, 4);
    wire_tcp(&packet, &a, 80, &back, NET_TCP_SYN | NET_TCP_HAS_ACK, 500);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    ck_assert_uint_eq(net_get16(wire_l4(&out) + NET_TCP_SRC), 8080);
    ck_assert_mem_eq(wire_l3(&out) + NET_IPV4_SRC, to.bytes, 4);
    wire_tcp(&packet, &out, 33333, &to, NET_TCP_HAS_ACK, 101);
    wire_send(&out, packet.data, packet.len);
    /* open: for two hours, over the ages of those that are not */
    wire_advance(7000 * OS_SEC);
    ck_assert_uint_eq(wire.flow_used, 1);
    wire_arp(&out, "192.0.2.1");
    wire_arp(&a, "10.0.1.1");
    wire_tcp(&packet, &out, 33333, &to, NET_TCP_FIN | NET_TCP_HAS_ACK, 101);
    wire_send(&out, packet.data, packet.len);
    wire_tcp(&packet, &a, 80, &back, NET_TCP_FIN | NET_TCP_HAS_ACK, 501);
    wire_send(&a, packet.data, packet.len);
    wire_advance(121 * OS_SEC);
    ck_assert_uint_eq(wire.flow_used, 0);
    /* a port that nobody has, and what belongs to nothing: reset, and a reset is not answered */
    wire_drop(&out);
    to.port = 81;
    wire_tcp(&packet, &out, 33333, &to, NET_TCP_SYN, 7);
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    ck_assert_uint_eq(wire_l4(&out)[NET_TCP_FLAGS], NET_TCP_RST | NET_TCP_HAS_ACK);
    ck_assert_uint_eq(net_get32(wire_l4(&out) + NET_TCP_ACK), 8);
    wire_drop(&a);
    wire_tcp(&packet, &a, 1234, &out.ip, NET_TCP_HAS_ACK, 9);
    net_put16(packet.data + 36, 80);
    wire_fix(packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(wire_l4(&a)[NET_TCP_FLAGS], NET_TCP_RST);
    wire_drop(&a);
    packet.data[47] = NET_TCP_RST;
    wire_fix(packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(domains_are_apart)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("10.0.1.2:81");
    wire_tcp(&packet, &b, 1000, &to, NET_TCP_SYN, 1);
    wire_send(&b, packet.data, packet.len);
    ck_complaint(&b, NET_ICMP_UNREACHABLE, 13);
    to.port = 8005;
    wire_tcp(&packet, &b, 1000, &to, NET_TCP_SYN, 1);
    wire_send(&b, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert_mem_eq(wire_l3(&a) + NET_IPV4_SRC, b.ip.bytes, 4);
    wire_drop(&a);
    /* the other way round nothing begins; but what answers goes */
    to = wire_addr("10.0.2.2:1000");
    wire_tcp(&packet, &a, 8006, &to, NET_TCP_SYN, 1);
    wire_send(&a, packet.data, packet.len);
    ck_complaint(&a, NET_ICMP_UNREACHABLE, 13);
    wire_tcp(&packet, &a, 8005, &to, NET_TCP_SYN | NET_TCP_HAS_ACK, 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(b.count, 1);
    wire_drop(&b);
    wire_udp(&packet, &b, 1, &a.ip, "x", 1);
    wire_send(&b, packet.data, packet.len);
    ck_complaint(&b, NET_ICMP_UNREACHABLE, 13);
    wire_echo(&packet, &b, &a.ip, 1, 1, 8);
    wire_send(&b, packet.data, packet.len);
    ck_complaint(&b, NET_ICMP_UNREACHABLE, 13);
    to = wire_addr("192.0.2.9:5");
    wire_udp(&packet, &b, 1, &to, "x", 1);
    wire_send(&b, packet.data, packet.len);
    ck_complaint(&b, NET_ICMP_UNREACHABLE, 13);
    /* the router's addresses in other domains are others' */
    to = wire_addr("10.0.1.1:5");
    wire_udp(&packet, &b, 1, &to, "x", 1);
    wire_send(&b, packet.data, packet.len);
    ck_complaint(&b, NET_ICMP_UNREACHABLE, 13);
    ck_assert_uint_eq(a.count + out.count, 0);
}
END_TEST

START_TEST(echo_of_and_through_the_router)
{
    struct wire_packet packet;
    wire_echo(&packet, &a, &a.via, 7, 1, 1400);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    ck_assert_uint_eq(wire_l4(&a)[0], NET_ICMP_ECHO_REPLY);
    ck_assert_mem_eq(wire_l4(&a) + 4, packet.data + 38, 1404);
    wire_echo(&packet, &a, &out.ip, 7, 2, 8);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    /* the answer, from what came */
    struct net_addr back = wire_addr("192.0.2.1");
    uint8_t icmp[16];
    memcpy(icmp, wire_l4(&out), 16);
    icmp[0] = NET_ICMP_ECHO_REPLY;
    wire_ipv4(&packet, &out, &back, NET_PROTO_ICMP, icmp, 16);
    wire_drop(&a);
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_ICMP_ID), 7);
}
END_TEST

START_TEST(errors_come_back_translated)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("198.51.100.7:9"), back = wire_addr("192.0.2.1");
    uint8_t error[8 + 28] = { NET_ICMP_UNREACHABLE, 3 };
    wire_udp(&packet, &a, 5000, &to, "hello", 5);
    wire_send(&a, packet.data, packet.len);
    memcpy(error + 8, wire_l3(&out), 28);
    wire_ipv4(&packet, &out, &back, NET_PROTO_ICMP, error, sizeof(error));
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert(wire_is_sound(a.last->data, a.last->len));
    const uint8_t *quote = wire_l4(&a) + 8;
    ck_assert_mem_eq(quote + NET_IPV4_SRC, a.ip.bytes, 4);
    ck_assert_mem_eq(quote + NET_IPV4_DST, to.bytes, 4);
    ck_assert_uint_eq(net_checksum(0, quote, 20), 0);
    ck_assert_uint_eq(net_get16(quote + 20), 5000);
    ck_assert_mem_eq(wire_l3(&a) + NET_IPV4_SRC, out.ip.bytes, 4);
    /* about nothing that went out */
    net_put16(error + 8 + 20, 40000);
    wire_ipv4(&packet, &out, &back, NET_PROTO_ICMP, error, sizeof(error));
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    /* a machine behind NAT complains: nobody outside learns its address */
    to = wire_addr("192.0.2.1:8080");
    wire_tcp(&packet, &out, 33333, &to, NET_TCP_SYN, 100);
    wire_drop(&out);
    wire_send(&out, packet.data, packet.len);
    memcpy(error + 8, wire_l3(&a), 28);
    wire_ipv4(&packet, &a, &out.ip, NET_PROTO_ICMP, error, sizeof(error));
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    ck_assert_mem_eq(wire_l3(&out) + NET_IPV4_SRC, back.bytes, 4);
    ck_assert_uint_eq(net_get16(wire_l4(&out) + 8 + 22), 8080);
}
END_TEST

START_TEST(hops_and_sizes)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7");
    uint8_t data[1400] = { 0 };
    wire_udp(&packet, &a, 5000, &to, data, sizeof(data));
    packet.data[NET_ETH_HEADER + NET_IPV4_TTL] = 1;
    wire_fix(packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    ck_complaint(&a, NET_ICMP_TIME_EXCEEDED, 0);
    out.port.mtu = 1000;
    router_link(&wire, &out.port, wire_now);
    packet.data[NET_ETH_HEADER + NET_IPV4_TTL] = 9;
    wire_fix(packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_ICMP_MTU4), 1000);
    ck_complaint(&a, NET_ICMP_UNREACHABLE, 4);
    ck_assert_uint_eq(out.count, 0);
    /* a wrong header is nobody's */
    packet.data[NET_ETH_HEADER + NET_IPV4_TTL] = 8;
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(wire.drops[DROP_malformed], 1);
    ck_assert_uint_eq(a.count, 0);
}
END_TEST

/* PACKET, without its last byte and all that it can do without. */
static void send_cut(const struct wire_packet *packet)
{
    for (uint32_t len = 0; len < packet->len; len++)
        wire_send(&a, packet->data, len);
}

START_TEST(frames_that_are_cut_off_go_nowhere)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7"), in = wire_addr("10.0.1.1:53");
    uint8_t data[30] = { 0 };
    wire_udp(&packet, &a, 5000, &to, data, sizeof(data));
    send_cut(&packet);
    wire_udp(&packet, &a, 68, &in, data, sizeof(data));
    send_cut(&packet);
    wire_tcp(&packet, &a, 5000, &to, NET_TCP_SYN, 1);
    send_cut(&packet);
    wire_echo(&packet, &a, &to, 1, 1, 8);
    send_cut(&packet);
    ck_assert_uint_eq(a.count, 0);
    ck_assert_uint_eq(out.count, 0);
    ck_assert_uint_eq(wire.flow_used, 0);
    /* what lies behind a packet is padding, and goes no further */
    wire_udp(&packet, &a, 5000, &to, data, sizeof(data));
    memset(packet.data + packet.len, 0x55, 100);
    wire_send(&a, packet.data, packet.len + 100);
    ck_assert_uint_eq(out.count, 1);
    ck_assert_uint_eq(out.last->len, packet.len);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
}
END_TEST

START_TEST(errors_are_limited)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("10.0.1.2:81");
    wire_udp(&packet, &b, 1, &to, "x", 1);
    for (int i = 0; i < 200; i++)
        wire_send(&b, packet.data, packet.len);
    ck_assert_uint_eq(b.count, 100);
    ck_assert_uint_eq(wire.drops[DROP_limited], 100);
    wire_advance(OS_SEC);
    wire_send(&b, packet.data, packet.len);
    ck_assert_uint_eq(b.count, 101);
}
END_TEST

/* A session is one machine; who claims all addresses of a domain leaves room for others. */
START_TEST(nobody_takes_all_neighbors)
{
    struct domain *lan = domain_find(&wire, "lan");
    struct net_addr own = a.ip;
    struct machine c = { 0 };
    wire_add(&c, "lan", 3, "10.0.1.3");
    wire_arp(&c, "10.0.1.1");
    for (uint32_t i = 4; i < 250; i++) {
        a.ip = addr4_from(UINT32_C(0x0a000100) + i);
        wire_arp(&a, "10.0.1.1");
        wire_drop(&a);
    }
    a.ip = own;
    ck_assert_uint_eq(a.port.client.neighbor_count, wire.limits.neighbors / 4);
    ck_assert_uint_eq(c.port.client.neighbor_count, 1);
    ck_assert_uint_eq(lan->neighbor_count, wire.limits.neighbors / 4 + 1);
    wire_remove(&c);
    ck_assert_uint_eq(lan->neighbor_count, wire.limits.neighbors / 4);
}
END_TEST

START_TEST(states_are_bounded)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7");
    struct machine c = { 0 };
    wire_add(&c, "lan", 3, "10.0.1.3");
    wire_arp(&c, "10.0.1.1");
    wire_drop(&c);
    /* those that are not answered give way to others of the same machine */
    for (uint16_t i = 0; i < 100; i++) {
        wire_udp(&packet, &a, (uint16_t)(1000 + i), &to, "x", 1);
        wire_send(&a, packet.data, packet.len);
    }
    ck_assert_uint_eq(wire.flow_used, 12);
    ck_assert_uint_eq(out.count, 100);
    /* and to nobody else's */
    for (uint16_t i = 0; i < 100; i++) {
        wire_udp(&packet, &c, (uint16_t)(1000 + i), &to, "x", 1);
        wire_send(&c, packet.data, packet.len);
    }
    ck_assert_uint_eq(wire.flow_used, 16);
    ck_assert_uint_eq(a.port.client.flow_count, 12);
    ck_assert_uint_eq(c.port.client.flow_count, 4);
    /* those that are answered stay, and what is too much is refused with a word */
    wire_advance(601 * OS_SEC);
    ck_assert_uint_eq(wire.flow_used, 0);
    wire_arp(&a, "10.0.1.1");
    wire_arp(&out, "192.0.2.1");
    wire_drop(&a);
    wire_drop(&out);
    for (uint16_t i = 0; i < 13; i++) {
        wire_udp(&packet, &a, (uint16_t)(1000 + i), &to, "x", 1);
        wire_send(&a, packet.data, packet.len);
        if (i == 12)
            break;
        struct net_addr back = wire_addr("192.0.2.1");
        back.port = net_get16(wire_l4(&out));
        wire_udp(&packet, &out, 7, &back, "y", 1);
        wire_send(&out, packet.data, packet.len);
    }
    ck_assert_uint_eq(out.count, 12);
    ck_assert_uint_eq(a.count, 13);
    ck_assert_uint_eq(wire.drops[DROP_client_full], 1);
    ck_assert_uint_eq(wire_l4(&a)[NET_ICMP_CODE], 13);
    /* a session that ends takes its connections along */
    wire_remove(&c);
    wire_remove(&a);
    ck_assert_uint_eq(wire.flow_used, 0);
    wire_add(&a, "lan", 1, "10.0.1.2");
}
END_TEST

START_TEST(a_first_packet_waits_for_its_neighbor)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.7:7");
    wire_udp(&packet, &a, 5000, &to, "hello", 5);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    ck_assert_uint_eq(net_get16(out.last->data + NET_ETH_TYPE), NET_ETH_ARP);
    struct machine other = out;
    other.ip = wire_addr("192.0.2.7");
    other.mac[5] = 77;
    uint8_t frame[NET_ETH_HEADER + NET_ARP_SIZE], *arp = frame + NET_ETH_HEADER;
    memcpy(frame, out.last->data, sizeof(frame));
    memcpy(frame, out.via_mac, 6);
    memcpy(frame + 6, other.mac, 6);
    net_put16(arp + NET_ARP_OPERATION, NET_ARP_REPLY);
    memcpy(arp + NET_ARP_TARGET_MAC, arp + NET_ARP_SENDER_MAC, 10);
    memcpy(arp + NET_ARP_SENDER_MAC, other.mac, 6);
    memcpy(arp + NET_ARP_SENDER_IP, other.ip.bytes, 4);
    wire_drop(&out);
    wire_send(&out, frame, sizeof(frame));
    ck_assert_uint_eq(out.count, 1);
    ck_assert_mem_eq(out.last->data, other.mac, 6);
    ck_assert(wire_is_sound(out.last->data, out.last->len));
    ck_assert_uint_eq(wire.pending, 0);
    /* nobody answers: three times, then the packet is lost */
    to = wire_addr("192.0.2.6:7");
    wire_udp(&packet, &a, 5000, &to, "hello", 5);
    wire_send(&a, packet.data, packet.len);
    wire_drop(&out);
    wire_advance(10 * OS_SEC);
    ck_assert_uint_eq(out.count, 2);
    ck_assert_uint_eq(wire.pending, 0);
    ck_assert_uint_eq(wire.drops[DROP_no_neighbor], 1);
}
END_TEST

/* Another config, made of the first one by putting TO in place of FROM. */
static void configure_with(const char *from, const char *to)
{
    char text[2048];
    const char *at = strstr(config, from);
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - config), config, to, at + strlen(from));
    ck_ok(wire_configure(text));
}

START_TEST(ports_of_nat_run_out)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7"), other = wire_addr("192.0.2.9:8");
    configure_with("limits:\n", "limits:\n  nat-ports: 40000-40003\n");
    for (uint16_t i = 0; i < 5; i++) {
        wire_udp(&packet, &a, (uint16_t)(1000 + i), &to, "x", 1);
        wire_send(&a, packet.data, packet.len);
    }
    ck_assert_uint_eq(out.count, 4);
    ck_assert_uint_eq(wire.drops[DROP_ports_full], 1);
    ck_complaint(&a, NET_ICMP_UNREACHABLE, 13);
    /* towards another peer they are free */
    wire_udp(&packet, &a, 1004, &other, "x", 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 5);
}
END_TEST

START_TEST(the_table_changes_its_size)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7"), back = wire_addr("192.0.2.1");
    for (uint16_t i = 0; i < 12; i++) {
        wire_udp(&packet, &a, (uint16_t)(1000 + i), &to, "x", 1);
        wire_send(&a, packet.data, packet.len);
    }
    back.port = net_get16(wire_l4(&out));
    configure_with("states: 16", "states: 500");
    ck_assert_uint_eq(wire.flow_used, 12);
    ck_assert_uint_eq(a.port.client.flow_count, 12);
    wire_udp(&packet, &out, 7, &back, "y", 1);
    wire_send(&out, packet.data, packet.len);
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_UDP_DST), 1011);
    /* a rule that is gone takes its connections along, and no others */
    configure_with("udp: all", "udp: 8");
    ck_assert_uint_eq(wire.flow_used, 0);
    ck_assert(router_due(&wire) == OS_NEVER);
}
END_TEST

/* Packets after the first of a connection, which the router treats as it has found out for that one. */
START_TEST(later_packets_are_as_the_first)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7"), back = wire_addr("192.0.2.1");
    uint32_t left = 0;
    for (uint32_t i = 0; i < 70000; i += i < 600 ? 1 : 97) {
        uint8_t data[4];
        net_put32(data, i * 65521);
        wire_udp(&packet, &a, 5000, &to, data, sizeof(data));
        wire_drop(&out);
        wire_send(&a, packet.data, packet.len);
        ck_assert_uint_eq(out.count, 1);
        ck_assert(wire_is_sound(out.last->data, out.last->len));
        ck_assert_uint_ne(net_get16(wire_l4(&out) + NET_UDP_CHECKSUM), 0);
        ck_assert_mem_eq(wire_l3(&out) + NET_IPV4_SRC, back.bytes, 4);
        ck_assert_uint_eq(wire_l3(&out)[NET_IPV4_TTL], 63);
        ck_assert_mem_eq(wire_l4(&out) + NET_UDP_HEADER, data, 4);
        if (back.port)
            ck_assert_uint_eq(net_get16(wire_l4(&out)), back.port);
        back.port = net_get16(wire_l4(&out));
        wire_udp(&packet, &out, 7, &back, data, sizeof(data));
        wire_drop(&a);
        wire_send(&out, packet.data, packet.len);
        ck_assert_uint_eq(a.count, 1);
        ck_assert(wire_is_sound(a.last->data, a.last->len));
        ck_assert_mem_eq(wire_l3(&a) + NET_IPV4_DST, a.ip.bytes, 4);
        ck_assert_uint_eq(net_get16(wire_l4(&a) + NET_UDP_DST), 5000);
        left++;
    }
    ck_assert_uint_eq(wire.forwarded, 2 * left);
    ck_assert_uint_eq(wire.flow_used, 1);
    /* hops and sizes are looked at each time */
    wire_drop(&a);
    wire_udp(&packet, &a, 5000, &to, "x", 1);
    packet.data[NET_ETH_HEADER + NET_IPV4_TTL] = 1;
    wire_fix(packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    ck_complaint(&a, NET_ICMP_TIME_EXCEEDED, 0);
}
END_TEST

START_TEST(what_was_found_out_holds_until_it_changes)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7");
    struct machine moved = { 0 };
    wire_udp(&packet, &a, 5000, &to, "x", 1);
    for (int i = 0; i < 3; i++)
        wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 3);
    /* who is next is another machine */
    wire_remove(&out);
    wire_add_uplink(&moved, "wan", 8, "192.0.2.9");
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(wire.pending, 1);
    wire_arp(&moved, "192.0.2.1");
    wire_drop(&moved);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(moved.count, 1);
    ck_assert_mem_eq(moved.last->data, moved.mac, 6);
    /* the table is elsewhere */
    configure_with("states: 16", "states: 500");
    wire_send(&a, packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(moved.count, 3);
    ck_assert_uint_eq(wire.flow_used, 1);
    /* the router has another address */
    struct net_addr own = wire_addr("192.0.2.2");
    configure_with("ipv4: 192.0.2.1/24", "ipv4: 192.0.2.2/24");
    wire_arp(&moved, "192.0.2.2");
    for (uint32_t i = 1; i <= 2; i++) {
        wire_drop(&moved);
        wire_send(&a, packet.data, packet.len);
        ck_assert_uint_eq(moved.count, 1);
        ck_assert(wire_is_sound(moved.last->data, moved.last->len));
        ck_assert_mem_eq(wire_l3(&moved) + NET_IPV4_SRC, own.bytes, 4);
    }
    wire_remove(&moved);
    wire_add_uplink(&out, "wan", 9, "192.0.2.9");
}
END_TEST

/* What did not become a connection is none for the next packet either. */
START_TEST(a_refused_connection_is_none)
{
    struct wire_packet packet;
    struct net_addr to = wire_addr("192.0.2.9:7");
    configure_with("limits:\n", "limits:\n  nat-ports: 40000-40000\n");
    wire_udp(&packet, &a, 1000, &to, "x", 1);
    wire_send(&a, packet.data, packet.len);
    wire_send(&a, packet.data, packet.len);
    for (uint16_t i = 1; i < 15; i++) { /* until the place of that one is the next but one */
        wire_advance(301 * OS_SEC);
        ck_assert_uint_eq(wire.flow_used, 0);
        wire_udp(&packet, &a, (uint16_t)(2000 + i), &to, "x", 1);
        wire_send(&a, packet.data, packet.len);
    }
    wire_advance(301 * OS_SEC);
    wire_arp(&out, "192.0.2.1");
    wire_arp(&a, "10.0.1.1");
    wire_drop(&a);
    wire_drop(&out);
    wire_udp(&packet, &a, 1001, &to, "x", 1);
    wire_send(&a, packet.data, packet.len);
    ck_assert_uint_eq(out.count, 1);
    wire_udp(&packet, &a, 1002, &to, "x", 1);
    for (uint32_t i = 1; i <= 2; i++) {
        wire_send(&a, packet.data, packet.len);
        ck_assert_uint_eq(wire.drops[DROP_ports_full], i);
        ck_complaint(&a, NET_ICMP_UNREACHABLE, 13);
    }
    ck_assert_uint_eq(out.count, 1);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, arp_for_its_own_address_only);
    tcase_add_test(tcase, nobody_speaks_for_others);
    tcase_add_test(tcase, udp_behind_nat);
    tcase_add_test(tcase, tcp_from_outside);
    tcase_add_test(tcase, domains_are_apart);
    tcase_add_test(tcase, echo_of_and_through_the_router);
    tcase_add_test(tcase, errors_come_back_translated);
    tcase_add_test(tcase, hops_and_sizes);
    tcase_add_test(tcase, frames_that_are_cut_off_go_nowhere);
    tcase_add_test(tcase, errors_are_limited);
    tcase_add_test(tcase, nobody_takes_all_neighbors);
    tcase_add_test(tcase, states_are_bounded);
    tcase_add_test(tcase, a_first_packet_waits_for_its_neighbor);
    tcase_add_test(tcase, ports_of_nat_run_out);
    tcase_add_test(tcase, the_table_changes_its_size);
    tcase_add_test(tcase, later_packets_are_as_the_first);
    tcase_add_test(tcase, what_was_found_out_holds_until_it_changes);
    tcase_add_test(tcase, a_refused_connection_is_none);
}

int main(void)
{
    return suite_run_case("router-forward", add);
}
