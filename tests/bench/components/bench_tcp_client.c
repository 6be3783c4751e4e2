/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_tcp_client.c: sends blocks over TCP, or has them sent, over one connection or in turns over several;
 * see blocks.h. So many blocks are under way that nobody waits for the last answer.
 */
#include <network/socket.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "meter.h"

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 8M\n"
            "caps: 64\n"
            "config: { network: any, to: string, way: { type: enum, values: [up, down] }, connections: u32, "
            "window: u32, batch: u64 }\n");

struct connection {
    struct net_tcp tcp;
    size_t unsent; /* bytes of blocks that are owed */
    size_t came;   /* bytes of the present block */
};

static struct os_env *env;
static struct os_config_rom config;
static struct net_stack stack;
static struct net_addr server;
static struct connection *connections;
static uint32_t count, begun, connected, window, turn;
static int is_down;
static struct meter meter = { .chunk = 1 };
static char content[BLOCK], buffer[BLOCK];

static void send_owed(struct net_tcp *tcp)
{
    struct connection *c = tcp->user;
    size_t len = 1;
    while (c->unsent && len) {
        os_require(env, net_tcp_write(tcp, content, c->unsent < BLOCK ? c->unsent : BLOCK, &len), "write");
        c->unsent -= len;
    }
}

static void send_byte(struct net_tcp *tcp, char byte)
{
    size_t len;
    os_require(env, net_tcp_write(tcp, &byte, 1, &len), "write");
    os_require(env, len ? OS_OK : OS_ERR_BUSY, "room");
}

static void begin_block(void)
{
    struct connection *c = &connections[turn++ % count];
    if (is_down) {
        send_byte(&c->tcp, BLOCK_ASKED);
        return;
    }
    c->unsent += BLOCK;
    send_owed(&c->tcp);
}

static void take(struct net_tcp *tcp)
{
    struct connection *c = tcp->user;
    const size_t size = is_down ? BLOCK : 1;
    size_t len;
    while (!net_tcp_read(tcp, buffer, sizeof(buffer), &len) && len)
        for (c->came += len; c->came >= size; c->came -= size) {
            meter_tick(&meter);
            begin_block();
        }
}

static void ended(struct net_tcp *tcp, os_err err)
{
    os_fail(env, err, "the server");
}

static void connect_next(void);

static void handle_connected(struct net_tcp *tcp)
{
    net_tcp_set_nodelay(tcp, 1);
    send_byte(tcp, is_down ? BLOCKS_DOWN : BLOCKS_UP);
    if (++connected < count)
        connect_next();
    else
        while (window--)
            begin_block();
}

/* One at a time, or the server's backlog is full. */
static void connect_next(void)
{
    struct connection *c = &connections[begun++];
    c->tcp = (struct net_tcp){
        .connected = handle_connected, .readable = take, .writable = send_owed, .closed = ended, .user = c
    };
    os_require(env, net_tcp_connect(&stack, &c->tcp, &server, NULL), "connect");
}

static void changed(struct net_stack *of)
{
    struct net_stack_state state;
    net_stack_state(of, &state);
    if (!begun && state.link && state.ipv4.family)
        connect_next();
}

void component_construct(struct os_env *given)
{
    const struct os_config *c = &config.config;
    env = given;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "config");
    os_config_ref root = os_config_root(c);
    os_require(env, net_addr_parse(os_config_str(c, root, "to", ""), &server), "to");
    is_down = strcmp(os_config_str(c, root, "way", "up"), "down") == 0;
    count = (uint32_t)os_config_u64(c, root, "connections", 1);
    window = (uint32_t)os_config_u64(c, root, "window", 8);
    meter.batch = os_config_u64(c, root, "batch", 50 * OS_MS);
    connections = calloc(count, sizeof(*connections));
    os_require(env, connections ? OS_OK : OS_ERR_RAM, "connections");
    stack.changed = changed;
    os_require(env, net_stack_init(&stack, env, c, os_config_get(c, root, "network")), "network");
    changed(&stack);
}
