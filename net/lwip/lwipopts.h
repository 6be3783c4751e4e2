/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwipopts.h: lwIP's options. No threads and no operating system beneath it: net/lib drives it from the
 * entrypoint. Memory is counted (port.c) and bounded by the component's config, so that pools and tables have
 * no numbers of their own here, but for those that lwIP makes of fixed size.
 */
#ifndef NET_LWIP_OPTS_H
#define NET_LWIP_OPTS_H

/* ---- driven from outside ---- */

#define NO_SYS                     1
#define SYS_LIGHTWEIGHT_PROT       0
#define LWIP_NETCONN               0
#define LWIP_SOCKET                0
#define LWIP_TIMERS                1
#define LWIP_TIMERS_CUSTOM         1 /* net/lib/timers.c: nothing wakes up while nothing is due */
#define LWIP_STATS                 0
#define LWIP_HOOK_FILENAME         "port.h"
#define LWIP_HOOK_TCP_ISN          net_lwip_isn
#define LWIP_HOOK_ND6_GET_GW       net_lwip_gateway6
#define LWIP_HOOK_TCP_INPACKET_PCB net_lwip_segment
#define LWIP_HOOK_IP4_INPUT        net_lwip_ip4
#define LWIP_HOOK_IP6_INPUT        net_lwip_ip6

/* ---- memory: everything from one account, net_lwip_malloc ---- */

#define MEM_ALIGNMENT            8
#define MEM_LIBC_MALLOC          1
#define MEMP_MEM_MALLOC          1
#define mem_clib_malloc          net_lwip_malloc
#define mem_clib_calloc          net_lwip_calloc
#define mem_clib_free            net_lwip_free
#define ETH_PAD_SIZE             2 /* so that what comes after the Ethernet header is at a multiple of 4 */
#define PBUF_LINK_HLEN           (14 + ETH_PAD_SIZE)
#define LWIP_SUPPORT_CUSTOM_PBUF 1

/* ---- what is there ---- */

#define LWIP_IPV4                  1
#define LWIP_IPV6                  1
#define LWIP_ARP                   1
#define LWIP_ICMP                  1
#define LWIP_RAW                   1
#define LWIP_UDP                   1
#define LWIP_TCP                   1
#define LWIP_DHCP                  1
#define LWIP_DNS                   1
#define LWIP_IGMP                  1
#define LWIP_ICMP6                 1
#define LWIP_IPV6_MLD              1
#define LWIP_IPV6_AUTOCONFIG       1
#define LWIP_IPV6_DHCP6            0
#define LWIP_HAVE_LOOPIF           1
#define LWIP_NETIF_LOOPBACK        1
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_LINK_CALLBACK   0
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_MULTICAST_TX_OPTIONS  1
#define LWIP_BROADCAST_PING        0
#define LWIP_MULTICAST_PING        0
#define IP_FORWARD                 0

/* ---- checksums: made always, checked unless the frame came with OS_NIC_INTACT ---- */

#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY        1
#define LWIP_CHKSUM                  net_lwip_sum

/* ---- tables of fixed size ---- */

#define ARP_TABLE_SIZE                 127
#define ARP_QUEUEING                   1
#define ARP_QUEUE_LEN                  8
#define ETHARP_SUPPORT_STATIC_ENTRIES  1
#define LWIP_ND6_NUM_NEIGHBORS         64
#define LWIP_ND6_NUM_DESTINATIONS      64
#define LWIP_ND6_NUM_PREFIXES          8
#define LWIP_ND6_NUM_ROUTERS           4
#define LWIP_ND6_QUEUEING              1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_IPV6_NUM_ADDRESSES        4
#define IP_REASS_MAX_PBUFS             96 /* two datagrams of 64 KiB in packets of 1500 bytes */
#define IPV6_FRAG_COPYHEADER           1
#define DNS_TABLE_SIZE                 16
#define DNS_MAX_SERVERS                3
#define LWIP_DNS_SECURE                7 /* random ids and ports, and no question that is under way twice */
#define LWIP_DHCP_MAX_DNS_SERVERS      DNS_MAX_SERVERS
#define DHCP_OPTIONS_LEN               100 /* with a name of 63 bytes */
#define DHCP_DOES_ARP_CHECK            0 /* a second in which nothing would work; servers of ours do not give twice */

/* ---- TCP ---- */

#define TCP_MSS            1460
#define TCP_TMR_INTERVAL   50 /* ms: acknowledgements wait at most so long, retransmission at least 6 times */
#define TCP_MSL            30000
#define TCP_LISTEN_BACKLOG 1
#define TCP_QUEUE_OOSEQ    1
#define LWIP_TCP_SACK_OUT  1
#define LWIP_TCP_KEEPALIVE 1
#define LWIP_WND_SCALE     1
#define TCP_RCV_SCALE      5
#define SO_REUSE           1
#define TCP_OVERSIZE       TCP_MSS
/* The sizes that follow from `memory` are words that stack.c sets; lwIP's checks of options see the largest.
 */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#ifdef NET_LWIP_CHECKS_OPTIONS
#define TCP_WND     0x100000
#define TCP_SND_BUF 0x100000
#else
#define TCP_WND     net_lwip_window
#define TCP_SND_BUF net_lwip_send_buffer
#endif
#define TCP_SND_QUEUELEN ((4 * (TCP_SND_BUF) + (TCP_MSS - 1)) / (TCP_MSS))
#define TCP_OOSEQ_MAX_PBUFS                                                                                  \
    0 /* what is out of order is bounded by the window, and freed when memory is short */

#endif
