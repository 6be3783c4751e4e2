/* SPDX-License-Identifier: BSD-2-Clause */
/* read_entry.c: reads one entry of `start:`, a component with all that the scenario says about it. */
#include <stdlib.h>
#include <string.h>
#include <os/parent.h>
#include "parts.h"

void read_service_names(struct reader *reader, os_config_ref node, const char *what, struct names *names)
{
    if (!read_kind(reader->problems, reader->config, node, OS_CONFIG_LIST, what))
        return;
    for (os_config_ref at = os_config_first(reader->config, node); at;
         at = os_config_next(reader->config, at)) {
        const char *name;
        if (read_text(reader->problems, reader->config, at, what, OS_SERVICE_MAX, &name) &&
            !names_add(names, name))
            problem_memory(reader->problems, at);
    }
}

/* The keys of an entry whose values are single words, numbers or switches. */
static void read_scalars(struct reader *reader, os_config_ref node, struct entry *entry)
{
    const struct os_config *config = reader->config;
    os_config_ref optional = os_config_get(config, node, "optional");
    entry->ram_node = os_config_get(config, node, "ram");
    entry->caps_node = os_config_get(config, node, "caps");
    entry->sandbox_node = os_config_get(config, node, "sandbox");
    entry->binary_node = os_config_get(config, node, "binary");
    if (entry->binary_node &&
        !read_name(reader->problems, config, entry->binary_node, "binary", &entry->binary))
        entry->binary = NULL; /* so that nobody looks for another one in its stead */
    if (entry->ram_node)
        (void)read_size(reader->problems, config, entry->ram_node, "ram", &entry->ram);
    if (entry->caps_node)
        (void)read_u32(reader->problems, config, entry->caps_node, "caps", &entry->caps);
    if (entry->sandbox_node)
        (void)read_name(reader->problems, config, entry->sandbox_node, "sandbox", &entry->sandbox);
    if (optional)
        (void)read_bool(reader->problems, config, optional, "optional", &entry->optional);
}

static void read_structures(struct reader *reader, os_config_ref node, struct entry *entry)
{
    const struct os_config *config = reader->config;
    os_config_ref routes = os_config_get(config, node, "route");
    entry->provides_node = os_config_get(config, node, "provides");
    entry->config = os_config_get(config, node, "config");
    if (routes)
        read_routes(reader, routes, &entry->routes);
    if (entry->provides_node)
        read_service_names(reader, entry->provides_node, "provides", &entry->provides);
    entry->has_provides = entry->provides_node != NULL;
}

/* The entry is for the mode that the system runs in. */
static int is_wanted(struct reader *reader, os_config_ref node)
{
    static const char *const modes[] = { "headless", "display" };
    os_config_ref when = os_config_get(reader->config, node, "when");
    unsigned mode;
    if (!when ||
        !read_word(reader->problems, reader->config, when, "when", modes, OS_ARRAY_LEN(modes), &mode))
        return 1;
    return (int)mode == reader->scenario->display;
}

static struct entry *add_entry(struct reader *reader, os_config_ref node)
{
    struct scenario *scenario = reader->scenario;
    struct entry *larger = list_room(scenario->entries, scenario->count, sizeof(*larger));
    if (!larger) {
        problem_memory(reader->problems, node);
        return NULL;
    }
    scenario->entries = larger;
    larger[scenario->count] = (struct entry){ 0 };
    return &larger[scenario->count++];
}

void read_entry(struct reader *reader, os_config_ref node)
{
    const char *name;
    int empty = node->kind == OS_CONFIG_SCALAR && !*os_config_value(reader->config, node);
    if (!read_key_name(reader->problems, reader->config, node, &name))
        return;
    if (!empty && !read_kind(reader->problems, reader->config, node, OS_CONFIG_MAP, name))
        return;
    if (!is_wanted(reader, node)) {
        if (!names_add(&reader->scenario->absent, name))
            problem_memory(reader->problems, node);
        return;
    }
    struct entry *entry = add_entry(reader, node);
    if (!entry)
        return;
    entry->name = entry->binary = name;
    entry->node = node;
    read_scalars(reader, node, entry);
    read_structures(reader, node, entry);
    read_policies(reader, node, entry);
}
