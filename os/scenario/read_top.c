/* SPDX-License-Identifier: BSD-2-Clause */
/* read_top.c: reads what a scenario says of the system as a whole. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"

/* How often a state is reported at most, if the scenario does not say. */
#define STATE_DELAY (100 * OS_MS)

#define PATH_MAX_LEN 1024

/* An array for all children of NODE, of SIZE bytes each. */
static void *array_for(struct reader *reader, os_config_ref node, size_t size)
{
    void *array = calloc(node->children ? node->children : 1, size);
    if (!array)
        problem_memory(reader->problems, node);
    return array;
}

static int is_empty(const struct reader *reader, os_config_ref node)
{
    return !node || (node->kind == OS_CONFIG_SCALAR && !*os_config_value(reader->config, node));
}

void read_aliases(struct reader *reader, os_config_ref node)
{
    struct scenario *scenario = reader->scenario;
    if (is_empty(reader, node) ||
        !read_kind(reader->problems, reader->config, node, OS_CONFIG_MAP, "aliases"))
        return;
    scenario->aliases = array_for(reader, node, sizeof(*scenario->aliases));
    if (!scenario->aliases)
        return;
    for (os_config_ref at = os_config_first(reader->config, node); at;
         at = os_config_next(reader->config, at)) {
        struct alias alias = { .node = at };
        if (read_key_name(reader->problems, reader->config, at, &alias.name) &&
            read_name(reader->problems, reader->config, at, "alias", &alias.entry))
            scenario->aliases[scenario->aliases_count++] = alias;
    }
}

/* Modules that core has for init; no file takes their place. */
static int is_reserved(const char *name)
{
    return !strcmp(name, "config") || !strcmp(name, "run") || !strcmp(name, "init");
}

void read_files(struct reader *reader, os_config_ref node)
{
    struct scenario *scenario = reader->scenario;
    if (is_empty(reader, node) || !read_kind(reader->problems, reader->config, node, OS_CONFIG_MAP, "files"))
        return;
    scenario->files = array_for(reader, node, sizeof(*scenario->files));
    if (!scenario->files)
        return;
    for (os_config_ref at = os_config_first(reader->config, node); at;
         at = os_config_next(reader->config, at)) {
        struct rom_file file = { .node = at };
        if (!read_key_name(reader->problems, reader->config, at, &file.name) ||
            !read_text(reader->problems, reader->config, at, file.name, PATH_MAX_LEN, &file.path))
            continue;
        if (is_reserved(file.name))
            problem_at(reader->problems, at,
                       "file '%s' has the name of a module of init's, expected another name", file.name);
        else if (*file.path)
            scenario->files[scenario->files_count++] = file;
        else
            problem_at(reader->problems, at, "file '%s' is empty, expected a path", file.name);
    }
}

void read_slack(struct reader *reader, os_config_ref node)
{
    const struct os_config *config = reader->config;
    struct scenario *scenario = reader->scenario;
    if (is_empty(reader, node))
        return;
    os_config_ref ram = os_config_get(config, node, "ram"), caps = os_config_get(config, node, "caps");
    if (ram)
        (void)read_size(reader->problems, config, ram, "ram", &scenario->slack.ram);
    if (caps)
        (void)read_u32(reader->problems, config, caps, "caps", &scenario->slack.caps);
}

void read_state(struct reader *reader, os_config_ref node)
{
    const struct os_config *config = reader->config;
    struct scenario *scenario = reader->scenario;
    scenario->state.delay = STATE_DELAY;
    if (is_empty(reader, node))
        return;
    os_config_ref delay = os_config_get(config, node, "delay");
    os_config_ref report = os_config_get(config, node, "report");
    if (delay)
        (void)read_time(reader->problems, config, delay, "delay", &scenario->state.delay);
    if (report)
        (void)read_bool(reader->problems, config, report, "report", &scenario->state.report);
}
