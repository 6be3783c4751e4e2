/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rom_reader.c: says what the ROM module "text" holds, and `value` of its config, each time that they change.
 */
#include <os/component.h>
#include <os/config_rom.h>

#include <stdio.h>

OS_MANIFEST("ram: 1M\n"
            "caps: 48\n"
            "config: { value: string, text: bool }\n");

static struct os_rom_module text;
static struct os_signal_handler text_handler;
static struct os_config_rom config;

static void say_text(void)
{
    os_err err = os_rom_module_update(&text);
    if (err)
        printf("text: %s\n", os_err_text(err));
    else
        printf("text: %.*s\n", (int)text.size, (const char *)text.data);
}

static void text_changed(struct os_signal_handler *handler)
{
    say_text();
}

static void say_value(struct os_config_rom *rom)
{
    printf("value: %s\n", os_config_str(&rom->config, os_config_root(&rom->config), "value", "none"));
}

static void follow_text(struct os_env *env)
{
    os_signal_cap cap;
    os_require(env, os_rom_module_connect(&text, env, "text"), "cannot open the module");
    os_require(env, os_signal_handler_init(&text_handler, env->ep, text_changed, &cap), "cannot follow it");
    os_require(env, os_rom_module_sigh(&text, cap), "cannot follow it");
    os_cap_drop(cap.cap);
    say_text();
}

void component_construct(struct os_env *env)
{
    os_require(env, os_config_rom_open(&config, env, "config", say_value), "no config");
    say_value(&config);
    if (os_config_bool(&config.config, os_config_root(&config.config), "text", 0))
        follow_text(env);
}
