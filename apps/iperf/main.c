/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iperf: how much TCP carries, as iperf 2 measures it: a server that takes what comes, and a client that
 * sends for some time. Both say bytes, time and bits per second of each connection. What is measured is a
 * stream without meaning, so that one iperf is server or client of any other.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/list.h>
#include <os/timer.h>
#include <network/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 6M\n"
            "caps: 64\n");

enum { BLOCK = 128 << 10, STREAMS = 32 };

struct stream {
    struct os_list link;
    struct net_tcp tcp;
    os_time begun;
    uint64_t bytes;
};

static struct os_env *env;
static struct os_config_rom config;
static struct net_stack stack;
static struct net_tcp_listener listener;
static struct os_timeouts timeouts;
static struct os_timeout finish;
static struct os_list streams;
static uint32_t stream_count;
static struct net_addr server; /* of family NET_ANY: we are the server */
static struct stream sender;
static int started, ending;
static char block[BLOCK]; /* what is sent; all zero, so that a server finds no options in it */

static void say(const struct stream *stream, const char *what)
{
    char text[NET_ADDR_TEXT];
    struct net_addr peer;
    os_time time = os_clock_now() - stream->begun;
    uint64_t us = time / OS_US ? time / OS_US : 1;
    net_tcp_peer(&stream->tcp, &peer);
    printf("%s %s: %llu bytes in %llu ms, %llu Mbit/s\n", what, net_addr_format(&peer, text),
           (unsigned long long)stream->bytes, (unsigned long long)(time / OS_MS),
           (unsigned long long)(stream->bytes * 8 / us));
}

/* ---- the server */

static void take(void);

static void end_stream(struct stream *stream)
{
    say(stream, "from");
    net_tcp_close(&stream->tcp);
    os_list_remove(&stream->link);
    free(stream);
    stream_count--;
    take();
}

static void handle_bytes(struct net_tcp *tcp)
{
    struct stream *stream = tcp->user;
    const void *data;
    size_t len;
    while (!net_tcp_peek(tcp, &data, &len)) {
        if (!len) {
            end_stream(stream);
            return;
        }
        net_tcp_consume(tcp, len);
        stream->bytes += len;
    }
}

static void handle_broken(struct net_tcp *tcp, os_err err)
{
    end_stream(tcp->user);
}

static os_err take_one(void)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return OS_ERR_RAM;
    stream->tcp = (struct net_tcp){ .readable = handle_bytes, .closed = handle_broken, .user = stream };
    os_err err = net_tcp_accept(&listener, &stream->tcp);
    if (err) {
        free(stream);
        return err;
    }
    stream->begun = os_clock_now();
    os_list_insert(&streams, &stream->link);
    stream_count++;
    handle_bytes(&stream->tcp);
    return OS_OK;
}

static void take(void)
{
    while (stream_count < STREAMS && !take_one())
        ;
}

static void handle_incoming(struct net_tcp_listener *incoming)
{
    take();
}

/* ---- the client */

static void leave(int status)
{
    net_tcp_abort(&sender.tcp);
    net_stack_fini(&stack);
    os_exit(env, status);
}

static void send_more(struct net_tcp *tcp)
{
    size_t len = BLOCK;
    while (!ending && len == BLOCK) {
        /* it stays as it is for ever, so it need not be copied */
        if (net_tcp_write_static(tcp, block, BLOCK, &len))
            return;
        sender.bytes += len;
    }
}

static void handle_connected(struct net_tcp *tcp)
{
    sender.begun = os_clock_now();
    os_require(env,
               os_timeout_arm(&finish, os_config_time(&config.config, os_config_root(&config.config), "time",
                                                      10 * OS_SEC)),
               "no time-outs");
    send_more(tcp);
}

/* What is on its way still counts, and so does its time. */
static void handle_finish(struct os_timeout *timeout)
{
    ending = 1;
    net_tcp_shutdown(&sender.tcp);
}

static void handle_drained(struct net_tcp *tcp)
{
    if (!ending)
        return;
    say(&sender, "to");
    leave(0);
}

static void handle_answer(struct net_tcp *tcp)
{
    const void *data;
    size_t len;
    while (!net_tcp_peek(tcp, &data, &len) && len)
        net_tcp_consume(tcp, len);
}

static void handle_closed(struct net_tcp *tcp, os_err err)
{
    char text[NET_ADDR_TEXT];
    printf("%s: %s\n", net_addr_format(&server, text), os_err_text(err));
    leave(1);
}

/* Begins when there is an address to send from. */
static void handle_change(struct net_stack *changed)
{
    char text[NET_ADDR_TEXT];
    struct net_stack_state state;
    net_stack_state(changed, &state);
    int is_ready = server.family == NET_IPV6 ? state.ipv6_count > 1 : state.ipv4.family != NET_ANY;
    if (started || !is_ready)
        return;
    started = 1;
    if (server.family == NET_ANY) {
        printf("at %s\n", net_addr_format(&state.ipv4, text));
        return;
    }
    sender.tcp = (struct net_tcp){ .connected = handle_connected,
                                   .readable = handle_answer,
                                   .writable = send_more,
                                   .drained = handle_drained,
                                   .closed = handle_closed };
    os_require(env, net_tcp_connect(&stack, &sender.tcp, &server, NULL), "cannot connect");
}

void component_construct(struct os_env *component_env)
{
    env = component_env;
    os_list_init(&streams);
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&finish, &timeouts, handle_finish);
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    os_config_ref root = os_config_root(&config.config);
    const char *to = os_config_str(&config.config, root, "to", "any");
    uint16_t port = (uint16_t)os_config_u64(&config.config, root, "port", 5001);
    os_require(env, net_addr_parse(to, &server), "the server is no address");
    server.port = server.port ? server.port : port;
    stack.changed = handle_change;
    os_require(env,
               net_stack_init(&stack, env, &config.config, os_config_get(&config.config, root, "network")),
               "no network");
    if (server.family == NET_ANY) {
        listener.incoming = handle_incoming;
        os_require(env, net_tcp_listen(&stack, &listener, &server, 16), "cannot listen");
    }
    handle_change(&stack);
}
