/* SPDX-License-Identifier: BSD-2-Clause */
/* test-heap.c: the heap, against a model with random sizes, with quotas, and against misuse. */
#include <os/heap.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct inproc_env env;
static struct os_heap heap;

static void setup(void)
{
    inproc_env_init(&env, "heap");
    os_heap_init(&heap, &env.env, NULL);
}

static void teardown(void)
{
    os_heap_fini(&heap);
    ck_fini(&env);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
}

static int is_filled(const uint8_t *at, size_t size, uint8_t with)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != with)
            return 0;
    return 1;
}

static int is_zero(const uint8_t *at, size_t size)
{
    return is_filled(at, size, 0);
}

START_TEST(nothing_until_it_is_needed)
{
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
    os_heap_free(&heap, NULL);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
}
END_TEST

START_TEST(blocks_are_zeroed_aligned_and_apart)
{
    enum { N = 300 };
    uint8_t *blocks[N];
    for (size_t i = 0; i < N; i++) {
        blocks[i] = os_heap_alloc(&heap, i);
        ck_assert_ptr_nonnull(blocks[i]);
        ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
        ck_assert_uint_ge(os_heap_size(blocks[i]), i);
        ck_assert(is_zero(blocks[i], i));
        memset(blocks[i], (int)i, i);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_eq(blocks[i][k], (uint8_t)i);
        os_heap_free(&heap, blocks[i]);
    }
    ck_assert_uint_eq(heap.used, 0);
}
END_TEST

START_TEST(freed_memory_comes_back_zeroed)
{
    for (int i = 0; i < 100; i++) {
        uint8_t *block = os_heap_alloc(&heap, 1000);
        ck_assert(is_zero(block, 1000));
        memset(block, 0xff, 1000);
        os_heap_free(&heap, block);
    }
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 1);
}
END_TEST

START_TEST(neighbours_merge)
{
    void *a = os_heap_alloc(&heap, 16 * 1024), *b = os_heap_alloc(&heap, 16 * 1024),
         *c = os_heap_alloc(&heap, 16 * 1024);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 1);
    os_heap_free(&heap, a);
    os_heap_free(&heap, c);
    os_heap_free(&heap, b);
    void *all = os_heap_alloc(&heap, 60 * 1024); /* fits only when all three are one */
    ck_assert_ptr_nonnull(all);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 1);
    os_heap_free(&heap, all);
}
END_TEST

START_TEST(large_blocks_are_given_back)
{
    void *small = os_heap_alloc(&heap, 1), *large = os_heap_alloc(&heap, OS_MIB(4));
    ck_assert_ptr_nonnull(large);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 2);
    os_heap_free(&heap, large);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 1);
    os_heap_free(&heap, small);
}
END_TEST

/* What is allocated and freed again and again where a chunk begins does not go to core each time. */
START_TEST(one_empty_chunk_is_kept)
{
    void *first = os_heap_alloc(&heap, OS_KIB(40)), *second = os_heap_alloc(&heap, OS_KIB(40));
    void *third = os_heap_alloc(&heap, OS_KIB(40));
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 3);
    os_heap_free(&heap, third);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 3);
    inproc_fail_next(INPROC_FAIL_RAM, 0, OS_ERR_RAM); /* nobody is asked for it */
    third = os_heap_alloc(&heap, OS_KIB(40));
    ck_assert_ptr_nonnull(third);
    inproc_fail_next(INPROC_FAIL_RAM, 0, OS_OK);
    os_heap_free(&heap, third);
    os_heap_free(&heap, second);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 2);
    os_heap_free(&heap, first);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 1);
}
END_TEST

START_TEST(the_empty_chunk_goes_when_quota_is_short)
{
    struct os_quota quota = { .ram = OS_KIB(200), .caps = 3 };
    struct os_heap own;
    os_heap_init(&own, &env.env, &quota);
    void *a = os_heap_alloc(&own, OS_KIB(40)), *b = os_heap_alloc(&own, OS_KIB(40));
    os_heap_free(&own, b);
    ck_assert_uint_eq(quota.caps_used, 2);
    b = os_heap_alloc(&own, OS_KIB(130)); /* 64 KiB and this are in the quota, 64 more are not */
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_eq(quota.caps_used, 2);
    os_heap_free(&own, a);
    os_heap_free(&own, b);
    os_heap_fini(&own);
    ck_assert_uint_eq(quota.ram_used, 0);
}
END_TEST

START_TEST(sizes_that_cannot_be)
{
    ck_assert_ptr_null(os_heap_alloc(&heap, SIZE_MAX));
    ck_assert_ptr_null(os_heap_alloc(&heap, SIZE_MAX - 15));
    ck_assert_ptr_null(os_heap_alloc(&heap, SIZE_MAX / 2));
    ck_assert_ptr_null(os_heap_alloc(&heap, OS_MIB(65))); /* more than the account has */
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
    ck_assert_uint_eq(heap.held, 0);
    void *zero = os_heap_alloc(&heap, 0);
    ck_assert_ptr_nonnull(zero);
    os_heap_free(&heap, zero);
}
END_TEST

START_TEST(quota_is_charged_and_refunded)
{
    struct os_quota quota = { .ram = OS_KIB(128), .caps = 3 };
    struct os_heap own;
    os_heap_init(&own, &env.env, &quota);
    void *a = os_heap_alloc(&own, OS_KIB(40)), *b = os_heap_alloc(&own, OS_KIB(40));
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_gt(quota.ram_used, OS_KIB(80));
    ck_assert_uint_le(quota.ram_used, OS_KIB(128));
    ck_assert_ptr_null(os_heap_alloc(&own, OS_KIB(60)));
    uint64_t used = quota.ram_used;
    ck_assert_ptr_null(os_heap_alloc(&own, OS_MIB(1)));
    ck_assert_uint_eq(quota.ram_used, used);
    os_heap_free(&own, a);
    os_heap_free(&own, b);
    os_heap_fini(&own);
    ck_assert_uint_eq(quota.ram_used, 0);
    ck_assert_uint_eq(quota.caps_used, 0);
}
END_TEST

START_TEST(quota_that_is_short_still_gives_what_it_has)
{
    struct os_quota quota = { .ram = OS_KIB(8), .caps = 2 };
    struct os_heap own;
    os_heap_init(&own, &env.env, &quota);
    void *a = os_heap_alloc(&own, 100); /* less than a chunk is there */
    ck_assert_ptr_nonnull(a);
    os_heap_fini(&own);
    ck_assert_uint_eq(quota.ram_used, 0);
}
END_TEST

START_TEST(failure_on_the_way_leaves_nothing)
{
    inproc_fail_next(INPROC_FAIL_RAM, 0, OS_ERR_RAM);
    void *block = os_heap_alloc(&heap, 1); /* a second try asks for less */
    os_heap_free(&heap, block);
    os_heap_fini(&heap);
    inproc_env_quota(&env, OS_KIB(4), 1000);
    os_heap_init(&heap, &env.env, NULL);
    inproc_fail_next(INPROC_FAIL_ATTACH, 0, OS_ERR_RAM);
    (void)!os_heap_alloc(&heap, 5000);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
}
END_TEST

/* Random sizes and orders; every byte of every block is what was written there. */
START_TEST(random_against_a_model)
{
    enum { N = 200 };
    static struct {
        uint8_t *at, fill;
        size_t size;
    } blocks[N];
    uint64_t used = 0;
    srand(271828);
    for (int round = 0; round < 20000; round++) {
        int i = rand() % N;
        if (blocks[i].at) {
            ck_assert(is_filled(blocks[i].at, blocks[i].size, blocks[i].fill));
            used -= os_heap_size(blocks[i].at);
            os_heap_free(&heap, blocks[i].at);
            blocks[i].at = NULL;
        } else {
            size_t size = (size_t)rand() % (rand() % 20 ? 300 : rand() % 20 ? 20000 : 300000);
            uint8_t *at = os_heap_alloc(&heap, size);
            if (!at)
                continue; /* the account may be used up */
            ck_assert(is_zero(at, size));
            blocks[i].at = at;
            blocks[i].size = size;
            blocks[i].fill = (uint8_t)rand();
            memset(at, blocks[i].fill, size);
            used += os_heap_size(at);
        }
        ck_assert_uint_eq(heap.used, used);
    }
    for (int i = 0; i < N; i++)
        os_heap_free(&heap, blocks[i].at);
    ck_assert_uint_eq(heap.used, 0);
    ck_assert_uint_le(inproc_dataspaces_in_use(), 1);
}
END_TEST

/* ---- misuse stops the component; nothing after it runs */

START_TEST(freed_twice)
{
    void *a = os_heap_alloc(&heap, 100), *b = os_heap_alloc(&heap, 100);
    os_heap_free(&heap, a);
    os_heap_free(&heap, a);
    (void)b;
}
END_TEST

START_TEST(freed_twice_after_merging)
{
    void *a = os_heap_alloc(&heap, 100), *b = os_heap_alloc(&heap, 100), *c = os_heap_alloc(&heap, 100);
    os_heap_free(&heap, a);
    os_heap_free(&heap, b); /* merged into a */
    os_heap_free(&heap, b);
    (void)c;
}
END_TEST

START_TEST(freed_in_the_middle)
{
    char *a = os_heap_alloc(&heap, 100);
    os_heap_free(&heap, a + 32);
}
END_TEST

START_TEST(freed_off_by_one)
{
    char *a = os_heap_alloc(&heap, 100);
    os_heap_free(&heap, a + 1);
}
END_TEST

START_TEST(freed_from_the_stack)
{
    _Alignas(16) char block[64] = { 0 };
    os_heap_free(&heap, block + 32);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_until_it_is_needed);
    tcase_add_test(tcase, blocks_are_zeroed_aligned_and_apart);
    tcase_add_test(tcase, freed_memory_comes_back_zeroed);
    tcase_add_test(tcase, neighbours_merge);
    tcase_add_test(tcase, large_blocks_are_given_back);
    tcase_add_test(tcase, one_empty_chunk_is_kept);
    tcase_add_test(tcase, the_empty_chunk_goes_when_quota_is_short);
    tcase_add_test(tcase, sizes_that_cannot_be);
    tcase_add_test(tcase, quota_is_charged_and_refunded);
    tcase_add_test(tcase, quota_that_is_short_still_gives_what_it_has);
    tcase_add_test(tcase, failure_on_the_way_leaves_nothing);
    tcase_add_test(tcase, random_against_a_model);
    tcase_add_test_raise_signal(tcase, freed_twice, SIGABRT);
    tcase_add_test_raise_signal(tcase, freed_twice_after_merging, SIGABRT);
    tcase_add_test_raise_signal(tcase, freed_in_the_middle, SIGABRT);
    tcase_add_test_raise_signal(tcase, freed_off_by_one, SIGABRT);
    tcase_add_test_raise_signal(tcase, freed_from_the_stack, SIGABRT);
}

int main(void)
{
    return suite_run_case("heap", add);
}
