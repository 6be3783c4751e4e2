/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: init as a component: an engine that runs the scenario in init's ROM "config", or says what is wrong
 * with it and starts nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/component.h>
#include <os/config.h>
#include <os/engine.h>
#include <os/rom.h>
#include "control.h"

OS_MANIFEST("requires: [PD]\n"
            "ram: 2M\n"
            "caps: 100\n");

/* Exit status when the scenario is wrong. */
#define STATUS_BAD_SCENARIO 2

/* What init is told about this run, by the ROM "run". */
struct run {
    int headless, check;
    char file[256]; /* the scenario's name for messages */
};

struct init {
    struct os_env *env;
    struct os_engine *engine;
    struct os_engine_handlers handlers;
    struct os_rom_module config;
    struct os_signal_handler config_changed;
    struct run run;
    struct control *control;
};

static void take_run_line(struct run *run, const char *line)
{
    if (!strncmp(line, "file: ", 6))
        snprintf(run->file, sizeof(run->file), "%.*s", (int)sizeof(run->file) - 1, line + 6);
    else if (!strcmp(line, "mode: headless"))
        run->headless = 1;
    else if (!strcmp(line, "check: true"))
        run->check = 1;
}

/* Without such a ROM, as for an init within an init, the defaults hold, and the result is zero. */
static int read_run(struct os_env *env, struct run *run)
{
    struct os_rom_module rom = { 0 };
    char line[300];
    *run = (struct run){ .file = "scenario" };
    if (os_rom_module_open(&rom, env, "run"))
        return 0;
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
    return 1;
}

/*
 * Whether there may be a route to the service Control: the first init asks for it in any case, one within
 * another only when its scenario says that its parent has it, for a request that is refused is told.
 */
static int may_have_control(const struct init *init, int is_first)
{
    struct os_config config;
    if (is_first || os_config_init(&config, init->config.data, (size_t)init->config.size))
        return is_first;
    os_config_ref list = os_config_get(&config, os_config_root(&config), "parent-provides");
    for (os_config_ref item = os_config_first(&config, list); item; item = os_config_next(&config, item))
        if (!strcmp(os_config_value(&config, item), "Control"))
            return 1;
    return 0;
}

/* What is wrong with a scenario that people have sent is told to them, else it is printed. */
static void problem(struct os_engine_handlers *handlers, const char *line)
{
    if (!control_problem(OS_CONTAINER_OF(handlers, struct init, handlers)->control, line))
        fprintf(stderr, "%s\n", line);
}

/* core gives the text of a file, an init above this one the tree that is its `config:`. */
static int is_tree(const struct os_rom_module *config)
{
    struct os_config tree;
    return os_config_init(&tree, config->data, (size_t)config->size) == OS_OK;
}

static void ended(struct os_engine_handlers *handlers, int status)
{
    os_exit(OS_CONTAINER_OF(handlers, struct init, handlers)->env, status);
}

/* Another content that is wrong is told by the engine, and what runs goes on. */
static void config_changed(struct os_signal_handler *handler)
{
    struct init *init = OS_CONTAINER_OF(handler, struct init, config_changed);
    os_err err = os_rom_module_update(&init->config);
    if (!err)
        err = os_engine_apply(init->engine, init->config.data, (size_t)init->config.size);
    if (err && err != OS_ERR_BAD_ARG)
        fprintf(stderr, "another scenario was not taken: %s\n", os_err_text(err));
}

/* Before the scenario is read, so that no change is missed. */
static os_err follow_config(struct init *init)
{
    os_signal_cap cap;
    os_err err = os_signal_handler_init(&init->config_changed, init->env->ep, config_changed, &cap);
    if (err)
        return err;
    err = os_rom_module_sigh(&init->config, cap);
    os_cap_drop(cap.cap);
    return err;
}

/* The command wants to know of a scenario only whether it is sound. */
static void check(struct init *init)
{
    if (os_engine_check(init->engine, init->config.data, (size_t)init->config.size))
        os_exit(init->env, STATUS_BAD_SCENARIO);
    fprintf(stderr, "%s: ok\n", init->run.file);
    os_exit(init->env, 0);
}

void component_construct(struct os_env *env)
{
    struct init *init = calloc(1, sizeof(*init));
    os_require(env, init ? OS_OK : OS_ERR_RAM, "init");
    init->env = env;
    init->handlers.problem = problem;
    init->handlers.ended = ended;
    int is_first = read_run(env, &init->run);
    os_require(env, os_rom_module_open(&init->config, env, "config"), "init: no scenario");
    const struct os_engine_options options = { .file = init->run.file,
                                               .headless = init->run.headless,
                                               .nested = is_tree(&init->config),
                                               .handlers = &init->handlers };
    os_require(env, os_engine_create(env, &options, &init->engine), "init: engine");
    if (init->run.check)
        check(init);
    os_require(env, follow_config(init), "init: config");
    os_err err = os_engine_apply(init->engine, init->config.data, (size_t)init->config.size);
    if (err == OS_ERR_BAD_ARG)
        os_exit(env, STATUS_BAD_SCENARIO);
    os_require(env, err, "init: start");
    if (may_have_control(init, is_first))
        init->control = control_create(env, init->engine);
}
