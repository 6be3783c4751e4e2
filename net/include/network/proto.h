/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proto.h: what is where in the headers of Ethernet, ARP, IPv4, IPv6, UDP, TCP and ICMP, and their checksum;
 * for components that look into frames without a stack: switch, router, tests. Offsets are in bytes, from the
 * beginning of the header that they belong to; numbers are big-endian.
 *
 * Who decides by what is in a header reads it from a private copy. No state; any thread.
 */
#ifndef NETWORK_PROTO_H
#define NETWORK_PROTO_H

#include <os/types.h>

/* ---- numbers */

static inline uint16_t net_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t net_get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void net_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void net_put32(uint8_t *at, uint32_t value)
{
    net_put16(at, value >> 16);
    net_put16(at + 2, value);
}

/* ---- Ethernet */

enum {
    NET_ETH_DST = 0,
    NET_ETH_SRC = 6,
    NET_ETH_TYPE = 12,
    NET_ETH_HEADER = 14, /* bytes */

    NET_ETH_IPV4 = 0x0800, /* values of TYPE */
    NET_ETH_ARP = 0x0806,
    NET_ETH_VLAN = 0x8100,
    NET_ETH_IPV6 = 0x86dd,
    NET_ETH_LOCAL = 0x88b5, /* for experiments and tests, by nobody else */
};

extern const uint8_t net_mac_broadcast[6];

/* For several receivers: broadcast too. */
static inline int net_mac_is_group(const uint8_t mac[6])
{
    return mac[0] & 1;
}

static inline int net_mac_equal(const uint8_t a[6], const uint8_t b[6])
{
    return net_get32(a) == net_get32(b) && net_get16(a + 4) == net_get16(b + 4);
}

/* ---- ARP of IPv4 over Ethernet */

enum {
    NET_ARP_HARDWARE = 0, /* 1 */
    NET_ARP_PROTOCOL = 2, /* NET_ETH_IPV4 */
    NET_ARP_HARDWARE_LEN = 4,
    NET_ARP_PROTOCOL_LEN = 5,
    NET_ARP_OPERATION = 6,
    NET_ARP_SENDER_MAC = 8,
    NET_ARP_SENDER_IP = 14,
    NET_ARP_TARGET_MAC = 18,
    NET_ARP_TARGET_IP = 24,
    NET_ARP_SIZE = 28, /* bytes */

    NET_ARP_REQUEST = 1, /* values of OPERATION */
    NET_ARP_REPLY = 2,
};

/* ---- IPv4, IPv6 */

enum {
    NET_IPV4_VERSION = 0, /* version 4 and header length in words of 4 bytes, 4 bits each */
    NET_IPV4_TOS = 1,
    NET_IPV4_LEN = 2, /* of header and payload */
    NET_IPV4_ID = 4,
    NET_IPV4_FRAGMENT = 6, /* flags and offset in units of 8 bytes */
    NET_IPV4_TTL = 8,
    NET_IPV4_PROTO = 9,
    NET_IPV4_CHECKSUM = 10, /* of the header */
    NET_IPV4_SRC = 12,
    NET_IPV4_DST = 16,
    NET_IPV4_HEADER = 20, /* bytes, without options */

    NET_IPV4_DONT_FRAGMENT = 0x4000, /* bits of FRAGMENT */
    NET_IPV4_MORE_FRAGMENTS = 0x2000,
    NET_IPV4_FRAGMENT_OFFSET = 0x1fff,

    NET_IPV6_VERSION = 0, /* version 6 in the upper 4 bits, then traffic class and flow label */
    NET_IPV6_LEN = 4,     /* of what follows the header */
    NET_IPV6_NEXT = 6,    /* as PROTO */
    NET_IPV6_HOPS = 7,
    NET_IPV6_SRC = 8,
    NET_IPV6_DST = 24,
    NET_IPV6_HEADER = 40, /* bytes */

    NET_PROTO_HOP_BY_HOP = 0, /* values of PROTO and NEXT; this and those marked: IPv6 only */
    NET_PROTO_ICMP = 1,
    NET_PROTO_IGMP = 2,
    NET_PROTO_TCP = 6,
    NET_PROTO_UDP = 17,
    NET_PROTO_ROUTING = 43,        /* IPv6 */
    NET_PROTO_FRAGMENT = 44,       /* IPv6 */
    NET_PROTO_AUTHENTICATION = 51, /* IPv6 */
    NET_PROTO_ICMPV6 = 58,
    NET_PROTO_NONE = 59,    /* IPv6 */
    NET_PROTO_OPTIONS = 60, /* IPv6: for the destination */
};

/* ---- UDP, TCP */

enum {
    NET_UDP_SRC = 0,
    NET_UDP_DST = 2,
    NET_UDP_LEN = 4,      /* of header and payload */
    NET_UDP_CHECKSUM = 6, /* 0: none (IPv4 only); one that is 0 is sent as 0xffff */
    NET_UDP_HEADER = 8,   /* bytes */

    NET_TCP_SRC = 0,
    NET_TCP_DST = 2,
    NET_TCP_SEQ = 4,
    NET_TCP_ACK = 8,
    NET_TCP_OFFSET = 12, /* length of the header in words of 4 bytes, in the upper 4 bits */
    NET_TCP_FLAGS = 13,
    NET_TCP_WINDOW = 14,
    NET_TCP_CHECKSUM = 16,
    NET_TCP_URGENT = 18,
    NET_TCP_HEADER = 20, /* bytes, without options */

    NET_TCP_FIN = 0x01, /* bits of FLAGS */
    NET_TCP_SYN = 0x02,
    NET_TCP_RST = 0x04,
    NET_TCP_PSH = 0x08,
    NET_TCP_HAS_ACK = 0x10,

    NET_TCP_OPTION_END = 0, /* kinds of options */
    NET_TCP_OPTION_NOP = 1,
    NET_TCP_OPTION_MSS = 2,
};

/* ---- ICMP of both families */

enum {
    NET_ICMP_TYPE = 0,
    NET_ICMP_CODE = 1,
    NET_ICMP_CHECKSUM = 2, /* of all that follows the IP header; ICMPv6: with the pseudo header */
    NET_ICMP_ID = 4,       /* of echo messages */
    NET_ICMP_SEQUENCE = 6,
    NET_ICMP_MTU4 = 6,   /* of code 4 of UNREACHABLE: 2 bytes */
    NET_ICMP_MTU6 = 4,   /* of TOO_BIG: 4 bytes */
    NET_ICMP_HEADER = 8, /* bytes; errors: what they are about follows */

    NET_ICMP_ECHO_REPLY = 0, /* values of TYPE, IPv4 */
    NET_ICMP_UNREACHABLE = 3,
    NET_ICMP_REDIRECT = 5,
    NET_ICMP_ECHO = 8,
    NET_ICMP_TIME_EXCEEDED = 11,
    NET_ICMP_PARAMETER = 12,

    NET_ICMPV6_UNREACHABLE = 1, /* values of TYPE, IPv6 */
    NET_ICMPV6_TOO_BIG = 2,
    NET_ICMPV6_TIME_EXCEEDED = 3,
    NET_ICMPV6_PARAMETER = 4,
    NET_ICMPV6_ECHO = 128,
    NET_ICMPV6_ECHO_REPLY = 129,
    NET_ICMPV6_ROUTER_SOLICIT = 133,
    NET_ICMPV6_ROUTER_ADVERT = 134,
    NET_ICMPV6_NEIGHBOR_SOLICIT = 135,
    NET_ICMPV6_NEIGHBOR_ADVERT = 136,
    NET_ICMPV6_REDIRECT = 137,

    NET_ND_TARGET = 8, /* of NEIGHBOR_*: 16 bytes */
    NET_ND_OPTIONS = 24,
};

/* ---- the Internet checksum (RFC 1071)
 *
 * A sum is in 16 bits and of big-endian words; a checksum is its complement, to be put with net_put16.
 */

/* SUM (0 at first) and the words of LEN bytes at DATA. Of several parts each but the last has even length. */
uint16_t net_sum(uint16_t sum, const void *data, size_t len);

/* The same with one word more. */
static inline uint16_t net_sum16(uint16_t sum, uint16_t word)
{
    uint32_t both = (uint32_t)sum + word;
    return (uint16_t)(both + (both >> 16));
}

/* Of the pseudo header of TCP, UDP and ICMPv6: SRC and DST of ADDR_LEN bytes (4 or 16), LEN bytes of PROTO.
 */
uint16_t net_sum_pseudo(const uint8_t *src, const uint8_t *dst, size_t addr_len, uint8_t proto, uint32_t len);

/* Of LEN bytes at DATA, where the checksum's field is 0; or, with the field as it came, 0 if it is right. */
static inline uint16_t net_checksum(uint16_t sum, const void *data, size_t len)
{
    return (uint16_t)~net_sum(sum, data, len);
}

/*
 * What CHECKSUM becomes when a word, or LEN bytes (an even number at an even place), of what it is about
 * changes (RFC 1624). A UDP checksum of 0 is none and stays so by the caller; a new one of 0 is sent as
 * 0xffff.
 */
static inline uint16_t net_checksum_update16(uint16_t checksum, uint16_t from, uint16_t to)
{
    return (uint16_t)~net_sum16(net_sum16((uint16_t)~checksum, (uint16_t)~from), to);
}
uint16_t net_checksum_update(uint16_t checksum, const void *from, const void *to, size_t len);

/* What an IPv6 packet carries above its extension headers. */
struct net_upper {
    uint8_t proto;
    uint8_t passed;    /* of enum net_passed */
    uint32_t at;       /* offset in the packet, which can lie behind its end */
    uint32_t fragment; /* of the fragment header, or 0 */
};

enum net_passed {
    NET_PASSED_OPTIONS = 1,
    NET_PASSED_ROUTING = 2,
    NET_PASSED_FRAGMENT = 4,
    NET_PASSED_AUTHENTICATION = 8,
    NET_PASSED_REST =
        16, /* this is not the first fragment: what it carries cannot be known, and AT is its data */
};

/* Says whether the extension headers lie in the first KNOWN bytes at IP, at least a header; and that it is in
 * fragments once at most. */
int net_upper(const uint8_t *ip, uint32_t known, struct net_upper *upper);

/* Whether a type of ICMPv6 is one of neighbor discovery. */
static inline int net_is_nd(uint8_t type)
{
    return type >= NET_ICMPV6_ROUTER_SOLICIT && type <= NET_ICMPV6_REDIRECT;
}

#endif
