/* SPDX-License-Identifier: BSD-2-Clause */
/* rom.c: a ROM session with its content attached. */
#include <string.h>

#include <os/resources.h>
#include <os/rom.h>

/* Caps of one content. */
#define UPGRADE_CAPS 4u

/*
 * What is left for upgrades of MORE bytes: the old content and the new one are paid for together, and twice
 * what is missing is added at most.
 */
static uint64_t up_to_limit(const struct os_rom_module *rom, uint64_t more)
{
    if (!rom->max_size || rom->max_size > UINT64_MAX / 8)
        return more;
    uint64_t left = 4 * os_page_up(rom->max_size) + OS_ROM_UPGRADE_MIN - rom->paid;
    return more < left ? more : left;
}

/* Nobody says how much is missing, so each upgrade doubles what the one before has added. */
static os_err get_dataspace(struct os_rom_module *rom, os_dataspace_cap *ds, uint64_t *size)
{
    uint64_t more = OS_ROM_UPGRADE_MIN;
    for (;;) {
        os_err err = os_rom_dataspace(rom->session.cap, ds, size);
        if (!err)
            return OS_OK;
        int is_ram = err == OS_ERR_RAM;
        uint64_t ram = up_to_limit(rom, more);
        if (is_ram && more && !ram)
            return OS_ERR_TOO_LARGE;
        err = os_session_upgrade_after(&rom->session.base, err, ram, more ? UPGRADE_CAPS : 0);
        if (err)
            return err;
        rom->paid += is_ram ? ram : 0;
        more = more < OS_ROM_UPGRADE_MAX ? more * 2 : 0;
    }
}

/* Attaches the current content; the module keeps what it has on failure. */
static os_err attach_content(struct os_rom_module *rom)
{
    os_dataspace_cap ds;
    uint64_t size;
    struct os_region region = { 0 };
    rom->refused = 0;
    os_err err = get_dataspace(rom, &ds, &size);
    if (err)
        return err;
    if (rom->max_size && size > rom->max_size) {
        os_cap_drop(ds.cap);
        rom->refused = size;
        return OS_ERR_TOO_LARGE;
    }
    err = os_region_attach(&region, ds, OS_ATTACH_READ);
    os_cap_drop(ds.cap);
    if (err)
        return err;
    if (size > region.size) {
        os_region_detach(&region);
        return OS_ERR_BAD_MSG;
    }
    os_region_detach(&rom->region);
    rom->region = region;
    rom->data = region.at;
    rom->size = size;
    return OS_OK;
}

os_err os_rom_module_connect(struct os_rom_module *rom, struct os_env *env, const char *name)
{
    struct os_rom_module opened = { 0 };
    os_err err = os_rom_open(env, name, "", &opened.session);
    if (!err)
        *rom = opened;
    return err;
}

os_err os_rom_module_open(struct os_rom_module *rom, struct os_env *env, const char *name)
{
    struct os_rom_module opened = { 0 };
    os_err err = os_rom_module_connect(&opened, env, name);
    if (err)
        return err;
    err = attach_content(&opened);
    if (err) {
        os_rom_close(&opened.session);
        return err;
    }
    *rom = opened;
    return OS_OK;
}

os_err os_rom_module_sigh(struct os_rom_module *rom, os_signal_cap handler)
{
    return os_rom_sigh(rom->session.cap, handler);
}

os_err os_rom_module_update(struct os_rom_module *rom)
{
    return attach_content(rom);
}

void os_rom_module_close(struct os_rom_module *rom)
{
    os_region_detach(&rom->region);
    os_rom_close(&rom->session);
    memset(rom, 0, sizeof(*rom));
}
