/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_nic_sender.c: writes frames as fast as they are taken. Directly to a server the stream says how fast
 * that is; a switch would drop what its receiver does not take, so there the receiver answers, and no more
 * than a window is under way.
 */
#include <os/component.h>
#include <os/config_rom.h>

#include "bench_nic.h"
#include "meter.h"

OS_MANIFEST("requires: [Nic]\n"
            "ram: 4M\n"
            "caps: 60\n"
            "config: { batch: u64, answers: bool }\n");

static struct os_env *env;
static struct os_config_rom config;
static struct os_nic_session nic;
static struct os_nic_frames_source tx;
static struct os_nic_frames_sink rx;
static struct meter meter = { .chunk = 1 };

static uint32_t take_answers(void)
{
    struct os_nic_frames_packet packet;
    uint32_t count = 0;
    for (; os_nic_frames_sink_get(&rx, &packet); count++)
        os_nic_frames_sink_ack(&rx, &packet);
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
    bench_nic_head(packet.data, bench_nic_receiver, bench_nic_sender);
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
    int answers = os_config_bool(&config.config, root, "answers", 0);
    meter.batch = os_config_u64(&config.config, root, "batch", 50 * OS_MS);
    os_require(env, os_nic_open(env, "", "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
    if (answers)
        meet();
    run(answers);
}
