/* SPDX-License-Identifier: BSD-2-Clause */
/* address.c: text of internet addresses, ranges and MAC addresses, both ways. See network/address.h. */
#include <network/address.h>
#include <network/proto.h>

#include <stdio.h>
#include <string.h>

enum { WORDS = 8 }; /* of an IPv6 address */

/* ---- reading; each reader takes what is its own and leaves *TEXT behind it */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A decimal number up to MAX, without sign or leading zeros. */
static os_err read_number(const char **text, uint32_t max, uint32_t *number)
{
    const char *at = *text;
    uint32_t value = 0;
    if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
        return OS_ERR_BAD_ARG;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint32_t)(*at - '0');
        if (value > max)
            return OS_ERR_BAD_ARG;
    }
    *text = at;
    *number = value;
    return OS_OK;
}

static os_err read_ipv4(const char **text, uint8_t bytes[4])
{
    for (int i = 0; i < 4; i++) {
        uint32_t number;
        if (i && *(*text)++ != '.')
            return OS_ERR_BAD_ARG;
        os_err err = read_number(text, 255, &number);
        if (err)
            return err;
        bytes[i] = (uint8_t)number;
    }
    return OS_OK;
}

/* Up to four hexadecimal digits; says how many there were. */
static int read_word(const char **text, uint8_t bytes[2])
{
    uint32_t value = 0;
    int count = 0;
    for (; count < 4 && hex_digit(**text) >= 0; count++)
        value = value << 4 | (uint32_t)hex_digit(*(*text)++);
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return count;
}

/* Puts the zeros of "::" at word GAP of COUNT words. */
static void open_gap(uint8_t bytes[16], int gap, int count)
{
    uint8_t whole[16] = { 0 };
    int behind = (count - gap) * 2;
    memcpy(whole, bytes, (size_t)gap * 2);
    memcpy(whole + 16 - behind, bytes + gap * 2, (size_t)behind);
    memcpy(bytes, whole, 16);
}

static os_err read_ipv6(const char **text, uint8_t bytes[16])
{
    const char *at = *text;
    int count = 0, gap = -1;
    if (at[0] == ':' && at[1] != ':')
        return OS_ERR_BAD_ARG;
    while (count < WORDS) {
        const char *word = at;
        if (at[0] == ':' && at[1] == ':') {
            if (gap >= 0)
                return OS_ERR_BAD_ARG;
            gap = count;
            at += 2;
            if (hex_digit(*at) < 0)
                break;
            continue;
        }
        if (count && gap != count && *at == ':')
            word = ++at;
        if (!read_word(&at, bytes + count * 2))
            return OS_ERR_BAD_ARG;
        if (*at == '.') {
            at = word;
            if (count > WORDS - 2 || read_ipv4(&at, bytes + count * 2))
                return OS_ERR_BAD_ARG;
            count += 2;
            break;
        }
        count++;
        if (*at != ':')
            break;
    }
    if (gap >= 0 ? count == WORDS : count != WORDS)
        return OS_ERR_BAD_ARG;
    if (gap >= 0)
        open_gap(bytes, gap, count);
    *text = at;
    return OS_OK;
}

static os_err read_zone(const char **text, struct net_addr *addr)
{
    uint32_t zone = 0;
    if (**text != '%')
        return OS_OK;
    ++*text;
    os_err err = read_number(text, 255, &zone);
    addr->zone = (uint8_t)zone;
    return err;
}

static os_err read_port(const char **text, struct net_addr *addr)
{
    uint32_t port;
    if (**text != ':')
        return OS_OK;
    ++*text;
    os_err err = read_number(text, 65535, &port);
    if (!err)
        addr->port = (uint16_t)port;
    return err;
}

static int is_ipv6(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon && strchr(colon + 1, ':');
}

static os_err read_address(const char **text, struct net_addr *addr)
{
    os_err err;
    if (**text == '[') {
        ++*text;
        addr->family = NET_IPV6;
        err = read_ipv6(text, addr->bytes);
        if (!err)
            err = read_zone(text, addr);
        if (!err && *(*text)++ != ']')
            err = OS_ERR_BAD_ARG;
        return err ? err : read_port(text, addr);
    }
    if (is_ipv6(*text)) {
        addr->family = NET_IPV6;
        err = read_ipv6(text, addr->bytes);
        return err ? err : read_zone(text, addr);
    }
    if (!strncmp(*text, "any", 3))
        *text += 3;
    else if (**text != ':') {
        addr->family = NET_IPV4;
        err = read_ipv4(text, addr->bytes);
        if (err)
            return err;
    }
    return read_port(text, addr);
}

os_err net_addr_parse(const char *text, struct net_addr *addr)
{
    struct net_addr read = { 0 };
    os_err err = *text ? read_address(&text, &read) : OS_ERR_BAD_ARG;
    if (err)
        return err;
    if (*text)
        return OS_ERR_BAD_ARG;
    *addr = read;
    return OS_OK;
}

enum net_family net_addr_family(const char *text)
{
    struct net_addr addr = { 0 };
    int is_address = net_addr_parse(text, &addr) == OS_OK;
    if (!is_address || (addr.family == NET_IPV6 && addr.bytes[0] == 0xfe && (addr.bytes[1] & 0xc0) == 0x80))
        return NET_ANY;
    return (enum net_family)addr.family;
}

/* ---- writing */

static uint32_t word_of(const uint8_t bytes[16], int i)
{
    return (uint32_t)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The first of the longest runs of zero words, of two or more: where it begins, and its length, or 0. */
static int longest_run(const uint8_t bytes[16], int *begin)
{
    int longest = 1;
    for (int i = 0; i < WORDS; i++) {
        int len = 0;
        while (i + len < WORDS && !word_of(bytes, i + len))
            len++;
        if (len > longest) {
            longest = len;
            *begin = i;
        }
        i += len;
    }
    return longest > 1 ? longest : 0;
}

static size_t write_ipv4(const uint8_t bytes[4], char *text, size_t size)
{
    return (size_t)snprintf(text, size, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

static size_t write_ipv6(const uint8_t bytes[16], char *text, size_t size)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    size_t len = 0;
    int begin = WORDS, run = longest_run(bytes, &begin);
    if (!memcmp(bytes, mapped, sizeof(mapped))) {
        len = (size_t)snprintf(text, size, "::ffff:");
        return len + write_ipv4(bytes + 12, text + len, size - len);
    }
    for (int i = 0; i < WORDS; i++) {
        if (run && i == begin) {
            len += (size_t)snprintf(text + len, size - len, "::");
            i += run - 1;
            continue;
        }
        len += (size_t)snprintf(text + len, size - len, i && !(run && i == begin + run) ? ":%x" : "%x",
                                word_of(bytes, i));
    }
    return len;
}

const char *net_addr_format(const struct net_addr *addr, char text[NET_ADDR_TEXT])
{
    size_t len = 0, size = NET_ADDR_TEXT;
    int bracket = addr->family == NET_IPV6 && addr->port;
    if (bracket)
        text[len++] = '[';
    if (addr->family == NET_IPV4)
        len += write_ipv4(addr->bytes, text, size);
    else if (addr->family == NET_IPV6)
        len += write_ipv6(addr->bytes, text + len, size - len);
    else if (!addr->port)
        len += (size_t)snprintf(text, size, "any");
    if (addr->family == NET_IPV6 && addr->zone)
        len += (size_t)snprintf(text + len, size - len, "%%%u", addr->zone);
    if (addr->port)
        len += (size_t)snprintf(text + len, size - len, bracket ? "]:%u" : ":%u", addr->port);
    text[len] = 0;
    return text;
}

/* ---- comparing, ranges */

/* Bytes of an address of the family. */
static size_t length_of(const struct net_addr *addr)
{
    return addr->family == NET_IPV4 ? 4 : addr->family == NET_IPV6 ? 16 : 0;
}

int net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == b->family && a->port == b->port && !memcmp(a->bytes, b->bytes, length_of(a)) &&
           (a->zone == b->zone || !a->zone || !b->zone);
}

os_err net_range_parse(const char *text, struct net_range *range)
{
    struct net_range read = { 0 };
    uint32_t prefix;
    os_err err = *text ? read_address(&text, &read.addr) : OS_ERR_BAD_ARG;
    if (err)
        return err;
    prefix = (uint32_t)length_of(&read.addr) * 8;
    if (*text == '/') {
        text++;
        err = read_number(&text, prefix, &prefix);
        if (err)
            return err;
    }
    if (*text || read.addr.port || read.addr.zone)
        return OS_ERR_BAD_ARG;
    read.prefix = (uint8_t)prefix;
    *range = read;
    return OS_OK;
}

int net_range_has(const struct net_range *range, const struct net_addr *addr)
{
    uint32_t whole = range->prefix / 8, rest = range->prefix % 8;
    if (range->addr.family == NET_ANY)
        return 1;
    if (range->addr.family != addr->family)
        return 0;
    if (addr->family == NET_IPV4) {
        uint64_t mask = UINT64_C(0xffffffff00000000) >> range->prefix;
        return !((net_get32(range->addr.bytes) ^ net_get32(addr->bytes)) & mask & UINT32_MAX);
    }
    if (memcmp(range->addr.bytes, addr->bytes, whole))
        return 0;
    return !rest || !((range->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest));
}

/* ---- MAC addresses */

os_err net_mac_parse(const char *text, uint8_t mac[6])
{
    uint8_t read[6];
    for (int i = 0; i < 6; i++, text += 3) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || text[2] != (i < 5 ? ':' : 0))
            return OS_ERR_BAD_ARG;
        read[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(mac, read, sizeof(read));
    return OS_OK;
}

const char *net_mac_format(const uint8_t mac[6], char text[18])
{
    snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return text;
}
