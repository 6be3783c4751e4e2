/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.c: core as the parent of init: sessions of its services, paid for by init's account, and init's start.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static struct core *core_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct core, parent);
}

static struct core_account *init_account(struct core *core)
{
    return core->init->session.account;
}

static struct core_session *find_session(struct core *core, uint32_t id)
{
    OS_LIST_FOR_EACH (link, &core->sessions) {
        struct core_session *session = OS_CONTAINER_OF(link, struct core_session, link);
        if (session->id == id && !session->closing_now)
            return session;
    }
    return NULL;
}

static os_err open_service(struct core *core, const char *service, const char *label, const char *args,
                           struct core_account *account, struct core_session **session)
{
    if (!strcmp(service, "PD"))
        return core_pd_open(core, label, args, account, session);
    if (!strcmp(service, "ROM"))
        return core_rom_open(core, label, account, session);
    if (!strcmp(service, "LOG"))
        return core_log_open(core, label, account, session);
    if (!strcmp(service, "Host"))
        return core_host_open(core, session);
    if (!strcmp(service, "Random"))
        return core_random_open(core, label, session);
    if (!strcmp(service, "Rtc"))
        return core_rtc_open(core, session);
    return core_plat_session(core, service, label, args, account, session);
}

static os_err parent_session(struct os_rpc *rpc, const char *service, const char *label, const char *args,
                             uint64_t ram, uint32_t caps, uint32_t *id, os_any_cap *cap)
{
    struct core *core = core_of(rpc);
    struct core_account *account;
    struct core_session *session;
    os_err err = core_account_open(init_account(core), ram, caps, &account);
    if (err)
        return err;
    err = core_account_charge(account, CORE_SESSION_RAM, CORE_SESSION_CAPS);
    if (err)
        goto close_account;
    err = open_service(core, service, label, args, account, &session);
    if (err)
        goto refund;
    session->core = core;
    session->account = account;
    session->id = ++core->last_id;
    os_list_insert(&core->sessions, &session->link);
    *id = session->id;
    *cap = session->cap;
    return OS_OK;

refund:
    core_account_refund(account, CORE_SESSION_RAM, CORE_SESSION_CAPS);
close_account:
    core_account_close(account);
    return err;
}

/* The answer waits until everything that can be given back is back; see core_session_closed. */
static os_err parent_close(struct os_rpc *rpc, uint32_t id, uint64_t *ram, uint32_t *caps)
{
    (void)ram;
    (void)caps;
    struct core_session *session = find_session(core_of(rpc), id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    session->closing_now = 1;
    os_reply_keep(rpc, &session->closing);
    session->close(session);
    return OS_REPLY_LATER;
}

void core_session_closed(struct core_session *session)
{
    core_account_refund(session->account, CORE_SESSION_RAM, CORE_SESSION_CAPS);
    struct core_returned back = core_account_close(session->account);
    os_list_remove(&session->link);
    os_parent_close_reply(&session->closing, OS_OK, back.ram, back.caps);
    free(session);
}

static os_err parent_upgrade(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    struct core *core = core_of(rpc);
    struct core_session *session = find_session(core, id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    return core_account_transfer(init_account(core), session->account, ram, caps);
}

/* core is nobody's client. */
static os_err parent_announce(struct os_rpc *rpc, const char *service, os_root_cap root)
{
    (void)rpc;
    (void)service;
    (void)root;
    return OS_ERR_DENIED;
}

static os_err parent_exit(struct os_rpc *rpc, int32_t status)
{
    (void)rpc;
    core_plat_init_ended(OS_PD_EXITED, status, "");
    return OS_OK;
}

/* What core has kept back is for ROM modules; init got all the rest when it was started. */
static os_err parent_resource_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    (void)rpc;
    return ram || caps ? OS_ERR_DENIED : OS_OK;
}

/* core never wants anything back, nor does it ask init whether it is still there: init's end is its own. */
static os_err parent_yield_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    (void)rpc;
    (void)handler;
    return OS_OK;
}

static os_err parent_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps)
{
    (void)rpc;
    *ram = 0;
    *caps = 0;
    return OS_OK;
}

static os_err parent_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    (void)rpc;
    (void)ram;
    (void)caps;
    return OS_OK;
}

static os_err parent_heartbeat_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    (void)rpc;
    (void)handler;
    return OS_OK;
}

static os_err parent_heartbeat_response(struct os_rpc *rpc)
{
    (void)rpc;
    return OS_OK;
}

static const struct os_parent_ops parent_ops = { .session = parent_session,
                                                 .close = parent_close,
                                                 .upgrade = parent_upgrade,
                                                 .announce = parent_announce,
                                                 .exit = parent_exit,
                                                 .resource_request = parent_resource_request,
                                                 .yield_sigh = parent_yield_sigh,
                                                 .yield_request = parent_yield_request,
                                                 .yield_response = parent_yield_response,
                                                 .heartbeat_sigh = parent_heartbeat_sigh,
                                                 .heartbeat_response = parent_heartbeat_response };

os_err core_init(struct core *core, struct os_entrypoint *ep, uint64_t ram, uint32_t caps)
{
    *core = (struct core){ .ep = ep };
    os_list_init(&core->modules);
    os_list_init(&core->old_contents);
    os_list_init(&core->sessions);
    os_list_init(&core->hosts);
    os_list_init(&core->controls);
    return core_accounts_init(&core->accounts, ram, caps, &core->account);
}

/* init's PD is like any other, but that nobody requested it and nobody can close it. */
static os_err open_init(struct core *core, const char *binary, uint64_t reserve_ram, uint32_t reserve_caps)
{
    struct core_account *account;
    struct core_session *session;
    uint64_t ram = core->account->ram - core->account->ram_used;
    uint32_t caps = core->account->caps - core->account->caps_used;
    if (ram < reserve_ram)
        return OS_ERR_RAM;
    if (caps < reserve_caps)
        return OS_ERR_CAPS;
    os_err err = core_account_open(core->account, ram - reserve_ram, caps - reserve_caps, &account);
    if (err)
        return err;
    err = core_account_charge(account, CORE_SESSION_RAM, CORE_SESSION_CAPS);
    if (!err)
        err = core_pd_open(core, binary, "", account, &session);
    if (err) {
        core_account_refund(account, account->ram_used, account->caps_used);
        core_account_close(account);
        return err;
    }
    os_list_init(&session->link);
    os_cap_drop(session->cap.cap);
    core->init = OS_CONTAINER_OF(session, struct core_pd, session);
    return OS_OK;
}

os_err core_start_init(struct core *core, const char *binary, uint64_t reserve_ram, uint32_t reserve_caps)
{
    struct core_module *module;
    os_parent_cap parent;
    os_err err = core_module_get(core, binary, &module);
    if (err)
        return err;
    err = os_parent_object_init(&core->parent, core->ep, &parent_ops, &parent);
    if (err)
        return err;
    err = open_init(core, binary, reserve_ram, reserve_caps);
    if (!err)
        err = core_pd_start(core->init, module->ds->ro_cap, parent);
    os_cap_drop(parent.cap);
    return err;
}

static void close_session(struct core_session *session)
{
    if (session->closing_now)
        return;
    session->closing_now = 1;
    session->close(session);
}

/* Closing one does not close others. */
void core_close_all(struct core *core)
{
    OS_LIST_FOR_EACH_SAFE (link, &core->sessions)
        close_session(OS_CONTAINER_OF(link, struct core_session, link));
    if (core->init)
        close_session(&core->init->session);
    core->init = NULL;
    os_object_fini(&core->parent);
}

void core_fini(struct core *core)
{
    os_alarm_clear(&core->shot_alarm);
    core_close_all(core);
    core_modules_fini(core);
    free(core->account);
    core->account = NULL;
}
