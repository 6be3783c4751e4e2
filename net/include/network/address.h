/* SPDX-License-Identifier: BSD-2-Clause */
/* address.h: internet addresses of both families, and text of them. No state; any thread. */
#ifndef NETWORK_ADDRESS_H
#define NETWORK_ADDRESS_H

#include <os/types.h>

enum net_family {
    NET_ANY = 0,  /* none is given: any address of either family */
    NET_IPV4 = 4, /* bytes[0..3] */
    NET_IPV6 = 6, /* bytes[0..15] */
};

/* An address with a port. Zeroed is any address and any port. */
struct net_addr {
    uint8_t family; /* enum net_family */
    uint8_t zone;   /* 0; of what a link-local IPv6 address came in on, to answer it */
    uint16_t port;  /* TCP and UDP; native byte order, 0 is any or none */
    uint8_t bytes[16];
};

/* "[" 39 "%" 3 "]:" 5, NUL */
#define NET_ADDR_TEXT 56

/*
 * Reads "10.0.0.1", "10.0.0.1:80", "::1", "[fe80::1]:80", ":80", "any". Without a port, the one in ADDR stays
 * 0. OS_ERR_BAD_ARG.
 */
OS_MUST_CHECK os_err net_addr_parse(const char *text, struct net_addr *addr);

/*
 * For net_stack.family: that of an address which is written out as TEXT, so that nobody tries before there is
 * one to try from; NET_ANY for a name, and for an address of the link, for which every link has one.
 */
enum net_family net_addr_family(const char *text);
/* Writes the same, with the port unless it is 0 (RFC 5952 for IPv6); returns TEXT. */
const char *net_addr_format(const struct net_addr *addr, char text[NET_ADDR_TEXT]);
/* Same family, address and port; the zone does not count unless both have one. */
int net_addr_equal(const struct net_addr *a, const struct net_addr *b);

/* "02:00:00:00:00:01"; OS_ERR_BAD_ARG. */
OS_MUST_CHECK os_err net_mac_parse(const char *text, uint8_t mac[6]);
const char *net_mac_format(const uint8_t mac[6], char text[18]);

/* A range of addresses: "10.0.0.0/8", "fd00::/64". The address may have bits beyond the prefix. */
struct net_range {
    struct net_addr addr;
    uint8_t prefix; /* bits */
};
OS_MUST_CHECK os_err net_range_parse(const char *text, struct net_range *range);
int net_range_has(const struct net_range *range, const struct net_addr *addr);

#endif
