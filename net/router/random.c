/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: numbers that others cannot foresee, for ports, ids, tables and MAC addresses: SipHash under
 * secrets. */
#include "router.h"

#include <network/siphash.h>
#include <os/parent.h>

#include <string.h>

uint64_t router_hash(const struct router *router, const uint64_t *words, size_t count)
{
    return net_siphash13(router->secrets.table, words, count);
}

uint64_t router_sum(const struct router *router, const uint64_t *words, size_t count)
{
    return net_siphash24(router->secrets.numbers, words, count);
}

/* No two of its messages are alike, nor like one of router_sum's; with the time in them, because a secret of
 * a system without a source of randomness can be guessed, and when frames come in not as well. */
uint64_t router_random(struct router *router)
{
    uint64_t words[2] = { ++router->random, router->now };
    return router_sum(router, words, OS_ARRAY_LEN(words));
}

void router_mac(const struct router *router, const char *name, uint32_t attempt, uint8_t mac[6])
{
    uint64_t words[1 + OS_LABEL_MAX / sizeof(uint64_t)] = { attempt };
    memcpy(words + 1, name, strnlen(name, OS_LABEL_MAX));
    uint64_t sum = net_siphash24(router->secrets.macs, words, OS_ARRAY_LEN(words));
    mac[0] = 0x02; /* locally administered, of one card */
    mac[1] = (uint8_t)(sum >> 32);
    net_put32(mac + 2, (uint32_t)sum);
}
