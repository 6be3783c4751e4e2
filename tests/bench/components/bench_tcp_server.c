/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_tcp_server.c: takes blocks of TCP connections, or sends them; see blocks.h. */
#include <network/socket.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <stdlib.h>

#include "blocks.h"

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 8M\n"
            "caps: 64\n"
            "config: { network: any }\n");

struct peer {
    struct net_tcp tcp;
    int way;       /* enum of blocks.h, 0: not said yet */
    size_t came;   /* bytes of the present block */
    size_t unsent; /* bytes that are owed */
};

static struct os_env *env;
static struct os_config_rom config;
static struct net_stack stack;
static struct net_tcp_listener listener;
static char content[BLOCK], buffer[BLOCK];

static void send_owed(struct net_tcp *tcp)
{
    struct peer *peer = tcp->user;
    size_t len = 1;
    while (peer->unsent && len) {
        if (net_tcp_write(tcp, content, peer->unsent < BLOCK ? peer->unsent : BLOCK, &len))
            return;
        peer->unsent -= len;
    }
}

static void take(struct net_tcp *tcp)
{
    struct peer *peer = tcp->user;
    const char *data = buffer;
    size_t len;
    while (!net_tcp_read(tcp, buffer, sizeof(buffer), &len) && len) {
        if (!peer->way) {
            peer->way = *data;
            len--;
        }
        if (peer->way == BLOCKS_DOWN) {
            peer->unsent += len * BLOCK;
        } else {
            peer->came += len;
            peer->unsent += peer->came / BLOCK;
            peer->came %= BLOCK;
        }
    }
    send_owed(tcp);
}

static void ended(struct net_tcp *tcp, os_err err)
{
    os_fail(env, err, "a connection has ended");
}

static void incoming(struct net_tcp_listener *from)
{
    os_err err;
    do {
        struct peer *peer = calloc(1, sizeof(*peer));
        os_require(env, peer ? OS_OK : OS_ERR_RAM, "a connection");
        peer->tcp =
            (struct net_tcp){ .readable = take, .writable = send_owed, .closed = ended, .user = peer };
        err = net_tcp_accept(from, &peer->tcp);
        if (err) {
            free(peer);
        } else {
            net_tcp_set_nodelay(&peer->tcp, 1);
            take(&peer->tcp);
        }
    } while (!err);
}

void component_construct(struct os_env *given)
{
    const struct net_addr any = { .port = BLOCKS_PORT };
    env = given;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "config");
    os_require(env,
               net_stack_init(&stack, env, &config.config,
                              os_config_get(&config.config, os_config_root(&config.config), "network")),
               "network");
    listener.incoming = incoming;
    os_require(env, net_tcp_listen(&stack, &listener, &any, 255), "listen");
}
