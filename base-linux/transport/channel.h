/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.h: the fast lane of a private connection: a page that the client's thread and the server's
 * entrypoint share, and a doorbell. Requests and replies without capabilities go through the page; while both
 * sides run on different processors they need no system call.
 *
 * Who may write what. The client writes `request` and nothing else, the server `reply` and `awake`, and core,
 * after the server has ended, sets CHANNEL_GONE in reply.seq. Nothing enforces this: each side reads what the
 * other should have written, never what it wrote itself, keeps its own state in private memory, copies by
 * atomic loads before it looks, and checks. Whoever scribbles over the page gets wrong answers, or loses the
 * connection; only its own calls suffer.
 *
 *   client                                            server
 *   ------                                            ------
 *   request.* = the message                           while it polls the channel (awake = 1):
 *   request.seq = n            --- [1] --->             sees request.seq != the last one
 *   if (!awake)                                         copies the request, serves it
 *     write the doorbell       --- [2] --->             reply.* = the answer
 *   spins on reply.seq for a while, or                  reply.seq = n
 *   request.asleep = 1         <-- [3] ----             if (request.asleep)
 *   if (reply.seq is still not n)                         wake reply.seq (futex)
 *     sleep on reply.seq (futex)                      stops to poll:
 *   request.asleep = 0                                  awake = 0
 *                              --- [4] --->             if (request.seq is new) awake = 1, go on
 *                                                       sleep in epoll until the doorbell rings
 *
 * [1] and [4], [3] and the store of reply.seq are pairs of "store mine, then load yours" on both sides, in
 * sequentially consistent order: at least one of the two sees the other's store, so no wake-up is lost. The
 * model in tests/model checks this. One request is under way at a time; a client that gave up waiting for
 * its answer uses the socket until the answer has come.
 *
 * A reply with capabilities, which only a socket can carry, comes there, and reply.seq = n | CHANNEL_SOCKET
 * says so. The end of the server, or of the connection by the server's will, is reply.seq | CHANNEL_GONE.
 */
#ifndef TRANSPORT_CHANNEL_H
#define TRANSPORT_CHANNEL_H

#include <os/rpc.h>
#include <linux_base/native.h>
#include <linux_base/transport.h>
#include <stdatomic.h>

/* Bits of reply.seq, and the range of numbers. */
#define CHANNEL_GONE   UINT32_C(0x80000000)
#define CHANNEL_SOCKET UINT32_C(0x40000000)
#define CHANNEL_SEQ    UINT32_C(0x3fffffff)

/* As `cpu`: nobody knows. */
#define CHANNEL_NO_CPU UINT32_MAX

enum { CHANNEL_WORDS = OS_MSG_BYTES / 8 };

/* What is read together is in one cache line, and small messages are in it as well. */
struct channel_page {
    struct {
        _Alignas(64) _Atomic uint32_t seq; /* of the last request */
        _Atomic uint32_t index;            /* of the object on the connection */
        _Atomic uint32_t op;
        _Atomic uint32_t len; /* bytes of data */
        _Atomic uint64_t fingerprint;
        _Atomic uint32_t cpu;    /* where the client runs, or CHANNEL_NO_CPU */
        _Atomic uint32_t asleep; /* it waits for a wake-up of reply.seq */
        _Alignas(16) _Atomic uint64_t data[CHANNEL_WORDS];
    } request;
    _Alignas(128) _Atomic uint32_t awake; /* the server polls this channel */
    _Atomic uint32_t options;             /* enum linux_channel_options, by core before anybody else has it */
    char unused[LINUX_CHANNEL_REPLY_SEQ - LINUX_CHANNEL_OPTIONS - 4];
    struct {
        _Alignas(
            64) _Atomic uint32_t seq; /* of the last reply, with bits as above; the client sleeps on it */
        _Atomic int32_t err;
        _Atomic uint32_t len;
        _Atomic uint32_t cpu; /* where the server runs */
        _Alignas(16) _Atomic uint64_t data[CHANNEL_WORDS];
    } reply;
};
_Static_assert(sizeof(struct channel_page) <= OS_PAGE_SIZE, "a channel is one page");
_Static_assert(offsetof(struct channel_page, reply.seq) == LINUX_CHANNEL_REPLY_SEQ, "as core knows it");
_Static_assert(offsetof(struct channel_page, options) == LINUX_CHANNEL_OPTIONS, "as core knows it");
_Static_assert(CHANNEL_GONE == LINUX_CHANNEL_GONE, "as core knows it");
_Static_assert(CHANNEL_SEQ == LINUX_CHANNEL_NUMBERS, "as core knows it");

/* Attaches the memory FD; its options are read now and never again. NULL on failure. */
struct channel_page *channel_map(int fd, uint32_t *options);
void channel_unmap(struct channel_page *page);

/* ---- client ---- */

/* Writes the request; non-zero if the doorbell has to be rung. MSG is within the limits. */
int channel_post(struct channel_page *page, uint32_t seq, uint32_t index, const struct os_msg *msg,
                 uint32_t cpu);

/* Whether reply.seq as read, REPLY, ends the wait for SEQ. */
static inline int channel_answered(uint32_t reply, uint32_t seq)
{
    return (reply & CHANNEL_SEQ) == seq || (reply & CHANNEL_GONE);
}

/* Sleeps until SEQ is answered, or DEADLINE; reply.seq as last read. */
uint32_t channel_sleep(struct channel_page *page, uint32_t seq, os_time deadline);

/* Copies the answer; zero if it is none that a server would write. */
int channel_take_reply(struct channel_page *page, struct os_msg *msg);

/* ---- server ---- */

struct channel_request {
    uint32_t seq, index, cpu;
};

/*
 * Whether there is a request after SEEN; then it is copied to MSG. Negative if it is none that a client would
 * write.
 */
int channel_take_request(struct channel_page *page, uint32_t seen, struct channel_request *request,
                         struct os_msg *msg);

/* Writes err and data of MSG as the reply, for channel_publish. */
void channel_write_reply(struct channel_page *page, const struct os_msg *msg);

/* Makes SEQ, with its bits, the last reply. */
void channel_publish(struct channel_page *page, uint32_t seq, uint32_t cpu);

/* The server polls no more; non-zero if a request has come after SEEN, and then it does. */
int channel_doze(struct channel_page *page, uint32_t seen);
void channel_wake(struct channel_page *page);

/* No answer comes any more. */
void channel_end(struct channel_page *page);

#endif
