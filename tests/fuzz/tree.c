/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c: see tree.h. */
#include <yaml/parse.h>

#include "fuzz.h"
#include "tree.h"

/* All readers of values, with a key that is there. */
static void ask(const struct os_config *config, os_config_ref node, const char *key)
{
    uint64_t bytes;
    (void)os_config_u64(config, node, key, 1);
    (void)os_config_i64(config, node, key, 1);
    (void)os_config_bool(config, node, key, 1);
    MUST(os_config_str(config, node, key, "default"));
    MUST(os_config_get(config, node, key));
    if (!os_config_parse_size(os_config_str(config, node, key, ""), &bytes))
        MUST(*os_config_str(config, node, key, ""));
}

size_t tree_walk(const struct os_config *config, os_config_ref node)
{
    size_t count = 1, children = 0;
    MUST(node->kind == OS_CONFIG_SCALAR || node->kind == OS_CONFIG_MAP || node->kind == OS_CONFIG_LIST);
    MUST(strlen(os_config_key(config, node)) < config->header->text);
    MUST(strlen(os_config_value(config, node)) < config->header->text);
    for (os_config_ref child = os_config_first(config, node); child; child = os_config_next(config, child)) {
        if (node->kind == OS_CONFIG_MAP && children < 3)
            ask(config, node, os_config_key(config, child));
        count += tree_walk(config, child);
        children++;
    }
    MUST(children == node->children);
    return count;
}

void tree_must_equal(const struct os_config *a, os_config_ref a_node, const struct os_config *b,
                     os_config_ref b_node)
{
    MUST(!a_node == !b_node);
    if (!a_node)
        return;
    MUST(a_node->kind == b_node->kind && a_node->children == b_node->children);
    MUST(a_node->line == b_node->line && a_node->column == b_node->column);
    MUST(!strcmp(os_config_value(a, a_node), os_config_value(b, b_node)));
    os_config_ref a_child = os_config_first(a, a_node), b_child = os_config_first(b, b_node);
    for (; a_child && b_child; a_child = os_config_next(a, a_child), b_child = os_config_next(b, b_child)) {
        MUST(!strcmp(os_config_key(a, a_child), os_config_key(b, b_child)));
        tree_must_equal(a, a_child, b, b_child);
    }
    MUST(!a_child && !b_child);
}

void tree_try(const void *data, size_t size, void (*try)(const struct os_config *config))
{
    char error[YAML_ERROR_MAX], *text = text_copy(data, size);
    struct os_config config;
    size_t tree_size;
    void *tree;
    if (!yaml_parse("y", text, strlen(text), &tree, &tree_size, &error)) {
        MUST(!os_config_init(&config, tree, tree_size));
        try(&config);
        free(tree);
    }
    free(text);
}
