/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp.c: errors that the router tells, errors of others that are about what it has changed, echo requests to
 * it, and the reset of TCP for connections that it knows nothing of. All of them have a limit per domain.
 */
#include "router.h"

#include <string.h>

enum { QUOTE_MAX = 128 }; /* bytes of the packet that an error is about */

int icmp_is_error(const struct packet *packet)
{
    uint8_t type = packet->head[packet->l4 + NET_ICMP_TYPE];
    if (packet->family == NET_IPV6)
        return type < 128;
    return type == NET_ICMP_UNREACHABLE || type == NET_ICMP_TIME_EXCEEDED || type == NET_ICMP_PARAMETER ||
           type == NET_ICMP_REDIRECT || type == 4; /* the last is source quench, which nobody sends */
}

/* Of nothing that could make one error call for others (RFC 1122, RFC 4443). */
static int may_complain(const struct packet *packet)
{
    const struct net_addr *src = &packet->src, *dst = &packet->dst;
    if (packet->offset || addr_is_group(src) || addr_is_group(dst) ||
        domain_is_broadcast(packet->domain, src) || domain_is_broadcast(packet->domain, dst))
        return 0;
    if (net_mac_is_group(packet->head + NET_ETH_DST) || !domain_address(packet->domain, src))
        return 0;
    uint8_t icmp = packet->family == NET_IPV4 ? NET_PROTO_ICMP : NET_PROTO_ICMPV6;
    return !(packet->proto == icmp && icmp_is_error(packet)) && domain_may_complain(packet->domain);
}

static void set_type(int v4, enum complaint what, uint8_t *icmp)
{
    static const uint8_t type4[] = {
        [NO_NET] = 3, [NO_HOST] = 3, [NO_PORT] = 3, [PROHIBITED] = 3, [TOO_BIG] = 3, [HOPS] = 11
    };
    static const uint8_t code4[] = {
        [NO_NET] = 0, [NO_HOST] = 1, [NO_PORT] = 3, [PROHIBITED] = 13, [TOO_BIG] = 4, [HOPS] = 0
    };
    static const uint8_t type6[] = {
        [NO_NET] = 1, [NO_HOST] = 1, [NO_PORT] = 1, [PROHIBITED] = 1, [TOO_BIG] = 2, [HOPS] = 3
    };
    static const uint8_t code6[] = {
        [NO_NET] = 0, [NO_HOST] = 3, [NO_PORT] = 4, [PROHIBITED] = 1, [TOO_BIG] = 0, [HOPS] = 0
    };
    icmp[NET_ICMP_TYPE] = v4 ? type4[what] : type6[what];
    icmp[NET_ICMP_CODE] = v4 ? code4[what] : code6[what];
}

/* Back to where PACKET came from, which is known: it has sent it. */
static int answer_begin(const struct packet *packet, uint32_t len, struct out *out)
{
    return out_begin_at(packet->from, packet->head + NET_ETH_SRC,
                        packet->family == NET_IPV4 ? NET_ETH_IPV4 : NET_ETH_IPV6, len, out);
}

/* The IP header of an answer with LEN bytes of PROTO; what follows it. */
static uint8_t *answer_header(struct router *router, struct out *out, const struct packet *packet,
                              const struct net_addr *from, uint8_t proto, uint32_t len)
{
    uint8_t *ip = out->data + NET_ETH_HEADER;
    if (packet->family == NET_IPV4) {
        ipv4_header(router, ip, proto, from, &packet->src, len);
        return ip + NET_IPV4_HEADER;
    }
    ipv6_header(ip, proto, from, &packet->src, len, 64);
    return ip + NET_IPV6_HEADER;
}

void icmp_complain(struct router *router, const struct packet *packet, enum complaint what, uint32_t of_mtu)
{
    int v4 = packet->family == NET_IPV4;
    uint32_t header = v4 ? NET_IPV4_HEADER : NET_IPV6_HEADER;
    uint32_t known = packet->head_len < packet->end ? packet->head_len : packet->end;
    uint32_t quote = known - NET_ETH_HEADER < QUOTE_MAX ? known - NET_ETH_HEADER : QUOTE_MAX;
    uint32_t len = NET_ICMP_HEADER + quote;
    uint8_t proto = v4 ? NET_PROTO_ICMP : NET_PROTO_ICMPV6;
    struct out out;
    if (!may_complain(packet) || !answer_begin(packet, header + len, &out))
        return;
    const struct net_addr *own = domain_address(packet->domain, &packet->src);
    uint8_t copy[NET_ICMP_HEADER + QUOTE_MAX] = { 0 };
    set_type(v4, what, copy);
    if (what == TOO_BIG)
        v4 ? net_put16(copy + NET_ICMP_MTU4, of_mtu) : net_put32(copy + NET_ICMP_MTU6, of_mtu);
    memcpy(copy + NET_ICMP_HEADER, packet->head + NET_ETH_HEADER, quote);
    uint16_t sum = v4 ? 0 : net_sum_pseudo(own->bytes, packet->src.bytes, 16, proto, len);
    net_put16(copy + NET_ICMP_CHECKSUM, net_checksum(sum, copy, len));
    memcpy(answer_header(router, &out, packet, own, proto, len), copy, len);
    out_end(&out);
}

/* The answer is the request with another type; its bytes are not looked at, they may be wrong as they came.
 */
void icmp_echo(struct router *router, const struct packet *packet)
{
    int v4 = packet->family == NET_IPV4;
    uint8_t request = v4 ? NET_ICMP_ECHO : NET_ICMPV6_ECHO,
            reply = v4 ? NET_ICMP_ECHO_REPLY : NET_ICMPV6_ECHO_REPLY;
    uint32_t header = v4 ? NET_IPV4_HEADER : NET_IPV6_HEADER, len = packet->end - packet->l4;
    struct out out;
    if (packet->head[packet->l4] != request || !domain_may_complain(packet->domain) ||
        !answer_begin(packet, header + len, &out))
        return;
    uint8_t head[NET_ICMP_HEADER], from[2] = { request, 0 }, to[2] = { reply, 0 };
    memcpy(head, packet->head + packet->l4, sizeof(head));
    from[1] = to[1] = head[NET_ICMP_CODE];
    head[NET_ICMP_TYPE] = reply;
    net_put16(head + NET_ICMP_CHECKSUM,
              net_checksum_update(net_get16(head + NET_ICMP_CHECKSUM), from, to, sizeof(from)));
    uint8_t *icmp = answer_header(router, &out, packet, &packet->dst, packet->proto, len);
    memcpy(icmp, head, sizeof(head));
    memcpy(icmp + sizeof(head), packet->data + packet->l4 + sizeof(head), len - sizeof(head));
    out_end(&out);
}

void tcp_reset(struct router *router, const struct packet *packet)
{
    int v4 = packet->family == NET_IPV4;
    uint32_t header = v4 ? NET_IPV4_HEADER : NET_IPV6_HEADER;
    const uint8_t *in = packet->head + packet->l4;
    uint8_t flags = in[NET_TCP_FLAGS];
    uint32_t data = packet->end - packet->l4, offset = (in[NET_TCP_OFFSET] >> 4) * 4u;
    struct out out;
    if (flags & NET_TCP_RST || offset > data || packet->is_fragment || !may_complain(packet) ||
        !answer_begin(packet, header + NET_TCP_HEADER, &out))
        return;
    uint8_t tcp[NET_TCP_HEADER] = { 0 };
    uint32_t length = data - offset + !!(flags & NET_TCP_SYN) + !!(flags & NET_TCP_FIN);
    net_put16(tcp + NET_TCP_SRC, packet->dst.port);
    net_put16(tcp + NET_TCP_DST, packet->src.port);
    tcp[NET_TCP_OFFSET] = NET_TCP_HEADER / 4 << 4;
    tcp[NET_TCP_FLAGS] = NET_TCP_RST;
    if (flags & NET_TCP_HAS_ACK)
        memcpy(tcp + NET_TCP_SEQ, in + NET_TCP_ACK, 4);
    else {
        tcp[NET_TCP_FLAGS] |= NET_TCP_HAS_ACK;
        net_put32(tcp + NET_TCP_ACK, net_get32(in + NET_TCP_SEQ) + length);
    }
    uint16_t sum =
        net_sum_pseudo(packet->dst.bytes, packet->src.bytes, v4 ? 4 : 16, NET_PROTO_TCP, NET_TCP_HEADER);
    net_put16(tcp + NET_TCP_CHECKSUM, net_checksum(sum, tcp, sizeof(tcp)));
    memcpy(answer_header(router, &out, packet, &packet->dst, NET_PROTO_TCP, NET_TCP_HEADER), tcp,
           sizeof(tcp));
    out_end(&out);
}

/* ---- errors of others */

/* What an error quotes: a packet on its way out of the domain that the error comes in from. */
struct quote {
    uint32_t ip, l4, len; /* offsets in the head; bytes of the header above IP that are there, up to 8 */
    struct packet as;     /* as the answer to it would come in */
};

static int parse_quote(const struct packet *packet, struct quote *quote)
{
    int v4 = packet->family == NET_IPV4;
    uint32_t known = packet->head_len < packet->end ? packet->head_len : packet->end;
    quote->ip = packet->l4 + NET_ICMP_HEADER;
    quote->l4 = quote->ip + (v4 ? NET_IPV4_HEADER : NET_IPV6_HEADER);
    if (quote->l4 + 8 > known)
        return 0;
    const uint8_t *ip = packet->head + quote->ip, *l4 = packet->head + quote->l4;
    if (ip[0] != 0x45 && (v4 || ip[0] >> 4 != 6))
        return 0;
    if (v4 && net_get16(ip + NET_IPV4_FRAGMENT) & NET_IPV4_FRAGMENT_OFFSET)
        return 0;
    struct packet *as = &quote->as;
    as->domain = packet->domain;
    as->family = packet->family;
    as->proto = v4 ? ip[NET_IPV4_PROTO] : ip[NET_IPV6_NEXT];
    as->src = v4 ? addr4_of(ip + NET_IPV4_DST) : addr6_of(ip + NET_IPV6_DST);
    as->dst = v4 ? addr4_of(ip + NET_IPV4_SRC) : addr6_of(ip + NET_IPV6_SRC);
    if (as->proto == NET_PROTO_TCP || as->proto == NET_PROTO_UDP) {
        as->src.port = net_get16(l4 + 2);
        as->dst.port = net_get16(l4);
    } else if (l4[0] == (v4 ? NET_ICMP_ECHO : NET_ICMPV6_ECHO))
        as->dst.port = net_get16(l4 + NET_ICMP_ID);
    else
        as->src.port = net_get16(l4 + NET_ICMP_ID);
    return 1;
}

/* LEN bytes at AT of the head become those of TO, and the error's checksum, which is about them, follows. */
static void change(struct packet *packet, uint32_t at, const uint8_t *to, size_t len)
{
    uint8_t *sum = packet->head + packet->l4 + NET_ICMP_CHECKSUM;
    net_put16(sum, net_checksum_update(net_get16(sum), packet->head + at, to, len));
    memcpy(packet->head + at, to, len);
}

static void change_port(struct packet *packet, uint32_t at, uint16_t port)
{
    uint8_t word[2];
    net_put16(word, port);
    change(packet, at, word, 2);
}

/* The quoted packet becomes what it was when it came in, which OTHER says. */
static void restore_quote(struct packet *packet, const struct quote *quote, const struct side *other)
{
    int v4 = packet->family == NET_IPV4;
    size_t len = v4 ? 4 : 16;
    uint8_t *ip = packet->head + quote->ip;
    if (v4) {
        uint16_t sum = net_get16(ip + NET_IPV4_CHECKSUM);
        sum = net_checksum_update(sum, ip + NET_IPV4_SRC, other->src.bytes, 4);
        sum = net_checksum_update(sum, ip + NET_IPV4_DST, other->dst.bytes, 4);
        change_port(packet, quote->ip + NET_IPV4_CHECKSUM, sum);
    }
    change(packet, quote->ip + (v4 ? NET_IPV4_SRC : NET_IPV6_SRC), other->src.bytes, len);
    change(packet, quote->ip + (v4 ? NET_IPV4_DST : NET_IPV6_DST), other->dst.bytes, len);
    if (quote->as.proto == NET_PROTO_TCP || quote->as.proto == NET_PROTO_UDP) {
        change_port(packet, quote->l4, other->src.port);
        change_port(packet, quote->l4 + 2, other->dst.port);
    } else
        change_port(packet, quote->l4 + NET_ICMP_ID, other->src.port ? other->src.port : other->dst.port);
}

/* The pseudo header of ICMPv6 and the header of IPv4 change with the addresses. */
static void readdress(struct packet *packet, uint32_t offset, const struct net_addr *to)
{
    uint8_t *ip = packet->head + NET_ETH_HEADER;
    uint8_t *sum =
        packet->family == NET_IPV4 ? ip + NET_IPV4_CHECKSUM : packet->head + packet->l4 + NET_ICMP_CHECKSUM;
    size_t len = packet->family == NET_IPV4 ? 4 : 16;
    net_put16(sum, net_checksum_update(net_get16(sum), ip + offset, to->bytes, len));
    memcpy(ip + offset, to->bytes, len);
}

void icmp_translate(struct router *router, struct packet *packet)
{
    struct quote quote = { 0 };
    int side, v4 = packet->family == NET_IPV4;
    uint8_t type = packet->head[packet->l4 + NET_ICMP_TYPE];
    uint8_t hops = packet->head[NET_ETH_HEADER + (v4 ? NET_IPV4_TTL : NET_IPV6_HOPS)];
    if (packet->is_fragment || (v4 && (type == NET_ICMP_REDIRECT || type == 4)) ||
        !parse_quote(packet, &quote)) {
        router_drop(router, DROP_malformed);
        return;
    }
    struct flow *flow = flow_find(router, &quote.as, &side);
    if (!flow || hops <= 1) { /* it is about nothing that went through here */
        router_drop(router, DROP_no_state);
        return;
    }
    const struct side *here = &flow->side[side], *other = &flow->side[!side];
    struct net_addr from = packet->src;
    if (addr_same(&from, &here->src)) /* the peer itself, under the name that the other side knows */
        from = other->dst;
    else if (flow->nat && !side) /* who is inside is not told outside */
        from = *domain_address(other->domain, &other->src);
    restore_quote(packet, &quote, other);
    readdress(packet, v4 ? NET_IPV4_SRC : NET_IPV6_SRC, &from);
    readdress(packet, v4 ? NET_IPV4_DST : NET_IPV6_DST, &other->src);
    if (v4) {
        uint8_t *ip = packet->head + NET_ETH_HEADER;
        uint16_t before = net_get16(ip + NET_IPV4_TTL);
        ip[NET_IPV4_TTL]--;
        net_put16(ip + NET_IPV4_CHECKSUM, net_checksum_update16(net_get16(ip + NET_IPV4_CHECKSUM), before,
                                                                net_get16(ip + NET_IPV4_TTL)));
    } else
        packet->head[NET_ETH_HEADER + NET_IPV6_HOPS]--;
    struct net_addr to = other->src;
    forward_out(router, packet, other->domain, &to);
}
