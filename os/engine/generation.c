/* SPDX-License-Identifier: BSD-2-Clause */
/* generation.c: a scenario out of the content of a ROM, checked with what this engine can know of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/session.h>
#include <yaml/parse.h>
#include <os/config_writer.h>
#include "internal.h"

/* ---- problems */

/* Problems of a scenario on their way to the engine's handler. */
struct told {
    struct problems problems;
    struct os_engine *engine;
};

static void tell(struct os_engine *engine, const char *line)
{
    if (engine->handlers && engine->handlers->problem)
        engine->handlers->problem(engine->handlers, line);
    else
        fprintf(stderr, "%s\n", line);
}

static void report(struct problems *problems, const char *line)
{
    tell(OS_CONTAINER_OF(problems, struct told, problems)->engine, line);
}

/* ---- what scenarios are checked with */

static os_err find_binary(struct platform_source *source, const char *name, const void **elf, size_t *size)
{
    struct os_engine *engine = OS_CONTAINER_OF(source, struct os_engine, source);
    struct binary *binary;
    os_region_detach(&engine->elf);
    os_err err = binary_find(engine, name, &binary);
    if (!err)
        err = os_region_attach(&engine->elf, binary->image, OS_ATTACH_READ);
    if (err)
        return err;
    *elf = engine->elf.at;
    *size = binary->size < engine->elf.size ? (size_t)binary->size : (size_t)engine->elf.size;
    return OS_OK;
}

/* What there is to give: what is not given yet, and what the children have been given, but for the slack. */
static void count_budget(struct os_engine *engine, const struct scenario *scenario)
{
    uint64_t ram = 0, ram_used = 0;
    uint32_t caps = 0, caps_used = 0;
    if (os_pd_quota(engine->env->pd, &ram, &ram_used, &caps, &caps_used))
        return;
    ram -= ram_used;
    caps -= caps_used;
    OS_LIST_FOR_EACH (link, &engine->children) {
        const struct child *child = OS_CONTAINER_OF(link, struct child, link);
        ram += child->records_size;
        if (!child_has_account(child))
            continue;
        struct amount given = resources_given(child);
        ram += given.ram;
        caps += given.caps;
    }
    engine->budget_ram = ram > scenario->slack.ram ? ram - scenario->slack.ram : 0;
    engine->budget_caps = caps > scenario->slack.caps ? caps - scenario->slack.caps : 0;
}

/* With so much a component can be created, though not run. */
#define TRIAL_RAM  OS_KIB(64)
#define TRIAL_CAPS 16u

/* One before it has shown that there is such a sandbox. */
static int was_tried(const struct scenario *scenario, const struct entry *entry)
{
    for (const struct entry *other = scenario->entries; other < entry; other++)
        if (!strcmp(other->sandbox, entry->sandbox))
            return 1;
    return 0;
}

/* Nothing is known better than by trying: a PD session is opened and closed again. */
static os_err try_sandbox(struct os_engine *engine, const struct entry *entry)
{
    int is_poor = entry->ram < TRIAL_RAM || entry->caps < TRIAL_CAPS;
    uint64_t ram = entry->ram < TRIAL_RAM ? entry->ram : TRIAL_RAM;
    uint32_t caps = entry->caps < TRIAL_CAPS ? entry->caps : TRIAL_CAPS;
    char args[OS_ARGS_MAX];
    struct os_session session = { 0 };
    if (!is_poor && was_tried(engine->checked, entry))
        return OS_OK;
    child_pd_args(&args, engine->checked, entry);
    os_err err = os_session_open(engine->env, "PD", entry->name, args, ram, caps, &session);
    os_session_close(&session);
    /* it is not this entry that asks for too much, but others have all there is now */
    return !is_poor && (err == OS_ERR_RAM || err == OS_ERR_CAPS) ? OS_OK : err;
}

static os_err admit(struct platform_source *source, const struct entry *entry)
{
    struct os_engine *engine = OS_CONTAINER_OF(source, struct os_engine, source);
    uint64_t kept = entry_kept_ram(entry);
    if (entry->ram > engine->budget_ram || kept > engine->budget_ram - entry->ram)
        return OS_ERR_RAM;
    if (entry->caps > engine->budget_caps)
        return OS_ERR_CAPS;
    engine->budget_ram -= entry->ram + kept;
    engine->budget_caps -= entry->caps;
    return try_sandbox(engine, entry);
}

void generation_source_init(struct os_engine *engine)
{
    engine->source = (struct platform_source){ .find = find_binary, .admit = admit };
}

/* ---- generations */

/* A tree of its own out of CONTENT, and the name of the file that it came from. */
static os_err read_tree(struct os_engine *engine, const void *content, size_t size, void **tree,
                        size_t *tree_size)
{
    static const uint32_t magic = OS_CONFIG_MAGIC;
    char error[YAML_ERROR_MAX] = "";
    os_err err;
    if (size >= sizeof(magic) && !memcmp(content, &magic, sizeof(magic))) {
        *tree = malloc(size);
        if (!*tree)
            return OS_ERR_RAM;
        memcpy(*tree, content, size);
        *tree_size = size;
        return OS_OK;
    }
    err = yaml_parse(engine->file, content, size, tree, tree_size, &error);
    if (err)
        tell(engine, error);
    return err;
}

static os_err check(struct os_engine *engine, struct generation *generation)
{
    struct told told = { .engine = engine,
                         .problems = { .file = os_config_file(&generation->config), .report = report } };
    struct problems *problems = &told.problems;
    engine->checked = &generation->scenario;
    (void)scenario_read(&generation->scenario, &generation->config, !engine->headless, problems);
    if (engine->nested)
        generation->scenario.any_at_parent =
            !os_config_get(&generation->config, os_config_root(&generation->config), "parent-provides");
    OS_LIST_FOR_EACH (link, &engine->services)
        if (!scenario_add_local(&generation->scenario,
                                OS_CONTAINER_OF(link, struct os_engine_service, link)->service))
            return OS_ERR_RAM;
    (void)scenario_read_binaries(&generation->scenario, &engine->source, problems);
    count_budget(engine, engine->checked);
    if (!problems->count)
        (void)scenario_check(&generation->scenario, &engine->source, problems);
    binaries_tidy(engine);
    if (!problems->count)
        return OS_OK;
    char line[320];
    snprintf(line, sizeof(line), "%.250s: %u problem%s; nothing was %s", problems->file, problems->count,
             problems->count == 1 ? "" : "s", engine->generation ? "changed" : "started");
    tell(engine, line);
    return OS_ERR_BAD_ARG;
}

os_err generation_read(struct os_engine *engine, const void *content, size_t size, struct generation **read)
{
    struct generation *generation = calloc(1, sizeof(*generation));
    if (!generation)
        return OS_ERR_RAM;
    generation->uses = 1;
    os_err err = read_tree(engine, content, size, &generation->tree, &generation->tree_size);
    if (err)
        goto drop;
    err = os_config_init(&generation->config, generation->tree, generation->tree_size);
    if (err) {
        tell(engine,
             "the scenario is a config tree that is broken, expected one of another component's config");
        err = OS_ERR_BAD_ARG;
        goto drop;
    }
    err = check(engine, generation);
    if (err)
        goto drop;
    *read = generation;
    return OS_OK;
drop:
    generation_drop(generation);
    return err;
}

struct generation *generation_use(struct generation *generation)
{
    generation->uses++;
    return generation;
}

void generation_drop(struct generation *generation)
{
    if (!generation || --generation->uses)
        return;
    scenario_fini(&generation->scenario);
    free(generation->tree);
    free(generation);
}
