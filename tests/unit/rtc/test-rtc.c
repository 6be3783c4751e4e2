/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rtc.c: the calendar, and the rtc server on virtual time: who sets it, who is told, and what time is
 * not. */
#include <string.h>

#include <inproc/mock.h>
#include <os/rtc.h>
#include <os/timer.h>

#include "../lib/suite.h"

void rtc_construct(struct os_env *env);

INPROC_MOCK(os_rtc, OS_RTC_RPC)

#define NOON INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */

enum { US_SEC = 1000000 };

/* ---- the calendar */

static const char *text_of(int64_t us)
{
    static char text[OS_RTC_TEXT];
    return os_rtc_format(us, text);
}

START_TEST(known_dates)
{
    ck_assert_str_eq(text_of(0), "1970-01-01T00:00:00Z");
    ck_assert_str_eq(text_of(INT64_C(951782399) * US_SEC), "2000-02-28T23:59:59Z");
    ck_assert_str_eq(text_of(INT64_C(951782400) * US_SEC), "2000-02-29T00:00:00Z");
    ck_assert_str_eq(text_of(NOON + 999999), "2023-11-14T22:13:20Z");
    ck_assert_str_eq(text_of(INT64_C(2085978496) * US_SEC), "2036-02-07T06:28:16Z");
    ck_assert_str_eq(text_of(INT64_C(4107542400) * US_SEC), "2100-03-01T00:00:00Z");
    ck_assert_str_eq(text_of(OS_RTC_MAX), "9999-12-31T23:59:59Z");
    ck_assert_str_eq(text_of(OS_RTC_MAX + 1), "?");
    ck_assert_str_eq(text_of(-1), "?");
}
END_TEST

/* The last microsecond of each day of 400 years, after which all repeats itself; wrong ones are counted,
 * because an assertion costs more than the conversion. */
START_TEST(each_day_there_and_back)
{
    const int64_t day = INT64_C(86400) * US_SEC;
    struct os_rtc_date last = { .year = 1969, .month = 12, .day = 31 }, date;
    unsigned wrong = 0;
    for (int64_t i = 0; i < 146097; i++, last = date) {
        int64_t us = (i + 1) * day - 1, back = -1;
        date = os_rtc_date(us);
        wrong += os_rtc_us(&date, &back) || back != us;
        wrong +=
            date.day != last.day + 1 && (date.day != 1 || last.day < 28 || date.month != last.month % 12 + 1);
        wrong += date.year != last.year + (date.month == 1 && date.day == 1);
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_int_eq(last.year, 2369);
}
END_TEST

START_TEST(dates_that_there_are_not)
{
    static const struct os_rtc_date none[] = {
        { .year = 1969, .month = 12, .day = 31 },
        { .year = 10000, .month = 1, .day = 1 },
        { .year = 2023, .month = 0, .day = 1 },
        { .year = 2023, .month = 13, .day = 1 },
        { .year = 2023, .month = 1, .day = 0 },
        { .year = 2023, .month = 2, .day = 29 },
        { .year = 2100, .month = 2, .day = 29 },
        { .year = 2023, .month = 4, .day = 31 },
        { .year = 2023, .month = 1, .day = 255 },
        { .year = 2023, .month = 1, .day = 1, .hour = 24 },
        { .year = 2023, .month = 1, .day = 1, .minute = 60 },
        { .year = 2023, .month = 1, .day = 1, .second = 60 },
        { .year = 2023, .month = 1, .day = 1, .us = US_SEC },
    };
    int64_t us = 7;
    for (size_t i = 0; i < OS_ARRAY_LEN(none); i++)
        ck_err(os_rtc_us(&none[i], &us), OS_ERR_BAD_ARG);
    ck_assert_int_eq(us, 7);
}
END_TEST

/* ---- the server */

static struct inproc_env rtc, setter, reader;

/* A session, and how often it was signalled. */
static struct client {
    struct os_rtc_session session;
    struct os_signal_handler handler;
    unsigned signals;
} set_client, read_client;

static void count(struct os_signal_handler *handler)
{
    OS_CONTAINER_OF(handler, struct client, handler)->signals++;
}

static void open_client(struct client *client, struct inproc_env *env, const char *label)
{
    os_signal_cap signal;
    *client = (struct client){ .signals = 0 };
    inproc_env_init(env, label);
    inproc_env_serve(env);
    inproc_env_mark(env);
    ck_ok(os_rtc_open(&env->env, "", "", &client->session));
    ck_ok(os_signal_handler_init(&client->handler, env->env.ep, count, &signal));
    ck_ok(os_rtc_set_sigh(client->session.cap, signal));
    os_cap_drop(signal.cap);
}

static void close_client(struct client *client)
{
    os_rtc_close(&client->session);
    os_signal_handler_fini(&client->handler);
}

static void start(const char *config)
{
    inproc_env_init(&rtc, "rtc");
    inproc_config_set(&rtc, config);
    inproc_env_construct(&rtc, rtc_construct);
}

static void open_clients(void)
{
    open_client(&set_client, &setter, "sntp");
    open_client(&read_client, &reader, "clock");
}

static void end(void)
{
    close_client(&set_client);
    close_client(&read_client);
    ck_fini(&setter);
    ck_fini(&reader);
    ck_fini(&rtc);
}

#define SETTER "policy:\n  -\n    label: sntp\n    set: true\n"

static struct os_rtc_time now(void)
{
    struct os_rtc_time now = { 0 };
    ck_ok(os_rtc_now(read_client.session.cap, &now));
    return now;
}

START_TEST(nobody_knows_until_it_is_set)
{
    struct os_rtc_time none = { .us = 7 };
    start(SETTER);
    open_clients();
    ck_err(os_rtc_now(read_client.session.cap, &none), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(none.us, 7);
    ck_ok(os_rtc_set(set_client.session.cap, NOON));
    ck_assert_int_eq(now().us, NOON);
    ck_assert_uint_eq(now().source, OS_RTC_SET);
    inproc_advance(5 * OS_SEC + 3 * OS_US);
    ck_assert_int_eq(now().us, NOON + 5 * US_SEC + 3);
    end();
}
END_TEST

START_TEST(only_who_may_sets_it)
{
    start(SETTER);
    open_clients();
    ck_ok(os_rtc_set(set_client.session.cap, NOON));
    ck_err(os_rtc_set(read_client.session.cap, NOON + 1), OS_ERR_DENIED);
    ck_err(os_rtc_set(set_client.session.cap, -1), OS_ERR_BAD_ARG);
    ck_err(os_rtc_set(set_client.session.cap, OS_RTC_MAX + 1), OS_ERR_BAD_ARG);
    ck_err(os_rtc_set(set_client.session.cap, INT64_MIN), OS_ERR_BAD_ARG);
    ck_assert_int_eq(now().us, NOON);
    ck_assert_uint_eq(now().sets, 1);
    end();
}
END_TEST

/* The config decides at each call, not at the opening. */
START_TEST(what_one_may_can_change)
{
    start("");
    open_clients();
    ck_err(os_rtc_set(set_client.session.cap, NOON), OS_ERR_DENIED);
    inproc_config_set(&rtc, SETTER);
    inproc_idle();
    ck_ok(os_rtc_set(set_client.session.cap, NOON));
    inproc_config_set(&rtc, "default-policy:\n  set: true\n");
    inproc_idle();
    ck_ok(os_rtc_set(read_client.session.cap, NOON));
    end();
}
END_TEST

START_TEST(all_are_told_when_it_was_set)
{
    start(SETTER);
    open_clients();
    ck_ok(os_rtc_set(set_client.session.cap, NOON));
    inproc_idle();
    ck_assert_uint_eq(set_client.signals, 1);
    ck_assert_uint_eq(read_client.signals, 1);
    ck_ok(os_rtc_set(set_client.session.cap, NOON - 1000000)); /* backwards as well */
    inproc_idle();
    ck_assert_uint_eq(read_client.signals, 2);
    ck_assert_int_eq(now().us, NOON - 1000000);
    ck_assert_uint_eq(now().sets, 2);
    ck_err(os_rtc_set(read_client.session.cap, 0), OS_ERR_DENIED);
    inproc_idle();
    ck_assert_uint_eq(read_client.signals, 2);
    end();
}
END_TEST

/* Its ends are where the calendar ends. */
START_TEST(the_last_time_is_not_passed)
{
    start(SETTER);
    open_clients();
    ck_ok(os_rtc_set(set_client.session.cap, OS_RTC_MAX - 1));
    inproc_advance(OS_SEC);
    ck_assert_int_eq(now().us, OS_RTC_MAX);
    ck_ok(os_rtc_set(set_client.session.cap, 0));
    ck_assert_int_eq(now().us, 0);
    end();
}
END_TEST

static unsigned ticks;

static void tick(struct os_timeout *timeout)
{
    (void)timeout;
    ticks++;
}

/* A time-out comes when it would have come, however the wall clock jumps. */
START_TEST(setting_moves_no_time_out)
{
    struct os_timeouts timeouts = { 0 };
    struct os_timeout timeout;
    os_time before, after;
    start(SETTER);
    open_clients();
    ck_ok(os_rtc_set(set_client.session.cap, NOON));
    ck_ok(os_timeouts_open(&timeouts, &reader.env, reader.env.ep));
    os_timeout_init(&timeout, &timeouts, tick);
    ck_ok(os_timeout_arm(&timeout, 10 * OS_SEC));
    ck_ok(os_timeouts_now(&timeouts, &before));
    ck_ok(os_rtc_set(set_client.session.cap, NOON + INT64_C(1000000) * US_SEC));
    ck_ok(os_timeouts_now(&timeouts, &after));
    ck_assert_uint_eq(after, before);
    inproc_advance(10 * OS_SEC - 1);
    ck_assert_uint_eq(ticks, 0);
    ck_ok(os_rtc_set(set_client.session.cap, 1));
    inproc_advance(1);
    ck_assert_uint_eq(ticks, 1);
    os_timeouts_close(&timeouts);
    end();
}
END_TEST

/* ---- the platform's clock */

static struct inproc_mock_service platform;

static void platform_init(os_err err)
{
    const struct os_rtc_time time = { .us = NOON, .source = OS_RTC_PLATFORM };
    inproc_mock_service_init(&platform, "Rtc", &os_rtc_interface);
    struct inproc_expect *open = inproc_mock_service_open(&platform, "rtc", "");
    if (err == OS_ERR_DENIED)
        inproc_expect_error(open, err);
    else if (err)
        inproc_expect_error(os_rtc_now_expect(&platform.mock), err);
    else
        os_rtc_now_answer(os_rtc_now_expect(&platform.mock), time);
}

/* From now on sessions of Rtc are the server's. */
static void platform_fini(void)
{
    ck_mock(&platform.root);
    ck_mock(&platform.mock);
    ck_assert_int_eq(inproc_mock_service_fini(&platform), 0);
}

START_TEST(begins_with_the_platforms_clock)
{
    platform_init(OS_OK);
    start("platform: true\n" SETTER);
    platform_fini();
    open_clients();
    ck_assert_int_eq(now().us, NOON);
    ck_assert_uint_eq(now().source, OS_RTC_PLATFORM);
    ck_assert_uint_eq(now().sets, 0);
    inproc_advance(OS_SEC);
    ck_assert_int_eq(now().us, NOON + US_SEC);
    ck_ok(os_rtc_set(set_client.session.cap, 5));
    ck_assert_uint_eq(now().source, OS_RTC_SET);
    end();
}
END_TEST

START_TEST(a_platform_without_a_clock_is_said)
{
    struct os_rtc_time none;
    platform_init(OS_ERR_NOT_FOUND);
    start("platform: true\n" SETTER);
    platform_fini();
    ck_assert_ptr_nonnull(strstr(inproc_log(&rtc), "the platform's clock is not known: not found"));
    open_clients();
    ck_err(os_rtc_now(read_client.session.cap, &none), OS_ERR_NOT_FOUND);
    ck_ok(os_rtc_set(set_client.session.cap, NOON));
    ck_assert_int_eq(now().us, NOON);
    end();
}
END_TEST

START_TEST(a_platform_that_refuses_is_said)
{
    platform_init(OS_ERR_DENIED);
    start("platform: true\n");
    platform_fini();
    ck_assert_ptr_nonnull(strstr(inproc_log(&rtc), "the platform's clock is not known: not allowed"));
    open_clients();
    end();
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, known_dates);
    tcase_add_test(tcase, each_day_there_and_back);
    tcase_add_test(tcase, dates_that_there_are_not);
    tcase_add_test(tcase, nobody_knows_until_it_is_set);
    tcase_add_test(tcase, only_who_may_sets_it);
    tcase_add_test(tcase, what_one_may_can_change);
    tcase_add_test(tcase, all_are_told_when_it_was_set);
    tcase_add_test(tcase, the_last_time_is_not_passed);
    tcase_add_test(tcase, setting_moves_no_time_out);
    tcase_add_test(tcase, begins_with_the_platforms_clock);
    tcase_add_test(tcase, a_platform_without_a_clock_is_said);
    tcase_add_test(tcase, a_platform_that_refuses_is_said);
}

int main(void)
{
    return suite_run_case("rtc", add_tests);
}
