/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dataspace.c: dataspaces, from the account that they are charged to until nobody holds or has them attached
 * any more; and contents of ROM modules, which are dataspaces of core's own.
 *
 * A dataspace has an RPC object for capabilities that allow writing, and from the first time that somebody
 * asks for it one for those that do not. core can only see that an object has no holders when it holds no
 * capability of its own, but needs one to hand out the read-only one again. It needs it only as long as
 * somebody can ask, and that is as long as there are holders of the writable one: so it is dropped with
 * those.
 */
#include <stdlib.h>
#include <string.h>

#include <platform/platform.h>

#include "internal.h"

static os_err rw_info(struct os_rpc *rpc, uint64_t *size, uint32_t *writable);
static os_err rw_readonly(struct os_rpc *rpc, os_dataspace_cap *copy);
static os_err ro_info(struct os_rpc *rpc, uint64_t *size, uint32_t *writable);
static os_err ro_readonly(struct os_rpc *rpc, os_dataspace_cap *copy);

static const struct os_dataspace_ops rw_ops = { .info = rw_info, .readonly = rw_readonly };
static const struct os_dataspace_ops ro_ops = { .info = ro_info, .readonly = ro_readonly };

static struct core_ds *ds_of_rw(struct os_object *object)
{
    return OS_CONTAINER_OF(object, struct core_ds, rw);
}

static struct core_ds *ds_of_ro(struct os_object *object)
{
    return OS_CONTAINER_OF(object, struct core_ds, ro);
}

static void end_ro(struct core_ds *ds)
{
    if (!ds->ro.plat)
        return;
    os_cap_drop(ds->ro_cap.cap);
    ds->ro_cap.cap = OS_NO_CAP;
    os_object_fini(&ds->ro);
    ds->ro_live = 0;
    core_account_refund(ds->account, 0, 1);
}

static void end_rw(struct core_ds *ds)
{
    if (!ds->rw.plat)
        return;
    os_object_fini(&ds->rw);
    ds->rw_live = 0;
}

/* Frees it if nobody is left. */
static void end_if_unused(struct core_ds *ds)
{
    if (!ds->module && !ds->rw_live && !ds->ro_live && !core_plat_memory_attached(ds->memory))
        core_ds_destroy(ds);
}

void core_ds_detached(struct core_ds *ds)
{
    end_if_unused(ds);
}

static void no_ro_holder(struct os_object *object)
{
    struct core_ds *ds = ds_of_ro(object);
    end_ro(ds);
    end_if_unused(ds);
}

static void watch_holders(struct os_object *object, void (*last_holder)(struct os_object *object))
{
    object->last_holder = last_holder;
    plat_object_watch(object->plat);
}

static void no_rw_holder(struct os_object *object)
{
    struct core_ds *ds = ds_of_rw(object);
    end_rw(ds);
    if (ds->ro_live) {
        watch_holders(&ds->ro, no_ro_holder);
        os_cap_drop(ds->ro_cap.cap);
        ds->ro_cap.cap = OS_NO_CAP;
    }
    end_if_unused(ds);
}

static os_err rw_info(struct os_rpc *rpc, uint64_t *size, uint32_t *writable)
{
    *size = ds_of_rw(rpc->object)->size;
    *writable = 1;
    return OS_OK;
}

static os_err ro_info(struct os_rpc *rpc, uint64_t *size, uint32_t *writable)
{
    *size = ds_of_ro(rpc->object)->size;
    *writable = 0;
    return OS_OK;
}

/* Makes the read-only object; core keeps the first capability. The caps charge was made by the caller. */
static os_err make_ro(struct core_ds *ds)
{
    os_err err = os_dataspace_object_init(&ds->ro, ds->core->ep, &ro_ops, &ds->ro_cap);
    if (!err)
        ds->ro_live = 1;
    return err;
}

static os_err rw_readonly(struct os_rpc *rpc, os_dataspace_cap *copy)
{
    struct core_ds *ds = ds_of_rw(rpc->object);
    if (!ds->ro_live) {
        os_err err = core_account_charge(ds->account, 0, 1);
        if (err)
            return err;
        err = make_ro(ds);
        if (err) {
            core_account_refund(ds->account, 0, 1);
            return err;
        }
    }
    copy->cap = os_cap_copy(ds->ro_cap.cap);
    return OS_OK;
}

/* Who asks has one already, and core may have none to give. */
static os_err ro_readonly(struct os_rpc *rpc, os_dataspace_cap *copy)
{
    struct core_ds *ds = ds_of_ro(rpc->object);
    if (!ds->ro_cap.cap.id)
        return OS_ERR_UNSUPPORTED;
    copy->cap = os_cap_copy(ds->ro_cap.cap);
    return OS_OK;
}

/* A dataspace like KIND, which has no memory yet. */
static os_err create(const struct core_ds *kind, struct os_list *list,
                     os_err (*make)(void *device, struct core_ds *ds, struct core_memory **memory),
                     void *device, os_dataspace_cap *cap)
{
    struct core_account *account = kind->account;
    os_err err = core_account_charge(account, kind->ram, 1);
    if (err)
        return err;
    struct core_ds *ds = malloc(sizeof(*ds));
    if (!ds) {
        err = OS_ERR_NO_MEMORY;
        goto refund;
    }
    *ds = *kind;
    err = make(device, ds, &ds->memory);
    if (err)
        goto free_ds;
    err = os_dataspace_object_init(&ds->rw, ds->core->ep, &rw_ops, cap);
    if (err)
        goto free_memory;
    ds->rw_live = 1;
    watch_holders(&ds->rw, no_rw_holder);
    os_list_insert(list, &ds->link);
    return OS_OK;

free_memory:
    core_plat_memory_destroy(ds->memory);
free_ds:
    free(ds);
refund:
    core_account_refund(account, kind->ram, 1);
    return err;
}

static os_err make_ram(void *device, struct core_ds *ds, struct core_memory **memory)
{
    (void)device;
    return core_plat_memory_create(ds, ds->size, memory);
}

os_err core_ds_create(struct core *core, struct core_account *account, struct os_list *list, uint64_t size,
                      os_dataspace_cap *cap)
{
    if (!size)
        return OS_ERR_BAD_ARG;
    if (size > UINT64_MAX - OS_PAGE_SIZE)
        return OS_ERR_RAM;
    size = os_page_up(size);
    const struct core_ds kind = { .core = core, .account = account, .size = size, .ram = size };
    return create(&kind, list, make_ram, NULL, cap);
}

os_err core_ds_create_device(struct core *core, struct core_account *account, struct os_list *list,
                             uint64_t size,
                             os_err (*make)(void *device, struct core_ds *ds, struct core_memory **memory),
                             void *device, os_dataspace_cap *cap)
{
    const struct core_ds kind = { .core = core, .account = account, .size = size };
    return create(&kind, list, make, device, cap);
}

void core_ds_revoke(struct core_ds *ds)
{
    end_rw(ds);
    end_ro(ds);
    os_list_remove(&ds->link);
    end_if_unused(ds);
}

struct core_ds *core_ds_of(struct core *core, os_dataspace_cap cap, int *writable)
{
    struct os_object *object = os_object_of(core->ep, cap.cap, &os_dataspace_interface);
    if (!object)
        return NULL;
    *writable = object->ops == &rw_ops;
    return *writable ? ds_of_rw(object) : ds_of_ro(object);
}

/* ---- contents of ROM modules */

os_err core_ds_create_module(struct core *core, const char *name, struct core_ds **created, uint64_t *size)
{
    struct core_ds *ds = malloc(sizeof(*ds));
    if (!ds)
        return OS_ERR_NO_MEMORY;
    *ds = (struct core_ds){ .core = core, .account = core->account, .module = 1 };
    os_list_init(&ds->link);
    os_err err = core_plat_module(name, ds, &ds->memory, size);
    if (err)
        goto free_ds;
    /* a module without content still has a page, because nothing smaller can be attached */
    ds->size = *size ? os_page_up(*size) : OS_PAGE_SIZE;
    ds->ram = ds->size;
    err = core_account_charge(core->account, ds->ram, 2);
    if (err)
        goto free_memory;
    err = make_ro(ds);
    if (err)
        goto refund;
    *created = ds;
    return OS_OK;

refund:
    core_account_refund(core->account, ds->ram, 2);
free_memory:
    core_plat_memory_destroy(ds->memory);
free_ds:
    free(ds);
    return err;
}

void core_ds_replaced(struct core_ds *ds, struct os_list *list)
{
    ds->module = 0;
    os_list_insert(list, &ds->link);
    watch_holders(&ds->ro, no_ro_holder);
    os_cap_drop(ds->ro_cap.cap);
    ds->ro_cap.cap = OS_NO_CAP;
}

void core_ds_forget(struct core_ds *ds)
{
    ds->module = 0;
    end_ro(ds);
    end_rw(ds);
    end_if_unused(ds);
}

void core_ds_destroy(struct core_ds *ds)
{
    end_ro(ds);
    end_rw(ds);
    os_list_remove(&ds->link);
    core_plat_memory_destroy(ds->memory);
    core_account_refund(ds->account, ds->ram, 1);
    free(ds);
}
