/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.h: the server's side of Nic and Uplink sessions (os/nic.h), for components that forward frames: switch
 * and router. A port is one session of either kind with its two streams; the server sees frames, never
 * streams.
 *
 * All of it is used at the server's entrypoint. Nothing here waits for a client. A client that breaks the
 * protocol of a stream has no frames that way any more, which is logged, until it opens another session.
 */
#ifndef NETWORK_PORT_H
#define NETWORK_PORT_H

#include <os/nic.h>

enum net_port_kind {
    NET_PORT_NIC,    /* the client is a machine on the network */
    NET_PORT_UPLINK, /* the client is the driver of a way out */
};

struct net_port_server;

/* Counters of one direction since the port was opened. */
struct net_port_counters {
    uint64_t frames, bytes; /* that went on */
    uint64_t dropped;       /* the stream was full, or not there, or the link down */
    uint64_t refused;       /* too short, or longer than this client's mtu */
};

/* Head of the server's own structure of a port. The library owns all of it but what is said below. */
struct net_port {
    struct os_root_session session; /* with the quota, which the server may charge more to */
    struct os_list link;            /* in net_port_server.ports */
    struct net_port_server *server; /* borrowed */
    enum net_port_kind kind;
    char label[160];                 /* of the session, NUL */
    struct os_nic_info info;         /* Nic: open fills in mac and mtu; Uplink: by the driver, 0 before */
    struct net_port_counters rx, tx; /* as the client sees it: rx are frames that it was sent */

    struct os_object object; /* private from here */
    struct os_nic_frames_sink from;
    struct os_nic_frames_source to;
    os_signal_cap link_sigh;
    int flush;            /* frames were submitted since the last flush */
    struct os_list dirty; /* in net_port_server.dirty */
};

/* What a server writes. */
struct net_port_handlers {
    uint64_t size; /* bytes of the server's structure, whose first member is struct net_port */
    /*
     * A session is wanted: label, kind and quota of PORT (zeroed besides) are there; ARGS are the session's.
     * Fills in mac, mtu and link of a Nic port's info. Its error is the client's. The structure's bytes and
     * caps are charged already. May be given away: nothing before it has returned OS_OK.
     */
    os_err (*open)(struct net_port_server *server, struct net_port *port, const char *args);
    /* The session has ended: nothing can be sent to it. The structure is freed afterwards. */
    void (*close)(struct net_port *port);
    /*
     * A frame of LEN bytes (OS_NIC_HEADER to OS_NIC_HEADER + mtu) from the client, at DATA in memory that the
     * client can change at any time. Given back to the client on return.
     */
    void (*frame)(struct net_port *port, const uint8_t *data, uint32_t len, uint32_t flags);
    /* Uplink: the driver has said what it is, or that its link has changed. May be NULL. */
    void (*info)(struct net_port *port);
};

struct net_port_server {
    struct os_env *env;
    const struct net_port_handlers *handlers;
    struct os_root_server nic, uplink; /* private */
    struct os_list ports;              /* of struct net_port.link, in the order of opening */
    struct os_list dirty;              /* private */
    os_time now;                       /* private */
};

/*
 * Offers the services Nic and, if UPLINKS, Uplink. Memory of the caller's, zeroed. Errors as of
 * os_root_server_init.
 */
OS_MUST_CHECK os_err net_port_server_init(struct net_port_server *server, struct os_env *env, int uplinks,
                                          const struct net_port_handlers *handlers);
/* Closes all ports. */
void net_port_server_fini(struct net_port_server *server);

/* Sets a Nic port's link and tells its client if that is a change. */
void net_port_set_link(struct net_port *port, int up);

/*
 * Sends LEN bytes at DATA, which may be in another client's stream, to the port's client: one copy. Dropped
 * and counted if that cannot be; says whether it was sent. What was sent during a handler is flushed after
 * it; elsewhere (in the handler of an alarm, say) the server calls net_port_flush_all.
 */
int net_port_send(struct net_port *port, const uint8_t *data, uint32_t len, uint32_t flags);

/*
 * The same in two steps, for frames that are made in place. alloc: room for LEN bytes in the client's stream,
 * which the client sees and can change from now on, or NULL (counted as dropped). submit: LEN may be smaller
 * than was allocated.
 */
uint8_t *net_port_alloc(struct net_port *port, uint32_t len, struct os_nic_frames_packet *packet);
void net_port_submit(struct net_port *port, struct os_nic_frames_packet *packet, uint32_t len,
                     uint32_t flags);

/* The time; read once for all frames that are there together. */
static inline os_time net_port_now(const struct net_port_server *server)
{
    return server->now ? server->now : os_clock_now();
}

void net_port_flush_all(struct net_port_server *server);

#endif
