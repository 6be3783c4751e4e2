/* SPDX-License-Identifier: BSD-2-Clause */
/* test-drbg.c: ChaCha20 beside its standard, and what the generator made of it keeps to itself. */
#include <core/drbg.h>

#include <string.h>

#include "../lib/suite.h"

/* RFC 8439, section 2.3.2. */
START_TEST(a_published_block)
{
    static const uint32_t nonce[3] = { 0x09000000, 0x4a000000, 0 };
    static const uint32_t expected[16] = { 0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                           0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                           0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                           0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2 };
    uint32_t key[8], block[16];
    for (uint32_t i = 0; i < 8; i++)
        key[i] = (i * 4 + 3) << 24 | (i * 4 + 2) << 16 | (i * 4 + 1) << 8 | i * 4;
    drbg_block(key, 1, nonce, block);
    ck_assert_mem_eq(block, expected, sizeof(block));
}
END_TEST

/* What a seed of 32 bytes gives is the stream of its key's key, less the part that is the next key. */
START_TEST(numbers_are_the_stream_behind_the_next_key)
{
    static const uint32_t nonce[3];
    struct drbg drbg = { { 0 } };
    uint32_t seed[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, blocks[3][16];
    uint8_t bytes[32 + 64 + 10];
    drbg_block(seed, 0, nonce, blocks[0]);
    for (uint32_t i = 2; i > 0; i--)
        drbg_block(blocks[0], i, nonce, blocks[i]);
    drbg_add(&drbg, seed, sizeof(seed));
    ck_assert_mem_eq(drbg.key, blocks[0], sizeof(drbg.key));
    uint32_t first[16];
    drbg_block(drbg.key, 0, nonce, first);
    drbg_fill(&drbg, bytes, sizeof(bytes));
    ck_assert_mem_eq(drbg.key, first, sizeof(drbg.key));
    ck_assert_mem_eq(bytes, first + 8, 32);
    ck_assert_mem_eq(bytes + 32, blocks[1], 64);
    ck_assert_mem_eq(bytes + 96, blocks[2], 10);
}
END_TEST

START_TEST(each_part_of_a_seed_counts)
{
    uint8_t seed[70] = { 0 }, other[16], expected[16];
    struct drbg drbg = { { 0 } };
    drbg_add(&drbg, seed, sizeof(seed));
    drbg_fill(&drbg, expected, sizeof(expected));
    for (size_t i = 0; i < sizeof(seed); i++) {
        seed[i] ^= 1;
        drbg = (struct drbg){ { 0 } };
        drbg_add(&drbg, seed, sizeof(seed));
        drbg_fill(&drbg, other, sizeof(other));
        ck_assert_mem_ne(other, expected, sizeof(other));
        seed[i] ^= 1;
    }
}
END_TEST

START_TEST(what_is_mixed_in_takes_nothing_away)
{
    struct drbg a = { { 1 } }, b = { { 2 } };
    uint8_t from_a[16], from_b[16];
    drbg_add(&a, "known", 5);
    drbg_add(&b, "known", 5);
    drbg_fill(&a, from_a, sizeof(from_a));
    drbg_fill(&b, from_b, sizeof(from_b));
    ck_assert_mem_ne(from_a, from_b, sizeof(from_a));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, a_published_block);
    tcase_add_test(tcase, numbers_are_the_stream_behind_the_next_key);
    tcase_add_test(tcase, each_part_of_a_seed_counts);
    tcase_add_test(tcase, what_is_mixed_in_takes_nothing_away);
}

int main(void)
{
    return suite_run_case("core-drbg", add);
}
