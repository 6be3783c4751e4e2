/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iperf: how much TCP and UDP carry, as iperf 2 measures it: a server that takes what comes, and a client
 * that sends for some time; or both of them both. Each says bytes, time and bits per second. What is measured
 * has no meaning, so that one iperf is server or client of any other.
 */
#include <os/component.h>
#include <os/config_rom.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "iperf.h"

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 6M\n"
            "caps: 64\n");

/* What comes back begins soon after it was asked for, and takes as long as what was sent. */
#define BACK_LIMIT (10 * OS_SEC)

struct iperf iperf;

static struct os_config_rom config;
static struct os_timeout limit;
static int awaits[2]; /* by enum end */
static int status = 1;

void iperf_say(const char *what, const struct net_addr *peer, uint64_t bytes, os_time time)
{
    char text[NET_ADDR_TEXT];
    uint64_t us = time / OS_US ? time / OS_US : 1;
    printf("%s %s: %llu bytes in %llu ms, %llu Mbit/s", what, net_addr_format(peer, text),
           (unsigned long long)bytes, (unsigned long long)(time / OS_MS),
           (unsigned long long)(bytes * 8 / us));
}

void iperf_complain(const struct net_addr *peer, const char *format, ...)
{
    char text[NET_ADDR_TEXT], rest[160];
    va_list args;
    va_start(args, format);
    vsnprintf(rest, sizeof(rest), format, args);
    va_end(args);
    printf("%s: %s\n", net_addr_format(peer, text), rest);
}

void iperf_ended(enum end end, int ok)
{
    if (iperf.server.family == NET_ANY || !awaits[end])
        return;
    awaits[end] = 0;
    os_time after = end == SENT ? BACK_LIMIT + iperf.order.time : OS_NEVER;
    if (ok && !awaits[SENT] && !awaits[CAME_BACK])
        status = 0;
    if (!ok || !status) {
        awaits[SENT] = awaits[CAME_BACK] = 0;
        after = 0; /* what was said last is on its way then */
    }
    if (after != OS_NEVER)
        os_require(iperf.env, os_timeout_arm(&limit, after), "no time-outs");
}

static void handle_limit(struct os_timeout *timeout)
{
    if (awaits[CAME_BACK])
        iperf_complain(&iperf.server, "has not sent back to our port %u, or not to its end", iperf.port);
    net_stack_exit(&iperf.stack, status);
}

static void say_address(struct net_stack *stack)
{
    char text[NET_ADDR_TEXT];
    struct net_stack_state state;
    static int said;
    net_stack_state(stack, &state);
    if (said || state.ipv4.family == NET_ANY)
        return;
    said = 1;
    printf("at %s\n", net_addr_format(&state.ipv4, text));
}

static void begin(struct net_stack *stack)
{
    if (iperf.is_udp)
        iperf_udp_send(&iperf.server, &iperf.order, 1);
    else
        iperf_tcp_send(&iperf.server, &iperf.order, 1);
}

static void configure(void)
{
    os_config_ref root = os_config_root(&config.config);
    const char *to = os_config_str(&config.config, root, "to", "any");
    const char *ways = os_config_str(&config.config, root, "ways", "one");
    iperf.port = (uint16_t)os_config_u64(&config.config, root, "port", 5001);
    os_require(iperf.env, net_addr_parse(to, &iperf.server), "the server is no address");
    if (!iperf.server.port)
        iperf.server.port = iperf.port;
    iperf.is_udp = !strcmp(os_config_str(&config.config, root, "protocol", "tcp"), "udp");
    iperf.back = os_config_bool(&config.config, root, "back", 1);
    iperf.length = (uint32_t)os_config_u64(&config.config, root, "length", 1470);
    iperf.order.time = os_config_time(&config.config, root, "time", 10 * OS_SEC);
    iperf.order.port = iperf.port;
    iperf.order.direction = !strcmp(ways, "both") ? AT_ONCE : !strcmp(ways, "in-turn") ? IN_TURN : ONE_WAY;
    iperf.order.rate = os_config_size(&config.config, root, "rate", OS_KIB(128));
    awaits[SENT] = 1;
    awaits[CAME_BACK] = iperf.order.direction != ONE_WAY;
}

void component_construct(struct os_env *env)
{
    iperf.env = env;
    os_require(env, os_timeouts_open(&iperf.timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&limit, &iperf.timeouts, handle_limit);
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    configure();
    iperf_tcp_init();
    iperf_udp_init();
    int is_server = iperf.server.family == NET_ANY;
    if (is_server)
        iperf.stack.changed = say_address;
    else
        iperf.stack.ready = begin;
    iperf.stack.family = iperf.server.family;
    net_stack_require(&iperf.stack, env, &config.config);
    if (is_server || awaits[CAME_BACK]) {
        iperf_tcp_serve();
        iperf_udp_serve();
    }
}
