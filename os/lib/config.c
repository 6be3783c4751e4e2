/* SPDX-License-Identifier: BSD-2-Clause */
/* config.c: checking a config once, and reading values from it. */
#include <stdio.h>
#include <string.h>

#include <os/config.h>

/* State of the one walk that checks all nodes. */
struct check {
    const struct os_config_node *nodes;
    uint32_t count, text;
};

/* A node's own fields, without its children. */
static int node_is_sound(const struct check *check, uint32_t index)
{
    const struct os_config_node *node = &check->nodes[index];
    if (node->kind > OS_CONFIG_LIST || node->key >= check->text || node->value >= check->text)
        return 0;
    if (node->kind == OS_CONFIG_SCALAR)
        return node->children == 0;
    return 1;
}

/*
 * Nodes are in pre-order, so a tree is sound when each family of siblings lies within its parent's span, one
 * sibling ends where the next begins, and the last one ends where the parent does. Depth is bounded, since
 * peers write this.
 */
#define MAX_DEPTH 64

static int span_is_sound(const struct check *check, uint32_t index, uint32_t end, unsigned depth)
{
    const struct os_config_node *node = &check->nodes[index];
    uint32_t at = index + 1;
    if (depth > MAX_DEPTH || !node_is_sound(check, index))
        return 0;
    for (uint32_t child = 0; child < node->children; child++) {
        if (at >= end)
            return 0;
        uint32_t next = check->nodes[at].next;
        int last = child + 1 == node->children;
        if (last != (next == 0) || (next && (next <= at || next >= end)))
            return 0;
        if (!span_is_sound(check, at, next ? next : end, depth + 1))
            return 0;
        at = next ? next : end;
    }
    return at == end;
}

os_err os_config_init(struct os_config *config, const void *data, size_t size)
{
    const struct os_config_header *header = data;
    if (size < sizeof(*header) || (uintptr_t)data % _Alignof(struct os_config_header))
        return OS_ERR_BAD_MSG;
    if (header->magic != OS_CONFIG_MAGIC || header->size > size || header->size < sizeof(*header))
        return OS_ERR_BAD_MSG;
    uint64_t room = header->size - sizeof(*header);
    if ((uint64_t)header->nodes * sizeof(struct os_config_node) + header->text != room)
        return OS_ERR_BAD_MSG;
    struct check check = { .nodes = (const void *)(header + 1),
                           .count = header->nodes,
                           .text = header->text };
    const char *text = (const char *)(check.nodes + check.count);
    if (!check.count || !check.text || text[check.text - 1] || header->file >= check.text)
        return OS_ERR_BAD_MSG;
    if (check.nodes[0].next || !span_is_sound(&check, 0, check.count, 0))
        return OS_ERR_BAD_MSG;
    *config = (struct os_config){ .header = header, .nodes = check.nodes, .text = text };
    return OS_OK;
}

os_config_ref os_config_root(const struct os_config *config)
{
    return config->nodes;
}

os_config_ref os_config_first(const struct os_config *config, os_config_ref node)
{
    return node && node->children ? node + 1 : NULL;
}

os_config_ref os_config_next(const struct os_config *config, os_config_ref node)
{
    return node && node->next ? &config->nodes[node->next] : NULL;
}

os_config_ref os_config_get(const struct os_config *config, os_config_ref node, const char *key)
{
    if (!node || node->kind != OS_CONFIG_MAP)
        return NULL;
    for (node = os_config_first(config, node); node; node = os_config_next(config, node))
        if (strcmp(os_config_key(config, node), key) == 0)
            return node;
    return NULL;
}

const char *os_config_key(const struct os_config *config, os_config_ref node)
{
    return node ? config->text + node->key : "";
}

const char *os_config_value(const struct os_config *config, os_config_ref node)
{
    return node ? config->text + node->value : "";
}

const char *os_config_file(const struct os_config *config)
{
    return config->header ? config->text + config->header->file : "";
}

static void complain(const struct os_config *config, os_config_ref node, const char *expected)
{
    fprintf(stderr, "%s:%u:%u: %s: expected %s, found \"%s\"; the default is used\n", os_config_file(config),
            (unsigned)node->line, (unsigned)node->column, os_config_key(config, node), expected,
            os_config_value(config, node));
}

/* Decimal digits up to MAX. */
static int parse_decimal(const char *text, uint64_t max, uint64_t *value)
{
    uint64_t number = 0;
    if (!*text)
        return 0;
    for (; *text; text++) {
        unsigned digit = (unsigned char)*text - (unsigned)'0';
        if (digit > 9 || digit > max || number > (max - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    *value = number;
    return 1;
}

uint64_t os_config_u64(const struct os_config *config, os_config_ref node, const char *key, uint64_t fallback)
{
    uint64_t value;
    os_config_ref child = os_config_get(config, node, key);
    if (!child)
        return fallback;
    if (child->kind == OS_CONFIG_SCALAR && parse_decimal(os_config_value(config, child), UINT64_MAX, &value))
        return value;
    complain(config, child, "a number from 0");
    return fallback;
}

int64_t os_config_i64(const struct os_config *config, os_config_ref node, const char *key, int64_t fallback)
{
    uint64_t value;
    os_config_ref child = os_config_get(config, node, key);
    if (!child)
        return fallback;
    const char *text = os_config_value(config, child);
    int negative = *text == '-';
    uint64_t max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (child->kind == OS_CONFIG_SCALAR && parse_decimal(text + negative, max, &value))
        return negative ? (int64_t)(0 - value) : (int64_t)value;
    complain(config, child, "a whole number");
    return fallback;
}

int os_config_bool(const struct os_config *config, os_config_ref node, const char *key, int fallback)
{
    os_config_ref child = os_config_get(config, node, key);
    if (!child)
        return fallback;
    if (child->kind == OS_CONFIG_SCALAR && strcmp(os_config_value(config, child), "true") == 0)
        return 1;
    if (child->kind == OS_CONFIG_SCALAR && strcmp(os_config_value(config, child), "false") == 0)
        return 0;
    complain(config, child, "true or false");
    return fallback;
}

const char *os_config_str(const struct os_config *config, os_config_ref node, const char *key,
                          const char *fallback)
{
    os_config_ref child = os_config_get(config, node, key);
    if (!child)
        return fallback;
    if (child->kind == OS_CONFIG_SCALAR)
        return os_config_value(config, child);
    complain(config, child, "text");
    return fallback;
}

os_err os_config_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMG";
    char digits[24];
    size_t len = strlen(text);
    unsigned shift = 0;
    uint64_t value;
    const char *unit = len ? strchr(units, text[len - 1]) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units + 1);
        len--;
    }
    if (len >= sizeof(digits))
        return OS_ERR_BAD_ARG;
    memcpy(digits, text, len);
    digits[len] = 0;
    if (!parse_decimal(digits, UINT64_MAX >> shift, &value))
        return OS_ERR_BAD_ARG;
    *bytes = value << shift;
    return OS_OK;
}

os_err os_config_parse_time(const char *text, os_time *time)
{
    char digits[12] = "";
    uint64_t value;
    size_t len = strspn(text, "0123456789");
    int is_ms = !strcmp(text + len, "ms"), is_s = !strcmp(text + len, "s");
    if (len >= sizeof(digits) || (!is_ms && !is_s))
        return OS_ERR_BAD_ARG;
    memcpy(digits, text, len);
    if (!parse_decimal(digits, UINT32_MAX, &value))
        return OS_ERR_BAD_ARG;
    *time = value * (is_ms ? OS_MS : OS_SEC);
    return OS_OK;
}

uint64_t os_config_size(const struct os_config *config, os_config_ref node, const char *key,
                        uint64_t fallback)
{
    uint64_t bytes;
    os_config_ref child = os_config_get(config, node, key);
    if (!child)
        return fallback;
    if (child->kind == OS_CONFIG_SCALAR && !os_config_parse_size(os_config_value(config, child), &bytes))
        return bytes;
    complain(config, child, "a size as 4096, 64K or 1M");
    return fallback;
}

os_time os_config_time(const struct os_config *config, os_config_ref node, const char *key, os_time fallback)
{
    os_time time;
    os_config_ref child = os_config_get(config, node, key);
    if (!child)
        return fallback;
    if (child->kind == OS_CONFIG_SCALAR && !os_config_parse_time(os_config_value(config, child), &time))
        return time;
    complain(config, child, "a time as 100ms or 2s");
    return fallback;
}
