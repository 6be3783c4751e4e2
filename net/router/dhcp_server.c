/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dhcp_server.c: gives addresses to machines of a domain. One machine has one lease, by its MAC address, and
 * a session that is a machine has only one MAC address: so nobody can take the addresses of others. What is
 * behind an uplink has a limit. Leases end when they are looked at, nothing wakes up for them.
 */
#include "router.h"

#include <stdlib.h>
#include <string.h>

/* How long an offer waits to be taken, and an address that somebody else was found to have. */
#define OFFER (10 * OS_SEC)
#define TAKEN (600 * OS_SEC)

static int is_live(const struct domain *domain, const struct lease *lease)
{
    return lease->expires > domain->router->now;
}

static uint32_t address_of(const struct domain *domain, const struct lease *lease)
{
    return domain->config.dhcp.first + (uint32_t)(lease - domain->leases);
}

static struct lease *lease_at(struct domain *domain, uint32_t ip)
{
    uint32_t i = ip - domain->config.dhcp.first;
    return domain->leases && i < domain->lease_count ? &domain->leases[i] : NULL;
}

const struct lease *dhcp_server_lease(const struct domain *domain, uint32_t ip)
{
    uint32_t i = ip - domain->config.dhcp.first;
    if (!domain->leases || i >= domain->lease_count)
        return NULL;
    const struct lease *lease = &domain->leases[i];
    return lease->given && !lease->taken && is_live(domain, lease) ? lease : NULL;
}

static void release(struct lease *lease)
{
    if (lease->client)
        lease->client->lease_count--;
    lease->client = NULL;
    lease->given = lease->taken = 0;
    lease->expires = 0;
}

/* Of a machine that is gone its address is kept as long as others are free, but for nobody's account. */
void dhcp_server_forget(struct domain *domain, const struct client *client)
{
    for (uint32_t i = 0; i < domain->lease_count; i++)
        if (domain->leases[i].client == client)
            release(&domain->leases[i]);
}

/* Leases within the new range stay. */
os_err dhcp_server_configure(struct domain *domain, uint32_t first, uint32_t last)
{
    uint32_t count = first ? last - first + 1 : 0, before = domain->config.dhcp.first;
    struct lease *leases = count ? calloc(count, sizeof(*leases)) : NULL;
    if (count && !leases)
        return OS_ERR_RAM;
    for (uint32_t i = 0; i < domain->lease_count; i++) {
        uint32_t at = before + i - first;
        if (at < count)
            leases[at] = domain->leases[i];
        else
            release(&domain->leases[i]);
    }
    free(domain->leases);
    domain->leases = leases;
    domain->lease_count = count;
    return OS_OK;
}

/* ---- who gets which */

static int is_reserved(const struct domain *domain, uint32_t ip, const struct port *but)
{
    OS_LIST_FOR_EACH (link, &domain->ports) {
        const struct port *port = OS_CONTAINER_OF(link, struct port, link);
        if (port != but && port->address == ip)
            return 1;
    }
    return ip == addr4(&domain->ipv4);
}

static int is_free_for(struct domain *domain, const struct lease *lease, const struct port *port,
                       const uint8_t *mac)
{
    struct net_addr ip = addr4_from(address_of(domain, lease));
    if (is_reserved(domain, addr4(&ip), port) || domain_is_broadcast(domain, &ip))
        return 0;
    return !is_live(domain, lease) || (net_mac_equal(lease->mac, mac) && !lease->taken);
}

/* The one it has, or had; the one it wants; any. */
static struct lease *choose(struct domain *domain, const struct port *port, const struct dhcp *dhcp)
{
    struct lease *wanted = lease_at(domain, dhcp->requested), *free_one = NULL, *had = NULL;
    for (uint32_t i = 0; i < domain->lease_count; i++) {
        struct lease *lease = &domain->leases[i];
        if (!is_free_for(domain, lease, port, dhcp->mac))
            continue;
        if (net_mac_equal(lease->mac, dhcp->mac)) {
            if (is_live(domain, lease))
                return lease;
            had = lease;
        } else if (!free_one || (net_get32(free_one->mac) && !net_get32(lease->mac)))
            free_one = lease; /* rather one that nobody had */
    }
    if (had)
        return had;
    return wanted && is_free_for(domain, wanted, port, dhcp->mac) ? wanted : free_one;
}

static struct client *client_of(struct port *port)
{
    return port->uplink ? &port->domain->outside : &port->client;
}

/* Says whether the lease is the machine's now. */
static int take(struct domain *domain, struct port *port, struct lease *lease, const uint8_t *mac,
                os_time until)
{
    struct client *client = client_of(port);
    uint32_t most = port->uplink ? domain->router->limits.leases_per_client : 1;
    if (lease->client != client) {
        if (client->lease_count >= most) {
            router_drop(domain->router, DROP_limited);
            return 0;
        }
        release(lease);
        lease->client = client;
        client->lease_count++;
    }
    router_changed(domain->router);
    memcpy(lease->mac, mac, 6);
    lease->taken = 0;
    lease->expires = until;
    return 1;
}

/* Leases that have ended are nobody's; before one is counted. */
static void expire(struct domain *domain)
{
    for (uint32_t i = 0; i < domain->lease_count; i++)
        if (domain->leases[i].client && !is_live(domain, &domain->leases[i]))
            release(&domain->leases[i]);
}

/* ---- answers */

static void answer(const struct packet *packet, const struct dhcp *to, uint8_t type, uint32_t yours)
{
    struct domain *domain = packet->domain;
    uint8_t data[400];
    struct dhcp dhcp = {
        .type = type, .reply = 1, .xid = to->xid, .yours = yours, .broadcast = to->broadcast
    };
    dhcp.server = addr4(&domain->ipv4);
    memcpy(dhcp.mac, to->mac, 6);
    if (type != DHCP_NAK) {
        dhcp.client = to->client;
        dhcp.mask = ~(uint32_t)(UINT64_C(0xffffffff) >> domain->prefix4);
        dhcp.router = dhcp.server;
        dhcp.lease = yours ? domain->config.dhcp.lease : 0;
        dhcp.mtu = domain->mtu;
        dhcp.dns_count = domain->config.dhcp.dns_count;
        for (uint32_t i = 0; i < dhcp.dns_count; i++)
            dhcp.dns[i] = addr4(&domain->config.dhcp.dns[i]);
        if (!dhcp.dns_count && domain->config.relay)
            dhcp.dns[dhcp.dns_count++] = dhcp.server;
    }
    int knows = to->client && type != DHCP_NAK;
    struct net_addr src = domain->ipv4, dst = addr4_from(knows ? to->client : UINT32_MAX);
    src.port = 67;
    dst.port = 68;
    uint32_t len = dhcp_write(data, &dhcp);
    /* back to where it came from, by its MAC address: it may not know its IP address yet */
    udp_send_at(packet->from, knows || !to->broadcast ? to->mac : net_mac_broadcast, &src, &dst, data, len);
}

static struct lease *reserved(struct domain *domain, struct port *port, uint32_t *ip)
{
    *ip = port->address;
    return port->address ? lease_at(domain, port->address) : NULL;
}

static void discover(const struct packet *packet, const struct dhcp *dhcp)
{
    struct domain *domain = packet->domain;
    uint32_t ip;
    struct lease *lease = reserved(domain, packet->from, &ip);
    if (!ip) {
        lease = choose(domain, packet->from, dhcp);
        ip = lease ? address_of(domain, lease) : 0;
    }
    if (!ip) {
        router_drop(domain->router, DROP_limited);
        return;
    }
    os_time until = domain->router->now + OFFER;
    if (lease && !(lease->given && is_live(domain, lease)) &&
        !take(domain, packet->from, lease, dhcp->mac, until))
        return;
    answer(packet, dhcp, DHCP_OFFER, ip);
}

static void request(const struct packet *packet, const struct dhcp *dhcp)
{
    struct domain *domain = packet->domain;
    uint32_t ip = dhcp->requested ? dhcp->requested : dhcp->client, fixed;
    struct lease *lease = reserved(domain, packet->from, &fixed);
    if (dhcp->server && dhcp->server != addr4(&domain->ipv4))
        return; /* it has taken another server's offer */
    if (!fixed)
        lease = lease_at(domain, ip);
    if (fixed ? ip != fixed : !lease || !is_free_for(domain, lease, packet->from, dhcp->mac)) {
        answer(packet, dhcp, DHCP_NAK, 0);
        return;
    }
    os_time until = domain->router->now + domain->config.dhcp.lease * OS_SEC;
    if (lease) {
        if (!take(domain, packet->from, lease, dhcp->mac, until)) {
            answer(packet, dhcp, DHCP_NAK, 0);
            return;
        }
        lease->given = 1;
    }
    struct net_addr addr = addr4_from(ip);
    neighbor_learn(domain, &addr, dhcp->mac, packet->from, 1);
    answer(packet, dhcp, DHCP_ACK, ip);
}

/* Of its own lease only. DECLINE: somebody else has the address; it is left alone for a while. */
static void give_back(const struct packet *packet, const struct dhcp *dhcp, int declined)
{
    struct domain *domain = packet->domain;
    struct lease *lease = lease_at(domain, declined ? dhcp->requested : dhcp->client);
    if (!lease || !net_mac_equal(lease->mac, dhcp->mac) || lease->client != client_of(packet->from))
        return;
    if (!declined) {
        release(lease);
        return;
    }
    lease->taken = 1;
    lease->given = 0;
    lease->expires = domain->router->now + TAKEN; /* on its account, or it would decline all */
}

void dhcp_server_input(struct router *router, const struct packet *packet, const uint8_t *data, uint32_t len)
{
    struct domain *domain = packet->domain;
    struct dhcp dhcp;
    if (!domain->leases)
        return;
    if (!dhcp_read(data, len, &dhcp) || dhcp.reply) {
        router_drop(router, DROP_malformed);
        return;
    }
    if (!net_mac_equal(dhcp.mac, packet->head + NET_ETH_SRC) || net_mac_is_group(dhcp.mac)) {
        router_drop(router, DROP_spoofed);
        return;
    }
    expire(domain);
    switch (dhcp.type) {
    case DHCP_DISCOVER:
        discover(packet, &dhcp);
        break;
    case DHCP_REQUEST:
        request(packet, &dhcp);
        break;
    case DHCP_DECLINE:
    case DHCP_RELEASE:
        give_back(packet, &dhcp, dhcp.type == DHCP_DECLINE);
        break;
    case DHCP_INFORM:
        if (dhcp.client)
            answer(packet, &dhcp, DHCP_ACK, 0);
        break;
    default:
        break;
    }
}
