/* SPDX-License-Identifier: BSD-2-Clause */
/* test-random.c: random bytes for who needs them once: any number, the same for a seed, and none without a
 * service. */
#include <os/random.h>

#include <inproc/inproc.h>
#include <inproc/mock.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

INPROC_MOCK(os_random, OS_RANDOM_RPC)

static struct inproc_env env;

static void setup(void)
{
    inproc_env_init(&env, "test");
}

static void teardown(void)
{
    ck_assert_int_eq(inproc_env_fini(&env), 0);
}

START_TEST(any_number_of_bytes)
{
    static const size_t sizes[] = { 0, 1, OS_RANDOM_MAX, OS_RANDOM_MAX + 1, 1000 };
    for (size_t i = 0; i < OS_ARRAY_LEN(sizes); i++) {
        uint8_t bytes[1001] = { 0 };
        size_t zeros = 0;
        bytes[sizes[i]] = 0x5a;
        ck_assert_int_eq(os_random_bytes(&env.env, bytes, sizes[i]), OS_OK);
        ck_assert_uint_eq(bytes[sizes[i]], 0x5a);
        for (size_t at = 0; at < sizes[i]; at++)
            zeros += !bytes[at];
        ck_assert_uint_le(zeros, sizes[i] / 20);
    }
}
END_TEST

START_TEST(a_seed_decides)
{
    uint8_t first[40], second[40], other[40];
    inproc_random_seed(7);
    ck_assert_int_eq(os_random_bytes(&env.env, first, sizeof(first)), OS_OK);
    ck_assert_int_eq(os_random_bytes(&env.env, other, sizeof(other)), OS_OK);
    ck_assert_mem_ne(first, other, sizeof(first));
    inproc_random_seed(7);
    ck_assert_int_eq(os_random_bytes(&env.env, second, sizeof(second)), OS_OK);
    ck_assert_mem_eq(first, second, sizeof(first));
    inproc_random_seed(8);
    ck_assert_int_eq(os_random_bytes(&env.env, second, sizeof(second)), OS_OK);
    ck_assert_mem_ne(first, second, sizeof(first));
}
END_TEST

START_TEST(a_stable_key_is_the_labels)
{
    uint8_t first[OS_RANDOM_KEY], again[OS_RANDOM_KEY], other[OS_RANDOM_KEY + 1];
    ck_assert_int_eq(os_random_stable(&env.env, "a", first, sizeof(first)), OS_OK);
    ck_assert_int_eq(os_random_bytes(&env.env, again, sizeof(again)), OS_OK);
    ck_assert_int_eq(os_random_stable(&env.env, "a", again, sizeof(again)), OS_OK);
    ck_assert_mem_eq(first, again, sizeof(first));
    ck_assert_int_eq(os_random_stable(&env.env, "b", other, sizeof(first)), OS_OK);
    ck_assert_mem_ne(first, other, sizeof(first));
    ck_assert_int_eq(os_random_stable(&env.env, "a", other, sizeof(other)), OS_ERR_BAD_ARG);
}
END_TEST

START_TEST(without_the_service_nothing_is_written)
{
    uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, before[8];
    memcpy(before, bytes, sizeof(bytes));
    inproc_deny("Random", OS_ERR_DENIED);
    ck_assert_int_eq(os_random_bytes(&env.env, bytes, sizeof(bytes)), OS_ERR_DENIED);
    ck_assert_int_eq(os_random_stable(&env.env, "a", bytes, sizeof(bytes)), OS_ERR_DENIED);
    ck_assert_mem_eq(bytes, before, sizeof(bytes));
    inproc_deny("Random", OS_OK);
}
END_TEST

static os_err fill_short(struct os_rpc *rpc, uint32_t size, uint8_t (*bytes)[OS_RANDOM_MAX], size_t *len)
{
    memset(*bytes, 0xff, sizeof(*bytes));
    *len = size - 1;
    return OS_OK;
}

/* A server that gives less than it was asked for must not make zeros of a key. */
START_TEST(an_answer_that_is_too_short_is_refused)
{
    static const struct os_random_ops fake = { .fill = fill_short };
    struct inproc_mock_service service;
    uint8_t bytes[8] = { 1 };
    inproc_mock_service_init(&service, "Random", &os_random_interface);
    os_random_mock_fake(&service.mock, &fake);
    ck_assert_int_eq(os_random_bytes(&env.env, bytes, sizeof(bytes)), OS_ERR_BAD_MSG);
    ck_assert_mem_eq(bytes, ((uint8_t[8]){ 0 }), sizeof(bytes));
    ck_assert_int_eq(inproc_mock_service_fini(&service), 0);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, any_number_of_bytes);
    tcase_add_test(tcase, a_seed_decides);
    tcase_add_test(tcase, a_stable_key_is_the_labels);
    tcase_add_test(tcase, without_the_service_nothing_is_written);
    tcase_add_test(tcase, an_answer_that_is_too_short_is_refused);
}

int main(void)
{
    return suite_run_case("lib-random", add);
}
