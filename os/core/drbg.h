/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drbg.h: random numbers out of a seed: ChaCha20 (RFC 8439) with fast key erasure (Bernstein, 2017), mixed as
 * OpenBSD's arc4random does. For platforms that have no generator of their own, for keys that are derived
 * from a secret, and for tests, which give the seed.
 *
 * The key is all of the state. The first half of each request's first block is the next key and the old one
 * is gone, so that who sees the state later cannot tell what came out of it before.
 */
#ifndef CORE_DRBG_H
#define CORE_DRBG_H

#include <os/types.h>

struct drbg {
    uint32_t key[8];
};

/*
 * Mixes in SIZE bytes at DATA, of any quality: what was unknown of the state before stays so. A zeroed
 * structure is a generator whose numbers are known.
 */
void drbg_add(struct drbg *drbg, const void *data, size_t size);

void drbg_fill(struct drbg *drbg, void *to, size_t size);

/* One block of ChaCha20, as words of the numbers that RFC 8439 calls the state. */
void drbg_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3], uint32_t block[16]);

#endif
