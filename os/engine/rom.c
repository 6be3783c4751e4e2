/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rom.c: ROM modules as a child would see them, for who looks from outside. The engine is the client of a
 * session then, and as little as any other does it wait for the server.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/config_writer.h>
#include "internal.h"

/* The donation of a session, and what upgrades add to it; nobody says how much is missing. */
#define RAM          OS_KIB(9)
#define CAPS         6
#define UPGRADE_RAM  OS_KIB(8)
#define UPGRADE_CAPS 4

/* Sessions that can be open at a time, those included that nobody looks by any more. */
#define SESSIONS_MAX 8

__attribute__((format(printf, 2, 3))) static void because(struct os_engine_look *look, const char *format,
                                                          ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(look->why, sizeof(look->why), format, args);
    va_end(args);
}

static const char *server_text(const struct session *session)
{
    return session->here ? "init itself" : session->server ? session->server->name : "the parent";
}

/* ---- the end */

static void leave(struct os_engine_look *look)
{
    os_alarm_clear(&look->limit);
    os_call_cancel(&look->call);
    os_list_remove(&look->link);
    if (look->session)
        look->session->look = NULL;
    look->session = NULL;
}

/* LOOK may be freed by DONE; what the server gave is used until then, so the session is closed after it. */
static void finish(struct os_engine_look *look, os_err err)
{
    struct os_engine *engine = look->engine;
    struct session *session = look->session;
    os_dataspace_cap ds = look->ds;
    os_rom_cap rom = look->rom;
    int made = look->made;
    leave(look);
    if (err && !look->why[0])
        because(look, "%s", os_err_text(err));
    look->engine = NULL;
    if (look->done)
        look->done(look, err);
    if (made)
        os_ram_free(engine->env, ds);
    else
        os_cap_drop(ds.cap);
    os_cap_drop(rom.cap);
    if (session)
        session_close(session);
}

void look_failed(struct os_engine_look *look, os_err err)
{
    const struct session *session = look->session;
    because(look, "%s, asked for %s \"%.100s\", says: %s", server_text(session), session->service,
            session->label, os_err_text(err));
    look->session->look = NULL;
    look->session = NULL;
    finish(look, err);
}

void looks_end(struct os_engine *engine)
{
    while (!os_list_empty(&engine->looks))
        finish(OS_CONTAINER_OF(engine->looks.next, struct os_engine_look, link), OS_ERR_CANCELLED);
}

void os_engine_look_cancel(struct os_engine_look *look)
{
    look->done = NULL;
    if (look->engine)
        finish(look, OS_ERR_CANCELLED);
}

static void too_late(struct os_alarm *alarm)
{
    struct os_engine_look *look = OS_CONTAINER_OF(alarm, struct os_engine_look, limit);
    const struct session *session = look->session;
    because(look, "%s has not answered in %u s, asked %s %s \"%.100s\"", server_text(session),
            (unsigned)(OS_ENGINE_LOOK_TIME / OS_SEC), look->rom.cap.id ? "for the content of" : "to open",
            session->service, session->label);
    finish(look, OS_ERR_DEADLINE);
}

/* ---- the content that a server has */

static void read_content(struct os_engine_look *look);

/* It pays for as much as the content needs, as any client would. */
static os_err pay(struct os_engine_look *look, os_err err)
{
    uint64_t ram = err == OS_ERR_RAM ? look->more : 0;
    uint32_t caps = err == OS_ERR_CAPS && look->more ? UPGRADE_CAPS : 0;
    if (!ram && !caps)
        return err;
    look->more = look->more < OS_ROM_UPGRADE_MAX ? look->more * 2 : 0;
    err = session_grow(look->session, ram, caps);
    if (err)
        because(look, "init has not the %llu bytes and %u caps that %s wants for it", (unsigned long long)ram,
                (unsigned)caps, server_text(look->session));
    return err;
}

static void read_done(struct os_call *call)
{
    struct os_engine_look *look = OS_CONTAINER_OF(call, struct os_engine_look, call);
    engine_call_ended(look->engine);
    os_err err = os_rom_dataspace_end(call, &look->ds, &look->size);
    if (err == OS_ERR_RAM || err == OS_ERR_CAPS) {
        err = pay(look, err);
        if (!err)
            return; /* to be read when that is there, or has been read already */
    } else if (err) {
        because(look, "%s: %s", server_text(look->session),
                err == OS_ERR_NOT_FOUND ? "it has no content now" : os_err_text(err));
    }
    finish(look, err);
}

static void read_content(struct os_engine_look *look)
{
    os_call_init(&look->call, look->engine->env->ep, read_done);
    os_err err = os_rom_dataspace_begin(look->rom, &look->call);
    if (err)
        finish(look, err);
}

void look_opened(struct os_engine_look *look, os_any_cap cap)
{
    look->rom.cap = cap.cap;
    read_content(look);
}

void look_upgraded(struct os_engine_look *look, os_err err)
{
    if (!err) {
        read_content(look);
        return;
    }
    because(look, "%s does not take an upgrade: %s", server_text(look->session), os_err_text(err));
    finish(look, err);
}

/* The server that DECISION names can be asked: it runs, has the service, and has answered before. */
static os_err find_server(struct os_engine_look *look, const struct decision *decision)
{
    const char *name = decision->server->name, *service = decision->request.service;
    struct child *server = engine_child(look->engine, name);
    if (!server || server->state != CHILD_RUNNING) {
        because(look, "served by %s, which does not run", name);
        return OS_ERR_NO_SERVICE;
    }
    if (!child_root(server, service)) {
        because(look, "served by %s, which has not announced %s", name, service);
        return OS_ERR_NO_SERVICE;
    }
    OS_LIST_FOR_EACH (link, &server->serves) {
        const struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->looks && !session->look && session->state != SESSION_CLOSING) {
            because(look, "served by %s, which has not answered the look before yet", name);
            return OS_ERR_BUSY;
        }
    }
    return OS_OK;
}

static os_err open_session(struct os_engine_look *look, const struct route_request *asked,
                           const struct decision *decision)
{
    struct os_engine *engine = look->engine;
    os_err err = decision->server ? find_server(look, decision) : OS_OK;
    if (!err && engine->looking == SESSIONS_MAX) {
        because(look, "%u looks before have not come to their end yet", SESSIONS_MAX);
        err = OS_ERR_BUSY;
    }
    if (err)
        return err;
    struct session *session = session_create(engine, asked, decision, RAM, CAPS);
    if (!session)
        return OS_ERR_RAM;
    session->looks = 1;
    engine->looking++;
    session->look = look;
    look->session = session;
    look->more = UPGRADE_RAM;
    look->limit.handle = too_late;
    os_alarm_set(engine->env->ep, &look->limit, os_clock_now() + OS_ENGINE_LOOK_TIME);
    session_go(session);
    return OS_OK;
}

/* ---- the engine's own */

/* DATA of SIZE bytes, which is freed, is the content. */
static os_err take_tree(struct os_engine_look *look, void *data, size_t size)
{
    struct os_env *env = look->engine->env;
    struct os_region region = { 0 };
    os_err err = os_ram_alloc(env, size, &look->ds);
    if (err)
        goto free_data;
    look->made = 1;
    err = os_region_attach(&region, look->ds, OS_ATTACH_WRITE);
    if (err)
        goto free_data;
    memcpy(region.at, data, size);
    os_region_detach(&region);
    look->size = size;
free_data:
    free(data);
    return err;
}

static os_err take_config(struct os_engine_look *look, const struct child *child)
{
    void *tree;
    size_t size;
    os_err err = os_config_extract(&child->generation->config, child->entry->config, &tree, &size);
    return err ? err : take_tree(look, tree, size);
}

static os_err take_state(struct os_engine_look *look)
{
    void *tree;
    size_t size;
    os_err err = os_engine_state(look->engine, &tree, &size);
    return err ? err : take_tree(look, tree, size);
}

/* ---- the beginning */

/* *LATER: a session is being opened. */
static os_err begin(struct os_engine_look *look, const struct child *child, const char *module, int *later)
{
    struct route_request asked = { .service = "ROM" };
    struct decision decision;
    if ((size_t)snprintf(asked.label, sizeof(asked.label), "%s", module) >= sizeof(asked.label))
        return OS_ERR_TOO_LARGE;
    os_err err = decide(&child->generation->scenario, child->entry, &asked, &decision);
    if (err)
        return err;
    if (decision.route == &route_own_config)
        return take_config(look, child);
    if (decision.route->target == TARGET_LOCAL && !local_find(look->engine, decision.request.service))
        return strcmp(module, "state") ? OS_ERR_NO_SERVICE : take_state(look);
    *later = 1;
    return open_session(look, &asked, &decision);
}

os_err os_engine_look(struct os_engine *engine, const char *name, const char *module,
                      struct os_engine_look *look)
{
    const struct child *child = engine_child(engine, name);
    int later = 0;
    if (!child)
        return OS_ERR_NOT_FOUND;
    *look = (struct os_engine_look){ .done = look->done, .engine = engine };
    os_list_insert(&engine->looks, &look->link);
    os_err err = begin(look, child, module, &later);
    if (err || !later)
        finish(look, err); /* else it may be through already */
    return OS_OK;
}
