/* SPDX-License-Identifier: BSD-2-Clause */
/* test-siphash.c: SipHash of messages of whole words, beside the published results. */
#include <network/siphash.h>

#include "../lib/suite.h"

/* Key and messages of the reference implementation (github.com/veorq/SipHash): the bytes 0, 1, 2... */
static const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
static const uint64_t message[] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908),
                                    UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918) };

START_TEST(published_results_of_2_4)
{
    static const uint64_t expected[] = { UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x93f5f5799a932462),
                                         UINT64_C(0x3f2acc7f57c29bdb), UINT64_C(0xb8ad50c6f649af94),
                                         UINT64_C(0x7127512f72f27cce) };
    for (size_t count = 0; count < OS_ARRAY_LEN(expected); count++)
        ck_assert_uint_eq(net_siphash24(key, message, count), expected[count]);
}
END_TEST

START_TEST(published_results_of_1_3)
{
    static const uint64_t expected[] = { UINT64_C(0xabac0158050fc4dc), UINT64_C(0x369095118d299a8e),
                                         UINT64_C(0xcc4fdd1a7d908b66), UINT64_C(0xf464aeb267349c8c) };
    for (size_t count = 0; count < OS_ARRAY_LEN(expected); count++)
        ck_assert_uint_eq(net_siphash13(key, message, count), expected[count]);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, published_results_of_2_4);
    tcase_add_test(tcase, published_results_of_1_3);
}

int main(void)
{
    return suite_run_case("net-siphash", add);
}
