/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_client.c: repeats one operation of bench_server, the one that its config names, for ever, and prints
 * figures (meter.h). The operation "wait" calls once by each of its sessions, says so, and waits.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "bench.h"
#include "meter.h"
#include "payload.h"

OS_MANIFEST("requires: [Bench]\n"
            "ram: 2M\n"
            "caps: 60\n"
            "config: { run: string, batch: u64, bytes: u32, slots: u32, sessions: u32 }\n");

enum { MAX_SESSIONS = 64, FEW_CAPS = 2, DEADLINE_MS = 1000 };

static struct os_env *env;
static struct bench_session sessions[MAX_SESSIONS];
static struct os_rom_module config_rom;
static struct meter meter;
static uint32_t bytes; /* of the message of "put", of a packet */
static uint32_t slots; /* packets of a stream that are under way at most */

static void run_echo(bench_cap bench)
{
    uint64_t value = 0, same = 0;
    for (;; meter_tick(&meter)) {
        os_require(env, bench_echo(bench, ++value, &same), "echo");
        os_require(env, same == value ? OS_OK : OS_ERR_BAD_MSG, "echo");
    }
}

static void run_put(bench_cap bench)
{
    static uint8_t data[1024];
    if (bytes > sizeof(data))
        os_fail(env, OS_ERR_TOO_LARGE, "bytes");
    for (;; meter_tick(&meter))
        os_require(env, bench_put(bench, data, bytes), "put");
}

static void run_deadline(bench_cap bench)
{
    uint64_t same;
    for (;; meter_tick(&meter))
        os_require(env, bench_echo_by(bench, os_clock_now() + DEADLINE_MS * OS_MS, 1, &same), "echo");
}

/* The capability is one that the server knows nothing of. */
static void run_cap_in(bench_cap bench)
{
    for (;; meter_tick(&meter))
        os_require(env, bench_cap_in(bench, (os_any_cap){ config_rom.session.cap.cap }), "cap_in");
}

static void run_cap_out(bench_cap bench)
{
    os_any_cap cap;
    for (;; meter_tick(&meter)) {
        os_require(env, bench_cap_out(bench, &cap), "cap_out");
        os_cap_drop(cap.cap);
    }
}

static void run_session(bench_cap bench)
{
    struct bench_session session;
    for (;; meter_tick(&meter)) {
        os_require(env, bench_open(env, "", "", &session), "open");
        bench_close(&session);
    }
}

/* The calls of "echo" are made at the entrypoint's end, not in a handler of it; all other sessions are idle.
 */
static void run_wait(bench_cap bench)
{
    printf("waiting\n");
}

/* Half of the packets are to be acknowledged before more are sent, so that both sides work at the same time.
 */
static void run_stream(bench_cap bench)
{
    static struct bench_data_source source;
    struct os_packet_size size = { .slots = slots, .bulk = slots * bytes };
    struct bench_data_packet packet;
    size.bulk = (size.bulk + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    os_require(env, os_session_upgrade(&sessions[0].base, bench_data_ram(size), OS_PACKET_STREAM_CAPS),
               "upgrade");
    os_require(env, bench_stream_connect(&source, env->ep, bench, size), "stream");
    for (;; meter_tick(&meter)) {
        os_err err;
        while ((err = bench_data_source_alloc(&source, bytes, &packet)) == OS_ERR_BUSY) {
            if (!bench_data_source_reclaim(&source))
                os_require(env, bench_data_source_wait(&source, (slots + 1) / 2, OS_NEVER), "wait");
        }
        os_require(env, err, "alloc");
        payload_write(packet.data, bytes);
        os_require(env, bench_data_source_submit(&source, &packet), "submit");
    }
}

/* ---- signals: there, and back to a handler at the entrypoint */

static struct os_signal_handler came_back;
static os_signal_cap there;
static struct os_region page; /* its first 8 bytes: when the server had the signal */
static os_time sent;
static int one_way;

static void signal_back(struct os_signal_handler *handler)
{
    if (one_way) {
        os_time received = __atomic_load_n((os_time *)page.at, __ATOMIC_RELAXED);
        meter_add(&meter, received - sent);
        sent = os_clock_now();
    } else {
        meter_tick(&meter);
    }
    os_signal_submit(there);
}

static void begin_signals(bench_cap bench)
{
    os_signal_cap back;
    os_dataspace_cap ds;
    os_require(env, os_signal_handler_init(&came_back, env->ep, signal_back, &back), "a signal context");
    os_require(env, bench_signals(bench, back, &there, &ds), "signals");
    os_require(env, os_region_attach(&page, ds, OS_ATTACH_READ), "page");
    os_cap_drop(ds.cap);
    os_cap_drop(back.cap);
    sent = os_clock_now();
    os_signal_submit(there);
}

static void run_signal(bench_cap bench)
{
    one_way = 1;
    begin_signals(bench);
}

static const struct {
    const char *name;
    void (*run)(bench_cap bench);
} operations[] = {
    { "echo", run_echo },         { "put", run_put },
    { "deadline", run_deadline }, { "cap-in", run_cap_in },
    { "cap-out", run_cap_out },   { "session", run_session },
    { "signal", run_signal },     { "signal-roundtrip", begin_signals },
    { "stream", run_stream },     { "wait", run_wait },
};

/* Opens COUNT sessions and calls by each of them, so that all are connected. Many get no more caps than they
 * need. */
static void connect_all(uint64_t count)
{
    uint64_t same;
    for (uint64_t i = 0; i < count; i++) {
        os_err err = count == 1 ? bench_open(env, "", "", &sessions[i])
                                : bench_open_with(env, "", "", OS_KIB(16), FEW_CAPS, &sessions[i]);
        os_require(env, err, "open");
        for (unsigned calls = 0; calls < 3; calls++)
            os_require(env, bench_echo(sessions[i].cap, 1, &same), "echo");
    }
}

void component_construct(struct os_env *given)
{
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&config_rom, env, "config"), "config");
    os_require(env, os_config_init(&config, config_rom.data, config_rom.size), "config");
    os_config_ref root = os_config_root(&config);
    const char *name = os_config_str(&config, root, "run", "");
    uint64_t count = os_config_u64(&config, root, "sessions", 1);
    meter.batch = os_config_u64(&config, root, "batch", 50 * OS_MS);
    bytes = (uint32_t)os_config_u64(&config, root, "bytes", 0);
    slots = (uint32_t)os_config_u64(&config, root, "slots", 1);
    if (count < 1 || count > MAX_SESSIONS || bytes > PAYLOAD_MAX || slots > OS_PACKET_MAX_SLOTS)
        os_fail(env, OS_ERR_BAD_ARG, "config");
    connect_all(count);
    for (unsigned i = 0; i < OS_ARRAY_LEN(operations); i++) {
        if (!strcmp(operations[i].name, name)) {
            operations[i].run(sessions[0].cap);
            return;
        }
    }
    os_fail(env, OS_ERR_NOT_FOUND, name);
}
