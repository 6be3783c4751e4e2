/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h: what an SNTP client asks, and whether what came is an answer to it (RFC 4330, RFC 5905). No
 * state, no network.
 */
#ifndef SNTP_PACKET_H
#define SNTP_PACKET_H

#include <os/types.h>

enum { SNTP_PACKET = 48, SNTP_PORT = 123 };

/*
 * Writes a request. NONCE stands where the client's time of sending would: the server sends it back, so
 * whoever does not see the request cannot answer it, and learns nothing about our clock.
 */
void sntp_request(uint8_t packet[SNTP_PACKET], uint64_t nonce);

/* What became of an answer. */
enum sntp_verdict {
    SNTP_GOOD,
    SNTP_FOREIGN, /* none to our request: the right one may still come */
    SNTP_BAD,     /* of a server that cannot be used now */
    SNTP_SLOWER,  /* the server wants to be asked less often */
    SNTP_NEVER,   /* the server does not want to be asked again */
};

struct sntp_answer {
    uint64_t received, sent; /* by the server's clock: seconds since 1900 of some era, and 2^-32 of them */
    uint8_t stratum;
    char why[80]; /* what is wrong with it, unless it is good; printable */
};

/* Looks at LEN bytes at DATA, which are the answer to the request with NONCE or not. Sets all of ANSWER. */
enum sntp_verdict sntp_check(const void *data, size_t len, uint64_t nonce, struct sntp_answer *answer);

/* What the server needed to answer, microseconds; -1: it has sent before it received, or needed a day. */
int64_t sntp_server_us(const struct sntp_answer *answer);

/*
 * TIME, of a server, as microseconds since 1970. Its seconds begin anew each 136 years, next in 2036: of all
 * times that it can be it is the first one that is not before FROM seconds since 1970.
 */
int64_t sntp_unix_us(uint64_t time, uint32_t from);

#endif
