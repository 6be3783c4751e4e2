/* SPDX-License-Identifier: BSD-2-Clause */
/* proto.c: the Internet checksum; see network/proto.h. */
#include <network/proto.h>

#include <string.h>

const uint8_t net_mac_broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static uint16_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    uint32_t half = (uint32_t)sum;
    half = (half & 0xffff) + (half >> 16);
    return (uint16_t)(half + (half >> 16));
}

/*
 * The sum is the same in either byte order but for the order of its own two bytes, so words are added as the
 * processor has them, four bytes at a time, and the bytes of the end put in order.
 */
uint16_t net_sum(uint16_t sum, const void *data, size_t len)
{
    const uint8_t *at = data;
    uint64_t all = 0;
    uint8_t rest[4] = { 0 }, order[2];
    uint32_t word;
    uint16_t native;
    for (; len >= 16; len -= 16, at += 16) {
        uint32_t words[4];
        memcpy(words, at, sizeof(words));
        all += (uint64_t)words[0] + words[1] + words[2] + words[3];
    }
    for (; len >= 4; len -= 4, at += 4) {
        memcpy(&word, at, sizeof(word));
        all += word;
    }
    memcpy(rest, at, len);
    memcpy(&word, rest, sizeof(word));
    native = fold(all + word);
    memcpy(order, &native, sizeof(order));
    return net_sum16(sum, net_get16(order));
}

uint16_t net_sum_pseudo(const uint8_t *src, const uint8_t *dst, size_t addr_len, uint8_t proto, uint32_t len)
{
    uint16_t sum = net_sum(net_sum(0, src, addr_len), dst, addr_len);
    sum = net_sum16(net_sum16(sum, (uint16_t)(len >> 16)), (uint16_t)len);
    return net_sum16(sum, proto);
}

uint16_t net_checksum_update(uint16_t checksum, const void *from, const void *to, size_t len)
{
    const uint8_t *before = from, *after = to;
    uint64_t sum = (uint16_t)~checksum;
    for (size_t i = 0; i < len; i += 2)
        sum += (uint16_t)~net_get16(before + i) + net_get16(after + i);
    return (uint16_t)~fold(sum);
}

/* ---- IPv6 */

static enum net_passed extension(uint8_t proto)
{
    switch (proto) {
    case NET_PROTO_HOP_BY_HOP:
    case NET_PROTO_OPTIONS:
        return NET_PASSED_OPTIONS;
    case NET_PROTO_ROUTING:
        return NET_PASSED_ROUTING;
    case NET_PROTO_FRAGMENT:
        return NET_PASSED_FRAGMENT;
    case NET_PROTO_AUTHENTICATION:
        return NET_PASSED_AUTHENTICATION;
    default:
        return 0;
    }
}

int net_upper(const uint8_t *ip, uint32_t known, struct net_upper *upper)
{
    enum net_passed kind;
    *upper = (struct net_upper){ .proto = ip[NET_IPV6_NEXT], .at = NET_IPV6_HEADER };
    while ((kind = extension(upper->proto))) {
        const uint8_t *header = ip + upper->at;
        if (upper->at + 8 > known)
            return 0;
        if (kind == NET_PASSED_FRAGMENT) {
            if (upper->fragment)
                return 0;
            upper->fragment = upper->at;
        }
        upper->passed |= kind;
        if (kind == NET_PASSED_FRAGMENT && net_get16(header + 2) >> 3)
            upper->passed |= NET_PASSED_REST;
        upper->proto = header[0];
        upper->at += kind == NET_PASSED_FRAGMENT         ? 8
                     : kind == NET_PASSED_AUTHENTICATION ? 8 + 4u * header[1]
                                                         : 8 + 8u * header[1];
        if (upper->passed & NET_PASSED_REST)
            break;
    }
    return 1;
}
