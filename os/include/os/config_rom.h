/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_rom.h: a config tree from a ROM module that changes while the component runs.
 *
 *     static void configure(struct os_config_rom *rom)
 *     {
 *         brush = os_config_u64(&rom->config, os_config_root(&rom->config), "brush", 4);
 *     }
 *
 *     os_require(env, os_config_rom_open(&rom, env, "config", configure), "config");
 *     configure(&rom);
 */
#ifndef OS_CONFIG_ROM_H
#define OS_CONFIG_ROM_H

#include <os/config.h>
#include <os/rom.h>

/* An open one. Zeroed means closed, with an empty config. */
struct os_config_rom {
    struct os_config config; /* of the last content that was sound; empty before, and when there is none */
    struct os_rom_module module;
    struct os_signal_handler handler;
    void (*changed)(struct os_config_rom *rom);
    void *tree; /* what config refers to: a copy, for who serves the ROM could write to the original */
    char name[OS_LABEL_MAX];
};

/*
 * Opens the ROM module NAME ("config" is the component's own config) and reads it. CHANGED, or NULL, is
 * called at the main entrypoint when CONFIG is another one; references into the one before are not valid
 * then. A module that has no content is an empty config. Content that is no config tree, or that the
 * component cannot pay for, is said on stderr, and the config stays as it was. Errors: those of opening the
 * session; ROM is closed and its config empty then.
 */
OS_MUST_CHECK os_err os_config_rom_open(struct os_config_rom *rom, struct os_env *env, const char *name,
                                        void (*changed)(struct os_config_rom *rom));

/*
 * The same, for who does not trust what comes: content of more than MAX_SIZE bytes is not taken, and not paid
 * for. It is said on stderr, with its size as far as that is known, and the config stays as it was.
 */
OS_MUST_CHECK os_err os_config_rom_open_limited(struct os_config_rom *rom, struct os_env *env,
                                                const char *name, uint64_t max_size,
                                                void (*changed)(struct os_config_rom *rom));

/* MAX_SIZE from now on; looks at the content again, and does not call `changed`. */
void os_config_rom_limit(struct os_config_rom *rom, uint64_t max_size);

/* Closes it; the config is empty then. */
void os_config_rom_close(struct os_config_rom *rom);

#endif
