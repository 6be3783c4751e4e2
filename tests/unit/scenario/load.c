/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c: reads and checks scenarios from strings, with binaries that are made for it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml/parse.h>
#include "made_elf.h"
#include "load.h"

/* The binaries of this test, by name. */
static const struct {
    const char *name, *manifest;
} binaries[] = {
    { "timer", "{provides: [Timer], ram: 1M, caps: 20, heartbeat: true}" },
    { "gui", "{provides: [Gui, Capture, Event], requires: [Timer], ram: 2M, caps: 50, heartbeat: true}" },
    { "sdl", "{requires: [Capture, Event, Host], ram: 4M, caps: 60, sandbox: display}" },
    { "paint",
      "{requires: [Gui], ram: 2M, caps: 40, config: {brush: u32, name: string, loud: bool, x: i32, big: u64, "
      "more: any}}" },
    { "a", "{provides: [A], requires: [B], ram: 4K, caps: 1}" },
    { "b", "{provides: [B], requires: [C], ram: 4K, caps: 1}" },
    { "c", "{provides: [C], requires: [A], ram: 4K, caps: 1}" },
    { "self", "{provides: [Self], requires: [Self], ram: 4K, caps: 1}" },
    { "reader", "{requires: [Gui, ROM: font], ram: 4K, caps: 1}" },
    { "quiet", "{ram: 4K, caps: 1, config: {}}" },
};

static uint8_t elf[ELF_MAX];

static os_err find(struct platform_source *source, const char *name, const void **at, size_t *size)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(binaries); i++) {
        if (!strcmp(binaries[i].name, name)) {
            *size = elf_make(&elf, 1, ELF_IN_SEGMENT, binaries[i].manifest);
            *at = elf;
            return OS_OK;
        }
    }
    if (!strcmp(name, "text")) {
        *at = "no program";
        *size = 10;
        return OS_OK;
    }
    return OS_ERR_NOT_FOUND;
}

int load_machine_is_open;

static os_err admit(struct platform_source *source, const struct entry *entry)
{
    if (load_machine_is_open)
        return OS_ERR_DENIED;
    if (strcmp(entry->sandbox, "strict") && strcmp(entry->sandbox, "display"))
        return OS_ERR_BAD_ARG;
    return entry->ram > OS_MIB(1024) ? OS_ERR_RAM : entry->caps > 5000 ? OS_ERR_CAPS : OS_OK;
}

char load_told[4000];
struct scenario load_scenario;
static void *tree;

static void tell(struct problems *problems, const char *line)
{
    size_t at = strlen(load_told);
    snprintf(load_told + at, sizeof(load_told) - at, "%s%s", at ? "\n" : "", line);
}

/* The same steps as in init's main.c. */
void load(const char *text, int display)
{
    struct problems problems = { .file = "s.yaml", .report = tell };
    struct platform_source source = { .find = find, .admit = admit };
    struct os_config config;
    char error[YAML_ERROR_MAX];
    size_t size;
    load_told[0] = 0;
    ck_assert_int_eq(yaml_parse("s.yaml", text, strlen(text), &tree, &size, &error), OS_OK);
    ck_assert_int_eq(os_config_init(&config, tree, size), OS_OK);
    (void)scenario_read(&load_scenario, &config, display, &problems);
    (void)scenario_read_binaries(&load_scenario, &source, &problems);
    if (!problems.count)
        (void)scenario_check(&load_scenario, &source, &problems);
}

void load_warn(void)
{
    struct problems problems = { .file = "s.yaml", .report = tell };
    load_told[0] = 0;
    scenario_warn(&load_scenario, &problems);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_int_eq(problems.warnings == 0, !*load_told);
}

void unload(void)
{
    scenario_fini(&load_scenario);
    free(tree);
}
