/* SPDX-License-Identifier: BSD-2-Clause */
/* rom_server.c: contents of a ROM session, from the charge for one until its client has let go of it. */
#include <string.h>

#include <os/rom_server.h>

/* A dataspace and the read-only capability to it. */
#define CONTENT_CAPS 2u

static void give_back(struct os_rom_source *source, struct os_rom_given *given)
{
    if (!given->ds.cap.id)
        return;
    os_ram_free(source->env, given->ds);
    os_quota_refund(source->quota, given->ram, CONTENT_CAPS);
    *given = (struct os_rom_given){ 0 };
}

/* What core does not know any more is attached by nobody. */
static int is_attached(struct os_rom_source *source, const struct os_rom_given *given)
{
    uint32_t attached = 0;
    return !os_pd_ram_attached(source->env->pd, given->ds, &attached) && attached;
}

/* Frees what is old and not attached. A place for one more, or NULL. */
static struct os_rom_given *free_old(struct os_rom_source *source)
{
    struct os_rom_given *place = NULL;
    for (size_t i = 0; i < OS_ROM_OLD_MAX; i++) {
        struct os_rom_given *old = &source->old[i];
        if (old->ds.cap.id && !is_attached(source, old))
            give_back(source, old);
        if (!old->ds.cap.id)
            place = old;
    }
    return place;
}

/*
 * A dataspace with SIZE bytes of DATA. Only the read-only capability is kept: for one that nobody holds core
 * keeps nothing.
 */
static os_err fill(struct os_rom_source *source, const void *data, uint64_t size, uint64_t pages,
                   os_dataspace_cap *made)
{
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    os_err err = os_ram_alloc(source->env, pages, &ds);
    if (err)
        return err;
    err = os_region_attach(&region, ds, OS_ATTACH_WRITE);
    if (err)
        goto free_ds;
    if (size)
        memcpy(region.at, data, (size_t)size);
    os_region_detach(&region);
    err = os_dataspace_readonly(ds, made);
    if (err)
        goto free_ds;
    os_cap_drop(ds.cap);
    return OS_OK;
free_ds:
    os_ram_free(source->env, ds);
    return err;
}

static os_err make(struct os_rom_source *source, const void *data, uint64_t size, struct os_rom_given *given)
{
    if (size > UINT64_MAX - OS_PAGE_SIZE)
        return OS_ERR_TOO_LARGE;
    uint64_t pages = size ? os_page_up(size) : OS_PAGE_SIZE;
    os_err err = os_quota_charge(source->quota, pages, CONTENT_CAPS);
    if (err)
        return err;
    err = fill(source, data, size, pages, &given->ds);
    if (err) {
        os_quota_refund(source->quota, pages, CONTENT_CAPS);
        return err;
    }
    given->ram = pages;
    return OS_OK;
}

/* Makes what there is now the current content. What the client has stays valid whether this fails or not. */
static os_err renew(struct os_rom_source *source)
{
    const void *data;
    uint64_t size;
    struct os_rom_given given = { 0 };
    struct os_rom_given *place = free_old(source);
    if (source->current.ds.cap.id && !is_attached(source, &source->current))
        give_back(source, &source->current);
    if (!place)
        return OS_ERR_BUSY;
    os_err err = source->content->get(source, &data, &size);
    if (err)
        return err;
    err = make(source, data, size, &given);
    if (source->content->release)
        source->content->release(source, data);
    if (err)
        return err;
    *place = source->current;
    source->current = given;
    source->size = size;
    source->stale = 0;
    return OS_OK;
}

static os_err dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    struct os_rom_source *source = OS_CONTAINER_OF(rpc->object, struct os_rom_source, object);
    if (source->stale || !source->current.ds.cap.id) {
        os_err err = renew(source);
        if (err)
            return err;
    }
    ds->cap = os_cap_copy(source->current.ds.cap);
    *size = source->size;
    return OS_OK;
}

static os_err sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct os_rom_source *source = OS_CONTAINER_OF(rpc->object, struct os_rom_source, object);
    os_cap_drop(source->handler.cap);
    source->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static const struct os_rom_ops ops = { .dataspace = dataspace, .sigh = sigh };

os_err os_rom_source_init(struct os_rom_source *source, struct os_env *env, struct os_entrypoint *ep,
                          struct os_quota *quota, const struct os_rom_content *content, os_rom_cap *cap)
{
    *source = (struct os_rom_source){ .env = env, .quota = quota, .content = content };
    os_err err = os_rom_object_init(&source->object, ep, &ops, cap);
    if (err)
        *source = (struct os_rom_source){ 0 };
    return err;
}

void os_rom_source_changed(struct os_rom_source *source)
{
    source->stale = 1;
    os_signal_submit(source->handler);
}

void os_rom_source_fini(struct os_rom_source *source)
{
    if (!source->env)
        return;
    os_object_fini(&source->object);
    for (size_t i = 0; i < OS_ROM_OLD_MAX; i++)
        give_back(source, &source->old[i]);
    give_back(source, &source->current);
    os_cap_drop(source->handler.cap);
    *source = (struct os_rom_source){ 0 };
}
