/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_nic_receiver.c: reads all frames that come to it, and answers some of them, so that no more come. */
#include <os/component.h>

#include "bench_nic.h"

OS_MANIFEST("requires: [Nic]\n"
            "ram: 4M\n"
            "caps: 60\n");

static struct os_env *env;
static struct os_nic_session nic;
static struct os_nic_frames_source tx;
static struct os_nic_frames_sink rx;
static uint32_t count;

static void answer(void)
{
    struct os_nic_frames_packet packet;
    os_nic_frames_source_reclaim(&tx);
    os_require(env, os_nic_frames_source_alloc(&tx, BENCH_NIC_SHORT, &packet), "alloc");
    memset(packet.data, 0, packet.len);
    bench_nic_head(packet.data, bench_nic_sender, bench_nic_receiver);
    os_require(env, os_nic_frames_source_submit(&tx, &packet), "submit");
    os_nic_frames_source_flush(&tx);
}

static void take(struct os_nic_frames_sink *sink)
{
    struct os_nic_frames_packet packet;
    while (os_nic_frames_sink_get(sink, &packet)) {
        payload_read(packet.data, packet.len);
        os_nic_frames_sink_ack(sink, &packet);
        if (++count % BENCH_NIC_CREDIT == 0)
            answer();
    }
}

void component_construct(struct os_env *given)
{
    env = given;
    rx.handle = take;
    os_require(env, os_nic_open(env, "", "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
}
