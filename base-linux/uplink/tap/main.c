/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: a TAP device of the host, which the user has prepared, as an uplink. */
#include <errno.h>
#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <stdio.h>
#include <string.h>

#include "../common/frames.h"

OS_MANIFEST("requires: [Uplink, Network]\n"
            "ram: 2M\n"
            "caps: 48\n");

static struct frames frames;

/* The device is set down (EIO), which the user may change, or it is there no longer. */
static void failed(struct frames *f, int error)
{
    if (error == EIO)
        return;
    printf("the device %s is gone: %s\n", f->name, strerror(error));
    os_exit(f->uplink.env, 1);
}

void component_construct(struct os_env *env)
{
    struct os_rom_module rom;
    struct os_config config;

    os_require(env, os_rom_module_open(&rom, env, "config"), "no config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "the config");
    uplink_read_mac(env, &config, "tap", frames.uplink.info.mac);
    frames.uplink.info.link = 1;
    frames.failed = failed;
    frames_start(&frames, env, OS_NIC_MTU);
    printf("connected with the device %s\n", frames.name);
}
