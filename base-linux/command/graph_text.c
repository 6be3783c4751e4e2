/* SPDX-License-Identifier: BSD-2-Clause */
/* graph_text.c: a graph as a tree in the terminal. */
#include <string.h>

#include <yaml/render.h>

#include "graph.h"

enum { DEPTH_MAX = 40, PREFIX_MAX = 4 * DEPTH_MAX * 3, BAR = 8 };

/* What a tree is drawn with. */
struct style {
    const char *branch, *last, *line, *gap, *arrow, *full, *empty, *half;
};

static const struct style unicode = { "\u251c\u2500 ", "\u2514\u2500 ", "\u2502  ", "   ",
                                      "\u2192",        "\u2588",        "\u2591",   "\u258c" };
static const struct style ascii = { "|- ", "`- ", "|  ", "   ", "->", "#", ".", "+" };

struct printer {
    const struct graph *graph;
    FILE *to;
    const struct style *style;
    int colour;
    unsigned width; /* of the column with the names, prefixes included */
};

#define COLOUR_QUIET  "2"
#define COLOUR_BOLD   "1"
#define COLOUR_GOOD   "32"
#define COLOUR_WAITS  "33"
#define COLOUR_BAD    "31"
#define COLOUR_SERVER "36"

/* TEXT without what would move the cursor; the columns it takes, a character counting as one. */
static unsigned put(const struct printer *printer, const char *text, const char *colour)
{
    unsigned columns = 0;
    if (printer->colour && colour)
        fprintf(printer->to, "\033[%sm", colour);
    while (*text) {
        unsigned len = config_render_length(text);
        int plain = len && (len == 1 || printer->style == &unicode);
        if (plain)
            fwrite(text, 1, len, printer->to);
        else
            putc('?', printer->to);
        text += len ? len : 1;
        columns++;
    }
    if (printer->colour && colour)
        fputs("\033[0m", printer->to);
    return columns;
}

static void pad(const struct printer *printer, unsigned columns, unsigned to)
{
    for (; columns < to; columns++)
        putc(' ', printer->to);
}

/* ---- a component's line */

static const char *state_colour(const struct graph_node *node)
{
    if (node->failed)
        return COLOUR_BAD;
    if (!strcmp(node->state, "running"))
        return *node->why ? COLOUR_WAITS : COLOUR_GOOD;
    return !strncmp(node->state, "end", 3) ? COLOUR_QUIET : COLOUR_WAITS;
}

static void put_bar(const struct printer *printer, const struct graph_fill *fill)
{
    const struct style *style = printer->style;
    unsigned percent = graph_percent(fill), halves = (percent * 2 * BAR + 99) / 100;
    const char *colour = percent >= 95 ? COLOUR_BAD : percent >= 80 ? COLOUR_WAITS : COLOUR_GOOD;
    for (unsigned i = 0; i<BAR; i++, halves = halves> 2 ? halves - 2 : 0)
        put(printer,
            halves > 1 ? style->full
            : halves   ? style->half
                       : style->empty,
            halves ? colour : COLOUR_QUIET);
}

static void put_quota(const struct printer *printer, const struct graph_node *node)
{
    char ram[24], used[24], text[80];
    graph_size_text(node->ram.all, ram);
    if (!printer->graph->live) {
        snprintf(text, sizeof(text), "%7s %6llu caps", ram, (unsigned long long)node->caps.all);
        put(printer, text, NULL);
        return;
    }
    if (!node->ram.all && !node->caps.all)
        return; /* it does not run */
    put_bar(printer, &node->ram);
    snprintf(text, sizeof(text), " %6s of %-6s ", graph_size_text(node->ram.used, used), ram);
    put(printer, text, NULL);
    put_bar(printer, &node->caps);
    snprintf(text, sizeof(text), " %4llu of %-5llu", (unsigned long long)node->caps.used,
             (unsigned long long)node->caps.all);
    put(printer, text, NULL);
}

static void put_notes(const struct printer *printer, const struct graph_node *node)
{
    char text[160] = "";
    int len = 0;
    if (strcmp(node->binary, node->name))
        len = snprintf(text, sizeof(text), "  %s", node->binary);
    if (strcmp(node->sandbox, "strict"))
        len +=
            snprintf(text + len, sizeof(text) - (size_t)len, "%s %s sandbox", len ? "," : " ", node->sandbox);
    if (node->restarts)
        snprintf(text + len, sizeof(text) - (size_t)len, "%s %u restart%s", len ? "," : " ",
                 (unsigned)node->restarts, node->restarts == 1 ? "" : "s");
    put(printer, text, COLOUR_QUIET);
}

static void put_component(const struct printer *printer, const struct graph_node *node, const char *prefix,
                          const char *branch)
{
    unsigned columns = put(printer, prefix, COLOUR_QUIET) + put(printer, branch, COLOUR_QUIET);
    columns += put(printer, node->name, COLOUR_BOLD);
    pad(printer, columns, printer->width);
    if (printer->graph->live) {
        columns = put(printer, node->state, state_colour(node));
        pad(printer, columns, 11);
    }
    put_quota(printer, node);
    put_notes(printer, node);
    putc('\n', printer->to);
}

/* ---- its sessions */

static const char *name_of(const struct graph *graph, size_t index, const struct graph_node *from, char *name,
                           size_t size)
{
    const struct graph_node *node = &graph->nodes[index];
    char buffer[512];
    /* of those in the same init, the name alone is clear */
    if (node->outer == GRAPH_NONE || node->outer == from->outer)
        return node->name;
    const struct graph_node top = { .outer = GRAPH_NONE };
    const char *outer = name_of(graph, node->outer, &top, buffer, sizeof(buffer));
    int len = snprintf(name, size, "%s/%s", outer, node->name);
    return len < 0 || (size_t)len >= size ? node->name : name;
}

static void put_session(const struct printer *printer, const struct graph_edge *edge, const char *prefix)
{
    const struct graph *graph = printer->graph;
    char name[512];
    put(printer, prefix, COLOUR_QUIET);
    put(printer, edge->service, NULL);
    if (*edge->label) {
        put(printer, " \"", COLOUR_QUIET);
        put(printer, edge->label, NULL);
        put(printer, "\"", COLOUR_QUIET);
    }
    if (edge->count)
        fprintf(printer->to, " (%u)", edge->count);
    putc(' ', printer->to);
    put(printer, printer->style->arrow, COLOUR_QUIET);
    putc(' ', printer->to);
    if (edge->to != GRAPH_NONE)
        put(printer, name_of(graph, edge->to, &graph->nodes[edge->from], name, sizeof(name)), COLOUR_SERVER);
    if (*edge->why) {
        put(printer, edge->to == GRAPH_NONE ? "" : ": ", COLOUR_WAITS);
        put(printer, edge->why, edge->to == GRAPH_NONE ? COLOUR_BAD : COLOUR_WAITS);
    }
    putc('\n', printer->to);
}

/* ---- the tree */

static size_t last_of(const struct graph *graph, size_t outer)
{
    size_t last = GRAPH_NONE;
    for (size_t i = 0; i < graph->count; i++)
        if (graph->nodes[i].outer == outer && !graph->nodes[i].is_core)
            last = i;
    return last;
}

static void put_level(const struct printer *printer, size_t outer, const char *prefix)
{
    const struct graph *graph = printer->graph;
    const struct style *style = printer->style;
    size_t last = last_of(graph, outer);
    char below[PREFIX_MAX], sessions[PREFIX_MAX + 8];
    for (size_t i = 0; i < graph->count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        if (node->outer != outer || node->is_core)
            continue;
        put_component(printer, node, prefix, i == last ? style->last : style->branch);
        snprintf(below, sizeof(below), "%s%s", prefix, i == last ? style->gap : style->line);
        snprintf(sessions, sizeof(sessions), "%s%s", below,
                 last_of(graph, i) == GRAPH_NONE ? style->gap : style->line);
        if (*node->why && strcmp(node->state, "running")) { /* else one of its sessions says it */
            put(printer, sessions, COLOUR_QUIET);
            put(printer, node->why, state_colour(node));
            putc('\n', printer->to);
        }
        for (size_t k = 0; k < graph->edge_count; k++)
            if (graph->edges[k].from == i)
                put_session(printer, &graph->edges[k], sessions);
        if (node->is_init && strlen(below) + 16 < sizeof(below))
            put_level(printer, i, below);
    }
}

static unsigned depth_of(const struct graph *graph, const struct graph_node *node)
{
    unsigned depth = 1;
    for (; node->outer != GRAPH_NONE; node = &graph->nodes[node->outer])
        depth++;
    return depth;
}

void graph_print_text(const struct graph *graph, FILE *to, int utf8, int colour)
{
    struct printer printer = { graph, to, utf8 ? &unicode : &ascii, colour, 0 };
    for (size_t i = 0; i < graph->count; i++) {
        unsigned width = 3 * depth_of(graph, &graph->nodes[i]) + (unsigned)strlen(graph->nodes[i].name) + 2;
        printer.width = width > printer.width ? width : printer.width;
    }
    put(&printer, graph->title, COLOUR_BOLD);
    putc('\n', to);
    put(&printer, graph->subtitle, COLOUR_QUIET);
    putc('\n', to);
    put_level(&printer, GRAPH_NONE, "");
}
