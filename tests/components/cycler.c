/* SPDX-License-Identifier: BSD-2-Clause */
/* cycler.c: a component that has many short sessions, or a short life, as its config says. */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/log.h>
#include <os/rom.h>
#include <os/timer.h>

OS_MANIFEST("requires: [Timer]\n"
            "ram: 4M\n"
            "caps: 60\n"
            "config: { does: string }\n");

/* Sessions of core and of a server, one after the other, more than anybody needs. */
static void sessions(struct os_env *env)
{
    enum { CYCLES = 1000, TOLD = 250 };
    for (unsigned i = 1; i <= CYCLES; i++) {
        struct os_log_session log;
        struct os_timer_session timer;
        os_require(env, os_log_open(env, "another", "", &log), "LOG");
        os_require(env, os_timer_open(env, "another", "", &timer), "Timer");
        os_log_close(&log);
        os_timer_close(&timer);
        if (i % TOLD == 0)
            printf("cycles: %u\n", i);
    }
}

void component_construct(struct os_env *env)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    if (strcmp(os_config_str(&config, os_config_root(&config), "does", ""), "fault") == 0)
        __builtin_trap();
    sessions(env);
}
