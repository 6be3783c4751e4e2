/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_fault.c: calls a server that crashes in the middle of the call, again and again, and prints how long
 * it takes until the call has its error (meter.h). The server is started anew by its policy; a session
 * request waits for it.
 */
#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "../../components/probe.h"
#include "meter.h"

OS_MANIFEST("requires: [Probe]\n"
            "ram: 1M\n"
            "caps: 60\n"
            "config: { batch: u64 }\n");

static os_time crash(struct os_env *env)
{
    struct probe_session session;
    uint32_t sum;
    os_require(env, probe_open(env, "", "", &session), "open");
    os_require(env, probe_add(session.cap, 1, 2, &sum), "add");
    os_time start = os_clock_now();
    os_err err = probe_crash(session.cap, PROBE_NULL);
    os_time end = os_clock_now();
    if (err != OS_ERR_DEAD)
        os_fail(env, err ? err : OS_ERR_BAD_MSG, "crash");
    probe_close(&session);
    return end - start;
}

void component_construct(struct os_env *env)
{
    struct meter meter = { .long_operations = 1 };
    struct os_rom_module rom;
    struct os_config config = { 0 };
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    meter.batch = os_config_u64(&config, os_config_root(&config), "batch", 50 * OS_MS);
    for (;;)
        meter_add(&meter, crash(env));
}
