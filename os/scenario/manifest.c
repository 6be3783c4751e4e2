/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest.c: reads a manifest, and checks a component's config against the schema in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/parent.h>
#include <yaml/parse.h>
#include "manifest.h"

static const char *const types[] = { "u32", "u64", "i32", "string", "bool", "any" };
enum { TYPE_U32, TYPE_U64, TYPE_I32, TYPE_STRING, TYPE_BOOL, TYPE_ANY };

static int read_services(struct problems *problems, const struct os_config *config, os_config_ref node,
                         const char *what, struct names *names)
{
    if (!node)
        return 1;
    if (!read_kind(problems, config, node, OS_CONFIG_LIST, what))
        return 0;
    for (os_config_ref at = os_config_first(config, node); at; at = os_config_next(config, at)) {
        const char *name;
        if (!read_text(problems, config, at, what, OS_SERVICE_MAX, &name))
            return 0;
        if (!names_add(names, name)) {
            problem_at(problems, at, "no memory for what follows, expected a smaller manifest");
            return 0;
        }
    }
    return 1;
}

static int read_schema(struct problems *problems, const struct os_config *config, os_config_ref node)
{
    unsigned type;
    if (!read_kind(problems, config, node, OS_CONFIG_MAP, "config"))
        return 0;
    for (os_config_ref at = os_config_first(config, node); at; at = os_config_next(config, at))
        if (!read_word(problems, config, at, "type", types, OS_ARRAY_LEN(types), &type))
            return 0;
    return 1;
}

/* All keys; messages point into the manifest's own text. */
static int read_fields(struct manifest *manifest, struct problems *problems)
{
    static const char *const keys[] = { "provides", "requires", "ram", "caps", "sandbox", "config" };
    const struct os_config *config = &manifest->config;
    os_config_ref root = os_config_root(config);
    os_config_ref ram = os_config_get(config, root, "ram"), caps = os_config_get(config, root, "caps");
    os_config_ref sandbox = os_config_get(config, root, "sandbox");
    if (!read_keys(problems, config, root, "a manifest", keys, OS_ARRAY_LEN(keys)))
        return 0;
    if (!ram || !caps) {
        problem_at(problems, root, "no %s, expected ram and caps", ram ? "caps" : "ram");
        return 0;
    }
    manifest->sandbox = "strict";
    manifest->schema = os_config_get(config, root, "config");
    return read_size(problems, config, ram, "ram", &manifest->ram) &&
           read_u32(problems, config, caps, "caps", &manifest->caps) &&
           (!sandbox || read_name(problems, config, sandbox, "sandbox", &manifest->sandbox)) &&
           read_services(problems, config, os_config_get(config, root, "provides"), "provides",
                         &manifest->provides) &&
           read_services(problems, config, os_config_get(config, root, "requires"), "requires",
                         &manifest->requires) &&
           (!manifest->schema || read_schema(problems, config, manifest->schema));
}

int manifest_read(struct manifest *manifest, struct problems *problems, os_config_ref node,
                  const char *binary, const void *elf, size_t size)
{
    const char *text;
    size_t length, tree_size;
    char error[YAML_ERROR_MAX], file[96];
    *manifest = (struct manifest){ 0 };
    const char *why = manifest_find(elf, size, &text, &length);
    if (why) {
        problem_at(problems, node, "binary '%s' %s", binary, why);
        return 0;
    }
    snprintf(file, sizeof(file), "manifest of %s", binary);
    if (yaml_parse(file, text, length, &manifest->tree, &tree_size, &error)) {
        problem_line(problems, error);
        return 0;
    }
    if (os_config_init(&manifest->config, manifest->tree, tree_size))
        return 0;
    const char *scenario = problems->file;
    problems->file = file;
    int sound = read_fields(manifest, problems);
    problems->file = scenario;
    return sound;
}

void manifest_fini(struct manifest *manifest)
{
    if (!manifest->borrowed) {
        names_fini(&manifest->provides);
        names_fini(&manifest->requires);
        free(manifest->tree);
    }
    *manifest = (struct manifest){ 0 };
}

static void check_i32(struct problems *problems, const struct os_config *config, os_config_ref node,
                      const char *what)
{
    uint64_t value;
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return;
    const char *text = os_config_value(config, node);
    int negative = *text == '-';
    if (strspn(text + negative, "0123456789") == strlen(text + negative) &&
        !os_config_parse_size(text + negative, &value) && value <= (uint64_t)INT32_MAX + (negative ? 1 : 0))
        return;
    problem_at(problems, node, "%s '%.40s', expected a number from %d to %d", what, text, INT32_MIN,
               INT32_MAX);
}

static void check_u64(struct problems *problems, const struct os_config *config, os_config_ref node,
                      const char *what)
{
    uint64_t value;
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return;
    const char *text = os_config_value(config, node);
    if (strspn(text, "0123456789") != strlen(text) || os_config_parse_size(text, &value))
        problem_at(problems, node, "%s '%.40s', expected a number from 0", what, text);
}

static void check_value(struct problems *problems, const struct os_config *config, os_config_ref node,
                        const char *type)
{
    uint32_t number;
    int yes;
    const char *what = os_config_key(config, node);
    if (!strcmp(type, types[TYPE_U32]))
        (void)read_u32(problems, config, node, what, &number);
    else if (!strcmp(type, types[TYPE_U64]))
        check_u64(problems, config, node, what);
    else if (!strcmp(type, types[TYPE_I32]))
        check_i32(problems, config, node, what);
    else if (!strcmp(type, types[TYPE_STRING]))
        (void)read_kind(problems, config, node, OS_CONFIG_SCALAR, what);
    else if (!strcmp(type, types[TYPE_BOOL]))
        (void)read_bool(problems, config, node, what, &yes);
}

void manifest_check_config(const struct manifest *manifest, struct problems *problems,
                           const struct os_config *config, os_config_ref node, const char *component)
{
    struct names keys = { 0 };
    char what[96];
    os_config_ref key;
    if (!manifest->schema || !node || (node->kind == OS_CONFIG_SCALAR && !*os_config_value(config, node)))
        return;
    for (key = os_config_first(&manifest->config, manifest->schema); key;
         key = os_config_next(&manifest->config, key)) {
        if (!names_add(&keys, os_config_key(&manifest->config, key))) {
            problem_at(problems, node, "no memory for what follows, expected a smaller scenario");
            goto out;
        }
    }
    snprintf(what, sizeof(what), "the config of %s", component);
    if (!keys.count) {
        problem_at(problems, node, "config of %s, expected none: its manifest names no keys", component);
        goto out;
    }
    (void)read_keys(problems, config, node, what, keys.at, keys.count);
    for (os_config_ref at = os_config_first(config, node); at; at = os_config_next(config, at)) {
        key = os_config_get(&manifest->config, manifest->schema, os_config_key(config, at));
        if (key)
            check_value(problems, config, at, os_config_value(&manifest->config, key));
    }
out:
    names_fini(&keys);
}
