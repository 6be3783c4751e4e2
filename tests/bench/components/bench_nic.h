/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_nic.h: frames of benchmarks, from one component to another, directly or through a switch. */
#ifndef BENCH_NIC_H
#define BENCH_NIC_H

#include <os/nic.h>

#include "payload.h"

enum {
    BENCH_NIC_LEN = OS_NIC_HEADER + OS_NIC_MTU,
    BENCH_NIC_CREDIT = 64,               /* frames that the receiver answers with one */
    BENCH_NIC_WINDOW = 128,              /* frames that are under way at most */
    BENCH_NIC_SHORT = OS_NIC_HEADER + 4, /* bytes of such an answer */
};

/* Addresses that the scenario gives them by policy. */
static const uint8_t bench_nic_sender[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t bench_nic_receiver[6] = { 2, 0, 0, 0, 0, 2 };

static inline void bench_nic_head(uint8_t *frame, const uint8_t *to, const uint8_t *from)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = 0x88;
    frame[13] = 0xb5;
}

#endif
