/* SPDX-License-Identifier: BSD-2-Clause */
/* writer.h: makes config trees in the format of os/config.h, node by node or from a part of another tree. */
#ifndef YAML_WRITER_H
#define YAML_WRITER_H

#include <os/config.h>

/* Bounds of a tree; what is larger or deeper is no configuration but a mistake. */
#define CONFIG_DEPTH_MAX 32
#define CONFIG_NODES_MAX 16384
#define CONFIG_TEXT_MAX  (256 * 1024)

struct config_writer_level {
    uint32_t node; /* index of the open map or list */
    uint32_t last; /* index of its last child, 0 if none */
};

/* A tree that is being written; memory of the caller's. Errors stick, and config_writer_finish tells. */
struct config_writer {
    struct os_config_node *nodes;
    char *text;
    uint32_t count, capacity;
    uint32_t text_size, text_capacity;
    uint32_t file;
    struct config_writer_level levels[CONFIG_DEPTH_MAX];
    uint32_t depth;
    uint32_t nodes_max, text_max; /* as above; a writer of what is no file may set others */
    os_err err;
};

void config_writer_init(struct config_writer *writer, const char *file);
void config_writer_fini(struct config_writer *writer);

/*
 * Adds a node to the map or list that is open; the first one is the root. A map or list is open from then on
 * until config_writer_end. KEY is "" for items of lists and the root, VALUE for maps and lists.
 */
void config_writer_add(struct config_writer *writer, enum os_config_kind kind, const char *key,
                       const char *value, uint32_t line, uint32_t column);
void config_writer_end(struct config_writer *writer);

/* The map or list that is open has KEY already. */
int config_writer_has_key(const struct config_writer *writer, const char *key);

/*
 * The finished tree, SIZE bytes at DATA, to be freed by the caller. OS_ERR_TOO_LARGE when a bound was
 * exceeded, OS_ERR_RAM.
 */
OS_MUST_CHECK os_err config_writer_finish(struct config_writer *writer, void **data, size_t *size);

/*
 * A new tree whose root is NODE of CONFIG, with the same file, lines and columns. NODE may be NULL: an empty
 * map. Errors as above; DATA is to be freed by the caller.
 */
OS_MUST_CHECK os_err config_extract(const struct os_config *config, os_config_ref node, void **data,
                                    size_t *size);

#endif
