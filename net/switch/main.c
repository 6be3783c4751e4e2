/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * switch: an Ethernet switch for components: each session of Nic and Uplink is a port. A frame goes to the
 * port where its destination is, or to all when that is not known, as far as the policies of both allow.
 *
 * What decides about a frame is a private copy of its header, and that copy is what the receiver gets; the
 * rest is copied once, from one client's memory to the other's.
 */
#include "switch.h"

#include <network/secret.h>

#include <stdio.h>
#include <string.h>

OS_MANIFEST("provides: [Nic, Uplink]\n"
            "requires: [Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

struct sw sw;

static struct port *port_of(struct net_port *port)
{
    return OS_CONTAINER_OF(port, struct port, net);
}

/* ---- frames */

/* Into the client's stream. */
static void put(struct port *port, const uint8_t head[NET_ETH_HEADER], const uint8_t *data, uint32_t len,
                uint32_t flags)
{
    struct os_nic_frames_packet packet;
    uint8_t *to = net_port_alloc(&port->net, len, &packet);
    if (net_taps_any(&port->taps))
        net_taps_frame(&port->taps, head, data, len, OS_PCAP_RECEIVED | (to ? 0 : OS_PCAP_DROPPED));
    if (!to)
        return;
    memcpy(to, data, len); /* all, because it begins with a line of the cache */
    memcpy(to, head, NET_ETH_HEADER);
    net_port_submit(&port->net, &packet, len, flags);
}

static int is_limited(struct port *port, enum direction direction, uint32_t len)
{
    struct limit *limit = &port->limits[direction];
    if (!limit->rate || limit_take(limit, len, net_port_now(&sw.server)))
        return 0;
    port->counters.limited++;
    return 1;
}

/* What waits at a line goes before what comes, also when the line has become a good one meanwhile. */
static void meet_line(struct port *port, enum direction direction, const uint8_t head[NET_ETH_HEADER],
                      const uint8_t *data, uint32_t len, uint32_t flags)
{
    if (port->policy.impair.directions & 1 << direction || !os_list_empty(&port->lines[direction].waiting))
        impair_frame(port, direction, head, data, len, flags);
    else
        port_pass(port, direction, head, data, len, flags);
}

static void send_to(struct port *from, struct port *port, const uint8_t head[NET_ETH_HEADER],
                    const uint8_t *data, uint32_t len, uint32_t flags)
{
    if ((from->policy.isolated && port->policy.isolated) || !port->policy.link)
        from->counters.isolated++;
    else if (!is_limited(port, TO_CLIENT, len))
        meet_line(port, TO_CLIENT, head, data, len, flags);
}

static void flood(struct port *from, const uint8_t head[NET_ETH_HEADER], const uint8_t *data, uint32_t len,
                  uint32_t flags)
{
    OS_LIST_FOR_EACH (link, &sw.server.ports)
        if (port_at(link) != from)
            send_to(from, port_at(link), head, data, len, flags);
}

static void forward(struct port *from, const uint8_t head[NET_ETH_HEADER], const uint8_t *data, uint32_t len,
                    uint32_t flags)
{
    const uint8_t *dst = head + NET_ETH_DST;
    struct port *to = net_mac_is_group(dst) ? NULL : table_find(&sw.table, dst, &from->last);
    if (!to)
        flood(from, head, data, len, flags);
    else if (to != from)
        send_to(from, to, head, data, len, flags);
}

void port_pass(struct port *port, enum direction direction, const uint8_t head[NET_ETH_HEADER],
               const uint8_t *data, uint32_t len, uint32_t flags)
{
    if (direction == FROM_CLIENT)
        forward(port, head, data, len, flags);
    else
        put(port, head, data, len, flags);
}

/* Whether the frame may come from where it says. */
static int is_genuine(struct port *port, const uint8_t src[6])
{
    if (port->owns_mac && net_mac_equal(src, port->net.info.mac))
        return 1;
    return port->policy.other_macs && !net_mac_is_group(src) && table_learn(&sw.table, src, port);
}

/* Whether the frame may go on. */
static int is_allowed(struct port *port, const uint8_t head[NET_ETH_HEADER], uint32_t len)
{
    if (!port->policy.link) {
        port->counters.isolated++;
        return 0;
    }
    if (is_limited(port, FROM_CLIENT, len))
        return 0;
    if (!is_genuine(port, head + NET_ETH_SRC)) {
        port->counters.spoofed++;
        return 0;
    }
    return 1;
}

static void on_frame(struct net_port *net, const uint8_t *data, uint32_t len, uint32_t flags)
{
    struct port *port = port_of(net);
    uint8_t head[NET_ETH_HEADER];
    memcpy(head, data, sizeof(head));
    report_dirty(&sw);
    int allowed = is_allowed(port, head, len);
    if (net_taps_any(&port->taps))
        net_taps_frame(&port->taps, head, data, len, allowed ? 0 : OS_PCAP_DROPPED);
    if (allowed)
        meet_line(port, FROM_CLIENT, head, data, len, flags);
}

/* ---- ports */

static int mac_taken(const uint8_t mac[6])
{
    OS_LIST_FOR_EACH (link, &sw.server.ports)
        if (net_mac_equal(port_at(link)->net.info.mac, mac))
            return 1;
    return 0;
}

/* The same label has the same address each time, unless another port has it just then. */
static void make_mac(const char *label, uint8_t mac[6])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *label; label++)
        hash = (hash ^ (uint8_t)*label) * UINT64_C(0x100000001b3);
    do {
        hash = (hash ^ hash >> 29) * UINT64_C(0x100000001b3);
        mac[0] = 2; /* locally administered, of one card */
        mac[1] = (uint8_t)(hash >> 56);
        net_put32(mac + 2, (uint32_t)(hash >> 24));
    } while (mac_taken(mac));
}

/* What can be another while the session is open. */
static void apply(struct port *port, const struct policy *policy)
{
    const struct impair *before = &port->policy.impair, *impair = &policy->impair;
    int fresh = memcmp(before, impair, sizeof(*impair)) != 0;
    port->policy = *policy;
    for (int i = FROM_CLIENT; i < DIRECTIONS; i++) {
        limit_set(&port->limits[i], policy->rate[i], policy->burst[i], port->net.info.mtu);
        if (fresh)
            line_seed(&port->lines[i], impair->seed, i);
    }
    if (port->net.kind == NET_PORT_NIC)
        net_port_set_link(&port->net, policy->link);
}

static os_err choose_mac(struct net_port *net, const struct policy *policy)
{
    if (!policy->has_mac) {
        make_mac(net->label, net->info.mac);
        return OS_OK;
    }
    if (mac_taken(policy->mac)) {
        printf("%s: refused, another port has its address\n", net->label);
        return OS_ERR_EXISTS;
    }
    memcpy(net->info.mac, policy->mac, sizeof(policy->mac));
    return OS_OK;
}

static os_err open_port(struct net_port_server *server, struct net_port *net, const char *args)
{
    struct port *port = port_of(net);
    struct policy policy;
    policy_read(&sw.config.config, net->label, net->kind, &policy);
    if (!policy.allow) {
        printf("%s: refused by policy\n", net->label);
        return OS_ERR_DENIED;
    }
    for (int i = FROM_CLIENT; i < DIRECTIONS; i++)
        line_init(&port->lines[i]);
    if (net->kind == NET_PORT_NIC) {
        os_err err = choose_mac(net, &policy);
        if (err)
            return err;
        net->info.mtu = policy.mtu;
        port->owns_mac = table_fix(&sw.table, net->info.mac, port);
    }
    apply(port, &policy);
    net_taps_init(&port->taps);
    net_taps_update(&sw.pcap, &port->taps, net->label);
    report_dirty(&sw);
    return OS_OK;
}

static void close_port(struct net_port *net)
{
    struct port *port = port_of(net);
    net_taps_fini(&port->taps);
    table_forget(&sw.table, port);
    for (int i = FROM_CLIENT; i < DIRECTIONS; i++)
        line_fini(&sw, &port->lines[i]);
    report_dirty(&sw);
}

/* A driver has said what its card is. */
static void on_info(struct net_port *net)
{
    struct port *port = port_of(net);
    port->owns_mac = table_fix(&sw.table, net->info.mac, port);
    if (!port->owns_mac)
        printf("%s: another port has the address of its card\n", net->label);
    apply(port, &port->policy);
    report_dirty(&sw);
}

/* ---- the config, the start */

static void configure_port(struct port *port)
{
    const struct os_nic_info *info = &port->net.info;
    struct policy policy;
    policy_read(&sw.config.config, port->net.label, port->net.kind, &policy);
    if (port->net.kind == NET_PORT_NIC &&
        (policy.mtu != info->mtu || (policy.has_mac && !net_mac_equal(policy.mac, info->mac))))
        printf("%s: mac and mtu stay as they are until it opens another session\n", port->net.label);
    apply(port, &policy);
}

static void configure(struct os_config_rom *rom)
{
    const struct os_config *config = &sw.config.config;
    os_config_ref queue = os_config_get(config, os_config_root(config), "queue");
    sw.queue = OS_MIB(1);
    if (queue && os_config_parse_size(os_config_value(config, queue), &sw.queue))
        sw.queue = OS_MIB(1);
    sw.table.age = os_config_time(config, os_config_root(config), "age", 300 * OS_SEC);
    OS_LIST_FOR_EACH (link, &sw.server.ports)
        configure_port(port_at(link));
    report_configure(&sw);
}

static void wishes_changed(struct net_pcap *pcap)
{
    OS_LIST_FOR_EACH (link, &sw.server.ports)
        net_taps_update(pcap, &port_at(link)->taps, port_at(link)->net.label);
}

void component_construct(struct os_env *env)
{
    static const struct net_port_handlers handlers = {
        .size = sizeof(struct port),
        .open = open_port,
        .close = close_port,
        .frame = on_frame,
        .info = on_info,
    };
    const struct os_config *config = &sw.config.config;

    sw = (struct sw){ .env = env };
    os_list_init(&sw.server.ports);
    os_require(env, os_timeouts_open(&sw.timeouts, env, env->ep), "cannot open Timer");
    impair_init(&sw);
    os_require(env, os_config_rom_open(&sw.config, env, "config", configure), "no config");
    uint64_t entries = os_config_u64(config, os_config_root(config), "table", 1024), key[2];
    net_secret(env, key, OS_ARRAY_LEN(key));
    os_require(env, table_init(&sw.table, entries < 65536 ? (uint32_t)entries : 65536, 0, key), "no table");
    configure(&sw.config);
    net_pcap_init(&sw.pcap, env, wishes_changed);
    os_require(env, net_port_server_init(&sw.server, env, 1, &handlers), "cannot offer Nic and Uplink");
}
