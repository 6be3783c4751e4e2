/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_nic_receiver.c: reads all frames that come to it, and answers some of them, so that no more come.
 * Behind a router it says once where it is, and answers to where frames came from.
 */
#include <os/component.h>
#include <os/config_rom.h>

#include "bench_nic.h"

OS_MANIFEST("requires: [Nic]\n"
            "ram: 4M\n"
            "caps: 60\n"
            "config: { router: bool }\n");

static struct os_env *env;
static struct os_config_rom config;
static struct os_nic_session nic;
static struct os_nic_frames_source tx;
static struct os_nic_frames_sink rx;
static struct os_nic_info info;
static uint32_t count;
static int router;

static void send(const uint8_t *frame, uint32_t len)
{
    struct os_nic_frames_packet packet;
    os_nic_frames_source_reclaim(&tx);
    os_require(env, os_nic_frames_source_alloc(&tx, len, &packet), "alloc");
    memcpy(packet.data, frame, len);
    os_require(env, os_nic_frames_source_submit(&tx, &packet), "submit");
    os_nic_frames_source_flush(&tx);
}

/* FRAME is a copy of the headers that came. */
static void answer(const uint8_t *frame)
{
    static const uint8_t content[BENCH_NIC_SHORT - BENCH_NIC_HEADERS];
    const uint8_t *ip = frame + OS_NIC_HEADER;
    uint8_t back[BENCH_NIC_SHORT] = { 0 };
    bench_nic_head(back, router ? frame + NET_ETH_SRC : bench_nic_sender, info.mac);
    if (router)
        bench_nic_udp(back, ip + NET_IPV4_DST, BENCH_NIC_PORT, ip + NET_IPV4_SRC,
                      net_get16(ip + NET_IPV4_HEADER + NET_UDP_SRC), content, BENCH_NIC_SHORT);
    send(back, sizeof(back));
}

static void take(struct os_nic_frames_sink *sink)
{
    struct os_nic_frames_packet packet;
    while (os_nic_frames_sink_get(sink, &packet)) {
        uint8_t head[BENCH_NIC_HEADERS];
        int counts = packet.len == BENCH_NIC_LEN;
        payload_read(packet.data, packet.len);
        memcpy(head, payload, sizeof(head));
        os_nic_frames_sink_ack(sink, &packet);
        if (counts && ++count % BENCH_NIC_CREDIT == 0)
            answer(head);
    }
}

void component_construct(struct os_env *given)
{
    env = given;
    rx.handle = take;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "config");
    router = os_config_bool(&config.config, os_config_root(&config.config), "router", 0);
    os_require(env, os_nic_open(env, "", "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
    os_require(env, os_nic_info(nic.cap, &info), "info");
    if (router) {
        uint8_t question[BENCH_NIC_ARP];
        bench_nic_ask(question, info.mac, bench_nic_receiver_ip);
        send(question, sizeof(question));
    }
}
