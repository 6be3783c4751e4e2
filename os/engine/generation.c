/* SPDX-License-Identifier: BSD-2-Clause */
/* generation.c: a scenario out of the content of a ROM, checked with what this engine can know of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/session.h>
#include <yaml/parse.h>
#include <yaml/writer.h>
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
    os_dataspace_cap ds;
    uint64_t length;
    os_region_detach(&engine->elf);
    os_err err = binary_find(engine, name, &binary);
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
    child_pd_args(&args, engine->checked, entry);
    os_err err = os_session_open(engine->env, "PD", entry->name, args, entry->ram, entry->caps, &session);
    os_session_close(&session);
    return err;
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
    (void)scenario_read_binaries(&generation->scenario, &engine->source, problems);
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
    size_t tree_size;
    struct generation *generation = calloc(1, sizeof(*generation));
    if (!generation)
        return OS_ERR_RAM;
    generation->uses = 1;
    os_err err = read_tree(engine, content, size, &generation->tree, &tree_size);
    if (err)
        goto drop;
    err = os_config_init(&generation->config, generation->tree, tree_size);
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
