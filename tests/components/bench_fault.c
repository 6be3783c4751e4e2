/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_fault.c: how long a caller waits for its error when the server crashes in the middle of the call.
 * Logs the median and the spread over the rounds of its config, and beside it a call that is answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "probe.h"

OS_MANIFEST("requires: [Probe]\n"
            "ram: 1M\n"
            "caps: 60\n"
            "config: { rounds: u32 }\n");

#define MAX_ROUNDS 1000

static struct os_env *env;
static os_time answered[MAX_ROUNDS], crashed[MAX_ROUNDS];

static int by_time(const void *a, const void *b)
{
    const os_time *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void print_figure(const char *name, os_time *times, unsigned rounds)
{
    qsort(times, rounds, sizeof(*times), by_time);
    printf("%s: median %llu us, spread %llu to %llu us, %u rounds\n", name,
           (unsigned long long)(times[rounds / 2] / OS_US), (unsigned long long)(times[0] / OS_US),
           (unsigned long long)(times[rounds - 1] / OS_US), rounds);
}

/* The server is started anew by its policy; a session request waits until it is there. */
static void one_round(unsigned round)
{
    struct probe_session session;
    uint32_t sum;
    os_require(env, probe_open(env, "", "", &session), "open");
    os_require(env, probe_add(session.cap, 1, 2, &sum), "first call");
    os_time start = os_clock_now();
    os_require(env, probe_add(session.cap, 1, 2, &sum), "add");
    os_time end = os_clock_now();
    answered[round] = end - start;
    start = os_clock_now();
    os_err err = probe_crash(session.cap, PROBE_NULL);
    end = os_clock_now();
    if (err != OS_ERR_DEAD)
        os_require(env, err ? err : OS_ERR_BAD_MSG, "crash");
    crashed[round] = end - start;
    probe_close(&session);
}

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    uint64_t rounds = os_config_u64(&config, os_config_root(&config), "rounds", 20);
    if (rounds < 1 || rounds > MAX_ROUNDS)
        rounds = 20;
    for (unsigned i = 0; i < rounds; i++)
        one_round(i);
    print_figure("call-answered", answered, (unsigned)rounds);
    print_figure("call-crashed", crashed, (unsigned)rounds);
    os_exit(env, 0);
}
