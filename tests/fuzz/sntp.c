/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sntp.c: what comes back when a time server was asked. What is taken for its answer is to the request that
 * was made, and has a time that can be used; what is not is told in words. The first 8 bytes say when it is.
 */
#include <ctype.h>
#include <packet.h>

#include "fuzz.h"

enum { NONCE = 24, SPAN = 8 };

static uint64_t get64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

static void check(const uint8_t *packet, size_t size, uint64_t nonce, uint32_t from)
{
    struct sntp_answer answer;
    enum sntp_verdict verdict = sntp_check(packet, size, nonce, &answer);
    MUST(memchr(answer.why, 0, sizeof(answer.why)));
    MUST((verdict == SNTP_GOOD) == !*answer.why);
    for (const char *c = answer.why; *c; c++)
        MUST(isprint((unsigned char)*c));
    if (verdict != SNTP_FOREIGN)
        MUST(size >= SNTP_PACKET && get64(packet + NONCE) == nonce);
    if (verdict != SNTP_GOOD)
        return;
    MUST(answer.stratum >= 1 && answer.stratum <= 15);
    MUST(sntp_server_us(&answer) >= 0);
    int64_t us = sntp_unix_us(answer.sent, from);
    MUST(us >= (int64_t)from * 1000000 && us <= ((int64_t)from + UINT32_MAX + 1) * 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SPAN)
        return 0;
    uint8_t *copy = exact_copy(data + SPAN, size - SPAN);
    uint32_t from = (uint32_t)(get64(data) % 0x100000000);
    uint64_t nonce = size - SPAN >= SNTP_PACKET ? get64(copy + NONCE) : 1;
    check(copy, size - SPAN, nonce, from);
    check(copy, size - SPAN, nonce + 1, from);
    free(copy);
    return 0;
}
