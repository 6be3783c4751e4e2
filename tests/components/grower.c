/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grower.c: a component that uses all that it has, asks for more and uses that too, gives some of it away or
 * back, or stops giving signs of life, as its config says.
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
            "heartbeat: true\n"
            "config: { does: string }\n");

enum { PIECES = 64 };
#define PIECE OS_KIB(256)

static struct os_region pieces[PIECES];
static struct os_env *env;
static struct os_heartbeat heartbeat;
static struct os_signal_handler yield;
static struct os_timeouts timeouts;
static struct os_timeout timeout;
static unsigned count;

/* Every byte is touched: what is accounted for is there, and no more than that. */
static os_err use_all(void)
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

static void grow(void)
{
    unsigned first, more;
    os_err err = use_all();
    first = count;
    printf("uses all: %s\n", os_err_text(err));
    os_require(env, os_parent_resource_request(env->parent, OS_MIB(2), 30), "request");
    err = use_all();
    more = count - first;
    printf("%u pieces more: %s\n", more, os_err_text(err));
    err = os_parent_resource_request(env->parent, OS_MIB(2), 0);
    printf("another request: %s\n", os_err_text(err));
    os_exit(env, 0);
}

/* Uses all, to the last piece, whatever it has just then. */
static void fill(const char *when)
{
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
    os_err err = use_all();
    os_require(env, os_pd_quota(env->pd, &ram, &ram_used, &caps, &caps_used), "account");
    printf("%s: %s, %s\n", when, os_err_name(err),
           ram_used <= ram && ram - ram_used < PIECE ? "full" : "not full");
}

/* What it donates to a session is not its own any more, until the session is closed. */
static void donate(void)
{
    struct os_timer_session timer;
    unsigned first;
    os_require(env, os_timer_open(env, "", "", &timer), "Timer");
    os_require(env, os_session_upgrade(&timer.base, OS_MIB(1), 0), "upgrade");
    fill("after an upgrade");
    first = count;
    os_timer_close(&timer);
    fill("after the end of the session");
    printf("%s pieces more\n", count - first >= OS_MIB(1) / PIECE ? "all" : "too few");
    os_exit(env, 0);
}

/* What it gives back neither. */
static void wanted_back(struct os_signal_handler *handler)
{
    uint64_t ram;
    uint32_t caps;
    os_require(env, os_parent_yield_request(env->parent, &ram, &caps), "yield");
    printf("gives %s\n", ram >= PIECE ? "pieces back" : "nothing");
    os_require(env, os_parent_yield_response(env->parent, ram, 0), "yield");
    fill("after giving back");
}

static void give(void)
{
    os_signal_cap cap;
    os_require(env, os_signal_handler_init(&yield, env->ep, wanted_back, &cap), "handler");
    os_require(env, os_parent_yield_sigh(env->parent, cap), "yield");
    os_cap_drop(cap.cap);
    printf("can give something\n");
}

static void hang(struct os_timeout *expired)
{
    printf("hangs\n");
    for (;;)
        ;
}

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *does = os_config_str(&config, os_config_root(&config), "does", "");
    if (strcmp(does, "grow") == 0)
        grow();
    if (strcmp(does, "donate") == 0)
        donate();
    if (strcmp(does, "give") == 0) {
        give();
        return;
    }
    os_require(env, os_heartbeat_init(&heartbeat, env), "heartbeat");
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "Timer");
    os_timeout_init(&timeout, &timeouts, hang);
    os_require(env, os_timeout_arm(&timeout, OS_SEC), "time-out");
}
