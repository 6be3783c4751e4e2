/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.h: TCP, UDP and names for components, by events at the stack's entrypoint; network/blocking.h has
 * the same for threads that wait.
 *
 * All structures are memory of the caller's, zeroed with the user's functions set. They may be closed and
 * freed in any of their functions, which are called at the entrypoint and never from within a function of
 * this header. Functions of this header are called at the entrypoint, too, and on no other thread.
 *
 * Errors of all functions that have some: OS_ERR_BAD_ARG, when the stack has ended, the structure is open
 * already (or closed, where it has to be open; of a connection that is OS_ERR_DEAD), or an address or port is
 * missing; OS_ERR_RAM, when `memory` does not suffice now. Others are named. Nothing has happened then.
 * Arguments may go when a function has returned, but for the bytes of net_tcp_write_static.
 */
#ifndef NETWORK_SOCKET_H
#define NETWORK_SOCKET_H

#include <network/stack.h>

/* ---- TCP */

struct net_tcp {
    /* The connection is there; if it cannot be made, closed is called instead. */
    void (*connected)(struct net_tcp *tcp);
    /* There are bytes to read, or the peer has said that none will come: net_tcp_read gives 0 then. */
    void (*readable)(struct net_tcp *tcp);
    /* There is room again after net_tcp_write took less than it was given. */
    void (*writable)(struct net_tcp *tcp);
    /*
     * All that was written is acknowledged by the peer, and after net_tcp_shutdown the end as well; at least
     * once after each write or shutdown that was followed by nothing. May be NULL.
     */
    void (*drained)(struct net_tcp *tcp);
    /*
     * It is over by no doing of ours, and readable, if it was due, was called before: OS_ERR_REFUSED (nobody
     * listens there), OS_ERR_DEAD (reset, or the address of ours that it had is none of ours any more),
     * OS_ERR_DEADLINE (the peer does not answer), OS_ERR_RAM. Closed already. After an end in good order of
     * both sides it is not called.
     */
    void (*closed)(struct net_tcp *tcp, os_err err);
    void *user;                  /* the caller's */
    struct net_tcp_private *own; /* NULL while closed */
};

/*
 * Begins to connect; TO has address and port. FROM may be NULL or names address or port of ours. Errors at
 * once: OS_ERR_BAD_ARG, OS_ERR_RAM, OS_ERR_EXISTS (FROM is taken), OS_ERR_UNREACHABLE (no route).
 */
OS_MUST_CHECK os_err net_tcp_connect(struct net_stack *stack, struct net_tcp *tcp, const struct net_addr *to,
                                     const struct net_addr *from);

/*
 * Takes up to SIZE bytes of what has come: *LEN; 0 with OS_OK is the peer's end. OS_ERR_BUSY: none now,
 * readable will be called. OS_ERR_DEAD.
 */
OS_MUST_CHECK os_err net_tcp_read(struct net_tcp *tcp, void *data, size_t size, size_t *len);
/* Without a copy: the next bytes as they lie in the stack, until net_tcp_consume. The same results. */
OS_MUST_CHECK os_err net_tcp_peek(struct net_tcp *tcp, const void **data, size_t *len);
/* LEN of what is there (of read, peek) is done with: the window opens. */
void net_tcp_consume(struct net_tcp *tcp, size_t len);

/*
 * Gives up to SIZE bytes to the stack, which copies them; *LEN says how many it took, fewer than SIZE:
 * writable will be called. OS_ERR_DEAD after shutdown or end. Sent at the next net_tcp_flush or return to
 * the entrypoint.
 */
OS_MUST_CHECK os_err net_tcp_write(struct net_tcp *tcp, const void *data, size_t size, size_t *len);
/* The same without a copy: the bytes stay as they are until drained was called or the connection is closed.
 */
OS_MUST_CHECK os_err net_tcp_write_static(struct net_tcp *tcp, const void *data, size_t size, size_t *len);
void net_tcp_flush(struct net_tcp *tcp);

/* We send no more; reading goes on. */
void net_tcp_shutdown(struct net_tcp *tcp);
/*
 * We are done: what was written is still sent, then the end; what comes is dropped. The structure is free at
 * once. Zeroed and closed are fine.
 */
void net_tcp_close(struct net_tcp *tcp);
/* The same, but at once, with a reset to the peer. */
void net_tcp_abort(struct net_tcp *tcp);

/* Also after the peer's reset or end, until closed is called or the caller closes it; zeroed then. */
void net_tcp_local(const struct net_tcp *tcp, struct net_addr *addr);
void net_tcp_peer(const struct net_tcp *tcp, struct net_addr *addr);
void net_tcp_set_nodelay(struct net_tcp *tcp,
                         int on); /* default off: small writes wait for acknowledgements */
void net_tcp_set_keepalive(struct net_tcp *tcp, uint32_t seconds); /* 0: off, the default */

struct net_tcp_listener {
    /* Connections wait: net_tcp_accept until OS_ERR_BUSY. */
    void (*incoming)(struct net_tcp_listener *listener);
    void *user;
    struct net_tcp_listener_private *own;
};

/*
 * Listens at ADDR, of family NET_ANY for both. Up to BACKLOG (1 to 255) connections wait to be accepted.
 * OS_ERR_EXISTS: the port is taken.
 */
OS_MUST_CHECK os_err net_tcp_listen(struct net_stack *stack, struct net_tcp_listener *listener,
                                    const struct net_addr *addr, uint32_t backlog);
/* The next connection, as TCP, which is connected: connected is not called. OS_ERR_BUSY: none. */
OS_MUST_CHECK os_err net_tcp_accept(struct net_tcp_listener *listener, struct net_tcp *tcp);
void net_tcp_listener_close(struct net_tcp_listener *listener);

/* ---- UDP */

struct net_udp {
    /*
     * A datagram of LEN bytes at DATA, valid until return, FROM whom, and TO which address of ours (a
     * multicast or broadcast one as well).
     */
    void (*received)(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                     const struct net_addr *to);
    void *user;
    struct net_udp_private *own;
};

/* ADDR may be NULL for any free port. OS_ERR_EXISTS: the port is taken. */
OS_MUST_CHECK os_err net_udp_open(struct net_stack *stack, struct net_udp *udp, const struct net_addr *addr);
/* One datagram, copied. OS_ERR_TOO_LARGE, OS_ERR_UNREACHABLE, OS_ERR_RAM. Broadcast is allowed. */
OS_MUST_CHECK os_err net_udp_send(struct net_udp *udp, const struct net_addr *to, const void *data,
                                  size_t len);
/* Takes datagrams to multicast GROUP as well (IGMP, MLD). OS_ERR_BAD_ARG: it is no multicast address. */
OS_MUST_CHECK os_err net_udp_join(struct net_udp *udp, const struct net_addr *group);
void net_udp_leave(struct net_udp *udp, const struct net_addr *group);
void net_udp_local(const struct net_udp *udp, struct net_addr *addr);
void net_udp_close(struct net_udp *udp);

/* ---- echo requests */

struct net_ping {
    /* An answer to SEQUENCE after TIME; or OS_ERR_UNREACHABLE with who said so in FROM. */
    void (*answered)(struct net_ping *ping, os_err err, uint16_t sequence, const struct net_addr *from,
                     os_time time, size_t len);
    void *user;
    struct net_ping_private *own;
};
/* For echo requests to TO, whose port is nothing. */
OS_MUST_CHECK os_err net_ping_open(struct net_stack *stack, struct net_ping *ping, const struct net_addr *to);
/* Sends an echo request with LEN bytes of payload. OS_ERR_TOO_LARGE, OS_ERR_UNREACHABLE (no route). */
OS_MUST_CHECK os_err net_ping_send(struct net_ping *ping, uint16_t sequence, size_t len);
void net_ping_close(struct net_ping *ping);

/* ---- names */

struct net_resolve {
    /* COUNT addresses, or OS_ERR_NOT_FOUND (no such name), OS_ERR_DEADLINE (no server answers). Once. */
    void (*resolved)(struct net_resolve *resolve, os_err err, const struct net_addr *addrs, uint32_t count);
    void *user;
    struct net_resolve_private *own;
};

/*
 * Addresses of NAME of FAMILY (NET_ANY: both, those first that we can reach); text of an address is itself.
 * Cached for as long as the servers say. OS_ERR_BAD_ARG also for a name that is longer than 255 bytes.
 */
OS_MUST_CHECK os_err net_resolve(struct net_stack *stack, struct net_resolve *resolve, const char *name,
                                 enum net_family family);
/* resolved is not called any more. */
void net_resolve_cancel(struct net_resolve *resolve);

#endif
