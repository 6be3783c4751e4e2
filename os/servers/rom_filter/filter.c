/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.c: evaluates the rules of the config. Trees are bounded in depth, hence all recursion is. */
#include <stdlib.h>
#include <string.h>

#include "filter.h"

static const struct input *find_input(const struct filter *filter, const char *name, size_t len)
{
    OS_LIST_FOR_EACH (link, &filter->inputs) {
        const struct input *input = OS_CONTAINER_OF(link, struct input, link);
        if (strlen(input->rom.name) == len && !memcmp(input->rom.name, name, len))
            return input;
    }
    return NULL;
}

/* Whether KEY of LEN bytes names CHILD, the one with number INDEX of its parent. */
static int is_named(const struct os_config *config, os_config_ref child, unsigned index, const char *key,
                    size_t len, int list)
{
    if (list) {
        char *end;
        return strtoul(key, &end, 10) == index && end == key + len;
    }
    const char *name = os_config_key(config, child);
    return strlen(name) == len && !memcmp(name, key, len);
}

static os_config_ref child_of(const struct os_config *config, os_config_ref node, const char *key, size_t len)
{
    unsigned index = 0;
    if (!len)
        return NULL;
    for (os_config_ref child = os_config_first(config, node); child; child = os_config_next(config, child))
        if (is_named(config, child, index++, key, len, node->kind == OS_CONFIG_LIST))
            return child;
    return NULL;
}

os_config_ref filter_find(const struct filter *filter, const char *path, const struct os_config **config)
{
    size_t len = strcspn(path, "/");
    const struct input *input = find_input(filter, path, len);
    if (!input)
        return NULL;
    *config = &input->rom.config;
    os_config_ref node = os_config_root(*config);
    for (path += len; node && *path; path += len) {
        path++;
        len = strcspn(path, "/");
        node = child_of(*config, node, path, len);
    }
    return node;
}

/* ---- conditions */

static int has_all(const struct filter *filter, os_config_ref paths)
{
    const struct os_config *config = &filter->config.config, *of;
    if (paths->kind == OS_CONFIG_SCALAR)
        return filter_find(filter, os_config_value(config, paths), &of) != NULL;
    for (os_config_ref path = os_config_first(config, paths); path; path = os_config_next(config, path))
        if (!filter_find(filter, os_config_value(config, path), &of))
            return 0;
    return 1;
}

static int number_of(const char *text, int64_t *number)
{
    char *end;
    *number = strtoll(text, &end, 10);
    return *text && !*end;
}

/* The sign of FOUND - WANTED; no number compares with nothing. */
static int compare(const char *found, const char *wanted, int *sign)
{
    int64_t a, b;
    if (!number_of(found, &a) || !number_of(wanted, &b))
        return 0;
    *sign = (a > b) - (a < b);
    return 1;
}

static int value_holds(const char *test, const char *found, const char *wanted)
{
    int sign;
    if (!strcmp(test, "is"))
        return !strcmp(found, wanted);
    if (!compare(found, wanted, &sign))
        return 0;
    return !strcmp(test, "greater") ? sign > 0 : sign < 0;
}

/* All of the map's paths have values for which TEST holds. */
static int values_hold(const struct filter *filter, const char *test, os_config_ref wanted)
{
    const struct os_config *config = &filter->config.config, *of;
    for (os_config_ref at = os_config_first(config, wanted); at; at = os_config_next(config, at)) {
        os_config_ref found = filter_find(filter, os_config_key(config, at), &of);
        if (!found || found->kind != OS_CONFIG_SCALAR ||
            !value_holds(test, os_config_value(of, found), os_config_value(config, at)))
            return 0;
    }
    return 1;
}

/* How many of a list of conditions hold. */
static unsigned count_holding(const struct filter *filter, os_config_ref list)
{
    const struct os_config *config = &filter->config.config;
    unsigned count = 0;
    for (os_config_ref at = os_config_first(config, list); at; at = os_config_next(config, at))
        count += filter_holds(filter, at) != 0;
    return count;
}

static int test_holds(const struct filter *filter, os_config_ref test)
{
    const char *name = os_config_key(&filter->config.config, test);
    if (!strcmp(name, "has"))
        return has_all(filter, test);
    if (!strcmp(name, "not"))
        return !filter_holds(filter, test);
    if (!strcmp(name, "all"))
        return count_holding(filter, test) == test->children;
    if (!strcmp(name, "any"))
        return count_holding(filter, test) > 0;
    return values_hold(filter, name, test);
}

int filter_holds(const struct filter *filter, os_config_ref condition)
{
    const struct os_config *config = &filter->config.config;
    for (os_config_ref test = os_config_first(config, condition); test; test = os_config_next(config, test))
        if (!test_holds(filter, test))
            return 0;
    return 1;
}

os_config_ref filter_rule(const struct filter *filter)
{
    const struct os_config *config = &filter->config.config;
    os_config_ref rules = os_config_get(config, os_config_root(config), "rules");
    for (os_config_ref rule = os_config_first(config, rules); rule; rule = os_config_next(config, rule))
        if (filter_holds(filter, os_config_get(config, rule, "when")))
            return rule;
    return NULL;
}

/* ---- output */

/*
 * For a value "$(PATH)": what stands at PATH, NULL if nothing does. *TAKEN: it is such a value. "$$(" is a
 * value that begins with "$(".
 */
static os_config_ref taken_part(const struct filter *filter, const char *value,
                                const struct os_config **config, int *taken)
{
    char path[256];
    size_t len = strlen(value);
    *taken = !strncmp(value, "$(", 2) && value[len - 1] == ')' && len - 3 < sizeof(path);
    if (!*taken)
        return NULL;
    memcpy(path, value + 2, len - 3);
    path[len - 3] = 0;
    return filter_find(filter, path, config);
}

static void write_value(const struct filter *filter, struct os_config_writer *writer, const char *key,
                        os_config_ref node)
{
    const struct os_config *config = &filter->config.config, *of;
    const char *value = os_config_value(config, node);
    int taken;
    os_config_ref part = taken_part(filter, value, &of, &taken);
    if (part)
        os_config_writer_copy(writer, key, of, part);
    else if (!taken)
        os_config_writer_add(writer, OS_CONFIG_SCALAR, key, value + !strncmp(value, "$$(", 3), node->line,
                             node->column);
}

static void write_node(const struct filter *filter, struct os_config_writer *writer, const char *key,
                       os_config_ref node)
{
    const struct os_config *config = &filter->config.config;
    if (node->kind == OS_CONFIG_SCALAR) {
        write_value(filter, writer, key, node);
        return;
    }
    os_config_writer_add(writer, node->kind, key, "", node->line, node->column);
    for (os_config_ref at = os_config_first(config, node); at; at = os_config_next(config, at))
        write_node(filter, writer, os_config_key(config, at), at);
    os_config_writer_end(writer);
}

static os_err output_text(const char *text, void **data, size_t *size)
{
    *size = strlen(text);
    *data = malloc(*size + 1);
    if (!*data)
        return OS_ERR_RAM;
    memcpy(*data, text, *size + 1);
    return OS_OK;
}

os_err filter_output(const struct filter *filter, os_config_ref rule, void **data, size_t *size)
{
    const struct os_config *config = &filter->config.config;
    struct os_config_writer writer;
    os_config_ref content = os_config_get(config, rule, "content");
    os_config_ref text = os_config_get(config, rule, "text");
    if (text)
        return output_text(os_config_value(config, text), data, size);
    if (!content)
        return OS_ERR_NOT_FOUND;
    os_config_writer_init(&writer, os_config_file(config));
    write_node(filter, &writer, "", content);
    os_err err = writer.count ? os_config_writer_finish(&writer, data, size) : OS_ERR_NOT_FOUND;
    os_config_writer_fini(&writer);
    return err;
}
