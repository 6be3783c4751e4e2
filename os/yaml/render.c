/* SPDX-License-Identifier: BSD-2-Clause */
/* render.c: see render.h. */
#include <stdio.h>
#include <string.h>
#include <os/utf8.h>

#include "render.h"

enum { INDENT = 2, FLOW_MAX = 72 /* bytes of a list that is written in one line */ };

static void put(struct config_sink *sink, const char *text)
{
    sink->put(sink, text, strlen(text));
}

static void put_indent(struct config_sink *sink, unsigned depth)
{
    while (depth--)
        sink->put(sink, "    ", INDENT);
}

/* ---- strings */

unsigned config_render_length(const char *text)
{
    unsigned bytes;
    return os_utf8_is_visible(os_utf8_decode(text, SIZE_MAX, &bytes)) ? bytes : 0;
}

/* YAML in double quotes has the same escapes. */
void config_render_string(const char *text, struct config_sink *sink)
{
    char escape[8];
    unsigned bytes;
    put(sink, "\"");
    for (; *text; text += bytes) {
        uint32_t code = os_utf8_decode(text, SIZE_MAX, &bytes);
        if (code == '"' || code == '\\')
            snprintf(escape, sizeof(escape), "\\%c", (char)code);
        else if (code == '\n' || code == '\t')
            snprintf(escape, sizeof(escape), "\\%c", code == '\n' ? 'n' : 't');
        else if (!os_utf8_is_visible(code)) /* none of which is beyond four digits */
            snprintf(escape, sizeof(escape), "\\u%04x",
                     code == OS_UTF8_ILL_FORMED ? 0xfffdu : (unsigned)code & 0xffff);
        else
            escape[0] = 0;
        if (escape[0])
            put(sink, escape);
        else
            sink->put(sink, text, bytes);
    }
    put(sink, "\"");
}

/* Whether TEXT can stand in YAML without quotes; to be on the safe side, much that could is not among it. */
static int is_plain(const char *text)
{
    static const char inner[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-*@%=<>()$^~ ";
    static const char special_first[] = "*@%=<>()$^~ -";
    size_t len = strlen(text);
    if (!len || strspn(text, inner) != len || text[len - 1] == ' ' || !strncmp(text, "...", 3))
        return 0;
    if (*text == '-')
        return len > 1 && text[1] != ' ' && text[1] != '-';
    return !strchr(special_first, *text);
}

static void put_yaml_scalar(struct config_sink *sink, const char *text)
{
    if (is_plain(text))
        put(sink, text);
    else
        config_render_string(text, sink);
}

/* Whole numbers that every reader of JSON keeps exactly. */
static int is_number(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t len = strlen(digits);
    return len && len <= 15 && strspn(digits, "0123456789") == len &&
           (*digits != '0' || (len == 1 && digits == text));
}

static void put_json_scalar(struct config_sink *sink, const char *text)
{
    if (is_number(text) || !strcmp(text, "true") || !strcmp(text, "false"))
        put(sink, text);
    else
        config_render_string(text, sink);
}

/* ---- JSON */

static void put_json(const struct os_config *config, os_config_ref node, struct config_sink *sink,
                     unsigned depth)
{
    if (node->kind == OS_CONFIG_SCALAR) {
        put_json_scalar(sink, os_config_value(config, node));
        return;
    }
    int is_map = node->kind == OS_CONFIG_MAP;
    put(sink, is_map ? "{" : "[");
    for (os_config_ref child = os_config_first(config, node); child; child = os_config_next(config, child)) {
        put(sink, child == os_config_first(config, node) ? "\n" : ",\n");
        put_indent(sink, depth + 1);
        if (is_map) {
            config_render_string(os_config_key(config, child), sink);
            put(sink, ": ");
        }
        put_json(config, child, sink, depth + 1);
    }
    if (node->children) {
        put(sink, "\n");
        put_indent(sink, depth);
    }
    put(sink, is_map ? "}" : "]");
}

/* ---- YAML */

/* Whether LIST is short and of words only, and so goes into one line. */
static int is_flow(const struct os_config *config, os_config_ref list)
{
    size_t bytes = 0;
    for (os_config_ref item = os_config_first(config, list); item; item = os_config_next(config, item)) {
        if (item->kind != OS_CONFIG_SCALAR || !is_plain(os_config_value(config, item)))
            return 0;
        bytes += strlen(os_config_value(config, item)) + 2;
    }
    return bytes <= FLOW_MAX;
}

static void put_flow(const struct os_config *config, os_config_ref list, struct config_sink *sink)
{
    put(sink, "[");
    for (os_config_ref item = os_config_first(config, list); item; item = os_config_next(config, item)) {
        put(sink, item == os_config_first(config, list) ? "" : ", ");
        put(sink, os_config_value(config, item));
    }
    put(sink, "]");
}

static void put_children(const struct os_config *config, os_config_ref node, struct config_sink *sink,
                         unsigned depth, int first_is_indented);

/* What comes after the "key:" or the "-" of NODE, to the end of the line and beyond. */
static void put_value(const struct os_config *config, os_config_ref node, struct config_sink *sink,
                      unsigned depth, int in_list)
{
    if (node->kind == OS_CONFIG_SCALAR) {
        put(sink, " ");
        put_yaml_scalar(sink, os_config_value(config, node));
    } else if (!node->children) {
        put(sink, node->kind == OS_CONFIG_MAP ? " {}" : " []");
    } else if (node->kind == OS_CONFIG_LIST && is_flow(config, node)) {
        put(sink, " ");
        put_flow(config, node, sink);
    } else {
        put(sink, in_list ? " " : "\n");
        put_children(config, node, sink, depth + 1, in_list);
        return;
    }
    put(sink, "\n");
}

/* The first of them may stand behind the "-" of the list that NODE is in. */
static void put_children(const struct os_config *config, os_config_ref node, struct config_sink *sink,
                         unsigned depth, int first_is_indented)
{
    for (os_config_ref child = os_config_first(config, node); child; child = os_config_next(config, child)) {
        if (!first_is_indented)
            put_indent(sink, depth);
        first_is_indented = 0;
        if (node->kind == OS_CONFIG_LIST) {
            put(sink, "-");
        } else {
            put_yaml_scalar(sink, os_config_key(config, child));
            put(sink, ":");
        }
        put_value(config, child, sink, depth, node->kind == OS_CONFIG_LIST);
    }
}

static void put_yaml(const struct os_config *config, os_config_ref node, struct config_sink *sink)
{
    if (node->kind == OS_CONFIG_SCALAR)
        put_yaml_scalar(sink, os_config_value(config, node));
    else if (!node->children)
        put(sink, node->kind == OS_CONFIG_MAP ? "{}" : "[]");
    else
        put_children(config, node, sink, 0, 0);
    if (node->kind == OS_CONFIG_SCALAR || !node->children)
        put(sink, "\n");
}

void config_render(const struct os_config *config, os_config_ref node, enum config_render form,
                   struct config_sink *sink)
{
    if (!node) {
        put(sink, "{}\n");
    } else if (form == CONFIG_RENDER_YAML) {
        put_yaml(config, node, sink);
    } else {
        put_json(config, node, sink, 0);
        put(sink, "\n");
    }
}
