/* SPDX-License-Identifier: BSD-2-Clause */
/* rom.c: ROM sessions: read-only modules by name, the same dataspace for all. */
#include <stdlib.h>
#include <string.h>

#include <os/rom.h>

#include "internal.h"

struct rom_session {
    struct core_session session;
    struct os_object object;
    struct core_module *module;
};

static os_err rom_dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    struct core_module *module = OS_CONTAINER_OF(rpc->object, struct rom_session, object)->module;
    ds->cap = os_cap_copy(module->ds.ro_cap.cap);
    *size = module->size;
    return OS_OK;
}

/* Modules of core do not change, so there is nobody to remember. */
static os_err rom_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    (void)rpc;
    (void)handler;
    return OS_OK;
}

static const struct os_rom_ops ops = { .dataspace = rom_dataspace, .sigh = rom_sigh };

static void rom_close(struct core_session *session)
{
    struct rom_session *rom = OS_CONTAINER_OF(session, struct rom_session, session);
    os_object_fini(&rom->object);
    core_session_closed(session);
}

/*
 * The module is the last part of the label: "paint -> font" asks for "font". What is meant for init alone it
 * asks for under its own name, without parts in front.
 */
static const char *module_name(const char *label)
{
    const char *name = label;
    for (const char *at = label; (at = strstr(at, " -> ")); name = at)
        at += 4;
    int private = !strcmp(name, "config") || !strcmp(name, "run");
    return private && name != label ? "" : name;
}

os_err core_rom_open(struct core *core, const char *label, struct core_account *account,
                     struct core_session **session)
{
    struct core_module *module;
    os_err err = core_module_get(core, module_name(label), &module);
    if (err)
        return err;
    struct rom_session *rom = calloc(1, sizeof(*rom));
    if (!rom)
        return OS_ERR_NO_MEMORY;
    os_rom_cap cap;
    err = os_rom_object_init(&rom->object, core->ep, &ops, &cap);
    if (err) {
        free(rom);
        return err;
    }
    rom->module = module;
    rom->session.cap.cap = cap.cap;
    rom->session.close = rom_close;
    *session = &rom->session;
    return OS_OK;
}
