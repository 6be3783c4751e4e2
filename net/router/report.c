/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: what the router says about itself: domains, leases, connections, and what it has dropped. */
#include "router.h"

#include <stdio.h>

enum { FLOWS_SHOWN = 256, LEASES_SHOWN = 256 };

static void put_addr(struct os_config_writer *writer, const char *key, const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT];
    os_config_writer_text(writer, key, net_addr_format(addr, text));
}

static void put_range(struct os_config_writer *writer, const char *key, const struct net_addr *addr,
                      uint32_t prefix)
{
    char text[NET_ADDR_TEXT], all[NET_ADDR_TEXT + 8];
    if (!addr->family)
        return;
    snprintf(all, sizeof(all), "%s/%u", net_addr_format(addr, text), (unsigned)prefix);
    os_config_writer_text(writer, key, all);
}

static void put_leases(struct os_config_writer *writer, const struct domain *domain)
{
    int shown = 0;
    os_config_writer_map(writer, "leases");
    for (uint32_t i = 0; i < domain->lease_count && shown < LEASES_SHOWN; i++) {
        uint32_t ip = domain->config.dhcp.first + i;
        const struct lease *lease = dhcp_server_lease(domain, ip);
        struct net_addr addr = addr4_from(ip);
        char text[NET_ADDR_TEXT], mac[18];
        if (!lease)
            continue;
        shown++;
        os_config_writer_text(writer, net_addr_format(&addr, text), net_mac_format(lease->mac, mac));
    }
    os_config_writer_end(writer);
}

static void put_domain(struct os_config_writer *writer, const struct domain *domain)
{
    uint32_t ports = 0, up = 0;
    OS_LIST_FOR_EACH (link, &domain->ports) {
        ports++;
        up += OS_CONTAINER_OF(link, struct port, link)->up != 0;
    }
    os_config_writer_map(writer, domain->config.name);
    put_range(writer, "ipv4", &domain->ipv4, domain->prefix4);
    if (domain->gateway.family)
        put_addr(writer, "gateway", &domain->gateway);
    put_range(writer, "ipv6", &domain->config.ipv6.addr, domain->config.ipv6.prefix);
    os_config_writer_u64(writer, "ports", ports);
    os_config_writer_u64(writer, "ports-up", up);
    os_config_writer_u64(writer, "frames-in", domain->in);
    os_config_writer_u64(writer, "frames-out", domain->out);
    os_config_writer_u64(writer, "bytes-in", domain->bytes_in);
    os_config_writer_u64(writer, "bytes-out", domain->bytes_out);
    os_config_writer_u64(writer, "neighbors", domain->neighbor_count);
    put_leases(writer, domain);
    os_config_writer_end(writer);
}

static void put_flow(struct os_config_writer *writer, const struct router *router, const struct flow *flow)
{
    static const char *const ages[] = { [AGE_TCP_OPENING] = "opening",
                                        [AGE_TCP] = "open",
                                        [AGE_TCP_CLOSING] = "closing",
                                        [AGE_UDP] = "open",
                                        [AGE_ICMP] = "open" };
    const struct side *begun = &flow->side[0], *back = &flow->side[1];
    os_config_writer_map(writer, "");
    os_config_writer_text(writer, "protocol",
                          flow->proto == NET_PROTO_TCP   ? "tcp"
                          : flow->proto == NET_PROTO_UDP ? "udp"
                                                         : "icmp");
    os_config_writer_text(writer, "state", ages[flow->age]);
    os_config_writer_text(writer, "domain", begun->domain->config.name);
    put_addr(writer, "from", &begun->src);
    put_addr(writer, "to", &begun->dst);
    os_config_writer_text(writer, "out-domain", back->domain->config.name);
    put_addr(writer, "out-from", &back->dst);
    put_addr(writer, "out-to", &back->src);
    os_config_writer_u64(writer, "packets", flow->packets[0]);
    os_config_writer_u64(writer, "packets-back", flow->packets[1]);
    os_config_writer_u64(writer, "bytes", flow->bytes[0]);
    os_config_writer_u64(writer, "bytes-back", flow->bytes[1]);
    os_config_writer_u64(writer, "idle-ms", (router->now - flow->used) / OS_MS);
    os_config_writer_end(writer);
}

void router_report(const struct router *router, struct os_config_writer *writer)
{
    static const char *const names[] = {
#define ROUTER_DROP_NAME(name, text) text,
        ROUTER_DROPS(ROUTER_DROP_NAME)
#undef ROUTER_DROP_NAME
    };
    int shown = 0;
    os_config_writer_map(writer, "");
    os_config_writer_u64(writer, "states", router->flow_used);
    os_config_writer_u64(writer, "states-max", router->flow_count);
    os_config_writer_u64(writer, "forwarded", router->forwarded);
    os_config_writer_map(writer, "dropped");
    for (int i = 0; i < DROPS; i++)
        os_config_writer_u64(writer, names[i], router->drops[i]);
    os_config_writer_end(writer);
    os_config_writer_map(writer, "domains");
    OS_LIST_FOR_EACH (link, &router->domains)
        put_domain(writer, OS_CONTAINER_OF(link, struct domain, link));
    os_config_writer_end(writer);
    os_config_writer_list(writer, "connections");
    for (int age = 0; age < AGES; age++)
        OS_LIST_FOR_EACH (link, &router->ages[age])
            if (shown++ < FLOWS_SHOWN)
                put_flow(writer, router, OS_CONTAINER_OF(link, struct flow, by_age));
    os_config_writer_end(writer);
    os_config_writer_end(writer);
}
