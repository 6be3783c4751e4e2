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
    struct os_list link;   /* in module->sessions */
    os_signal_cap handler; /* owned */
};

static struct rom_session *session_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct rom_session, object);
}

static os_err rom_dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    struct core_module *module = session_of(rpc)->module;
    core_module_update(module);
    ds->cap = os_cap_copy(module->ds->ro_cap.cap);
    *size = module->size;
    return OS_OK;
}

static os_err rom_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct rom_session *rom = session_of(rpc);
    os_cap_drop(rom->handler.cap);
    rom->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

void core_rom_changed(struct core_module *module)
{
    OS_LIST_FOR_EACH (link, &module->sessions)
        os_signal_submit(OS_CONTAINER_OF(link, struct rom_session, link)->handler);
}

static const struct os_rom_ops ops = { .dataspace = rom_dataspace, .sigh = rom_sigh };

static void rom_close(struct core_session *session)
{
    struct rom_session *rom = OS_CONTAINER_OF(session, struct rom_session, session);
    os_list_remove(&rom->link);
    os_object_fini(&rom->object);
    os_cap_drop(rom->handler.cap);
    core_session_closed(session);
}

/*
 * The module is the last part of the label: "paint -> font" asks for "font". What is meant for init alone it
 * asks for under its own name, without parts in front.
 */
static const char *module_name(const char *label)
{
    const char *name = os_label_last(label);
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
    os_list_insert(&module->sessions, &rom->link);
    rom->session.cap.cap = cap.cap;
    rom->session.close = rom_close;
    *session = &rom->session;
    return OS_OK;
}
