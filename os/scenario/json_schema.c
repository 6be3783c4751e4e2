/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_schema.c: a schema as JSON schema, for editors that complete and check YAML. Sizes and times become
 * patterns, since YAML's numbers with units are texts there.
 */
#include <stdio.h>
#include <string.h>
#include "format.h"

struct writer {
    const struct schema *schema;
    void (*put)(void *to, const char *text, size_t len);
    void *to;
    unsigned depth;
};

static void write_rule(struct writer *writer, os_config_ref rule);

static void out(struct writer *writer, const char *text)
{
    writer->put(writer->to, text, strlen(text));
}

static void write_line(struct writer *writer)
{
    out(writer, "\n");
    for (unsigned i = 0; i < writer->depth; i++)
        out(writer, "  ");
}

static void write_string(struct writer *writer, const char *text)
{
    char escaped[8];
    out(writer, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", c);
        else if (c < 32)
            snprintf(escaped, sizeof(escaped), "\\u%04x", c);
        else
            snprintf(escaped, sizeof(escaped), "%c", c);
        out(writer, escaped);
    }
    out(writer, "\"");
}

static void begin(struct writer *writer, const char *brace)
{
    out(writer, brace);
    writer->depth++;
}

static void finish(struct writer *writer, const char *brace)
{
    writer->depth--;
    write_line(writer);
    out(writer, brace);
}

/* `"KEY": `, on a line of its own, after a comma if it is not the FIRST. */
static void write_key(struct writer *writer, const char *key, int first)
{
    out(writer, first ? "" : ",");
    write_line(writer);
    write_string(writer, key);
    out(writer, ": ");
}

static const char *value_of(const struct writer *writer, os_config_ref rule, const char *property)
{
    return os_config_value(&writer->schema->config, schema_property(writer->schema, rule, property));
}

static void write_raw(struct writer *writer, const char *key, const char *value)
{
    if (!*value)
        return;
    write_key(writer, key, 0);
    out(writer, value);
}

/* ---- by type */

static void write_number(struct writer *writer, os_config_ref rule, enum schema_type type)
{
    const char *min = value_of(writer, rule, "min"), *max = value_of(writer, rule, "max");
    write_key(writer, "type", 1);
    out(writer, "\"integer\"");
    write_raw(writer, "minimum",
              *min                                       ? min
              : type == SCHEMA_U32 || type == SCHEMA_U64 ? "0"
              : type == SCHEMA_I32                       ? "-2147483648"
                                                         : "");
    write_raw(writer, "maximum",
              *max                 ? max
              : type == SCHEMA_U32 ? "4294967295"
              : type == SCHEMA_I32 ? "2147483647"
                                   : "");
}

static void write_pattern(struct writer *writer, const char *types, const char *pattern)
{
    write_key(writer, "type", 1);
    out(writer, types);
    write_key(writer, "pattern", 0);
    write_string(writer, pattern);
}

static void write_words(struct writer *writer, os_config_ref rule)
{
    const struct os_config *config = &writer->schema->config;
    os_config_ref first = os_config_first(config, schema_property(writer->schema, rule, "values"));
    write_key(writer, "enum", 1);
    out(writer, "[");
    for (os_config_ref at = first; at; at = os_config_next(config, at)) {
        out(writer, at == first ? "" : ", ");
        write_string(writer, os_config_value(config, at));
    }
    out(writer, "]");
}

/* The rules of the map KEYS; those that are required are listed behind them. */
static void write_keys(struct writer *writer, os_config_ref keys)
{
    const struct os_config *config = &writer->schema->config;
    int some = 0;
    write_key(writer, "properties", 0);
    begin(writer, "{");
    for (os_config_ref at = os_config_first(config, keys); at; at = os_config_next(config, at)) {
        write_key(writer, os_config_key(config, at), at == os_config_first(config, keys));
        write_rule(writer, at);
    }
    finish(writer, "}");
    for (os_config_ref at = os_config_first(config, keys); at; at = os_config_next(config, at)) {
        if (strcmp(value_of(writer, at, "required"), "true"))
            continue;
        if (!some)
            write_key(writer, "required", 0);
        out(writer, some++ ? ", " : "[");
        write_string(writer, os_config_key(config, at));
    }
    out(writer, some ? "]" : "");
}

/* A map without anything is a null in YAML. */
static void write_map(struct writer *writer, os_config_ref keys, os_config_ref others)
{
    write_key(writer, "type", 1);
    out(writer, "[\"object\", \"null\"]");
    if (keys)
        write_keys(writer, keys);
    if (!keys && !others)
        return;
    write_key(writer, "additionalProperties", 0);
    if (others)
        write_rule(writer, others);
    else
        out(writer, "false");
}

static void write_list(struct writer *writer, os_config_ref rule)
{
    os_config_ref of = schema_property(writer->schema, rule, "of");
    write_key(writer, "type", 1);
    out(writer, "[\"array\", \"null\"]");
    if (of) {
        write_key(writer, "items", 0);
        write_rule(writer, of);
    }
}

static void write_any_of(struct writer *writer, os_config_ref rule)
{
    const struct os_config *config = &writer->schema->config;
    os_config_ref first = os_config_first(config, schema_property(writer->schema, rule, "any-of"));
    write_key(writer, "anyOf", 1);
    begin(writer, "[");
    for (os_config_ref at = first; at; at = os_config_next(config, at)) {
        out(writer, at == first ? "" : ",");
        write_line(writer);
        write_rule(writer, at);
    }
    finish(writer, "]");
}

/* What is text for Seedbed may look like a number, a switch or nothing to YAML. */
#define SCALARS "[\"string\", \"number\", \"boolean\", \"null\"]"

static void write_type(struct writer *writer, os_config_ref rule)
{
    enum schema_type type = schema_type(writer->schema, rule);
    switch (type) {
    case SCHEMA_SIZE:
        write_pattern(writer, "[\"string\", \"integer\"]", "^[0-9]+[KMG]?$");
        break;
    case SCHEMA_TIME:
        write_pattern(writer, "\"string\"", "^[0-9]+(ms|s)$");
        break;
    case SCHEMA_NAME:
        write_pattern(writer, "[\"string\", \"number\"]", "^[A-Za-z0-9._-]{1,63}$");
        break;
    case SCHEMA_STRING:
        write_key(writer, "type", 1);
        out(writer, SCALARS);
        write_raw(writer, "minLength", value_of(writer, rule, "min-length"));
        write_raw(writer, "maxLength", value_of(writer, rule, "max-length"));
        break;
    case SCHEMA_BOOL:
        write_key(writer, "type", 1);
        out(writer, "\"boolean\"");
        break;
    case SCHEMA_ENUM:
        write_words(writer, rule);
        break;
    case SCHEMA_MAP:
        write_map(writer, schema_property(writer->schema, rule, "keys"),
                  schema_property(writer->schema, rule, "of"));
        break;
    case SCHEMA_LIST:
        write_list(writer, rule);
        break;
    case SCHEMA_ANY_OF:
        write_any_of(writer, rule);
        break;
    case SCHEMA_ANY:
        write_key(writer, "type", 1);
        out(writer, "[\"object\", \"array\", \"string\", \"number\", \"boolean\", \"null\"]");
        break;
    default:
        write_number(writer, rule, type);
        break;
    }
}

static void write_rule(struct writer *writer, os_config_ref rule)
{
    const char *doc = value_of(writer, rule, "doc");
    begin(writer, "{");
    write_type(writer, schema_rule(writer->schema, rule));
    if (*doc) {
        write_key(writer, "description", 0);
        write_string(writer, doc);
    }
    finish(writer, "}");
}

void schema_to_json(const struct schema *schema, const char *title,
                    void (*put)(void *to, const char *text, size_t len), void *to)
{
    struct writer writer = { .schema = schema, .put = put, .to = to };
    begin(&writer, "{");
    write_key(&writer, "$schema", 1);
    write_string(&writer, "http://json-schema.org/draft-07/schema#");
    write_key(&writer, "title", 0);
    write_string(&writer, title);
    out(&writer, ",");
    write_map(&writer, schema->keys, NULL);
    finish(&writer, "}");
    out(&writer, "\n");
}
