/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netconfig.c: any text as the config of a router, and as the node `network` of a component with a stack:
 * each takes it or refuses it, and what it has taken can be used.
 */
#include <router.h>

#include "../unit/net-stack/wire.h"
#include "fuzz.h"
#include "tree.h"

static uint8_t *alloc(struct port *port, uint32_t len, uint32_t flags)
{
    return NULL;
}

static void submit(struct port *port, uint32_t len)
{
}

static void try_router(const struct os_config *config)
{
    static const struct router_secrets secrets = { { 1, 1 }, { 2, 2 }, { 3, 3 } };
    static const struct router_io io = { .alloc = alloc, .submit = submit };
    static struct router router;
    struct router_config read;
    os_time now = OS_SEC;
    os_err err = router_config_read(config, &read);
    MUST(!err || err == OS_ERR_BAD_ARG);
    if (err)
        return;
    router = (struct router){ 0 };
    router_init(&router, &io, &secrets);
    for (int i = 0; i < 2; i++) {
        err = router_configure(&router, &read, now);
        MUST(!err || err == OS_ERR_RAM);
        now = router_tick(&router, now) == OS_NEVER ? now : router_due(&router);
    }
    router_config_free(&read);
    router_fini(&router);
}

/* ---- the node `network` */

static const struct os_config *the_config;
static struct net_stack stack;
static struct os_signal_handler end;
static os_signal_cap end_signal;

static void on_end(struct os_signal_handler *handler)
{
    net_stack_fini(&stack);
    os_cap_drop(end_signal.cap);
    os_signal_handler_fini(handler);
}

/* On the thread of the component, as its handles are. */
static void construct(struct os_env *env)
{
    MUST(!os_signal_handler_init(&end, env->ep, on_end, &end_signal));
    os_err err = net_stack_init(&stack, env, the_config, os_config_root(the_config));
    MUST(!err || err == OS_ERR_BAD_ARG);
    MUST(!err == !!stack.own);
}

static void try_network(const struct os_config *config)
{
    static struct wire net;
    static struct inproc_env env;
    net = (struct wire){ .seed = 1 };
    the_config = config;
    wire_init(&net);
    inproc_env_init(&env, "h");
    inproc_env_construct(&env, construct);
    inproc_advance(OS_SEC);
    os_signal_submit(end_signal);
    inproc_idle();
    MUST(!stack.own);
    MUST(!inproc_env_fini(&env));
    wire_fini(&net);
}

static void try_both(const struct os_config *config)
{
    try_router(config);
    try_network(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree_try(data, size, try_both);
    return 0;
}
