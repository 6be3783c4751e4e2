/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_parent.c: creates children, waits until their component_construct has run, and ends them, again and
 * again, and prints figures (meter.h). It makes them as init does: a PD session, a parent object, a start,
 * and at the child's exit the end of the session, after which it has its quota back.
 *
 * With one child the figure is a whole life. With several it is from the first request until all are
 * constructed: they are made at once, and stay until the last is there.
 */
#include <stdio.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "meter.h"

OS_MANIFEST("ram: 4M\n"
            "caps: 100\n"
            "config: { children: u32, batch: u64 }\n");

/* AT_ONCE: how many are being created at the same time; 24 calls can be under way to a server. */
enum { MAX_CHILDREN = 128, AT_ONCE = 16, CHILD_CAPS = 20 };
#define CHILD_RAM OS_MIB(1)

struct child {
    struct os_object parent; /* what it calls */
    struct os_call call;     /* PD session, start, or close */
    uint32_t pd_id;
    os_pd_control_cap control;
    struct os_reply exiting; /* owed while the others are not there yet */
};

static struct os_env *env;
static struct meter meter;
static os_dataspace_cap binary;
static struct child children[MAX_CHILDREN];
static unsigned count;                          /* of children in a round */
static unsigned requested, constructed, closed; /* in this round */
static os_time begun;
static uint64_t ram_before; /* after the first round */
static uint32_t caps_before;

static void begin_round(void);
static void create(struct child *child);

static void unused_quota(uint64_t *ram, uint32_t *caps)
{
    uint64_t has_ram, ram_used;
    uint32_t has_caps, caps_used;
    os_require(env, os_pd_quota(env->pd, &has_ram, &ram_used, &has_caps, &caps_used), "quota");
    *ram = has_ram - ram_used;
    *caps = has_caps - caps_used;
}

/*
 * A round has ended: nothing is left of the children, and what they were given is back. A little is kept for
 * the next ones, connections and memory that are made several at once; what is lost in every round is soon
 * more than that.
 */
static void check_quota(void)
{
    enum { KEPT_CAPS = 16, KEPT_RAM = OS_KIB(64) };
    uint64_t ram;
    uint32_t caps;
    unused_quota(&ram, &caps);
    if (!ram_before) {
        ram_before = ram;
        caps_before = caps;
    } else if (ram + KEPT_RAM < ram_before || caps + KEPT_CAPS < caps_before) {
        printf("not given back: %llu bytes, %u caps\n", (unsigned long long)(ram_before - ram),
               (unsigned)(caps_before - caps));
        os_exit(env, 1);
    }
}

/* ---- ends */

static void closed_one(struct os_call *call)
{
    uint64_t ram;
    uint32_t caps;
    os_require(env, os_parent_close_end(call, &ram, &caps), "close");
    if (++closed == count && count == 1)
        meter_tick(&meter);
    if (closed == count)
        begin_round();
}

static void close_one(struct child *child)
{
    os_call_cancel(&child->call); /* the answer to start may not have come yet */
    os_object_fini(&child->parent);
    os_cap_drop(child->control.cap);
    os_call_init(&child->call, env->ep, closed_one);
    os_require(env, os_parent_close_begin(env->parent, &child->call, child->pd_id), "close");
}

/* All are there. Ending them is no part of the figure, so it is done one after the other. */
static void close_all(void)
{
    meter_add(&meter, os_clock_now() - begun);
    for (unsigned i = 0; i < count; i++) {
        struct child *child = &children[i];
        uint64_t ram;
        uint32_t caps;
        os_call_cancel(&child->call);
        os_object_fini(&child->parent);
        os_cap_drop(child->control.cap);
        os_require(env, os_parent_close(env->parent, child->pd_id, &ram, &caps), "close");
    }
    begin_round();
}

/* ---- what a child can ask for: nothing but its end */

static os_err no_session(struct os_rpc *rpc, const char *service, const char *label, const char *args,
                         uint64_t ram, uint32_t caps, uint32_t *id, os_any_cap *cap)
{
    return OS_ERR_NO_SERVICE;
}

static os_err no_close(struct os_rpc *rpc, uint32_t id, uint64_t *ram, uint32_t *caps)
{
    return OS_ERR_NOT_FOUND;
}

static os_err no_upgrade(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    return OS_ERR_NOT_FOUND;
}

static os_err no_announce(struct os_rpc *rpc, const char *service, os_root_cap root)
{
    return OS_ERR_DENIED;
}

static os_err no_resource_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    return OS_ERR_DENIED;
}

static os_err no_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return OS_OK;
}

static os_err no_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps)
{
    *ram = 0;
    *caps = 0;
    return OS_OK;
}

static os_err no_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    return OS_OK;
}

static os_err no_response(struct os_rpc *rpc)
{
    return OS_OK;
}

static os_err constructed_one(struct os_rpc *rpc, int32_t status)
{
    struct child *child = OS_CONTAINER_OF(rpc->object, struct child, parent);
    if (count == 1) {
        close_one(child);
        return OS_OK;
    }
    os_reply_keep(rpc, &child->exiting);
    if (++constructed == count)
        close_all();
    else if (requested < count)
        create(&children[requested++]);
    return OS_REPLY_LATER;
}

static const struct os_parent_ops parent_ops = { .session = no_session,
                                                 .close = no_close,
                                                 .upgrade = no_upgrade,
                                                 .announce = no_announce,
                                                 .exit = constructed_one,
                                                 .resource_request = no_resource_request,
                                                 .yield_sigh = no_sigh,
                                                 .yield_request = no_yield_request,
                                                 .yield_response = no_yield_response,
                                                 .heartbeat_sigh = no_sigh,
                                                 .heartbeat_response = no_response };

/* ---- starts */

static void started(struct os_call *call)
{
    os_require(env, os_pd_control_start_end(call), "start");
}

static void created(struct os_call *call)
{
    struct child *child = OS_CONTAINER_OF(call, struct child, call);
    os_any_cap cap;
    os_parent_cap parent;
    os_require(env, os_parent_session_end(call, &child->pd_id, &cap), "PD session");
    child->control.cap = cap.cap;
    os_require(env, os_parent_object_init(&child->parent, env->ep, &parent_ops, &parent), "parent object");
    os_call_init(&child->call, env->ep, started);
    os_require(
        env,
        os_pd_control_start_begin(child->control, &child->call, binary, parent, (os_signal_cap){ OS_NO_CAP }),
        "start");
    os_cap_drop(parent.cap);
}

static void create(struct child *child)
{
    os_call_init(&child->call, env->ep, created);
    os_require(env,
               os_parent_session_begin(env->parent, &child->call, "PD", "child", "profile=strict", CHILD_RAM,
                                       CHILD_CAPS),
               "PD session");
}

static void begin_round(void)
{
    if (begun)
        check_quota();
    requested = constructed = closed = 0;
    begun = os_clock_now();
    while (requested < count && requested < AT_ONCE)
        create(&children[requested++]);
}

void component_construct(struct os_env *given)
{
    static struct os_rom_module module;
    struct os_rom_module rom;
    struct os_config config = { 0 };
    uint64_t size;
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    count = (unsigned)os_config_u64(&config, os_config_root(&config), "children", 1);
    meter.batch = os_config_u64(&config, os_config_root(&config), "batch", 50 * OS_MS);
    meter.long_operations = 1;
    if (count < 1 || count > MAX_CHILDREN)
        os_fail(env, OS_ERR_BAD_ARG, "children");
    os_require(env, os_rom_module_open(&module, env, "bench_child"), "bench_child");
    os_require(env, os_rom_dataspace(module.session.cap, &binary, &size), "bench_child");
    begin_round();
}
