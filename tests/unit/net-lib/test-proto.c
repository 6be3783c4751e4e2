/* SPDX-License-Identifier: BSD-2-Clause */
/* test-proto.c: the Internet checksum beside a plain one, and its changes. */
#include <network/proto.h>

#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"

/* As RFC 1071 has it. */
static uint16_t plain_sum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += (uint32_t)data[i] << 8 | (i + 1 < len ? data[i + 1] : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The same bytes each time; FILL 0 and 255 are the extremes. */
static void fill_with(uint8_t *data, size_t len, unsigned fill)
{
    uint32_t state = 12345 + fill;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = fill == 0 || fill == 255 ? (uint8_t)fill : (uint8_t)(state >> 24);
    }
}

START_TEST(sums_of_all_lengths)
{
    uint8_t data[2000];
    for (unsigned fill = 0; fill < 256; fill += 51) {
        fill_with(data, sizeof(data), fill);
        for (size_t len = 0; len < 100; len++)
            for (size_t at = 0; at < 3; at++)
                if (net_sum(0, data + at, len) != plain_sum(data + at, len))
                    ck_abort_msg("%zu bytes at %zu of fill %u", len, at, fill);
        ck_assert_uint_eq(net_sum(0, data, sizeof(data)), plain_sum(data, sizeof(data)));
        ck_assert_uint_eq(net_sum(net_sum(0, data, 38), data + 38, 63), plain_sum(data, 101));
    }
}
END_TEST

START_TEST(a_known_header)
{
    /* the usual example of an IPv4 header */
    uint8_t header[] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                         0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };
    uint16_t checksum = net_checksum(0, header, sizeof(header));
    ck_assert_uint_eq(checksum, 0xb861);
    net_put16(header + NET_IPV4_CHECKSUM, checksum);
    ck_assert_uint_eq(net_checksum(0, header, sizeof(header)), 0);

    uint8_t pseudo[40] = { 0 };
    memcpy(pseudo, header + NET_IPV4_SRC, 8);
    pseudo[9] = NET_PROTO_UDP;
    net_put16(pseudo + 10, 95);
    ck_assert_uint_eq(net_sum_pseudo(header + NET_IPV4_SRC, header + NET_IPV4_DST, 4, NET_PROTO_UDP, 95),
                      plain_sum(pseudo, 12));
    fill_with(pseudo, 32, 1);
    net_put32(pseudo + 32, 70000);
    net_put32(pseudo + 36, NET_PROTO_ICMPV6);
    ck_assert_uint_eq(net_sum_pseudo(pseudo, pseudo + 16, 16, NET_PROTO_ICMPV6, 70000),
                      plain_sum(pseudo, 40));
}
END_TEST

START_TEST(changes_are_worked_in)
{
    uint8_t data[64], to[16];
    for (unsigned fill = 1; fill < 200; fill++) {
        fill_with(data, sizeof(data), fill);
        fill_with(to, sizeof(to), fill + 1000);
        uint16_t before = net_checksum(0, data, sizeof(data));
        uint16_t port = net_get16(data + 40), other = (uint16_t)(fill * 331);
        uint16_t after = net_checksum_update(before, data + 8, to, sizeof(to));
        after = net_checksum_update16(after, port, other);
        memcpy(data + 8, to, sizeof(to));
        net_put16(data + 40, other);
        ck_assert_uint_eq(after, net_checksum(0, data, sizeof(data)));
    }
}
END_TEST

START_TEST(numbers_and_addresses)
{
    uint8_t at[4];
    net_put32(at, 0x01020304);
    ck_assert_uint_eq(at[0], 1);
    ck_assert_uint_eq(net_get32(at), 0x01020304);
    ck_assert_uint_eq(net_get16(at + 2), 0x0304);
    ck_assert(net_mac_is_group(net_mac_broadcast));
    ck_assert(net_mac_equal(net_mac_broadcast, (const uint8_t[]){ 255, 255, 255, 255, 255, 255 }));
    ck_assert(!net_mac_equal(net_mac_broadcast, (const uint8_t[]){ 255, 255, 255, 255, 255, 254 }));
    ck_assert(!net_mac_equal(net_mac_broadcast, (const uint8_t[]){ 254, 255, 255, 255, 255, 255 }));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, sums_of_all_lengths);
    tcase_add_test(tcase, a_known_header);
    tcase_add_test(tcase, changes_are_worked_in);
    tcase_add_test(tcase, numbers_and_addresses);
}

int main(void)
{
    return suite_run_case("net-proto", add);
}
