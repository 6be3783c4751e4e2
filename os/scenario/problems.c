/* SPDX-License-Identifier: BSD-2-Clause */
/* problems.c: reporting what is wrong with a scenario, and the readers that find it out. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml/printable.h>
#include "names.h"
#include "problems.h"

void problem_line(struct problems *problems, const char *line)
{
    problems->count++;
    problems->report(problems, line);
}

#define LINE_MAX_LEN 480

__attribute__((format(printf, 5, 0))) static void put_line(char (*line)[LINE_MAX_LEN],
                                                           const struct problems *problems,
                                                           os_config_ref node, const char *kind,
                                                           const char *format, va_list args)
{
    int at = snprintf(*line, sizeof(*line), "%s:%u:%u: %s", problems->file, node ? (unsigned)node->line : 1,
                      node ? (unsigned)node->column : 1, kind);
    if (at > 0 && (size_t)at < sizeof(*line))
        vsnprintf(*line + at, sizeof(*line) - (size_t)at, format, args);
    make_printable(*line); /* it may quote names of the scenario or of a manifest */
}

void problem_at(struct problems *problems, os_config_ref node, const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;
    va_start(args, format);
    put_line(&line, problems, node, "", format, args);
    va_end(args);
    problem_line(problems, line);
}

void problem_warn_at(struct problems *problems, os_config_ref node, const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;
    va_start(args, format);
    put_line(&line, problems, node, "warning: ", format, args);
    va_end(args);
    problems->warnings++;
    problems->report(problems, line);
}

static const char *kind_text(uint32_t kind)
{
    static const char *const texts[] = { "a value", "a map", "a list" };
    return texts[kind];
}

int read_kind(struct problems *problems, const struct os_config *config, os_config_ref node,
              enum os_config_kind kind, const char *what)
{
    if (node->kind == (uint32_t)kind)
        return 1;
    problem_at(problems, node, "%s is %s, expected %s", what, kind_text(node->kind), kind_text(kind));
    return 0;
}

int read_size(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              uint64_t *bytes)
{
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return 0;
    if (!os_config_parse_size(os_config_value(config, node), bytes) && *bytes)
        return 1;
    problem_at(problems, node, "%s '%.40s', expected a size as 4096, 64K, 8M or 1G", what,
               os_config_value(config, node));
    return 0;
}

int read_u32(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
             uint32_t *number)
{
    uint64_t value;
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return 0;
    const char *text = os_config_value(config, node);
    if (strspn(text, "0123456789") == strlen(text) && !os_config_parse_size(text, &value) &&
        value <= UINT32_MAX) {
        *number = (uint32_t)value;
        return 1;
    }
    problem_at(problems, node, "%s '%.40s', expected a number from 0 to %u", what, text, UINT32_MAX);
    return 0;
}

int read_time(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              os_time *time)
{
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return 0;
    const char *text = os_config_value(config, node);
    if (!os_config_parse_time(text, time))
        return 1;
    problem_at(problems, node, "%s '%.40s', expected a time as 100ms or 2s", what, text);
    return 0;
}

int read_bool(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              int *value)
{
    static const char *const words[] = { "false", "true" };
    unsigned index;
    if (!read_word(problems, config, node, what, words, OS_ARRAY_LEN(words), &index))
        return 0;
    *value = (int)index;
    return 1;
}

/* It becomes part of labels and of messages. */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

static int is_name(const char *text)
{
    size_t len = strlen(text);
    return len && len < 64 && strspn(text, NAME_LETTERS) == len;
}

int read_key_name(struct problems *problems, const struct os_config *config, os_config_ref node,
                  const char **name)
{
    const char *text = os_config_key(config, node);
    if (is_name(text)) {
        *name = text;
        return 1;
    }
    problem_at(problems, node, "name '%.80s', expected 1 to 63 letters, digits, '-', '_' or '.'", text);
    return 0;
}

int read_name(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              const char **name)
{
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return 0;
    const char *text = os_config_value(config, node);
    if (is_name(text)) {
        *name = text;
        return 1;
    }
    problem_at(problems, node, "%s '%.80s', expected 1 to 63 letters, digits, '-', '_' or '.'", what, text);
    return 0;
}

int read_text(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              size_t max, const char **text)
{
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return 0;
    if (strlen(os_config_value(config, node)) < max) {
        *text = os_config_value(config, node);
        return 1;
    }
    problem_at(problems, node, "%s is too long, expected at most %zu bytes", what, max - 1);
    return 0;
}

/* "a, b or c" */
static void join(char *to, size_t size, const char *const *words, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count && at < size; i++) {
        const char *separator = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        int len = snprintf(to + at, size - at, "%s%s", separator, words[i]);
        at += len > 0 ? (size_t)len : 0;
    }
}

int read_word(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              const char *const *words, size_t count, unsigned *index)
{
    char expected[200] = "";
    if (!read_kind(problems, config, node, OS_CONFIG_SCALAR, what))
        return 0;
    const char *text = os_config_value(config, node);
    for (unsigned i = 0; i < count; i++) {
        if (!strcmp(words[i], text)) {
            *index = i;
            return 1;
        }
    }
    join(expected, sizeof(expected), words, count);
    problem_at(problems, node, "%s '%.40s', expected %s", what, text, expected);
    return 0;
}

void problem_key(struct problems *problems, os_config_ref node, const char *key, const char *what,
                 const char *const *keys, size_t count)
{
    char expected[240] = "none";
    const char *nearest = names_nearest(keys, count, key);
    join(expected, sizeof(expected), keys, count);
    if (nearest)
        problem_at(problems, node, "unknown key '%.40s' of %s, expected '%s'", key, what, nearest);
    else
        problem_at(problems, node, "unknown key '%.40s' of %s, expected %s", key, what, expected);
}

int read_keys(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              const char *const *keys, size_t count)
{
    int sound = 1;
    if (!read_kind(problems, config, node, OS_CONFIG_MAP, what))
        return 0;
    for (os_config_ref at = os_config_first(config, node); at; at = os_config_next(config, at)) {
        const struct names known = { .at = (const char **)(uintptr_t)keys, .count = count };
        const char *key = os_config_key(config, at);
        if (names_have(&known, key))
            continue;
        sound = 0;
        problem_key(problems, at, key, what, keys, count);
    }
    return sound;
}
