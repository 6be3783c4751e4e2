/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario.c: any text as a scenario, for programs with fixed manifests: read and checked in both modes; when
 * there is nothing to complain about, every route leads to somebody who provides the service.
 */
#include <scenario/scenario.h>
#include <yaml/parse.h>

#include "fuzz.h"
#include "made_elf.h"

static const struct {
    const char *name, *manifest;
} binaries[] = {
    { "timer", "{provides: [Timer], ram: 1M, caps: 20}" },
    { "gui", "{provides: [Gui, Capture, Event], requires: [Timer], ram: 2M, caps: 50}" },
    { "sdl", "{requires: [Capture, Event, Host], ram: 4M, caps: 60, sandbox: display}" },
    { "paint",
      "{requires: [Gui], ram: 2M, caps: 40, config: {brush: u32, name: string, loud: bool, x: i32}}" },
    { "a", "{provides: [A], requires: [B], ram: 4K, caps: 1}" },
    { "b", "{provides: [B], requires: [A], ram: 4K, caps: 1}" },
    { "bad", "{provides: [B, ram: 4K" },
};

static os_err find(struct platform_source *source, const char *name, const void **at, size_t *size)
{
    static uint8_t elf[ELF_MAX];
    for (size_t i = 0; i < OS_ARRAY_LEN(binaries); i++) {
        if (!strcmp(binaries[i].name, name)) {
            *size = elf_make(&elf, 1, ELF_IN_SEGMENT, binaries[i].manifest);
            *at = elf;
            return OS_OK;
        }
    }
    return OS_ERR_NOT_FOUND;
}

static os_err admit(struct platform_source *source, const struct entry *entry)
{
    if (strcmp(entry->sandbox, "strict") && strcmp(entry->sandbox, "display"))
        return OS_ERR_BAD_ARG;
    return entry->ram > OS_MIB(1024) ? OS_ERR_RAM : entry->caps > 5000 ? OS_ERR_CAPS : OS_OK;
}

static void report(struct problems *problems, const char *line)
{
    MUST(*line && !strchr(line, '\n') && strchr(line, ':'));
}

static void follow(const struct scenario *scenario, const struct entry *client)
{
    static const char *const services[] = { "Timer", "Gui", "A", "ROM", "LOG", "Absent" };
    static const char *const labels[] = { "", "x", "canvas", "a -> b", "config", "*" };
    for (size_t i = 0; i < OS_ARRAY_LEN(services); i++) {
        for (size_t j = 0; j < OS_ARRAY_LEN(labels); j++) {
            const struct route *route = route_find(scenario, client, services[i], labels[j]);
            if (route)
                (void)route_server(scenario, client, route, services[i]);
        }
    }
}

static void load(const struct os_config *config, int display)
{
    struct problems problems = { .file = "s.yaml", .report = report };
    struct platform_source source = { .find = find, .admit = admit };
    struct scenario scenario;
    (void)scenario_read(&scenario, config, display, &problems);
    (void)scenario_read_binaries(&scenario, &source, &problems);
    if (!problems.count)
        (void)scenario_check(&scenario, &source, &problems);
    for (size_t i = 0; i < scenario.count && !problems.count; i++) {
        const struct entry *entry = &scenario.entries[i];
        MUST(scenario_find(&scenario, entry->name) == entry);
        MUST(entry->binary && entry->ram && entry->caps && entry->sandbox);
        follow(&scenario, entry);
    }
    scenario_fini(&scenario);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct os_config config;
    char error[YAML_ERROR_MAX];
    size_t tree_size;
    void *tree;
    if (yaml_parse("s.yaml", data, size, &tree, &tree_size, &error))
        return 0;
    MUST(!os_config_init(&config, tree, tree_size));
    load(&config, 0);
    load(&config, 1);
    free(tree);
    return 0;
}
