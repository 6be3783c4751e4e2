/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c: see wire.h. */
#include "wire.h"

#include <inproc/inproc.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/must.h"

struct router wire;
os_time wire_now;

static struct machine *machine_of(struct port *port)
{
    return OS_CONTAINER_OF(port, struct machine, port);
}

static uint8_t *alloc(struct port *port, uint32_t len, uint32_t flags)
{
    struct machine *machine = machine_of(port);
    if (machine->full || len < NET_ETH_HEADER || len > NET_ETH_HEADER + (uint32_t)port->mtu ||
        len > WIRE_FRAME)
        return NULL;
    memset(machine->next.data, 0xa5, len); /* who forgets to fill in something is seen */
    return machine->next.data;
}

static void submit(struct port *port, uint32_t len)
{
    struct machine *machine = machine_of(port);
    struct wire_frame *frame = malloc(sizeof(*frame));
    must(frame != NULL);
    frame->len = len;
    memcpy(frame->data, machine->next.data, len);
    if (machine->count < WIRE_KEEPS)
        machine->got[machine->count] = frame;
    else {
        free(machine->got[WIRE_KEEPS - 1]);
        machine->got[WIRE_KEEPS - 1] = frame;
    }
    machine->count++;
    machine->last = frame;
}

static const struct router_io io = { .alloc = alloc, .submit = submit };

void wire_drop(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->count && i < WIRE_KEEPS; i++)
        free(machine->got[i]);
    machine->count = 0;
    machine->last = NULL;
}

os_err wire_configure(const char *text)
{
    struct os_config config;
    struct router_config read;
    size_t size;
    void *data = inproc_config_make("test", text, &size);
    os_err err = os_config_init(&config, data, size);
    if (!err)
        err = router_config_read(&config, &read);
    free(data);
    if (err)
        return err;
    err = router_configure(&wire, &read, wire_now);
    router_config_free(&read);
    return err;
}

void wire_init(const char *text)
{
    wire_now = 1000 * OS_SEC;
    static const struct router_secrets secrets = { { 42, 1 }, { 42, 2 }, { 42, 3 } };
    router_init(&wire, &io, &secrets);
    must(!wire_configure(text));
}

void wire_fini(void)
{
    must(!wire.flow_used || wire.flows);
    router_fini(&wire);
}

static void add(struct machine *machine, const char *domain, uint8_t n, const char *ip)
{
    struct domain *in = domain_find(&wire, domain);
    must(in != NULL);
    const uint8_t mac[6] = { 2, 0, 0, 0, 1, n };
    memcpy(machine->mac, mac, 6);
    if (ip)
        machine->ip = wire_addr(ip);
    memcpy(machine->port.mac, mac, 6);
    machine->port.mtu = 1500;
    machine->port.up = 1;
    if (machine->port.uplink)
        machine->port.mac[4] = 2; /* the router's own there */
    router_add(&wire, &machine->port, in, wire_now);
    memcpy(machine->via_mac, port_mac(&machine->port), 6);
    router_tick(&wire, wire_now);
    wire_drop(machine);
}

void wire_add(struct machine *machine, const char *domain, uint8_t n, const char *ip)
{
    add(machine, domain, n, ip);
}

void wire_add_uplink(struct machine *machine, const char *domain, uint8_t n, const char *ip)
{
    machine->port.uplink = 1;
    add(machine, domain, n, ip);
}

void wire_remove(struct machine *machine)
{
    router_remove(&wire, &machine->port, wire_now);
    wire_drop(machine);
    *machine = (struct machine){ 0 };
}

void wire_send(struct machine *machine, const void *frame, uint32_t len)
{
    uint8_t *copy = malloc(len ? len : 1); /* of its own, for sanitizers */
    must(copy != NULL);
    memcpy(copy, frame, len);
    router_frame(&wire, &machine->port, copy, len, 0, wire_now);
    free(copy);
}

void wire_advance(os_time time)
{
    os_time end = wire_now + time;
    while (router_due(&wire) <= end) {
        if (router_due(&wire) > wire_now)
            wire_now = router_due(&wire);
        router_tick(&wire, wire_now);
        must(router_due(&wire) > wire_now);
    }
    wire_now = end;
    router_tick(&wire, wire_now);
}

struct net_addr wire_addr(const char *text)
{
    struct net_addr addr = { 0 };
    must(!net_addr_parse(text, &addr));
    return addr;
}

void wire_arp(struct machine *machine, const char *router)
{
    uint8_t frame[NET_ETH_HEADER + NET_ARP_SIZE] = { 0 }, *arp = frame + NET_ETH_HEADER;
    machine->via = wire_addr(router);
    memcpy(frame, net_mac_broadcast, 6);
    memcpy(frame + NET_ETH_SRC, machine->mac, 6);
    net_put16(frame + NET_ETH_TYPE, NET_ETH_ARP);
    net_put16(arp, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, NET_ARP_REQUEST);
    memcpy(arp + NET_ARP_SENDER_MAC, machine->mac, 6);
    memcpy(arp + NET_ARP_SENDER_IP, machine->ip.bytes, 4);
    memcpy(arp + NET_ARP_TARGET_IP, machine->via.bytes, 4);
    wire_send(machine, frame, sizeof(frame));
}

void wire_ipv4(struct wire_packet *packet, const struct machine *from, const struct net_addr *to,
               uint8_t proto, const void *l4, uint32_t len)
{
    uint8_t *ip = packet->data + NET_ETH_HEADER;
    memset(packet, 0, sizeof(*packet));
    memcpy(packet->data, from->via_mac, 6);
    memcpy(packet->data + NET_ETH_SRC, from->mac, 6);
    net_put16(packet->data + NET_ETH_TYPE, NET_ETH_IPV4);
    ip[0] = 0x45;
    net_put16(ip + NET_IPV4_LEN, NET_IPV4_HEADER + len);
    net_put16(ip + NET_IPV4_ID, 77);
    ip[NET_IPV4_TTL] = 64;
    ip[NET_IPV4_PROTO] = proto;
    memcpy(ip + NET_IPV4_SRC, from->ip.bytes, 4);
    memcpy(ip + NET_IPV4_DST, to->bytes, 4);
    memcpy(ip + NET_IPV4_HEADER, l4, len);
    packet->len = NET_ETH_HEADER + NET_IPV4_HEADER + len;
    wire_fix(packet->data, packet->len);
}

void wire_udp(struct wire_packet *packet, const struct machine *machine, uint16_t port,
              const struct net_addr *to, const void *data, uint32_t len)
{
    uint8_t udp[1500] = { 0 };
    net_put16(udp + NET_UDP_SRC, port);
    net_put16(udp + NET_UDP_DST, to->port);
    net_put16(udp + NET_UDP_LEN, NET_UDP_HEADER + len);
    memcpy(udp + NET_UDP_HEADER, data, len);
    wire_ipv4(packet, machine, to, NET_PROTO_UDP, udp, NET_UDP_HEADER + len);
}

void wire_tcp(struct wire_packet *packet, const struct machine *machine, uint16_t port,
              const struct net_addr *to, uint8_t flags, uint32_t seq)
{
    uint8_t tcp[NET_TCP_HEADER] = { 0 };
    net_put16(tcp + NET_TCP_SRC, port);
    net_put16(tcp + NET_TCP_DST, to->port);
    net_put32(tcp + NET_TCP_SEQ, seq);
    tcp[NET_TCP_OFFSET] = 5 << 4;
    tcp[NET_TCP_FLAGS] = flags;
    wire_ipv4(packet, machine, to, NET_PROTO_TCP, tcp, sizeof(tcp));
}

void wire_echo(struct wire_packet *packet, const struct machine *machine, const struct net_addr *to,
               uint16_t id, uint16_t sequence, uint32_t len)
{
    uint8_t icmp[1500] = { NET_ICMP_ECHO };
    net_put16(icmp + NET_ICMP_ID, id);
    net_put16(icmp + NET_ICMP_SEQUENCE, sequence);
    for (uint32_t i = 0; i < len; i++)
        icmp[NET_ICMP_HEADER + i] = (uint8_t)i;
    wire_ipv4(packet, machine, to, NET_PROTO_ICMP, icmp, NET_ICMP_HEADER + len);
}

/* ---- checksums */

/* Where that of the protocol above IP is, or NULL; its sum with the field as it is, in *SUM. */
static uint8_t *l4_checksum(uint8_t *frame, uint32_t len, uint16_t *sum)
{
    uint8_t *ip = frame + NET_ETH_HEADER;
    int v4 = net_get16(frame + NET_ETH_TYPE) == NET_ETH_IPV4;
    uint32_t header = v4 ? NET_IPV4_HEADER : NET_IPV6_HEADER;
    uint32_t payload = v4 ? net_get16(ip + NET_IPV4_LEN) - header : net_get16(ip + NET_IPV6_LEN);
    uint8_t proto = v4 ? ip[NET_IPV4_PROTO] : ip[NET_IPV6_NEXT], *l4 = ip + header;
    (void)len;
    if (v4 && net_get16(ip + NET_IPV4_FRAGMENT) & 0x3fff)
        return NULL;
    *sum = net_sum_pseudo(ip + (v4 ? NET_IPV4_SRC : NET_IPV6_SRC), ip + (v4 ? NET_IPV4_DST : NET_IPV6_DST),
                          v4 ? 4 : 16, proto, payload);
    if (proto == NET_PROTO_ICMP)
        *sum = 0;
    *sum = net_sum(*sum, l4, payload);
    switch (proto) {
    case NET_PROTO_TCP:
        return l4 + NET_TCP_CHECKSUM;
    case NET_PROTO_UDP:
        return l4 + NET_UDP_CHECKSUM;
    case NET_PROTO_ICMP:
    case NET_PROTO_ICMPV6:
        return l4 + NET_ICMP_CHECKSUM;
    default:
        return NULL;
    }
}

int wire_is_sound(const uint8_t *frame, uint32_t len)
{
    uint8_t *ip = (uint8_t *)(uintptr_t)frame + NET_ETH_HEADER;
    uint16_t sum;
    if (net_get16(frame + NET_ETH_TYPE) == NET_ETH_IPV4 && net_checksum(0, ip, NET_IPV4_HEADER))
        return 0;
    uint8_t *at = l4_checksum((uint8_t *)(uintptr_t)frame, len, &sum);
    return !at || sum == 0xffff;
}

void wire_fix(uint8_t *frame, uint32_t len)
{
    uint8_t *ip = frame + NET_ETH_HEADER;
    uint16_t sum;
    if (net_get16(frame + NET_ETH_TYPE) == NET_ETH_IPV4) {
        net_put16(ip + NET_IPV4_CHECKSUM, 0);
        net_put16(ip + NET_IPV4_CHECKSUM, net_checksum(0, ip, NET_IPV4_HEADER));
    }
    uint8_t *at = l4_checksum(frame, len, &sum);
    if (!at)
        return;
    net_put16(at, 0);
    l4_checksum(frame, len, &sum);
    net_put16(at, sum == 0xffff ? 0xffff : 0xffffu ^ sum);
}
