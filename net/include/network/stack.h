/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.h: a TCP/IP stack (lwIP) in a component, on one Nic session. There is one in a component; it works at
 * the entrypoint that it was made with, has no thread, and wakes up for frames and for protocol timers that
 * are due only. Connections and names: network/socket.h. lwIP's own raw API is there for who wants it
 * (lwip/tcp.h, ...), at the same entrypoint.
 *
 *     static void begin(struct net_stack *stack) { ... net_resolve, net_tcp_connect ... }
 *
 *     static struct net_stack stack = { .ready = begin };
 *     net_stack_require(&stack, env, &config.config);
 *
 * The `network` node of a component's config, all of it optional:
 *
 *     network:
 *       label: lan                 label of the Nic session, "" if nothing is said
 *       ipv4: dhcp                 or "10.0.0.2/24", or none;       default dhcp
 *       gateway: 10.0.0.1          with an ipv4 address; by DHCP otherwise
 *       ipv6: auto                 (router advertisements), "fd00::2/64", or none; default auto
 *       gateway6: fd00::1          with an ipv6 address; by router advertisements otherwise
 *       dns: [10.0.0.1]            instead of those that DHCP and router advertisements name
 *       hostname: NAME             as DHCP is told; letters, digits, '-'; default the last part of the
 *                                  component's label
 *       memory: 1M                 for packets, connections and tables, of the component's quota; default 1M
 *
 * A stack that receives over several connections at the same time wants more `memory`: the stream of frames
 * that come in is an eighth of it in addition, from 512 KiB to 4 MiB, and what a burst has beyond that is
 * lost. What is beyond `memory` is dropped like a lost frame, or refused with OS_ERR_RAM; nothing asserts.
 *
 * A component that has a stack requires Nic and Timer, and is linked with stack_dep (net/lib/meson.build). In
 * its config.yaml:
 *
 *     network:
 *       type: map
 *       doc: addresses and limits of its stack, see network/stack.h
 *       keys: { label: string, ipv4: string, gateway: string, ipv6: string, gateway6: string, ... }
 *
 * as apps/echo/config.yaml has it in full, so that a misspelt key is told before anything starts.
 *
 * When the server of the Nic session ends, the link is down; the stack opens a new session and the link comes
 * up again. Connections live on if the addresses are the same then.
 */
#ifndef NETWORK_STACK_H
#define NETWORK_STACK_H

#include <network/address.h>
#include <os/component.h>
#include <os/config.h>

struct net_stack {
    /* Both at the entrypoint and perhaps before init has returned, which has made the stack by then; or NULL.
     */
    void (*changed)(struct net_stack *stack); /* link or addresses have changed */
    /*
     * Once: the link is up, and there is an address of FAMILY, for IPv6 one besides that of the link itself;
     * of any if the config wants none of that family.
     */
    void (*ready)(struct net_stack *stack);
    enum net_family family;        /* NET_ANY: either */
    struct os_env *env;            /* set by init */
    struct net_stack_private *own; /* NULL before init */
};

/* CONFIG may be NULL. One at a time in a component: OS_ERR_EXISTS. OS_ERR_BAD_ARG is logged with its place.
 */
OS_MUST_CHECK os_err net_stack_init(struct net_stack *stack, struct os_env *env,
                                    const struct os_config *config, os_config_ref network);
/*
 * The same for component_construct: with the node `network` at the root of CONFIG, and what fails ends the
 * component (os_require).
 */
static inline void net_stack_require(struct net_stack *stack, struct os_env *env,
                                     const struct os_config *config)
{
    os_config_ref network = os_config_get(config, os_config_root(config), "network");
    os_require(env, net_stack_init(stack, env, config, network), "no network");
}

/* Ends all connections without a word to their peers and gives everything back. */
void net_stack_fini(struct net_stack *stack);

/*
 * Around calls of lwIP's own API from elsewhere than its callbacks: what time has brought is dealt with
 * first, and what the calls have made is sent at the return to the entrypoint.
 */
void net_stack_begin(struct net_stack *stack);
void net_stack_end(struct net_stack *stack);

/* Ends the stack, and the component with STATUS. */
static inline __attribute__((noreturn)) void net_stack_exit(struct net_stack *stack, int status)
{
    struct os_env *env = stack->env;
    net_stack_fini(stack);
    os_exit(env, status);
}

struct net_stack_state {
    int link;                /* up */
    uint8_t mac[6];          /* while there is a session */
    uint16_t mtu;            /* bytes */
    struct net_addr ipv4;    /* family NET_ANY while there is none */
    struct net_addr gateway; /* IPv4, the same */
    struct net_addr ipv6[4]; /* preferred and valid ones, link-local first */
    uint32_t ipv6_count;
    uint64_t frames_in, frames_out, bytes_in, bytes_out, dropped;
    uint64_t memory, memory_peak; /* bytes in use */
};
void net_stack_state(const struct net_stack *stack, struct net_stack_state *state);

#endif
