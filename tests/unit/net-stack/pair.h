/* SPDX-License-Identifier: BSD-2-Clause */
/* pair.h: two hosts on a wire, and a connection between them both of whose ends send, and check what comes.
 */
#ifndef TESTS_NET_PAIR_H
#define TESTS_NET_PAIR_H

#include "wire.h"

extern struct wire wire;
extern struct host a, b; /* 10.0.0.1 and fd00::1, 10.0.0.2 and fd00::2 */

void pair_setup(void);
void pair_teardown(void);

/* One end: sends SIZE bytes of a pattern and then, unless it stays, the end; and compares what comes. */
struct side {
    struct net_tcp tcp;
    size_t size, sent, got;
    uint32_t pattern;
    int connected, drained, peer_ended, closed, stays;
    os_err err;
};

/* The client is a's; the server is accepted by the listener of b's. */
extern struct side client, server;
extern struct net_tcp_listener listener;

void pair_prepare(struct side *side, size_t size, uint32_t pattern);
/* Connects to TO, port 80; the client sends UP bytes, the server DOWN. */
void pair_begin(const char *to, size_t up, size_t down);
/* The same, and neither end ends by itself. */
void pair_begin_and_stay(const char *to, size_t up, size_t down);
/* Until both have all and the end, which must come. */
void pair_finish(void);
/* Closes both ends and the listener. */
void pair_close(void);
/* net_tcp_listener.incoming: the server. */
void pair_on_incoming(struct net_tcp_listener *of);
/* net_tcp.readable of both. */
void pair_on_readable(struct net_tcp *tcp);

#endif
