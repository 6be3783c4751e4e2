/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_peer.c: two of these on a network throw frames of all lengths back and forth, and check them. Each
 * begins with number 0 and answers number N by N + 1, so that it does not matter who is there first; the one
 * that gets the last number says so and, if its config wants that, ends.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/nic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("requires: [Nic]\n"
            "ram: 3M\n"
            "caps: 40\n"
            "config: { count: u32, end: bool }\n");

static struct os_env *env;
static struct os_config_rom config;
static struct os_nic_session nic;
static struct os_nic_info info;
static struct os_nic_frames_source tx;
static struct os_nic_frames_sink rx;
static uint32_t count;
static int ends;

static uint32_t len_of(uint32_t number)
{
    return OS_NIC_HEADER + 4 + number * 7 % (OS_NIC_MTU - 3);
}

static uint8_t byte_of(uint32_t number, uint32_t at)
{
    return (uint8_t)(number * 31 + at);
}

static void send(uint32_t number, const uint8_t *to)
{
    struct os_nic_frames_packet packet;
    os_nic_frames_source_reclaim(&tx);
    os_require(env, os_nic_frames_source_alloc(&tx, len_of(number), &packet), "alloc");
    uint8_t *data = packet.data;
    memcpy(data, to, 6);
    memcpy(data + 6, info.mac, 6);
    data[12] = 0x88;
    data[13] = 0xb5;
    memcpy(data + OS_NIC_HEADER, &number, sizeof(number));
    for (uint32_t at = OS_NIC_HEADER + 4; at < packet.len; at++)
        data[at] = byte_of(number, at);
    os_require(env, os_nic_frames_source_submit(&tx, &packet), "submit");
    os_nic_frames_source_flush(&tx);
}

static void wrong(uint32_t number)
{
    printf("frame %u is wrong\n", number);
    abort();
}

static void answer(const uint8_t *data, uint32_t len)
{
    uint32_t number;
    memcpy(&number, data + OS_NIC_HEADER, sizeof(number));
    if (len < OS_NIC_HEADER + 4 || len != len_of(number))
        wrong(number);
    for (uint32_t at = OS_NIC_HEADER + 4; at < len; at++)
        if (data[at] != byte_of(number, at))
            wrong(number);
    if (number < count) {
        send(number + 1, data + 6);
        return;
    }
    printf("%u frames there and back\n", count);
    if (ends)
        os_exit(env, 0);
}

static void take(struct os_nic_frames_sink *sink)
{
    struct os_nic_frames_packet packet;
    while (os_nic_frames_sink_get(sink, &packet)) {
        answer(packet.data, packet.len);
        os_nic_frames_sink_ack(sink, &packet);
    }
}

void component_construct(struct os_env *given)
{
    static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
    env = given;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "config");
    count = (uint32_t)os_config_u64(&config.config, os_config_root(&config.config), "count", 100);
    ends = os_config_bool(&config.config, os_config_root(&config.config), "end", 0);
    rx.handle = take;
    os_require(env, os_nic_open(env, "", "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
    os_require(env, os_nic_info(nic.cap, &info), "info");
    printf("on the network\n");
    send(0, everybody);
}
