/* SPDX-License-Identifier: BSD-2-Clause */
/* resources.c: answers to what the parent asks of a component: to give back, and whether it lives. */
#include <os/resources.h>

static uint64_t above(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* The answer comes even if nothing can be given: the parent need not wait for it then. */
static void on_yield(struct os_signal_handler *handler)
{
    struct os_yield *yield = OS_CONTAINER_OF(handler, struct os_yield, handler);
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
    if (os_parent_yield_request(yield->env->parent, &ram, &caps) || (!ram && !caps))
        return;
    if (yield->wanted)
        yield->wanted(yield, ram, caps);
    if (os_pd_quota(yield->env->pd, &ram, &ram_used, &caps, &caps_used))
        return;
    os_err err = os_parent_yield_response(yield->env->parent, above(ram - ram_used, yield->keep_ram),
                                          (uint32_t)above(caps - caps_used, yield->keep_caps));
    (void)err; /* the account stays as it is then */
}

os_err os_yield_init(struct os_yield *yield, struct os_env *env,
                     void (*wanted)(struct os_yield *yield, uint64_t ram, uint32_t caps), uint64_t keep_ram,
                     uint32_t keep_caps)
{
    os_signal_cap cap;
    *yield = (struct os_yield){ .env = env, .wanted = wanted, .keep_ram = keep_ram, .keep_caps = keep_caps };
    os_err err = os_signal_handler_init(&yield->handler, env->ep, on_yield, &cap);
    if (err)
        return err;
    err = os_parent_yield_sigh(env->parent, cap);
    os_cap_drop(cap.cap);
    if (err)
        os_signal_handler_fini(&yield->handler);
    return err;
}

void os_yield_fini(struct os_yield *yield)
{
    os_signal_handler_fini(&yield->handler);
}

static void on_heartbeat(struct os_signal_handler *handler)
{
    struct os_heartbeat *heartbeat = OS_CONTAINER_OF(handler, struct os_heartbeat, handler);
    os_err err = os_parent_heartbeat_response(heartbeat->env->parent);
    (void)err; /* the parent hears of it next time */
}

os_err os_heartbeat_init(struct os_heartbeat *heartbeat, struct os_env *env)
{
    os_signal_cap cap;
    *heartbeat = (struct os_heartbeat){ .env = env };
    os_err err = os_signal_handler_init(&heartbeat->handler, env->ep, on_heartbeat, &cap);
    if (err)
        return err;
    err = os_parent_heartbeat_sigh(env->parent, cap);
    os_cap_drop(cap.cap);
    if (err)
        os_signal_handler_fini(&heartbeat->handler);
    return err;
}

void os_heartbeat_fini(struct os_heartbeat *heartbeat)
{
    os_signal_handler_fini(&heartbeat->handler);
}

os_err os_session_upgrade_after(struct os_session *session, os_err err, uint64_t ram, uint32_t caps)
{
    if (err == OS_ERR_RAM && ram)
        return os_session_upgrade(session, ram, 0);
    if (err == OS_ERR_CAPS && caps)
        return os_session_upgrade(session, 0, caps);
    return err;
}
