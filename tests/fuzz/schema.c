/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.c: any text as a schema, and what follows its line `---` as a config: a schema that is sound can
 * check any config, and its defaults are allowed. Named types are those of the key `types`, beside `keys`.
 */
#include <scenario/schema.h>
#include <yaml/parse.h>

#include "fuzz.h"

static void report(struct problems *problems, const char *line)
{
    MUST(*line && !strchr(line, '\n') && strchr(line, ':'));
}

/* The tree of SIZE bytes at TEXT, to be freed; NULL if it is none. */
static void *parse(const char *text, size_t size, struct os_config *config)
{
    char error[YAML_ERROR_MAX];
    size_t tree_size;
    void *tree;
    if (yaml_parse("y", text, size, &tree, &tree_size, &error))
        return NULL;
    MUST(!os_config_init(config, tree, tree_size));
    return tree;
}

static void check(const struct schema *schema, const struct os_config *config, os_config_ref node)
{
    struct problems problems = { .file = "y", .report = report };
    unsigned found = schema_check(schema, &problems, config, node, NULL, "c");
    MUST(found == problems.count);
}

static void check_all(const struct schema *schema, const char *text, size_t size)
{
    struct problems problems = { .file = "y", .report = report };
    struct os_config config;
    int sound = schema_is_sound(schema, &problems);
    MUST(!sound == !!problems.count);
    if (!sound)
        return;
    check(schema, &schema->config, NULL);
    check(schema, &schema->config, os_config_root(&schema->config));
    void *tree = parse(text, size, &config);
    if (tree)
        check(schema, &config, os_config_root(&config));
    free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char line[] = "\n---\n";
    struct schema schema = { .keys = NULL };
    char *text = text_copy(data, size), *config = strstr(text, line);
    size_t length = config ? (size_t)(config - text) + 1 : strlen(text);
    config = config ? config + sizeof(line) - 1 : text + length;
    void *tree = parse(text, length, &schema.config);
    if (tree) {
        os_config_ref root = os_config_root(&schema.config);
        schema.types = os_config_get(&schema.config, root, "types");
        schema.keys = schema.types ? os_config_get(&schema.config, root, "keys") : root;
        check_all(&schema, config, strlen(config));
    }
    free(tree);
    free(text);
    return 0;
}
