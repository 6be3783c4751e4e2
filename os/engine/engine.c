/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.c: the children as a whole, and the binaries they are made from. */
#include <stdlib.h>
#include <string.h>
#include <os/session.h>
#include "internal.h"

os_err engine_binary(struct os_engine *engine, const char *name, struct binary **found)
{
    OS_LIST_FOR_EACH (link, &engine->binaries) {
        struct binary *binary = OS_CONTAINER_OF(link, struct binary, link);
        if (!strcmp(binary->name, name)) {
            *found = binary;
            return OS_OK;
        }
    }
    struct binary *binary = calloc(1, sizeof(*binary));
    if (!binary)
        return OS_ERR_RAM;
    binary->name = name;
    os_err err = os_rom_open(engine->env, name, "", &binary->rom);
    if (err) {
        free(binary);
        return err;
    }
    os_list_insert(&engine->binaries, &binary->link);
    *found = binary;
    return OS_OK;
}

static os_err find_binary(struct platform_source *source, const char *name, const void **elf, size_t *size)
{
    struct os_engine *engine = OS_CONTAINER_OF(source, struct os_engine, source);
    struct binary *binary;
    os_dataspace_cap ds;
    uint64_t length;
    os_region_detach(&engine->elf);
    os_err err = engine_binary(engine, name, &binary);
    if (!err)
        err = os_rom_dataspace(binary->rom.cap, &ds, &length);
    if (err)
        return err;
    err = os_region_attach(&engine->elf, ds, OS_ATTACH_READ);
    os_cap_drop(ds.cap);
    if (err)
        return err;
    *elf = engine->elf.at;
    *size = length < engine->elf.size ? (size_t)length : (size_t)engine->elf.size;
    return OS_OK;
}

/* Nothing is known better than by trying: its PD session is opened and closed again. */
static os_err admit(struct platform_source *source, const struct entry *entry)
{
    struct os_engine *engine = OS_CONTAINER_OF(source, struct os_engine, source);
    char args[OS_ARGS_MAX];
    struct os_session session = { 0 };
    child_pd_args(&args, engine, entry);
    os_err err = os_session_open(engine->env, "PD", entry->name, args, entry->ram, entry->caps, &session);
    os_session_close(&session);
    return err;
}

void engine_init(struct os_engine *engine, struct os_env *env)
{
    *engine = (struct os_engine){ .env = env,
                                  .source = { .find = find_binary, .admit = admit },
                                  .next_server_id = 1 };
    os_list_init(&engine->binaries);
}

os_err engine_start(struct os_engine *engine)
{
    size_t count = engine->scenario.count;
    os_region_detach(&engine->elf);
    engine->children = calloc(count ? count : 1, sizeof(*engine->children));
    if (!engine->children)
        return OS_ERR_RAM;
    for (size_t i = 0; i < count; i++)
        child_init(&engine->children[i], engine, &engine->scenario.entries[i]);
    for (size_t i = 0; i < count; i++)
        child_start(&engine->children[i]);
    engine_child_gone(engine); /* an empty scenario has ended already */
    return OS_OK;
}

struct child *engine_child(struct os_engine *engine, const struct entry *entry)
{
    return &engine->children[entry - engine->scenario.entries];
}

void engine_child_gone(struct os_engine *engine)
{
    for (size_t i = 0; i < engine->scenario.count; i++)
        if (engine->children[i].state != CHILD_GONE)
            return;
    engine->exit(engine, engine->status);
}
