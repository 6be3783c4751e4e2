/* SPDX-License-Identifier: BSD-2-Clause */
/* router.c: frames as they come in, within a domain and to the router; ports, and changes of the config. */
#include "router.h"

#include <stdlib.h>
#include <string.h>

void router_drop(struct router *router, enum drop why)
{
    router->drops[why]++;
}

/* ---- within a domain */

static int is_for_router(const struct packet *packet)
{
    return net_mac_equal(packet->head + NET_ETH_DST, port_mac(packet->from));
}

/* Who speaks: a machine for itself, behind an uplink nobody for a machine of this side or for the router. */
static int mac_is_sound(const struct packet *packet)
{
    const uint8_t *src = packet->head + NET_ETH_SRC;
    if (!packet->from->uplink)
        return net_mac_equal(src, packet->from->mac);
    if (net_mac_is_group(src) || net_mac_equal(src, packet->domain->mac))
        return 0;
    OS_LIST_FOR_EACH (link, &packet->domain->ports)
        if (net_mac_equal(OS_CONTAINER_OF(link, struct port, link)->mac, src))
            return 0;
    return 1;
}

/* Addresses that are the router's, or were given to another machine, are not used within the domain either.
 */
static int may_use(const struct packet *packet, const struct net_addr *addr)
{
    const struct lease *lease;
    if (domain_is_own(packet->domain, addr))
        return 0;
    if (addr->family != NET_IPV4)
        return 1;
    lease = dhcp_server_lease(packet->domain, addr4(addr));
    return !lease || net_mac_equal(lease->mac, packet->head + NET_ETH_SRC);
}

/* What only a server of addresses says, or is told; on the side of the machines that is this one. */
static int is_of_a_server(const struct packet *packet, const uint8_t *ip, uint32_t known)
{
    uint32_t l4 = (ip[NET_IPV4_VERSION] & 15u) * 4;
    if (ip[NET_IPV4_PROTO] != NET_PROTO_UDP || l4 + 4 > known)
        return 0;
    return net_get16(ip + l4) == 67 || (packet->domain->leases && net_get16(ip + l4 + 2) == 67);
}

/* Neighbor discovery: nobody says that the router is at his place, or who is known to be at another, and
 * only the router says what routers say; none of it behind extension headers, where others would find it.
 */
static int is_sound_nd(const struct packet *packet, const uint8_t *ip, uint32_t known)
{
    uint32_t len = NET_IPV6_HEADER + net_get16(ip + NET_IPV6_LEN);
    struct net_upper upper;
    if (known > len)
        known = len; /* what is behind it is no part of the packet */
    if (!net_upper(ip, known, &upper))
        return 0;
    if (upper.passed & NET_PASSED_REST || upper.proto != NET_PROTO_ICMPV6)
        return 1;
    if (upper.at >= known)
        return 0;
    uint8_t type = ip[upper.at];
    if (!net_is_nd(type))
        return 1;
    if (upper.passed || known < NET_IPV6_HEADER + 8)
        return 0;
    if (type == NET_ICMPV6_ROUTER_ADVERT || type == NET_ICMPV6_REDIRECT)
        return packet->from->uplink;
    if (type == NET_ICMPV6_ROUTER_SOLICIT)
        return 1;
    if (known < NET_IPV6_HEADER + NET_ND_OPTIONS)
        return 0;
    struct net_addr who = addr6_of(
        type == NET_ICMPV6_NEIGHBOR_SOLICIT ? ip + NET_IPV6_SRC : ip + NET_IPV6_HEADER + NET_ND_TARGET);
    return may_use(packet, &who) &&
           neighbor_learn(packet->domain, &who, packet->head + NET_ETH_SRC, packet->from, 0);
}

/* What machines of a domain may say to each other; says whether a request to the router only is none of it.
 */
static int may_bridge(const struct packet *packet)
{
    const uint8_t *at = packet->head + NET_ETH_HEADER;
    uint32_t known = packet->head_len - NET_ETH_HEADER, type = net_get16(packet->head + NET_ETH_TYPE);
    struct net_addr src;
    if (type == NET_ETH_ARP) {
        if (known < NET_ARP_SIZE || !net_mac_equal(at + NET_ARP_SENDER_MAC, packet->head + NET_ETH_SRC))
            return 0;
        struct net_addr target = addr4_of(at + NET_ARP_TARGET_IP);
        src = addr4_of(at + NET_ARP_SENDER_IP);
        return may_use(packet, &src) && !domain_is_own(packet->domain, &target);
    }
    if (known < (type == NET_ETH_IPV4 ? NET_IPV4_HEADER : NET_IPV6_HEADER))
        return 0;
    src = type == NET_ETH_IPV4 ? addr4_of(at + NET_IPV4_SRC) : addr6_of(at + NET_IPV6_SRC);
    if (!may_use(packet, &src))
        return 0;
    if (type == NET_ETH_IPV6)
        return is_sound_nd(packet, at, known);
    return packet->from->uplink || !is_of_a_server(packet, at, known);
}

static void bridge_to(struct router *router, const struct packet *packet, struct port *port)
{
    uint8_t *data = port->up ? router->io->alloc(port, packet->len, packet->flags) : NULL;
    if (!data) {
        router_drop(router, DROP_no_room);
        return;
    }
    memcpy(data, packet->head, packet->head_len);
    memcpy(data + packet->head_len, packet->data + packet->head_len, packet->len - packet->head_len);
    packet->domain->out++;
    packet->domain->bytes_out += packet->len;
    router->io->submit(port, packet->len);
}

static void bridge(struct router *router, const struct packet *packet)
{
    const uint8_t *dst = packet->head + NET_ETH_DST;
    int group = net_mac_is_group(dst), found = 0;
    if (packet->domain->config.isolated || !may_bridge(packet)) {
        if (!group)
            router_drop(router, DROP_denied);
        return;
    }
    OS_LIST_FOR_EACH (link, &packet->domain->ports) {
        struct port *port = OS_CONTAINER_OF(link, struct port, link);
        if (port == packet->from || (!group && (port->uplink || !net_mac_equal(port->mac, dst))))
            continue;
        found = 1;
        bridge_to(router, packet, port);
    }
    OS_LIST_FOR_EACH (link, &packet->domain->ports) {
        struct port *port = OS_CONTAINER_OF(link, struct port, link);
        if (!group && !found && port->uplink && !packet->from->uplink)
            bridge_to(router, packet, port);
    }
}

void router_frame(struct router *router, struct port *port, const uint8_t *data, uint32_t len, uint32_t flags,
                  os_time now)
{
    struct domain *domain = port->domain;
    struct packet packet;
    router->now = now;
    if (!domain || !port->up)
        return;
    domain->in++;
    domain->bytes_in += len;
    packet.from = port;
    packet.domain = domain;
    packet.data = data;
    packet.len = len;
    packet.flags = flags;
    packet.head_len = len < HEAD_MAX ? len : HEAD_MAX;
    packet.is_fragment = packet.more = 0;
    packet.offset = 0;
    memcpy(packet.head, data, packet.head_len);
    if (len < NET_ETH_HEADER) {
        router_drop(router, DROP_malformed);
        return;
    }
    if (!mac_is_sound(&packet)) {
        router_drop(router, DROP_spoofed);
        return;
    }
    uint32_t type = net_get16(packet.head + NET_ETH_TYPE);
    if (type != NET_ETH_IPV4 && type != NET_ETH_IPV6 && type != NET_ETH_ARP) {
        router_drop(router, DROP_unknown);
        return;
    }
    if (!is_for_router(&packet))
        bridge(router, &packet);
    if (!is_for_router(&packet) && !net_mac_is_group(packet.head + NET_ETH_DST))
        return;
    if (type == NET_ETH_ARP)
        arp_input(router, &packet);
    else
        ip_input(router, &packet);
}

/* ---- ports */

static void measure(struct domain *domain)
{
    domain->mtu = 0;
    OS_LIST_FOR_EACH (link, &domain->ports) {
        struct port *port = OS_CONTAINER_OF(link, struct port, link);
        if (port->mtu && (!domain->mtu || port->mtu < domain->mtu))
            domain->mtu = port->mtu;
    }
    if (!domain->mtu)
        domain->mtu = MTU_DEFAULT;
}

void router_link(struct router *router, struct port *port, os_time now)
{
    struct domain *domain = port->domain;
    router->now = now;
    router_changed(router);
    if (!domain)
        return;
    measure(domain);
    if (!port->up) {
        neighbor_forget_port(domain, port);
        return;
    }
    if (domain->config.client)
        dhcp_client_start(domain);
    nd_advertise_soon(domain);
}

void router_add(struct router *router, struct port *port, struct domain *domain, os_time now)
{
    router->now = now;
    os_list_init(&port->link);
    os_list_init(&port->client.flows);
    port->client.flow_count = port->client.query_count = port->client.lease_count = 0;
    port->client.neighbor_count = 0;
    port->last = NULL;
    port->domain = domain;
    if (!domain)
        return;
    os_list_insert(&domain->ports, &port->link);
    router_link(router, port, now);
}

void router_remove(struct router *router, struct port *port, os_time now)
{
    struct domain *domain = port->domain;
    router->now = now;
    router_changed(router);
    if (!domain)
        return;
    neighbor_forget_port(domain, port);
    flow_end_client(router, &port->client);
    dhcp_server_forget(domain, &port->client);
    dns_forget(router, NULL, &port->client);
    os_list_remove(&port->link);
    port->domain = NULL;
    measure(domain);
}

/* ---- time */

os_time router_tick(struct router *router, os_time now)
{
    router->now = now;
    router->due = OS_NEVER;
    flow_expire(router);
    OS_LIST_FOR_EACH (link, &router->domains) {
        struct domain *domain = OS_CONTAINER_OF(link, struct domain, link);
        router_at(router, neighbor_tick(domain));
        router_at(router, nd_tick(domain));
        router_at(router, dhcp_client_tick(domain));
    }
    router_at(router, flow_due(router));
    return router->due;
}

os_time router_due(struct router *router)
{
    return router->due;
}

/* ---- domains come and go */

static void end_domain(struct router *router, struct domain *domain)
{
    while (!os_list_empty(&domain->ports))
        router_remove(router, OS_CONTAINER_OF(domain->ports.next, struct port, link), router->now);
    flow_end_client(router, &domain->outside);
    dns_forget(router, domain, NULL);
    for (int i = 0; i < FRAGMENTS_MAX; i++)
        if (router->fragments[i].domain == domain)
            router->fragments[i] = (struct fragments){ 0 };
    neighbor_forget_all(domain);
    dhcp_server_forget(domain, &domain->outside);
    os_list_remove(&domain->link);
    free(domain->leases);
    free(domain);
}

static struct domain *make_domain(struct router *router, const struct domain_config *config)
{
    struct domain *domain = calloc(1, sizeof(*domain));
    if (!domain)
        return NULL;
    domain->router = router;
    domain->id = ++router->last_id;
    router_mac(router, config->name, DOMAIN_MAC, domain->mac);
    memcpy(domain->config.name, config->name, NAME_SIZE);
    os_list_init(&domain->ports);
    os_list_init(&domain->neighbors);
    os_list_init(&domain->outside.flows);
    nd_local_address(domain);
    measure(domain);
    os_list_insert(&router->domains, &domain->link);
    return domain;
}

static os_err take_config(struct domain *domain, const struct domain_config *config)
{
    int was_client = domain->config.client, had6 = domain->config.ipv6.addr.family;
    os_err err = OS_OK;
    int moved = config->client || addr4(&config->ipv4.addr) != addr4(&domain->config.ipv4.addr) ||
                config->dhcp.first != domain->config.dhcp.first ||
                config->dhcp.last != domain->config.dhcp.last;
    int moved6 = memcmp(&config->ipv6, &domain->config.ipv6, sizeof(config->ipv6));
    if (was_client && !config->client)
        dhcp_client_stop(domain);
    if (moved)
        err = dhcp_server_configure(domain, config->dhcp.first, config->dhcp.last);
    domain->config = *config;
    if (err)
        domain->config.dhcp.first = domain->config.dhcp.last = 0;
    if (!config->client)
        domain_set_ipv4(domain, &config->ipv4.addr, config->ipv4.prefix, &config->gateway);
    else if (!was_client)
        dhcp_client_start(domain);
    if (moved6 && had6)
        neighbor_forget_all(domain);
    neighbor_set_static(domain);
    if (moved6)
        nd_advertise_soon(domain);
    return err;
}

/* A connection that the rules of now would allow in the same way. */
static int is_allowed(struct router *router, struct flow *flow)
{
    struct side *begun = &flow->side[0], *back = &flow->side[1];
    struct net_addr next;
    struct domain *out;
    if (!begun->domain->wanted || !back->domain->wanted)
        return 0;
    if (addr_same(&begun->dst, &back->src) && begun->dst.port == back->src.port) {
        enum verdict verdict =
            domain_verdict(begun->domain, back->domain, begun->dst.family, flow->proto, begun->dst.port);
        return verdict == (flow->nat ? RULE_NAT : RULE_ALLOW) &&
               domain_route(router, &back->src, &next) == back->domain &&
               (!flow->nat || domain_is_own(back->domain, &back->dst));
    }
    const struct forward *forward = domain_forward(router, begun->domain, flow->proto, begun->dst.port, &out);
    return forward && out == back->domain && net_addr_equal(&forward->to, &back->src) &&
           domain_is_own(begun->domain, &begun->dst);
}

static os_err take_limits(struct router *router, const struct limits *limits)
{
    struct query *queries = NULL;
    if (limits->queries != router->limits.queries) {
        queries = calloc(limits->queries, sizeof(*queries));
        if (!queries)
            return OS_ERR_RAM;
    }
    os_err err = limits->states != router->flow_count ? flow_init(router, limits->states) : OS_OK;
    if (err) {
        free(queries);
        return err;
    }
    if (queries) {
        OS_LIST_FOR_EACH (link, &router->domains)
            dns_forget(router, OS_CONTAINER_OF(link, struct domain, link), NULL);
        free(router->queries);
        router->queries = queries;
    }
    router->limits = *limits;
    return OS_OK;
}

os_err router_configure(struct router *router, const struct router_config *read, os_time now)
{
    router->now = now;
    router_changed(router);
    os_err err = take_limits(router, &read->limits);
    if (err)
        return err;
    memcpy(router->dns, read->dns, sizeof(router->dns));
    router->dns_count = read->dns_count;
    OS_LIST_FOR_EACH (link, &router->domains)
        OS_CONTAINER_OF(link, struct domain, link)->wanted = 0;
    for (uint32_t i = 0; i < read->domain_count; i++) {
        struct domain *domain = domain_find(router, read->domains[i].name);
        if (!domain)
            domain = make_domain(router, &read->domains[i]);
        os_err failed = domain ? take_config(domain, &read->domains[i]) : OS_ERR_RAM;
        if (domain)
            domain->wanted = 1;
        if (failed)
            err = failed;
    }
    flow_sweep(router, is_allowed);
    OS_LIST_FOR_EACH_SAFE (link, &router->domains) {
        struct domain *domain = OS_CONTAINER_OF(link, struct domain, link);
        if (!domain->wanted)
            end_domain(router, domain);
    }
    router_tick(router, now);
    return err;
}

/* ---- the whole */

void router_init(struct router *router, const struct router_io *io, const struct router_secrets *secrets)
{
    router->io = io;
    router->due = OS_NEVER;
    router->generation = 1;
    router->secrets = *secrets;
    os_list_init(&router->domains);
    os_list_init(&router->unused);
    for (int age = 0; age < AGES; age++)
        os_list_init(&router->ages[age]);
}

static int keep_none(struct router *router, struct flow *flow)
{
    return 0;
}

void router_fini(struct router *router)
{
    flow_sweep(router, keep_none);
    OS_LIST_FOR_EACH_SAFE (link, &router->domains)
        end_domain(router, OS_CONTAINER_OF(link, struct domain, link));
    flow_fini(router);
    free(router->queries);
    *router = (struct router){ 0 };
}
