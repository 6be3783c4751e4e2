/* SPDX-License-Identifier: BSD-2-Clause */
/* test-timer.c: the timer server on virtual time. */
#include <check.h>
#include <suite.h>

#include <inproc/inproc.h>
#include <os/timer.h>

void timer_construct(struct os_env *env);

enum { CLIENTS = 5 };

static struct inproc_env timer, app;

/* A session and how often it was signalled. */
struct client {
    struct os_timer_session session;
    struct os_signal_handler handler;
    uint32_t signals;
};

static struct client clients[CLIENTS];

static void count_signal(struct os_signal_handler *handler)
{
    OS_CONTAINER_OF(handler, struct client, handler)->signals++;
}

static void client_open(struct client *client)
{
    os_signal_cap signal;

    *client = (struct client){ .signals = 0 };
    ck_assert_int_eq(os_timer_open(&app.env, "", "", &client->session), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&client->handler, app.env.ep, count_signal, &signal), OS_OK);
    ck_assert_int_eq(os_timer_sigh(client->session.cap, signal), OS_OK);
    os_cap_drop(signal.cap);
}

static void client_close(struct client *client)
{
    os_timer_close(&client->session);
    os_signal_handler_fini(&client->handler);
}

static void set_up(void)
{
    inproc_env_init(&timer, "timer");
    inproc_env_construct(&timer, timer_construct);
    inproc_env_init(&app, "app");
    inproc_env_serve(&app);
    inproc_env_mark(&app);
    for (size_t i = 0; i < CLIENTS; i++)
        client_open(&clients[i]);
}

static void tear_down(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    ck_assert_int_eq(inproc_env_fini(&app), 0);
    ck_assert_int_eq(inproc_env_fini(&timer), 0);
}

static os_time now(void)
{
    os_time now = 0;

    ck_assert_int_eq(os_timer_now(clients[0].session.cap, &now), OS_OK);
    return now;
}

static void trigger(size_t client, os_time after)
{
    ck_assert_int_eq(os_timer_trigger_at(clients[client].session.cap, now() + after), OS_OK);
}

START_TEST(time_passes)
{
    os_time before = now();

    inproc_advance(5 * OS_MS);
    ck_assert_uint_eq(now() - before, 5 * OS_MS);
}
END_TEST

START_TEST(signals_once_when_due)
{
    trigger(0, 10 * OS_MS);
    inproc_advance(10 * OS_MS - 1);
    ck_assert_uint_eq(clients[0].signals, 0);
    inproc_advance(1);
    ck_assert_uint_eq(clients[0].signals, 1);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(clients[0].signals, 1);
}
END_TEST

START_TEST(past_is_now)
{
    inproc_advance(OS_SEC);
    ck_assert_int_eq(os_timer_trigger_at(clients[0].session.cap, 0), OS_OK);
    inproc_idle();
    ck_assert_uint_eq(clients[0].signals, 1);
}
END_TEST

START_TEST(later_call_replaces)
{
    trigger(0, 10 * OS_MS);
    trigger(0, 30 * OS_MS);
    inproc_advance(20 * OS_MS);
    ck_assert_uint_eq(clients[0].signals, 0);
    trigger(0, 5 * OS_MS);
    inproc_advance(5 * OS_MS);
    ck_assert_uint_eq(clients[0].signals, 1);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(clients[0].signals, 1);
}
END_TEST

START_TEST(never_cancels)
{
    trigger(0, 10 * OS_MS);
    ck_assert_int_eq(os_timer_trigger_at(clients[0].session.cap, OS_NEVER), OS_OK);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(clients[0].signals, 0);
    /* so late that it would wrap around */
    ck_assert_int_eq(os_timer_trigger_at(clients[0].session.cap, OS_NEVER - 1), OS_OK);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(clients[0].signals, 0);
}
END_TEST

/* Set in no order, signalled in the order of their times. */
START_TEST(many_clients)
{
    static const os_time due[CLIENTS] = { 30, 10, 50, 20, 10 };

    for (size_t i = 0; i < CLIENTS; i++)
        trigger(i, due[i] * OS_MS);
    for (os_time t = 1; t <= 60; t++) {
        inproc_advance(OS_MS);
        for (size_t i = 0; i < CLIENTS; i++)
            ck_assert_uint_eq(clients[i].signals, due[i] <= t);
    }
}
END_TEST

START_TEST(closing_forgets)
{
    trigger(0, 10 * OS_MS);
    trigger(1, 20 * OS_MS);
    os_timer_close(&clients[0].session);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(clients[0].signals, 0);
    ck_assert_uint_eq(clients[1].signals, 1);
    client_close(&clients[0]);
    client_open(&clients[0]);
}
END_TEST

START_TEST(without_handler)
{
    ck_assert_int_eq(os_timer_sigh(clients[0].session.cap, (os_signal_cap){ OS_NO_CAP }), OS_OK);
    trigger(0, OS_MS);
    trigger(1, OS_MS);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(clients[0].signals, 0);
    ck_assert_uint_eq(clients[1].signals, 1);
}
END_TEST

/* ---- time-outs outlive their timer; the next one's time begins anew ---- */

static struct os_timeouts timeouts;
static struct os_timeout early, late;
static uint32_t early_count, late_count;

static void count_timeout(struct os_timeout *timeout)
{
    ++*(timeout == &early ? &early_count : &late_count);
}

static void timeouts_start(void)
{
    early_count = late_count = 0;
    ck_assert_int_eq(os_timeouts_open(&timeouts, &app.env, app.env.ep), OS_OK);
    os_timeout_init(&early, &timeouts, count_timeout);
    os_timeout_init(&late, &timeouts, count_timeout);
    inproc_advance(7 * OS_SEC); /* the times of the timers differ */
}

static void restart_timer(void)
{
    inproc_env_kill(&timer);
    ck_assert_int_eq(inproc_env_fini(&timer), 0);
    inproc_env_init(&timer, "timer");
    inproc_env_construct(&timer, timer_construct);
}

START_TEST(timeouts_outlive_the_timer)
{
    os_time before, after;

    timeouts_start();
    ck_assert_int_eq(os_timeout_arm(&early, 10 * OS_MS), OS_OK);
    ck_assert_int_eq(os_timeout_repeat(&late, 100 * OS_MS), OS_OK);
    ck_assert_int_eq(os_timeouts_now(&timeouts, &before), OS_OK);
    restart_timer();
    ck_assert_int_eq(os_timeouts_now(&timeouts, &after), OS_OK);
    ck_assert_uint_eq(after, before); /* no time has passed */
    inproc_advance(10 * OS_MS - 1);
    ck_assert_uint_eq(early_count, 0);
    inproc_advance(1);
    ck_assert_uint_eq(early_count, 1);
    restart_timer();
    inproc_advance(90 * OS_MS);
    ck_assert_uint_eq(late_count, 1);
    restart_timer();
    restart_timer();
    inproc_advance(200 * OS_MS);
    ck_assert_uint_eq(late_count, 3);
    ck_assert_uint_eq(early_count, 1);
    os_timeouts_close(&timeouts);
}
END_TEST

/* Whoever calls first notices it, before the watch does. */
START_TEST(arming_finds_the_next_timer)
{
    timeouts_start();
    inproc_env_kill(&timer);
    ck_assert_int_eq(os_timeout_arm(&early, 10 * OS_MS), OS_OK); /* at the mock parent's own Timer */
    inproc_advance(10 * OS_MS);
    ck_assert_uint_eq(early_count, 1);
    os_timeouts_close(&timeouts);
}
END_TEST

START_TEST(no_next_timer)
{
    timeouts_start();
    ck_assert_int_eq(os_timeout_arm(&early, 10 * OS_MS), OS_OK);
    ck_assert_int_eq(os_timeout_arm(&late, OS_SEC), OS_OK);
    inproc_deny("Timer", OS_ERR_NO_SERVICE);
    inproc_env_kill(&timer);
    inproc_advance(20 * OS_MS);
    ck_assert_uint_eq(early_count, 0);
    os_timeout_disarm(&late);
    ck_assert_int_eq(os_timeout_arm(&late, 5 * OS_MS), OS_ERR_NO_SERVICE);
    inproc_deny("Timer", OS_OK);
    ck_assert_int_eq(os_timeout_arm(&late, 5 * OS_MS), OS_OK); /* takes what was armed with it */
    inproc_advance(5 * OS_MS);
    ck_assert_uint_eq(early_count, 1);
    ck_assert_uint_eq(late_count, 1);
    os_timeouts_close(&timeouts);
}
END_TEST

START_TEST(donation_too_small)
{
    struct os_timer_session session;

    ck_assert_int_eq(os_timer_open_with(&app.env, "", "", 8, 4, &session), OS_ERR_RAM);
    ck_assert_int_eq(os_timer_open_with(&app.env, "", "", OS_KIB(16), 0, &session), OS_ERR_CAPS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timer");
    TCase *tcase = tcase_create("timer");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, time_passes);
    tcase_add_test(tcase, signals_once_when_due);
    tcase_add_test(tcase, past_is_now);
    tcase_add_test(tcase, later_call_replaces);
    tcase_add_test(tcase, never_cancels);
    tcase_add_test(tcase, many_clients);
    tcase_add_test(tcase, closing_forgets);
    tcase_add_test(tcase, without_handler);
    tcase_add_test(tcase, timeouts_outlive_the_timer);
    tcase_add_test(tcase, arming_finds_the_next_timer);
    tcase_add_test(tcase, no_next_timer);
    tcase_add_test(tcase, donation_too_small);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
