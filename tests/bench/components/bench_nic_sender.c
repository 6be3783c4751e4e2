/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_nic_sender.c: writes frames as fast as they are taken. Directly to a server the stream says how fast
 * that is; a switch would drop what its receiver does not take, so there the receiver answers, and no more
 * than a window is under way. So through a router, where frames are UDP to the receiver's address.
 */
#include <os/component.h>
#include <os/config_rom.h>

#include "bench_nic.h"
#include "meter.h"

OS_MANIFEST("requires: [Nic]\n"
            "ram: 4M\n"
            "caps: 60\n"
            "config: { batch: u64, answers: bool, router: bool }\n");

static struct os_env *env;
static struct os_config_rom config;
static struct os_nic_session nic;
static struct os_nic_frames_source tx;
static struct os_nic_frames_sink rx;
static struct meter meter = { .chunk = 1 };
static uint8_t head[BENCH_NIC_HEADERS]; /* of each frame */
static uint32_t head_len;

static uint32_t take_answers(void)
{
    struct os_nic_frames_packet packet;
    uint32_t count = 0;
    for (; os_nic_frames_sink_get(&rx, &packet); count++)
        os_nic_frames_sink_ack(&rx, &packet);
    os_nic_frames_source_reclaim(&tx);
    return count;
}

static void write_frame(void)
{
    const uint32_t half = OS_NIC_STREAM.slots / 2;
    struct os_nic_frames_packet packet;
    os_err err;
    while ((err = os_nic_frames_source_alloc(&tx, BENCH_NIC_LEN, &packet)) == OS_ERR_BUSY)
        if (!os_nic_frames_source_reclaim(&tx))
            os_require(env, os_nic_frames_source_wait(&tx, half, OS_NEVER), "wait");
    os_require(env, err, "alloc");
    payload_write(packet.data, BENCH_NIC_LEN);
    memcpy(packet.data, head, head_len);
    os_require(env, os_nic_frames_source_submit(&tx, &packet), "submit");
}

static void run(int answers)
{
    for (uint32_t room = BENCH_NIC_WINDOW;; meter_tick(&meter), room -= answers) {
        for (uint32_t more; answers && !room; room += more * BENCH_NIC_CREDIT) {
            os_nic_frames_source_flush(&tx);
            more = take_answers();
            if (!more)
                os_require(env, os_nic_frames_sink_wait(&rx, OS_NEVER), "answer");
        }
        write_frame();
    }
}

static void make_head(void)
{
    bench_nic_head(head, bench_nic_receiver, bench_nic_sender);
    head_len = OS_NIC_HEADER;
}

/* The router is asked where it is until it says so; from then on frames are for it. */
static void make_routed_head(void)
{
    struct os_nic_frames_packet packet;
    struct os_nic_info info;
    os_require(env, os_nic_info(nic.cap, &info), "info");
    for (int known = 0; !known;) {
        os_require(env, os_nic_frames_source_alloc(&tx, BENCH_NIC_ARP, &packet), "alloc");
        bench_nic_ask(packet.data, info.mac, bench_nic_sender_ip);
        os_require(env, os_nic_frames_source_submit(&tx, &packet), "submit");
        os_nic_frames_source_flush(&tx);
        os_err err = os_nic_frames_sink_wait(&rx, os_clock_now() + 10 * OS_MS);
        if (err && err != OS_ERR_DEADLINE)
            os_fail(env, err, "the router's address");
        for (; os_nic_frames_sink_get(&rx, &packet); os_nic_frames_sink_ack(&rx, &packet)) {
            if (packet.len < BENCH_NIC_ARP ||
                net_get16((const uint8_t *)packet.data + NET_ETH_TYPE) != NET_ETH_ARP)
                continue;
            bench_nic_head(head, (const uint8_t *)packet.data + NET_ETH_SRC, info.mac);
            known = 1;
        }
        os_nic_frames_source_reclaim(&tx);
    }
    bench_nic_udp(head, bench_nic_sender_ip, BENCH_NIC_PORT, bench_nic_receiver_ip, BENCH_NIC_PORT,
                  payload + BENCH_NIC_HEADERS, BENCH_NIC_LEN);
    head_len = BENCH_NIC_HEADERS;
}

/* Both sides have to be there before the first frame, or it is lost and never answered. */
static void meet(void)
{
    while (!take_answers()) {
        os_err err;
        for (int i = 0; i < BENCH_NIC_CREDIT; i++)
            write_frame();
        os_nic_frames_source_flush(&tx);
        err = os_nic_frames_sink_wait(&rx, os_clock_now() + 10 * OS_MS);
        if (err && err != OS_ERR_DEADLINE)
            os_fail(env, err, "answer");
    }
}

void component_construct(struct os_env *given)
{
    env = given;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "config");
    os_config_ref root = os_config_root(&config.config);
    int router = os_config_bool(&config.config, root, "router", 0);
    int answers = router || os_config_bool(&config.config, root, "answers", 0);
    meter.batch = os_config_u64(&config.config, root, "batch", 50 * OS_MS);
    os_require(env, os_nic_open(env, "", "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
    if (router)
        make_routed_head();
    else
        make_head();
    if (answers)
        meet();
    run(answers);
}
