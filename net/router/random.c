/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.c: numbers that others cannot foresee, for ports and ids: SipHash of a counter under a key that is
 * made of the seed and of when frames came in.
 */
#include "router.h"

#include <network/siphash.h>

uint64_t router_hash(const struct router *router, const uint64_t *words, size_t count)
{
    return net_siphash13(router->key, words, count);
}

uint64_t router_random(struct router *router)
{
    uint64_t words[2] = { ++router->random, router->now };
    uint64_t number = router_hash(router, words, 2);
    router->random ^= net_siphash_rotate(number, 29) * UINT64_C(0x9e3779b97f4a7c15);
    return router_hash(router, &number, 1);
}
