/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest.h: what a component says about itself, as YAML in a note of its ELF file. init takes defaults from
 * it and `seedbed check` checks scenarios with it, both without running the component.
 *
 *     OS_MANIFEST("provides: [Hello]\n"
 *                 "requires: [Timer]\n"
 *                 "ram: 1M\n"
 *                 "caps: 40\n");
 *
 * Keys, all optional but for ram and caps:
 *   provides, requires   lists of service names; LOG, PD and ROM need not be named. What is required with a
 *                        certain label is named with it: `requires: [Gui, ROM: font.ttf]`
 *   ram                  default quota in bytes, with suffix K, M or G
 *   caps                 default number of caps
 *   sandbox              name of the profile that it needs, default strict
 *   heartbeat            true: it gives signs of life when it is asked for them, see os_heartbeat_init
 *   config               schema of its config, if that is small; else it is a file config.yaml beside the
 * source, which config_note.S makes part of the program. docs/schema.md describes the language.
 */
#ifndef OS_MANIFEST_H
#define OS_MANIFEST_H

#include <stdint.h>

/* Name and type of the ELF note; section .note.seedbed. */
#define OS_MANIFEST_NOTE_NAME "Seedbed"
#define OS_MANIFEST_NOTE_TYPE 1
#define OS_CONFIG_NOTE_TYPE   2 /* the schema of its config, see config_note.S */

/* One string literal; placed once in one source of the component. */
#define OS_MANIFEST(text)                                                                                    \
    __attribute__((section(".note.seedbed"), used, aligned(4))) static const struct {                        \
        uint32_t name_size, text_size, type;                                                                 \
        char name[8];                                                                                        \
        char body[(sizeof(text) + 3) & ~3u];                                                                 \
    } os_manifest_note = { sizeof(OS_MANIFEST_NOTE_NAME), sizeof(text), OS_MANIFEST_NOTE_TYPE,               \
                           OS_MANIFEST_NOTE_NAME, text }

#endif
