/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-sntp.c: the SNTP client over a wire that delays and loses, between a server that answers as the test
 * wants and an Rtc: what it sets the clock to, what it refuses, and how often it asks.
 */
#include <network/proto.h>
#include <os/rtc.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "packet.h"
#include "wire.h"

void sntp_construct(struct os_env *env);
void rtc_construct(struct os_env *env);

#define SEC        INT64_C(1000000)            /* us */
#define TODAY      (INT64_C(1800000000) * SEC) /* 2027-01-15 */
#define NEW_ERA    (INT64_C(2085978496) * SEC) /* 2036-02-07T06:28:16Z: seconds since 1900 are 0 again */
#define SINCE_1900 (INT64_C(2208988800) * SEC)

/* ---- a server */

enum kind {
    GOOD,
    SILENT,
    SHORT,
    BROADCAST,
    OLD_VERSION,
    OTHER_NONCE,
    LEAP,
    FAR_STRATUM,
    NO_TIME,
    FAR_ROOT,
    BEFORE,
    TOO_LONG,
    FAR_YEAR,
    KISS,
    OTHER_PORT,
};

static struct wire wire;
static struct host server;
static struct inproc_env rtc, sntp, look;
static struct net_udp socket, other;
static enum kind kind;
static const char *code;  /* of a kiss */
static int64_t true_base; /* us at the clock's 0 */
static int64_t needs;     /* us that the server needs, as it says */
static unsigned asked,
    good_after; /* good_after: so many other answers come before a good one; 0: none does */
static uint8_t question[SNTP_PACKET];
static struct net_addr asker; /* who has asked it */

static int64_t true_now(void)
{
    return true_base + (int64_t)(os_clock_now() / OS_US);
}

static void put_time(uint8_t *at, int64_t us)
{
    us += SINCE_1900;
    net_put32(at, (uint32_t)(us / SEC));
    net_put32(at + 4, (uint32_t)(((uint64_t)(us % SEC) << 32) / SEC));
}

static size_t make_answer(uint8_t answer[SNTP_PACKET], enum kind how)
{
    memset(answer, 0, SNTP_PACKET);
    answer[0] = 4 << 3 | 4;
    answer[1] = 2;
    memcpy(answer + 24, question + 40, 8);
    put_time(answer + 32, true_now() - needs);
    put_time(answer + 40, true_now());
    if (how == BROADCAST)
        answer[0] = 4 << 3 | 5;
    if (how == OLD_VERSION)
        answer[0] = 1 << 3 | 4;
    if (how == OTHER_NONCE)
        answer[31] ^= 1;
    if (how == LEAP)
        answer[0] |= 3 << 6;
    if (how == FAR_STRATUM)
        answer[1] = 16;
    if (how == NO_TIME)
        memset(answer + 40, 0, 8);
    if (how == FAR_ROOT)
        net_put32(answer + 8, 16 << 16);
    if (how == BEFORE)
        put_time(answer + 32, true_now() + 1000);
    if (how == TOO_LONG)
        put_time(answer + 32, true_now() - 3600 * SEC);
    if (how == FAR_YEAR) {
        put_time(answer + 32, true_now() + INT64_C(2500000000) * SEC);
        put_time(answer + 40, true_now() + INT64_C(2500000000) * SEC);
    }
    if (how == KISS) {
        answer[1] = 0;
        memcpy(answer + 12, code, 4);
    }
    return how == SHORT ? SNTP_PACKET - 1 : SNTP_PACKET;
}

static void send_answer(const struct net_addr *to, enum kind how)
{
    uint8_t answer[SNTP_PACKET];
    size_t len = make_answer(answer, how);
    ck_ok(net_udp_send(how == OTHER_PORT ? &other : &socket, to, answer, len));
}

static void received(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                     const struct net_addr *to)
{
    (void)udp;
    (void)to;
    ck_assert_uint_eq(len, SNTP_PACKET);
    memcpy(question, data, len);
    asker = *from;
    asked++;
    if (kind == SILENT)
        return;
    send_answer(from, good_after && asked > good_after ? GOOD : kind);
}

/* ---- the client */

static struct os_rtc_session clock_session;

static void set_up(void)
{
    struct net_addr at = { 0 };
    kind = GOOD;
    asked = good_after = 0;
    needs = 0;
    true_base = TODAY - (int64_t)(os_clock_now() / OS_US);
    wire = (struct wire){ .seed = 1 };
    wire_init(&wire);
    host_init(&server, "1", "ipv4: 10.0.0.1/24\nipv6: none");
    inproc_env_init(&rtc, "rtc");
    inproc_config_set(&rtc, "policy:\n  -\n    label: sntp\n    set: true\n");
    inproc_env_construct(&rtc, rtc_construct);
    inproc_env_init(&look, "look");
    socket = (struct net_udp){ .received = received };
    other = (struct net_udp){ .received = received };
    ck_ok(net_addr_parse("10.0.0.1:123", &at));
    ck_ok(net_udp_open(&server.stack, &socket, &at));
    at.port = 1123;
    ck_ok(net_udp_open(&server.stack, &other, &at));
    ck_ok(os_rtc_open(&look.env, "", "", &clock_session));
}

#define NETWORK "network:\n  ipv4: 10.0.0.3/24\n  ipv6: none\n"
#define SERVERS "servers:\n  - 10.0.0.1\n"

static void start(const char *config)
{
    char text[512];
    snprintf(text, sizeof(text), NETWORK "%s", config);
    inproc_env_init(&sntp, "sntp");
    inproc_config_set(&sntp, text);
    inproc_env_construct(&sntp, sntp_construct);
}

/* The client ends when the clock is set, by itself or because it is told to. */
static void tear_down(void)
{
    int status = -1;
    if (!inproc_env_exited(&sntp, &status)) {
        kind = GOOD;
        wire.loss = 0;
        inproc_config_set(&sntp, NETWORK SERVERS "once: true\n");
        inproc_advance(30 * OS_SEC);
    }
    ck_assert(inproc_env_exited(&sntp, &status));
    ck_assert_int_eq(inproc_env_fini(&sntp), 0);
    os_rtc_close(&clock_session);
    net_udp_close(&socket);
    net_udp_close(&other);
    ck_fini(&look);
    ck_fini(&rtc);
    host_fini(&server);
    wire_fini(&wire);
}

static int logged(const char *text)
{
    return strstr(inproc_log(&sntp), text) != NULL;
}

#define ck_logged(text) ck_assert_msg(logged(text), "no '%s' in:\n%s", text, inproc_log(&sntp))

/* How far the clock is from the truth. */
static int64_t off(void)
{
    struct os_rtc_time now = { 0 };
    ck_ok(os_rtc_now(clock_session.cap, &now));
    return now.us - true_now();
}

static int is_set(void)
{
    struct os_rtc_time now;
    return os_rtc_now(clock_session.cap, &now) == OS_OK;
}

/* The first question waits until it is known where the server is, which only its own way does. */
START_TEST(the_clock_is_right_however_long_the_way)
{
    wire.delay = 100 * OS_MS;
    start(SERVERS "every: 16s\n");
    inproc_advance(3 * OS_SEC);
    ck_logged("10.0.0.1: 2027-01-15T08:00:00Z, stratum 2, within 0.200000 s; the clock was not set");
    ck_assert_int_ge(off(), -200000);
    ck_assert_int_le(off(), 200000);
    inproc_advance(16 * OS_SEC);
    ck_logged("within 0.100000 s");
    ck_assert_int_ge(off(), -2);
    ck_assert_int_le(off(), 2);
    needs = 1000; /* and says so */
    true_base += 1500000;
    inproc_advance(16 * OS_SEC);
    ck_logged("within 0.099500 s; the clock was 1.499500 s behind");
    true_base -= 2 * SEC;
    inproc_advance(16 * OS_SEC);
    ck_logged("the clock was 2.000000 s ahead");
    ck_assert_uint_eq(asked, 4);
}
END_TEST

/* Nothing about us is in it but the number that comes back, and that is another one each time. */
START_TEST(a_question_tells_nothing)
{
    uint8_t first[SNTP_PACKET], zero[SNTP_PACKET] = { 0 };
    start(SERVERS "every: 16s\n");
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(asked, 1);
    memcpy(first, question, sizeof(first));
    ck_assert_uint_eq(first[0], 4 << 3 | 3);
    ck_assert_mem_eq(first + 1, zero, 39);
    ck_assert_mem_ne(first + 40, zero, 8);
    inproc_advance(16 * OS_SEC);
    ck_assert_uint_eq(asked, 2);
    ck_assert_mem_ne(first + 40, question + 40, 8);
}
END_TEST

START_TEST(the_next_era_is_understood)
{
    true_base += NEW_ERA - 2 * SEC - TODAY;
    start(SERVERS "every: 16s\n");
    inproc_advance(OS_SEC);
    ck_assert_int_le(off(), 2);
    ck_assert_int_ge(off(), -2);
    inproc_advance(16 * OS_SEC);
    ck_assert_uint_eq(asked, 2);
    ck_assert_int_le(off(), 2);
    ck_assert_int_ge(off(), -2);
    ck_logged("2036-02-07T06:28:14Z");
    ck_logged("2036-02-07T06:28:30Z");
}
END_TEST

START_TEST(what_is_lost_is_asked_again)
{
    wire = (struct wire){ .env = wire.env, .seed = 7, .loss = 500, .delay = OS_MS };
    start(SERVERS "once: true\n");
    for (int i = 0; i < 100 && !is_set(); i++)
        inproc_advance(20 * OS_SEC);
    ck_logged("10.0.0.1: no answer from 10.0.0.1:123");
    ck_logged("the clock is not set; next attempt in 16 s");
    ck_assert_int_le(off(), 2);
    ck_assert_int_ge(off(), -2);
}
END_TEST

/* What is an answer, but no good one: the next server is asked, or this one later. */
START_TEST(bad_answers_are_refused)
{
    static const struct {
        enum kind kind;
        const char *code, *why;
    } bad[] = {
        { LEAP, "", "the server's clock is not set" },
        { FAR_STRATUM, "", "its stratum is above 15" },
        { NO_TIME, "", "the answer has no time in it" },
        { FAR_ROOT, "", "the server is too far away from a clock" },
        { BEFORE, "", "the server has answered before it was asked" },
        { TOO_LONG, "", "the server says that it has needed longer than the answer took" },
        { FAR_YEAR, "", "2106-04-06T12:26:40Z cannot be" },
        { KISS, "STEP", "the server has no time to give (STEP)" },
        { KISS, "\x1b[2J", "the server has no time to give (...J)" },
        { KISS, "RATE", "the server wants to be asked less often (RATE)" },
    };
    kind = bad[_i].kind;
    code = bad[_i].code;
    good_after = 1;
    start(SERVERS);
    inproc_advance(OS_SEC);
    ck_logged(bad[_i].why);
    ck_assert_uint_eq(asked, 1);
    ck_assert(!is_set());
    inproc_advance(40 * OS_SEC);
    ck_assert_uint_eq(asked, 2);
    ck_assert_int_le(off(), 2);
}
END_TEST

/* What is no answer at all does not keep the right one away. */
START_TEST(foreign_answers_are_passed_over)
{
    static const struct {
        enum kind kind;
        const char *why;
    } foreign[] = {
        { SHORT, "what came is too short" },
        { BROADCAST, "what came is not from a server" },
        { OLD_VERSION, "what came has another version" },
        { OTHER_NONCE, "what came answers another request" },
        { OTHER_PORT, "what came is from somebody else" },
    };
    wire.delay = OS_SEC;
    kind = SILENT;
    start(SERVERS);
    inproc_advance(3 * OS_SEC);
    ck_assert_uint_eq(asked, 1);
    ck_assert(!is_set());
    for (int i = 0; i < 100; i++)
        send_answer(&asker, foreign[_i].kind);
    send_answer(&asker, GOOD);
    inproc_advance(3 * OS_SEC);
    ck_logged(foreign[_i].why);
    ck_assert(is_set());
    ck_assert_uint_eq(asked, 1);
    const char *first = strstr(inproc_log(&sntp), foreign[_i].why);
    ck_assert_ptr_null(strstr(first + 1, foreign[_i].why)); /* it is said once */
}
END_TEST

START_TEST(who_refuses_is_not_asked_again)
{
    kind = KISS;
    code = "DENY";
    start(SERVERS "retry: 1s\n");
    inproc_advance(5000 * OS_SEC);
    ck_logged("10.0.0.1: the server refuses, and is not asked again (DENY)");
    ck_logged("no server is left, so none is asked any more");
    ck_assert_uint_eq(asked, 1);
    ck_assert(!is_set());
}
END_TEST

START_TEST(the_next_server_is_asked_at_once)
{
    kind = KISS;
    code = "RSTR";
    good_after = 1;
    start("servers:\n  - 10.0.0.1\n  - nonsense:x\n  - 10.0.0.1:1123\n");
    inproc_advance(OS_SEC);
    ck_logged("not asked again (RSTR)");
    ck_logged("nonsense:x: neither a name nor an address");
    ck_assert_uint_eq(asked, 2);
}
END_TEST

/* 16, 32, 64, ... seconds after the answer did not come for 5 seconds. */
START_TEST(a_silent_server_is_asked_less_and_less)
{
    kind = SILENT;
    start(SERVERS);
    inproc_advance(4 * OS_SEC);
    ck_assert_uint_eq(asked, 1);
    inproc_advance((1 + 16 + 5 + 32 + 5) * OS_SEC);
    ck_assert_uint_eq(asked, 3);
    inproc_advance(10 * 1024 * OS_SEC);
    ck_assert_uint_le(asked, 3 + 5 + 10);
    ck_assert_uint_ge(asked, 12);
}
END_TEST

/* Each time that it says so the time between two questions is twice as long. */
START_TEST(a_server_is_asked_as_often_as_it_wants)
{
    kind = KISS;
    code = "RATE";
    good_after = 2;
    start(SERVERS "every: 16s\nretry: 16s\n");
    inproc_advance(500 * OS_SEC);
    unsigned slow = asked;
    ck_assert_uint_ge(slow, 3);
    inproc_advance(640 * OS_SEC);
    ck_assert_uint_eq(asked, slow + 10); /* 64 s */
}
END_TEST

START_TEST(a_known_clock_is_not_moved_by_more_than_allowed)
{
    start(SERVERS "every: 16s\nmax-step: 10s\n");
    inproc_advance(OS_SEC);
    ck_assert(is_set());
    true_base += 9 * SEC;
    inproc_advance(16 * OS_SEC);
    ck_assert_int_ge(off(), -2);
    true_base -= 11 * SEC;
    inproc_advance(16 * OS_SEC);
    ck_logged("is more than max-step off the clock");
    ck_assert_int_ge(off(), 10 * SEC);
}
END_TEST

START_TEST(a_clock_that_may_not_be_set_is_said)
{
    inproc_config_set(&rtc, "");
    inproc_idle();
    start(SERVERS);
    inproc_advance(OS_SEC);
    ck_logged("the clock cannot be set: not allowed");
    ck_logged("next attempt in 16 s");
    ck_assert(!is_set());
    inproc_config_set(&rtc, "default-policy:\n  set: true\n");
    inproc_advance(20 * OS_SEC);
    ck_assert(is_set());
}
END_TEST

START_TEST(it_ends_when_it_is_to_set_once)
{
    int status = -1;
    start(SERVERS "once: true\n");
    inproc_advance(OS_SEC);
    ck_assert(inproc_env_exited(&sntp, &status));
    ck_assert_int_eq(status, 0);
    ck_assert(is_set());
}
END_TEST

/* A new config holds at once, whatever is under way. */
START_TEST(a_changed_config_asks_others)
{
    kind = SILENT;
    start("servers:\n  - 10.0.0.9\n");
    inproc_advance(2 * OS_SEC);
    kind = GOOD;
    inproc_config_set(&sntp, NETWORK SERVERS);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(asked, 1);
    ck_assert(is_set());
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_clock_is_right_however_long_the_way);
    tcase_add_test(tcase, a_question_tells_nothing);
    tcase_add_test(tcase, the_next_era_is_understood);
    tcase_add_test(tcase, what_is_lost_is_asked_again);
    tcase_add_loop_test(tcase, bad_answers_are_refused, 0, 10);
    tcase_add_loop_test(tcase, foreign_answers_are_passed_over, 0, 5);
    tcase_add_test(tcase, who_refuses_is_not_asked_again);
    tcase_add_test(tcase, the_next_server_is_asked_at_once);
    tcase_add_test(tcase, a_silent_server_is_asked_less_and_less);
    tcase_add_test(tcase, a_server_is_asked_as_often_as_it_wants);
    tcase_add_test(tcase, a_known_clock_is_not_moved_by_more_than_allowed);
    tcase_add_test(tcase, a_clock_that_may_not_be_set_is_said);
    tcase_add_test(tcase, it_ends_when_it_is_to_set_once);
    tcase_add_test(tcase, a_changed_config_asks_others);
}

int main(void)
{
    return suite_run_case("sntp", add_tests);
}
