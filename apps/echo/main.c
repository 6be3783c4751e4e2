/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: sends back what it gets (RFC 862), and takes what nobody wants (RFC 863), by TCP and UDP. What a peer
 * does not read, it is not asked to send: nothing is kept here.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/list.h>
#include <network/socket.h>

#include <stdio.h>
#include <stdlib.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

struct service {
    const char *name;
    struct net_tcp_listener listener;
    struct net_udp udp;
    int answers;
};

struct connection {
    struct os_list link;
    struct net_tcp tcp;
    const struct service *service;
    uint64_t bytes;
};

static struct os_config_rom config;
static struct net_stack stack;
static struct service echo = { .name = "echo", .answers = 1 }, discard = { .name = "discard" };
static struct os_list connections;
static uint32_t connection_count, connections_max;

static void take(struct service *service);

static void end(struct connection *connection)
{
    net_tcp_close(&connection->tcp);
    os_list_remove(&connection->link);
    printf("%s: %llu bytes\n", connection->service->name, (unsigned long long)connection->bytes);
    free(connection);
    connection_count--;
    take(&echo); /* who has waited for a place */
    take(&discard);
}

/* As much as the peer takes back; the rest stays in the stack, whose window closes. */
static void pass_on(struct net_tcp *tcp)
{
    struct connection *connection = tcp->user;
    const void *data;
    size_t len;
    for (;;) {
        os_err err = net_tcp_peek(tcp, &data, &len);
        if (err) /* none now; or it is broken, and closed will be called */
            return;
        if (!len) {
            end(connection);
            return;
        }
        if (connection->service->answers) {
            size_t taken;
            err = net_tcp_write(tcp, data, len, &taken);
            if (err || !taken)
                return;
            len = taken;
        }
        net_tcp_consume(tcp, len);
        connection->bytes += len;
    }
}

static void broken(struct net_tcp *tcp, os_err err)
{
    end(tcp->user);
}

static os_err take_one(struct service *service)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return OS_ERR_RAM;
    connection->service = service;
    connection->tcp =
        (struct net_tcp){ .readable = pass_on, .writable = pass_on, .closed = broken, .user = connection };
    os_err err = net_tcp_accept(&service->listener, &connection->tcp);
    if (err) {
        free(connection);
        return err;
    }
    os_list_insert(&connections, &connection->link);
    connection_count++;
    pass_on(&connection->tcp);
    return OS_OK;
}

static void take(struct service *service)
{
    while (service->listener.own && connection_count < connections_max && !take_one(service))
        ;
}

static void incoming(struct net_tcp_listener *listener)
{
    take(listener->user);
}

/* A datagram for which there is no room is lost, as on any network. */
static void received(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                     const struct net_addr *to)
{
    const struct service *service = udp->user;
    if (service->answers && from->port > 1023) { /* two echo servers would never end */
        os_err err = net_udp_send(udp, from, data, len);
        (void)err;
    }
}

static void start(struct os_env *env, struct service *service, uint16_t port)
{
    struct net_addr any = { .port = port };
    if (!port)
        return;
    service->listener.incoming = incoming;
    service->listener.user = service;
    service->udp.received = received;
    service->udp.user = service;
    os_require(env, net_tcp_listen(&stack, &service->listener, &any, 16), "cannot listen");
    os_require(env, net_udp_open(&stack, &service->udp, &any), "cannot open the UDP port");
}

static void say_address(struct net_stack *changed)
{
    char text[NET_ADDR_TEXT];
    struct net_stack_state state;
    static struct net_addr said;
    net_stack_state(changed, &state);
    if (net_addr_equal(&said, &state.ipv4))
        return;
    said = state.ipv4;
    if (state.ipv4.family != NET_ANY)
        printf("at %s\n", net_addr_format(&state.ipv4, text));
    for (uint32_t i = 0; i < state.ipv6_count; i++)
        printf("at %s\n", net_addr_format(&state.ipv6[i], text));
}

static void configure(struct os_config_rom *rom)
{
    connections_max = (uint32_t)os_config_u64(&rom->config, os_config_root(&rom->config), "connections", 64);
}

void component_construct(struct os_env *env)
{
    os_list_init(&connections);
    os_require(env, os_config_rom_open(&config, env, "config", configure), "no config");
    configure(&config);
    os_config_ref root = os_config_root(&config.config);
    stack.changed = say_address;
    net_stack_require(&stack, env, &config.config);
    start(env, &echo, (uint16_t)os_config_u64(&config.config, root, "echo", 7));
    start(env, &discard, (uint16_t)os_config_u64(&config.config, root, "discard", 9));
}
