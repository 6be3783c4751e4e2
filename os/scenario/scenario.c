/* SPDX-License-Identifier: BSD-2-Clause */
/* scenario.c: reads a scenario as a whole, and the manifests of its binaries. */
#include <stdlib.h>
#include <string.h>
#include "format.h"
#include "parts.h"

/*
 * What core offers, Machine, Control, Network and Pcap not on every platform: there a request is refused. A
 * nested init says with `parent-provides` what its own parent has.
 */
static const char *const core_services[] = { "LOG",     "ROM",     "PD",   "Host",   "Machine",
                                             "Control", "Network", "Pcap", "Random", "Rtc" };

static void read_parent_provides(struct reader *reader, os_config_ref node)
{
    struct names *names = &reader->scenario->parent_provides;
    if (node) {
        read_service_names(reader, node, "parent-provides", names);
        return;
    }
    for (size_t i = 0; i < OS_ARRAY_LEN(core_services); i++)
        if (!names_add(names, core_services[i]))
            problem_memory(reader->problems, node);
}

static void read_sandbox(struct reader *reader, os_config_ref node)
{
    static const char *const words[] = { "best-effort", "required" };
    unsigned index = 0;
    if (node)
        (void)read_word(reader->problems, reader->config, node, "sandbox", words, OS_ARRAY_LEN(words),
                        &index);
    reader->scenario->sandbox_required = (int)index;
    reader->scenario->sandbox_node = node;
}

static void read_start(struct reader *reader, os_config_ref root, os_config_ref start)
{
    if (!start) {
        problem_at(reader->problems, root, "nothing to start, expected a map 'start'");
        return;
    }
    if (!read_kind(reader->problems, reader->config, start, OS_CONFIG_MAP, "start"))
        return;
    for (os_config_ref at = os_config_first(reader->config, start); at;
         at = os_config_next(reader->config, at))
        read_entry(reader, at);
}

/* Whether all keys and values are of the format at all; what is said of them then is said once. */
static int fits_format(const struct os_config *config, struct problems *problems)
{
    struct schema format;
    void *tree;
    os_config_ref root = os_config_root(config);
    if (format_read(&format, &tree)) {
        problem_memory(problems, root);
        return 0;
    }
    unsigned found = schema_check(&format, problems, config, root, root, "a scenario");
    free(tree);
    return !found;
}

unsigned scenario_read(struct scenario *scenario, const struct os_config *config, int display,
                       struct problems *problems)
{
    struct reader reader = { scenario, &scenario->config, problems };
    unsigned before = problems->count;
    *scenario = (struct scenario){ .config = *config, .display = display };
    os_config_ref root = os_config_root(config);
    if (!fits_format(config, problems))
        return problems->count - before;
    read_sandbox(&reader, os_config_get(config, root, "sandbox"));
    read_parent_provides(&reader, os_config_get(config, root, "parent-provides"));
    read_default_route(&reader, os_config_get(config, root, "default-route"));
    read_start(&reader, root, os_config_get(config, root, "start"));
    read_aliases(&reader, os_config_get(config, root, "aliases"));
    read_files(&reader, os_config_get(config, root, "files"));
    read_slack(&reader, os_config_get(config, root, "slack"));
    read_state(&reader, os_config_get(config, root, "state"));
    if (!scenario_add_local(scenario, "ROM"))
        problem_memory(problems, root);
    return problems->count - before;
}

int scenario_add_local(struct scenario *scenario, const char *service)
{
    return names_have(&scenario->local_provides, service) || names_add(&scenario->local_provides, service);
}

static void entry_fini(struct entry *entry)
{
    free(entry->routes.at);
    names_fini(&entry->provides);
    manifest_fini(&entry->manifest);
}

void scenario_fini(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->count; i++)
        entry_fini(&scenario->entries[i]);
    free(scenario->entries);
    free(scenario->default_route.at);
    free(scenario->aliases);
    free(scenario->files);
    names_fini(&scenario->parent_provides);
    names_fini(&scenario->local_provides);
    names_fini(&scenario->absent);
    *scenario = (struct scenario){ 0 };
}

static void leave_out(struct scenario *scenario, size_t index, struct problems *problems)
{
    if (!names_add(&scenario->absent, scenario->entries[index].name))
        problem_memory(problems, scenario->entries[index].node);
    entry_fini(&scenario->entries[index]);
    memmove(&scenario->entries[index], &scenario->entries[index + 1],
            (scenario->count - index - 1) * sizeof(scenario->entries[0]));
    scenario->count--;
}

/* What the scenario does not say about an entry, its manifest does. */
static void take_defaults(struct entry *entry, struct problems *problems)
{
    if (!entry->ram_node)
        entry->ram = entry->manifest.ram;
    if (!entry->caps_node)
        entry->caps = entry->manifest.caps;
    if (!entry->sandbox)
        entry->sandbox = entry->manifest.sandbox;
    for (size_t i = 0; !entry->has_provides && i < entry->manifest.provides.count; i++)
        if (!names_add(&entry->provides, entry->manifest.provides.at[i]))
            problem_memory(problems, entry->node);
}

/* Many entries are of few binaries: an entry before INDEX whose manifest is the same, or NULL. */
static const struct entry *with_same_binary(const struct scenario *scenario, size_t index)
{
    for (size_t i = index; i-- > 0;) {
        const struct entry *entry = &scenario->entries[i];
        if (entry->manifest.sound && !strcmp(entry->binary, scenario->entries[index].binary))
            return entry;
    }
    return NULL;
}

/* The manifest of entry INDEX; 0 when the entry is left out, and another one has its place. */
static int read_binary(struct scenario *scenario, size_t index, struct platform_source *source,
                       struct problems *problems)
{
    struct entry *entry = &scenario->entries[index];
    os_config_ref node = entry->binary_node ? entry->binary_node : entry->node;
    const struct entry *same = with_same_binary(scenario, index);
    const void *elf;
    size_t size;
    if (same) {
        entry->manifest = same->manifest;
        entry->manifest.borrowed = 1;
        return 1;
    }
    os_err err = source->find(source, entry->binary, &elf, &size);
    if (err && entry->optional) {
        leave_out(scenario, index, problems);
        return 0;
    }
    if (err)
        problem_at(problems, node, "binary '%s': %s, expected the name of a component that was built",
                   entry->binary, os_err_text(err));
    else
        entry->manifest.sound = manifest_read(&entry->manifest, problems, node, entry->binary, elf, size);
    return 1;
}

unsigned scenario_read_binaries(struct scenario *scenario, struct platform_source *source,
                                struct problems *problems)
{
    unsigned before = problems->count;
    for (size_t i = 0; i < scenario->count;) {
        struct entry *entry = &scenario->entries[i];
        if (entry->binary && !read_binary(scenario, i, source, problems))
            continue;
        if (entry->manifest.sound)
            take_defaults(entry, problems);
        i++;
    }
    return problems->count - before;
}
