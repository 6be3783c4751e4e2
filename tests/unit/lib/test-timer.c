/* SPDX-License-Identifier: BSD-2-Clause */
/* test-timer.c: time-outs on a Timer session. */
#include <os/timer.h>
#include <stdlib.h>

#include "suite.h"

static struct inproc_env env;
static struct os_timeouts timeouts;
static unsigned order;

struct timer {
    struct os_timeout timeout;
    unsigned count, at;
    os_time when;
    struct timer *other; /* disarmed by the handler */
    os_time again;       /* armed by the handler */
};

static void handle(struct os_timeout *timeout)
{
    struct timer *self = OS_CONTAINER_OF(timeout, struct timer, timeout);
    self->count++;
    self->at = order++;
    ck_ok(os_timeouts_now(&timeouts, &self->when));
    if (self->other)
        os_timeout_disarm(&self->other->timeout);
    if (self->again)
        ck_ok(os_timeout_arm(timeout, self->again));
}

static void timer_init(struct timer *timer)
{
    *timer = (struct timer){ 0 };
    os_timeout_init(&timer->timeout, &timeouts, handle);
}

static void setup(void)
{
    inproc_env_init(&env, "time");
    ck_ok(os_timeouts_open(&timeouts, &env.env, env.env.ep));
    inproc_env_serve(&env);
}

static void teardown(void)
{
    os_timeouts_close(&timeouts);
    os_timeouts_close(&timeouts); /* closed already: fine */
    ck_fini(&env);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
}

START_TEST(one_shot)
{
    struct timer t;
    timer_init(&t);
    ck_ok(os_timeout_arm(&t.timeout, 10 * OS_MS));
    inproc_advance(10 * OS_MS - 1);
    ck_assert_uint_eq(t.count, 0);
    inproc_advance(1);
    ck_assert_uint_eq(t.count, 1);
    ck_assert_uint_eq(t.when, 10 * OS_MS);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(t.count, 1);
    ck_ok(os_timeout_arm(&t.timeout, 0)); /* at once */
    inproc_advance(0);
    ck_assert_uint_eq(t.count, 2);
}
END_TEST

START_TEST(sorted_by_time_then_by_order)
{
    struct timer t[5];
    static const os_time due[] = { 30, 10, 20, 10, 30 };
    static const unsigned at[] = { 3, 0, 2, 1, 4 };
    for (size_t i = 0; i < OS_ARRAY_LEN(t); i++) {
        timer_init(&t[i]);
        ck_ok(os_timeout_arm(&t[i].timeout, due[i] * OS_MS));
    }
    inproc_advance(100 * OS_MS);
    for (size_t i = 0; i < OS_ARRAY_LEN(t); i++) {
        ck_assert_uint_eq(t[i].count, 1);
        ck_assert_uint_eq(t[i].at, at[i]);
        ck_assert_uint_eq(t[i].when, due[i] * OS_MS);
    }
}
END_TEST

START_TEST(arming_replaces)
{
    struct timer t;
    timer_init(&t);
    ck_ok(os_timeout_arm(&t.timeout, 10 * OS_MS));
    ck_ok(os_timeout_arm(&t.timeout, 30 * OS_MS));
    inproc_advance(20 * OS_MS);
    ck_assert_uint_eq(t.count, 0);
    ck_ok(os_timeout_arm(&t.timeout, 5 * OS_MS));
    inproc_advance(50 * OS_MS);
    ck_assert_uint_eq(t.count, 1);
    ck_assert_uint_eq(t.when, 25 * OS_MS);
}
END_TEST

START_TEST(disarmed)
{
    struct timer t, u;
    timer_init(&t);
    timer_init(&u);
    os_timeout_disarm(&t.timeout); /* not armed: fine */
    ck_ok(os_timeout_arm(&t.timeout, 10 * OS_MS));
    ck_ok(os_timeout_arm(&u.timeout, 20 * OS_MS));
    os_timeout_disarm(&t.timeout);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(t.count, 0);
    ck_assert_uint_eq(u.count, 1);
    ck_assert_uint_eq(u.when, 20 * OS_MS);
}
END_TEST

START_TEST(repeated_without_drift)
{
    struct timer t;
    timer_init(&t);
    ck_err(os_timeout_repeat(&t.timeout, 0), OS_ERR_BAD_ARG);
    ck_ok(os_timeout_repeat(&t.timeout, 10 * OS_MS));
    for (unsigned i = 1; i <= 100; i++) {
        inproc_advance(10 * OS_MS);
        ck_assert_uint_eq(t.count, i);
        ck_assert_uint_eq(t.when, i * 10 * OS_MS);
    }
    ck_ok(os_timeout_arm(&t.timeout, 5 * OS_MS)); /* one-shot from now on */
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(t.count, 101);
}
END_TEST

START_TEST(handlers_change_what_is_armed)
{
    struct timer t, u, v;
    timer_init(&t);
    timer_init(&u);
    timer_init(&v);
    t.other = &u;
    v.again = 10 * OS_MS;
    ck_ok(os_timeout_arm(&t.timeout, 10 * OS_MS));
    ck_ok(os_timeout_arm(&u.timeout, 10 * OS_MS)); /* due at the same time, disarmed by t */
    ck_ok(os_timeout_arm(&v.timeout, 10 * OS_MS));
    inproc_advance(35 * OS_MS);
    ck_assert_uint_eq(t.count, 1);
    ck_assert_uint_eq(u.count, 0);
    ck_assert_uint_eq(v.count, 3);
    os_timeout_disarm(&v.timeout);
}
END_TEST

START_TEST(never_is_far_away)
{
    struct timer t;
    timer_init(&t);
    ck_ok(os_timeout_arm(&t.timeout, OS_NEVER));
    inproc_advance(1000 * OS_SEC);
    ck_assert_uint_eq(t.count, 0);
    os_timeout_disarm(&t.timeout);
    ck_ok(os_timeout_arm(&t.timeout, OS_NEVER - 2));
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(t.count, 0);
    os_timeout_disarm(&t.timeout);
}
END_TEST

START_TEST(random_against_a_model)
{
    enum { N = 20 };
    static struct timer t[N];
    os_time due[N], now = 0;
    unsigned expected[N] = { 0 };
    srand(19700101);
    for (int i = 0; i < N; i++) {
        timer_init(&t[i]);
        due[i] = OS_NEVER;
    }
    for (int round = 0; round < 2000; round++) {
        int i = rand() % N;
        if (rand() % 4) {
            os_time after = (os_time)(rand() % 100) * OS_MS + 1;
            ck_ok(os_timeout_arm(&t[i].timeout, after));
            due[i] = now + after;
        } else {
            os_timeout_disarm(&t[i].timeout);
            due[i] = OS_NEVER;
        }
        os_time step = (os_time)(rand() % 20) * OS_MS;
        inproc_advance(step);
        now += step;
        for (int k = 0; k < N; k++) {
            if (due[k] <= now) {
                expected[k]++;
                ck_assert_uint_eq(t[k].when, due[k]);
                due[k] = OS_NEVER;
            }
            ck_assert_uint_eq(t[k].count, expected[k]);
        }
    }
    for (int i = 0; i < N; i++)
        os_timeout_disarm(&t[i].timeout);
}
END_TEST

START_TEST(timer_that_cannot_be_opened)
{
    struct os_timeouts other = { 0 };
    inproc_deny("Timer", OS_ERR_NO_SERVICE);
    ck_err(os_timeouts_open(&other, &env.env, env.env.ep), OS_ERR_NO_SERVICE);
    inproc_deny("Timer", OS_OK);
    inproc_fail_next(INPROC_FAIL_SIGNAL, 0, OS_ERR_CAPS);
    ck_err(os_timeouts_open(&other, &env.env, env.env.ep), OS_ERR_CAPS);
    inproc_fail_next(INPROC_FAIL_CALL, 1, OS_ERR_IN_FLIGHT); /* sigh, after the request for the session */
    ck_err(os_timeouts_open(&other, &env.env, env.env.ep), OS_ERR_IN_FLIGHT);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_shot);
    tcase_add_test(tcase, sorted_by_time_then_by_order);
    tcase_add_test(tcase, arming_replaces);
    tcase_add_test(tcase, disarmed);
    tcase_add_test(tcase, repeated_without_drift);
    tcase_add_test(tcase, handlers_change_what_is_armed);
    tcase_add_test(tcase, never_is_far_away);
    tcase_add_test(tcase, random_against_a_model);
    tcase_add_test(tcase, timer_that_cannot_be_opened);
}

int main(void)
{
    return suite_run_case("timer", add);
}
