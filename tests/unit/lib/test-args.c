/* SPDX-License-Identifier: BSD-2-Clause */
/* test-args.c: arguments of sessions, texts of errors, and accounts. */
#include <os/session.h>
#include <string.h>

#include "suite.h"

START_TEST(finds_values)
{
    char value[16];
    ck_ok(os_args_get("a=1,bc=two,d=", "a", value, sizeof(value)));
    ck_assert_str_eq(value, "1");
    ck_ok(os_args_get("a=1,bc=two,d=", "bc", value, sizeof(value)));
    ck_assert_str_eq(value, "two");
    ck_ok(os_args_get("a=1,bc=two,d=", "d", value, sizeof(value)));
    ck_assert_str_eq(value, "");
    ck_ok(os_args_get("x=a=b", "x", value, sizeof(value)));
    ck_assert_str_eq(value, "a=b");
}
END_TEST

START_TEST(takes_no_part_of_a_key)
{
    char value[16] = "same";
    ck_err(os_args_get("abc=1,xa=2", "a", value, sizeof(value)), OS_ERR_NOT_FOUND);
    ck_err(os_args_get("a,ab=1", "a", value, sizeof(value)), OS_ERR_NOT_FOUND);
    ck_err(os_args_get("", "a", value, sizeof(value)), OS_ERR_NOT_FOUND);
    ck_err(os_args_get(",,=,a", "a", value, sizeof(value)), OS_ERR_NOT_FOUND);
    ck_assert_str_eq(value, "same");
}
END_TEST

START_TEST(first_of_two_counts)
{
    char value[16];
    ck_ok(os_args_get("a=1,a=2", "a", value, sizeof(value)));
    ck_assert_str_eq(value, "1");
}
END_TEST

START_TEST(value_must_fit)
{
    char value[4] = "abc";
    ck_err(os_args_get("a=1234", "a", value, sizeof(value)), OS_ERR_TOO_LARGE);
    ck_assert_str_eq(value, "abc");
    ck_ok(os_args_get("a=123", "a", value, sizeof(value)));
    ck_assert_str_eq(value, "123");
}
END_TEST

START_TEST(numbers)
{
    uint64_t n = 7;
    ck_ok(os_args_u64("w=640", "w", &n));
    ck_assert_uint_eq(n, 640);
    ck_ok(os_args_u64("w=18446744073709551615", "w", &n));
    ck_assert_uint_eq(n, UINT64_MAX);
    n = 7;
    ck_err(os_args_u64("w=18446744073709551616", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("w=99999999999999999999", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("w=", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("w=-1", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("w= 1", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("w=1k", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("w=0x10", "w", &n), OS_ERR_BAD_ARG);
    ck_err(os_args_u64("h=1", "w", &n), OS_ERR_NOT_FOUND);
    ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(errors_have_texts)
{
#define SAME(name, value, text)                                                                              \
    ck_assert_int_eq(OS_ERR_##name, value);                                                                  \
    ck_assert_str_eq(os_err_text(OS_ERR_##name), text);                                                      \
    ck_assert_str_eq(os_err_name(OS_ERR_##name), #name);
    OS_ERRORS(SAME)
    ck_assert_str_eq(os_err_name(OS_OK), "OK");
    ck_assert_str_eq(os_err_text(OS_ERR_INTERFACE), "error of the interface");
    ck_assert_str_eq(os_err_text(OS_ERR_INTERFACE_LAST), "error of the interface");
    for (os_err err = -300; err < 1000; err++) {
        ck_assert_ptr_nonnull(os_err_text(err));
        ck_assert_ptr_nonnull(os_err_name(err));
    }
}
END_TEST

START_TEST(account_is_charged_whole_or_not_at_all)
{
    struct os_quota quota = { .ram = 1000, .caps = 3 };
    ck_ok(os_quota_charge(&quota, 1000, 2));
    ck_err(os_quota_charge(&quota, 1, 0), OS_ERR_RAM);
    ck_err(os_quota_charge(&quota, 0, 2), OS_ERR_CAPS);
    ck_assert_uint_eq(quota.ram_used, 1000);
    ck_assert_uint_eq(quota.caps_used, 2);
    os_quota_refund(&quota, 400, 1);
    ck_err(os_quota_charge(&quota, UINT64_MAX, 0), OS_ERR_RAM);
    ck_err(os_quota_charge(&quota, 0, UINT32_MAX), OS_ERR_CAPS);
    ck_err(os_quota_charge(&quota, 400, 3), OS_ERR_CAPS);
    ck_ok(os_quota_charge(&quota, 400, 2));
    os_quota_refund(&quota, 1000, 3);
    ck_assert_uint_eq(quota.ram_used, 0);
    ck_assert_uint_eq(quota.caps_used, 0);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, finds_values);
    tcase_add_test(tcase, takes_no_part_of_a_key);
    tcase_add_test(tcase, first_of_two_counts);
    tcase_add_test(tcase, value_must_fit);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, errors_have_texts);
    tcase_add_test(tcase, account_is_charged_whole_or_not_at_all);
}

int main(void)
{
    return suite_run_case("args", add);
}
