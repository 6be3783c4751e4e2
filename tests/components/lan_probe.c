/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lan_probe.c: a machine on a network, without a stack, for tests of what is outside: it looks for the
 * gateway, and sends it echoes of many sizes, one after the other; it answers for its own address, and sends
 * each datagram back to where it came from.
 */
#include <network/proto.h>
#include <os/component.h>
#include <os/nic.h>
#include <os/timer.h>
#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

enum {
    IP = NET_ETH_HEADER,
    BODY = IP + NET_IPV4_HEADER,
    ECHOES = 48,
    ECHO_STEP = 31, /* bytes that each is longer than the one before; 48 of them make 1457 */
    FRAME_MAX = OS_NIC_HEADER + OS_NIC_MTU,
};

static const uint8_t own[4] = { 10, 0, 2, 15 }, gateway[4] = { 10, 0, 2, 2 };

static struct {
    struct os_nic_session session;
    struct os_nic_frames_source tx;
    struct os_nic_frames_sink rx;
    struct os_nic_info info;
    struct os_timeouts timeouts;
    struct os_timeout again; /* until the gateway has said where it is, and after an echo that is lost */
    struct os_env *env;
    uint8_t gateway_mac[6];
    int found;         /* the gateway */
    unsigned answered; /* echoes */
} lan;

static void send_frame(const uint8_t *frame, uint32_t len)
{
    struct os_nic_frames_packet packet;
    os_nic_frames_source_reclaim(&lan.tx);
    if (os_nic_frames_source_alloc(&lan.tx, len, &packet))
        return;
    memcpy(packet.data, frame, len);
    packet.desc.flags = 0;
    if (os_nic_frames_source_submit(&lan.tx, &packet))
        os_nic_frames_source_free(&lan.tx, &packet);
}

static void put_ethernet(uint8_t *frame, const uint8_t to[6], uint16_t type)
{
    memcpy(frame + NET_ETH_DST, to, 6);
    memcpy(frame + NET_ETH_SRC, lan.info.mac, 6);
    net_put16(frame + NET_ETH_TYPE, type);
}

static void send_arp(uint16_t operation, const uint8_t to[6], const uint8_t target_mac[6],
                     const uint8_t target[4])
{
    uint8_t frame[NET_ETH_HEADER + NET_ARP_SIZE] = { 0 }, *arp = frame + NET_ETH_HEADER;
    put_ethernet(frame, to, NET_ETH_ARP);
    net_put16(arp + NET_ARP_HARDWARE, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, operation);
    memcpy(arp + NET_ARP_SENDER_MAC, lan.info.mac, 6);
    memcpy(arp + NET_ARP_SENDER_IP, own, 4);
    memcpy(arp + NET_ARP_TARGET_MAC, target_mac, 6);
    memcpy(arp + NET_ARP_TARGET_IP, target, 4);
    send_frame(frame, sizeof(frame));
}

static void put_ip(uint8_t *ip, const uint8_t to[4], uint8_t proto, uint32_t len)
{
    memset(ip, 0, NET_IPV4_HEADER);
    ip[NET_IPV4_VERSION] = 0x45;
    net_put16(ip + NET_IPV4_LEN, NET_IPV4_HEADER + len);
    ip[NET_IPV4_TTL] = 64;
    ip[NET_IPV4_PROTO] = proto;
    memcpy(ip + NET_IPV4_SRC, own, 4);
    memcpy(ip + NET_IPV4_DST, to, 4);
    net_put16(ip + NET_IPV4_CHECKSUM, net_checksum(0, ip, NET_IPV4_HEADER));
}

static uint32_t echo_len(unsigned number)
{
    return NET_ICMP_HEADER + number * ECHO_STEP;
}

static uint8_t echo_byte(unsigned number, uint32_t at)
{
    return (uint8_t)(number * 7 + at * 13 + (at >> 8));
}

static void send_echo(unsigned number)
{
    uint8_t frame[FRAME_MAX] = { 0 }, *icmp = frame + BODY;
    const uint32_t len = echo_len(number);
    put_ethernet(frame, lan.gateway_mac, NET_ETH_IPV4);
    put_ip(frame + IP, gateway, NET_PROTO_ICMP, len);
    icmp[NET_ICMP_TYPE] = NET_ICMP_ECHO;
    net_put16(icmp + NET_ICMP_SEQUENCE, number);
    for (uint32_t i = NET_ICMP_HEADER; i < len; i++)
        icmp[i] = echo_byte(number, i);
    net_put16(icmp + NET_ICMP_CHECKSUM, net_checksum(0, icmp, len));
    send_frame(frame, BODY + len);
}

static void take_arp(const uint8_t *arp, uint32_t len)
{
    if (len < NET_ARP_SIZE)
        return;
    if (net_get16(arp + NET_ARP_OPERATION) == NET_ARP_REQUEST && !memcmp(arp + NET_ARP_TARGET_IP, own, 4))
        send_arp(NET_ARP_REPLY, arp + NET_ARP_SENDER_MAC, arp + NET_ARP_SENDER_MAC, arp + NET_ARP_SENDER_IP);
    if (net_get16(arp + NET_ARP_OPERATION) != NET_ARP_REPLY || memcmp(arp + NET_ARP_SENDER_IP, gateway, 4) ||
        lan.found)
        return;
    lan.found = 1;
    memcpy(lan.gateway_mac, arp + NET_ARP_SENDER_MAC, 6);
    send_echo(0);
}

static void take_icmp(const uint8_t *icmp, uint32_t len)
{
    const unsigned number = lan.answered;
    if (number == ECHOES || len != echo_len(number) || icmp[NET_ICMP_TYPE] != NET_ICMP_ECHO_REPLY ||
        net_get16(icmp + NET_ICMP_SEQUENCE) != number)
        return;
    if (net_checksum(0, icmp, len)) {
        printf("echo %u has a wrong checksum\n", number);
        return;
    }
    for (uint32_t i = NET_ICMP_HEADER; i < len; i++)
        if (icmp[i] != echo_byte(number, i)) {
            printf("echo %u is wrong in byte %u\n", number, (unsigned)i);
            return;
        }
    lan.answered++;
    if (lan.answered == ECHOES)
        printf("the gateway answers: %u echoes\n", ECHOES);
    else
        send_echo(lan.answered);
}

/* Back where it came from; the checksum stays right, for the same words are in it. */
static void take_udp(uint8_t *frame, uint32_t len)
{
    uint8_t *ip = frame + IP, *udp = frame + BODY, to[6], from[4], port[2];
    memcpy(to, frame + NET_ETH_SRC, sizeof(to));
    memcpy(from, ip + NET_IPV4_SRC, sizeof(from));
    memcpy(port, udp + NET_UDP_SRC, sizeof(port));
    put_ethernet(frame, to, NET_ETH_IPV4);
    memcpy(udp + NET_UDP_SRC, udp + NET_UDP_DST, sizeof(port));
    memcpy(udp + NET_UDP_DST, port, sizeof(port));
    put_ip(ip, from, NET_PROTO_UDP, len);
    send_frame(frame, BODY + len);
}

static void take(uint8_t *frame, uint32_t len)
{
    const uint16_t type = net_get16(frame + NET_ETH_TYPE);
    const uint8_t *ip = frame + IP;
    uint32_t body;
    if (type == NET_ETH_ARP)
        take_arp(frame + NET_ETH_HEADER, len - NET_ETH_HEADER);
    if (type != NET_ETH_IPV4 || len < BODY || ip[NET_IPV4_VERSION] != 0x45 ||
        memcmp(ip + NET_IPV4_DST, own, 4) || net_get16(ip + NET_IPV4_LEN) > len - IP ||
        net_get16(ip + NET_IPV4_LEN) < NET_IPV4_HEADER)
        return;
    body = net_get16(ip + NET_IPV4_LEN) - NET_IPV4_HEADER;
    if (ip[NET_IPV4_PROTO] == NET_PROTO_ICMP && body >= NET_ICMP_HEADER)
        take_icmp(frame + BODY, body);
    if (ip[NET_IPV4_PROTO] == NET_PROTO_UDP && body >= NET_UDP_HEADER)
        take_udp(frame, body);
}

static void handle_frames(struct os_nic_frames_sink *sink)
{
    struct os_nic_frames_packet packet;
    uint8_t frame[FRAME_MAX];
    while (os_nic_frames_sink_get(sink, &packet)) {
        const uint32_t len = packet.len;
        if (len >= NET_ETH_HEADER && len <= sizeof(frame)) {
            memcpy(frame, packet.data, len);
            take(frame, len);
        }
        os_nic_frames_sink_ack(sink, &packet);
    }
    os_nic_frames_sink_flush(sink);
    os_nic_frames_source_flush(&lan.tx);
}

/* What is lost is sent again: nobody is outside before the driver runs, or while the next one starts. */
static void handle_again(struct os_timeout *timeout)
{
    if (lan.answered == ECHOES)
        return;
    if (lan.found)
        send_echo(lan.answered);
    else
        send_arp(NET_ARP_REQUEST, net_mac_broadcast, (const uint8_t[6]){ 0 }, gateway);
    os_nic_frames_source_flush(&lan.tx);
    os_require(lan.env, os_timeout_arm(&lan.again, 100 * OS_MS), "cannot arm a time-out");
}

static void handle_room(struct os_nic_frames_source *source)
{
}

void component_construct(struct os_env *env)
{
    lan.env = env;
    os_require(env, os_nic_open(env, "", "", &lan.session), "cannot open Nic");
    lan.tx.handle = handle_room;
    lan.rx.handle = handle_frames;
    os_require(env, os_nic_tx_connect(&lan.tx, env->ep, lan.session.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&lan.rx, env->ep, lan.session.cap, OS_NIC_STREAM), "rx");
    os_require(env, os_nic_info(lan.session.cap, &lan.info), "info");
    os_require(env, os_timeouts_open(&lan.timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&lan.again, &lan.timeouts, handle_again);
    handle_again(&lan.again);
}
