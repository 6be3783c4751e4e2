/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: the component router: sessions of Nic and Uplink as ports of the state machine in router.h, its
 * config, its clock and its report.
 */
#include <network/pcap.h>
#include <network/port.h>
#include <network/secret.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <os/policy.h>
#include <os/report.h>
#include <os/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router.h"

OS_MANIFEST("provides: [Nic, Uplink]\n"
            "requires: [Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

/* A session's link is down for so long when it is in another domain, so that its client asks anew. */
#define LINK_PAUSE   (100 * OS_MS)
#define REPORT_EVERY OS_SEC /* at most */

struct session {
    struct net_port net;
    struct port port;
    struct net_taps taps;
    struct os_nic_frames_packet packet; /* that is being made */
    uint32_t flags;                     /* of it */
    char domain[NAME_SIZE];             /* that the policy says */
};

struct server {
    struct os_env *env;
    struct net_port_server ports;
    struct net_pcap pcap;
    struct os_config_rom config;
    struct os_timeouts timeouts;
    struct os_timeout timeout, pause, report_timeout;
    os_time armed; /* when timeout comes; OS_NEVER */
    struct os_reporter reporter;
    int reports, changed;
    struct router router;
};

static struct server server;

static struct session *session_of(struct net_port *net)
{
    return OS_CONTAINER_OF(net, struct session, net);
}

/* ---- frames */

static uint8_t *alloc(struct port *port, uint32_t len, uint32_t flags)
{
    struct session *session = OS_CONTAINER_OF(port, struct session, port);
    session->flags = flags;
    return net_port_alloc(&session->net, len, &session->packet);
}

static void submit(struct port *port, uint32_t len)
{
    struct session *session = OS_CONTAINER_OF(port, struct session, port);
    if (net_taps_any(&session->taps))
        net_taps_frame(&session->taps, session->packet.data, session->packet.data, len, OS_PCAP_RECEIVED);
    net_port_submit(&session->net, &session->packet, len, session->flags);
}

static const struct router_io io = { .alloc = alloc, .submit = submit };

/* ---- time */

static void arm(void)
{
    os_time due = router_due(&server.router), now;
    if (due >= server.armed)
        return;
    now = os_clock_now();
    os_err err = os_timeout_arm(&server.timeout, due > now ? due - now : 0);
    if (err)
        fprintf(stderr, "no timer: %s\n", os_err_text(err));
    else
        server.armed = due;
}

static void on_timeout(struct os_timeout *timeout)
{
    server.armed = OS_NEVER;
    router_tick(&server.router, os_clock_now());
    net_port_flush_all(&server.ports);
    arm();
}

/* ---- the report: soon after a change, and then no more often than REPORT_EVERY */

static void report(void)
{
    struct os_config_writer writer;
    os_config_writer_init(&writer, "router");
    router_report(&server.router, &writer);
    os_err err = os_reporter_submit_tree(&server.reporter, &writer);
    if (err)
        fprintf(stderr, "report: %s\n", os_err_text(err));
}

static void on_report(struct os_timeout *timeout)
{
    if (!server.changed || !server.reports)
        return;
    server.changed = 0;
    report();
}

/* The state may be another one now. */
static void note_change(void)
{
    if (!server.reports || server.changed)
        return;
    server.changed = 1;
    if (server.report_timeout.due == OS_NEVER && os_timeout_arm(&server.report_timeout, REPORT_EVERY))
        server.changed = 0;
}

static void read_report(os_config_ref root)
{
    int wanted = os_config_bool(&server.config.config, root, "report", 0);
    if (wanted && !server.reports) {
        os_err err = os_reporter_init(&server.reporter, server.env, "state");
        if (err)
            fprintf(stderr, "no report: %s\n", os_err_text(err));
        server.reports = !err;
    } else if (!wanted && server.reports) {
        os_reporter_fini(&server.reporter);
        server.reports = server.changed = 0;
    }
}

static void frame(struct net_port *net, const uint8_t *data, uint32_t len, uint32_t flags)
{
    struct session *session = session_of(net);
    if (net_taps_any(&session->taps))
        net_taps_frame(&session->taps, data, data, len, 0);
    router_frame(&server.router, &session->port, data, len, flags, net_port_now(&server.ports));
    arm();
    note_change();
}

/* ---- sessions */

static struct domain *find_policy(struct session *session)
{
    const struct os_config *config = &server.config.config;
    os_config_ref policy = os_policy_find(config, session->net.label);
    const char *address = os_config_str(config, policy, "address", "");
    struct net_addr addr = { 0 };
    snprintf(session->domain, sizeof(session->domain), "%s", os_config_str(config, policy, "domain", ""));
    if (*address && (net_addr_parse(address, &addr) || addr.family != NET_IPV4))
        fprintf(stderr, "%s:%u: address '%s', expected an IPv4 address\n", os_config_file(config),
                (unsigned)policy->line, address);
    session->port.address = addr.family == NET_IPV4 ? addr4(&addr) : 0;
    return domain_find(&server.router, session->domain);
}

static int mac_is_used(const uint8_t mac[6])
{
    OS_LIST_FOR_EACH (link, &server.ports.ports)
        if (net_mac_equal(OS_CONTAINER_OF(link, struct session, net.link)->net.info.mac, mac))
            return 1;
    return 0;
}

/*
 * From the label: a client that is started again, or sees the router started again, gets what it had, and the
 * same address by DHCP.
 */
static void choose_mac(struct net_port *net)
{
    uint8_t mac[6];
    uint32_t attempt = 0;
    do
        router_mac(&server.router, net->label, attempt++, mac);
    while (mac_is_used(mac));
    memcpy(net->info.mac, mac, sizeof(mac));
}

static os_err open_port(struct net_port_server *ports, struct net_port *net, const char *args)
{
    struct session *session = session_of(net);
    struct domain *domain = find_policy(session);
    if (!domain) {
        printf("no domain for \"%s\": expected an item of `policy` with this label\n", net->label);
        return OS_ERR_DENIED;
    }
    session->port.uplink = net->kind == NET_PORT_UPLINK;
    if (!session->port.uplink) {
        net->info = (struct os_nic_info){ .mtu = OS_NIC_MTU, .link = 1 };
        choose_mac(net);
        memcpy(session->port.mac, net->info.mac, sizeof(session->port.mac));
        session->port.mtu = net->info.mtu;
        session->port.up = 1;
    }
    net_taps_init(&session->taps);
    net_taps_update(&server.pcap, &session->taps, net->label);
    router_add(&server.router, &session->port, domain, os_clock_now());
    arm();
    note_change();
    return OS_OK;
}

static void close_port(struct net_port *net)
{
    router_remove(&server.router, &session_of(net)->port, os_clock_now());
    net_taps_fini(&session_of(net)->taps);
    note_change();
}

static void info(struct net_port *net)
{
    struct port *port = &session_of(net)->port;
    memcpy(port->mac, net->info.mac, sizeof(port->mac));
    port->mtu = net->info.mtu;
    port->up = net->info.link;
    router_link(&server.router, port, os_clock_now());
    arm();
    note_change();
}

static void wishes_changed(struct net_pcap *pcap)
{
    OS_LIST_FOR_EACH (link, &server.ports.ports) {
        struct session *session = OS_CONTAINER_OF(link, struct session, net.link);
        net_taps_update(pcap, &session->taps, session->net.label);
    }
}

static const struct net_port_handlers handlers = {
    .size = sizeof(struct session),
    .open = open_port,
    .close = close_port,
    .frame = frame,
    .info = info,
};

/* ---- the config changes */

static void set_up(struct session *session, int up)
{
    net_port_set_link(&session->net, up);
    session->port.up = up;
    router_link(&server.router, &session->port, os_clock_now());
}

static void on_pause_end(struct os_timeout *timeout)
{
    OS_LIST_FOR_EACH (link, &server.ports.ports) {
        struct session *session = OS_CONTAINER_OF(link, struct session, net.link);
        if (session->net.kind == NET_PORT_NIC && session->port.domain && !session->port.up)
            set_up(session, 1);
    }
    net_port_flush_all(&server.ports);
    arm();
}

/* Into the domain that the policy says now. */
static void move(struct session *session, int *paused)
{
    struct domain *domain = find_policy(session);
    if (domain == session->port.domain)
        return;
    router_remove(&server.router, &session->port, os_clock_now());
    if (session->net.kind == NET_PORT_NIC) {
        set_up(session, 0);
        *paused |= domain != NULL;
    }
    router_add(&server.router, &session->port, domain, os_clock_now());
}

static os_err configure(void)
{
    os_config_ref root = os_config_root(&server.config.config);
    struct router_config read;
    int paused = 0;
    os_err err = router_config_read(&server.config.config, &read);
    if (err)
        return err;
    err = router_configure(&server.router, &read, os_clock_now());
    router_config_free(&read);
    if (err)
        fprintf(stderr, "not all of the config can be paid for: %s\n", os_err_text(err));
    OS_LIST_FOR_EACH (link, &server.ports.ports)
        move(OS_CONTAINER_OF(link, struct session, net.link), &paused);
    if (paused && os_timeout_arm(&server.pause, LINK_PAUSE))
        on_pause_end(&server.pause);
    read_report(root);
    note_change();
    return err;
}

/* What is wrong with it was said; the one before stays in force. */
static void config_changed(struct os_config_rom *rom)
{
    os_err err = configure();
    (void)err;
    if (server.ports.env)
        net_port_flush_all(&server.ports);
    arm();
}

/* MAC addresses are those of the router before, if there was one, so that its clients find all as it was. */
static struct router_secrets secrets(struct os_env *env)
{
    struct router_secrets secrets;
    net_secret(env, secrets.table, OS_ARRAY_LEN(secrets.table));
    net_secret(env, secrets.numbers, OS_ARRAY_LEN(secrets.numbers));
    net_secret_stable(env, "mac", secrets.macs, OS_ARRAY_LEN(secrets.macs));
    return secrets;
}

/* What a router before has left in this program, as there is in tests in one process. */
static void forget(void)
{
    if (!server.env)
        return;
    router_fini(&server.router);
    free(server.config.tree);
}

void component_construct(struct os_env *env)
{
    forget();
    server = (struct server){ .env = env, .armed = OS_NEVER };
    os_list_init(&server.ports.ports);
    struct router_secrets made = secrets(env);
    router_init(&server.router, &io, &made);
    os_require(env, os_timeouts_open(&server.timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&server.timeout, &server.timeouts, on_timeout);
    os_timeout_init(&server.pause, &server.timeouts, on_pause_end);
    os_timeout_init(&server.report_timeout, &server.timeouts, on_report);
    os_require(env, os_config_rom_open(&server.config, env, "config", config_changed), "no config");
    os_require(env, configure(), "bad config");
    net_pcap_init(&server.pcap, env, wishes_changed);
    os_require(env, net_port_server_init(&server.ports, env, 1, &handlers), "cannot offer Nic");
    arm();
}
