/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iperf.c: what peers of iperf 2 say: orders at the beginning of a stream, datagrams, and reports of who has
 * received them. What is read of them is within bounds, and what is written of it is read back the same.
 */
#include <message.h>

#include "fuzz.h"

static void check_order(const uint8_t *data, size_t size)
{
    struct order order, again;
    uint8_t written[ORDER_HEAD];
    size_t len = order_length(data);
    if (!len)
        return;
    MUST(len >= ORDER_HEAD);
    if (len > size || len > ORDER_MAX)
        len = size < ORDER_MAX ? size : ORDER_MAX;
    uint8_t *exact = exact_copy(data, len);
    order_read(&order, exact, len);
    free(exact);
    MUST(order.direction >= ONE_WAY && order.direction <= FULL_DUPLEX);
    MUST(!order.time || !order.bytes);
    if (order.direction > IN_TURN)
        return; /* others' orders, which we do not give */
    order_write(&order, 1, written);
    MUST(order.direction == ONE_WAY || order_begins(written));
    MUST(order_length(written) >= ORDER_HEAD);
    order_read(&again, written, ORDER_HEAD);
    MUST(order.direction == ONE_WAY || again.direction == order.direction);
    MUST(order.direction == ONE_WAY || again.port == order.port);
}

static void check_datagram(const uint8_t *data, size_t size)
{
    struct datagram datagram;
    uint8_t written[DATAGRAM_MIN];
    datagram_read(&datagram, data, size);
    datagram_write(&datagram, written);
    MUST(!memcmp(written, data, 4));
}

static void check_report(const uint8_t *data, size_t size)
{
    struct report report, again;
    uint8_t written[REPORT_SIZE];
    if (!report_read(&report, data, size))
        return;
    MUST(size >= DATAGRAM_MIN);
    report_write(&report, data, written);
    MUST(report_read(&again, written, REPORT_SIZE));
    MUST(again.bytes == report.bytes && again.datagrams == report.datagrams && again.lost == report.lost);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    uint8_t *copy = exact_copy(data, size);
    const char *other = other_protocol(copy, size);
    MUST(!other || *other);
    if (size >= 4 && order_begins(copy) && size >= ORDER_HEAD)
        check_order(copy, size);
    if (size >= DATAGRAM_MIN)
        check_datagram(copy, size);
    if (size >= DATAGRAM_MIN + ORDER_HEAD)
        check_order(copy + DATAGRAM_MIN, size - DATAGRAM_MIN);
    check_report(copy, size);
    free(copy);
    return 0;
}
