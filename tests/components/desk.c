/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * desk.c: offers the service Desk, or whatever its config says, and tells who opens a session with which
 * label and arguments. With `late: true` in its config it offers nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include <os/component.h>
#include <os/config.h>
#include <os/policy.h>
#include <os/rom.h>
#include <os/session.h>

#include "desk.h"

OS_MANIFEST("provides: [Desk, Counter]\n"
            "ram: 1M\n"
            "caps: 40\n"
            "config:\n"
            "  late: { type: bool, default: false, doc: it offers nothing }\n"
            "  policy: { type: list, of: { type: map, keys: { label: string, says: string } } }\n"
            "  default-policy: { type: map, keys: { says: string } }\n");

struct visit {
    struct os_root_session session;
    struct os_object object;
};

static struct os_config config;

static os_err nothing(struct os_rpc *rpc)
{
    return OS_OK;
}

static const struct desk_ops ops = { .nothing = nothing };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    desk_cap served;
    struct visit *visit;
    os_config_ref policy = os_policy_find(&config, request->label);
    os_err err = os_quota_charge(&request->quota, sizeof(*visit), 1);
    if (err)
        return err;
    visit = calloc(1, sizeof(*visit));
    if (!visit)
        return OS_ERR_RAM;
    err = desk_object_init(&visit->object, root->env->ep, &ops, &served);
    if (err) {
        free(visit);
        return err;
    }
    printf("visited by \"%s\" [%s]%s\n", request->label, request->args,
           os_config_str(&config, policy, "says", ""));
    *session = &visit->session;
    cap->cap = served.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct visit *visit = OS_CONTAINER_OF(session, struct visit, session);
    os_object_fini(&visit->object);
    free(visit);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

void component_construct(struct os_env *env)
{
    static struct os_root_server desk, counter;
    static struct os_rom_module rom;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    if (rom.size)
        os_require(env, os_config_init(&config, rom.data, (size_t)rom.size), "config");
    if (os_config_bool(&config, os_config_root(&config), "late", 0))
        return;
    os_require(env, os_root_server_init(&desk, env, env->ep, "Desk", &handlers), "Desk");
    os_require(env, os_root_server_init(&counter, env, env->ep, "Counter", &handlers), "Counter");
}
