/* SPDX-License-Identifier: BSD-2-Clause */
/* schema_check.c: whether a config is what its schema allows. */
#include <stdio.h>
#include <string.h>
#include "names.h"
#include "schema.h"

/* One check: what is checked against what, and who is told. */
struct check {
    const struct schema *schema;
    struct problems *problems;
    const struct os_config *config;
};

/* Long enough for what a message says. */
#define WHAT_MAX 96

static void check_value(const struct check *check, os_config_ref node, os_config_ref rule, const char *what);

static const char *text_of(const struct check *check, os_config_ref rule, const char *property)
{
    return os_config_value(&check->schema->config, schema_property(check->schema, rule, property));
}

/* ---- scalars */

/* "a number from 1 to 64" */
static void expected_number(const struct check *check, os_config_ref rule, enum schema_type type, char *text,
                            size_t size)
{
    static const char *const least[] = { "0", "0", "-2147483648", "", "", "" };
    static const char *const most[] = { "4294967295", "", "2147483647", "", "", "" };
    const char *min = text_of(check, rule, "min"), *max = text_of(check, rule, "max");
    const char *kind = type == SCHEMA_SIZE   ? "a size"
                       : type == SCHEMA_TIME ? "a time"
                       : type == SCHEMA_I64  ? "a whole number"
                                             : "a number";
    if (!*min && !*max && type == SCHEMA_SIZE)
        snprintf(text, size, "a size as 4096, 64K, 8M or 1G");
    else if (!*min && !*max && type == SCHEMA_TIME)
        snprintf(text, size, "a time as 100ms or 2s");
    else {
        min = *min ? min : least[type];
        max = *max ? max : most[type];
        snprintf(text, size, "%s%s%s%s%s", kind, *min ? " from " : "", min,
                 !*max  ? ""
                 : *min ? " to "
                        : " up to ",
                 max);
    }
}

static void check_number(const struct check *check, os_config_ref node, os_config_ref rule,
                         enum schema_type type, const char *what)
{
    struct schema_number value, bound;
    char expected[120];
    const char *text = os_config_value(check->config, node);
    if (schema_number(type, text, &value) &&
        !(schema_number(type, text_of(check, rule, "min"), &bound) && schema_compare(&value, &bound) < 0) &&
        !(schema_number(type, text_of(check, rule, "max"), &bound) && schema_compare(&value, &bound) > 0))
        return;
    expected_number(check, rule, type, expected, sizeof(expected));
    problem_at(check->problems, node, "%s '%.40s', expected %s", what, text, expected);
}

static void check_length(const struct check *check, os_config_ref node, os_config_ref rule, const char *what)
{
    struct schema_number bound;
    size_t len = strlen(os_config_value(check->config, node));
    if (schema_number(SCHEMA_U32, text_of(check, rule, "max-length"), &bound) && len > bound.magnitude)
        problem_at(check->problems, node, "%s is too long, expected at most %u bytes", what,
                   (unsigned)bound.magnitude);
    if (schema_number(SCHEMA_U32, text_of(check, rule, "min-length"), &bound) && len < bound.magnitude)
        problem_at(check->problems, node, "%s is too short, expected at least %u bytes", what,
                   (unsigned)bound.magnitude);
}

/* More words than an enum has in practice; the further ones are allowed, and not told. */
#define WORDS_MAX 64

static void check_word(const struct check *check, os_config_ref node, os_config_ref rule, const char *what)
{
    const struct os_config *schema = &check->schema->config;
    const char *words[WORDS_MAX];
    size_t count = 0;
    unsigned index;
    os_config_ref at = os_config_first(schema, schema_property(check->schema, rule, "values"));
    for (; at; at = os_config_next(schema, at)) {
        if (!strcmp(os_config_value(schema, at), os_config_value(check->config, node)))
            return;
        if (count < WORDS_MAX)
            words[count++] = os_config_value(schema, at);
    }
    (void)read_word(check->problems, check->config, node, what, words, count, &index);
}

static void check_scalar(const struct check *check, os_config_ref node, os_config_ref rule,
                         enum schema_type type, const char *what)
{
    const char *name;
    int yes;
    if (!read_kind(check->problems, check->config, node, OS_CONFIG_SCALAR, what))
        return;
    switch (type) {
    case SCHEMA_STRING:
        check_length(check, node, rule, what);
        break;
    case SCHEMA_NAME:
        (void)read_name(check->problems, check->config, node, what, &name);
        break;
    case SCHEMA_BOOL:
        (void)read_bool(check->problems, check->config, node, what, &yes);
        break;
    case SCHEMA_ENUM:
        check_word(check, node, rule, what);
        break;
    default:
        check_number(check, node, rule, type, what);
        break;
    }
}

/* ---- maps and lists */

static int is_empty(const struct check *check, os_config_ref node)
{
    return node->kind == OS_CONFIG_SCALAR && !*os_config_value(check->config, node);
}

/* What a value is called whose rule has a noun, or else as it is. */
static const char *noun(const struct check *check, os_config_ref rule, const char *what)
{
    const char *own = text_of(check, rule, "noun");
    return *own ? own : what;
}

static void report_key(const struct check *check, os_config_ref node, os_config_ref keys, const char *what)
{
    const struct os_config *schema = &check->schema->config;
    struct names known = { 0 };
    int enough = 1;
    for (os_config_ref at = os_config_first(schema, keys); at; at = os_config_next(schema, at))
        enough &= names_add(&known, os_config_key(schema, at));
    if (enough)
        problem_key(check->problems, node, os_config_key(check->config, node), what, known.at, known.count);
    names_fini(&known);
}

static void check_required(const struct check *check, os_config_ref node, os_config_ref keys,
                           const char *what)
{
    const struct os_config *schema = &check->schema->config;
    for (os_config_ref at = os_config_first(schema, keys); at; at = os_config_next(schema, at)) {
        if (strcmp(text_of(check, at, "required"), "true") ||
            os_config_get(check->config, node, os_config_key(schema, at)))
            continue;
        problem_at(check->problems, node, "%s without '%s', expected one with it", what,
                   os_config_key(schema, at));
    }
}

/* Keys that are named have rules of their own, all others, if there may be any, the one for OTHERS. */
static void check_map(const struct check *check, os_config_ref node, os_config_ref keys, os_config_ref others,
                      const char *what)
{
    if (!is_empty(check, node) && !read_kind(check->problems, check->config, node, OS_CONFIG_MAP, what))
        return;
    for (os_config_ref at = os_config_first(check->config, node); at;
         at = os_config_next(check->config, at)) {
        const char *key = os_config_key(check->config, at);
        os_config_ref rule = os_config_get(&check->schema->config, keys, key);
        if (rule || others)
            check_value(check, at, rule ? rule : others, key);
        else if (keys)
            report_key(check, at, keys, what);
    }
    check_required(check, node, keys, what);
}

static void check_list(const struct check *check, os_config_ref node, os_config_ref rule, const char *what)
{
    os_config_ref of = schema_property(check->schema, rule, "of");
    char item[WHAT_MAX];
    if (is_empty(check, node) || !read_kind(check->problems, check->config, node, OS_CONFIG_LIST, what))
        return;
    snprintf(item, sizeof(item), "an item of %s", what);
    for (os_config_ref at = os_config_first(check->config, node); of && at;
         at = os_config_next(check->config, at))
        check_value(check, at, of, item);
}

/* ---- any value */

static int fits_kind(enum schema_type type, const struct check *check, os_config_ref node)
{
    if (type == SCHEMA_ANY)
        return 1;
    if (type == SCHEMA_MAP || type == SCHEMA_LIST)
        return node->kind == (type == SCHEMA_MAP ? OS_CONFIG_MAP : OS_CONFIG_LIST) || is_empty(check, node);
    return node->kind == OS_CONFIG_SCALAR;
}

/* The first of several rules that is for values of the kind of NODE. */
static void check_any_of(const struct check *check, os_config_ref node, os_config_ref rule, const char *what)
{
    const struct os_config *schema = &check->schema->config;
    os_config_ref first = os_config_first(schema, schema_property(check->schema, rule, "any-of"));
    for (os_config_ref at = first; at; at = os_config_next(schema, at)) {
        if (fits_kind(schema_type(check->schema, at), check, node)) {
            check_value(check, node, at, what);
            return;
        }
    }
    check_value(check, node, first, what); /* which tells what it should be */
}

static void check_value(const struct check *check, os_config_ref node, os_config_ref rule, const char *what)
{
    rule = schema_rule(check->schema, rule);
    enum schema_type type = schema_type(check->schema, rule);
    switch (type) {
    case SCHEMA_ANY:
        break;
    case SCHEMA_ANY_OF:
        check_any_of(check, node, rule, what);
        break;
    case SCHEMA_MAP:
        check_map(check, node, schema_property(check->schema, rule, "keys"),
                  schema_property(check->schema, rule, "of"), noun(check, rule, what));
        break;
    case SCHEMA_LIST:
        check_list(check, node, rule, what);
        break;
    default:
        check_scalar(check, node, rule, type, what);
        break;
    }
}

unsigned schema_check_value(const struct schema *schema, struct problems *problems,
                            const struct os_config *config, os_config_ref node, os_config_ref rule,
                            const char *what)
{
    const struct check check = { schema, problems, config };
    unsigned before = problems->count;
    check_value(&check, node, rule, what);
    return problems->count - before;
}

unsigned schema_check(const struct schema *schema, struct problems *problems, const struct os_config *config,
                      os_config_ref node, os_config_ref place, const char *what)
{
    static const struct os_config empty = { .text = "" };
    const struct os_config_node nothing = { .kind = OS_CONFIG_MAP,
                                            .line = place ? place->line : 1,
                                            .column = place ? place->column : 1 };
    const struct check check = { schema, problems, node ? config : &empty };
    unsigned before = problems->count;
    if (schema->keys)
        check_map(&check, node ? node : &nothing, schema->keys, NULL, what);
    return problems->count - before;
}
