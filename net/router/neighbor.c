/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbor.c: who has which address in a domain, learned by ARP and neighbor discovery. Each domain has a
 * table of its own, so nothing that is said in one domain is believed in another. What is learned comes from
 * who answers the router or asks it; an address that another session is known to have, or that DHCP has given
 * to another machine, is not taken over; static entries are never changed.
 *
 * A frame to an unknown neighbor waits, one for each neighbor.
 */
#include "router.h"

#include <stdlib.h>
#include <string.h>

#define LIFETIME (300 * OS_SEC) /* of what was learned */
#define REFRESH  (225 * OS_SEC) /* when it is asked for again if it is in use */
#define RETRY    OS_SEC
#define TRIES    3

static uint32_t bucket_of(const struct net_addr *ip)
{
    uint32_t word = net_get32(ip->family == NET_IPV4 ? ip->bytes : ip->bytes + 12);
    return (word ^ word >> 8 ^ word >> 16) % BUCKETS;
}

struct neighbor *neighbor_find(const struct domain *domain, const struct net_addr *ip)
{
    for (struct neighbor *at = domain->buckets[bucket_of(ip)]; at; at = at->next)
        if (addr_same(&at->ip, ip))
            return at;
    return NULL;
}

int neighbor_is_known(const struct domain *domain, const struct neighbor *neighbor)
{
    return neighbor->known && neighbor->expires > domain->router->now;
}

static struct neighbor *neighbor_of(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct neighbor, link);
}

static void drop_pending(struct domain *domain, struct neighbor *neighbor)
{
    if (!neighbor->pending)
        return;
    free(neighbor->pending);
    neighbor->pending = NULL;
    domain->router->pending--;
}

/* Where the neighbor is; the sessions count theirs. */
static void set_port(struct neighbor *neighbor, struct port *port)
{
    if (neighbor->port)
        neighbor->port->client.neighbor_count--;
    neighbor->port = port;
    if (port)
        port->client.neighbor_count++;
}

static void forget(struct domain *domain, struct neighbor *neighbor)
{
    router_changed(domain->router);
    struct neighbor **at = &domain->buckets[bucket_of(&neighbor->ip)];
    while (*at != neighbor)
        at = &(*at)->next;
    *at = neighbor->next;
    os_list_remove(&neighbor->link);
    if (neighbor->pending)
        router_drop(domain->router, DROP_no_neighbor);
    drop_pending(domain, neighbor);
    set_port(neighbor, NULL);
    domain->neighbor_count--;
    if (!neighbor->known)
        domain->unknown_count--;
    free(neighbor);
}

void neighbor_forget_port(struct domain *domain, const struct port *port)
{
    OS_LIST_FOR_EACH_SAFE (link, &domain->neighbors)
        if (neighbor_of(link)->port == port)
            forget(domain, neighbor_of(link));
}

void neighbor_forget_all(struct domain *domain)
{
    OS_LIST_FOR_EACH_SAFE (link, &domain->neighbors)
        forget(domain, neighbor_of(link));
}

/* In a full table the oldest gives way that is of the same port, or that nobody has answered for. */
static int make_room(struct domain *domain, const struct port *port)
{
    if (domain->neighbor_count < domain->router->limits.neighbors)
        return 1;
    OS_LIST_FOR_EACH (link, &domain->neighbors) {
        struct neighbor *old = neighbor_of(link);
        if (!old->fixed && (!old->known || old->port == port || old->expires <= domain->router->now)) {
            forget(domain, old);
            return 1;
        }
    }
    router_drop(domain->router, DROP_neighbors_full);
    return 0;
}

/* A session is one machine, however many addresses it claims: a quarter of all, then its oldest gives way. */
static void keep_share(struct domain *domain, const struct port *port)
{
    if (port->uplink || port->client.neighbor_count < domain->router->limits.neighbors / 4)
        return;
    OS_LIST_FOR_EACH (link, &domain->neighbors)
        if (neighbor_of(link)->port == port) {
            forget(domain, neighbor_of(link));
            return;
        }
}

static struct neighbor *add(struct domain *domain, const struct net_addr *ip, const struct port *port)
{
    struct neighbor *neighbor = make_room(domain, port) ? calloc(1, sizeof(*neighbor)) : NULL;
    struct neighbor **head = &domain->buckets[bucket_of(ip)];
    if (!neighbor)
        return NULL;
    neighbor->ip = *ip;
    neighbor->ip.port = 0;
    neighbor->ip.zone = 0;
    neighbor->next = *head;
    *head = neighbor;
    os_list_insert(&domain->neighbors, &neighbor->link);
    domain->neighbor_count++;
    domain->unknown_count++;
    return neighbor;
}

/* Where a machine is whose MAC address is known: its own session, or a way out. */
static struct port *port_of(const struct domain *domain, const uint8_t *mac)
{
    struct port *out = NULL;
    OS_LIST_FOR_EACH (link, &domain->ports) {
        struct port *port = OS_CONTAINER_OF(link, struct port, link);
        if (!port->uplink && net_mac_equal(port->mac, mac))
            return port;
        if (port->uplink && port->up)
            out = port;
    }
    return out;
}

void neighbor_set_static(struct domain *domain)
{
    OS_LIST_FOR_EACH_SAFE (link, &domain->neighbors)
        if (neighbor_of(link)->fixed)
            forget(domain, neighbor_of(link));
    for (uint32_t i = 0; i < domain->config.static_count; i++) {
        const struct static_neighbor *entry = &domain->config.statics[i];
        struct neighbor *neighbor = neighbor_find(domain, &entry->ip);
        if (neighbor)
            forget(domain, neighbor);
        neighbor = add(domain, &entry->ip, NULL);
        if (!neighbor)
            return;
        domain->unknown_count--;
        neighbor->known = neighbor->fixed = 1;
        neighbor->expires = OS_NEVER;
        neighbor->refresh = OS_NEVER;
        memcpy(neighbor->mac, entry->mac, 6);
    }
}

/* ---- learning */

static int may_learn(struct domain *domain, const struct net_addr *ip, const uint8_t *mac,
                     const struct port *port)
{
    const struct lease *lease;
    if (net_mac_is_group(mac) || (!port->uplink && !net_mac_equal(mac, port->mac)))
        return 0;
    if (addr_is_group(ip) || domain_is_own(domain, ip) || domain_is_broadcast(domain, ip) ||
        !(domain_on_link(domain, ip) || addr_is_link_local(ip)))
        return 0;
    if (ip->family != NET_IPV4)
        return 1;
    lease = dhcp_server_lease(domain, addr4(ip));
    return !lease || net_mac_equal(lease->mac, mac);
}

static void send_pending(struct domain *domain, struct neighbor *neighbor)
{
    struct router *router = domain->router;
    struct port *port = neighbor->port;
    uint8_t *data = neighbor->pending ? router->io->alloc(port, neighbor->pending_len, 0) : NULL;
    if (data) {
        memcpy(data, neighbor->pending, neighbor->pending_len);
        memcpy(data + NET_ETH_DST, neighbor->mac, 6);
        memcpy(data + NET_ETH_SRC, port_mac(port), 6);
        router->io->submit(port, neighbor->pending_len);
        domain->out++;
        domain->bytes_out += neighbor->pending_len;
    }
    drop_pending(domain, neighbor);
}

int neighbor_learn(struct domain *domain, const struct net_addr *ip, const uint8_t *mac, struct port *port,
                   int may_add)
{
    struct router *router = domain->router;
    struct neighbor *neighbor = neighbor_find(domain, ip);
    if (!neighbor && !may_add)
        return 1;
    if (!may_learn(domain, ip, mac, port) ||
        (neighbor && (neighbor->fixed ||
                      (neighbor->known && neighbor->port != port && neighbor->expires > router->now)))) {
        if (!neighbor || !neighbor->fixed || !net_mac_equal(neighbor->mac, mac)) {
            router_drop(router, DROP_spoofed);
            return 0;
        }
        return 1;
    }
    if (!neighbor || neighbor->port != port)
        keep_share(domain, port);
    if (!neighbor)
        neighbor = add(domain, ip, port);
    if (!neighbor)
        return 0;
    if (!neighbor->known)
        domain->unknown_count--;
    neighbor->known = 1;
    set_port(neighbor, port);
    neighbor->tries = 0;
    memcpy(neighbor->mac, mac, 6);
    neighbor->refresh = router->now + REFRESH;
    neighbor->expires = router->now + LIFETIME;
    os_list_remove(&neighbor->link);
    os_list_insert(&domain->neighbors, &neighbor->link);
    send_pending(domain, neighbor);
    return 1;
}

/* ---- asking */

static void send_arp(struct port *port, uint16_t operation, const uint8_t *to, const uint8_t *target_mac,
                     const struct net_addr *target)
{
    struct out out;
    if (!out_begin_at(port, to, NET_ETH_ARP, NET_ARP_SIZE, &out))
        return;
    uint8_t *arp = out.data + NET_ETH_HEADER;
    net_put16(arp + NET_ARP_HARDWARE, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, operation);
    memcpy(arp + NET_ARP_SENDER_MAC, port_mac(port), 6);
    memcpy(arp + NET_ARP_SENDER_IP, port->domain->ipv4.bytes, 4);
    memcpy(arp + NET_ARP_TARGET_MAC, target_mac, 6);
    memcpy(arp + NET_ARP_TARGET_IP, target->bytes, 4);
    out_end(&out);
}

/* All ports, or the one of a known neighbor alone. */
static void ask(struct domain *domain, const struct neighbor *neighbor)
{
    static const uint8_t unknown[6];
    if (neighbor->ip.family == NET_IPV6) {
        nd_solicit(domain, &neighbor->ip, neighbor->known ? neighbor : NULL);
        return;
    }
    if (!domain->ipv4.family)
        return;
    if (neighbor->known && neighbor->port) {
        send_arp(neighbor->port, NET_ARP_REQUEST, neighbor->mac, neighbor->mac, &neighbor->ip);
        return;
    }
    OS_LIST_FOR_EACH (link, &domain->ports)
        send_arp(OS_CONTAINER_OF(link, struct port, link), NET_ARP_REQUEST, net_mac_broadcast, unknown,
                 &neighbor->ip);
}

os_time neighbor_tick(struct domain *domain)
{
    os_time now = domain->router->now, due = OS_NEVER;
    if (!domain->unknown_count)
        return OS_NEVER;
    OS_LIST_FOR_EACH_SAFE (link, &domain->neighbors) {
        struct neighbor *neighbor = neighbor_of(link);
        if (neighbor->known)
            continue;
        if (neighbor->refresh <= now) {
            if (neighbor->tries == TRIES) {
                forget(domain, neighbor);
                continue;
            }
            neighbor->tries++;
            neighbor->refresh = now + RETRY;
            ask(domain, neighbor);
        }
        if (neighbor->refresh < due)
            due = neighbor->refresh;
    }
    return due;
}

/* ---- sending */

static uint8_t *begin(struct domain *domain, struct port *port, uint32_t len, uint32_t flags, struct out *out)
{
    uint8_t *data = port->up ? domain->router->io->alloc(port, len, flags) : NULL;
    if (!data)
        router_drop(domain->router, DROP_no_room);
    *out = (struct out){ .router = domain->router, .port = port, .data = data, .len = len };
    return data;
}

int out_begin_at(struct port *port, const uint8_t *mac, uint32_t type, uint32_t len, struct out *out)
{
    uint8_t *data = begin(port->domain, port, NET_ETH_HEADER + len, 0, out);
    if (!data)
        return 0;
    memcpy(data + NET_ETH_DST, mac, 6);
    memcpy(data + NET_ETH_SRC, port_mac(port), 6);
    net_put16(data + NET_ETH_TYPE, type);
    return 1;
}

/* Room for a frame that waits; the one before is lost. */
static int begin_pending(struct domain *domain, const struct net_addr *next, uint32_t len, struct out *out)
{
    struct router *router = domain->router;
    struct neighbor *neighbor = neighbor_find(domain, next);
    int is_new = !neighbor || neighbor->known;
    if (!neighbor)
        neighbor = add(domain, next, NULL);
    if (!neighbor)
        return 0;
    if (neighbor->known) {
        neighbor->known = 0;
        set_port(neighbor, NULL);
        domain->unknown_count++;
    }
    if (is_new) {
        neighbor->tries = 1;
        neighbor->refresh = router->now + RETRY;
        router_at(router, neighbor->refresh);
        ask(domain, neighbor);
    }
    drop_pending(domain, neighbor);
    uint8_t *data = router->pending < PENDING_MAX ? calloc(1, len) : NULL;
    if (!data) {
        router_drop(router, DROP_no_room);
        return 0;
    }
    router->pending++;
    neighbor->pending = data;
    neighbor->pending_len = len;
    *out = (struct out){ .router = router, .neighbor = neighbor, .data = data, .len = len };
    return 1;
}

static void refresh(struct domain *domain, struct neighbor *neighbor)
{
    if (neighbor->refresh > domain->router->now)
        return;
    neighbor->refresh = domain->router->now + 10 * RETRY;
    ask(domain, neighbor);
}

int out_begin_to(struct domain *domain, struct neighbor *neighbor, uint32_t type, uint32_t len,
                 uint32_t flags, struct out *out)
{
    struct port *port = neighbor->fixed ? port_of(domain, neighbor->mac) : neighbor->port;
    if (!port) {
        router_drop(domain->router, DROP_no_neighbor);
        return 0;
    }
    refresh(domain, neighbor);
    uint8_t *data = begin(domain, port, NET_ETH_HEADER + len, flags, out);
    if (!data)
        return 0;
    memcpy(data + NET_ETH_DST, neighbor->mac, 6);
    memcpy(data + NET_ETH_SRC, port_mac(port), 6);
    net_put16(data + NET_ETH_TYPE, type);
    return 1;
}

/* Multicast of IPv6, to one port after the other by the caller. */
int out_begin(struct domain *domain, const struct net_addr *next, uint32_t len, uint32_t flags,
              struct out *out)
{
    uint32_t type = next->family == NET_IPV4 ? NET_ETH_IPV4 : NET_ETH_IPV6;
    struct neighbor *neighbor = neighbor_find(domain, next);
    if (os_list_empty(&domain->ports) || (next->family == NET_IPV4 && !domain->ipv4.family)) {
        router_drop(domain->router, DROP_no_neighbor);
        return 0;
    }
    if (neighbor && neighbor_is_known(domain, neighbor))
        return out_begin_to(domain, neighbor, type, len, flags, out);
    if (!begin_pending(domain, next, NET_ETH_HEADER + len, out))
        return 0;
    net_put16(out->data + NET_ETH_TYPE, type);
    return 1;
}

void out_end(struct out *out)
{
    if (!out->port)
        return;
    out->port->domain->out++;
    out->port->domain->bytes_out += out->len;
    out->router->io->submit(out->port, out->len);
}

/* ---- ARP */

void arp_input(struct router *router, struct packet *packet)
{
    const uint8_t *arp = packet->head + NET_ETH_HEADER;
    struct domain *domain = packet->domain;
    struct port *port = packet->from;
    if (packet->len < NET_ETH_HEADER + NET_ARP_SIZE || net_get16(arp + NET_ARP_HARDWARE) != 1 ||
        net_get16(arp + NET_ARP_PROTOCOL) != NET_ETH_IPV4 || arp[NET_ARP_HARDWARE_LEN] != 6 ||
        arp[NET_ARP_PROTOCOL_LEN] != 4 || !domain->ipv4.family) {
        router_drop(router, DROP_malformed);
        return;
    }
    struct net_addr sender = addr4_of(arp + NET_ARP_SENDER_IP), target = addr4_of(arp + NET_ARP_TARGET_IP);
    int operation = net_get16(arp + NET_ARP_OPERATION), is_ours = domain_is_own(domain, &target);
    if (!net_mac_equal(arp + NET_ARP_SENDER_MAC, packet->head + NET_ETH_SRC)) {
        router_drop(router, DROP_spoofed);
        return;
    }
    /* a probe asks before it has an address (RFC 5227) */
    int is_probe = !addr4(&sender);
    if (!is_probe && !neighbor_learn(domain, &sender, arp + NET_ARP_SENDER_MAC, port,
                                     is_ours && operation == NET_ARP_REQUEST))
        return;
    if (is_ours && operation == NET_ARP_REQUEST)
        send_arp(port, NET_ARP_REPLY, arp + NET_ARP_SENDER_MAC, arp + NET_ARP_SENDER_MAC, &sender);
}
