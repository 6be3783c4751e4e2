/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.c: the children as a whole: from the scenario that is applied to the end of the last one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* What has to wait until no function of the engine is on the stack: handlers may destroy it. */
static void later(struct os_alarm *alarm)
{
    struct os_engine *engine = OS_CONTAINER_OF(alarm, struct os_engine, later);
    struct os_engine_handlers *handlers = engine->handlers;
    if (!engine->dying) {
        if (handlers && handlers->ended)
            handlers->ended(handlers, engine->status);
        return;
    }
    binaries_tidy(engine);
    generation_drop(engine->generation);
    free(engine);
    if (handlers && handlers->destroyed)
        handlers->destroyed(handlers);
}

static void do_later(struct os_engine *engine)
{
    os_alarm_set(engine->env->ep, &engine->later, os_clock_now());
}

os_err os_engine_create(struct os_env *env, const struct os_engine_options *options,
                        struct os_engine **created)
{
    struct os_engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return OS_ERR_RAM;
    engine->env = env;
    engine->handlers = options->handlers;
    engine->headless = options->headless;
    engine->next_server_id = 1;
    engine->started = os_clock_now();
    engine->later.handle = later;
    snprintf(engine->file, sizeof(engine->file), "%s", options->file ? options->file : "scenario");
    os_list_init(&engine->binaries);
    os_list_init(&engine->children);
    resources_init(engine);
    generation_source_init(engine);
    *created = engine;
    return OS_OK;
}

void os_engine_destroy(struct os_engine *engine)
{
    if (!engine)
        return;
    engine->dying = 1;
    os_alarm_clear(&engine->later);
    resources_fini(engine);
    OS_LIST_FOR_EACH_SAFE (link, &engine->children)
        child_remove(OS_CONTAINER_OF(link, struct child, link));
    engine_returned(engine);
}

void engine_returned(struct os_engine *engine)
{
    resources_freed(engine);
    if (engine->dying && os_list_empty(&engine->children) && !engine->sessions)
        do_later(engine);
}

static os_err start(struct os_engine *engine, struct generation *generation)
{
    struct child *child;
    os_err err = OS_OK;
    for (size_t i = 0; !err && i < generation->scenario.count; i++)
        err = child_create(engine, generation, &generation->scenario.entries[i], &child);
    if (err) {
        OS_LIST_FOR_EACH_SAFE (link, &engine->children)
            child_remove(OS_CONTAINER_OF(link, struct child, link));
        return err;
    }
    engine->generation = generation_use(generation);
    OS_LIST_FOR_EACH (link, &engine->children)
        child_start(OS_CONTAINER_OF(link, struct child, link));
    engine_child_gone(engine); /* an empty scenario has ended already */
    return OS_OK;
}

os_err os_engine_apply(struct os_engine *engine, const void *content, size_t size)
{
    struct generation *generation;
    if (engine->generation)
        return OS_ERR_EXISTS;
    os_err err = generation_read(engine, content, size, &generation);
    if (err)
        return err;
    err = start(engine, generation);
    generation_drop(generation);
    return err;
}

os_err os_engine_check(struct os_engine *engine, const void *content, size_t size)
{
    struct generation *generation;
    os_err err = generation_read(engine, content, size, &generation);
    if (!err)
        generation_drop(generation);
    return err;
}

os_err os_engine_kill(struct os_engine *engine, const char *name)
{
    struct child *child = engine_child(engine, name);
    if (!child)
        return OS_ERR_NOT_FOUND;
    return child_is_alive(child) ? os_pd_control_kill(child->control) : OS_ERR_DEAD;
}

os_err os_engine_restart(struct os_engine *engine, const char *name)
{
    struct child *child = engine_child(engine, name);
    if (!child)
        return OS_ERR_NOT_FOUND;
    os_alarm_clear(&engine->later);
    engine->ended = 0;
    child_restart(child);
    return OS_OK;
}

struct child *engine_child(struct os_engine *engine, const char *name)
{
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (!strcmp(child->name, name))
            return child;
    }
    return NULL;
}

void engine_ended(struct os_engine *engine, int status)
{
    if (engine->ended || engine->dying)
        return;
    engine->ended = 1;
    engine->status = status;
    do_later(engine);
}

void engine_child_gone(struct os_engine *engine)
{
    OS_LIST_FOR_EACH (link, &engine->children)
        if (OS_CONTAINER_OF(link, struct child, link)->state != CHILD_GONE)
            return;
    engine_ended(engine, engine->status);
}
