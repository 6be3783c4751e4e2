/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.c: the first line is a label, each further one the pattern of an item of a policy. The item that is
 * found fits the label, and no other fits better; all of it as config bytes, too.
 */
#include <os/config_writer.h>
#include <os/policy.h>

#include "fuzz.h"

static const char separator[] = " -> ";

/* Whether there is a separator in LABEL that ends beyond its first LEN bytes. */
static int has_part_beyond(const char *label, size_t len)
{
    for (const char *at = label; (at = strstr(at, separator)) != NULL; at++)
        if ((size_t)(at - label) + strlen(separator) > len)
            return 1;
    return 0;
}

static int ends_with(const char *text, size_t len, const char *end)
{
    return len >= strlen(end) && !memcmp(text + len - strlen(end), end, strlen(end));
}

/* What policy.h says, read again. */
static size_t expected(const char *pattern, const char *label)
{
    size_t len = strlen(pattern);
    if (!strcmp(pattern, "*"))
        return 2;
    if (len && pattern[len - 1] == '*') {
        if (strlen(label) < len - 1 || memcmp(pattern, label, len - 1))
            return 0;
        return ends_with(pattern, len - 1, separator) || !has_part_beyond(label, len - 1) ? len + 1 : 0;
    }
    if (*pattern == '*')
        return ends_with(label, strlen(label), pattern + 1) ? len + 1 : 0;
    return strcmp(pattern, label) ? 0 : SIZE_MAX;
}

/* The config, to be freed; NULL if there is too much for one. */
static void *make_config(char *patterns, size_t *size)
{
    struct os_config_writer writer;
    void *data = NULL;
    char *rest = NULL;
    os_config_writer_init(&writer, "policy");
    os_config_writer_map(&writer, "");
    os_config_writer_list(&writer, "policy");
    for (char *at = strtok_r(patterns, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest)) {
        os_config_writer_map(&writer, "");
        os_config_writer_text(&writer, "label", at);
        os_config_writer_end(&writer);
    }
    os_config_writer_end(&writer);
    os_config_writer_map(&writer, "default-policy");
    os_config_writer_end(&writer);
    os_config_writer_end(&writer);
    os_err err = os_config_writer_finish(&writer, &data, size);
    MUST(!err || err == OS_ERR_TOO_LARGE);
    os_config_writer_fini(&writer);
    return err ? NULL : data;
}

static void check(const struct os_config *config, const char *label)
{
    os_config_ref found = os_policy_find(config, label), best = NULL;
    os_config_ref root = os_config_root(config), list = os_config_get(config, root, "policy");
    size_t best_at = 0;
    for (os_config_ref at = os_config_first(config, list); at; at = os_config_next(config, at)) {
        const char *pattern = os_config_str(config, at, "label", "");
        size_t fits = os_policy_match(pattern, label);
        MUST(fits == expected(pattern, label));
        if (fits > best_at) {
            best = at;
            best_at = fits;
        }
    }
    MUST(found == (best ? best : os_config_get(config, root, "default-policy")));
}

/* Bytes that nobody has made with care. */
static void find_in_any(const uint8_t *data, size_t size)
{
    struct os_config config;
    void *bytes = exact_copy(data, size);
    if (!os_config_init(&config, bytes, size)) {
        os_config_ref found = os_policy_find(&config, "label");
        MUST(!found || found->kind == OS_CONFIG_MAP);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct os_config config;
    size_t tree_size;
    char *label = text_copy(data, size), *patterns = strchr(label, '\n');
    if (patterns) {
        *patterns++ = 0;
        void *tree = make_config(patterns, &tree_size);
        if (tree) {
            MUST(!os_config_init(&config, tree, tree_size));
            check(&config, label);
        }
        free(tree);
    }
    free(label);
    find_in_any(data, size);
    return 0;
}
