/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocking.h: what the files of network/blocking.h share.
 *
 * One lock for all of it, held for a few instructions and never while bytes are copied, the stack works or
 * anyone waits; so nobody keeps the entrypoint waiting. Whatever a thread wants of the stack is a request,
 * which the entrypoint runs, or a mark at a socket, which the entrypoint then looks after.
 */
#ifndef NET_LIB_BLOCKING_H
#define NET_LIB_BLOCKING_H

#include <network/blocking.h>

/* One side puts, the other takes, both without the lock; head and tail count bytes, and are moved with it. */
struct ring {
    uint8_t *data;
    size_t size, head, tail;
};

enum direction { READ, WRITE };

/* Where a thread waits. */
struct waiter {
    struct os_semaphore semaphore;
    int waits; /* somebody does */
    int busy;  /* somebody is in a call of this direction */
};

struct net_blocking_socket {
    struct os_list link;                         /* in the gate's sockets */
    struct os_list pending;                      /* in the gate's pending while queued */
    struct net_blocking *gate;                   /* NULL when that has ended, and the stack's part with it */
    void (*work)(struct net_blocking_socket *s); /* looks after it, at the entrypoint, without the lock */
    void (*end)(struct net_blocking_socket *s);  /* of the stack's part, at the entrypoint */
    int queued, closed, abort;
    uint32_t refs; /* the user's structure, and threads in calls */
    os_err err;    /* why there is nothing more to come or to send */
    struct waiter waiters[2];
    struct ring rx, tx;

    union {
        struct net_tcp tcp;
        struct net_tcp_listener listener;
        struct net_udp udp;
    };
    /* TCP */
    int connecting, peer_ended, shut, shut_done;
    int stalled; /* the stack has bytes that rx has no room for */
    int full;    /* the stack has no room for what is in tx; it says when there is */
    struct net_addr local, peer;
    struct os_list acceptors; /* listener: of struct acceptor, the first one first */
};

/* The entrypoint runs it; memory of the thread that waits for it. */
struct request {
    struct os_list link; /* in the gate's requests while queued */
    void (*run)(struct request *request);
    struct net_blocking *gate;
    struct os_semaphore done;
    enum { QUEUED, RUNNING, DONE } state;
    os_err err;
    /* what for; each function has its own */
    struct net_blocking_socket *s;
    const struct net_addr *addr;
    const void *data;
    size_t len;
    void *arg;
};

void blocking_lock(void);
void blocking_unlock(void);

/* With the lock: the entrypoint looks after S soon. */
void blocking_kick(struct net_blocking_socket *s);
/* With the lock: whoever waits in DIRECTION looks again. */
void blocking_wake(struct net_blocking_socket *s, enum direction direction);
/* With the lock: waits until woken; OS_ERR_DEADLINE. */
OS_MUST_CHECK os_err blocking_wait(struct net_blocking_socket *s, enum direction direction, os_time deadline);

/* The socket of a user's structure, which stays until leave, for one thread in DIRECTION. With the lock. */
OS_MUST_CHECK os_err blocking_enter(struct net_blocking_socket *own, enum direction direction);
void blocking_leave(struct net_blocking_socket *s, enum direction direction);
/* With the lock: one thread or structure less has it. */
void blocking_release(struct net_blocking_socket *s);
/* Makes one with rings of RX and TX bytes, that belongs to no gate yet. */
OS_MUST_CHECK os_err blocking_make(size_t rx, size_t tx, struct net_blocking_socket **socket);
/* With the lock: it is GATE's, and in the hands of one thread. */
void blocking_add(struct net_blocking *gate, struct net_blocking_socket *s);
/* The user's structure lets go of it. */
void blocking_close(struct net_blocking_socket **own, int abort);

/* Has the entrypoint run a request, and waits for that; OS_ERR_DEADLINE: it has not begun. */
os_err blocking_call(struct net_blocking *gate, struct request *request, os_time deadline);

/* ---- rings: bytes, and the piece at which the next ones are, without the lock but by the side in question
 */

size_t ring_used(const struct ring *ring);
size_t ring_free(const struct ring *ring);
uint8_t *ring_room(const struct ring *ring, size_t *len);
const uint8_t *ring_piece(const struct ring *ring, size_t *len);
/* LEN bytes at OFFSET behind the head, or the tail; they are there. */
void ring_put(struct ring *ring, size_t offset, const void *data, size_t len);
void ring_get(const struct ring *ring, size_t offset, void *data, size_t len);

#endif
