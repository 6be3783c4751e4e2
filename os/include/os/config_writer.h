/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_writer.h: makes config trees in the format of os/config.h, node by node or from parts of other
 * trees: what a report says, or a config that is worked out.
 *
 *     os_config_writer_init(&writer, "sensor");
 *     os_config_writer_map(&writer, "");
 *     os_config_writer_text(&writer, "state", "warm");
 *     os_config_writer_u64(&writer, "degrees", 41);
 *     os_config_writer_end(&writer);
 *     err = os_config_writer_finish(&writer, &tree, &size);
 *     os_config_writer_fini(&writer);
 */
#ifndef OS_CONFIG_WRITER_H
#define OS_CONFIG_WRITER_H

#include <os/config.h>

/* Bounds of a tree; what is larger or deeper is no configuration but a mistake. */
#define OS_CONFIG_DEPTH_MAX 32
#define OS_CONFIG_NODES_MAX 16384
#define OS_CONFIG_TEXT_MAX  (256 * 1024)

struct os_config_writer_level {
    uint32_t node; /* index of the open map or list */
    uint32_t last; /* index of its last child, 0 if none */
};

/* A tree that is being written; memory of the caller's. Errors stick, and os_config_writer_finish tells. */
struct os_config_writer {
    struct os_config_node *nodes;
    char *text;
    uint32_t count, capacity;
    uint32_t text_size, text_capacity;
    uint32_t file;
    struct os_config_writer_level levels[OS_CONFIG_DEPTH_MAX];
    uint32_t depth;
    uint32_t nodes_max, text_max; /* as above; a writer of what is no file may set others */
    os_err err;
};

void os_config_writer_init(struct os_config_writer *writer, const char *file);
void os_config_writer_fini(struct os_config_writer *writer);

/*
 * Adds a node to the map or list that is open; the first one is the root. A map or list is open from then on
 * until os_config_writer_end. KEY is "" for items of lists and the root, VALUE for maps and lists.
 */
void os_config_writer_add(struct os_config_writer *writer, enum os_config_kind kind, const char *key,
                          const char *value, uint32_t line, uint32_t column);
void os_config_writer_end(struct os_config_writer *writer);

/* The same in short, for trees that come from no file: their lines and columns are 0. */
void os_config_writer_map(struct os_config_writer *writer, const char *key);
void os_config_writer_list(struct os_config_writer *writer, const char *key);
void os_config_writer_text(struct os_config_writer *writer, const char *key, const char *value);
void os_config_writer_u64(struct os_config_writer *writer, const char *key, uint64_t value);
void os_config_writer_i64(struct os_config_writer *writer, const char *key, int64_t value);
void os_config_writer_bool(struct os_config_writer *writer, const char *key, int value);

/* Adds NODE of CONFIG and all beneath it, under KEY, with its lines and columns. */
void os_config_writer_copy(struct os_config_writer *writer, const char *key, const struct os_config *config,
                           os_config_ref node);

/* The map or list that is open has KEY already. */
int os_config_writer_has_key(const struct os_config_writer *writer, const char *key);

/*
 * The finished tree, SIZE bytes at DATA, to be freed by the caller. OS_ERR_TOO_LARGE when a bound was
 * exceeded, OS_ERR_RAM.
 */
OS_MUST_CHECK os_err os_config_writer_finish(struct os_config_writer *writer, void **data, size_t *size);

/*
 * A new tree whose root is NODE of CONFIG, with the same file, lines and columns. NODE may be NULL: an empty
 * map. Errors as above; DATA is to be freed by the caller.
 */
OS_MUST_CHECK os_err os_config_extract(const struct os_config *config, os_config_ref node, void **data,
                                       size_t *size);

#endif
