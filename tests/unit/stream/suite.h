/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suite.h: what the suites of packet streams share: a service with a stream in each direction, and a pair of
 * sides on plain memory without any platform, for looking at the protocol alone.
 */
#ifndef TESTS_STREAM_SUITE_H
#define TESTS_STREAM_SUITE_H

#include <os/packet_stream.h>

#include "../lib/suite.h"

/* Descriptors of an even and of an odd size. */
struct up_desc {
    uint64_t tag;
    uint32_t n, result;
};
struct down_desc {
    uint8_t text[5];
};

OS_PACKET_STREAM(up, struct up_desc)
OS_PACKET_STREAM(down, struct down_desc)

/* up: the client is the source. down: the client is the sink. poke: does nothing. */
#define PAIR_RPC(FN, I)                                                                                      \
    OS_PACKET_STREAM_FN(FN, I, up, up)                                                                       \
    OS_PACKET_STREAM_FN(FN, I, down, down)                                                                   \
    FN(I, poke)
OS_RPC_INTERFACE(pair, PAIR_RPC)
OS_SESSION(pair, "Pair", OS_MIB(1), 16)
OS_PACKET_CLIENT(pair, up, up, source)
OS_PACKET_CLIENT(pair, down, down, sink)

/* A session at the server, of which there is one at a time. */
struct pair {
    struct os_root_session session;
    struct os_object object;
    struct up_sink up;
    struct down_source down;
    unsigned pokes;
};

extern struct inproc_env server, client;
extern struct pair *pair;           /* the server's side of the session that is open */
extern struct pair_session session; /* the client's */
extern struct up_source up_source;  /* the client's sides, zeroed before each test */
extern struct down_sink down_sink;

/* What the server sets in its sides before it serves them. */
extern void (*serve_up)(struct up_sink *sink);
extern void (*serve_down)(struct down_source *source);
extern void (*up_ended)(struct up_sink *sink);
extern void (*down_ended)(struct down_source *source);

/* As ck_assert, for what is checked a million times: Check writes down each place that it passes. */
#define must(cond)                                                                                           \
    do {                                                                                                     \
        if (!(cond))                                                                                         \
            ck_abort_msg("not so: %s", #cond);                                                               \
    } while (0)

/* Two components and a session; the client's entrypoint is served by a thread with SERVE, else by the test.
 */
void open_pair(int serve);
void close_pair(void);

/* Both sides of a stream on the same plain memory: nobody is signalled, no event comes by itself. */
struct bare {
    struct os_packet_size size;
    uint32_t desc;
    void *memory;
    uint64_t bytes;
    struct os_packet_source source;
    struct os_packet_sink sink;
};
void bare_init(struct bare *bare, uint32_t slots, uint32_t bulk, uint32_t desc);
void bare_fini(struct bare *bare);

/* Lets the counters of both sides begin at START instead of 0. */
void bare_start_at(struct bare *bare, uint32_t start);

/* Stops the test if what SOURCE knows of its bulk buffer contradicts itself. */
void check_records(const struct os_packet_source *source);

/* A generator that gives the same numbers each time. */
uint32_t next_random(uint64_t *state);

#endif
