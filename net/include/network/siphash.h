/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * siphash.h: SipHash (Aumasson and Bernstein, 2012), a hash under a secret key: who does not know the key can
 * foresee neither numbers made by it nor what collides in a table. No state; any thread.
 *
 * What is hashed are COUNT whole words, as if their bytes were in little-endian order; so results are those
 * that are published for messages of COUNT * 8 bytes. It is here and not in a library so that loops over few
 * words are no loops.
 */
#ifndef NETWORK_SIPHASH_H
#define NETWORK_SIPHASH_H

#include <os/types.h>

static inline uint64_t net_siphash_rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void net_siphash_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = net_siphash_rotate(v[1], 13) ^ v[0];
        v[3] = net_siphash_rotate(v[3], 16) ^ v[2];
        v[0] = net_siphash_rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[1] = net_siphash_rotate(v[1], 17) ^ v[2];
        v[3] = net_siphash_rotate(v[3], 21) ^ v[0];
        v[2] = net_siphash_rotate(v[2], 32);
    }
}

/* With EACH rounds for a word and LAST in the end. */
static inline uint64_t net_siphash_of(const uint64_t key[2], const uint64_t *words, size_t count,
                                      unsigned each, unsigned last)
{
    uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                      key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573) };
    for (size_t i = 0; i <= count; i++) {
        uint64_t word = i < count ? words[i] : (uint64_t)count << 59;
        v[3] ^= word;
        net_siphash_rounds(v, each);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    net_siphash_rounds(v, last);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* SipHash-2-4: for numbers that a peer sees, such as sequence numbers, ports and ids. */
static inline uint64_t net_siphash24(const uint64_t key[2], const uint64_t *words, size_t count)
{
    return net_siphash_of(key, words, count, 2, 4);
}

/* SipHash-1-3: for tables, whose places nobody sees. */
static inline uint64_t net_siphash13(const uint64_t key[2], const uint64_t *words, size_t count)
{
    return net_siphash_of(key, words, count, 1, 3);
}

#endif
