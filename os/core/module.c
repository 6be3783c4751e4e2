/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module.c: ROM modules. A module has the content that the platform found when it was first asked for. When
 * the platform says that there may be other content, it is looked for at the next use; who has the content
 * before attached keeps that, and core pays for it until then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Nothing has changed for those who use it. */
static void say_kept(const struct core_module *module, os_err err)
{
    char text[160];
    int len = snprintf(text, sizeof(text), "ROM module %s: %s; its last content stays", module->name,
                       os_err_text(err));
    core_log_line("core", text, (size_t)len);
}

void core_module_update(struct core_module *module)
{
    struct core_ds *ds;
    uint64_t size;
    if (!module->stale)
        return;
    module->stale = 0;
    struct core *core = module->ds->core;
    os_err err = core_ds_create_module(core, module->name, &ds, &size);
    if (err) {
        say_kept(module, err);
        return;
    }
    core_ds_replaced(module->ds, &core->old_contents);
    module->ds = ds;
    module->size = size;
}

static os_err load_module(struct core *core, const char *name, struct core_module **module)
{
    struct core_module *made = calloc(1, sizeof(*made));
    if (!made)
        return OS_ERR_NO_MEMORY;
    memcpy(made->name, name, strlen(name) + 1);
    os_err err = core_ds_create_module(core, name, &made->ds, &made->size);
    if (err) {
        free(made);
        return err;
    }
    os_list_init(&made->sessions);
    os_list_insert(&core->modules, &made->link);
    *module = made;
    return OS_OK;
}

/* Names come from clients and end up as names of files: nothing that could lead elsewhere. */
static int plain_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(name);
    return len > 0 && len < sizeof(((struct core_module *)0)->name) && name[0] != '.' &&
           strspn(name, allowed) == len;
}

static struct core_module *find_module(struct core *core, const char *name)
{
    OS_LIST_FOR_EACH (link, &core->modules) {
        struct core_module *module = OS_CONTAINER_OF(link, struct core_module, link);
        if (!strcmp(module->name, name))
            return module;
    }
    return NULL;
}

int core_module_known(struct core *core, const char *name)
{
    return find_module(core, name) != NULL;
}

os_err core_module_get(struct core *core, const char *name, struct core_module **module)
{
    if (!plain_name(name))
        return OS_ERR_NOT_FOUND;
    struct core_module *known = find_module(core, name);
    if (!known)
        return load_module(core, name, module);
    core_module_update(known);
    *module = known;
    return OS_OK;
}

void core_module_changed(struct core *core, const char *name)
{
    struct core_module *module = find_module(core, name);
    if (!module)
        return;
    module->stale = 1;
    core_rom_changed(module);
}

void core_modules_fini(struct core *core)
{
    OS_LIST_FOR_EACH_SAFE (link, &core->modules) {
        struct core_module *module = OS_CONTAINER_OF(link, struct core_module, link);
        os_list_remove(&module->link);
        core_ds_forget(module->ds);
        free(module);
    }
    OS_LIST_FOR_EACH_SAFE (link, &core->old_contents)
        core_ds_forget(OS_CONTAINER_OF(link, struct core_ds, link));
}
