/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h: the config tree. A component's config is the node beneath `config:` of its entry in the scenario,
 * delivered as the ROM "config". It arrives parsed: a flat table of nodes that needs no parser and is checked
 * once. Scalars are text; the reader says what type it wants. Every node knows its line and column in the
 * scenario file, for messages.
 */
#ifndef OS_CONFIG_H
#define OS_CONFIG_H

#include <os/types.h>

/*
 * The format, little-endian, the same on every platform: a header, then NODES nodes in pre-order, then TEXT
 * bytes of NUL-terminated strings. Node 0 is the root.
 */
#define OS_CONFIG_MAGIC 0x31474643u /* "CFG1" */

struct os_config_header {
    uint32_t magic, size; /* size: bytes of all, header included */
    uint32_t nodes, text;
    uint32_t file; /* offset of the file's name in the text */
};

enum os_config_kind { OS_CONFIG_SCALAR, OS_CONFIG_MAP, OS_CONFIG_LIST };

struct os_config_node {
    uint32_t kind;         /* enum os_config_kind */
    uint32_t key;          /* offset in the text; of the empty string for items of lists and the root */
    uint32_t value;        /* offset in the text; of the empty string for maps and lists */
    uint32_t next;         /* index of the next sibling, 0 if none */
    uint32_t children;     /* number of direct children; the first is the next node */
    uint32_t line, column; /* in the file, from 1 */
};

/* A checked config. Zeroed is an empty one: every look-up gives its default. */
struct os_config {
    const struct os_config_header *header;
    const struct os_config_node *nodes;
    const char *text;
};

/*
 * Checks SIZE bytes at DATA (every index, offset and NUL) and makes CONFIG refer to them; DATA must outlive
 * it. OS_ERR_BAD_MSG when it is not well-formed.
 */
OS_MUST_CHECK os_err os_config_init(struct os_config *config, const void *data, size_t size);

/* A place in a config; all functions take a node that is NULL and then give the default. */
typedef const struct os_config_node *os_config_ref;

os_config_ref os_config_root(const struct os_config *config);

/* Child with key KEY of a map, or NULL. */
os_config_ref os_config_get(const struct os_config *config, os_config_ref node, const char *key);

/* First child, next sibling, or NULL. */
os_config_ref os_config_first(const struct os_config *config, os_config_ref node);
os_config_ref os_config_next(const struct os_config *config, os_config_ref node);

/* Texts, never NULL. */
const char *os_config_key(const struct os_config *config, os_config_ref node);
const char *os_config_value(const struct os_config *config, os_config_ref node);
const char *os_config_file(const struct os_config *config);

/*
 * Values of child KEY with a default for when it is not there. A value that does not fit the type is logged
 * with file, line, column and what was expected, and the default is taken.
 */
uint64_t os_config_u64(const struct os_config *config, os_config_ref node, const char *key,
                       uint64_t fallback);
int64_t os_config_i64(const struct os_config *config, os_config_ref node, const char *key, int64_t fallback);
int os_config_bool(const struct os_config *config, os_config_ref node, const char *key, int fallback);
const char *os_config_str(const struct os_config *config, os_config_ref node, const char *key,
                          const char *fallback);
uint64_t os_config_size(const struct os_config *config, os_config_ref node, const char *key,
                        uint64_t fallback);
os_time os_config_time(const struct os_config *config, os_config_ref node, const char *key, os_time fallback);

/* Parses a size as the scenario has it: decimal digits and an optional K, M or G. OS_ERR_BAD_ARG. */
OS_MUST_CHECK os_err os_config_parse_size(const char *text, uint64_t *bytes);

/* Parses a time as the scenario has it, "100ms" or "2s", of less than 2^32 of either. OS_ERR_BAD_ARG. */
OS_MUST_CHECK os_err os_config_parse_time(const char *text, os_time *time);

#endif
