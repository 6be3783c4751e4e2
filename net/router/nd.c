/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nd.c: IPv6 neighbor discovery (RFC 4861): who has an address, and advertisements of the router by which
 * machines make addresses of their own (RFC 4862).
 */
#include "router.h"

#include <string.h>

enum {
    ADVERT = 16,       /* bytes of a router advertisement before the options */
    OPTION_SOURCE = 1, /* kinds of options */
    OPTION_TARGET = 2,
    OPTION_PREFIX = 3,
    OPTION_MTU = 5,
    PREFIX_OPTION = 32, /* bytes */
    FLAG_ROUTER = 0x80, /* of neighbor advertisements */
    FLAG_SOLICITED = 0x40,
    FLAG_OVERRIDE = 0x20,
    LIFETIME_S = 1800, /* of what is advertised, and every third of it again */
};

static const struct net_addr all_nodes = { .family = NET_IPV6, .bytes = { 0xff, 2, [15] = 1 } };

/* From the MAC address, as everybody does. */
void nd_local_address(struct domain *domain)
{
    uint8_t *at = domain->local6.bytes;
    domain->local6 = (struct net_addr){ .family = NET_IPV6, .bytes = { 0xfe, 0x80 } };
    memcpy(at + 8, domain->mac, 3);
    at[8] ^= 2;
    at[11] = 0xff;
    at[12] = 0xfe;
    memcpy(at + 13, domain->mac + 3, 3);
}

static void put_option(uint8_t *at, uint8_t kind, const uint8_t *mac)
{
    at[0] = kind;
    at[1] = 1;
    memcpy(at + 2, mac, 6);
}

/* A message of LEN bytes, whose checksum is made here, to MAC at PORT. */
static void send(struct port *port, const uint8_t *mac, const struct net_addr *src,
                 const struct net_addr *dst, uint8_t *message, uint32_t len)
{
    struct out out;
    if (!out_begin_at(port, mac, NET_ETH_IPV6, NET_IPV6_HEADER + len, &out))
        return;
    uint16_t sum = net_sum_pseudo(src->bytes, dst->bytes, 16, NET_PROTO_ICMPV6, len);
    net_put16(message + NET_ICMP_CHECKSUM, net_checksum(sum, message, len));
    ipv6_header(out.data + NET_ETH_HEADER, NET_PROTO_ICMPV6, src, dst, len, 255);
    memcpy(out.data + NET_ETH_HEADER + NET_IPV6_HEADER, message, len);
    out_end(&out);
}

static void group_mac(const struct net_addr *group, uint8_t mac[6])
{
    mac[0] = mac[1] = 0x33;
    memcpy(mac + 2, group->bytes + 12, 4);
}

/* ---- neighbors */

void nd_solicit(struct domain *domain, const struct net_addr *target, const struct neighbor *known)
{
    struct net_addr group = { .family = NET_IPV6, .bytes = { 0xff, 2, [11] = 1, [12] = 0xff } };
    uint8_t mac[6];
    memcpy(group.bytes + 13, target->bytes + 13, 3);
    group_mac(&group, mac);
    OS_LIST_FOR_EACH (link, &domain->ports) {
        struct port *port = OS_CONTAINER_OF(link, struct port, link);
        uint8_t message[NET_ND_OPTIONS + 8] = { [NET_ICMP_TYPE] = NET_ICMPV6_NEIGHBOR_SOLICIT };
        if (known && known->port != port)
            continue;
        memcpy(message + NET_ND_TARGET, target->bytes, 16);
        put_option(message + NET_ND_OPTIONS, OPTION_SOURCE, port_mac(port));
        send(port, known ? known->mac : mac,
             domain_address(domain, target) ? domain_address(domain, target) : &domain->local6,
             known ? target : &group, message, sizeof(message));
    }
}

/* The MAC address in option KIND, which has to be there once in the first 8 bytes behind LEN, or NULL. */
static const uint8_t *find_option(const struct packet *packet, uint32_t at, uint8_t kind)
{
    uint32_t known = packet->head_len < packet->end ? packet->head_len : packet->end;
    for (int i = 0; i < 8 && at + 8 <= known && packet->head[at + 1]; i++) {
        if (packet->head[at] == kind && packet->head[at + 1] == 1)
            return packet->head + at + 2;
        at += packet->head[at + 1] * 8u;
    }
    return NULL;
}

static int is_unspecified(const struct net_addr *addr)
{
    static const uint8_t none[16];
    return !memcmp(addr->bytes, none, 16);
}

static void on_solicit(struct packet *packet)
{
    struct domain *domain = packet->domain;
    struct port *port = packet->from;
    struct net_addr target = addr6_of(packet->head + packet->l4 + NET_ND_TARGET);
    const uint8_t *mac = find_option(packet, packet->l4 + NET_ND_OPTIONS, OPTION_SOURCE);
    int is_probe = is_unspecified(&packet->src); /* somebody wants to have the address */
    if (!domain_is_own(domain, &target))
        return;
    if (mac && !is_probe && net_mac_equal(mac, packet->head + NET_ETH_SRC) &&
        !neighbor_learn(domain, &packet->src, mac, port, 1))
        return;
    const struct net_addr *to = is_probe ? &all_nodes : &packet->src;
    uint8_t message[NET_ND_OPTIONS + 8] = { [NET_ICMP_TYPE] = NET_ICMPV6_NEIGHBOR_ADVERT, 0 }, group[6];
    message[4] = FLAG_ROUTER | FLAG_OVERRIDE | (is_probe ? 0 : FLAG_SOLICITED);
    memcpy(message + NET_ND_TARGET, target.bytes, 16);
    put_option(message + NET_ND_OPTIONS, OPTION_TARGET, port_mac(port));
    group_mac(&all_nodes, group);
    send(port, is_probe ? group : packet->head + NET_ETH_SRC, &target, to, message, sizeof(message));
}

static void on_advert(struct packet *packet)
{
    struct net_addr target = addr6_of(packet->head + packet->l4 + NET_ND_TARGET);
    const uint8_t *mac = find_option(packet, packet->l4 + NET_ND_OPTIONS, OPTION_TARGET);
    if (!mac)
        mac = packet->head + NET_ETH_SRC;
    if (net_mac_equal(mac, packet->head + NET_ETH_SRC))
        neighbor_learn(packet->domain, &target, mac, packet->from, 0);
}

/* ---- the router */

static uint32_t make_prefix(const struct domain *domain, uint8_t *at)
{
    const struct net_range *range = &domain->config.ipv6;
    if (!range->addr.family)
        return 0;
    memset(at, 0, PREFIX_OPTION);
    at[0] = OPTION_PREFIX;
    at[1] = PREFIX_OPTION / 8;
    at[2] = range->prefix;
    at[3] = range->prefix == 64 ? 0xc0 : 0x80; /* on this link; machines can make addresses of it */
    net_put32(at + 4, 2 * LIFETIME_S);
    net_put32(at + 8, LIFETIME_S);
    memcpy(at + 16, range->addr.bytes, 16);
    for (uint32_t bit = range->prefix; bit < 128; bit++)
        at[16 + bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return PREFIX_OPTION;
}

static void advertise(struct port *port)
{
    struct domain *domain = port->domain;
    uint8_t message[ADVERT + 8 + 8 + PREFIX_OPTION] = {
        [NET_ICMP_TYPE] = NET_ICMPV6_ROUTER_ADVERT, [4] = 64
    };
    uint8_t group[6], *at = message + ADVERT;
    net_put16(message + 6, LIFETIME_S);
    put_option(at, OPTION_SOURCE, port_mac(port));
    at += 8;
    at[0] = OPTION_MTU;
    at[1] = 1;
    net_put32(at + 4, domain->mtu);
    at += 8;
    at += make_prefix(domain, at);
    group_mac(&all_nodes, group);
    send(port, group, &domain->local6, &all_nodes, message, (uint32_t)(at - message));
}

/* Where there is a way out by IPv6, the driver's network has a router already. */
static int advertises(const struct domain *domain)
{
    return domain->config.ipv6.addr.family && !domain->config.gateway6.family;
}

void nd_advertise_soon(struct domain *domain)
{
    if (!advertises(domain) || os_list_empty(&domain->ports))
        return;
    domain->adverts = 3;
    domain->next_advert = domain->router->now;
    router_at(domain->router, domain->next_advert);
}

os_time nd_tick(struct domain *domain)
{
    os_time now = domain->router->now;
    if (!advertises(domain) || os_list_empty(&domain->ports))
        return OS_NEVER;
    if (domain->next_advert <= now) {
        OS_LIST_FOR_EACH (link, &domain->ports)
            advertise(OS_CONTAINER_OF(link, struct port, link));
        if (domain->adverts)
            domain->adverts--;
        domain->next_advert = now + (domain->adverts ? 16 : LIFETIME_S / 3) * OS_SEC;
    }
    return domain->next_advert;
}

/* ---- all of it */

int nd_input(struct router *router, struct packet *packet)
{
    if (packet->proto != NET_PROTO_ICMPV6 || !net_is_nd(packet->head[packet->l4 + NET_ICMP_TYPE]))
        return 0;
    uint32_t len = packet->end - packet->l4;
    uint8_t type = packet->head[packet->l4 + NET_ICMP_TYPE];
    uint32_t need = type == NET_ICMPV6_ROUTER_SOLICIT ? 8 : NET_ND_OPTIONS;
    /* one hop: nobody beyond the link can have sent it; and nobody needs extension headers for it, but for
     * hiding it from who looks on */
    if (packet->head[NET_ETH_HEADER + NET_IPV6_HOPS] != 255 || len < need ||
        packet->l4 + need > packet->head_len || packet->l4 != NET_ETH_HEADER + NET_IPV6_HEADER) {
        router_drop(router, DROP_malformed);
        return 1;
    }
    if (domain_is_own(packet->domain, &packet->src)) {
        router_drop(router, DROP_spoofed);
        return 1;
    }
    if (type == NET_ICMPV6_NEIGHBOR_SOLICIT)
        on_solicit(packet);
    else if (type == NET_ICMPV6_NEIGHBOR_ADVERT)
        on_advert(packet);
    else if (type == NET_ICMPV6_ROUTER_SOLICIT && advertises(packet->domain) &&
             domain_may_complain(packet->domain))
        advertise(packet->from);
    return 1;
}
