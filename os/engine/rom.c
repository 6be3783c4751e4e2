/* SPDX-License-Identifier: BSD-2-Clause */
/* rom.c: ROM modules as a child would see them, for who looks from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/config_writer.h>
#include "internal.h"

/* DATA of SIZE bytes, which is freed, becomes what ROM has. */
static os_err take_tree(struct os_engine *engine, void *data, size_t size, struct os_engine_rom *rom)
{
    struct os_region region = { 0 };
    os_err err = os_ram_alloc(engine->env, size, &rom->ds);
    if (err)
        goto free_data;
    err = os_region_attach(&region, rom->ds, OS_ATTACH_WRITE);
    if (err) {
        os_ram_free(engine->env, rom->ds);
        goto free_data;
    }
    memcpy(region.at, data, size);
    os_region_detach(&region);
    rom->size = size;
    rom->env = engine->env;
free_data:
    free(data);
    return err;
}

static os_err take_config(struct child *child, struct os_engine_rom *rom)
{
    void *tree;
    size_t size;
    os_err err = os_config_extract(&child->generation->config, child->entry->config, &tree, &size);
    return err ? err : take_tree(child->engine, tree, size, rom);
}

static os_err take_state(struct os_engine *engine, struct os_engine_rom *rom)
{
    void *tree;
    size_t size;
    os_err err = os_engine_state(engine, &tree, &size);
    return err ? err : take_tree(engine, tree, size, rom);
}

/* Core is asked, which always answers; above an init that is nested there can be anybody. */
static os_err take_from_parent(struct os_engine *engine, const struct route_request *request,
                               struct os_engine_rom *rom, char (*why)[OS_ENGINE_WHY])
{
    if (engine->nested || strcmp(request->service, "ROM") != 0) {
        snprintf(*why, sizeof(*why),
                 "served by the parent of this init as %s \"%.100s\"; not readable from outside",
                 request->service, request->label);
        return OS_ERR_DENIED;
    }
    os_err err = os_rom_open(engine->env, request->label, request->args, &rom->session);
    if (!err)
        err = os_rom_dataspace(rom->session.cap, &rom->ds, &rom->size);
    if (err) {
        snprintf(*why, sizeof(*why), "the parent, asked for \"%.100s\", says: %s", request->label,
                 os_err_text(err));
        os_rom_close(&rom->session);
    }
    return err;
}

static os_err take_local(struct child *child, const struct decision *decision, const char *module,
                         struct os_engine_rom *rom, char (*why)[OS_ENGINE_WHY])
{
    if (!local_find(child->engine, decision->request.service))
        return strcmp(module, "state") ? OS_ERR_NO_SERVICE : take_state(child->engine, rom);
    snprintf(*why, sizeof(*why), "served by its init itself as %s \"%.100s\"; not readable from outside",
             decision->request.service, decision->request.label);
    return OS_ERR_DENIED;
}

/* A server among the children is not asked: it may never answer. */
static os_err take(struct child *child, const char *module, struct os_engine_rom *rom,
                   char (*why)[OS_ENGINE_WHY])
{
    struct route_request asked = { .service = "ROM" };
    struct decision decision;
    if ((size_t)snprintf(asked.label, sizeof(asked.label), "%s", module) >= sizeof(asked.label))
        return OS_ERR_TOO_LARGE;
    os_err err = decide(&child->generation->scenario, child->entry, &asked, &decision);
    if (err)
        return err;
    if (decision.route == &route_own_config)
        return take_config(child, rom);
    if (decision.route->target == TARGET_LOCAL)
        return take_local(child, &decision, module, rom, why);
    if (!decision.server)
        return take_from_parent(child->engine, &decision.request, rom, why);
    snprintf(*why, sizeof(*why), "served by %s as %s \"%.100s\"; not readable from outside",
             decision.server->name, decision.request.service, decision.request.label);
    return OS_ERR_DENIED;
}

os_err os_engine_rom_open(struct os_engine *engine, const char *name, const char *module,
                          struct os_engine_rom *rom, char (*why)[OS_ENGINE_WHY])
{
    struct child *child = engine_child(engine, name);
    struct os_engine_rom opened = { 0 };
    char text[OS_ENGINE_WHY] = "";
    if (!child)
        return OS_ERR_NOT_FOUND;
    os_err err = take(child, module, &opened, &text);
    if (!err) {
        *rom = opened;
        return OS_OK;
    }
    snprintf(*why, sizeof(*why), "%s", text[0] ? text : os_err_text(err));
    return err == OS_ERR_NOT_FOUND ? OS_ERR_NO_SERVICE : err;
}

void os_engine_rom_close(struct os_engine_rom *rom)
{
    if (rom->env)
        os_ram_free(rom->env, rom->ds);
    else
        os_cap_drop(rom->ds.cap);
    os_rom_close(&rom->session);
    *rom = (struct os_engine_rom){ 0 };
}
