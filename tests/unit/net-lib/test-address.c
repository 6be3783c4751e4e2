/* SPDX-License-Identifier: BSD-2-Clause */
/* test-address.c: text of addresses, read and written, and what is none. */
#include <network/address.h>

#include <string.h>

#include "../lib/suite.h"

static void check_text(const char *text, const char *expected)
{
    struct net_addr addr;
    char got[NET_ADDR_TEXT];
    ck_assert_msg(!net_addr_parse(text, &addr), "%s is no address", text);
    ck_assert_str_eq(net_addr_format(&addr, got), expected);
}

START_TEST(texts_there_and_back)
{
    static const char *const same[] = {
        "any",
        ":80",
        "0.0.0.0",
        "10.0.0.1",
        "255.255.255.255:65535",
        "::",
        "::1",
        "1::",
        "[::1]:80",
        "fe80::1%3",
        "[fe80::1%255]:80",
        "2001:db8::1:0:0:1",
        "2001:0:0:1::1",
        "1:2:3:4:5:6:7:8",
        "1:0:3:4:5:6:7:8",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6::",
        "::ffff:10.0.0.1",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%255]:65535",
    };
    for (size_t i = 0; i < OS_ARRAY_LEN(same); i++) {
        if (!strcmp(same[i], "::2:3:4:5:6:7:8"))
            check_text(same[i], "0:2:3:4:5:6:7:8"); /* one zero is not shortened */
        else
            check_text(same[i], same[i]);
    }
    check_text("any:80", ":80");
    check_text("[::]", "::");
    check_text("2001:DB8:0:0:0:0:0:0001", "2001:db8::1");
    check_text("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a");
    check_text("64:ff9b::192.0.2.1", "64:ff9b::c000:201");
}
END_TEST

START_TEST(what_is_no_address)
{
    static const char *const bad[] = {
        "",
        " ",
        ":",
        ":65536",
        ":080",
        "10",
        "10.0.0",
        "10.0.0.1.",
        "10.0.0.1.2",
        "10.0.0.256",
        "10.0.0.01",
        "10.0.0.-1",
        "10.0.0.1:",
        "10.0.0.1:x",
        "10.0.0.1 ",
        "anyone",
        "1:2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4::5:6:7:8",
        ":1::2",
        "1::2::3",
        "1:::2",
        "::1:",
        "12345::",
        "::g",
        "::1.2.3",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1%",
        "::1%256",
        "[::1",
        "[::1]80",
        "[::1]:",
        "[10.0.0.1]:80",
        "[",
        "[]",
    };
    struct net_addr addr = { .port = 7 };
    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++)
        ck_assert_msg(net_addr_parse(bad[i], &addr) == OS_ERR_BAD_ARG, "'%s' is an address", bad[i]);
    ck_assert_uint_eq(addr.port, 7);
}
END_TEST

static struct net_addr addr_of(const char *text)
{
    struct net_addr addr;
    ck_ok(net_addr_parse(text, &addr));
    return addr;
}

static int equal(const char *a, const char *b)
{
    struct net_addr first = addr_of(a), second = addr_of(b);
    return net_addr_equal(&first, &second);
}

START_TEST(what_a_stack_has_to_have)
{
    ck_assert_int_eq(net_addr_family("10.0.0.1"), NET_IPV4);
    ck_assert_int_eq(net_addr_family("fd00::1"), NET_IPV6);
    ck_assert_int_eq(net_addr_family("fe80::1"), NET_ANY);
    ck_assert_int_eq(net_addr_family("host.example"), NET_ANY);
    ck_assert_int_eq(net_addr_family("any"), NET_ANY);
    ck_assert_int_eq(net_addr_family(""), NET_ANY);
}
END_TEST

START_TEST(equal_ones)
{
    ck_assert(equal("10.0.0.1:80", "10.0.0.1:80"));
    ck_assert(!equal("10.0.0.1:80", "10.0.0.1:81"));
    ck_assert(!equal("10.0.0.1", "10.0.0.2"));
    ck_assert(!equal("0.0.0.0", "::"));
    ck_assert(!equal("0.0.0.0", "any"));
    ck_assert(equal("any", "any"));
    ck_assert(equal("fe80::1%1", "fe80::1"));
    ck_assert(!equal("fe80::1%1", "fe80::1%2"));
}
END_TEST

static int has(const char *range, const char *addr)
{
    struct net_range parsed;
    struct net_addr other = addr_of(addr);
    ck_ok(net_range_parse(range, &parsed));
    return net_range_has(&parsed, &other);
}

START_TEST(ranges)
{
    struct net_range range;
    ck_assert(has("10.0.0.0/8", "10.255.255.255"));
    ck_assert(!has("10.0.0.0/8", "11.0.0.0"));
    ck_assert(has("10.0.0.128/25", "10.0.0.129:80"));
    ck_assert(!has("10.0.0.128/25", "10.0.0.127"));
    ck_assert(has("10.1.2.3/8", "10.9.9.9"));
    ck_assert(has("10.1.2.3", "10.1.2.3"));
    ck_assert(!has("10.1.2.3", "10.1.2.2"));
    ck_assert(has("0.0.0.0/0", "1.2.3.4"));
    ck_assert(!has("0.0.0.0/0", "::1"));
    ck_assert(has("any", "::1") && has("any", "1.2.3.4"));
    ck_assert(has("fd00::/64", "fd00::1234"));
    ck_assert(!has("fd00::/64", "fd00:0:0:1::"));
    ck_assert(has("fd00::/127", "fd00::1"));
    ck_assert(!has("fd00::/127", "fd00::2"));
    ck_err(net_range_parse("10.0.0.0/33", &range), OS_ERR_BAD_ARG);
    ck_err(net_range_parse("::/129", &range), OS_ERR_BAD_ARG);
    ck_err(net_range_parse("10.0.0.0/", &range), OS_ERR_BAD_ARG);
    ck_err(net_range_parse("10.0.0.0:80/8", &range), OS_ERR_BAD_ARG);
    ck_err(net_range_parse("10.0.0.0/8 ", &range), OS_ERR_BAD_ARG);
    ck_err(net_range_parse("", &range), OS_ERR_BAD_ARG);
}
END_TEST

START_TEST(mac_addresses)
{
    static const char *const bad[] = {
        "",
        "02:00:00:00:00",
        "02:00:00:00:00:0",
        "02:00:00:00:00:01:",
        "02:00:00:00:00:0g",
        "02-00-00-00-00-01",
        "2:0:0:0:0:1",
    };
    uint8_t mac[6];
    char text[18];
    ck_ok(net_mac_parse("02:aB:00:00:fF:01", mac));
    ck_assert_str_eq(net_mac_format(mac, text), "02:ab:00:00:ff:01");
    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++)
        ck_assert_msg(net_mac_parse(bad[i], mac) == OS_ERR_BAD_ARG, "'%s' is an address", bad[i]);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, texts_there_and_back);
    tcase_add_test(tcase, what_is_no_address);
    tcase_add_test(tcase, what_a_stack_has_to_have);
    tcase_add_test(tcase, equal_ones);
    tcase_add_test(tcase, ranges);
    tcase_add_test(tcase, mac_addresses);
}

int main(void)
{
    return suite_run_case("net-address", add);
}
