/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cycler.c: a component that has many short sessions, or a short life, as its config says: of core, a server
 * and init, or of networks, each with a stream both ways. It has a quarter of the sessions first, pauses if
 * it shall, so that somebody can look at all processes while nothing happens, and has the rest.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/log.h>
#include <os/nic.h>
#include <os/rom.h>
#include <os/timer.h>

OS_MANIFEST("requires: [Timer]\n"
            "ram: 4M\n"
            "caps: 60\n"
            "config: { does: string, cycles: u32, pause: u32 }\n");

static struct os_env *env;
static struct os_timeouts timeouts;
static struct os_timeout pause_end;
static unsigned cycles, done;
static void (*cycle)(void);

/* One session of core, one of a server, one of init. */
static void open_sessions(void)
{
    struct os_log_session log;
    struct os_timer_session timer;
    struct os_rom_session rom;
    os_require(env, os_log_open(env, "another", "", &log), "LOG");
    os_require(env, os_timer_open(env, "another", "", &timer), "Timer");
    os_require(env, os_rom_open(env, "config", "", &rom), "ROM");
    os_log_close(&log);
    os_timer_close(&timer);
    os_rom_close(&rom);
}

static void open_link(const char *label)
{
    struct os_nic_session nic;
    struct os_nic_frames_source tx = { .handle = NULL };
    struct os_nic_frames_sink rx = { .handle = NULL };
    os_require(env, os_nic_open(env, label, "", &nic), "Nic");
    os_require(env, os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM), "tx");
    os_require(env, os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM), "rx");
    os_nic_frames_source_fini(&tx);
    os_nic_frames_sink_fini(&rx);
    os_nic_close(&nic);
}

/* One at a switch, one at a router. */
static void open_links(void)
{
    open_link("switch");
    open_link("router");
}

static void cycle_until(unsigned until)
{
    while (done < until) {
        cycle();
        if (++done % (cycles / 4) == 0 || done % 5000 == 0)
            printf("cycles: %u\n", done);
    }
}

static void go_on(struct os_timeout *timeout)
{
    cycle_until(cycles);
}

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    os_config_ref root = os_config_root(&config);
    uint64_t pause = os_config_u64(&config, root, "pause", 0); /* ms */
    cycles = (unsigned)os_config_u64(&config, root, "cycles", 1000) / 4 * 4;
    const char *does = os_config_str(&config, root, "does", "");
    if (strcmp(does, "fault") == 0)
        __builtin_trap();
    cycle = strcmp(does, "links") == 0 ? open_links : open_sessions;
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "Timer");
    os_timeout_init(&pause_end, &timeouts, go_on);
    cycle_until(cycles / 4);
    os_require(env, os_timeout_arm(&pause_end, pause * OS_MS), "pause");
}
