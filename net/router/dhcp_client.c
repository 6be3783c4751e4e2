/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dhcp_client.c: asks for the router's own IPv4 address in a domain (RFC 2131). It begins when a port of the
 * domain is up, and keeps an address over the restart of the port's driver, as long as its lease lasts: so
 * connections go on.
 */
#include "router.h"

#include <string.h>

#define FIRST_RETRY (2 * OS_SEC)

static struct port *port_of(const struct domain *domain)
{
    OS_LIST_FOR_EACH (link, &domain->ports) {
        struct port *port = OS_CONTAINER_OF(link, struct port, link);
        if (port->up)
            return port;
    }
    return NULL;
}

/* Twice as long each time, up to a minute. */
static os_time backoff(struct dhcp_client *dhcp)
{
    os_time wait = FIRST_RETRY << (dhcp->tries < 5 ? dhcp->tries : 5);
    dhcp->tries++;
    return wait;
}

static void send(struct domain *domain, struct port *port, uint8_t type)
{
    struct dhcp_client *state = &domain->dhcp;
    struct dhcp dhcp = { .type = type, .xid = state->xid };
    struct net_addr src = { .family = NET_IPV4, .port = 68 }, dst = addr4_from(UINT32_MAX);
    uint8_t data[400];
    memcpy(dhcp.mac, port_mac(port), 6);
    int has = state->phase >= DHCP_BOUND;
    if (has) {
        dhcp.client = state->address;
        src = domain->ipv4;
        src.port = 68;
    } else
        dhcp.requested = state->address;
    if (state->phase == DHCP_REQUESTING)
        dhcp.server = state->server;
    dst.port = 67;
    uint32_t len = dhcp_write(data, &dhcp);
    if (state->phase == DHCP_RENEWING) {
        dst = addr4_from(state->server);
        dst.port = 67;
        udp_send(domain, &src, &dst, data, len);
    } else
        udp_send_at(port, net_mac_broadcast, &src, &dst, data, len);
}

static void select_server(struct domain *domain)
{
    struct dhcp_client *dhcp = &domain->dhcp;
    uint32_t address = dhcp->address; /* is asked for again */
    *dhcp = (struct dhcp_client){ .phase = DHCP_SELECTING, .address = address };
    dhcp->xid = (uint32_t)router_random(domain->router);
    dhcp->next = domain->router->now; /* the next tick sends */
}

static void lose(struct domain *domain)
{
    struct net_addr none = { 0 };
    domain_set_ipv4(domain, &none, 0, &none);
    domain->dns_count = 0;
    select_server(domain);
}

void dhcp_client_start(struct domain *domain)
{
    struct dhcp_client *dhcp = &domain->dhcp;
    router_at(domain->router, domain->router->now);
    if (dhcp->phase < DHCP_BOUND) {
        select_server(domain);
        return;
    }
    /* what is behind the port may be another network now */
    dhcp->phase = DHCP_REBINDING;
    dhcp->tries = 0;
    dhcp->next = domain->router->now;
}

void dhcp_client_stop(struct domain *domain)
{
    if (domain->dhcp.phase == DHCP_OFF)
        return;
    lose(domain);
    domain->dhcp = (struct dhcp_client){ 0 };
}

static int follow_lease(struct domain *domain)
{
    struct dhcp_client *dhcp = &domain->dhcp;
    os_time now = domain->router->now;
    if (now >= dhcp->expires) {
        lose(domain);
        return 0;
    }
    enum dhcp_phase phase = now >= dhcp->rebind  ? DHCP_REBINDING
                            : now >= dhcp->renew ? DHCP_RENEWING
                                                 : DHCP_BOUND;
    if (phase > dhcp->phase) {
        dhcp->phase = phase;
        dhcp->tries = 0;
        dhcp->next = now;
    }
    if (dhcp->phase == DHCP_BOUND)
        dhcp->next = dhcp->renew;
    return 1;
}

os_time dhcp_client_tick(struct domain *domain)
{
    struct dhcp_client *dhcp = &domain->dhcp;
    os_time now = domain->router->now;
    struct port *port = port_of(domain);
    if (dhcp->phase == DHCP_OFF)
        return OS_NEVER;
    if (dhcp->phase >= DHCP_BOUND)
        follow_lease(domain);
    if (!port) /* it is started anew when there is one */
        return dhcp->phase >= DHCP_BOUND ? dhcp->expires : OS_NEVER;
    if (dhcp->next <= now) {
        if (dhcp->phase == DHCP_REQUESTING && dhcp->tries >= 4)
            select_server(domain);
        dhcp->next = now + backoff(dhcp);
        send(domain, port, dhcp->phase == DHCP_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST);
    }
    if (dhcp->phase == DHCP_RENEWING && dhcp->rebind < dhcp->next)
        return dhcp->rebind;
    return dhcp->phase >= DHCP_BOUND && dhcp->expires < dhcp->next ? dhcp->expires : dhcp->next;
}

static uint8_t bits_of(uint32_t mask)
{
    uint8_t bits = 0;
    for (; mask & UINT32_C(0x80000000); mask <<= 1)
        bits++;
    return bits;
}

/* An address that another domain has would take that domain's packets. */
static int is_usable(struct domain *domain, const struct dhcp *dhcp)
{
    struct net_addr addr = addr4_from(dhcp->yours), gateway = addr4_from(dhcp->router);
    uint8_t bits = bits_of(dhcp->mask);
    if (addr_is_group(&addr) || bits < 8 || bits > 30 || (dhcp->router && addr_is_group(&gateway)))
        return 0;
    struct net_range range = { .addr = addr, .prefix = bits };
    OS_LIST_FOR_EACH (link, &domain->router->domains) {
        struct domain *other = OS_CONTAINER_OF(link, struct domain, link);
        if (other != domain && other->ipv4.family &&
            (domain_on_link(other, &addr) || net_range_has(&range, &other->ipv4)))
            return 0;
    }
    return 1;
}

static void bind(struct domain *domain, const struct dhcp *dhcp)
{
    struct dhcp_client *state = &domain->dhcp;
    os_time now = domain->router->now, lease = (dhcp->lease ? dhcp->lease : 3600) * OS_SEC;
    struct net_addr addr = addr4_from(dhcp->yours), gateway = { 0 };
    if (lease < 30 * OS_SEC)
        lease = 30 * OS_SEC;
    if (dhcp->router)
        gateway = addr4_from(dhcp->router);
    state->phase = DHCP_BOUND;
    state->address = dhcp->yours;
    state->server = dhcp->server;
    state->tries = 0;
    state->renew = now + (dhcp->renew && dhcp->renew * OS_SEC < lease ? dhcp->renew * OS_SEC : lease / 2);
    state->rebind = now + lease / 8 * 7;
    if (state->renew > state->rebind)
        state->renew = now + lease / 2;
    state->expires = now + lease;
    state->next = state->renew;
    router_at(domain->router, state->next);
    domain->dns_count = dhcp->dns_count;
    for (uint32_t i = 0; i < dhcp->dns_count; i++)
        domain->dns[i] = addr4_from(dhcp->dns[i]);
    domain_set_ipv4(domain, &addr, bits_of(dhcp->mask), &gateway);
}

void dhcp_client_input(struct router *router, struct domain *domain, const uint8_t *data, uint32_t len)
{
    struct dhcp_client *state = &domain->dhcp;
    struct dhcp dhcp;
    if (state->phase == DHCP_OFF || state->phase == DHCP_BOUND)
        return;
    if (!dhcp_read(data, len, &dhcp) || !dhcp.reply || dhcp.xid != state->xid) {
        router_drop(router, DROP_malformed);
        return;
    }
    if (state->phase == DHCP_SELECTING) {
        if (dhcp.type != DHCP_OFFER || !dhcp.server || !is_usable(domain, &dhcp))
            return;
        state->address = dhcp.yours;
        state->server = dhcp.server;
        state->phase = DHCP_REQUESTING;
        state->tries = 0;
        state->next = router->now;
        router_at(router, state->next);
        return;
    }
    if (dhcp.type == DHCP_NAK && (state->phase == DHCP_REBINDING || dhcp.server == state->server)) {
        state->address = 0;
        lose(domain);
        router_at(router, router->now);
    } else if (dhcp.type == DHCP_ACK && is_usable(domain, &dhcp))
        bind(domain, &dhcp);
}
