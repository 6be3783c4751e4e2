/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: init as a component: takes the scenario from its ROM "config", checks all of it, and starts it, or
 * says what is wrong and starts nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml/parse.h>
#include <engine/internal.h>

OS_MANIFEST("requires: [PD]\n"
            "ram: 2M\n"
            "caps: 100\n");

/* Exit status when the scenario is wrong. */
#define STATUS_BAD_SCENARIO 2

/* What init is told about this run, by the ROM "run". */
struct run {
    int display, check;
    char file[256]; /* the scenario's name for messages */
};

static void end(struct os_engine *engine, int status)
{
    os_exit(engine->env, status);
}

static void report(struct problems *problems, const char *line)
{
    fprintf(stderr, "%s\n", line);
}

static void take_run_line(struct run *run, const char *line)
{
    if (!strncmp(line, "file: ", 6))
        snprintf(run->file, sizeof(run->file), "%.*s", (int)sizeof(run->file) - 1, line + 6);
    else if (!strcmp(line, "mode: headless"))
        run->display = 0;
    else if (!strcmp(line, "check: true"))
        run->check = 1;
}

/* Without such a ROM, as for an init within an init, the defaults hold. */
static void read_run(struct os_env *env, struct run *run)
{
    struct os_rom_module rom = { 0 };
    char line[300];
    *run = (struct run){ .display = 1, .file = "scenario" };
    if (os_rom_module_open(&rom, env, "run"))
        return;
    const char *text = rom.data;
    for (size_t at = 0; at < rom.size;) {
        const char *newline = memchr(text + at, '\n', (size_t)rom.size - at);
        size_t len = newline ? (size_t)(newline - text) - at : (size_t)rom.size - at;
        snprintf(line, sizeof(line), "%.*s", len < sizeof(line) ? (int)len : (int)sizeof(line) - 1,
                 text + at);
        take_run_line(run, line);
        at += len + 1;
    }
    os_rom_module_close(&rom);
}

/*
 * The scenario as a tree: core gives its text, an init above this one the tree that is its `config:`. The
 * memory stays for the life of init.
 */
static int read_config(struct os_env *env, struct run *run, struct os_config *config)
{
    static const uint32_t magic = OS_CONFIG_MAGIC;
    struct os_rom_module rom = { 0 };
    void *tree;
    size_t size;
    char error[YAML_ERROR_MAX];
    os_require(env, os_rom_module_open(&rom, env, "config"), "init: no scenario");
    if (rom.size >= sizeof(magic) && !memcmp(rom.data, &magic, sizeof(magic))) {
        os_require(env, os_config_init(config, rom.data, (size_t)rom.size), "init: config");
        snprintf(run->file, sizeof(run->file), "%s", os_config_file(config));
        return 1;
    }
    os_err err = yaml_parse(run->file, rom.data, (size_t)rom.size, &tree, &size, &error);
    os_rom_module_close(&rom);
    if (err) {
        fprintf(stderr, "%s\n", error);
        return 0;
    }
    os_require(env, os_config_init(config, tree, size), "init: config");
    return 1;
}

static int scenario_is_sound(struct os_engine *engine, const struct os_config *config, const struct run *run)
{
    struct problems problems = { .file = run->file, .report = report };
    (void)scenario_read(&engine->scenario, config, run->display, &problems);
    (void)scenario_read_binaries(&engine->scenario, &engine->source, &problems);
    if (!problems.count)
        (void)scenario_check(&engine->scenario, &engine->source, &problems);
    if (problems.count)
        fprintf(stderr, "%s: %u problem%s; nothing was started\n", run->file, problems.count,
                problems.count == 1 ? "" : "s");
    return !problems.count;
}

void component_construct(struct os_env *env)
{
    struct os_engine *engine = calloc(1, sizeof(*engine));
    struct run *run = calloc(1, sizeof(*run));
    struct os_config config;
    os_require(env, engine && run ? OS_OK : OS_ERR_RAM, "init");
    engine_init(engine, env);
    engine->exit = end;
    read_run(env, run);
    if (!read_config(env, run, &config) || !scenario_is_sound(engine, &config, run))
        os_exit(env, STATUS_BAD_SCENARIO);
    if (run->check) {
        fprintf(stderr, "%s: ok\n", run->file);
        os_exit(env, 0);
    }
    os_require(env, engine_start(engine), "init: start");
}
