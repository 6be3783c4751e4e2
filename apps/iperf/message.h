/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h: what iperf 2 says to its peer in the bytes that it sends (version 2.0.10 and later): the order
 * at the beginning of a TCP stream and in each datagram, numbers of datagrams, and the report of who counted
 * them. Numbers are big-endian. No state; any thread.
 */
#ifndef APPS_IPERF_MESSAGE_H
#define APPS_IPERF_MESSAGE_H

#include <os/types.h>

enum {
    ORDER_HEAD = 24,   /* bytes that say how long an order is */
    ORDER_MAX = 56,    /* bytes of one that say anything to us */
    ORDER_ACK = 28,    /* bytes */
    DATAGRAM_MIN = 16, /* bytes of a datagram's number, and of its time */
    DATAGRAM_ORDER = DATAGRAM_MIN + ORDER_MAX,
    REPORT_SIZE = DATAGRAM_MIN + 40, /* bytes */
};

/* Who sends, and when. */
enum direction {
    ONE_WAY,    /* the client */
    AT_ONCE,    /* both, the server by a connection of its own to the client (-d) */
    IN_TURN,    /* the same, but when the client has finished (-r) */
    REVERSE,    /* the server, by the client's connection (-R) */
    FULL_DUPLEX /* both, by the client's connection (--full-duplex) */
};

struct order {
    enum direction direction;
    uint16_t port;    /* where the client listens, for AT_ONCE and IN_TURN */
    uint64_t time;    /* ns for which the server sends; 0: */
    uint64_t bytes;   /* so much */
    uint64_t rate;    /* bytes/s of datagrams; 0: nothing is said */
    int wants_answer; /* ORDER_ACK has to be sent before the client begins */
};

/* Whether a stream that begins with these four bytes begins with an order. */
int order_begins(const uint8_t at[4]);
/* Bytes of the order that begins with ORDER_HEAD bytes at AT; 0: no iperf 2 says that. */
size_t order_length(const uint8_t *at);
/* LEN: ORDER_HEAD to ORDER_MAX. */
void order_read(struct order *order, const uint8_t *at, size_t len);
/* Writes ORDER_HEAD bytes: none (zeros) for ONE_WAY by TCP. */
void order_write(const struct order *order, int is_datagram, uint8_t at[ORDER_HEAD]);
void order_answer(uint8_t at[ORDER_ACK]);

/* What a protocol of others begins with, as a name of it; or NULL. */
const char *other_protocol(const uint8_t *at, size_t len);

struct datagram {
    int64_t number; /* from 1 on, of some versions 0; negative: the last one, which counts as well */
    int64_t sent;   /* us, by the sender's clock */
};

/* LEN: at least DATAGRAM_MIN. */
void datagram_read(struct datagram *datagram, const uint8_t *at, size_t len);
void datagram_write(const struct datagram *datagram, uint8_t at[DATAGRAM_MIN]);

/* What who receives datagrams tells who has sent them. */
struct report {
    uint64_t bytes, time, jitter; /* time and jitter in us */
    uint32_t datagrams, lost, disordered;
};

/* The answer to the last datagram, whose first DATAGRAM_MIN bytes are at LAST. */
void report_write(const struct report *report, const uint8_t *last, uint8_t at[REPORT_SIZE]);
/* 0: it is none. */
int report_read(struct report *report, const uint8_t *at, size_t len);

#endif
