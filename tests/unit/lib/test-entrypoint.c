/* SPDX-License-Identifier: BSD-2-Clause */
/* test-entrypoint.c: signals, alarms, and the loop that delivers them; further entrypoints. */
#include <os/component.h>
#include <os/signal.h>
#include <os/thread.h>
#include <stdio.h>

#include "suite.h"

#define PING_RPC(FN, I) FN(I, ping, (out, uint32_t, n))
OS_RPC_INTERFACE(ping, PING_RPC)

static struct inproc_env env;

struct counter {
    struct os_signal_handler handler;
    os_signal_cap cap;
    unsigned count;
};

static void count(struct os_signal_handler *handler)
{
    OS_CONTAINER_OF(handler, struct counter, handler)->count++;
}

static void counter_init(struct counter *counter)
{
    *counter = (struct counter){ 0 };
    ck_ok(os_signal_handler_init(&counter->handler, env.env.ep, count, &counter->cap));
}

static void counter_fini(struct counter *counter)
{
    os_signal_handler_fini(&counter->handler);
    os_cap_drop(counter->cap.cap);
}

static void setup(void)
{
    inproc_env_init(&env, "entrypoint");
    inproc_env_serve(&env);
}

static void teardown(void)
{
    ck_fini(&env);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
}

START_TEST(signals_coalesce)
{
    struct counter a, b;
    counter_init(&a);
    counter_init(&b);
    for (int i = 0; i < 1000; i++)
        os_signal_submit(a.cap);
    os_signal_submit(b.cap);
    ck_assert_uint_eq(a.count, 0);
    inproc_idle();
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(b.count, 1);
    os_signal_submit(a.cap);
    inproc_idle();
    ck_assert_uint_eq(a.count, 2);
    counter_fini(&a);
    counter_fini(&b);
}
END_TEST

START_TEST(signal_to_nobody)
{
    struct counter a;
    counter_init(&a);
    os_signal_submit((os_signal_cap){ OS_NO_CAP });
    os_signal_submit((os_signal_cap){ env.env.parent.cap }); /* no signal */
    os_signal_submit(a.cap);
    os_signal_handler_fini(&a.handler); /* under way: lost */
    os_signal_submit(a.cap);
    inproc_idle();
    ck_assert_uint_eq(a.count, 0);
    os_signal_handler_fini(&a.handler);
    os_cap_drop(a.cap.cap);
}
END_TEST

static void end(struct os_signal_handler *handler)
{
    os_signal_handler_fini(handler);
    OS_CONTAINER_OF(handler, struct counter, handler)->count++;
}

START_TEST(handler_may_end_itself)
{
    struct counter a = { 0 };
    ck_ok(os_signal_handler_init(&a.handler, env.env.ep, end, &a.cap));
    os_signal_submit(a.cap);
    inproc_idle();
    os_signal_submit(a.cap);
    inproc_idle();
    ck_assert_uint_eq(a.count, 1);
    os_cap_drop(a.cap.cap);
}
END_TEST

static void submit_again(struct os_signal_handler *handler)
{
    struct counter *self = OS_CONTAINER_OF(handler, struct counter, handler);
    if (++self->count < 100)
        os_signal_submit(self->cap);
}

static struct counter busy;

static os_err ping(struct os_rpc *rpc, uint32_t *n)
{
    *n = busy.count;
    return OS_OK;
}

/* One that keeps itself busy, one that is called, one that is due: each has its turn. */
START_TEST(events_do_not_starve_one_another)
{
    static const struct ping_ops ops = { .ping = ping };
    struct os_object object;
    ping_cap cap;
    uint32_t n = 0;
    ck_ok(os_signal_handler_init(&busy.handler, env.env.ep, submit_again, &busy.cap));
    ck_ok(ping_object_init(&object, env.env.ep, &ops, &cap));
    os_signal_submit(busy.cap);
    ck_ok(ping_ping(cap, &n));
    ck_assert_uint_le(n, 1);
    inproc_idle();
    ck_assert_uint_eq(busy.count, 100);
    os_object_fini(&object);
    os_cap_drop(cap.cap);
    counter_fini(&busy);
}
END_TEST

START_TEST(context_that_cannot_be_made)
{
    struct counter a = { 0 };
    inproc_fail_next(INPROC_FAIL_SIGNAL, 0, OS_ERR_HANDLES);
    ck_err(os_signal_handler_init(&a.handler, env.env.ep, count, &a.cap), OS_ERR_HANDLES);
    ck_assert_uint_eq(a.cap.cap.id, 0);
    os_signal_handler_fini(&a.handler); /* zeroed: fine */
}
END_TEST

/* ---- alarms; on an entrypoint that this thread serves */

struct ring {
    struct os_alarm alarm;
    unsigned rung, *order, at;
    os_time again;
    struct os_entrypoint *ep;
};

static void ring(struct os_alarm *alarm)
{
    struct ring *self = OS_CONTAINER_OF(alarm, struct ring, alarm);
    self->rung++;
    self->at = (*self->order)++;
    if (self->again)
        os_alarm_set(self->ep, alarm, os_clock_now() + self->again);
}

START_TEST(alarms_in_order_of_time)
{
    struct os_entrypoint ep;
    unsigned order = 0;
    os_time now = os_clock_now();
    struct ring rings[4];
    static const os_time due[] = { 30, 10, 20, 10 };
    ck_ok(os_entrypoint_init(&ep));
    for (size_t i = 0; i < OS_ARRAY_LEN(rings); i++) {
        rings[i] = (struct ring){ .alarm.handle = ring, .order = &order, .ep = &ep };
        os_alarm_set(&ep, &rings[i].alarm, now + due[i] * OS_MS);
    }
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    while (order < 4)
        os_entrypoint_step(&ep, OS_NEVER);
    ck_assert_uint_eq(os_clock_now(), now + 30 * OS_MS);
    ck_assert_uint_eq(rings[1].at, 0);
    ck_assert_uint_eq(rings[3].at, 1);
    ck_assert_uint_eq(rings[2].at, 2);
    ck_assert_uint_eq(rings[0].at, 3);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(alarm_set_again_and_cleared)
{
    struct os_entrypoint ep;
    unsigned order = 0;
    os_time now = os_clock_now();
    struct ring a = { .alarm.handle = ring, .order = &order, .ep = &ep, .again = OS_MS };
    ck_ok(os_entrypoint_init(&ep));
    os_alarm_clear(&a.alarm); /* not set: fine */
    os_alarm_set(&ep, &a.alarm, now + 5 * OS_MS);
    os_alarm_set(&ep, &a.alarm, now + OS_MS); /* replaces */
    ck_assert_int_ne(os_entrypoint_step(&ep, now + 2 * OS_MS), 0);
    ck_assert_uint_eq(a.rung, 1);
    ck_assert_int_ne(os_entrypoint_step(&ep, now + 2 * OS_MS), 0);
    ck_assert_uint_eq(a.rung, 2);
    os_alarm_clear(&a.alarm);
    ck_assert_int_eq(os_entrypoint_step(&ep, now + 10 * OS_MS), 0);
    ck_assert_uint_eq(a.rung, 2);
    os_alarm_set(&ep, &a.alarm, now); /* past already */
    ck_assert_int_ne(os_entrypoint_step(&ep, 0), 0);
    os_alarm_set(&ep, &a.alarm, OS_NEVER);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    os_entrypoint_fini(&ep);
}
END_TEST

/* ---- further entrypoints */

static struct os_entrypoint second;

static void stop(struct os_signal_handler *handler)
{
    os_entrypoint_stop(handler->ep);
}

static void run(struct os_thread *thread)
{
    os_entrypoint_run(&second);
}

START_TEST(second_entrypoint_runs_until_it_is_stopped)
{
    static const struct ping_ops ops = { .ping = ping };
    struct os_signal_handler stopper;
    os_signal_cap stop_cap;
    struct os_object object;
    struct os_thread thread;
    ping_cap cap;
    uint32_t n = 1;
    ck_ok(os_entrypoint_init(&second));
    ck_ok(ping_object_init(&object, &second, &ops, &cap));
    ck_ok(os_signal_handler_init(&stopper, &second, stop, &stop_cap));
    ck_ok(os_thread_start(&thread, run, 0));
    ck_ok(ping_ping(cap, &n));
    ck_assert_uint_eq(n, 0);
    os_signal_submit(stop_cap);
    os_thread_join(&thread);
    os_cap_drop(cap.cap);
    os_cap_drop(stop_cap.cap);
    os_object_fini(&object);
    os_signal_handler_fini(&stopper);
    os_entrypoint_fini(&second);
}
END_TEST

START_TEST(entrypoint_that_cannot_be_made)
{
    inproc_fail_next(INPROC_FAIL_ENTRYPOINT, 0, OS_ERR_HANDLES);
    ck_err(os_entrypoint_init(&second), OS_ERR_HANDLES);
}
END_TEST

/* ---- ends of a component */

static void leave(struct os_env *of)
{
    printf("bye\n");
    os_exit(of, 3);
}

static void require(struct os_env *of)
{
    os_require(of, OS_OK, "not said");
    os_require(of, OS_ERR_NO_SERVICE, "cannot open X");
    ck_abort_msg("os_require has returned");
}

START_TEST(component_that_ends_itself)
{
    struct inproc_env one, two;
    int status = 0;
    inproc_env_init(&one, "one");
    inproc_env_init(&two, "two");
    ck_assert(!inproc_env_exited(&one, &status));
    inproc_env_construct(&one, leave);
    inproc_env_construct(&two, require);
    ck_assert(inproc_env_exited(&one, &status));
    ck_assert_int_eq(status, 3);
    ck_assert(inproc_env_exited(&two, &status));
    ck_assert_int_eq(status, 1);
    ck_assert_str_eq(inproc_log(&one), "bye\n");
    ck_assert_str_eq(inproc_log(&two), "cannot open X: no route to such a service\n");
    ck_fini(&two);
    ck_fini(&one);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, signals_coalesce);
    tcase_add_test(tcase, signal_to_nobody);
    tcase_add_test(tcase, handler_may_end_itself);
    tcase_add_test(tcase, events_do_not_starve_one_another);
    tcase_add_test(tcase, context_that_cannot_be_made);
    tcase_add_test(tcase, alarms_in_order_of_time);
    tcase_add_test(tcase, alarm_set_again_and_cleared);
    tcase_add_test(tcase, second_entrypoint_runs_until_it_is_stopped);
    tcase_add_test(tcase, entrypoint_that_cannot_be_made);
    tcase_add_test(tcase, component_that_ends_itself);
}

int main(void)
{
    return suite_run_case("entrypoint", add);
}
