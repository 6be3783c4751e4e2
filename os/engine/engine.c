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
    os_alarm_clear(&engine->progress);
    free(engine);
    if (handlers && handlers->destroyed)
        handlers->destroyed(handlers);
}

static int is_set(const struct os_alarm *alarm)
{
    return alarm->link.next && !os_list_empty(&alarm->link);
}

static struct retry *try_first(struct os_list *retries)
{
    struct retry *retry = OS_CONTAINER_OF(retries->next, struct retry, link);
    os_list_remove(&retry->link);
    retry->again(retry);
    return retry;
}

/* The first that is busy once more stays the first, and stands for all behind it. */
static void retry_in_turn(struct os_list *retries)
{
    while (!os_list_empty(retries)) {
        struct retry *retry = try_first(retries); /* it may be no more; what is in the list is */
        if (retries->prev != &retry->link)
            continue;
        os_list_remove(&retry->link);
        os_list_insert(retries->next, &retry->link);
        return;
    }
}

static void progress(struct os_alarm *alarm)
{
    struct os_engine *engine = OS_CONTAINER_OF(alarm, struct os_engine, progress);
    size_t count = 0;
    OS_LIST_FOR_EACH (link, &engine->retries)
        count++;
    while (count-- && !os_list_empty(&engine->retries))
        try_first(&engine->retries);
    retry_in_turn(&engine->retries_in_turn);
    if (!engine->goes_on || engine->dying)
        return;
    engine->goes_on = 0;
    change_progress(engine);
}

static void tell(struct os_alarm *alarm)
{
    struct os_engine *engine = OS_CONTAINER_OF(alarm, struct os_engine, tell);
    struct os_engine_handlers *handlers = engine->handlers;
    engine->told = os_clock_now();
    state_rom_update(engine);
    if (handlers && handlers->changed)
        handlers->changed(handlers); /* may destroy the engine */
}

/* Once for all that changes together, and not sooner than the scenario wants it. */
void engine_changed(struct os_engine *engine)
{
    os_time delay = engine->generation ? engine->generation->scenario.state.delay : 0;
    os_time now = os_clock_now(), due = engine->told + delay;
    int is_watched = engine->state_roms || (engine->handlers && engine->handlers->changed);
    if (engine->dying || !is_watched || is_set(&engine->tell))
        return;
    os_alarm_set(engine->env->ep, &engine->tell, due > now ? due : now);
}

static void progress_soon(struct os_engine *engine)
{
    os_alarm_set(engine->env->ep, &engine->progress, os_clock_now());
}

void engine_go_on(struct os_engine *engine)
{
    engine->goes_on = 1;
    progress_soon(engine);
}

/* The component may have calls of its own under way, whose ends are not seen here. */
#define RETRY_AT_LAST OS_SEC

static void retry_later(struct os_engine *engine, struct os_list *retries, struct retry *retry,
                        void (*again)(struct retry *retry))
{
    retry->again = again;
    os_list_insert(retries, &retry->link);
    if (!is_set(&engine->progress))
        os_alarm_set(engine->env->ep, &engine->progress, os_clock_now() + RETRY_AT_LAST);
}

void engine_retry(struct os_engine *engine, struct retry *retry, void (*again)(struct retry *retry))
{
    retry_later(engine, &engine->retries, retry, again);
}

void engine_retry_in_turn(struct os_engine *engine, struct retry *retry, void (*again)(struct retry *retry))
{
    retry_later(engine, &engine->retries_in_turn, retry, again);
}

void engine_call_ended(struct os_engine *engine)
{
    if (!os_list_empty(&engine->retries) || !os_list_empty(&engine->retries_in_turn))
        progress_soon(engine);
}

int engine_child_ends(const struct os_engine *engine)
{
    OS_LIST_FOR_EACH (link, &engine->children)
        if (OS_CONTAINER_OF(link, struct child, link)->state == CHILD_ENDING)
            return 1;
    return 0;
}

int engine_gives_back(const struct os_engine *engine)
{
    return engine->closing || engine_child_ends(engine);
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
    engine->nested = options->nested;
    engine->next_server_id = 1;
    engine->started = os_clock_now();
    engine->later.handle = later;
    snprintf(engine->file, sizeof(engine->file), "%s", options->file ? options->file : "scenario");
    os_list_init(&engine->binaries);
    os_list_init(&engine->children);
    os_list_init(&engine->retries);
    os_list_init(&engine->retries_in_turn);
    os_list_init(&engine->services);
    os_list_init(&engine->looks);
    engine->progress.handle = progress;
    engine->tell.handle = tell;
    generation_source_init(engine);
    os_err err = resources_init(engine);
    if (err) {
        free(engine);
        return err;
    }
    *created = engine;
    return OS_OK;
}

void os_engine_destroy(struct os_engine *engine)
{
    if (!engine)
        return;
    engine->dying = 1;
    os_alarm_clear(&engine->tell);
    os_alarm_clear(&engine->later);
    resources_fini(engine);
    looks_end(engine);
    OS_LIST_FOR_EACH_SAFE (link, &engine->children)
        child_remove(OS_CONTAINER_OF(link, struct child, link));
    engine_returned(engine);
}

void engine_returned(struct os_engine *engine)
{
    resources_freed(engine);
    if (engine->dying && os_list_empty(&engine->children) && !engine->sessions)
        do_later(engine);
    else if (engine->unsettled && !engine->dying)
        engine_go_on(engine);
}

os_err os_engine_apply(struct os_engine *engine, const void *content, size_t size)
{
    struct generation *generation;
    os_err err = generation_read(engine, content, size, &generation);
    if (err)
        return err;
    err = change_apply(engine, generation);
    if (!err) {
        os_alarm_clear(&engine->later);
        engine->ended = 0;
        engine->status = 0;
        engine_child_gone(engine); /* an empty scenario has ended already */
    }
    generation_drop(generation);
    return err;
}

os_err os_engine_preview(struct os_engine *engine, const void *content, size_t size,
                         void (*line)(void *to, const char *line), void *to)
{
    struct generation *generation;
    os_err err = generation_read(engine, content, size, &generation);
    if (err)
        return err;
    err = change_preview(engine, generation, line, to);
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
    child_restart(child, "somebody wants it so");
    return OS_OK;
}

struct child *engine_child(struct os_engine *engine, const char *name)
{
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (!child->removed && !strcmp(child->name, name))
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
