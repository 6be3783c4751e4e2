/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.c: numbers that others cannot foresee, for ports and ids: SipHash of a counter under a key that is
 * made of the seed and of when frames came in.
 */
#include "router.h"

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* One round for each word and three in the end: for tables, which is what it is used for most. */
uint64_t router_hash(const struct router *router, const uint64_t *words, size_t count)
{
    uint64_t v[4] = { router->key[0] ^ UINT64_C(0x736f6d6570736575),
                      router->key[1] ^ UINT64_C(0x646f72616e646f6d),
                      router->key[0] ^ UINT64_C(0x6c7967656e657261),
                      router->key[1] ^ UINT64_C(0x7465646279746573) };
    for (size_t i = 0; i < count; i++) {
        v[3] ^= words[i];
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t router_random(struct router *router)
{
    uint64_t words[2] = { ++router->random, router->now };
    uint64_t number = router_hash(router, words, 2);
    router->random ^= rotate(number, 29) * UINT64_C(0x9e3779b97f4a7c15);
    return router_hash(router, &number, 1);
}
