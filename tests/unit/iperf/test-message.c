/* SPDX-License-Identifier: BSD-2-Clause */
/* test-message.c: orders, datagrams and reports of iperf 2, as version 2.1.8 writes them, and as others do.
 */
#include <check.h>
#include <network/proto.h>
#include <string.h>
#include <suite.h>

#include "message.h"

/* The beginning of a stream with `-d -L 5902 -t 0.3`. */
static void make_dual(uint8_t at[ORDER_MAX])
{
    memset(at, 0, ORDER_MAX);
    net_put32(at, 0xc0010071); /* both ways, more, now; 56 bytes */
    net_put32(at + 4, 1);
    net_put32(at + 8, 5902);
    net_put32(at + 20, 0 - 30u);
}

START_TEST(orders_are_understood)
{
    struct order order;
    uint8_t at[ORDER_MAX];
    make_dual(at);
    ck_assert(order_begins(at));
    ck_assert_uint_eq(order_length(at), ORDER_MAX);
    order_read(&order, at, ORDER_MAX);
    ck_assert_int_eq(order.direction, AT_ONCE);
    ck_assert_uint_eq(order.port, 5902);
    ck_assert_uint_eq(order.time, 300 * OS_MS);
    ck_assert_uint_eq(order.bytes, 0);
    ck_assert_int_eq(order.wants_answer, 0);
    at[3] &= 0xfe;
    net_put32(at + 20, 4096);
    order_read(&order, at, ORDER_MAX);
    ck_assert_int_eq(order.direction, IN_TURN);
    ck_assert_uint_eq(order.time, 0);
    ck_assert_uint_eq(order.bytes, 4096);
    net_put32(at, 0x46010070); /* more, the second version, an answer */
    net_put16(at + 32, 0x0400);
    order_read(&order, at, ORDER_MAX);
    ck_assert_int_eq(order.direction, REVERSE);
    ck_assert_int_eq(order.wants_answer, 1);
    net_put16(at + 32, 0x0800);
    order_read(&order, at, ORDER_MAX);
    ck_assert_int_eq(order.direction, FULL_DUPLEX);
    /* without what says so */
    order_read(&order, at, ORDER_HEAD);
    ck_assert_int_eq(order.direction, ONE_WAY);
}
END_TEST

START_TEST(orders_come_back)
{
    struct order order = { .direction = IN_TURN, .port = 1, .time = 20 * OS_MS, .rate = 1000 }, read;
    uint8_t at[ORDER_HEAD];
    for (int i = 0; i < 2; i++) {
        order_write(&order, i, at);
        ck_assert(order_begins(at));
        ck_assert_uint_eq(order_length(at), ORDER_HEAD);
        order_read(&read, at, ORDER_HEAD);
        ck_assert_mem_eq(&read, &order, sizeof(read));
    }
    order.direction = ONE_WAY;
    order_write(&order, 0, at);
    ck_assert(!order_begins(at));
}
END_TEST

START_TEST(others_are_known)
{
    static const char cookie[] = "abcdefghijklmnopqrstuvwxyz234567abcd";
    uint8_t at[ORDER_MAX];
    memset(at, 0, sizeof(at));
    ck_assert(!order_begins((const uint8_t *)"0123"));
    ck_assert_str_eq(other_protocol((const uint8_t *)cookie, sizeof(cookie)), "iperf 3");
    ck_assert_str_eq(other_protocol((const uint8_t *)cookie, ORDER_HEAD), "iperf 3");
    ck_assert_ptr_null(other_protocol((const uint8_t *)cookie, ORDER_HEAD - 1));
    ck_assert_uint_eq(order_length((const uint8_t *)cookie), 0);
    ck_assert_str_eq(other_protocol((const uint8_t *)"GET / HTTP/1.1", 14), "HTTP");
    ck_assert_ptr_null(other_protocol((const uint8_t *)"SSH-2.0", 7));
    ck_assert_ptr_null(other_protocol((const uint8_t *)"abc", 3));
    ck_assert_ptr_null(other_protocol(at, sizeof(at)));
    make_dual(at);
    net_put32(at + 8, 65536); /* no port */
    ck_assert_uint_eq(order_length(at), 0);
    make_dual(at);
    net_put32(at, 0xc001002f); /* 23 bytes */
    ck_assert_uint_eq(order_length(at), 0);
}
END_TEST

START_TEST(numbers_of_datagrams)
{
    static const int64_t numbers[] = { 1, -1, INT64_C(5000000000), -INT64_C(5000000000) };
    struct order none = { 0 };
    struct datagram read;
    uint8_t at[DATAGRAM_ORDER] = { 0 };
    for (size_t i = 0; i < OS_ARRAY_LEN(numbers); i++) {
        struct datagram datagram = { .number = numbers[i], .sent = 12345678 };
        datagram_write(&datagram, at);
        order_write(&none, 1, at + DATAGRAM_MIN);
        datagram_read(&read, at, sizeof(at));
        ck_assert_int_eq(read.number, numbers[i]);
        ck_assert_int_eq(read.sent, 12345678);
    }
    /* of a version that knows 32 bits only: what follows the time is no number */
    memset(at, 0, sizeof(at));
    net_put32(at, 0xfffffffe);
    net_put32(at + 12, 7);
    datagram_read(&read, at, sizeof(at));
    ck_assert_int_eq(read.number, -2);
    datagram_read(&read, at, DATAGRAM_MIN);
    ck_assert_int_eq(read.number, -2);
}
END_TEST

START_TEST(reports_come_back)
{
    const struct report report = { .bytes = UINT64_C(1) << 40,
                                   .time = 2500001,
                                   .jitter = 1000017,
                                   .datagrams = 100,
                                   .lost = 3,
                                   .disordered = 2 };
    struct report read;
    uint8_t last[DATAGRAM_MIN] = { 1, 2, 3 }, at[REPORT_SIZE];
    report_write(&report, last, at);
    ck_assert_mem_eq(at, last, DATAGRAM_MIN);
    ck_assert(report_read(&read, at, sizeof(at)));
    ck_assert_uint_eq(read.bytes, report.bytes);
    ck_assert_uint_eq(read.time, report.time);
    ck_assert_uint_eq(read.jitter, report.jitter);
    ck_assert_uint_eq(read.datagrams, report.datagrams);
    ck_assert_uint_eq(read.lost, report.lost);
    ck_assert_uint_eq(read.disordered, report.disordered);
    ck_assert(!report_read(&read, at, sizeof(at) - 1));
    at[DATAGRAM_MIN] = 0;
    ck_assert(!report_read(&read, at, sizeof(at)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("iperf");
    TCase *tcase = tcase_create("iperf");
    tcase_add_test(tcase, orders_are_understood);
    tcase_add_test(tcase, orders_come_back);
    tcase_add_test(tcase, others_are_known);
    tcase_add_test(tcase, numbers_of_datagrams);
    tcase_add_test(tcase, reports_come_back);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
