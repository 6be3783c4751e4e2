/* SPDX-License-Identifier: BSD-2-Clause */
/* read_entry.c: reads one entry of `start:`, a component with all that the scenario says about it. */
#include <stdlib.h>
#include <string.h>
#include <os/parent.h>
#include "parts.h"

#define RESTART_MAX       10
#define RESTART_DELAY     (100 * OS_MS)
#define RESTART_DELAY_MAX (10 * OS_SEC)

static const char *const policies[] = { "never", "on-failure", "always" };

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

static int read_policy(struct reader *reader, os_config_ref node, const char *what, struct restart *restart)
{
    unsigned index;
    if (!read_word(reader->problems, reader->config, node, what, policies, OS_ARRAY_LEN(policies), &index))
        return 0;
    restart->policy = (enum restart_policy)index;
    return 1;
}

static void read_restart(struct reader *reader, os_config_ref node, struct restart *restart)
{
    static const char *const keys[] = { "policy", "max", "delay", "delay-max" };
    const struct os_config *config = reader->config;
    if (node->kind == OS_CONFIG_SCALAR) {
        (void)read_policy(reader, node, "restart", restart);
        return;
    }
    if (!read_keys(reader->problems, config, node, "restart", keys, OS_ARRAY_LEN(keys)))
        return;
    os_config_ref policy = os_config_get(config, node, "policy"), max = os_config_get(config, node, "max");
    os_config_ref delay = os_config_get(config, node, "delay");
    os_config_ref delay_max = os_config_get(config, node, "delay-max");
    if (policy)
        (void)read_policy(reader, policy, "policy", restart);
    if (max)
        (void)read_u32(reader->problems, config, max, "max", &restart->max);
    if (delay)
        (void)read_time(reader->problems, config, delay, "delay", &restart->delay);
    if (delay_max)
        (void)read_time(reader->problems, config, delay_max, "delay-max", &restart->delay_max);
    if (restart->delay_max < restart->delay)
        restart->delay_max = restart->delay;
}

/* The keys of an entry whose values are single words, numbers or switches. */
static void read_scalars(struct reader *reader, os_config_ref node, struct entry *entry)
{
    static const char *const exits[] = { "ends-system" };
    const struct os_config *config = reader->config;
    os_config_ref optional = os_config_get(config, node, "optional");
    os_config_ref ends = os_config_get(config, node, "exit");
    unsigned index;
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
    if (ends)
        entry->ends_system =
            read_word(reader->problems, config, ends, "exit", exits, OS_ARRAY_LEN(exits), &index);
}

static void read_structures(struct reader *reader, os_config_ref node, struct entry *entry)
{
    const struct os_config *config = reader->config;
    os_config_ref routes = os_config_get(config, node, "route");
    os_config_ref restart = os_config_get(config, node, "restart");
    entry->provides_node = os_config_get(config, node, "provides");
    entry->config = os_config_get(config, node, "config");
    if (routes)
        read_routes(reader, routes, &entry->routes);
    if (restart)
        read_restart(reader, restart, &entry->restart);
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
    struct entry *larger = realloc(scenario->entries, (scenario->count + 1) * sizeof(*larger));
    if (!larger) {
        problem_memory(reader->problems, node);
        return NULL;
    }
    scenario->entries = larger;
    larger[scenario->count] = (struct entry){ 0 };
    return &larger[scenario->count++];
}

/* The name has been checked for its letters here, because it becomes part of labels and of messages. */
static int name_is_sound(struct reader *reader, os_config_ref node)
{
    const char *name = os_config_key(reader->config, node);
    size_t len = strlen(name);
    if (len < 64 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len)
        return 1;
    problem_at(reader->problems, node, "name '%.80s', expected 1 to 63 letters, digits, '-', '_' or '.'",
               name);
    return 0;
}

void read_entry(struct reader *reader, os_config_ref node)
{
    static const char *const keys[] = { "binary",  "ram",  "caps", "sandbox",  "config",  "route",
                                        "restart", "when", "exit", "provides", "optional" };
    const char *name = os_config_key(reader->config, node);
    int empty = node->kind == OS_CONFIG_SCALAR && !*os_config_value(reader->config, node);
    if (!name_is_sound(reader, node))
        return;
    if (!empty && !read_keys(reader->problems, reader->config, node, name, keys, OS_ARRAY_LEN(keys)) &&
        node->kind != OS_CONFIG_MAP)
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
    entry->restart = (struct restart){ RESTART_ON_FAILURE, RESTART_MAX, RESTART_DELAY, RESTART_DELAY_MAX };
    read_scalars(reader, node, entry);
    read_structures(reader, node, entry);
}
