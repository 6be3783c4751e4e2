/* SPDX-License-Identifier: BSD-2-Clause */
/* test-account.c: quota moves between accounts, is never made and never lost. */
#include <check.h>
#include <stdlib.h>
#include <suite.h>

#include <core/account.h>

static struct core_accounts accounts;
static struct core_account *first;

static void setup(void)
{
    ck_assert_int_eq(core_accounts_init(&accounts, 1000, 100, &first), OS_OK);
}

static void teardown(void)
{
    ck_assert(core_accounts_valid(&accounts));
    ck_assert_ptr_eq(accounts.all.next, &first->link);
    ck_assert_ptr_eq(accounts.all.prev, &first->link);
    ck_assert_uint_eq(first->ram, 1000);
    ck_assert_uint_eq(first->caps, 100);
    ck_assert_uint_eq(first->ram_used, 0);
    free(first);
}

static struct core_account *open_account(struct core_account *donor, uint64_t ram, uint32_t caps)
{
    struct core_account *account;
    ck_assert_int_eq(core_account_open(donor, ram, caps, &account), OS_OK);
    ck_assert(core_accounts_valid(&accounts));
    return account;
}

START_TEST(open_moves_and_close_returns)
{
    struct core_account *account = open_account(first, 300, 30);
    ck_assert_uint_eq(first->ram, 700);
    ck_assert_uint_eq(account->ram, 300);
    ck_assert_uint_eq(account->caps, 30);
    core_account_close(account);
}
END_TEST

START_TEST(open_beyond_what_is_unused_is_refused)
{
    struct core_account *none = NULL;
    ck_assert_int_eq(core_account_charge(first, 600, 60), OS_OK);
    ck_assert_int_eq(core_account_open(first, 401, 1, &none), OS_ERR_RAM);
    ck_assert_int_eq(core_account_open(first, 1, 41, &none), OS_ERR_CAPS);
    ck_assert_int_eq(core_account_open(first, UINT64_MAX, 1, &none), OS_ERR_RAM);
    ck_assert_int_eq(core_account_open(first, 1, UINT32_MAX, &none), OS_ERR_CAPS);
    ck_assert_ptr_null(none);
    core_account_close(open_account(first, 400, 40));
    core_account_refund(first, 600, 60);
}
END_TEST

START_TEST(charge_is_bounded_and_all_or_nothing)
{
    struct core_account *account = open_account(first, 300, 30);
    ck_assert_int_eq(core_account_charge(account, 300, 31), OS_ERR_CAPS);
    ck_assert_int_eq(core_account_charge(account, 301, 30), OS_ERR_RAM);
    ck_assert_int_eq(core_account_charge(account, UINT64_MAX, 0), OS_ERR_RAM);
    ck_assert_uint_eq(account->ram_used, 0);
    ck_assert_uint_eq(account->caps_used, 0);
    ck_assert_int_eq(core_account_charge(account, 300, 30), OS_OK);
    ck_assert_int_eq(core_account_charge(account, 1, 0), OS_ERR_RAM);
    core_account_refund(account, 300, 30);
    core_account_close(account);
}
END_TEST

START_TEST(transfer_moves_only_what_is_unused)
{
    struct core_account *a = open_account(first, 300, 30), *b = open_account(first, 0, 0);
    ck_assert_int_eq(core_account_charge(a, 200, 0), OS_OK);
    ck_assert_int_eq(core_account_transfer(a, b, 101, 0), OS_ERR_RAM);
    ck_assert_int_eq(core_account_transfer(a, b, 100, 31), OS_ERR_CAPS);
    ck_assert_uint_eq(b->ram, 0);
    ck_assert_int_eq(core_account_transfer(a, b, 100, 30), OS_OK);
    ck_assert_int_eq(core_account_transfer(b, b, 100, 30), OS_OK);
    ck_assert_uint_eq(b->ram, 100);
    ck_assert(core_accounts_valid(&accounts));
    core_account_refund(a, 200, 0);
    core_account_close(a);
    core_account_close(b);
}
END_TEST

START_TEST(what_is_used_goes_back_when_it_is_refunded)
{
    struct core_account *account = open_account(first, 300, 30);
    ck_assert_int_eq(core_account_charge(account, 100, 10), OS_OK);
    ck_assert_int_eq(core_account_charge(account, 50, 5), OS_OK);
    core_account_close(account);
    ck_assert_uint_eq(first->ram, 850);
    ck_assert_uint_eq(first->caps, 85);
    core_account_refund(account, 100, 10);
    ck_assert_uint_eq(first->ram, 950);
    ck_assert(core_accounts_valid(&accounts));
    core_account_refund(account, 50, 5);
}
END_TEST

START_TEST(a_closed_donor_hands_on_to_its_own)
{
    struct core_account *parent = open_account(first, 300, 30), *child = open_account(parent, 200, 20);
    ck_assert_int_eq(core_account_charge(child, 10, 1), OS_OK);
    core_account_close(parent);
    core_account_close(child);
    ck_assert_uint_eq(first->ram, 990);
    core_account_refund(child, 10, 1);
}
END_TEST

/* Any sequence of operations, by a fixed generator, keeps the sums. */
START_TEST(the_sum_stays)
{
    enum { COUNT = 8, STEPS = 20000 };
    struct core_account *open[COUNT] = { first };
    uint32_t state = 1;
    for (int i = 0; i < STEPS; i++) {
        state = state * 1664525 + 1013904223;
        struct core_account **a = &open[state >> 29], *b = open[state >> 26 & 7];
        uint64_t ram = state >> 10 & 255;
        uint32_t caps = state >> 5 & 15;
        if (!*a && b) {
            if (core_account_open(b, ram, caps, a))
                *a = NULL;
        } else if (*a && *a != first && (state & 7) == 0) {
            core_account_refund(*a, (*a)->ram_used, (*a)->caps_used);
            core_account_close(*a);
            *a = NULL;
        } else if (*a && b && state & 8) {
            os_err err = core_account_transfer(*a, b, ram, caps);
            ck_assert(err == OS_OK || err == OS_ERR_RAM || err == OS_ERR_CAPS);
        } else if (*a) {
            os_err err = core_account_charge(*a, ram, caps);
            ck_assert(err == OS_OK || err == OS_ERR_RAM || err == OS_ERR_CAPS);
        }
        ck_assert(core_accounts_valid(&accounts));
    }
    for (int i = 1; i < COUNT; i++)
        if (open[i]) {
            core_account_refund(open[i], open[i]->ram_used, open[i]->caps_used);
            core_account_close(open[i]);
        }
    core_account_refund(first, first->ram_used, first->caps_used);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("account");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, open_moves_and_close_returns);
    tcase_add_test(tcase, open_beyond_what_is_unused_is_refused);
    tcase_add_test(tcase, charge_is_bounded_and_all_or_nothing);
    tcase_add_test(tcase, transfer_moves_only_what_is_unused);
    tcase_add_test(tcase, what_is_used_goes_back_when_it_is_refunded);
    tcase_add_test(tcase, a_closed_donor_hands_on_to_its_own);
    tcase_add_test(tcase, the_sum_stays);
    Suite *suite = suite_create("account");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
