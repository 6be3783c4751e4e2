/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_threads.c: threads that wait for a network (network/blocking.h). With `to`, an address: a client of the
 * same program without, which sends back what comes at port 7, by three threads and by UDP, and breaks off
 * what comes at port 9.
 */
#include <network/blocking.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 8M\n"
            "caps: 100\n"
            "config: { to: string, network: any }\n");

#define SIZE  1000000u
#define STACK OS_KIB(64)

static struct os_config_rom config;
static struct os_env *component;
static struct net_stack stack;
static struct net_blocking gate;
static struct net_blocking_listener echoes, breaks;
static struct os_thread threads[5];
static unsigned thread_count;
static struct net_addr server; /* without port */
static struct os_signal_handler end;
static os_signal_cap end_signal;

static void require(os_err err, const char *what)
{
    if (!err)
        return;
    printf("%s: %s\n", what, os_err_name(err));
    fflush(stdout);
    abort();
}

static void begin(struct os_thread *thread, void (*entry)(struct os_thread *thread))
{
    require(os_thread_start(thread, entry, STACK), "thread");
}

/* ---- the server ---- */

static void echo(struct os_thread *thread)
{
    struct net_blocking_tcp tcp = { 0 };
    char data[3000];
    size_t len;
    (void)thread;
    while (!net_blocking_accept(&echoes, &tcp, OS_NEVER)) {
        while (!net_blocking_read(&tcp, data, sizeof(data), &len, OS_NEVER) && len)
            if (net_blocking_write(&tcp, data, len, &len, OS_NEVER))
                break;
        net_blocking_close(&tcp);
    }
}

static void break_off(struct os_thread *thread)
{
    struct net_blocking_tcp tcp = { 0 };
    struct net_addr at = { .port = 9 };
    char data[10];
    size_t len;
    (void)thread;
    require(net_blocking_listen(&gate, &breaks, &at, 5, OS_NEVER), "listen at 9");
    while (!net_blocking_accept(&breaks, &tcp, OS_NEVER)) {
        (void)!net_blocking_read(&tcp, data, sizeof(data), &len, OS_NEVER);
        net_blocking_abort(&tcp);
    }
}

static void echo_datagrams(struct os_thread *thread)
{
    struct net_blocking_udp udp = { 0 };
    struct net_addr at = { .port = 7 }, from;
    char data[2000];
    size_t len;
    (void)thread;
    require(net_blocking_udp_open(&gate, &udp, &at, OS_NEVER), "UDP at 7");
    while (!net_blocking_udp_receive(&udp, data, sizeof(data), &len, &from, NULL, OS_NEVER))
        (void)!net_blocking_udp_send(&udp, &from, data, len, OS_NEVER);
}

/* Becomes one of those that accept. */
static void serve(struct os_thread *thread)
{
    struct net_addr at = { .port = 7 };
    require(net_blocking_listen(&gate, &echoes, &at, 5, OS_NEVER), "listen at 7");
    begin(&threads[thread_count++], echo);
    begin(&threads[thread_count++], echo);
    begin(&threads[thread_count++], break_off);
    begin(&threads[thread_count++], echo_datagrams);
    printf("serves\n");
    echo(thread);
}

/* ---- the client ---- */

static struct net_addr at_port(uint16_t port)
{
    struct net_addr addr = server;
    addr.port = port;
    return addr;
}

/* The server may not be there yet. */
static void connect_to(struct net_blocking_tcp *tcp, uint16_t port)
{
    struct net_addr to = at_port(port);
    os_err err;
    do
        err = net_blocking_connect(&gate, tcp, &to, NULL, os_clock_now() + 2 * OS_SEC);
    while (err == OS_ERR_REFUSED || err == OS_ERR_DEADLINE || err == OS_ERR_UNREACHABLE);
    require(err, "connect");
}

struct transfer {
    struct os_thread writer, reader;
    struct net_blocking_tcp tcp;
    uint8_t pattern;
    size_t got;
};

static uint8_t byte_at(const struct transfer *transfer, size_t at)
{
    return (uint8_t)((at * 2654435761u >> 13) + at / 251 + transfer->pattern);
}

static void write_all(struct os_thread *thread)
{
    struct transfer *transfer = OS_CONTAINER_OF(thread, struct transfer, writer);
    uint8_t data[5000];
    size_t len;
    for (size_t at = 0; at < SIZE; at += sizeof(data)) {
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = byte_at(transfer, at + i);
        require(net_blocking_write(&transfer->tcp, data, sizeof(data), &len, OS_NEVER), "write");
    }
    net_blocking_shutdown(&transfer->tcp);
}

static void read_all(struct os_thread *thread)
{
    struct transfer *transfer = OS_CONTAINER_OF(thread, struct transfer, reader);
    uint8_t data[7000];
    size_t len = 1;
    while (len) {
        require(net_blocking_read(&transfer->tcp, data, sizeof(data), &len, OS_NEVER), "read");
        for (size_t i = 0; i < len; i++)
            if (data[i] != byte_at(transfer, transfer->got + i))
                require(OS_ERR_IO, "what came back");
        transfer->got += len;
    }
}

/* Two connections at a time, each in both directions. */
static void transfer(void)
{
    static struct transfer transfers[2];
    for (uint8_t i = 0; i < OS_ARRAY_LEN(transfers); i++) {
        transfers[i].pattern = i;
        connect_to(&transfers[i].tcp, 7);
        begin(&transfers[i].reader, read_all);
        begin(&transfers[i].writer, write_all);
    }
    for (unsigned i = 0; i < OS_ARRAY_LEN(transfers); i++) {
        os_thread_join(&transfers[i].writer);
        os_thread_join(&transfers[i].reader);
        net_blocking_close(&transfers[i].tcp);
        printf("%u bytes there and back\n", (unsigned)transfers[i].got);
    }
}

static struct net_blocking_tcp shared;

static void read_shared(struct os_thread *thread)
{
    char data[10];
    size_t len;
    (void)thread;
    printf("reading: %s\n", os_err_name(net_blocking_read(&shared, data, sizeof(data), &len, OS_NEVER)));
}

static void wait_in_vain(void)
{
    struct os_thread reader;
    char data[10];
    size_t len;
    connect_to(&shared, 7);
    printf("nothing comes: %s\n",
           os_err_name(net_blocking_read(&shared, data, sizeof(data), &len, os_clock_now() + 20 * OS_MS)));
    begin(&reader, read_shared);
    net_blocking_close(&shared);
    os_thread_join(&reader);
}

static void be_refused(void)
{
    struct net_blocking_tcp tcp = { 0 };
    struct net_addr to = at_port(99);
    char data[10];
    size_t len;
    printf("connecting: %s\n", os_err_name(net_blocking_connect(&gate, &tcp, &to, NULL, OS_NEVER)));
    connect_to(&tcp, 9);
    require(net_blocking_write(&tcp, "x", 1, &len, OS_NEVER), "write");
    printf("a reset: %s\n", os_err_name(net_blocking_read(&tcp, data, sizeof(data), &len, OS_NEVER)));
    net_blocking_close(&tcp);
}

/* A datagram may be lost, so it is sent again. */
static void exchange_datagrams(void)
{
    struct net_blocking_udp udp = { 0 };
    struct net_addr to = at_port(7);
    char data[100];
    size_t len = 0;
    require(net_blocking_udp_open(&gate, &udp, NULL, OS_NEVER), "UDP");
    do
        require(net_blocking_udp_send(&udp, &to, "hello", 5, OS_NEVER), "send");
    while (net_blocking_udp_receive(&udp, data, sizeof(data), &len, NULL, NULL, os_clock_now() + OS_SEC));
    printf("a datagram of %u bytes came back\n", (unsigned)len);
    net_blocking_udp_close(&udp);
}

/* Says something now and then until the server has ended, which the next one says. */
static void outlive_server(void)
{
    struct net_blocking_tcp tcp = { 0 };
    char data[100];
    size_t len;
    os_err err;
    connect_to(&tcp, 7);
    printf("talks until the server ends\n");
    do {
        err = net_blocking_write(&tcp, "x", 1, &len, OS_NEVER);
        if (!err)
            err = net_blocking_read(&tcp, data, sizeof(data), &len, os_clock_now() + 100 * OS_MS);
    } while (!err || err == OS_ERR_DEADLINE);
    printf("the server has ended: %s\n", os_err_name(err));
    net_blocking_close(&tcp);
}

static void be_client(struct os_thread *thread)
{
    (void)thread;
    transfer();
    wait_in_vain();
    be_refused();
    exchange_datagrams();
    outlive_server();
    connect_to(&shared, 7);
    printf("and is there again\n");
    os_signal_submit(end_signal);
    read_shared(thread); /* the end of the component is in the midst of this */
    net_blocking_close(&shared);
}

static void on_end(struct os_signal_handler *handler)
{
    (void)handler;
    net_blocking_fini(&gate);
    os_thread_join(&threads[0]);
    net_stack_fini(&stack);
    printf("ended\n");
    os_exit(component, 0);
}

void component_construct(struct os_env *env)
{
    component = env;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    const struct os_config *tree = &config.config;
    os_config_ref root = os_config_root(tree);
    const char *to = os_config_str(tree, root, "to", "");
    os_require(env, os_signal_handler_init(&end, env->ep, on_end, &end_signal), "no signal");
    os_require(env, net_stack_init(&stack, env, tree, os_config_get(tree, root, "network")), "no network");
    os_require(env, net_blocking_init(&gate, &stack, 0), "no gate");
    if (*to)
        os_require(env, net_addr_parse(to, &server), to);
    begin(&threads[thread_count++], *to ? be_client : serve);
}
