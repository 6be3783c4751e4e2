/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_rom.c: the ROM modules that the engine itself has: "config" of a child, the part of the scenario
 * beneath its `config:`, and "state" for those that are to see it. Each session has copies, paid for by the
 * session's donation.
 */
#include <stdlib.h>
#include <os/rom_server.h>
#include <os/config_writer.h>
#include "internal.h"

struct config_rom {
    struct os_rom_source source;
    struct os_quota quota;
    struct session *session;
};

/* ---- the state */

static void forget_state(struct os_engine *engine)
{
    free(engine->shown.tree);
    engine->shown = (struct shown){ 0 };
}

/*
 * Whoever is told of a change looks at about the same time, and finds the same. What is older than the time
 * that changes may wait to be told is built anew for who comes later; nobody is told of a change too late.
 */
static os_err get_state(struct os_engine *engine, const void **data, uint64_t *size)
{
    struct shown *shown = &engine->shown;
    os_time now = os_clock_now();
    os_time delay = engine->generation ? engine->generation->scenario.state.delay : 0;
    if (shown->tree && now - shown->at > delay)
        forget_state(engine);
    if (!shown->tree) {
        os_err err = os_engine_state(engine, &shown->tree, &shown->size);
        if (err) {
            shown->tree = NULL;
            return err;
        }
        shown->at = now;
    }
    *data = shown->tree;
    *size = shown->size;
    return OS_OK;
}

/* ---- contents */

/* A config is always as it is now. */
static os_err get(struct os_rom_source *source, const void **data, uint64_t *size)
{
    const struct session *session = OS_CONTAINER_OF(source, struct config_rom, source)->session;
    const struct child *child = session->client;
    void *tree;
    size_t length;
    if (session->here == AT_STATE)
        return get_state(session->engine, data, size);
    os_err err = os_config_extract(&child->generation->config, child->entry->config, &tree, &length);
    if (err)
        return err;
    *data = tree;
    *size = length;
    return OS_OK;
}

static void release(struct os_rom_source *source, const void *data)
{
    const struct session *session = OS_CONTAINER_OF(source, struct config_rom, source)->session;
    if (session->here != AT_STATE) /* which is the engine's */
        free((void *)data);
}

static const struct os_rom_content content = { .get = get, .release = release };

os_err config_rom_create(struct session *session, os_any_cap *cap, struct config_rom **created)
{
    struct os_env *env = session->engine->env;
    os_rom_cap served;
    struct config_rom *rom = calloc(1, sizeof(*rom));
    if (!rom)
        return OS_ERR_RAM;
    rom->session = session;
    rom->quota = (struct os_quota){ .ram = session->ram, .caps = session->caps };
    os_err err = os_quota_charge(&rom->quota, sizeof(*rom), OS_ROM_SOURCE_CAPS);
    if (!err)
        err = os_rom_source_init(&rom->source, env, env->ep, &rom->quota, &content, &served);
    if (err) {
        free(rom);
        return err;
    }
    cap->cap = served.cap;
    *created = rom;
    session->engine->state_roms += session->here == AT_STATE;
    return OS_OK;
}

void config_rom_destroy(struct config_rom *rom)
{
    if (!rom)
        return;
    struct os_engine *engine = rom->session->engine;
    engine->state_roms -= rom->session->here == AT_STATE;
    if (!engine->state_roms)
        forget_state(engine);
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
        if (session->here == AT_CONFIG && session->rom)
            os_rom_source_changed(&session->rom->source);
    }
}

void state_rom_update(struct os_engine *engine)
{
    forget_state(engine);
    OS_LIST_FOR_EACH (child, &engine->children) {
        OS_LIST_FOR_EACH (link, &OS_CONTAINER_OF(child, struct child, link)->sessions) {
            struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
            if (session->here == AT_STATE && session->rom)
                os_rom_source_changed(&session->rom->source);
        }
    }
}
