/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.c: the step from one scenario to the next. First it is planned what becomes of each child, which a
 * preview prints; then all children are told what is wanted of them now; and what needs quota that others
 * have to give back first is done when it is there, by change_progress.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

enum {
    CHANGE_START = 1,
    CHANGE_RESTART = 2,
    CHANGE_QUOTA = 4,
    CHANGE_CONFIG = 8,
    CHANGE_POLICY = 16, /* policies, and routes that no session uses */
};

/* What becomes of one entry of the new scenario. */
struct change {
    struct child *child; /* NULL: there is none yet */
    const struct entry *entry;
    unsigned what;
    char why[WHY_MAX]; /* of a restart */
};

struct plan {
    struct os_engine *engine;
    struct generation *generation;
    struct change *changes; /* one for each entry of it, in its order */
    size_t count;
};

/* ---- planning */

static int same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

/* The same but for where it stands in the file. */
static int same_tree(const struct os_config *a, os_config_ref at, const struct os_config *b, os_config_ref bt)
{
    if (!at || !bt)
        return !at && !bt;
    if (at->kind != bt->kind || at->children != bt->children ||
        strcmp(os_config_key(a, at), os_config_key(b, bt)) ||
        strcmp(os_config_value(a, at), os_config_value(b, bt)))
        return 0;
    at = os_config_first(a, at);
    bt = os_config_first(b, bt);
    for (; at && bt; at = os_config_next(a, at), bt = os_config_next(b, bt))
        if (!same_tree(a, at, b, bt))
            return 0;
    return 1;
}

static int same_names(const struct names *a, const struct names *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->at[i], b->at[i]))
            return 0;
    return 1;
}

__attribute__((format(printf, 2, 3))) static void restart_because(struct change *change, const char *format,
                                                                  ...)
{
    va_list args;
    if (change->what & CHANGE_RESTART)
        return; /* one reason is enough */
    change->what |= CHANGE_RESTART;
    va_start(args, format);
    vsnprintf(change->why, sizeof(change->why), format, args);
    va_end(args);
}

/* A session of CLIENT that the new scenario would have elsewhere; CLOSING and LOST ones are no more. */
static int is_moved(const struct plan *plan, const struct change *change, const struct session *session,
                    char (*why)[WHY_MAX])
{
    return session->state != SESSION_CLOSING && session->state != SESSION_LOST && !session->revoke &&
           decision_differs(&plan->generation->scenario, change->entry, session, why);
}

static void plan_sessions(struct plan *plan, struct change *change)
{
    char why[WHY_MAX];
    if (change->entry->on_route_change != ROUTE_CHANGE_RESTART)
        return;
    OS_LIST_FOR_EACH (link, &change->child->sessions) {
        const struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
        if (session->state != SESSION_WAITING && is_moved(plan, change, session, &why))
            restart_because(change, "%.200s", why);
    }
}

static void plan_kept(struct plan *plan, struct change *change)
{
    const struct child *child = change->child;
    const struct entry *old = child->entry, *new = change->entry;
    const struct os_config *old_config = &child->generation->config, *config = &plan->generation->config;
    if (strcmp(old->binary, new->binary))
        restart_because(change, "binary %s, not %s", new->binary, old->binary);
    if (!same_text(old->sandbox, new->sandbox))
        restart_because(change, "sandbox %s, not %s", new->sandbox, old->sandbox);
    if (child->generation->scenario.sandbox_required < plan->generation->scenario.sandbox_required)
        restart_because(change, "the sandbox is required now");
    if (!same_names(&old->provides, &new->provides))
        restart_because(change, "it provides other services");
    plan_sessions(plan, change);
    if (old->ram != new->ram || old->caps != new->caps)
        change->what |= CHANGE_QUOTA;
    if (!same_tree(old_config, old->config, config, new->config))
        change->what |= CHANGE_CONFIG;
    if (!change->what && !same_tree(old_config, old->node, config, new->node))
        change->what |= CHANGE_POLICY;
    /* one that has ended for good has another chance when it is another */
    if (child->state == CHILD_GONE && (change->what & (CHANGE_RESTART | CHANGE_QUOTA | CHANGE_CONFIG)))
        change->what = CHANGE_START;
}

static os_err plan_init(struct plan *plan, struct os_engine *engine, struct generation *generation)
{
    size_t count = generation->scenario.count;
    *plan = (struct plan){ .engine = engine, .generation = generation, .count = count };
    plan->changes = calloc(count ? count : 1, sizeof(*plan->changes));
    if (!plan->changes)
        return OS_ERR_RAM;
    for (size_t i = 0; i < count; i++) {
        struct change *change = &plan->changes[i];
        change->entry = &generation->scenario.entries[i];
        change->child = engine_child(engine, change->entry->name);
        if (change->child)
            plan_kept(plan, change);
        else
            change->what = CHANGE_START;
    }
    return OS_OK;
}

/* ---- saying it */

struct sayer {
    void (*line)(void *to, const char *line);
    void *to;
    unsigned lines;
};

__attribute__((format(printf, 2, 3))) static void say(struct sayer *sayer, const char *format, ...)
{
    char line[2 * WHY_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    sayer->lines++;
    sayer->line(sayer->to, line);
}

static void say_quota(struct sayer *sayer, const struct child *child, const struct entry *new)
{
    const struct entry *old = child->entry;
    if (old->ram != new->ram)
        say(sayer, "%s: ram %llu KiB, not %llu KiB", new->name, (unsigned long long)(new->ram / 1024),
            (unsigned long long)(old->ram / 1024));
    if (old->caps != new->caps)
        say(sayer, "%s: %u caps, not %u", new->name, (unsigned)new->caps, (unsigned)old->caps);
}

static void say_sessions(const struct plan *plan, struct sayer *sayer, const struct change *change)
{
    char why[WHY_MAX];
    OS_LIST_FOR_EACH (link, &change->child->sessions) {
        const struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
        if (!is_moved(plan, change, session, &why))
            continue;
        const char *what = session->state == SESSION_WAITING                     ? "waits elsewhere"
                           : change->entry->on_route_change == ROUTE_CHANGE_KEEP ? "is kept"
                                                                                 : "is closed";
        say(sayer, "%s: %s: %s", change->entry->name, why, what);
    }
}

static void say_change(const struct plan *plan, struct sayer *sayer, const struct change *change)
{
    const char *name = change->entry->name;
    if (change->what & CHANGE_START) {
        say(sayer, "start %s", name);
        return;
    }
    if (change->what & CHANGE_RESTART) {
        say(sayer, "restart %s: %s", name, change->why);
        return;
    }
    if (change->what & CHANGE_QUOTA)
        say_quota(sayer, change->child, change->entry);
    if (change->what & CHANGE_CONFIG)
        say(sayer, "%s: another config", name);
    if (change->what & CHANGE_POLICY)
        say(sayer, "%s: other policies or routes", name);
    say_sessions(plan, sayer, change);
}

os_err change_preview(struct os_engine *engine, struct generation *generation,
                      void (*line)(void *to, const char *line), void *to)
{
    struct plan plan;
    struct sayer sayer = { .line = line, .to = to };
    os_err err = plan_init(&plan, engine, generation);
    if (err)
        return err;
    OS_LIST_FOR_EACH (link, &engine->children) {
        const struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (!child->removed && !scenario_find(&generation->scenario, child->name))
            say(&sayer, "end %s", child->name);
    }
    for (size_t i = 0; i < plan.count; i++)
        say_change(&plan, &sayer, &plan.changes[i]);
    if (!sayer.lines)
        say(&sayer, "nothing changes");
    free(plan.changes);
    return OS_OK;
}

/* ---- doing it */

/* Children for new entries, which can still be taken back. */
static os_err add_children(struct plan *plan)
{
    os_err err = OS_OK;
    for (size_t i = 0; !err && i < plan->count; i++)
        if (!plan->changes[i].child)
            err =
                child_create(plan->engine, plan->generation, plan->changes[i].entry, &plan->changes[i].child);
    if (!err)
        return OS_OK;
    OS_LIST_FOR_EACH_SAFE (link, &plan->engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (child->generation == plan->generation)
            child_remove(child);
    }
    return err;
}

static void take_entry(struct plan *plan, struct change *change)
{
    struct child *child = change->child;
    if (child_has_account(child))
        resources_resize(child, change->entry->ram, change->entry->caps);
    generation_drop(child->generation);
    child->generation = generation_use(plan->generation);
    child->entry = change->entry;
    os_list_remove(&child->link);
    os_list_insert(&plan->engine->children, &child->link);
    if (child_is_alive(child))
        heartbeat_begin(child);
    if (child->binary && child->entry->upgrade == UPGRADE_ON_CHANGE && binary_follow(child->binary))
        child_log(child, "is not told of new binaries, for there are no capabilities left");
}

static void move_sessions(struct plan *plan, struct change *change)
{
    char why[WHY_MAX];
    OS_LIST_FOR_EACH_SAFE (link, &change->child->sessions) {
        struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
        struct decision decision;
        if (!is_moved(plan, change, session, &why))
            continue;
        if (session->state == SESSION_WAITING) {
            struct route_request asked = session_asked(session);
            os_err err = decide(&plan->generation->scenario, change->entry, &asked, &decision);
            session_reroute(session, &decision, err);
        } else if (change->entry->on_route_change == ROUTE_CHANGE_CLOSE) {
            child_log(change->child, "%s; it is closed", why);
            session_revoke(session);
        }
    }
}

os_err change_apply(struct os_engine *engine, struct generation *generation)
{
    struct plan plan;
    os_err err = plan_init(&plan, engine, generation);
    if (err)
        return err;
    err = add_children(&plan);
    if (err)
        goto free_plan;
    for (size_t i = 0; i < plan.count; i++)
        take_entry(&plan, &plan.changes[i]);
    generation_drop(engine->generation);
    engine->generation = generation_use(generation);
    for (size_t i = 0; i < plan.count; i++)
        if (!(plan.changes[i].what & (CHANGE_START | CHANGE_RESTART)))
            move_sessions(&plan, &plan.changes[i]);
    OS_LIST_FOR_EACH_SAFE (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (child->generation != generation && !child->removed)
            child_remove(child);
    }
    for (size_t i = 0; i < plan.count; i++) {
        struct change *change = &plan.changes[i];
        if (change->what & (CHANGE_START | CHANGE_RESTART))
            child_restart(change->child, change->why);
        else if (change->what & CHANGE_CONFIG)
            config_rom_update(change->child);
    }
    engine_changed(engine);
    change_progress(engine);
free_plan:
    free(plan.changes);
    return err;
}

/* ---- quota, and starts that wait for it */

void change_progress(struct os_engine *engine)
{
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (child_is_alive(child) && !child->removed)
            resources_shrink(child);
    }
    /* whoever comes first would take what another is to have */
    engine->unsettled = engine_child_ends(engine);
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (child->state == CHILD_READY && !engine->unsettled)
            child_start(child);
    }
    OS_LIST_FOR_EACH (link, &engine->children) {
        const struct child *child = OS_CONTAINER_OF(link, struct child, link);
        engine->unsettled |= child->state == CHILD_READY || resources_has_excess(child);
    }
}
