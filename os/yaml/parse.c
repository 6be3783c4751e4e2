/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse.c: drives libyaml's event parser and writes a config tree. Everything that YAML has beyond maps,
 * lists and scalars is refused here, so that a file means what it looks like.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/config_writer.h>
#include <yaml.h>
#include "parse.h"
#include "printable.h"

struct parse {
    const char *file;
    char (*error)[YAML_ERROR_MAX];
    struct os_config_writer writer;
    struct {
        int is_map;
        char *key; /* of the value that comes next, or NULL: the next scalar is a key */
        yaml_mark_t key_mark;
    } levels[OS_CONFIG_DEPTH_MAX];
    uint32_t depth;
    uint32_t documents;
};

__attribute__((format(printf, 3, 4))) static os_err refuse(struct parse *parse, yaml_mark_t mark,
                                                           const char *format, ...)
{
    int at = snprintf(*parse->error, sizeof(*parse->error), "%s:%zu:%zu: ", parse->file, mark.line + 1,
                      mark.column + 1);
    if (at > 0 && (size_t)at < sizeof(*parse->error)) {
        va_list args;
        va_start(args, format);
        vsnprintf(*parse->error + at, sizeof(*parse->error) - (size_t)at, format, args);
        va_end(args);
        make_printable(*parse->error);
    }
    return OS_ERR_BAD_ARG;
}

/* What the writer could not take, as an error at MARK. */
static os_err written(struct parse *parse, yaml_mark_t mark)
{
    if (parse->writer.err == OS_ERR_TOO_LARGE)
        return refuse(parse, mark, "too large, expected at most %d nodes and %d bytes", OS_CONFIG_NODES_MAX,
                      OS_CONFIG_TEXT_MAX);
    if (parse->writer.err) {
        (void)refuse(parse, mark, "no memory for what follows, expected a smaller file");
        return parse->writer.err;
    }
    return OS_OK;
}

static os_err refuse_extras(struct parse *parse, yaml_mark_t mark, const yaml_char_t *anchor,
                            const yaml_char_t *tag)
{
    if (anchor)
        return refuse(parse, mark, "anchor '&%.40s', expected a value without anchor", (const char *)anchor);
    if (tag)
        return refuse(parse, mark, "tag '%.40s', expected a value without tag", (const char *)tag);
    return OS_OK;
}

/* The next value is one of a map that has its key. */
static int key_is_due(const struct parse *parse)
{
    return parse->depth && parse->levels[parse->depth - 1].is_map && !parse->levels[parse->depth - 1].key;
}

/* Adds a value under the key that came before it. With a key, that is where a message should point. */
static os_err add(struct parse *parse, enum os_config_kind kind, const char *value, yaml_mark_t mark)
{
    char *key = NULL;
    if (parse->depth && parse->levels[parse->depth - 1].is_map) {
        key = parse->levels[parse->depth - 1].key;
        mark = parse->levels[parse->depth - 1].key_mark;
        parse->levels[parse->depth - 1].key = NULL;
    }
    os_config_writer_add(&parse->writer, kind, key ? key : "", value, (uint32_t)mark.line + 1,
                         (uint32_t)mark.column + 1);
    free(key);
    return written(parse, mark);
}

static os_err take_key(struct parse *parse, const char *key, yaml_mark_t mark)
{
    if (!*key)
        return refuse(parse, mark, "empty key, expected a name");
    if (os_config_writer_has_key(&parse->writer, key))
        return refuse(parse, mark, "key '%.60s' is there twice, expected each key once", key);
    parse->levels[parse->depth - 1].key = strdup(key);
    parse->levels[parse->depth - 1].key_mark = mark;
    if (!parse->levels[parse->depth - 1].key) {
        parse->writer.err = OS_ERR_RAM;
        return written(parse, mark);
    }
    return OS_OK;
}

static os_err take_scalar(struct parse *parse, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    os_err err = refuse_extras(parse, event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
    if (err)
        return err;
    if (strlen(value) != event->data.scalar.length)
        return refuse(parse, event->start_mark, "text with a NUL character, expected text without");
    if (key_is_due(parse))
        return take_key(parse, value, event->start_mark);
    return add(parse, OS_CONFIG_SCALAR, value, event->start_mark);
}

static os_err open_level(struct parse *parse, enum os_config_kind kind, const yaml_event_t *event,
                         const yaml_char_t *anchor, const yaml_char_t *tag)
{
    os_err err = refuse_extras(parse, event->start_mark, anchor, tag);
    if (err)
        return err;
    if (key_is_due(parse))
        return refuse(parse, event->start_mark, "a map or list as key, expected a name");
    if (parse->depth == OS_CONFIG_DEPTH_MAX)
        return refuse(parse, event->start_mark, "nested too deeply, expected at most %d levels",
                      OS_CONFIG_DEPTH_MAX);
    err = add(parse, kind, "", event->start_mark);
    if (err)
        return err;
    parse->levels[parse->depth].is_map = kind == OS_CONFIG_MAP;
    parse->levels[parse->depth++].key = NULL;
    return OS_OK;
}

static os_err take_event(struct parse *parse, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (parse->documents++)
            return refuse(parse, event->start_mark, "another document, expected the end of the file");
        return OS_OK;
    case YAML_ALIAS_EVENT:
        return refuse(parse, event->start_mark, "alias '*%.40s', expected a value",
                      (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        return take_scalar(parse, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(parse, OS_CONFIG_LIST, event, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_level(parse, OS_CONFIG_MAP, event, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        parse->depth--;
        os_config_writer_end(&parse->writer);
        return OS_OK;
    default:
        return OS_OK;
    }
}

/* Where byte OFFSET of the text is; libyaml gives no mark for text that it cannot decode. */
static yaml_mark_t mark_of(const char *text, size_t size, size_t offset)
{
    yaml_mark_t mark = { 0, 0, 0 };
    for (size_t i = 0; i < offset && i < size; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static os_err refuse_problem(struct parse *parse, const yaml_parser_t *parser, const char *text, size_t size)
{
    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        (void)refuse(parse, parser->mark, "no memory for what follows, expected a smaller file");
        return OS_ERR_RAM;
    case YAML_READER_ERROR:
        return refuse(parse, mark_of(text, size, parser->problem_offset), "%s, expected UTF-8 text",
                      parser->problem);
    default:
        return refuse(parse, parser->problem_mark, "%s%s%s, expected well-formed YAML", parser->problem,
                      parser->context ? " " : "", parser->context ? parser->context : "");
    }
}

static os_err parse_all(struct parse *parse, yaml_parser_t *parser, const char *text, size_t size)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return refuse_problem(parse, parser, text, size);
        os_err err = take_event(parse, &event);
        int end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (err || end)
            return err;
    }
}

os_err yaml_parse(const char *file, const void *text, size_t size, void **tree, size_t *tree_size,
                  char (*error)[YAML_ERROR_MAX])
{
    struct parse parse = { .file = file, .error = error };
    yaml_mark_t start = { 0, 0, 0 };
    if (size > OS_CONFIG_TEXT_MAX)
        return refuse(&parse, start, "file of %zu bytes, expected at most %d", size, OS_CONFIG_TEXT_MAX);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        (void)refuse(&parse, start, "no memory for what follows, expected a smaller file");
        return OS_ERR_RAM;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text, size);
    os_config_writer_init(&parse.writer, file);

    os_err err = parse_all(&parse, &parser, text, size);
    if (!err && !parse.writer.count)
        err = add(&parse, OS_CONFIG_SCALAR, "", start);
    if (!err) {
        err = os_config_writer_finish(&parse.writer, tree, tree_size);
        if (err)
            (void)written(&parse, start);
    }
    while (parse.depth)
        free(parse.levels[--parse.depth].key);
    os_config_writer_fini(&parse.writer);
    yaml_parser_delete(&parser);
    return err;
}
