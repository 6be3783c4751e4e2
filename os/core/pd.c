/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pd.c: PD sessions. One session is one component: its account (the session's donation), the dataspaces it
 * allocated, and the process that the platform runs for it. The component has the object pd, its creator the
 * object control, which can do the same and more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/session.h>

#include "internal.h"

static const struct os_pd_control_ops control_ops;

static struct core_pd *pd_of_object(struct os_object *object)
{
    if (object->ops == &control_ops)
        return OS_CONTAINER_OF(object, struct core_pd, control);
    return OS_CONTAINER_OF(object, struct core_pd, pd);
}

static struct core_pd *pd_of(struct os_rpc *rpc)
{
    return pd_of_object(rpc->object);
}

struct core_pd *core_pd_of(struct core *core, os_pd_cap cap)
{
    struct os_object *object = os_object_of(core->ep, cap.cap, &os_pd_interface);
    return object ? pd_of_object(object) : NULL;
}

/* ---- what the component does with its own account */

static os_err pd_ram_alloc(struct os_rpc *rpc, uint64_t size, os_dataspace_cap *ds)
{
    struct core_pd *pd = pd_of(rpc);
    return core_ds_create(pd->session.core, pd->session.account, &pd->dataspaces, size, ds);
}

static os_err own_ds(struct core_pd *pd, os_dataspace_cap cap, struct core_ds **ds)
{
    int writable;
    *ds = core_ds_of(pd->session.core, cap, &writable);
    if (!*ds)
        return OS_ERR_BAD_CAP;
    return (*ds)->account == pd->session.account ? OS_OK : OS_ERR_DENIED;
}

static os_err pd_ram_free(struct os_rpc *rpc, os_dataspace_cap cap)
{
    struct core_ds *ds;
    os_err err = own_ds(pd_of(rpc), cap, &ds);
    if (!err)
        core_ds_revoke(ds);
    return err;
}

static os_err pd_ram_attached(struct os_rpc *rpc, os_dataspace_cap cap, uint32_t *attached)
{
    struct core_ds *ds;
    os_err err = own_ds(pd_of(rpc), cap, &ds);
    if (!err)
        *attached = core_plat_memory_attached(ds->memory) != 0;
    return err;
}

static os_err pd_quota(struct os_rpc *rpc, uint64_t *ram, uint64_t *ram_used, uint32_t *caps,
                       uint32_t *caps_used)
{
    const struct core_account *account = pd_of(rpc)->session.account;
    *ram = account->ram;
    *ram_used = account->ram_used;
    *caps = account->caps;
    *caps_used = account->caps_used;
    return OS_OK;
}

/*
 * Whoever made a component's account, as its label says: labels are put together by the parents on the way,
 * each of which names its child, and by nobody else. What init has made has a label of one part.
 */
static int is_creator(const struct core_pd *creator, const struct core_pd *made)
{
    static const char arrow[] = " -> ";
    const struct core_pd *init = made->session.core->init;
    size_t way = (size_t)(os_label_last(made->label) - made->label), len = strlen(creator->label);
    if (!way || creator == init)
        return !way && creator == init && made != init;
    return len + sizeof(arrow) - 1 == way && !memcmp(made->label, creator->label, len);
}

static int have_one_creator(const struct core_pd *a, const struct core_pd *b)
{
    size_t way = (size_t)(os_label_last(a->label) - a->label);
    const struct core_pd *init = a->session.core->init;
    return a != init && b != init && way == (size_t)(os_label_last(b->label) - b->label) &&
           !memcmp(a->label, b->label, way);
}

/*
 * Quota moves between an account and those that its component has made, and among these, if whoever moves it
 * controls what was made. A component that could move it to any other whose capability it is given could hand
 * all it has to an accomplice and end, and its parent would make good what is missing.
 */
static int may_transfer(const struct core_pd *from, int controls_from, const struct core_pd *to,
                        int controls_to)
{
    return (controls_to && is_creator(from, to)) || (controls_from && is_creator(to, from)) ||
           (controls_from && controls_to && have_one_creator(from, to));
}

static os_err pd_transfer(struct os_rpc *rpc, os_pd_cap cap, uint64_t ram, uint32_t caps)
{
    struct core_pd *from = pd_of(rpc), *to;
    struct os_object *object = os_object_of(from->session.core->ep, cap.cap, &os_pd_interface);
    if (!object)
        return OS_ERR_BAD_CAP;
    to = pd_of_object(object);
    if (!may_transfer(from, rpc->object->ops == &control_ops, to, object->ops == &control_ops))
        return OS_ERR_DENIED;
    return core_account_transfer(from->session.account, to->session.account, ram, caps);
}

static void quota_came_late(struct core_account *account)
{
    const struct core_pd *pd = account->owner;
    os_signal_submit(pd->quota_sigh);
}

static os_err pd_quota_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct core_pd *pd = pd_of(rpc);
    os_cap_drop(pd->quota_sigh.cap);
    pd->quota_sigh.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static os_err pd_label(struct os_rpc *rpc, char (*label)[OS_LABEL_MAX])
{
    snprintf(*label, sizeof(*label), "%s", pd_of(rpc)->label);
    return OS_OK;
}

static const struct os_pd_ops pd_ops = {
    .ram_alloc = pd_ram_alloc,
    .ram_free = pd_ram_free,
    .quota = pd_quota,
    .transfer = pd_transfer,
    .ram_attached = pd_ram_attached,
    .quota_sigh = pd_quota_sigh,
    .label = pd_label,
};

/* ---- what its creator does with it */

static os_err control_pd(struct os_rpc *rpc, os_pd_cap *pd)
{
    pd->cap = os_cap_copy(pd_of(rpc)->cap.cap);
    return OS_OK;
}

os_err core_pd_start(struct core_pd *pd, os_dataspace_cap binary, os_parent_cap parent)
{
    int writable;
    if (pd->state != OS_PD_NEW || pd->busy)
        return OS_ERR_EXISTS;
    struct core_ds *ds = core_ds_of(pd->session.core, binary, &writable);
    if (!ds || !parent.cap.id)
        return OS_ERR_BAD_CAP;
    os_err err = core_plat_process_start(pd->process, ds->memory, ds->size, parent);
    if (!err)
        pd->busy = 1;
    return err;
}

static os_err control_start(struct os_rpc *rpc, os_dataspace_cap binary, os_parent_cap parent,
                            os_signal_cap ended)
{
    struct core_pd *pd = pd_of(rpc);
    os_err err = core_pd_start(pd, binary, parent);
    if (err)
        return err;
    os_cap_drop(pd->ended.cap); /* of a start that came to nothing */
    pd->ended.cap = os_cap_copy(ended.cap);
    os_reply_keep(rpc, &pd->starting);
    return OS_REPLY_LATER;
}

static os_err control_exit_info(struct os_rpc *rpc, uint32_t *state, int32_t *code, char (*text)[256])
{
    struct core_pd *pd = pd_of(rpc);
    *state = pd->state;
    *code = pd->code;
    memcpy(*text, pd->text, sizeof(*text));
    return OS_OK;
}

static os_err control_kill(struct os_rpc *rpc)
{
    struct core_pd *pd = pd_of(rpc);
    if (pd->busy)
        core_plat_process_kill(pd->process);
    return OS_OK;
}

static os_err control_calls(struct os_rpc *rpc, uint64_t *calls)
{
    return core_plat_process_calls(pd_of(rpc)->process, calls);
}

static const struct os_pd_control_ops control_ops = {
    .base = { .ram_alloc = pd_ram_alloc,
              .ram_free = pd_ram_free,
              .quota = pd_quota,
              .transfer = pd_transfer,
              .ram_attached = pd_ram_attached,
              .quota_sigh = pd_quota_sigh,
              .label = pd_label },
    .pd = control_pd,
    .start = control_start,
    .exit_info = control_exit_info,
    .kill = control_kill,
    .calls = control_calls,
};

/* ---- the session */

static void free_pd(struct core_pd *pd)
{
    core_plat_process_destroy(pd->process);
    os_cap_drop(pd->ended.cap);
    os_cap_drop(pd->quota_sigh.cap);
    pd->session.account->late = NULL;
    core_account_refund(pd->session.account, 0, 1);
    core_session_closed(&pd->session);
}

/*
 * The process must be gone before the quota goes back, because its memory is gone no sooner. Until then
 * nobody can do anything with the session any more, the component itself least of all: it runs on until it is
 * killed, and what it would allocate now nobody would free.
 */
static void pd_close(struct core_session *session)
{
    struct core_pd *pd = OS_CONTAINER_OF(session, struct core_pd, session);
    os_object_fini(&pd->control);
    os_cap_drop(pd->cap.cap);
    os_object_fini(&pd->pd);
    while (!os_list_empty(&pd->dataspaces))
        core_ds_revoke(OS_CONTAINER_OF(pd->dataspaces.next, struct core_ds, link));
    if (pd->busy)
        core_plat_process_kill(pd->process);
    else
        free_pd(pd);
}

static void set_text(struct core_pd *pd, const char *text)
{
    snprintf(pd->text, sizeof(pd->text), "%s", text);
}

void core_pd_started(struct core_pd *pd, os_err err, const char *text)
{
    pd->busy = !err;
    if (!err)
        pd->state = OS_PD_RUNNING;
    set_text(pd, text);
    os_pd_control_start_reply(&pd->starting, err);
    if (err && pd->session.closing_now)
        free_pd(pd);
    else if (err && pd == pd->session.core->init)
        core_plat_init_ended(pd->state, 1, "it could not be started"); /* nobody waits for the reply */
}

void core_pd_ended(struct core_pd *pd, enum os_pd_state state, int32_t code, const char *text)
{
    pd->busy = 0;
    pd->state = state;
    pd->code = code;
    set_text(pd, text);
    if (pd->session.closing_now) {
        free_pd(pd);
        return;
    }
    os_signal_submit(pd->ended);
    if (pd == pd->session.core->init)
        core_plat_init_ended(state, code, text);
}

/* Labels end up in the table of processes and in messages; a component without a name would be confusing. */
os_err core_pd_open(struct core *core, const char *label, const char *args, struct core_account *account,
                    struct core_session **session)
{
    if (!*label)
        return OS_ERR_BAD_ARG;
    os_err err = core_account_charge(account, 0, 1);
    if (err)
        return err;
    struct core_pd *pd = calloc(1, sizeof(*pd));
    if (!pd) {
        err = OS_ERR_NO_MEMORY;
        goto refund;
    }
    pd->session.core = core;
    pd->session.account = account;
    account->owner = pd;
    memcpy(pd->label, label, strlen(label) + 1);
    os_list_init(&pd->dataspaces);
    err = os_pd_object_init(&pd->pd, core->ep, &pd_ops, &pd->cap);
    if (err)
        goto free_memory;
    os_pd_control_cap control;
    err = os_pd_control_object_init(&pd->control, core->ep, &control_ops, &control);
    if (err)
        goto fini_pd;
    err = core_plat_process_create(pd, args, &pd->process);
    if (err)
        goto fini_control;
    pd->session.cap.cap = control.cap;
    pd->session.close = pd_close;
    account->late = quota_came_late;
    *session = &pd->session;
    return OS_OK;

fini_control:
    os_cap_drop(control.cap);
    os_object_fini(&pd->control);
fini_pd:
    os_cap_drop(pd->cap.cap);
    os_object_fini(&pd->pd);
free_memory:
    free(pd);
refund:
    core_account_refund(account, 0, 1);
    return err;
}
