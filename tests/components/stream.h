/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.h: the session of the components that move packets in both directions as fast as they can. */
#ifndef TESTS_STREAM_H
#define TESTS_STREAM_H

#include <os/packet_stream.h>

/* n: number of the packet, from 0. sum: of its bytes; in an acknowledgement of up, what the server has
 * counted. */
struct stream_check {
    uint32_t n, sum;
};
OS_PACKET_STREAM(stream_up, struct stream_check)
OS_PACKET_STREAM(stream_down, struct stream_check)

#define STREAM_RPC(FN, I)                                                                                    \
    OS_PACKET_STREAM_FN(FN, I, up, stream_up)                                                                \
    OS_PACKET_STREAM_FN(FN, I, down, stream_down)
OS_RPC_INTERFACE(stream, STREAM_RPC)
OS_SESSION(stream, "Stream", OS_KIB(512), 16)
OS_PACKET_CLIENT(stream, up, stream_up, source)
OS_PACKET_CLIENT(stream, down, stream_down, sink)

/* The bytes of packet N are of a length and content that both sides know. */
static inline uint32_t stream_len(uint32_t n)
{
    return n * 2654435761u >> 19;
}

static inline uint32_t stream_fill(uint8_t *data, uint32_t len, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < len; i++)
        sum = sum * 31 + (data[i] = (uint8_t)(n + i));
    return sum;
}

static inline uint32_t stream_sum(const uint8_t *data, uint32_t len)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < len; i++)
        sum = sum * 31 + data[i];
    return sum;
}

#endif
