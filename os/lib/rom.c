/* SPDX-License-Identifier: BSD-2-Clause */
/* rom.c: a ROM session with its content attached. */
#include <string.h>

#include <os/resources.h>
#include <os/rom.h>

/* The least that an upgrade adds; caps of one content. */
#define UPGRADE_RAM  OS_KIB(8)
#define UPGRADE_CAPS 4u

/* Nobody says how much is missing, so each upgrade doubles what the one before has added. */
static os_err get_dataspace(struct os_rom_module *rom, os_dataspace_cap *ds, uint64_t *size)
{
    uint64_t more = UPGRADE_RAM;
    for (;;) {
        os_err err = os_rom_dataspace(rom->session.cap, ds, size);
        if (!err)
            return OS_OK;
        err = os_session_upgrade_after(&rom->session.base, err, more, more ? UPGRADE_CAPS : 0);
        if (err)
            return err;
        more = more < OS_ROM_UPGRADE_MAX ? more * 2 : 0;
    }
}

/* Attaches the current content; the module keeps what it has on failure. */
static os_err attach_content(struct os_rom_module *rom)
{
    os_dataspace_cap ds;
    uint64_t size;
    struct os_region region = { 0 };
    os_err err = get_dataspace(rom, &ds, &size);
    if (err)
        return err;
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
