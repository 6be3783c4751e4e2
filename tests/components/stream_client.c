/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_client.c: sends packets to a server and takes others from it, all at its entrypoint, and checks
 * them. With a number of packets as its config says it ends when they have come both ways; without, it goes
 * on, and when the server ends, with the next one.
 */
#include <stdio.h>
#include <stdlib.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "stream.h"

OS_MANIFEST("requires: [Stream]\n"
            "ram: 2M\n"
            "caps: 60\n"
            "config: { packets: u32 }\n");

enum { TOLD = 1000 };

static struct os_env *env;
static struct stream_session session;
static struct stream_up_source source;
static struct stream_down_sink sink;
static uint32_t packets;          /* to be moved, or 0 */
static uint32_t sent, acked, got; /* in this session */

static void wrong(const char *what, uint32_t n)
{
    printf("packet %u: %s\n", n, what);
    abort();
}

static void progress(uint32_t *count, const char *direction)
{
    if (++*count % TOLD == 0)
        printf("%u packets %s\n", *count, direction);
    if (packets && acked == packets && got >= packets) {
        printf("all there\n");
        stream_up_source_fini(&source);
        stream_down_sink_fini(&sink);
        stream_close(&session);
        os_exit(env, 0);
    }
}

static uint32_t sum_of(uint32_t n)
{
    static uint8_t bytes[8192];
    return stream_fill(bytes, stream_len(n), n);
}

static void send(struct stream_up_source *up)
{
    struct stream_up_packet packet;
    while (stream_up_source_acked(up, &packet)) {
        if (packet.desc.n != acked || packet.desc.sum != sum_of(acked))
            wrong("wrong acknowledgement", acked);
        stream_up_source_free(up, &packet);
        progress(&acked, "up");
    }
    while ((!packets || sent < packets) && !stream_up_source_alloc(up, stream_len(sent), &packet)) {
        stream_fill(packet.data, packet.len, sent);
        packet.desc.n = sent++;
        if (stream_up_source_submit(up, &packet))
            break;
    }
    stream_up_source_arm(up, 4);
}

static void take(struct stream_down_sink *down)
{
    struct stream_down_packet packet;
    while (stream_down_sink_get(down, &packet)) {
        if (packet.desc.n != got || packet.len != stream_len(got) ||
            stream_sum(packet.data, packet.len) != packet.desc.sum || packet.desc.sum != sum_of(got))
            wrong("wrong content", got);
        stream_down_sink_ack(down, &packet);
        progress(&got, "down");
    }
}

static void begin(void)
{
    static const struct os_packet_size size = { .slots = 16, .bulk = 64 * 1024 };
    sent = acked = got = 0;
    os_require(env, stream_open(env, "", "", &session), "Stream");
    os_require(env, stream_up_connect(&source, env->ep, session.cap, size), "up");
    os_require(env, stream_down_connect(&sink, env->ep, session.cap, size), "down");
    send(&source);
}

/* Both streams end with the session; the first that says so begins anew. */
static void up_ended(struct stream_up_source *up)
{
    printf("the stream has ended: %s\n", stream_up_source_why(up));
    stream_up_source_fini(&source);
    stream_down_sink_fini(&sink);
    stream_close(&session);
    begin();
}

void component_construct(struct os_env *the_env)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = the_env;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    packets = (uint32_t)os_config_u64(&config, os_config_root(&config), "packets", 0);
    source.handle = send;
    source.ended = up_ended;
    sink.handle = take;
    begin();
}
