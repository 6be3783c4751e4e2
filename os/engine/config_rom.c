/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_rom.c: the ROM module "config" of a child, the part of the scenario beneath its `config:`. Each
 * session has copies, paid for by the session's donation.
 */
#include <stdlib.h>
#include <os/rom_server.h>
#include <os/config_writer.h>
#include "internal.h"

struct config_rom {
    struct os_rom_source source;
    struct os_quota quota;
    struct child *child;
};

/* Always from the entry as it is now. */
static os_err get(struct os_rom_source *source, const void **data, uint64_t *size)
{
    const struct child *child = OS_CONTAINER_OF(source, struct config_rom, source)->child;
    void *tree;
    size_t length;
    os_err err = os_config_extract(&child->generation->config, child->entry->config, &tree, &length);
    if (err)
        return err;
    *data = tree;
    *size = length;
    return OS_OK;
}

static void release(struct os_rom_source *source, const void *data)
{
    free((void *)data);
}

static const struct os_rom_content content = { .get = get, .release = release };

os_err config_rom_create(struct child *child, uint64_t ram, uint32_t caps, os_any_cap *cap,
                         struct config_rom **created)
{
    os_rom_cap served;
    struct config_rom *rom = calloc(1, sizeof(*rom));
    if (!rom)
        return OS_ERR_RAM;
    rom->child = child;
    rom->quota = (struct os_quota){ .ram = ram, .caps = caps };
    os_err err = os_quota_charge(&rom->quota, sizeof(*rom), OS_ROM_SOURCE_CAPS);
    if (!err)
        err = os_rom_source_init(&rom->source, child->engine->env, child->engine->env->ep, &rom->quota,
                                 &content, &served);
    if (err) {
        free(rom);
        return err;
    }
    cap->cap = served.cap;
    *created = rom;
    return OS_OK;
}

void config_rom_destroy(struct config_rom *rom)
{
    if (!rom)
        return;
    os_rom_source_fini(&rom->source);
    free(rom);
}

void config_rom_upgraded(struct config_rom *rom, uint64_t ram, uint32_t caps)
{
    rom->quota.ram += ram;
    rom->quota.caps += caps;
}

void config_rom_update(struct child *child)
{
    OS_LIST_FOR_EACH (link, &child->sessions) {
        struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
        if (session->rom)
            os_rom_source_changed(&session->rom->source);
    }
}
