/* SPDX-License-Identifier: BSD-2-Clause */
/* test.c: skeleton and its client in one process, without a kernel, privileges or waiting. */
#include <check.h>
#include <string.h>
#include <suite.h>

#include <inproc/inproc.h>
#include "skeleton.h"

/* component_construct of main.c and client.c, which are compiled for this test with names of their own */
void skeleton_construct(struct os_env *env);
void skeleton_client_construct(struct os_env *env);

static struct inproc_env server, app;

static void set_up(void)
{
    inproc_env_init(&server, "skeleton");
    inproc_config_set(&server, "limit: 100");
    inproc_env_construct(&server, skeleton_construct);
    inproc_env_init(&app, "app");
}

/* What is left of memory, capabilities, objects and sessions is counted, and there must be nothing. */
static void tear_down(void)
{
    ck_assert_int_eq(inproc_env_fini(&app), 0);
    ck_assert_int_eq(inproc_env_fini(&server), 0);
}

START_TEST(adds_for_each_client)
{
    struct skeleton_session one, two;
    uint64_t total;

    ck_assert_int_eq(skeleton_open(&app.env, "", "", &one), OS_OK);
    ck_assert_int_eq(skeleton_open(&app.env, "", "", &two), OS_OK);
    ck_assert_int_eq(skeleton_add(one.cap, 20, &total), OS_OK);
    ck_assert_int_eq(skeleton_add(one.cap, 22, &total), OS_OK);
    ck_assert_uint_eq(total, 42);
    ck_assert_int_eq(skeleton_sum(two.cap, &total), OS_OK);
    ck_assert_uint_eq(total, 0);
    skeleton_close(&two);
    skeleton_close(&one);
}
END_TEST

START_TEST(keeps_the_limit_of_its_config)
{
    struct skeleton_session session;
    uint64_t total;

    ck_assert_int_eq(skeleton_open(&app.env, "", "", &session), OS_OK);
    ck_assert_int_eq(skeleton_add(session.cap, 100, &total), OS_OK);
    ck_assert_int_eq(skeleton_add(session.cap, 1, &total), OS_ERR_TOO_LARGE);
    ck_assert_int_eq(skeleton_add(session.cap, UINT32_MAX, &total), OS_ERR_TOO_LARGE);
    ck_assert_int_eq(skeleton_sum(session.cap, &total), OS_OK);
    ck_assert_uint_eq(total, 100);
    skeleton_close(&session);
}
END_TEST

START_TEST(follows_its_config)
{
    struct skeleton_session session;
    uint64_t total;

    ck_assert_int_eq(skeleton_open(&app.env, "", "", &session), OS_OK);
    inproc_config_set(&server, "limit: 5");
    inproc_idle();
    ck_assert_int_eq(skeleton_add(session.cap, 6, &total), OS_ERR_TOO_LARGE);
    ck_assert_int_eq(skeleton_add(session.cap, 5, &total), OS_OK);
    skeleton_close(&session);
}
END_TEST

START_TEST(clients_pay)
{
    struct skeleton_session session;

    ck_assert_int_eq(skeleton_open_with(&app.env, "", "", 1, 4, &session), OS_ERR_RAM);
    ck_assert_int_eq(skeleton_open_with(&app.env, "", "", OS_KIB(16), 0, &session), OS_ERR_CAPS);
}
END_TEST

START_TEST(client_prints_and_ends)
{
    int status = -1;

    inproc_env_construct(&app, skeleton_client_construct);
    ck_assert_int_ne(inproc_env_exited(&app, &status), 0);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(strstr(inproc_log(&app), "1 + 2 + 3 + 4 = 10"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("skeleton");
    TCase *tcase = tcase_create("skeleton");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, adds_for_each_client);
    tcase_add_test(tcase, keeps_the_limit_of_its_config);
    tcase_add_test(tcase, follows_its_config);
    tcase_add_test(tcase, clients_pay);
    tcase_add_test(tcase, client_prints_and_ends);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
