/* SPDX-License-Identifier: BSD-2-Clause */
/* config_rom.c: keeps the config of a ROM module up to date. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/config_rom.h>

static void take(struct os_config_rom *rom, void *tree, const struct os_config *config)
{
    free(rom->tree);
    rom->tree = tree;
    rom->config = *config;
}

/* Checks a private copy of the content; ROM has that or stays as it is. */
static os_err take_content(struct os_config_rom *rom)
{
    struct os_config config;
    size_t size = (size_t)rom->module.size;
    if (size != rom->module.size)
        return OS_ERR_TOO_LARGE;
    void *tree = malloc(size ? size : 1);
    if (!tree)
        return OS_ERR_RAM;
    if (size)
        memcpy(tree, rom->module.data, size);
    os_err err = os_config_init(&config, tree, size);
    if (err) {
        free(tree);
        return err;
    }
    take(rom, tree, &config);
    return OS_OK;
}

static void tell(const struct os_config_rom *rom, os_err err)
{
    const struct os_rom_module *module = &rom->module;
    const char *why = err == OS_ERR_BAD_MSG ? "the content is no config tree" : os_err_text(err);
    if (err == OS_ERR_TOO_LARGE && module->refused)
        fprintf(stderr, "ROM %s: its %llu bytes are more than the %llu that are taken", rom->name,
                (unsigned long long)module->refused, (unsigned long long)module->max_size);
    else if (err == OS_ERR_TOO_LARGE && module->max_size)
        fprintf(stderr, "ROM %s: it has more than the %llu bytes that are taken", rom->name,
                (unsigned long long)module->max_size);
    else
        fprintf(stderr, "ROM %s: %s", rom->name, why);
    fprintf(stderr, "; the config stays as it was\n");
}

/* Non-zero if the config is another one. */
static int update(struct os_config_rom *rom)
{
    os_err err = os_rom_module_update(&rom->module);
    if (!err)
        err = take_content(rom);
    if (!err)
        return 1;
    if (err == OS_ERR_NOT_FOUND) {
        int had = rom->tree != NULL;
        take(rom, NULL, &(struct os_config){ 0 });
        return had;
    }
    tell(rom, err);
    return 0;
}

static void content_changed(struct os_signal_handler *handler)
{
    struct os_config_rom *rom = OS_CONTAINER_OF(handler, struct os_config_rom, handler);
    if (update(rom))
        rom->changed(rom);
}

/* Before the first look at the content, so that no change is missed. */
static os_err watch(struct os_config_rom *rom, struct os_env *env)
{
    os_signal_cap cap;
    os_err err = os_signal_handler_init(&rom->handler, env->ep, content_changed, &cap);
    if (err)
        return err;
    err = os_rom_module_sigh(&rom->module, cap);
    os_cap_drop(cap.cap);
    return err;
}

os_err os_config_rom_open(struct os_config_rom *rom, struct os_env *env, const char *name,
                          void (*changed)(struct os_config_rom *rom))
{
    return os_config_rom_open_limited(rom, env, name, 0, changed);
}

os_err os_config_rom_open_limited(struct os_config_rom *rom, struct os_env *env, const char *name,
                                  uint64_t max_size, void (*changed)(struct os_config_rom *rom))
{
    *rom = (struct os_config_rom){ .changed = changed };
    snprintf(rom->name, sizeof(rom->name), "%s", name);
    os_err err = os_rom_module_connect(&rom->module, env, name);
    rom->module.max_size = max_size;
    if (!err && changed)
        err = watch(rom, env);
    if (err) {
        os_config_rom_close(rom);
        return err;
    }
    (void)update(rom);
    return OS_OK;
}

void os_config_rom_limit(struct os_config_rom *rom, uint64_t max_size)
{
    rom->module.max_size = max_size;
    (void)update(rom);
}

void os_config_rom_close(struct os_config_rom *rom)
{
    os_signal_handler_fini(&rom->handler);
    os_rom_module_close(&rom->module);
    free(rom->tree);
    *rom = (struct os_config_rom){ 0 };
}
