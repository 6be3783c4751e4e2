/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grower.c: a component that uses all that it has, asks for more and uses that too, or that stops giving
 * signs of life, as its config says.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/resources.h>
#include <os/rom.h>
#include <os/timer.h>

OS_MANIFEST("requires: [Timer]\n"
            "ram: 4M\n"
            "caps: 100\n"
            "config: { does: string }\n");

enum { PIECES = 64 };
#define PIECE OS_KIB(256)

static struct os_region pieces[PIECES];
static struct os_heartbeat heartbeat;
static struct os_timeouts timeouts;
static struct os_timeout timeout;
static unsigned count;

/* Every byte is touched: what is accounted for is there, and no more than that. */
static os_err use_all(struct os_env *env)
{
    for (; count < PIECES; count++) {
        os_dataspace_cap ds;
        os_err err = os_ram_alloc(env, PIECE, &ds);
        if (err)
            return err;
        err = os_region_attach(&pieces[count], ds, OS_ATTACH_WRITE);
        os_cap_drop(ds.cap);
        if (err)
            return err;
        memset(pieces[count].at, 0x5a, PIECE);
    }
    return OS_OK;
}

static void grow(struct os_env *env)
{
    unsigned first, more;
    os_err err = use_all(env);
    first = count;
    printf("uses all: %s\n", os_err_text(err));
    os_require(env, os_parent_resource_request(env->parent, OS_MIB(2), 30), "request");
    err = use_all(env);
    more = count - first;
    printf("%u pieces more: %s\n", more, os_err_text(err));
    err = os_parent_resource_request(env->parent, OS_MIB(2), 0);
    printf("another request: %s\n", os_err_text(err));
    os_exit(env, 0);
}

static void hang(struct os_timeout *expired)
{
    printf("hangs\n");
    for (;;)
        ;
}

void component_construct(struct os_env *env)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *does = os_config_str(&config, os_config_root(&config), "does", "");
    if (strcmp(does, "grow") == 0)
        grow(env);
    os_require(env, os_heartbeat_init(&heartbeat, env), "heartbeat");
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "Timer");
    os_timeout_init(&timeout, &timeouts, hang);
    os_require(env, os_timeout_arm(&timeout, OS_SEC), "time-out");
}
