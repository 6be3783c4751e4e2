/* SPDX-License-Identifier: BSD-2-Clause */
/* init.c: the children as a whole, and the binaries they are made from. */
#include <stdlib.h>
#include <string.h>
#include <os/session.h>
#include "init.h"

os_err init_binary(struct init *init, const char *name, struct binary **found)
{
    OS_LIST_FOR_EACH (link, &init->binaries) {
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
    os_err err = os_rom_open(init->env, name, "", &binary->rom);
    if (err) {
        free(binary);
        return err;
    }
    os_list_insert(&init->binaries, &binary->link);
    *found = binary;
    return OS_OK;
}

static os_err find_binary(struct platform_source *source, const char *name, const void **elf, size_t *size)
{
    struct init *init = OS_CONTAINER_OF(source, struct init, source);
    struct binary *binary;
    os_dataspace_cap ds;
    uint64_t length;
    os_region_detach(&init->elf);
    os_err err = init_binary(init, name, &binary);
    if (!err)
        err = os_rom_dataspace(binary->rom.cap, &ds, &length);
    if (err)
        return err;
    err = os_region_attach(&init->elf, ds, OS_ATTACH_READ);
    os_cap_drop(ds.cap);
    if (err)
        return err;
    *elf = init->elf.at;
    *size = length < init->elf.size ? (size_t)length : (size_t)init->elf.size;
    return OS_OK;
}

/* Nothing is known better than by trying: its PD session is opened and closed again. */
static os_err admit(struct platform_source *source, const struct entry *entry)
{
    struct init *init = OS_CONTAINER_OF(source, struct init, source);
    char args[OS_ARGS_MAX];
    struct os_session session = { 0 };
    child_pd_args(&args, init, entry);
    os_err err = os_session_open(init->env, "PD", entry->name, args, entry->ram, entry->caps, &session);
    os_session_close(&session);
    return err;
}

void init_init(struct init *init, struct os_env *env)
{
    *init =
        (struct init){ .env = env, .source = { .find = find_binary, .admit = admit }, .next_server_id = 1 };
    os_list_init(&init->binaries);
}

os_err init_start(struct init *init)
{
    size_t count = init->scenario.count;
    os_region_detach(&init->elf);
    init->children = calloc(count ? count : 1, sizeof(*init->children));
    if (!init->children)
        return OS_ERR_RAM;
    for (size_t i = 0; i < count; i++)
        child_init(&init->children[i], init, &init->scenario.entries[i]);
    for (size_t i = 0; i < count; i++)
        child_start(&init->children[i]);
    init_child_gone(init); /* an empty scenario has ended already */
    return OS_OK;
}

struct child *init_child(struct init *init, const struct entry *entry)
{
    return &init->children[entry - init->scenario.entries];
}

void init_child_gone(struct init *init)
{
    for (size_t i = 0; i < init->scenario.count; i++)
        if (init->children[i].state != CHILD_GONE)
            return;
    init->exit(init, init->status);
}
