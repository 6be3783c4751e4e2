/* SPDX-License-Identifier: BSD-2-Clause */
/* drbg.c: see drbg.h. */
#include "drbg.h"

#include <string.h>

enum { KEY = sizeof(((struct drbg *)0)->key), BLOCK = 64 };

static uint32_t rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

void drbg_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3], uint32_t block[16])
{
    uint32_t start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    memcpy(start + 4, key, KEY);
    start[12] = counter;
    memcpy(start + 13, nonce, 3 * sizeof(*nonce));
    memcpy(block, start, sizeof(start));
    for (int i = 0; i < 10; i++) {
        for (int at = 0; at < 4; at++)
            quarter_round(&block[at], &block[4 + at], &block[8 + at], &block[12 + at]);
        for (int at = 0; at < 4; at++)
            quarter_round(&block[at], &block[4 + (at + 1) % 4], &block[8 + (at + 2) % 4],
                          &block[12 + (at + 3) % 4]);
    }
    for (int i = 0; i < 16; i++)
        block[i] += start[i];
}

/* The compiler may not leave out what nobody reads any more. */
static void erase(void *data, size_t size)
{
    memset(data, 0, size);
    __asm__ volatile("" : : "r"(data) : "memory");
}

static void next_block(const struct drbg *drbg, uint32_t counter, uint32_t block[16])
{
    static const uint32_t nonce[3];
    drbg_block(drbg->key, counter, nonce, block);
}

void drbg_add(struct drbg *drbg, const void *data, size_t size)
{
    const char *at = data;
    uint32_t part[KEY / sizeof(uint32_t)], block[16];
    do {
        size_t len = size < KEY ? size : KEY;
        memset(part, 0, sizeof(part));
        memcpy(part, at, len);
        for (size_t i = 0; i < OS_ARRAY_LEN(part); i++)
            drbg->key[i] ^= part[i];
        next_block(drbg, 0, block);
        memcpy(drbg->key, block, KEY);
        at += len;
        size -= len;
    } while (size);
    erase(part, sizeof(part));
    erase(block, sizeof(block));
}

void drbg_fill(struct drbg *drbg, void *to, size_t size)
{
    struct drbg old = *drbg;
    uint32_t block[16];
    char *at = to;
    size_t skip = KEY; /* the next key, which nobody sees */
    next_block(&old, 0, block);
    memcpy(drbg->key, block, KEY);
    for (uint32_t counter = 1; size; counter++) {
        size_t len = size < BLOCK - skip ? size : BLOCK - skip;
        memcpy(at, (const char *)block + skip, len);
        at += len;
        size -= len;
        skip = 0;
        if (size)
            next_block(&old, counter, block);
    }
    erase(&old, sizeof(old));
    erase(block, sizeof(block));
}
