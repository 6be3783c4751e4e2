/* SPDX-License-Identifier: BSD-2-Clause */
/* pair.c: see pair.h. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"

struct wire wire;
struct host a, b;

void pair_setup(void)
{
    wire = (struct wire){ .seed = 1 };
    wire_init(&wire);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: fd00::1/64");
    host_init(&b, "b", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64");
    inproc_advance(3 * OS_SEC);
}

void pair_teardown(void)
{
    host_fini(&b);
    host_fini(&a);
    wire_fini(&wire);
}

struct side client, server;
struct net_tcp_listener listener;

static uint8_t byte_at(uint32_t pattern, size_t at)
{
    return (uint8_t)((at * 2654435761u >> 13) + pattern + at / 251);
}

static void send_more(struct side *side)
{
    uint8_t data[5000];
    size_t len = sizeof(data);
    while (side->sent < side->size && len == sizeof(data)) {
        size_t want = side->size - side->sent < sizeof(data) ? side->size - side->sent : sizeof(data);
        for (size_t i = 0; i < want; i++)
            data[i] = byte_at(side->pattern, side->sent + i);
        ck_ok(net_tcp_write(&side->tcp, data, want, &len));
        side->sent += len;
        if (len < want)
            return;
    }
    if (side->sent == side->size && !side->stays)
        net_tcp_shutdown(&side->tcp);
}

static struct side *side_of(struct net_tcp *tcp)
{
    return OS_CONTAINER_OF(tcp, struct side, tcp);
}

static void on_connected(struct net_tcp *tcp)
{
    side_of(tcp)->connected++;
    send_more(side_of(tcp));
}

static void on_writable(struct net_tcp *tcp)
{
    send_more(side_of(tcp));
}

void pair_on_readable(struct net_tcp *tcp)
{
    struct side *side = side_of(tcp);
    uint8_t data[3000];
    size_t len;
    os_err err;
    while ((err = net_tcp_read(tcp, data, sizeof(data), &len)) == OS_OK && len) {
        size_t same = 0; /* an assertion for each byte would take longer than all the rest */
        while (same < len && data[same] == byte_at(side->pattern ^ 1, side->got + same))
            same++;
        ck_assert_uint_eq(same, len);
        side->got += len;
    }
    if (err == OS_OK)
        side->peer_ended = 1;
    else if (err != OS_ERR_DEAD) /* closed is called next */
        ck_err(err, OS_ERR_BUSY);
}

static void on_drained(struct net_tcp *tcp)
{
    side_of(tcp)->drained++;
}

static void on_closed(struct net_tcp *tcp, os_err err)
{
    side_of(tcp)->closed++;
    side_of(tcp)->err = err;
}

void pair_on_incoming(struct net_tcp_listener *of)
{
    while (net_tcp_accept(of, &server.tcp) == OS_OK) {
        server.connected++;
        send_more(&server);
    }
}

void pair_prepare(struct side *side, size_t size, uint32_t pattern)
{
    *side = (struct side){ .tcp = { .connected = on_connected,
                                    .readable = pair_on_readable,
                                    .writable = on_writable,
                                    .drained = on_drained,
                                    .closed = on_closed },
                           .size = size,
                           .pattern = pattern };
}

void pair_begin(const char *to, size_t up, size_t down)
{
    struct net_addr at = { .port = 80 }, peer;
    pair_prepare(&client, up, 0);
    pair_prepare(&server, down, 1);
    listener = (struct net_tcp_listener){ .incoming = pair_on_incoming };
    ck_ok(net_addr_parse(to, &peer));
    ck_ok(net_tcp_listen(&b.stack, &listener, &at, 5));
    ck_ok(net_tcp_connect(&a.stack, &client.tcp, &peer, NULL));
}

void pair_begin_and_stay(const char *to, size_t up, size_t down)
{
    pair_begin(to, up, down);
    client.stays = server.stays = 1;
}

void pair_finish(void)
{
    for (int i = 0;
         i < 20000 && !(client.peer_ended && server.peer_ended && client.drained && server.drained); i++)
        inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(client.got, server.size);
    ck_assert_uint_eq(server.got, client.size);
    ck_assert(client.peer_ended && server.peer_ended);
    ck_assert_int_ge(client.drained, 1);
    ck_assert_int_ge(server.drained, 1);
    ck_assert_int_eq(client.closed + server.closed, 0);
    pair_close();
}

void pair_close(void)
{
    net_tcp_close(&client.tcp);
    net_tcp_close(&server.tcp);
    net_tcp_listener_close(&listener);
}
