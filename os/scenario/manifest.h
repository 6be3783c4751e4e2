/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest.h: what a component says about itself, taken out of its binary without running it. */
#ifndef SCENARIO_MANIFEST_H
#define SCENARIO_MANIFEST_H

#include <os/config.h>
#include "names.h"
#include "problems.h"
#include "schema.h"

struct manifest {
    void *tree;   /* what all else points into */
    int sound;    /* it was read, and is to be used */
    int borrowed; /* of another entry with the same binary, which ends it */
    struct os_config config;
    struct names provides, requires;
    struct names required_labels; /* one for each of requires; "": whatever the label */
    uint64_t ram;
    uint32_t caps;
    const char *sandbox;
    int heartbeat;        /* it gives signs of life when it is asked for them */
    struct schema schema; /* of its config */
    void *schema_tree;    /* NULL: the schema is part of the manifest, or there is none */
};

/*
 * The manifest's text in SIZE bytes of an ELF file, of 32 or 64 bit; it is not NUL-terminated. The file is
 * not trusted. NULL, or why there is none, as "what, expected what".
 */
const char *manifest_find(const void *elf, size_t size, const char **text, size_t *length);

/* The same for the schema that is a file of its own. Non-zero if there is one. */
int manifest_find_schema(const void *elf, size_t size, const char **text, size_t *length);

/*
 * Reads the manifest of BINARY, whose content is ELF. What is wrong is reported at NODE of the scenario, or
 * at the manifest's own lines. Non-zero if MANIFEST is to be used; it is to be ended in any case.
 */
int manifest_read(struct manifest *manifest, struct problems *problems, os_config_ref node,
                  const char *binary, const void *elf, size_t size);
/* A zeroed one, and one that is borrowed, are fine. */
void manifest_fini(struct manifest *manifest);

/* Checks the config NODE (or NULL) of the entry at PLACE of scenario tree CONFIG against the schema. */
void manifest_check_config(const struct manifest *manifest, struct problems *problems,
                           const struct os_config *config, os_config_ref node, os_config_ref place,
                           const char *component);

#endif
