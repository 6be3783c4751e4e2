/* SPDX-License-Identifier: BSD-2-Clause */
/* iperf.h: what the files of iperf share. There is one server or one client in a component. */
#ifndef APPS_IPERF_IPERF_H
#define APPS_IPERF_IPERF_H

#include <network/socket.h>
#include <os/timer.h>

#include "message.h"

enum { STREAMS = 32 }; /* of each protocol, at a time */

struct iperf {
    struct os_env *env;
    struct net_stack stack;
    struct os_timeouts timeouts;
    struct net_addr server; /* of family NET_ANY: we are the server */
    uint16_t port;          /* where we listen */
    int is_udp;             /* as the client */
    int back;               /* as the server: we send when a client asks for that */
    uint32_t length;        /* bytes of datagrams that we send */
    struct order order;     /* what the client does */
};

extern struct iperf iperf;

/* What the client waits for. */
enum end { SENT, CAME_BACK };
/* One of those has ended, well or not; ends the client when nothing is to come any more. */
void iperf_ended(enum end end, int ok);

/* "WHAT PEER: BYTES in TIME, RATE", without an end of the line. */
void iperf_say(const char *what, const struct net_addr *peer, uint64_t bytes, os_time time);
/* "PEER: " and the rest. */
void iperf_complain(const struct net_addr *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void iperf_tcp_init(void);
void iperf_tcp_serve(void);
/* Sends as ORDER says to TO; IS_OURS: of the client's own will. */
void iperf_tcp_send(const struct net_addr *to, const struct order *order, int is_ours);

void iperf_udp_init(void);
void iperf_udp_serve(void);
void iperf_udp_send(const struct net_addr *to, const struct order *order, int is_ours);

#endif
