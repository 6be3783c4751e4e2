/* SPDX-License-Identifier: BSD-2-Clause */
/* schema.c: schemas, and whether one is sound in itself. */
#include <string.h>
#include "names.h"
#include "schema.h"

static const char *const types[] = { "u32",  "u64",  "i32",  "i64", "size", "time", "string",
                                     "name", "bool", "enum", "map", "list", "any",  "any-of" };

/* What a rule can have besides `type`, which all have with `doc`, `default`, `required` and `noun`. */
static const char *const properties[] = { "type",       "doc",        "default", "required", "noun",
                                          "min",        "max",        "values",  "keys",     "of",
                                          "min-length", "max-length", "any-of" };

/* Schemas of schemas do not nest without limit, and named types could go in circles. */
#define MAX_DEPTH 32

const char *schema_type_text(enum schema_type type)
{
    return types[type];
}

os_config_ref schema_property(const struct schema *schema, os_config_ref rule, const char *property)
{
    return rule && rule->kind == OS_CONFIG_MAP ? os_config_get(&schema->config, rule, property) : NULL;
}

/* The word that says of what type a rule is. */
static const char *type_word(const struct schema *schema, os_config_ref rule)
{
    if (!rule || rule->kind == OS_CONFIG_SCALAR)
        return os_config_value(&schema->config, rule);
    if (schema_property(schema, rule, "any-of"))
        return types[SCHEMA_ANY_OF];
    return os_config_value(&schema->config, schema_property(schema, rule, "type"));
}

os_config_ref schema_rule(const struct schema *schema, os_config_ref rule)
{
    for (unsigned depth = 0; rule && schema->types && depth < MAX_DEPTH; depth++) {
        os_config_ref named = os_config_get(&schema->config, schema->types, type_word(schema, rule));
        if (!named)
            break;
        rule = named;
    }
    return rule;
}

static int find_type(const char *word, enum schema_type *type)
{
    for (unsigned i = 0; i < OS_ARRAY_LEN(types); i++) {
        if (!strcmp(types[i], word)) {
            *type = (enum schema_type)i;
            return 1;
        }
    }
    return 0;
}

enum schema_type schema_type(const struct schema *schema, os_config_ref rule)
{
    enum schema_type type;
    return find_type(type_word(schema, schema_rule(schema, rule)), &type) ? type : SCHEMA_ANY;
}

/* ---- numbers */

static int decimal(const char *text, uint64_t *value)
{
    return strspn(text, "0123456789") == strlen(text) && !os_config_parse_size(text, value);
}

static int parse_time(const char *text, uint64_t *value)
{
    char digits[12] = "";
    size_t len = strspn(text, "0123456789");
    os_time unit = !strcmp(text + len, "ms") ? OS_MS : !strcmp(text + len, "s") ? OS_SEC : 0;
    if (!unit || !len || len >= sizeof(digits))
        return 0;
    memcpy(digits, text, len);
    if (os_config_parse_size(digits, value) || *value > UINT32_MAX)
        return 0;
    *value *= unit;
    return 1;
}

int schema_number(enum schema_type type, const char *text, struct schema_number *number)
{
    struct schema_number parsed = { .negative = 0 };
    int sound;
    switch (type) {
    case SCHEMA_SIZE:
        sound = !os_config_parse_size(text, &parsed.magnitude);
        break;
    case SCHEMA_TIME:
        sound = parse_time(text, &parsed.magnitude);
        break;
    case SCHEMA_U32:
        sound = decimal(text, &parsed.magnitude) && parsed.magnitude <= UINT32_MAX;
        break;
    case SCHEMA_U64:
        sound = decimal(text, &parsed.magnitude);
        break;
    default:
        parsed.negative = *text == '-';
        uint64_t most = type == SCHEMA_I32 ? INT32_MAX : INT64_MAX;
        sound = decimal(text + parsed.negative, &parsed.magnitude) &&
                parsed.magnitude <= most + (parsed.negative ? 1 : 0);
        break;
    }
    if (sound)
        *number = parsed;
    return sound;
}

int schema_compare(const struct schema_number *a, const struct schema_number *b)
{
    int a_negative = a->negative && a->magnitude, b_negative = b->negative && b->magnitude;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    if (a->magnitude == b->magnitude)
        return 0;
    return (a->magnitude < b->magnitude) == !a_negative ? -1 : 1;
}

/* ---- is it a schema? */

static int rule_is_sound(const struct schema *schema, struct problems *problems, os_config_ref rule,
                         unsigned depth);

static int is_number(enum schema_type type)
{
    return type <= SCHEMA_TIME;
}

static int type_is_known(const struct schema *schema, struct problems *problems, os_config_ref rule)
{
    enum schema_type type;
    unsigned index;
    const char *word = type_word(schema, schema_rule(schema, rule));
    if (find_type(word, &type) && (type != SCHEMA_ANY_OF || schema_property(schema, rule, "any-of") ||
                                   schema_rule(schema, rule) != rule))
        return 1;
    os_config_ref node = schema_property(schema, rule, "type");
    if (rule->kind == OS_CONFIG_MAP && !node)
        problem_at(problems, rule, "a rule without 'type', expected one with it, or with 'any-of'");
    else
        (void)read_word(problems, &schema->config, node ? node : rule, "type", types, OS_ARRAY_LEN(types) - 1,
                        &index);
    return 0;
}

/* `min` and `max` of numbers, and those of the lengths of texts. */
static int bounds_are_sound(const struct schema *schema, struct problems *problems, os_config_ref rule,
                            enum schema_type type, const char *low, const char *high)
{
    os_config_ref nodes[] = { schema_property(schema, rule, low), schema_property(schema, rule, high) };
    struct schema_number bounds[2];
    for (unsigned i = 0; i < 2; i++) {
        if (nodes[i] && !schema_number(type, os_config_value(&schema->config, nodes[i]), &bounds[i])) {
            problem_at(problems, nodes[i], "%s '%.40s', expected a value of type %s", i ? high : low,
                       os_config_value(&schema->config, nodes[i]), types[type]);
            return 0;
        }
    }
    if (!nodes[0] || !nodes[1] || schema_compare(&bounds[0], &bounds[1]) <= 0)
        return 1;
    problem_at(problems, nodes[1], "%s is less than %s, expected a range", high, low);
    return 0;
}

static int words_are_sound(const struct schema *schema, struct problems *problems, os_config_ref rule)
{
    os_config_ref values = schema_property(schema, rule, "values");
    if (!values || !values->children || values->kind != OS_CONFIG_LIST) {
        problem_at(problems, values ? values : rule, "an enum without words, expected a list 'values'");
        return 0;
    }
    for (os_config_ref at = os_config_first(&schema->config, values); at;
         at = os_config_next(&schema->config, at))
        if (!read_kind(problems, &schema->config, at, OS_CONFIG_SCALAR, "a word"))
            return 0;
    return 1;
}

/* All rules of the map or list that property NAME of RULE is. */
static int parts_are_sound(const struct schema *schema, struct problems *problems, os_config_ref rule,
                           const char *name, enum os_config_kind kind, unsigned depth)
{
    os_config_ref parts = schema_property(schema, rule, name);
    if (!parts)
        return 1;
    if (!read_kind(problems, &schema->config, parts, kind, name))
        return 0;
    for (os_config_ref at = os_config_first(&schema->config, parts); at;
         at = os_config_next(&schema->config, at))
        if (!rule_is_sound(schema, problems, at, depth + 1))
            return 0;
    return 1;
}

static int properties_are_sound(const struct schema *schema, struct problems *problems, os_config_ref rule,
                                enum schema_type type, unsigned depth)
{
    os_config_ref of = schema_property(schema, rule, "of");
    os_config_ref required = schema_property(schema, rule, "required");
    int yes;
    if (!read_keys(problems, &schema->config, rule, "a rule", properties, OS_ARRAY_LEN(properties)) ||
        (required && !read_bool(problems, &schema->config, required, "required", &yes)))
        return 0;
    if (is_number(type) && !bounds_are_sound(schema, problems, rule, type, "min", "max"))
        return 0;
    if (!bounds_are_sound(schema, problems, rule, SCHEMA_U32, "min-length", "max-length"))
        return 0;
    if (type == SCHEMA_ENUM && schema_rule(schema, rule) == rule && !words_are_sound(schema, problems, rule))
        return 0;
    return parts_are_sound(schema, problems, rule, "keys", OS_CONFIG_MAP, depth) &&
           parts_are_sound(schema, problems, rule, "any-of", OS_CONFIG_LIST, depth) &&
           (!of || rule_is_sound(schema, problems, of, depth + 1));
}

/* A default has to be what the rule allows. */
static int default_is_sound(const struct schema *schema, struct problems *problems, os_config_ref rule)
{
    os_config_ref value = schema_property(schema, rule, "default");
    return !value || !schema_check_value(schema, problems, &schema->config, value, rule, "default");
}

static int rule_is_sound(const struct schema *schema, struct problems *problems, os_config_ref rule,
                         unsigned depth)
{
    if (depth > MAX_DEPTH) {
        problem_at(problems, rule, "rules within rules, expected at most %d", MAX_DEPTH);
        return 0;
    }
    if (rule->kind == OS_CONFIG_LIST) {
        problem_at(problems, rule, "a rule is a list, expected a type or a map");
        return 0;
    }
    return type_is_known(schema, problems, rule) &&
           (rule->kind == OS_CONFIG_SCALAR ||
            (properties_are_sound(schema, problems, rule, schema_type(schema, rule), depth) &&
             default_is_sound(schema, problems, rule)));
}

static int rules_are_sound(const struct schema *schema, struct problems *problems, os_config_ref rules,
                           const char *what)
{
    int sound = 1;
    if (!rules || (rules->kind == OS_CONFIG_SCALAR && !*os_config_value(&schema->config, rules)))
        return 1;
    if (!read_kind(problems, &schema->config, rules, OS_CONFIG_MAP, what))
        return 0;
    for (os_config_ref at = os_config_first(&schema->config, rules); at;
         at = os_config_next(&schema->config, at))
        sound &= rule_is_sound(schema, problems, at, 0);
    return sound;
}

int schema_is_sound(const struct schema *schema, struct problems *problems)
{
    int sound = rules_are_sound(schema, problems, schema->types, "types");
    return rules_are_sound(schema, problems, schema->keys, "config") && sound;
}
