/* SPDX-License-Identifier: BSD-2-Clause */
/* ping: asks a host for echoes, one after the other, says how long each took, and ends with a summary. */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/timer.h>
#include <network/socket.h>

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

static struct os_config_rom config;
static struct net_stack stack;
static struct net_resolve resolve;
static struct net_ping ping;
static struct os_timeouts timeouts;
static struct os_timeout tick;
static const char *host;
static uint64_t count, sent, answers, size;
static os_time every, least = OS_NEVER, most, sum;

static void done(void)
{
    printf("%s: %llu sent, %llu answered", host, (unsigned long long)sent, (unsigned long long)answers);
    if (answers)
        printf("; %llu, %llu, %llu us at least, on average, at most", (unsigned long long)(least / OS_US),
               (unsigned long long)(sum / answers / OS_US), (unsigned long long)(most / OS_US));
    printf("\n");
    net_ping_close(&ping);
    net_stack_exit(&stack, !answers);
}

static void answered(struct net_ping *which, os_err err, uint16_t sequence, const struct net_addr *from,
                     os_time time, size_t len)
{
    char text[NET_ADDR_TEXT];
    net_addr_format(from, text);
    if (err) {
        printf("%s: %s\n", text, os_err_text(err));
        return;
    }
    answers++;
    sum += time;
    least = time < least ? time : least;
    most = time > most ? time : most;
    printf("%s: %llu bytes, number %u, %llu us\n", text, (unsigned long long)len, sequence,
           (unsigned long long)(time / OS_US));
    if (answers == count)
        done();
}

/* The next one, or the end when the last one had its time. */
static void handle_tick(struct os_timeout *timeout)
{
    if (sent == count)
        done();
    os_err err = net_ping_send(&ping, (uint16_t)sent, (size_t)size);
    if (err)
        printf("%s: %s\n", host, os_err_text(err));
    sent++;
}

static void start(const struct net_addr *to)
{
    ping.answered = answered;
    os_require(stack.env, net_ping_open(&stack, &ping, to), host);
    os_require(stack.env, os_timeout_repeat(&tick, every), "no time-outs");
    handle_tick(&tick);
}

static void resolved(struct net_resolve *which, os_err err, const struct net_addr *addrs, uint32_t found)
{
    os_require(stack.env, err, host);
    start(&addrs[0]);
}

static void ready(struct net_stack *which)
{
    resolve.resolved = resolved;
    os_require(stack.env, net_resolve(&stack, &resolve, host, NET_ANY), host);
}

void component_construct(struct os_env *env)
{
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&tick, &timeouts, handle_tick);
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    os_config_ref root = os_config_root(&config.config);
    host = os_config_str(&config.config, root, "to", "");
    count = os_config_u64(&config.config, root, "count", 4);
    size = os_config_u64(&config.config, root, "size", 56);
    every = os_config_time(&config.config, root, "every", OS_SEC);
    stack.ready = ready;
    stack.family = net_addr_family(host);
    net_stack_require(&stack, env, &config.config);
}
