/* SPDX-License-Identifier: BSD-2-Clause */
/* resources.c: what the mock parent does about requests for quota, quota to give back, and signs of life. */
#include "env.h"

#include <inproc/inproc.h>

struct inproc_component *component_of_rpc(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct inproc_component, parent);
}

os_err parent_resource_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    struct inproc_component *component = component_of_rpc(rpc);
    if (ram > component->more_ram || caps > component->more_caps)
        return OS_ERR_DENIED;
    component->more_ram -= ram;
    component->more_caps -= caps;
    component->quota.ram += ram;
    component->quota.caps += caps;
    return OS_OK;
}

void inproc_env_grant(struct inproc_env *env, uint64_t ram, uint32_t caps)
{
    component_of_env(env)->more_ram = ram;
    component_of_env(env)->more_caps = caps;
}

static os_err take_handler(os_signal_cap *kept, os_signal_cap handler)
{
    os_cap_drop(kept->cap);
    kept->cap = os_cap_copy(handler.cap);
    return OS_OK;
}

os_err parent_yield_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return take_handler(&component_of_rpc(rpc)->yield_sigh, handler);
}

os_err parent_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps)
{
    *ram = component_of_rpc(rpc)->wanted_ram;
    *caps = component_of_rpc(rpc)->wanted_caps;
    return OS_OK;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

os_err parent_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    struct inproc_component *component = component_of_rpc(rpc);
    struct os_quota *quota = &component->quota;
    ram = less(ram, less(component->wanted_ram, quota->ram - quota->ram_used));
    caps = (uint32_t)less(caps, less(component->wanted_caps, quota->caps - quota->caps_used));
    quota->ram -= ram;
    quota->caps -= caps;
    component->wanted_ram -= ram;
    component->wanted_caps -= caps;
    return OS_OK;
}

void inproc_env_want_back(struct inproc_env *env, uint64_t ram, uint32_t caps)
{
    struct inproc_component *component = component_of_env(env);
    component->wanted_ram = ram;
    component->wanted_caps = caps;
    os_signal_submit(component->yield_sigh);
}

os_err parent_heartbeat_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return take_handler(&component_of_rpc(rpc)->heartbeat_sigh, handler);
}

os_err parent_heartbeat_response(struct os_rpc *rpc)
{
    component_of_rpc(rpc)->heartbeats++;
    return OS_OK;
}

void inproc_env_heartbeat(struct inproc_env *env)
{
    os_signal_submit(component_of_env(env)->heartbeat_sigh);
}

uint32_t inproc_env_heartbeats(const struct inproc_env *env)
{
    return component_of_env(env)->heartbeats;
}

void resources_forget(struct inproc_component *component)
{
    os_cap_drop(component->yield_sigh.cap);
    os_cap_drop(component->heartbeat_sigh.cap);
    component->yield_sigh.cap = component->heartbeat_sigh.cap = OS_NO_CAP;
}
