/* SPDX-License-Identifier: BSD-2-Clause */
/* leaky.c: a Check suite for the runner's tests, whose tests leave behind what they must not. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "leak.h"

static int kept = -1; /* opened by a fixture */

static void set_up(void)
{
    kept = open("/dev/null", O_RDONLY);
}

static void tear_down(void)
{
    close(kept);
}

START_TEST(tidy)
{
    close(open("/dev/null", O_RDONLY));
}
END_TEST

START_TEST(leaves_a_descriptor)
{
    ck_assert_int_ge(open("/dev/zero", O_RDONLY), 0);
}
END_TEST

START_TEST(closes_too_much)
{
    ck_assert_int_eq(close(0), 0);
}
END_TEST

START_TEST(keeps_what_it_said)
{
    ck_assert_int_ge(open("/dev/zero", O_RDONLY), 0);
    leak_mark();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leaky");
    TCase *tcase = tcase_create("leaky");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, tidy);
    tcase_add_test(tcase, leaves_a_descriptor);
    tcase_add_test(tcase, closes_too_much);
    suite_add_tcase(suite, tcase);
    TCase *keeps = tcase_create("keeps");
    tcase_add_test(keeps, keeps_what_it_said);
    suite_add_tcase(suite, keeps);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    srunner_free(runner);
    return 0;
}
