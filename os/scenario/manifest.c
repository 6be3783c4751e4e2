/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest.c: reads a manifest, and checks a component's config against the schema in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/parent.h>
#include <yaml/parse.h>
#include "manifest.h"

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

/* A service is required as such, `Gui`, or with a certain label, `ROM: font.ttf`. */
static int read_requires(struct manifest *manifest, struct problems *problems, os_config_ref node)
{
    const struct os_config *config = &manifest->config;
    if (!node)
        return 1;
    if (!read_kind(problems, config, node, OS_CONFIG_LIST, "requires"))
        return 0;
    for (os_config_ref at = os_config_first(config, node); at; at = os_config_next(config, at)) {
        os_config_ref labelled = at->kind == OS_CONFIG_MAP ? os_config_first(config, at) : NULL;
        const char *name = os_config_key(config, labelled), *label = "";
        if (labelled ? !read_text(problems, config, labelled, name, OS_LABEL_MAX, &label)
                     : !read_text(problems, config, at, "requires", OS_SERVICE_MAX, &name))
            return 0;
        if (!names_add(&manifest->requires, name) || !names_add(&manifest->required_labels, label)) {
            problem_at(problems, at, "no memory for what follows, expected a smaller manifest");
            return 0;
        }
    }
    return 1;
}

/* All keys; messages point into the manifest's own text. */
static int read_fields(struct manifest *manifest, struct problems *problems)
{
    static const char *const keys[] = { "provides", "requires",  "ram",   "caps",
                                        "sandbox",  "heartbeat", "config" };
    const struct os_config *config = &manifest->config;
    os_config_ref root = os_config_root(config);
    os_config_ref ram = os_config_get(config, root, "ram"), caps = os_config_get(config, root, "caps");
    os_config_ref sandbox = os_config_get(config, root, "sandbox");
    os_config_ref heartbeat = os_config_get(config, root, "heartbeat");
    if (!read_keys(problems, config, root, "a manifest", keys, OS_ARRAY_LEN(keys)))
        return 0;
    if (!ram || !caps) {
        problem_at(problems, root, "no %s, expected ram and caps", ram ? "caps" : "ram");
        return 0;
    }
    manifest->sandbox = "strict";
    manifest->schema = (struct schema){ *config, os_config_get(config, root, "config"), NULL };
    return read_size(problems, config, ram, "ram", &manifest->ram) &&
           read_u32(problems, config, caps, "caps", &manifest->caps) &&
           (!sandbox || read_name(problems, config, sandbox, "sandbox", &manifest->sandbox)) &&
           (!heartbeat || read_bool(problems, config, heartbeat, "heartbeat", &manifest->heartbeat)) &&
           read_services(problems, config, os_config_get(config, root, "provides"), "provides",
                         &manifest->provides) &&
           read_requires(manifest, problems, os_config_get(config, root, "requires")) &&
           schema_is_sound(&manifest->schema, problems);
}

/* Parses TEXT of FILE to a tree that is to be freed. */
static int parse(struct problems *problems, const char *file, const char *text, size_t length, void **tree,
                 struct os_config *config)
{
    char error[YAML_ERROR_MAX];
    size_t size;
    if (yaml_parse(file, text, length, tree, &size, &error)) {
        problem_line(problems, error);
        return 0;
    }
    return !os_config_init(config, *tree, size);
}

/* The schema that is a file of its own in the component's sources. */
static int read_schema_file(struct manifest *manifest, struct problems *problems, const char *text,
                            size_t length)
{
    struct os_config config;
    if (manifest->schema.keys) {
        problem_at(problems, manifest->schema.keys,
                   "config in the manifest, expected none beside the schema in config.yaml");
        return 0;
    }
    if (!parse(problems, problems->file, text, length, &manifest->schema_tree, &config))
        return 0;
    manifest->schema = (struct schema){ config, os_config_root(&config), NULL };
    return schema_is_sound(&manifest->schema, problems);
}

int manifest_read(struct manifest *manifest, struct problems *problems, os_config_ref node,
                  const char *binary, const void *elf, size_t size)
{
    const char *text, *scenario = problems->file;
    size_t length;
    char file[96], schema_file[96];
    *manifest = (struct manifest){ 0 };
    const char *why = manifest_find(elf, size, &text, &length);
    if (why) {
        problem_at(problems, node, "binary '%s' %s", binary, why);
        return 0;
    }
    snprintf(file, sizeof(file), "manifest of %s", binary);
    snprintf(schema_file, sizeof(schema_file), "config.yaml of %s", binary);
    if (!parse(problems, file, text, length, &manifest->tree, &manifest->config))
        return 0;
    problems->file = file;
    int sound = read_fields(manifest, problems);
    problems->file = schema_file;
    if (sound && manifest_find_schema(elf, size, &text, &length))
        sound = read_schema_file(manifest, problems, text, length);
    problems->file = scenario;
    return sound;
}

void manifest_fini(struct manifest *manifest)
{
    if (!manifest->borrowed) {
        names_fini(&manifest->provides);
        names_fini(&manifest->requires);
        names_fini(&manifest->required_labels);
        free(manifest->tree);
        free(manifest->schema_tree);
    }
    *manifest = (struct manifest){ 0 };
}

void manifest_check_config(const struct manifest *manifest, struct problems *problems,
                           const struct os_config *config, os_config_ref node, os_config_ref place,
                           const char *component)
{
    char what[96];
    snprintf(what, sizeof(what), "the config of %s", component);
    (void)schema_check(&manifest->schema, problems, config, node, place, what);
}
