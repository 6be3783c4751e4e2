/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dataspace.c: dataspaces, from the account that they are charged to until nobody holds or has them attached
 * any more; and ROM modules, which are dataspaces of core's own.
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
    if (ds->module || ds->rw_live || ds->ro_live || core_plat_memory_attached(ds->memory))
        return;
    end_ro(ds);
    end_rw(ds);
    os_list_remove(&ds->link);
    core_plat_memory_destroy(ds->memory);
    core_account_refund(ds->account, ds->ram, 1);
    free(ds);
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
    size = (size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
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

/* ---- ROM modules */

static os_err load_module(struct core *core, const char *name, struct core_module **module)
{
    struct core_module *made = calloc(1, sizeof(*made));
    if (!made)
        return OS_ERR_NO_MEMORY;
    struct core_ds *ds = &made->ds;
    *ds = (struct core_ds){ .core = core, .account = core->account, .module = 1 };
    os_list_init(&ds->link);
    memcpy(made->name, name, strlen(name) + 1);
    os_err err = core_plat_module(name, ds, &ds->memory, &made->size);
    if (err)
        goto free_module;
    /* a module without content still has a page, because nothing smaller can be attached */
    ds->size = made->size ? (made->size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE : OS_PAGE_SIZE;
    err = core_account_charge(core->account, ds->size, 1);
    if (err)
        goto free_memory;
    err = make_ro(ds);
    if (err)
        goto refund;
    os_list_insert(&core->modules, &made->link);
    *module = made;
    return OS_OK;

refund:
    core_account_refund(core->account, ds->size, 1);
free_memory:
    core_plat_memory_destroy(ds->memory);
free_module:
    free(made);
    return err;
}

/* Names come from clients and end up as names of files: nothing that could lead elsewhere. */
static int plain_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(name);
    return len > 0 && len < sizeof(((struct core_module *)0)->name) && name[0] != '.' &&
           strspn(name, allowed) == len;
}

os_err core_module_get(struct core *core, const char *name, struct core_module **module)
{
    if (!plain_name(name))
        return OS_ERR_NOT_FOUND;
    OS_LIST_FOR_EACH (link, &core->modules) {
        struct core_module *known = OS_CONTAINER_OF(link, struct core_module, link);
        if (!strcmp(known->name, name)) {
            *module = known;
            return OS_OK;
        }
    }
    return load_module(core, name, module);
}

void core_modules_fini(struct core *core)
{
    OS_LIST_FOR_EACH_SAFE (link, &core->modules) {
        struct core_module *module = OS_CONTAINER_OF(link, struct core_module, link);
        uint64_t size = module->ds.size;
        os_list_remove(&module->link);
        end_ro(&module->ds);
        core_plat_memory_destroy(module->ds.memory);
        core_account_refund(core->account, size, 0);
        free(module);
    }
}
