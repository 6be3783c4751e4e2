/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * private.h: what the files of the stack share. lwIP is one for a component; whoever touches it is between
 * net_enter and net_leave, on the thread of the stack's entrypoint.
 *
 * lwIP calls us back in the middle of its work, where hardly anything may be done to it. So its callbacks
 * only note what happened, as an event, and the user's functions are called when lwIP has returned. They may
 * do anything then, and calls of other components too.
 */
#ifndef NET_LIB_PRIVATE_H
#define NET_LIB_PRIVATE_H

#include <network/socket.h>

#include <os/nic.h>
#include <os/timer.h>

#include "lwip/dns.h"
#include "lwip/netif.h"

/* Something that the user has to be told. Zeroed is none. */
struct net_event {
    struct os_list link; /* in net_stack_private.events while queued */
    int queued;
    void (*deliver)(
        struct net_event *event); /* calls one function of the user's, as the last thing it does */
};

/* front.c: a connection where it is found by what its segments say. */
struct net_front {
    struct os_list order, bucket; /* in net_stack_private.order and one of its buckets */
    struct tcp_pcb *pcb;          /* NULL: in neither */
};

#define NET_BUCKETS 256
#define NET_CYCLES  10

/* One of lwIP's timers that run for ever: here only as long as there is something for it to do. */
struct net_cycle {
    os_time base; /* of the last tick */
};

/* A time-out by lwIP's API (sys_timeout), for who uses that. */
struct net_timeo;

struct net_stack_private {
    struct net_stack *stack; /* the user's */
    struct os_env *env;
    char hostname[64];
    uint64_t limit; /* bytes */

    /* the session */
    char label[64];
    struct os_nic_session nic;
    struct os_nic_frames_source tx;
    struct os_nic_frames_sink rx;
    struct os_nic_info info;
    struct os_signal_handler link_handler;
    os_signal_cap link_signal;
    int session; /* is open */

    /* the interface, and what is configured */
    struct netif netif;
    int added;
    int dhcp, autoconf;
    struct net_addr ipv4, gateway, ipv6, gateway6;
    uint8_t prefix4, prefix6;
    ip_addr_t dns[DNS_MAX_SERVERS]; /* that the config names, instead of those that others name */
    uint8_t dns_count;
    uint64_t frames_in, frames_out, bytes_in, bytes_out, dropped;
    os_time dhcp_since; /* when the first of dhcp_answers came, by the clock */
    uint32_t dhcp_answers;
    int unflushed; /* frames were submitted since the last flush */
    int full;      /* a frame was refused because the stream was full */

    /* time */
    struct os_timeouts timeouts;
    struct os_timeout timeout;
    os_time armed;       /* when the time-out comes, by the clock; OS_NEVER */
    os_time retry;       /* when the session is tried again, by the clock; OS_NEVER */
    os_time retry_after; /* ns */
    struct net_cycle cycles[NET_CYCLES];
    os_time reassembly_until, arp_until; /* by the clock */
    struct net_timeo *timeos;            /* sorted by due */
    uint32_t resolving;                  /* names that are being asked for */
    int dhcp_waits;                      /* for memory, before it has begun */
    int starving;                        /* a TCP connection waits for memory, not for its peer */

    /* work */
    struct os_signal_handler work;
    os_signal_cap work_signal;
    int working;   /* in a handler of the stack's */
    int signalled; /* work was asked for */
    int *gone;     /* while a handler runs: set by fini */
    struct os_list events;
    struct os_list sockets;                     /* of struct net_tcp_private.link: those with a connection */
    uint32_t half_closed;                       /* of them: we have said that we send no more */
    struct os_list order, buckets[NET_BUCKETS]; /* of struct net_front */
    struct os_list unsent; /* of struct net_tcp_private.unsent_link: something was written to them */
    struct os_list udps, pings, resolves, listeners;
    struct net_event changed, ready;
    int was_ready; /* the user has been told */
};

/* Tests have several stacks in one process. Called when lwIP is to be the one of STACK from now on; or NULL.
 */
extern void (*net_stack_switch)(struct net_stack_private *stack);
/* The same when STACK is no more. */
extern void (*net_stack_forget)(struct net_stack_private *stack);

/* lwIP is that of STACK, and what time has brought it has seen. */
void net_enter(struct net_stack_private *own);
/* Has what was begun done: at the end of the stack's handler that is running, or by a signal to itself. */
void net_leave(struct net_stack_private *own);

void net_event_post(struct net_stack_private *own, struct net_event *event);
void net_event_drop(struct net_event *event);

/* timers.c */
void net_timers_init(struct net_stack_private *own);
void net_timers_fini(struct net_stack_private *own);
void net_timers_run(struct net_stack_private *own);    /* ticks that have come due */
os_time net_timers_due(struct net_stack_private *own); /* by the clock; OS_NEVER */
/* A frame is coming in or going out, at DATA from its Ethernet header on. */
void net_timers_note(struct net_stack_private *own, const uint8_t *data, size_t len);

/* front.c */
void net_front_init(struct net_stack_private *own);
/* PCB has a peer, and is first in lwIP's list or near it. FRONT is in no list: its links point to themselves.
 */
void net_front_insert(struct net_stack_private *own, struct net_front *front, struct tcp_pcb *pcb);
void net_front_remove(struct net_front *front);
/* A frame is about to be given to lwIP, at DATA from its Ethernet header on: 128 bytes can be read there. */
void net_front_segment(struct net_stack_private *own, const uint8_t *data);

/* tcp.c */
void net_tcp_tick(void);                            /* tcp_tmr */
void net_dhcp_start(struct net_stack_private *own); /* or later, when there is memory */
void net_tcp_output(struct net_stack_private *own); /* what was written is sent */
void net_tcp_settle(
    struct net_stack_private *own); /* after lwIP was given something: who has closed is let go */
void net_tcp_feed(struct net_stack_private *own);   /* those that wait for memory try again */
void net_tcp_forget(struct net_stack_private *own); /* the stack ends */
/* udp.c, ping.c, resolve.c */
void net_udp_forget(struct net_stack_private *own);
void net_ping_forget(struct net_stack_private *own);
void net_resolve_servers(struct net_stack_private *own); /* those of the config are the ones */
void net_resolve_tick(void);                             /* dns_tmr */
void net_resolve_forget(struct net_stack_private *own);

/* addresses.c */
void net_addr_from(struct net_addr *addr, const ip_addr_t *ip, uint16_t port);
/* Any address gives the one for both families. */
void net_addr_to(const struct net_addr *addr, ip_addr_t *ip, struct net_stack_private *own);
os_err net_err(err_t err);

#endif
