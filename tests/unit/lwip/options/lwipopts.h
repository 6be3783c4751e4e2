/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwipopts.h: our options (net/lwip/lwipopts.h) as lwIP's own suites can look at them. Each line says why it
 * differs; nothing else does.
 */
#ifndef TESTS_LWIP_OPTS_H
#define TESTS_LWIP_OPTS_H

#include "../../../../net/lwip/lwipopts.h"

/* they ask the counters what has happened; the code that counts changes nothing else */
#undef LWIP_STATS
#define LWIP_STATS 1
#define MIB2_STATS 1
#define MEM_STATS  1
#define MEMP_STATS 1
/* what was asked for twice or never is counted instead of asserted: the suite does it on purpose */
#define LWIP_MEM_ILLEGAL_FREE(msg)
/* the suites mem and pbuf count memory from none on, and names have a table from the start */
#undef LWIP_DNS
#define LWIP_DNS 0
#undef LWIP_ND6_RDNSS_MAX_DNS_SERVERS
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 0
/* the suite netif is about this callback, which we have no use for */
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
/* the suites name the pool of timers, which there is none of with timers of our own */
#define MEMP_SYS_TIMEOUT 30
/* frames of the suites etharp, dhcp and ip6 begin with their Ethernet header */
#undef ETH_PAD_SIZE
#define ETH_PAD_SIZE 0
/* conditions of the preprocessor, and windows that fit into 16 bits: with us they are words that follow from
 * the component's memory */
#undef TCP_WND
#define TCP_WND (10 * TCP_MSS)
#undef TCP_SND_BUF
#define TCP_SND_BUF (12 * TCP_MSS)
/* the suite tcp begins near the largest sequence number, which it brings about by lwIP's own way to begin */
#undef LWIP_HOOK_TCP_ISN
/* and counts ticks of a quarter of a second until it wants something sent again */
#undef TCP_TMR_INTERVAL
#define TCP_TMR_INTERVAL 250
/* the suite pbuf wants chains of those that come in, of sizes as they are with lwIP's own options */
#define PBUF_POOL_BUFSIZE 592
/* the suite dhcp goes through the whole exchange, which ends with a question for the address */
#undef DHCP_DOES_ARP_CHECK
#define DHCP_DOES_ARP_CHECK 1
/* stricter than ours: a checksum that was made while copying is made again when it is sent */
#define TCP_CHECKSUM_ON_COPY_SANITY_CHECK            1
#define TCP_CHECKSUM_ON_COPY_SANITY_CHECK_FAIL(text) LWIP_ASSERT("checksum made while copying", 0)

#endif
