/* SPDX-License-Identifier: BSD-2-Clause */
/* config.c: reads the router's config. What a schema cannot say is checked here, with its place. */
#include "router.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const struct os_config *config;
    int bad;
};

__attribute__((format(printf, 3, 4))) static void complain(struct reader *reader, os_config_ref at,
                                                           const char *format, ...)
{
    char text[240];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "%s:%u:%u: %s\n", os_config_file(reader->config), (unsigned)at->line,
            (unsigned)at->column, text);
    reader->bad = 1;
}

static void read_name(struct reader *reader, os_config_ref at, const char *text, char name[NAME_SIZE])
{
    if (strlen(text) >= NAME_SIZE)
        complain(reader, at, "name '%s' is too long, expected at most %d characters", text, NAME_SIZE - 1);
    snprintf(name, NAME_SIZE, "%s", text);
}

/* ---- addresses */

static void read_addr(struct reader *reader, os_config_ref at, const char *text, int family, int port,
                      struct net_addr *addr)
{
    struct net_addr read = { 0 };
    os_err err = net_addr_parse(text, &read);
    if (err || !read.family || (family && read.family != family) || !read.port != !port || read.zone) {
        complain(reader, at, "'%s', expected an %s address%s", text,
                 family == NET_IPV4   ? "IPv4"
                 : family == NET_IPV6 ? "IPv6"
                                      : "IP",
                 port ? " with a port" : "");
        return;
    }
    *addr = read;
}

static void read_addr_key(struct reader *reader, os_config_ref node, const char *key, int family, int port,
                          struct net_addr *addr)
{
    os_config_ref at = os_config_get(reader->config, node, key);
    if (at)
        read_addr(reader, at, os_config_value(reader->config, at), family, port, addr);
}

static uint32_t read_addrs(struct reader *reader, os_config_ref list, struct net_addr addrs[DNS_MAX])
{
    uint32_t count = 0;
    for (os_config_ref at = os_config_first(reader->config, list); at;
         at = os_config_next(reader->config, at)) {
        if (count == DNS_MAX) {
            complain(reader, at, "more than %d name servers", DNS_MAX);
            break;
        }
        read_addr(reader, at, os_config_value(reader->config, at), NET_IPV4, 0, &addrs[count++]);
    }
    return count;
}

static void read_range(struct reader *reader, os_config_ref at, int family, int host, struct net_range *range)
{
    const char *text = os_config_value(reader->config, at);
    struct net_range read;
    if (net_range_parse(text, &read) || (family && read.addr.family != family) ||
        (host && (!strchr(text, '/') || !read.prefix))) {
        complain(reader, at, "'%s', expected %s, as '%s'", text,
                 host ? "an address of the router's with the bits of its network" : "a network",
                 family == NET_IPV6 ? "fd01::1/64" : "10.0.1.1/24");
        return;
    }
    *range = read;
}

static int fits_ipv4(const struct net_range *range)
{
    uint32_t ip = addr4(&range->addr), rest = range->prefix == 32 ? 0 : UINT32_MAX >> range->prefix;
    return range->prefix >= 8 && range->prefix <= 30 && (ip & rest) && (ip & rest) != rest &&
           (ip >> 24) != 127 && (ip >> 24) && (ip >> 28) < 14;
}

/* ---- rules */

int ports_have(const struct ports *ports, uint16_t port)
{
    if (ports->all)
        return 1;
    for (uint32_t i = 0; i < ports->count; i++)
        if (port >= ports->range[i].first && port <= ports->range[i].last)
            return 1;
    return 0;
}

/* "80" or "8000-8100"; 0 if it is neither. */
static int parse_ports(const char *text, uint16_t *first, uint16_t *last)
{
    char *end;
    unsigned long a = strtoul(text, &end, 10), b = a;
    if (end == text || *text == '-' || *text == '+')
        return 0;
    if (*end == '-') {
        text = end + 1;
        b = strtoul(text, &end, 10);
        if (end == text || *text == '-' || *text == '+')
            return 0;
    }
    if (*end || !a || a > b || b > 65535)
        return 0;
    *first = (uint16_t)a;
    *last = (uint16_t)b;
    return 1;
}

static void read_port_range(struct reader *reader, os_config_ref at, struct ports *ports)
{
    const char *text = os_config_value(reader->config, at);
    if (ports->count == RANGES_MAX) {
        complain(reader, at, "more than %d ports and ranges", RANGES_MAX);
        return;
    }
    if (!parse_ports(text, &ports->range[ports->count].first, &ports->range[ports->count].last)) {
        complain(reader, at, "'%s', expected a port, or a range as '8000-8100', or 'all'", text);
        return;
    }
    ports->count++;
}

static void read_ports(struct reader *reader, os_config_ref node, const char *key, struct ports *ports)
{
    os_config_ref at = os_config_get(reader->config, node, key);
    if (!at)
        return;
    if (at->kind == OS_CONFIG_SCALAR) {
        if (!strcmp(os_config_value(reader->config, at), "all"))
            ports->all = 1;
        else
            read_port_range(reader, at, ports);
        return;
    }
    for (os_config_ref item = os_config_first(reader->config, at); item;
         item = os_config_next(reader->config, item))
        read_port_range(reader, item, ports);
}

static void read_rules(struct reader *reader, os_config_ref domain, const char *key, int nat,
                       struct domain_config *read)
{
    os_config_ref list = os_config_get(reader->config, domain, key);
    for (os_config_ref at = os_config_first(reader->config, list); at;
         at = os_config_next(reader->config, at)) {
        if (read->rule_count == RULES_MAX) {
            complain(reader, at, "more than %d rules", RULES_MAX);
            return;
        }
        struct rule *rule = &read->rules[read->rule_count++];
        rule->nat = nat;
        read_name(reader, at, os_config_str(reader->config, at, "to", ""), rule->to);
        rule->icmp = os_config_bool(reader->config, at, "icmp", 0);
        read_ports(reader, at, "tcp", &rule->tcp);
        read_ports(reader, at, "udp", &rule->udp);
    }
}

static void read_forward(struct reader *reader, os_config_ref at, uint8_t proto, uint64_t port,
                         struct domain_config *read)
{
    if (read->forward_count == FORWARDS_MAX) {
        complain(reader, at, "more than %d forwards", FORWARDS_MAX);
        return;
    }
    struct forward *forward = &read->forwards[read->forward_count++];
    read_name(reader, at, os_config_str(reader->config, at, "from", ""), forward->from);
    forward->proto = proto;
    forward->port = (uint16_t)port;
    read_addr_key(reader, at, "to", NET_IPV4, 1, &forward->to);
    if (read->ipv4.addr.family && !net_range_has(&read->ipv4, &forward->to))
        complain(reader, at, "the machine is not in domain %s", read->name);
}

static void read_forwards(struct reader *reader, os_config_ref domain, struct domain_config *read)
{
    os_config_ref list = os_config_get(reader->config, domain, "forward");
    for (os_config_ref at = os_config_first(reader->config, list); at;
         at = os_config_next(reader->config, at)) {
        uint64_t tcp = os_config_u64(reader->config, at, "tcp", 0);
        uint64_t udp = os_config_u64(reader->config, at, "udp", 0);
        if (!tcp && !udp)
            complain(reader, at, "a forward without a port, expected 'tcp' or 'udp'");
        if (tcp)
            read_forward(reader, at, NET_PROTO_TCP, tcp, read);
        if (udp)
            read_forward(reader, at, NET_PROTO_UDP, udp, read);
    }
}

/* ---- the rest of a domain */

static void read_routes(struct reader *reader, os_config_ref domain, struct domain_config *read)
{
    os_config_ref list = os_config_get(reader->config, domain, "routes");
    for (os_config_ref at = os_config_first(reader->config, list); at;
         at = os_config_next(reader->config, at)) {
        os_config_ref to = os_config_get(reader->config, at, "to");
        if (read->route_count == ROUTES_MAX) {
            complain(reader, at, "more than %d routes", ROUTES_MAX);
            return;
        }
        struct route *route = &read->routes[read->route_count++];
        if (to)
            read_range(reader, to, NET_ANY, 0, &route->to);
        read_addr_key(reader, at, "via", route->to.addr.family, 0, &route->via);
    }
}

static void read_statics(struct reader *reader, os_config_ref domain, struct domain_config *read)
{
    os_config_ref map = os_config_get(reader->config, domain, "arp");
    for (os_config_ref at = os_config_first(reader->config, map); at;
         at = os_config_next(reader->config, at)) {
        const char *mac = os_config_value(reader->config, at);
        if (read->static_count == STATICS_MAX) {
            complain(reader, at, "more than %d static entries", STATICS_MAX);
            return;
        }
        struct static_neighbor *entry = &read->statics[read->static_count++];
        read_addr(reader, at, os_config_key(reader->config, at), NET_ANY, 0, &entry->ip);
        if (net_mac_parse(mac, entry->mac) || net_mac_is_group(entry->mac))
            complain(reader, at, "'%s', expected a MAC address of a machine, as '02:00:00:00:00:01'", mac);
    }
}

static void read_dhcp(struct reader *reader, os_config_ref domain, struct domain_config *read)
{
    os_config_ref node = os_config_get(reader->config, domain, "dhcp");
    if (!node)
        return;
    os_config_ref range = os_config_get(reader->config, node, "range");
    os_config_ref first = os_config_first(reader->config, range);
    os_config_ref last = os_config_next(reader->config, first);
    struct net_addr a = { 0 }, b = { 0 };
    if (!read->ipv4.addr.family) {
        complain(reader, node, "the router has no IPv4 address in domain %s, so it can give none",
                 read->name);
        return;
    }
    if (!first || !last || os_config_next(reader->config, last)) {
        complain(reader, range ? range : node, "expected two addresses, the first and the last one");
        return;
    }
    read_addr(reader, first, os_config_value(reader->config, first), NET_IPV4, 0, &a);
    read_addr(reader, last, os_config_value(reader->config, last), NET_IPV4, 0, &b);
    if (reader->bad)
        return;
    read->dhcp.first = addr4(&a);
    read->dhcp.last = addr4(&b);
    if (!net_range_has(&read->ipv4, &a) || !net_range_has(&read->ipv4, &b))
        complain(reader, range, "the range is not in the network of domain %s", read->name);
    else if (read->dhcp.first > read->dhcp.last || read->dhcp.last - read->dhcp.first >= LEASES_MAX)
        complain(reader, range, "expected a range of 1 to %d addresses", LEASES_MAX);
    read->dhcp.lease = (uint32_t)(os_config_time(reader->config, node, "lease", 3600 * OS_SEC) / OS_SEC);
    read->dhcp.dns_count = read_addrs(reader, os_config_get(reader->config, node, "dns"), read->dhcp.dns);
}

static void read_ipv4(struct reader *reader, os_config_ref domain, struct domain_config *read)
{
    os_config_ref at = os_config_get(reader->config, domain, "ipv4");
    if (!at)
        return;
    if (!strcmp(os_config_value(reader->config, at), "dhcp")) {
        read->client = 1;
        return;
    }
    read_range(reader, at, NET_IPV4, 1, &read->ipv4);
    if (read->ipv4.addr.family && !fits_ipv4(&read->ipv4))
        complain(reader, at, "'%s' is no address of a machine in a network of 8 to 30 bits",
                 os_config_value(reader->config, at));
}

static void read_domain(struct reader *reader, os_config_ref node, struct domain_config *read)
{
    os_config_ref ipv6 = os_config_get(reader->config, node, "ipv6");
    read_name(reader, node, os_config_key(reader->config, node), read->name);
    read_ipv4(reader, node, read);
    if (ipv6)
        read_range(reader, ipv6, NET_IPV6, 1, &read->ipv6);
    if (read->ipv6.addr.family && addr_is_group(&read->ipv6.addr))
        complain(reader, ipv6, "'%s' is no address of a machine", os_config_value(reader->config, ipv6));
    read_addr_key(reader, node, "gateway", NET_IPV4, 0, &read->gateway);
    read_addr_key(reader, node, "gateway6", NET_IPV6, 0, &read->gateway6);
    read->isolated = os_config_bool(reader->config, node, "isolated", 0);
    read_rules(reader, node, "nat", 1, read);
    read_rules(reader, node, "allow", 0, read);
    read_forwards(reader, node, read);
    read_routes(reader, node, read);
    read_statics(reader, node, read);
    read_dhcp(reader, node, read);
    read->relay = os_config_bool(reader->config, node, "dns-relay", read->dhcp.first != 0);
}

static int has_domain(const struct router_config *read, const char *name)
{
    for (uint32_t i = 0; i < read->domain_count; i++)
        if (!strcmp(read->domains[i].name, name))
            return 1;
    return 0;
}

/* Names of other domains, when all are known. */
static void check_names(struct reader *reader, os_config_ref domains, const struct router_config *read)
{
    static const char *const lists[][2] = { { "nat", "to" }, { "allow", "to" }, { "forward", "from" } };
    for (os_config_ref at = os_config_first(reader->config, domains); at;
         at = os_config_next(reader->config, at))
        for (size_t i = 0; i < OS_ARRAY_LEN(lists); i++) {
            os_config_ref list = os_config_get(reader->config, at, lists[i][0]);
            for (os_config_ref item = os_config_first(reader->config, list); item;
                 item = os_config_next(reader->config, item)) {
                const char *name = os_config_str(reader->config, item, lists[i][1], "");
                if (!has_domain(read, name))
                    complain(reader, item, "there is no domain '%s'", name);
            }
        }
}

static int ranges_meet(const struct net_range *a, const struct net_range *b)
{
    return a->addr.family && b->addr.family &&
           net_range_has(a->prefix < b->prefix ? a : b, a->prefix < b->prefix ? &b->addr : &a->addr);
}

/* The source of a packet has to say which domain it is of. */
static void check_ranges(struct reader *reader, os_config_ref domains, const struct router_config *read)
{
    os_config_ref at = os_config_first(reader->config, domains);
    for (uint32_t i = 0; i < read->domain_count; i++, at = os_config_next(reader->config, at))
        for (uint32_t j = 0; j < i; j++)
            if (ranges_meet(&read->domains[i].ipv4, &read->domains[j].ipv4) ||
                ranges_meet(&read->domains[i].ipv6, &read->domains[j].ipv6))
                complain(reader, at, "domains %s and %s have addresses in common", read->domains[j].name,
                         read->domains[i].name);
}

static void read_limits(struct reader *reader, struct limits *limits)
{
    const struct os_config *config = reader->config;
    os_config_ref node = os_config_get(config, os_config_root(config), "limits");
    const char *ports = os_config_str(config, node, "nat-ports", "32768-65535");
    limits->states = (uint32_t)os_config_u64(config, node, "states", 4096);
    limits->states_per_client = (uint32_t)os_config_u64(config, node, "states-per-client", 1024);
    limits->leases_per_client = (uint32_t)os_config_u64(config, node, "leases-per-client", 64);
    limits->neighbors = (uint32_t)os_config_u64(config, node, "neighbors", 256);
    limits->queries = (uint32_t)os_config_u64(config, node, "queries", 256);
    limits->errors = (uint32_t)os_config_u64(config, node, "errors", 100);
    limits->age[AGE_TCP_OPENING] = os_config_time(config, node, "tcp-opening", 240 * OS_SEC);
    limits->age[AGE_TCP] = os_config_time(config, node, "tcp", 7440 * OS_SEC);
    limits->age[AGE_TCP_CLOSING] = os_config_time(config, node, "tcp-closing", 120 * OS_SEC);
    limits->age[AGE_UDP] = os_config_time(config, node, "udp", 300 * OS_SEC);
    limits->age[AGE_ICMP] = os_config_time(config, node, "icmp", 60 * OS_SEC);
    if (!parse_ports(ports, &limits->nat_first, &limits->nat_last) || limits->nat_first <= 10000)
        complain(reader, os_config_get(config, node, "nat-ports"), "'%s', expected ports above 10000", ports);
    /* what a schema checks, for configs that come without one */
    if (limits->states < 16 || limits->states > 1048576 || !limits->states_per_client ||
        limits->queries < 4 || limits->queries > 4096 || limits->neighbors < 8 || !limits->errors)
        complain(reader, node, "limits that are too small or too large");
}

os_err router_config_read(const struct os_config *config, struct router_config *read)
{
    os_config_ref root = os_config_root(config), domains = os_config_get(config, root, "domains");
    struct reader reader = { .config = config };
    struct router_config made = { 0 };
    uint32_t count = domains ? domains->children : 0;
    if (count > DOMAINS_MAX) {
        complain(&reader, domains, "%u domains, expected at most %d", (unsigned)count, DOMAINS_MAX);
        return OS_ERR_BAD_ARG;
    }
    made.domains = calloc(count ? count : 1, sizeof(*made.domains));
    if (!made.domains)
        return OS_ERR_RAM;
    for (os_config_ref at = os_config_first(config, domains); at; at = os_config_next(config, at))
        read_domain(&reader, at, &made.domains[made.domain_count++]);
    check_names(&reader, domains, &made);
    check_ranges(&reader, domains, &made);
    read_limits(&reader, &made.limits);
    made.dns_count = read_addrs(&reader, os_config_get(config, root, "dns"), made.dns);
    if (reader.bad) {
        router_config_free(&made);
        return OS_ERR_BAD_ARG;
    }
    *read = made;
    return OS_OK;
}

void router_config_free(struct router_config *read)
{
    free(read->domains);
    *read = (struct router_config){ 0 };
}
