/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forward.c: IP packets of both families: their headers are checked and taken apart, what is for the router
 * goes to its services, what is for others goes on if a connection is known or the rules allow one.
 */
#include "router.h"

#include <string.h>

/* ---- taking apart */

static int parse_ipv4(struct router *router, struct packet *packet)
{
    const uint8_t *ip = packet->head + NET_ETH_HEADER;
    uint32_t len, fragment;
    if (packet->head_len < NET_ETH_HEADER + NET_IPV4_HEADER || ip[NET_IPV4_VERSION] >> 4 != 4) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    if (ip[NET_IPV4_VERSION] != 0x45) { /* source routes and the like; nobody needs them */
        router_drop(router, DROP_options);
        return 0;
    }
    len = net_get16(ip + NET_IPV4_LEN);
    if (len < NET_IPV4_HEADER || len > packet->len - NET_ETH_HEADER || net_checksum(0, ip, NET_IPV4_HEADER)) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    fragment = net_get16(ip + NET_IPV4_FRAGMENT);
    packet->family = NET_IPV4;
    packet->proto = ip[NET_IPV4_PROTO];
    packet->l4 = NET_ETH_HEADER + NET_IPV4_HEADER;
    packet->end = NET_ETH_HEADER + len;
    packet->more = !!(fragment & NET_IPV4_MORE_FRAGMENTS);
    packet->offset = (fragment & NET_IPV4_FRAGMENT_OFFSET) * 8;
    packet->is_fragment = packet->more || packet->offset;
    if (packet->more && (len - NET_IPV4_HEADER) % 8) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    packet->src = addr4_of(ip + NET_IPV4_SRC);
    packet->dst = addr4_of(ip + NET_IPV4_DST);
    return 1;
}

/* Options are passed over, as far as they lie in the head. Fragments and routing headers are not forwarded.
 */
static int parse_ipv6(struct router *router, struct packet *packet)
{
    const uint8_t *ip = packet->head + NET_ETH_HEADER;
    uint32_t at = NET_ETH_HEADER + NET_IPV6_HEADER;
    struct net_upper upper;
    if (packet->head_len < at || ip[NET_IPV6_VERSION] >> 4 != 6) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    packet->family = NET_IPV6;
    packet->end = at + net_get16(ip + NET_IPV6_LEN);
    packet->src = addr6_of(ip + NET_IPV6_SRC);
    packet->dst = addr6_of(ip + NET_IPV6_DST);
    if (packet->end > packet->len) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    uint32_t known = packet->head_len < packet->end ? packet->head_len : packet->end;
    if (!net_upper(ip, known - NET_ETH_HEADER, &upper) || upper.passed & ~NET_PASSED_OPTIONS) {
        router_drop(router, upper.passed & NET_PASSED_FRAGMENT ? DROP_fragments : DROP_options);
        return 0;
    }
    packet->proto = upper.proto;
    packet->l4 = NET_ETH_HEADER + upper.at;
    if (packet->l4 > packet->end) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    return 1;
}

/* Bytes of a header that are needed of a protocol, which have to be in the head. */
static uint32_t header_of(uint8_t proto)
{
    switch (proto) {
    case NET_PROTO_TCP:
        return NET_TCP_HEADER;
    case NET_PROTO_UDP:
        return NET_UDP_HEADER;
    default:
        return NET_ICMP_HEADER;
    }
}

static int is_icmp(const struct packet *packet)
{
    return packet->proto == (packet->family == NET_IPV4 ? NET_PROTO_ICMP : NET_PROTO_ICMPV6);
}

/* The id of an echo is in the place of the port of who has asked. */
static void read_ports(struct packet *packet)
{
    const uint8_t *l4 = packet->head + packet->l4;
    if (!is_icmp(packet)) {
        packet->src.port = net_get16(l4);
        packet->dst.port = net_get16(l4 + 2);
    } else if (l4[NET_ICMP_TYPE] == NET_ICMP_ECHO || l4[NET_ICMP_TYPE] == NET_ICMPV6_ECHO)
        packet->src.port = net_get16(l4 + NET_ICMP_ID);
    else
        packet->dst.port = net_get16(l4 + NET_ICMP_ID);
}

static int parse_l4(struct router *router, struct packet *packet)
{
    if (packet->offset)
        return 1;
    uint32_t need = packet->l4 + header_of(packet->proto);
    if (need > packet->end || need > packet->head_len) {
        router_drop(router, DROP_malformed);
        return 0;
    }
    if (packet->proto == NET_PROTO_TCP || packet->proto == NET_PROTO_UDP || is_icmp(packet))
        read_ports(packet);
    return 1;
}

/* ---- making headers */

void ipv4_header(struct router *router, uint8_t *at, uint8_t proto, const struct net_addr *src,
                 const struct net_addr *dst, uint32_t len)
{
    memset(at, 0, NET_IPV4_HEADER);
    at[NET_IPV4_VERSION] = 0x45;
    net_put16(at + NET_IPV4_LEN, NET_IPV4_HEADER + len);
    net_put16(at + NET_IPV4_ID, (uint32_t)router_random(router));
    at[NET_IPV4_TTL] = 64;
    at[NET_IPV4_PROTO] = proto;
    memcpy(at + NET_IPV4_SRC, src->bytes, 4);
    memcpy(at + NET_IPV4_DST, dst->bytes, 4);
    net_put16(at + NET_IPV4_CHECKSUM, net_checksum(0, at, NET_IPV4_HEADER));
}

void ipv6_header(uint8_t *at, uint8_t proto, const struct net_addr *src, const struct net_addr *dst,
                 uint32_t len, uint8_t hops)
{
    net_put32(at, 0x60000000);
    net_put16(at + NET_IPV6_LEN, len);
    at[NET_IPV6_NEXT] = proto;
    at[NET_IPV6_HOPS] = hops;
    memcpy(at + NET_IPV6_SRC, src->bytes, 16);
    memcpy(at + NET_IPV6_DST, dst->bytes, 16);
}

static void put_udp(struct router *router, uint8_t *ip, const struct net_addr *src,
                    const struct net_addr *dst, const uint8_t *data, uint32_t len)
{
    uint8_t *udp = ip + NET_IPV4_HEADER;
    ipv4_header(router, ip, NET_PROTO_UDP, src, dst, NET_UDP_HEADER + len);
    net_put16(udp + NET_UDP_SRC, src->port);
    net_put16(udp + NET_UDP_DST, dst->port);
    net_put16(udp + NET_UDP_LEN, NET_UDP_HEADER + len);
    net_put16(udp + NET_UDP_CHECKSUM, 0);
    memcpy(udp + NET_UDP_HEADER, data, len);
    uint16_t sum = net_sum_pseudo(src->bytes, dst->bytes, 4, NET_PROTO_UDP, NET_UDP_HEADER + len);
    sum = net_sum(sum, udp, NET_UDP_HEADER);
    sum = (uint16_t)~net_sum(sum, data, len);
    net_put16(udp + NET_UDP_CHECKSUM, sum ? sum : 0xffff);
}

void udp_send_at(struct port *port, const uint8_t *mac, const struct net_addr *src,
                 const struct net_addr *dst, const uint8_t *data, uint32_t len)
{
    struct out out;
    if (!out_begin_at(port, mac, NET_ETH_IPV4, NET_IPV4_HEADER + NET_UDP_HEADER + len, &out))
        return;
    put_udp(port->domain->router, out.data + NET_ETH_HEADER, src, dst, data, len);
    out_end(&out);
}

void udp_send(struct domain *domain, const struct net_addr *src, const struct net_addr *dst,
              const uint8_t *data, uint32_t len)
{
    uint32_t all = NET_IPV4_HEADER + NET_UDP_HEADER + len;
    struct net_addr next = *dst;
    struct out out;
    if (!domain_on_link(domain, dst) && domain_route(domain->router, dst, &next) != domain) {
        router_drop(domain->router, DROP_no_route);
        return;
    }
    next.port = 0;
    if (!out_begin(domain, &next, all, 0, &out))
        return;
    put_udp(domain->router, out.data + NET_ETH_HEADER, src, dst, data, len);
    out_end(&out);
}

/* ---- changing what goes on */

static int checksum_at(const struct packet *packet)
{
    if (packet->proto == NET_PROTO_TCP)
        return NET_TCP_CHECKSUM;
    if (packet->proto == NET_PROTO_UDP)
        return NET_UDP_CHECKSUM;
    return NET_ICMP_CHECKSUM;
}

/* The checksum of what is above IP, after WORDS that it is about have changed. */
static void update_l4(struct packet *packet, const void *from, const void *to, size_t len)
{
    uint8_t *at = packet->head + packet->l4 + checksum_at(packet);
    uint16_t before = net_get16(at);
    if (packet->proto == NET_PROTO_UDP && !before && packet->family == NET_IPV4)
        return;
    uint16_t after = net_checksum_update(before, from, to, len);
    net_put16(at, packet->proto == NET_PROTO_UDP && !after ? 0xffff : after);
}

static void rewrite_port(struct packet *packet, uint32_t offset, uint16_t to)
{
    uint8_t *at = packet->head + packet->l4 + offset, word[2];
    net_put16(word, to);
    update_l4(packet, at, word, 2);
    memcpy(at, word, 2);
}

static void rewrite_addr(struct packet *packet, uint32_t offset, const struct net_addr *to)
{
    uint8_t *ip = packet->head + NET_ETH_HEADER;
    size_t len = packet->family == NET_IPV4 ? 4 : 16;
    if (net_get32(ip + offset) == net_get32(to->bytes) && (len == 4 || !memcmp(ip + offset, to->bytes, len)))
        return;
    if (packet->family == NET_IPV4)
        net_put16(ip + NET_IPV4_CHECKSUM,
                  net_checksum_update(net_get16(ip + NET_IPV4_CHECKSUM), ip + offset, to->bytes, len));
    if (!packet->offset && packet->proto != NET_PROTO_ICMP)
        update_l4(packet, ip + offset, to->bytes, len);
    memcpy(ip + offset, to->bytes, len);
}

/* The header becomes one from SRC to DST. */
static void rewrite(struct packet *packet, const struct net_addr *src, const struct net_addr *dst)
{
    int v4 = packet->family == NET_IPV4;
    rewrite_addr(packet, v4 ? NET_IPV4_SRC : NET_IPV6_SRC, src);
    rewrite_addr(packet, v4 ? NET_IPV4_DST : NET_IPV6_DST, dst);
    if (packet->offset)
        return;
    if (is_icmp(packet)) {
        uint16_t id = src->port ? src->port : dst->port;
        if (id != net_get16(packet->head + packet->l4 + NET_ICMP_ID))
            rewrite_port(packet, NET_ICMP_ID, id);
        return;
    }
    if (src->port != packet->src.port)
        rewrite_port(packet, 0, src->port);
    if (dst->port != packet->dst.port)
        rewrite_port(packet, 2, dst->port);
}

static void count_hop(struct packet *packet)
{
    uint8_t *ip = packet->head + NET_ETH_HEADER;
    if (packet->family == NET_IPV6) {
        ip[NET_IPV6_HOPS]--;
        return;
    }
    uint16_t before = net_get16(ip + NET_IPV4_TTL);
    ip[NET_IPV4_TTL]--;
    net_put16(ip + NET_IPV4_CHECKSUM,
              net_checksum_update16(net_get16(ip + NET_IPV4_CHECKSUM), before, net_get16(ip + NET_IPV4_TTL)));
}

/* What follows the Ethernet header, from the copy as far as that goes. */
static void send(struct router *router, const struct packet *packet, struct out *frame)
{
    uint32_t own = packet->head_len < packet->end ? packet->head_len : packet->end;
    memcpy(frame->data + NET_ETH_HEADER, packet->head + NET_ETH_HEADER, own - NET_ETH_HEADER);
    memcpy(frame->data + own, packet->data + own, packet->end - own);
    router->forwarded++;
    out_end(frame);
}

/* Who is next on the way to TO in OUT; 0: there is no way. */
static int find_next(struct router *router, struct domain *out, const struct net_addr *to,
                     struct net_addr *next)
{
    *next = *to;
    if (!domain_on_link(out, to) && domain_route(router, to, next) != out)
        return 0;
    next->port = 0;
    next->zone = 0;
    return 1;
}

void forward_out(struct router *router, struct packet *packet, struct domain *out, const struct net_addr *to)
{
    struct net_addr next;
    struct out frame;
    if (!find_next(router, out, to, &next)) {
        router_drop(router, DROP_no_route);
        return;
    }
    if (out_begin(out, &next, packet->end - NET_ETH_HEADER, packet->flags, &frame))
        send(router, packet, &frame);
}

/* Says whether the packet may go on as far as its size and its way so far are concerned. */
static int fits(struct router *router, const struct packet *packet, const struct domain *out)
{
    const uint8_t *ip = packet->head + NET_ETH_HEADER;
    uint8_t hops = packet->family == NET_IPV4 ? ip[NET_IPV4_TTL] : ip[NET_IPV6_HOPS];
    if (hops <= 1) {
        router_drop(router, DROP_expired);
        icmp_complain(router, packet, HOPS, 0);
        return 0;
    }
    if (packet->end - NET_ETH_HEADER > out->mtu) {
        router_drop(router, DROP_too_long);
        icmp_complain(router, packet, TOO_BIG, out->mtu);
        return 0;
    }
    return 1;
}

/* ---- fragments
 *
 * The first one has the ports. Those that follow belong to it by their id, and have to come in order, each
 * where the one before has ended: whatever overlaps or leaves a gap is refused, and the rest with it. Behind
 * NAT the packet gets another id, since machines choose theirs without regard to each other.
 */

static struct fragments *find_fragments(struct router *router, const struct packet *packet)
{
    uint16_t id = net_get16(packet->head + NET_ETH_HEADER + NET_IPV4_ID);
    for (int i = 0; i < FRAGMENTS_MAX; i++) {
        struct fragments *at = &router->fragments[i];
        if (at->expires > router->now && at->id == id && at->domain == packet->domain &&
            at->proto == packet->proto && addr_same(&at->src, &packet->src) &&
            addr_same(&at->dst, &packet->dst))
            return at;
    }
    return NULL;
}

static void begin_fragments(struct router *router, const struct packet *packet, struct flow *flow, int side)
{
    struct fragments *at = find_fragments(router, packet);
    for (int i = 0; !at && i < FRAGMENTS_MAX; i++)
        if (router->fragments[i].expires <= router->now)
            at = &router->fragments[i];
    if (!at) /* any one: a sender of many disturbs those of others at worst for their one packet */
        at = &router->fragments[router_random(router) % FRAGMENTS_MAX];
    uint16_t id = net_get16(packet->head + NET_ETH_HEADER + NET_IPV4_ID);
    *at = (struct fragments){ .domain = packet->domain,
                              .src = packet->src,
                              .dst = packet->dst,
                              .proto = packet->proto,
                              .id = id,
                              .own_id = flow->nat ? (uint16_t)router_random(router) : id,
                              .next = packet->end - packet->l4,
                              .flow = flow,
                              .side = side,
                              .expires = router->now + 30 * OS_SEC };
}

static void rewrite_id(struct packet *packet, uint16_t id)
{
    uint8_t *ip = packet->head + NET_ETH_HEADER;
    net_put16(ip + NET_IPV4_CHECKSUM,
              net_checksum_update16(net_get16(ip + NET_IPV4_CHECKSUM), net_get16(ip + NET_IPV4_ID), id));
    net_put16(ip + NET_IPV4_ID, id);
}

/* ---- along a connection */

static int has_ports(const struct packet *packet)
{
    return !packet->is_fragment && (packet->proto == NET_PROTO_TCP || packet->proto == NET_PROTO_UDP);
}

/* What LEN bytes add to a sum when they are TO and no longer FROM. */
static uint16_t change_of(uint16_t sum, const void *from, const void *to, size_t len)
{
    return memcmp(from, to, len) ? (uint16_t)~net_checksum_update((uint16_t)~sum, from, to, len) : sum;
}

/* What is the same for all packets that come in there. PACKET has gone all the way. */
static void remember(struct router *router, const struct packet *packet, struct flow *flow, int side)
{
    struct side *in = &flow->side[side];
    const struct side *other = &flow->side[!side];
    uint8_t from[4], to[4];
    struct net_addr next;
    if (!find_next(router, other->domain, &other->src, &next))
        return;
    size_t len = in->src.family == NET_IPV4 ? 4 : 16;
    net_put16(from, in->src.port);
    net_put16(from + 2, in->dst.port);
    net_put16(to, other->dst.port);
    net_put16(to + 2, other->src.port);
    in->ip_change =
        change_of(change_of(0, in->src.bytes, other->dst.bytes, len), in->dst.bytes, other->src.bytes, len);
    in->l4_change = change_of(in->ip_change, from, to, sizeof(from));
    in->from = packet->from;
    in->to = neighbor_find(other->domain, &next);
    in->generation = in->to ? router->generation : 0;
}

static int is_remembered(const struct router *router, const struct packet *packet, const struct flow *flow,
                         int side)
{
    const struct side *in = &flow->side[side];
    return in->generation == router->generation && in->from == packet->from &&
           neighbor_is_known(flow->side[!side].domain, in->to);
}

/* CHECKSUM after its sum has changed by CHANGE. */
static uint16_t changed(uint16_t checksum, uint16_t change)
{
    return (uint16_t)~net_sum16((uint16_t)~checksum, change);
}

/* The header becomes one of the other side. */
static void rewrite_as_remembered(struct packet *packet, const struct side *in, const struct side *other)
{
    uint8_t *ip = packet->head + NET_ETH_HEADER, *l4 = packet->head + packet->l4;
    uint8_t *sum = l4 + checksum_at(packet);
    if (packet->family == NET_IPV4) {
        net_put16(ip + NET_IPV4_CHECKSUM, changed(net_get16(ip + NET_IPV4_CHECKSUM), in->ip_change));
        memcpy(ip + NET_IPV4_SRC, other->dst.bytes, 4);
        memcpy(ip + NET_IPV4_DST, other->src.bytes, 4);
    } else {
        memcpy(ip + NET_IPV6_SRC, other->dst.bytes, 16);
        memcpy(ip + NET_IPV6_DST, other->src.bytes, 16);
    }
    uint16_t before = net_get16(sum);
    if (in->l4_change && (before || packet->proto == NET_PROTO_TCP || packet->family == NET_IPV6)) {
        uint16_t after = changed(before, in->l4_change);
        net_put16(sum, packet->proto == NET_PROTO_UDP && !after ? 0xffff : after);
    }
    net_put16(l4, other->dst.port);
    net_put16(l4 + 2, other->src.port);
}

/* As `go`, without looking for what is known. */
static void go_again(struct router *router, struct packet *packet, struct flow *flow, int side)
{
    struct side *in = &flow->side[side];
    const struct side *other = &flow->side[!side];
    struct out frame;
    if (!fits(router, packet, other->domain))
        return;
    flow_used(router, flow, side, packet);
    rewrite_as_remembered(packet, in, other);
    count_hop(packet);
    if (out_begin_to(other->domain, in->to, packet->family == NET_IPV4 ? NET_ETH_IPV4 : NET_ETH_IPV6,
                     packet->end - NET_ETH_HEADER, packet->flags, &frame))
        send(router, packet, &frame);
}

static void go(struct router *router, struct packet *packet, struct flow *flow, int side)
{
    const struct side *other = &flow->side[!side];
    struct fragments *fragments = NULL;
    if (!fits(router, packet, other->domain))
        return;
    if (packet->is_fragment) {
        if (!packet->offset)
            begin_fragments(router, packet, flow, side);
        fragments = find_fragments(router, packet);
    }
    flow_used(router, flow, side, packet);
    rewrite(packet, &other->dst, &other->src);
    if (fragments)
        rewrite_id(packet, fragments->own_id);
    count_hop(packet);
    forward_out(router, packet, other->domain, &other->src);
    if (has_ports(packet))
        remember(router, packet, flow, side);
}

static void go_fragment(struct router *router, struct packet *packet)
{
    struct fragments *at = find_fragments(router, packet);
    if (!at || packet->offset != at->next) {
        router_drop(router, at ? DROP_overlaps : DROP_fragments);
        if (at)
            at->expires = 0;
        return;
    }
    at->next += packet->end - packet->l4;
    struct flow *flow = at->flow;
    const struct side *other = &flow->side[!at->side];
    if (!fits(router, packet, other->domain))
        return;
    flow_used(router, flow, at->side, packet);
    rewrite(packet, &other->dst, &other->src);
    rewrite_id(packet, at->own_id);
    count_hop(packet);
    struct domain *out = other->domain;
    struct net_addr to = other->src;
    if (!packet->more)
        *at = (struct fragments){ 0 };
    forward_out(router, packet, out, &to);
}

/* ---- connections that begin */

/* A connection begins with a request for one. */
static int may_begin(struct router *router, const struct packet *packet)
{
    const uint8_t *l4 = packet->head + packet->l4;
    if (packet->proto == NET_PROTO_UDP)
        return packet->src.port && packet->dst.port;
    if (packet->proto == NET_PROTO_TCP) {
        if ((l4[NET_TCP_FLAGS] & (NET_TCP_SYN | NET_TCP_HAS_ACK | NET_TCP_RST)) == NET_TCP_SYN)
            return packet->src.port && packet->dst.port;
        tcp_reset(router, packet); /* of a connection that is no more */
        return 0;
    }
    return is_icmp(packet) &&
           l4[NET_ICMP_TYPE] == (packet->family == NET_IPV4 ? NET_ICMP_ECHO : NET_ICMPV6_ECHO);
}

static void begin(struct router *router, struct packet *packet, struct domain *out, const struct net_addr *to,
                  int nat)
{
    if (!may_begin(router, packet)) {
        router_drop(router, DROP_no_state);
        return;
    }
    if (nat && !out->ipv4.family) {
        router_drop(router, DROP_no_address);
        icmp_complain(router, packet, NO_NET, 0);
        return;
    }
    struct flow *flow = flow_make(router, packet, out, to, nat);
    if (!flow) {
        icmp_complain(router, packet, PROHIBITED, 0);
        return;
    }
    go(router, packet, flow, 0);
}

static void transit(struct router *router, struct packet *packet)
{
    struct net_addr next = { 0 };
    struct domain *out = domain_route(router, &packet->dst, &next);
    if (!out) {
        router_drop(router, DROP_no_route);
        icmp_complain(router, packet, NO_NET, 0);
        return;
    }
    enum verdict verdict =
        domain_verdict(packet->domain, out, packet->family, packet->proto, packet->dst.port);
    if (verdict == RULE_DENY || domain_is_own(out, &packet->dst) || domain_is_broadcast(out, &packet->dst)) {
        router_drop(router, DROP_denied);
        icmp_complain(router, packet, PROHIBITED, 0);
        return;
    }
    begin(router, packet, out, &packet->dst, verdict == RULE_NAT);
}

/* ---- to the router */

/* The service of UDP port 53, 67, 68 or one of the relay's own, with a copy that nobody changes. */
static void udp_service(struct router *router, const struct packet *packet)
{
    static uint8_t copy[LOCAL_MAX];
    const uint8_t *udp = packet->head + packet->l4;
    uint32_t len = net_get16(udp + NET_UDP_LEN), room = packet->end - packet->l4;
    if (len < NET_UDP_HEADER || len > room || len > sizeof(copy)) {
        router_drop(router, DROP_malformed);
        return;
    }
    memcpy(copy, packet->data + packet->l4, len);
    memcpy(copy, udp, NET_UDP_HEADER);
    uint16_t sum = net_sum_pseudo(packet->src.bytes, packet->dst.bytes, 4, NET_PROTO_UDP, len);
    if (net_get16(udp + NET_UDP_CHECKSUM) && net_checksum(sum, copy, len)) {
        router_drop(router, DROP_malformed);
        return;
    }
    const uint8_t *data = copy + NET_UDP_HEADER;
    len -= NET_UDP_HEADER;
    int for_all = !domain_is_own(packet->domain, &packet->dst);
    if (packet->dst.port == 67 && packet->src.port == 68)
        dhcp_server_input(router, packet, data, len);
    else if (packet->dst.port == 68 && packet->src.port == 67)
        dhcp_client_input(router, packet->domain, data, len);
    else if (for_all)
        return;
    else if (packet->dst.port == 53 && packet->domain->config.relay)
        dns_query(router, packet, data, len);
    else if (!dns_answer(router, packet, data, len)) {
        router_drop(router, DROP_denied);
        icmp_complain(router, packet, NO_PORT, 0);
    }
}

static void local(struct router *router, struct packet *packet)
{
    struct domain *out;
    const struct forward *forward = NULL;
    if (packet->is_fragment && packet->offset) {
        router_drop(router, DROP_fragments);
        return;
    }
    int own = domain_is_own(packet->domain, &packet->dst);
    if (own && packet->family == NET_IPV4)
        forward = domain_forward(router, packet->domain, packet->proto, packet->dst.port, &out);
    if (forward) {
        begin(router, packet, out, &forward->to, 0);
        return;
    }
    if (packet->is_fragment)
        router_drop(router, DROP_fragments);
    else if (packet->proto == NET_PROTO_UDP && packet->family == NET_IPV4)
        udp_service(router, packet);
    else if (!own)
        return;
    else if (is_icmp(packet))
        icmp_echo(router, packet);
    else {
        router_drop(router, DROP_denied);
        if (packet->proto == NET_PROTO_TCP)
            tcp_reset(router, packet);
        else
            icmp_complain(router, packet, NO_PORT, 0);
    }
}

/* ---- all of it */

/* Nobody speaks for who is in another domain, or for the router. */
static int source_is_sound(const struct packet *packet)
{
    const struct net_addr *src = &packet->src;
    struct domain *domain = packet->domain;
    if (domain_is_own(domain, src))
        return 0;
    if (packet->family == NET_IPV4 && !addr4(src)) /* who asks for an address has none */
        return packet->proto == NET_PROTO_UDP && packet->dst.port == 67;
    if (addr_is_group(src) || domain_is_broadcast(domain, src))
        return 0;
    if (addr_is_link_local(src))
        return addr_is_link_local(&packet->dst) || addr_is_group(&packet->dst) ||
               domain_is_own(domain, &packet->dst);
    /* who has no address itself does not know who is who: an offer of an address comes from anybody */
    if (packet->family == NET_IPV4 && packet->proto == NET_PROTO_UDP && packet->dst.port == 68 &&
        domain->config.client)
        return 1;
    if (!packet->from->uplink && packet->family == NET_IPV4) {
        const struct lease *lease = dhcp_server_lease(domain, addr4(src));
        if (lease && !net_mac_equal(lease->mac, packet->from->mac))
            return 0;
    }
    return domain_may_have(domain, src);
}

static int is_local(const struct packet *packet)
{
    return domain_is_own(packet->domain, &packet->dst) || addr_is_group(&packet->dst) ||
           domain_is_broadcast(packet->domain, &packet->dst) ||
           (packet->family == NET_IPV4 && packet->domain->config.client && packet->dst.port == 68 &&
            packet->proto == NET_PROTO_UDP && packet->domain->dhcp.phase != DHCP_OFF &&
            !packet->domain->ipv4.family);
}

void ip_input(struct router *router, struct packet *packet)
{
    int v4 = net_get16(packet->head + NET_ETH_TYPE) == NET_ETH_IPV4, side;
    if (!(v4 ? parse_ipv4(router, packet) : parse_ipv6(router, packet)) || !parse_l4(router, packet))
        return;
    if (!v4 && nd_input(router, packet))
        return;
    struct flow *flow = has_ports(packet) ? flow_find_next(router, packet, &side) : NULL;
    if (flow && is_remembered(router, packet, flow, side)) {
        go_again(router, packet, flow, side);
        return;
    }
    if (!source_is_sound(packet)) {
        router_drop(router, DROP_spoofed);
        return;
    }
    if (is_icmp(packet) && !packet->offset && icmp_is_error(packet)) {
        icmp_translate(router, packet);
        return;
    }
    if (packet->offset) {
        go_fragment(router, packet);
        return;
    }
    if (!has_ports(packet))
        flow = flow_find(router, packet, &side);
    if (flow)
        go(router, packet, flow, side);
    else if (is_local(packet))
        local(router, packet);
    else if (addr_is_link_local(&packet->dst))
        router_drop(router, DROP_denied);
    else
        transit(router, packet);
}
