/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocking.h: TCP, UDP and names for threads that wait (os/thread.h). The stack stays at its entrypoint: a
 * thread hands over what it wants by way of a gate, and waits. Bytes go through two buffers of each
 * connection, which is one more copy than network/socket.h makes; a thread that does not read or write holds
 * up nobody but its peer.
 *
 *     static struct net_stack stack;
 *     static struct net_blocking gate;
 *     static struct os_thread server;
 *
 *     static void serve(struct os_thread *thread)
 *     {
 *         struct net_blocking_listener listener = { 0 };
 *         struct net_blocking_tcp tcp = { 0 };
 *         struct net_addr at = { .port = 7 };
 *         char data[1000];
 *         size_t len;
 *         (void)thread;
 *         if (net_blocking_listen(&gate, &listener, &at, 5, OS_NEVER))
 *             return;
 *         while (!net_blocking_accept(&listener, &tcp, OS_NEVER)) {
 *             while (!net_blocking_read(&tcp, data, sizeof(data), &len, os_clock_now() + 60 * OS_SEC) && len)
 *                 if (net_blocking_write(&tcp, data, len, &len, OS_NEVER))
 *                     break;
 *             net_blocking_close(&tcp);
 *         }
 *         net_blocking_listener_close(&listener);
 *     }
 *
 * and at the entrypoint, when there is a stack:
 *
 *     os_require(env, net_blocking_init(&gate, &stack, 0), "no gate");
 *     os_require(env, os_thread_start(&server, serve, 0), "no thread");
 *
 * Threads: init and fini are called on the thread of the stack's entrypoint, all else on any other thread and
 * never on that one, which would wait for itself. One thread may read a connection while another writes it; a
 * second one in the same direction gets OS_ERR_BUSY. Any number may accept at one listener.
 *
 * Time: a deadline is a point of os_clock_now, OS_NEVER for none. OS_ERR_DEADLINE: it has passed, and nothing
 * was done, unless a length says so.
 *
 * Interruption: close, by any thread, ends what others are waiting for with that structure, and
 * net_blocking_fini what they are waiting for at all: OS_ERR_CANCELLED. So does everything that is asked of a
 * structure that is closed, or of a gate that is not there. What a component's entrypoint or main thread
 * ends, ends its threads with it.
 */
#ifndef NETWORK_BLOCKING_H
#define NETWORK_BLOCKING_H

#include <network/socket.h>
#include <os/thread.h>

/* What threads reach a stack by; memory of the caller's that outlives those threads, zeroed; private. */
struct net_blocking {
    struct net_stack *stack; /* NULL when it has ended */
    size_t buffer;
    struct os_signal_handler handler;
    os_signal_cap signal;
    int signalled;
    struct os_list sockets, pending, requests, lookups;
};

/*
 * BUFFER is the size of the buffers of a connection or UDP socket in bytes, each direction, rounded up to a
 * power of 2, 256 MiB at most; 0 for 16 KiB;
 * they are from malloc when the socket is made. OS_ERR_BAD_ARG, OS_ERR_CAPS, OS_ERR_HANDLES.
 */
OS_MUST_CHECK os_err net_blocking_init(struct net_blocking *gate, struct net_stack *stack, size_t buffer);

/*
 * Before net_stack_fini. Whoever waits is told OS_ERR_CANCELLED; connections are closed with what the stack
 * has been given; structures are still to be closed by who has them. Zeroed or ended is fine.
 */
void net_blocking_fini(struct net_blocking *gate);

/* ---- TCP; zeroed structures of the caller's */

struct net_blocking_socket; /* private */

struct net_blocking_tcp {
    struct net_blocking_socket *own; /* NULL while closed */
};

/*
 * Connects, FROM as of net_tcp_connect. Errors: those of net_tcp_connect and of net_tcp.closed. The structure
 * is closed when it fails.
 */
OS_MUST_CHECK os_err net_blocking_connect(struct net_blocking *gate, struct net_blocking_tcp *tcp,
                                          const struct net_addr *to, const struct net_addr *from,
                                          os_time deadline);

/*
 * Waits until there are bytes and takes up to SIZE (at least 1) of them: *LEN. 0 with OS_OK is the peer's
 * end. OS_ERR_DEAD (reset), and the other errors of net_tcp.closed.
 */
OS_MUST_CHECK os_err net_blocking_read(struct net_blocking_tcp *tcp, void *data, size_t size, size_t *len,
                                       os_time deadline);

/*
 * Waits until all SIZE bytes are on their way: *LEN. Fewer, with OS_OK, if the deadline has passed or the
 * connection ended in between; with none of them it is the error. OS_ERR_DEAD also after shutdown.
 */
OS_MUST_CHECK os_err net_blocking_write(struct net_blocking_tcp *tcp, const void *data, size_t size,
                                        size_t *len, os_time deadline);

/* We send no more, after what was written; reading goes on. Does not wait. */
void net_blocking_shutdown(struct net_blocking_tcp *tcp);

/*
 * Neither waits. close: what was written is still sent, then the end. abort: a reset to the peer at once.
 */
void net_blocking_close(struct net_blocking_tcp *tcp);
void net_blocking_abort(struct net_blocking_tcp *tcp);

/* Zeroed when it is closed. */
void net_blocking_local(const struct net_blocking_tcp *tcp, struct net_addr *addr);
void net_blocking_peer(const struct net_blocking_tcp *tcp, struct net_addr *addr);

struct net_blocking_listener {
    struct net_blocking_socket *own;
};

/* As net_tcp_listen. */
OS_MUST_CHECK os_err net_blocking_listen(struct net_blocking *gate, struct net_blocking_listener *listener,
                                         const struct net_addr *addr, uint32_t backlog, os_time deadline);
/* Waits for the next connection. OS_ERR_RAM: there is no memory for one more, which goes on waiting. */
OS_MUST_CHECK os_err net_blocking_accept(struct net_blocking_listener *listener, struct net_blocking_tcp *tcp,
                                         os_time deadline);
void net_blocking_listener_close(struct net_blocking_listener *listener);

/* ---- UDP */

struct net_blocking_udp {
    struct net_blocking_socket *own;
};

/* As net_udp_open. Datagrams that do not fit the gate's BUFFER besides those that wait are dropped. */
OS_MUST_CHECK os_err net_blocking_udp_open(struct net_blocking *gate, struct net_blocking_udp *udp,
                                           const struct net_addr *addr, os_time deadline);
/* As net_udp_send. */
OS_MUST_CHECK os_err net_blocking_udp_send(struct net_blocking_udp *udp, const struct net_addr *to,
                                           const void *data, size_t len, os_time deadline);
/*
 * Waits for a datagram: *LEN is its length, of which DATA gets SIZE bytes at most. FROM and TO may be NULL.
 */
OS_MUST_CHECK os_err net_blocking_udp_receive(struct net_blocking_udp *udp, void *data, size_t size,
                                              size_t *len, struct net_addr *from, struct net_addr *to,
                                              os_time deadline);
/* As net_udp_join and net_udp_leave. */
OS_MUST_CHECK os_err net_blocking_udp_join(struct net_blocking_udp *udp, const struct net_addr *group,
                                           os_time deadline);
OS_MUST_CHECK os_err net_blocking_udp_leave(struct net_blocking_udp *udp, const struct net_addr *group,
                                            os_time deadline);
void net_blocking_udp_local(const struct net_blocking_udp *udp, struct net_addr *addr);
void net_blocking_udp_close(struct net_blocking_udp *udp);

/* ---- names */

#define NET_BLOCKING_ADDRS 2 /* there are no more of a name */

/* As net_resolve. Its errors, and those of net_resolve.resolved. */
OS_MUST_CHECK os_err net_blocking_resolve(struct net_blocking *gate, const char *name, enum net_family family,
                                          struct net_addr addrs[NET_BLOCKING_ADDRS], uint32_t *count,
                                          os_time deadline);

#endif
