/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_rom.c: the ROM module "config" of a child, the part of the scenario beneath its `config:`. Each
 * session has a copy, paid for by the session's donation.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml/writer.h>
#include "internal.h"

struct config_rom {
    struct os_object object;
    struct os_env *env;
    os_dataspace_cap readonly;
    uint64_t size;
};

/* What a session costs: a dataspace, the read-only capability to it, and the session's object. */
#define ROM_CAPS 3

static os_err dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    struct config_rom *rom = OS_CONTAINER_OF(rpc->object, struct config_rom, object);
    ds->cap = os_cap_copy(rom->readonly.cap);
    *size = rom->size;
    return OS_OK;
}

/* A scenario does not change while it runs, so there is nothing to signal. */
static os_err sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return OS_OK;
}

static const struct os_rom_ops ops = { .dataspace = dataspace, .sigh = sigh };

/*
 * Writes SIZE bytes of DATA to a new dataspace, and keeps what is read-only of it: for a capability that
 * nobody holds core keeps nothing.
 */
static os_err fill(struct config_rom *rom, const void *data, size_t size)
{
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    os_err err = os_ram_alloc(rom->env, size, &ds);
    if (err)
        return err;
    err = os_region_attach(&region, ds, OS_ATTACH_WRITE);
    if (err)
        goto free_ds;
    memcpy(region.at, data, size);
    os_region_detach(&region);
    err = os_dataspace_readonly(ds, &rom->readonly);
    if (err)
        goto free_ds;
    os_cap_drop(ds.cap);
    rom->size = size;
    return OS_OK;
free_ds:
    os_ram_free(rom->env, ds);
    return err;
}

os_err config_rom_create(struct child *child, uint64_t ram, uint32_t caps, os_any_cap *cap,
                         struct config_rom **created)
{
    void *data = NULL;
    size_t size;
    os_rom_cap served;
    os_err err = config_extract(&child->engine->scenario.config, child->entry->config, &data, &size);
    if (err)
        return err;
    struct config_rom *rom = calloc(1, sizeof(*rom));
    err = !rom || ram < size + OS_PAGE_SIZE ? OS_ERR_RAM : caps < ROM_CAPS ? OS_ERR_CAPS : OS_OK;
    if (err)
        goto free_rom;
    rom->env = child->engine->env;
    err = fill(rom, data, size);
    if (err)
        goto free_rom;
    err = os_rom_object_init(&rom->object, rom->env->ep, &ops, &served);
    if (err)
        goto drop_ds;
    free(data);
    cap->cap = served.cap;
    *created = rom;
    return OS_OK;
drop_ds:
    os_ram_free(rom->env, rom->readonly);
free_rom:
    free(rom);
    free(data);
    return err;
}

void config_rom_destroy(struct config_rom *rom)
{
    if (!rom)
        return;
    os_object_fini(&rom->object);
    os_ram_free(rom->env, rom->readonly);
    free(rom);
}
