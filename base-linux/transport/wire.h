/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h: the messages on sockets, byte by byte, and how one of them is sent and received. README.md draws
 * the picture.
 *
 * Every message is one datagram of a SOCK_SEQPACKET socket: a head of 64 bytes, then LEN bytes of data, with
 * one descriptor (SCM_RIGHTS) for each of the NCAPS words that has one, in their order. Numbers
 * are in native byte order, since both sides run on one machine. Fields that a type does not name are zero.
 *
 *   type       on                who to whom       carries
 *   INTRODUCE  object socket     client to server  one word WIRE_CAP_FD: the server's end of a new private
 *                                                  connection, on which this object has index 0
 *   WELCOME    private conn.     server to client  index: 1 if it serves channels; the first message, once
 *   REFUSE     private conn.     server to client  err; instead of WELCOME, then the server closes
 *   REQUEST    private conn.     client to server  index, seq, fingerprint, op, words WIRE_CAP_FD, data;
 *                                                  err: 0, or 1 + an index that is unbound with it;
 *                                                  on connections that core made also words WIRE_CAP_INDEX
 *   REPLY      private conn.     server to client  seq, err, words with hints, data; once per REQUEST
 *   UNBIND     private conn.     client to server  index, which the client does not name again
 *   WATCH      private conn.     client to server  index
 *   GONE       private conn.     server to client  index of a watched object that is revoked; once per WATCH
 *   CHANNEL    private conn.     client to server  two words WIRE_CAP_FD: memory and doorbell of a channel
 *              private conn.     server to client  err: whether it is served; once per CHANNEL
 *
 * A server never sends on an object socket, so that holders, who share it, cannot take each other's messages.
 * A hint in a REPLY is an index by which the same connection can name the object from now on; each hint is a
 * new index. A message that no library sends closes a private connection, and is ignored on an object socket,
 * since it says nothing about the other holders.
 */
#ifndef TRANSPORT_WIRE_H
#define TRANSPORT_WIRE_H

#include <os/rpc.h>

enum wire_type {
    WIRE_INTRODUCE = 0x53420001,
    WIRE_WELCOME,
    WIRE_REFUSE,
    WIRE_REQUEST,
    WIRE_REPLY,
    WIRE_UNBIND,
    WIRE_WATCH,
    WIRE_GONE,
    WIRE_CHANNEL,
};

/*
 * Words that stand for capabilities. In a reply, WIRE_CAP_HINT + i is a descriptor whose object also has
 * index i from now on. In a request on a connection that core made, WIRE_CAP_INDEX + i is the object that has
 * this index, and no descriptor.
 */
enum { WIRE_CAP_NONE = 0, WIRE_CAP_FD = 1, WIRE_CAP_HINT = 2 };
#define WIRE_CAP_INDEX UINT32_C(0x80000000)

static inline int wire_has_fd(uint32_t word)
{
    return word != WIRE_CAP_NONE && !(word & WIRE_CAP_INDEX);
}

struct wire_head {
    uint32_t type;  /* enum wire_type */
    uint32_t index; /* REQUEST, UNBIND, WATCH, GONE: the object, in the server's table of this connection */
    uint32_t seq;   /* REQUEST: chosen by the client; REPLY: of its request */
    int32_t err;    /* REPLY, REFUSE, CHANNEL: 0 to OS_ERR_INTERFACE_LAST; REQUEST: 1 + an index, or 0 */
    uint64_t fingerprint; /* REQUEST: of the interface that the client believes to call */
    uint32_t op;          /* REQUEST: number of the operation */
    uint16_t len;         /* bytes of data that follow, at most OS_MSG_BYTES */
    uint16_t ncaps;       /* valid words, at most OS_MSG_CAPS */
    uint32_t caps[OS_MSG_CAPS];
};
_Static_assert(sizeof(struct wire_head) == 64, "the head is 64 bytes");

/*
 * Requests that may be under way on one connection: so many replies of the largest size, 2304 bytes each as
 * the kernel counts them, fit into the buffer of 64 KiB that core gives to a socket. So a server can always
 * send them without waiting.
 */
#define WIRE_UNDER_WAY 24

/*
 * Objects that a client watches on one connection. What the replies above leave of the buffer has room for so
 * many GONE, which come without being asked for.
 */
#define WIRE_WATCHED 8

/*
 * Sends HEAD, DATA (head->len bytes) and NFDS descriptors, which stay the caller's; never blocks. OS_ERR_BUSY
 * when the buffer is full, OS_ERR_DEAD when nobody can receive, OS_ERR_BAD_CAP when FD is no such socket,
 * OS_ERR_IN_FLIGHT, OS_ERR_NO_MEMORY.
 */
os_err wire_send(int fd, const struct wire_head *head, const void *data, const int *fds, unsigned nfds);

enum wire_result {
    WIRE_OK,    /* well-formed: descriptors match the words, lengths the size */
    WIRE_EMPTY, /* nothing to receive now */
    WIRE_END,   /* end of the connection, or an empty datagram */
    WIRE_BAD,   /* not well-formed */
    WIRE_LOST,  /* well-formed, but this process has no free descriptors for what came with it */
};

/*
 * Receives one message, the data to DATA of OS_MSG_BYTES; waits for it if WAIT. With WIRE_OK the *NFDS
 * descriptors are the caller's, close-on-exec; otherwise all have been closed.
 */
enum wire_result wire_receive(int fd, int wait, struct wire_head *head, void *data, int fds[OS_MSG_CAPS],
                              unsigned *nfds);

/* Whether FD is a socket of the kind that capabilities and connections are. */
int wire_is_socket(int fd);

/* Number of the socket that FD refers to, the same for all copies and never used again; 0 if it is none. */
uint64_t wire_cookie(int fd);

void wire_close(const int *fds, unsigned nfds);

/* Waits for poll EVENTS on FD until DEADLINE; the events, or 0 after the deadline. */
int wire_poll(int fd, int events, os_time deadline);

#endif
