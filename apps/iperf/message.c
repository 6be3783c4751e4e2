/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c: see message.h. */
#include "message.h"

#include <network/proto.h>
#include <os/timer.h>

#include <string.h>

enum { /* bytes of an order */
       FLAGS = 0,
       PORT = 8,
       RATE = 16,
       AMOUNT = 20, /* bytes; negative: hundredths of a second */
       MORE_FLAGS = 32,
       MORE_RATE = 44,
};

#define HAS_ORDER    UINT32_C(0x80000000) /* bits of FLAGS; this one is for both ways */
#define HAS_MORE     UINT32_C(0x40000000)
#define LONG_NUMBERS UINT32_C(0x08000000)
#define HAS_VERSION2 UINT32_C(0x04000000)
#define WANTS_ANSWER UINT32_C(0x02000000)
#define HAS_LENGTH   UINT32_C(0x00010000)
#define LENGTH       UINT32_C(0x000001fe) /* in bytes, twice */
#define NOW          UINT32_C(0x00000001) /* both at once */

#define MORE_REVERSE 0x0400u /* bits of MORE_FLAGS */
#define MORE_DUPLEX  0x0800u

#define HUNDREDTH (OS_SEC / 100)

int order_begins(const uint8_t at[4])
{
    return (net_get32(at) & (HAS_ORDER | HAS_MORE | HAS_VERSION2)) != 0;
}

size_t order_length(const uint8_t *at)
{
    uint32_t flags = net_get32(at + FLAGS);
    size_t len = flags & (HAS_MORE | HAS_VERSION2) ? ORDER_MAX : ORDER_HEAD;
    if (flags & HAS_LENGTH)
        len = (flags & LENGTH) >> 1;
    return len < ORDER_HEAD || net_get32(at + PORT) > 65535 ? 0 : len;
}

void order_read(struct order *order, const uint8_t *at, size_t len)
{
    uint32_t flags = net_get32(at + FLAGS), amount = net_get32(at + AMOUNT), more = 0;
    if (flags & (HAS_MORE | HAS_VERSION2) && len >= MORE_FLAGS + 2)
        more = net_get16(at + MORE_FLAGS);
    *order = (struct order){ .port = (uint16_t)net_get32(at + PORT) };
    if (flags & HAS_VERSION2)
        order->direction = more & MORE_REVERSE ? REVERSE : more & MORE_DUPLEX ? FULL_DUPLEX : ONE_WAY;
    else if (flags & HAS_ORDER)
        order->direction = flags & NOW ? AT_ONCE : IN_TURN;
    order->wants_answer = (flags & WANTS_ANSWER) != 0;
    if (amount >> 31)
        order->time = (uint64_t)(0 - amount) * HUNDREDTH;
    else
        order->bytes = amount;
    order->rate = net_get32(at + RATE) / 8;
    if (!order->rate && flags & HAS_MORE && len >= MORE_RATE + 4)
        order->rate = net_get32(at + MORE_RATE) / 8;
}

void order_write(const struct order *order, int is_datagram, uint8_t at[ORDER_HEAD])
{
    uint32_t flags = is_datagram ? LONG_NUMBERS : 0;
    memset(at, 0, ORDER_HEAD);
    if (order->direction == AT_ONCE || order->direction == IN_TURN) {
        flags |= HAS_ORDER | (order->direction == AT_ONCE ? NOW : 0);
        net_put32(at + 4, 1); /* one stream */
        net_put32(at + PORT, order->port);
        net_put32(at + RATE, (uint32_t)(order->rate * 8));
        net_put32(at + AMOUNT,
                  order->time ? 0 - (uint32_t)(order->time / HUNDREDTH) : (uint32_t)order->bytes);
    }
    net_put32(at + FLAGS, flags);
}

void order_answer(uint8_t at[ORDER_ACK])
{
    memset(at, 0, ORDER_ACK);
    net_put32(at, 2); /* an answer, so long */
    net_put32(at + 4, ORDER_ACK);
    net_put32(at + 12, 0x00020001); /* what we are compatible with: 2.1.8 */
    net_put32(at + 16, 0x00080000);
}

const char *other_protocol(const uint8_t *at, size_t len)
{
    size_t i = 0; /* iperf 3 begins with 36 small letters and digits and a NUL */
    while (i < len && ((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= '2' && at[i] <= '7')))
        i++;
    if (i >= ORDER_HEAD && (i == len || i == 36))
        return "iperf 3";
    for (i = 0; i < len && at[i] >= 'A' && at[i] <= 'Z'; i++)
        ;
    return i > 2 && i < len && at[i] == ' ' ? "HTTP" : NULL;
}

/* ---- datagrams */

void datagram_read(struct datagram *datagram, const uint8_t *at, size_t len)
{
    int is_long = len >= DATAGRAM_MIN + 4 && net_get32(at + DATAGRAM_MIN) & LONG_NUMBERS;
    uint32_t low = net_get32(at), high = net_get32(at + 12);
    datagram->number = is_long ? (int64_t)((uint64_t)high << 32 | low) : (int32_t)low;
    datagram->sent = (int64_t)net_get32(at + 4) * 1000000 + net_get32(at + 8);
}

void datagram_write(const struct datagram *datagram, uint8_t at[DATAGRAM_MIN])
{
    net_put32(at, (uint32_t)datagram->number);
    net_put32(at + 4, (uint32_t)(datagram->sent / 1000000));
    net_put32(at + 8, (uint32_t)(datagram->sent % 1000000));
    net_put32(at + 12, (uint32_t)((uint64_t)datagram->number >> 32));
}

void report_write(const struct report *report, const uint8_t *last, uint8_t at[REPORT_SIZE])
{
    const uint32_t words[] = { HAS_ORDER,
                               (uint32_t)(report->bytes >> 32),
                               (uint32_t)report->bytes,
                               (uint32_t)(report->time / 1000000),
                               (uint32_t)(report->time % 1000000),
                               report->lost,
                               report->disordered,
                               report->datagrams,
                               (uint32_t)(report->jitter / 1000000),
                               (uint32_t)(report->jitter % 1000000) };
    memcpy(at, last, DATAGRAM_MIN);
    for (size_t i = 0; i < OS_ARRAY_LEN(words); i++)
        net_put32(at + DATAGRAM_MIN + 4 * i, words[i]);
}

int report_read(struct report *report, const uint8_t *at, size_t len)
{
    uint32_t words[10];
    if (len < REPORT_SIZE)
        return 0;
    for (size_t i = 0; i < OS_ARRAY_LEN(words); i++)
        words[i] = net_get32(at + DATAGRAM_MIN + 4 * i);
    if (!(words[0] & HAS_ORDER))
        return 0;
    *report = (struct report){ .bytes = (uint64_t)words[1] << 32 | words[2],
                               .time = (uint64_t)words[3] * 1000000 + words[4],
                               .lost = words[5],
                               .disordered = words[6],
                               .datagrams = words[7],
                               .jitter = (uint64_t)words[8] * 1000000 + words[9] };
    return 1;
}
