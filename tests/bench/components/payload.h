/* SPDX-License-Identifier: BSD-2-Clause */
/* payload.h: what both sides of a comparison do with a packet: one writes all of it, the other reads all of
 * it. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stddef.h>
#include <string.h>

enum { PAYLOAD_MAX = 65536 };

static char payload[PAYLOAD_MAX];

static inline void payload_write(void *packet, size_t len)
{
    memcpy(packet, payload, len);
}

static inline void payload_read(const void *packet, size_t len)
{
    memcpy(payload, packet, len);
    __asm__ volatile("" : : "r"(payload) : "memory");
}

#endif
