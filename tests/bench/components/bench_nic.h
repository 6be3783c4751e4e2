/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_nic.h: frames of benchmarks, from one component to another: directly, through a switch, or as UDP
 * through a router that puts its own address in place of the sender's.
 */
#ifndef BENCH_NIC_H
#define BENCH_NIC_H

#include <network/proto.h>
#include <os/nic.h>

#include "payload.h"

enum {
    BENCH_NIC_LEN = OS_NIC_HEADER + OS_NIC_MTU,
    BENCH_NIC_CREDIT = 64,  /* frames that the receiver answers with one */
    BENCH_NIC_WINDOW = 128, /* frames that are under way at most */
    BENCH_NIC_UDP = NET_IPV4_HEADER + NET_UDP_HEADER,
    BENCH_NIC_HEADERS = OS_NIC_HEADER + BENCH_NIC_UDP,
    BENCH_NIC_SHORT = BENCH_NIC_HEADERS + 4, /* bytes of such an answer */
    BENCH_NIC_ARP = OS_NIC_HEADER + NET_ARP_SIZE,
    BENCH_NIC_PORT = 9, /* of UDP: who discards */
};

/* Addresses that the scenario gives them by policy. */
static const uint8_t bench_nic_sender[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t bench_nic_receiver[6] = { 2, 0, 0, 0, 0, 2 };

/* Those that they have on both sides of a router, which is 1 on each. */
static const uint8_t bench_nic_sender_ip[4] = { 10, 0, 1, 2 };
static const uint8_t bench_nic_receiver_ip[4] = { 10, 0, 2, 2 };

static inline void bench_nic_head(uint8_t *frame, const uint8_t *to, const uint8_t *from)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = 0x88;
    frame[13] = 0xb5;
}

/* Headers of UDP over IPv4 for a frame of LEN bytes with the PAYLOAD that follows them; checksums are made.
 */
static inline void bench_nic_udp(uint8_t head[BENCH_NIC_HEADERS], const uint8_t *src, uint16_t src_port,
                                 const uint8_t *dst, uint16_t dst_port, const void *data, uint32_t len)
{
    const uint16_t size = (uint16_t)(len - OS_NIC_HEADER), udp_size = (uint16_t)(size - NET_IPV4_HEADER);
    uint8_t *ip = head + OS_NIC_HEADER, *udp = ip + NET_IPV4_HEADER;
    net_put16(head + NET_ETH_TYPE, NET_ETH_IPV4);
    memset(ip, 0, BENCH_NIC_UDP);
    ip[NET_IPV4_VERSION] = 0x45;
    net_put16(ip + NET_IPV4_LEN, size);
    net_put16(ip + NET_IPV4_FRAGMENT, NET_IPV4_DONT_FRAGMENT);
    ip[NET_IPV4_TTL] = 64;
    ip[NET_IPV4_PROTO] = NET_PROTO_UDP;
    memcpy(ip + NET_IPV4_SRC, src, 4);
    memcpy(ip + NET_IPV4_DST, dst, 4);
    net_put16(ip + NET_IPV4_CHECKSUM, net_checksum(0, ip, NET_IPV4_HEADER));
    net_put16(udp + NET_UDP_SRC, src_port);
    net_put16(udp + NET_UDP_DST, dst_port);
    net_put16(udp + NET_UDP_LEN, udp_size);
    uint16_t sum = net_sum_pseudo(src, dst, 4, NET_PROTO_UDP, udp_size);
    sum = net_checksum(net_sum(sum, udp, NET_UDP_HEADER), data, len - BENCH_NIC_HEADERS);
    net_put16(udp + NET_UDP_CHECKSUM, sum ? sum : 0xffff);
}

/* A question for the router's address, which tells it the asker's. */
static inline void bench_nic_ask(uint8_t frame[BENCH_NIC_ARP], const uint8_t mac[6], const uint8_t ip[4])
{
    uint8_t *arp = frame + OS_NIC_HEADER;
    memset(frame, 0xff, 6);
    memcpy(frame + NET_ETH_SRC, mac, 6);
    net_put16(frame + NET_ETH_TYPE, NET_ETH_ARP);
    memset(arp, 0, NET_ARP_SIZE);
    net_put16(arp + NET_ARP_HARDWARE, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, NET_ARP_REQUEST);
    memcpy(arp + NET_ARP_SENDER_MAC, mac, 6);
    memcpy(arp + NET_ARP_SENDER_IP, ip, 4);
    memcpy(arp + NET_ARP_TARGET_IP, ip, 3);
    arp[NET_ARP_TARGET_IP + 3] = 1;
}

#endif
