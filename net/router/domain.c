/* SPDX-License-Identifier: BSD-2-Clause */
/* domain.c: which domain an address is in, and what may go from one to another. */
#include "router.h"

#include <string.h>

struct domain *domain_find(struct router *router, const char *name)
{
    OS_LIST_FOR_EACH (link, &router->domains) {
        struct domain *domain = OS_CONTAINER_OF(link, struct domain, link);
        if (!strcmp(domain->config.name, name))
            return domain;
    }
    return NULL;
}

/* ---- addresses */

int addr_same(const struct net_addr *a, const struct net_addr *b)
{
    if (a->family != b->family || net_get32(a->bytes) != net_get32(b->bytes))
        return 0;
    return a->family == NET_IPV4 || !memcmp(a->bytes, b->bytes, 16);
}

/* Not of one machine: multicast, broadcast, none, loopback. */
int addr_is_group(const struct net_addr *addr)
{
    static const uint8_t none[15];
    if (addr->family == NET_IPV4)
        return addr->bytes[0] >= 224 || !addr->bytes[0] || addr->bytes[0] == 127;
    return addr->bytes[0] == 0xff || (!memcmp(addr->bytes, none, 15) && addr->bytes[15] <= 1);
}

int addr_is_link_local(const struct net_addr *addr)
{
    return addr->family == NET_IPV6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

static struct net_range range_of(const struct domain *domain, uint8_t family)
{
    if (family == NET_IPV6)
        return domain->config.ipv6;
    return (struct net_range){ .addr = domain->ipv4, .prefix = domain->prefix4 };
}

const struct net_addr *domain_address(const struct domain *domain, const struct net_addr *addr)
{
    if (addr->family == NET_IPV4)
        return domain->ipv4.family ? &domain->ipv4 : NULL;
    if (addr_is_link_local(addr))
        return &domain->local6;
    return domain->config.ipv6.addr.family ? &domain->config.ipv6.addr : NULL;
}

int domain_is_own(const struct domain *domain, const struct net_addr *addr)
{
    const struct net_addr *own = domain_address(domain, addr);
    return own && addr_same(own, addr);
}

int domain_is_broadcast(const struct domain *domain, const struct net_addr *addr)
{
    if (addr->family != NET_IPV4)
        return 0;
    uint32_t ip = addr4(addr);
    if (ip == UINT32_MAX)
        return 1;
    if (!domain->ipv4.family || domain->prefix4 >= 31)
        return 0;
    uint32_t rest = UINT32_MAX >> domain->prefix4;
    return (ip & ~rest) == (addr4(&domain->ipv4) & ~rest) && ((ip & rest) == rest || !(ip & rest));
}

int domain_on_link(const struct domain *domain, const struct net_addr *addr)
{
    struct net_range range = range_of(domain, addr->family);
    return range.addr.family && net_range_has(&range, addr);
}

static const struct net_addr *gateway_of(const struct domain *domain, uint8_t family)
{
    const struct net_addr *gateway = family == NET_IPV4 ? &domain->gateway : &domain->config.gateway6;
    return gateway->family ? gateway : NULL;
}

/* How well DOMAIN is the way to ADDR: the bits that decide it, from 1; 0 is not at all. */
static int way_through(const struct domain *domain, const struct net_addr *addr, struct net_addr *next)
{
    struct net_range range = range_of(domain, addr->family);
    const struct net_addr *gateway = gateway_of(domain, addr->family);
    int best = 0;
    if (gateway) {
        best = 1;
        *next = *gateway;
    }
    for (uint32_t i = 0; i < domain->config.route_count; i++) {
        const struct route *route = &domain->config.routes[i];
        if (net_range_has(&route->to, addr) && route->to.prefix + 1 > best) {
            best = route->to.prefix + 1;
            *next = route->via;
        }
    }
    if (range.addr.family && range.prefix + 1 > best && net_range_has(&range, addr)) {
        best = range.prefix + 1;
        *next = *addr;
    }
    next->port = 0;
    return best;
}

struct domain *domain_route(struct router *router, const struct net_addr *addr, struct net_addr *next)
{
    struct domain *found = NULL;
    int best = 0;
    OS_LIST_FOR_EACH (link, &router->domains) {
        struct domain *domain = OS_CONTAINER_OF(link, struct domain, link);
        struct net_addr way = { 0 };
        int bits = way_through(domain, addr, &way);
        if (bits > best) {
            best = bits;
            found = domain;
            *next = way;
        }
    }
    return found;
}

int domain_may_have(struct domain *domain, const struct net_addr *addr)
{
    struct net_addr way;
    int own = way_through(domain, addr, &way);
    if (!own)
        return 0;
    OS_LIST_FOR_EACH (link, &domain->router->domains) {
        struct domain *other = OS_CONTAINER_OF(link, struct domain, link);
        if (other != domain && way_through(other, addr, &way) > own)
            return 0;
    }
    return 1;
}

/* ---- rules */

enum verdict domain_verdict(const struct domain *from, const struct domain *to, uint8_t family, uint8_t proto,
                            uint16_t port)
{
    if (from == to)
        return from->config.isolated ? RULE_DENY : RULE_ALLOW;
    for (uint32_t i = 0; i < from->config.rule_count; i++) {
        const struct rule *rule = &from->config.rules[i];
        if (strcmp(rule->to, to->config.name) || (rule->nat && family != NET_IPV4))
            continue;
        if (proto == NET_PROTO_TCP   ? ports_have(&rule->tcp, port)
            : proto == NET_PROTO_UDP ? ports_have(&rule->udp, port)
                                     : rule->icmp)
            return rule->nat ? RULE_NAT : RULE_ALLOW;
    }
    return RULE_DENY;
}

const struct forward *domain_forward(struct router *router, const struct domain *from, uint8_t proto,
                                     uint16_t port, struct domain **out)
{
    OS_LIST_FOR_EACH (link, &router->domains) {
        struct domain *domain = OS_CONTAINER_OF(link, struct domain, link);
        for (uint32_t i = 0; i < domain->config.forward_count; i++) {
            const struct forward *forward = &domain->config.forwards[i];
            if (forward->proto != proto || forward->port != port || strcmp(forward->from, from->config.name))
                continue;
            *out = domain;
            return forward;
        }
    }
    return NULL;
}

/* ---- limits */

int domain_may_complain(struct domain *domain)
{
    struct router *router = domain->router;
    os_time since = router->now - domain->tokens_at;
    if (since >= OS_SEC) {
        domain->tokens = router->limits.errors;
        domain->tokens_at = router->now;
    }
    if (!domain->tokens) {
        router_drop(router, DROP_limited);
        return 0;
    }
    domain->tokens--;
    return 1;
}

/* ---- changes */

static int keep_if_own(struct router *router, struct flow *flow)
{
    const struct side *begun = &flow->side[0], *back = &flow->side[1];
    if (flow->nat)
        return domain_is_own(back->domain, &back->dst);
    return addr_same(&begun->dst, &back->src) || domain_is_own(begun->domain, &begun->dst);
}

void domain_set_ipv4(struct domain *domain, const struct net_addr *addr, uint8_t prefix,
                     const struct net_addr *gateway)
{
    int same = addr_same(&domain->ipv4, addr) && domain->prefix4 == prefix;
    router_changed(domain->router);
    domain->ipv4 = *addr;
    domain->prefix4 = prefix;
    domain->gateway = *gateway;
    if (same)
        return;
    neighbor_forget_all(domain);
    flow_sweep(domain->router, keep_if_own);
}
