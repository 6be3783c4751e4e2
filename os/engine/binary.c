/* SPDX-License-Identifier: BSD-2-Clause */
/* binary.c: the binaries that children are made from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

os_err binary_find(struct os_engine *engine, const char *name, struct binary **found)
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
    snprintf(binary->name, sizeof(binary->name), "%s", name);
    os_err err = os_rom_open(engine->env, name, "", &binary->rom);
    if (err) {
        free(binary);
        return err;
    }
    os_list_insert(&engine->binaries, &binary->link);
    *found = binary;
    return OS_OK;
}

void binary_drop(struct binary *binary)
{
    if (binary)
        binary->uses--;
}

void binaries_tidy(struct os_engine *engine)
{
    os_region_detach(&engine->elf);
    OS_LIST_FOR_EACH_SAFE (link, &engine->binaries) {
        struct binary *binary = OS_CONTAINER_OF(link, struct binary, link);
        if (binary->uses)
            continue;
        os_list_remove(link);
        os_rom_close(&binary->rom);
        free(binary);
    }
}
