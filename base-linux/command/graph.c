/* SPDX-License-Identifier: BSD-2-Clause */
/* graph.c: the memory of a graph, and what its parts have in common. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"

/* Room for one more of SIZE bytes at the end of COUNT; it grows by doubling. */
static void *grow(struct graph *graph, void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    void *larger = realloc(array, (count ? 2 * count : 1) * size);
    if (!larger)
        graph->incomplete = 1;
    return larger;
}

const char *graph_text(struct graph *graph, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    char **texts = len < 0 ? NULL : grow(graph, graph->texts, graph->text_count, sizeof(*texts));
    if (!texts) {
        graph->incomplete = 1;
        if (len >= 0)
            free(text);
        return "";
    }
    graph->texts = texts;
    return texts[graph->text_count++] = text;
}

void graph_fini(struct graph *graph)
{
    for (size_t i = 0; i < graph->text_count; i++)
        free(graph->texts[i]);
    free(graph->texts);
    free(graph->nodes);
    free(graph->edges);
    *graph = (struct graph){ 0 };
}

static void fill_text(const char **text)
{
    if (!*text)
        *text = "";
}

size_t graph_add_node(struct graph *graph, const struct graph_node *node)
{
    struct graph_node *nodes = grow(graph, graph->nodes, graph->count, sizeof(*nodes));
    if (!nodes)
        return GRAPH_NONE;
    graph->nodes = nodes;
    nodes += graph->count;
    *nodes = *node;
    fill_text(&nodes->name);
    fill_text(&nodes->binary);
    fill_text(&nodes->sandbox);
    fill_text(&nodes->state);
    fill_text(&nodes->why);
    return graph->count++;
}

size_t graph_core(struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        if (graph->nodes[i].is_core)
            return i;
    return graph_add_node(graph, &(struct graph_node){ .name = "core", .outer = GRAPH_NONE, .is_core = 1 });
}

static int same(const struct graph_edge *a, const struct graph_edge *b)
{
    return a->from == b->from && a->to == b->to && a->waits == b->waits && !strcmp(a->service, b->service) &&
           !strcmp(a->label, b->label) && !strcmp(a->why, b->why);
}

void graph_add_edge(struct graph *graph, const struct graph_edge *edge)
{
    struct graph_edge added = *edge;
    fill_text(&added.service);
    fill_text(&added.label);
    fill_text(&added.why);
    /* those of one client come one after the other */
    for (size_t i = graph->edge_count; i && graph->edges[i - 1].from == edge->from; i--)
        if (same(&graph->edges[i - 1], &added))
            return;
    struct graph_edge *edges = grow(graph, graph->edges, graph->edge_count, sizeof(*edges));
    if (!edges)
        return;
    graph->edges = edges;
    edges[graph->edge_count++] = added;
}

const char *graph_size_text(uint64_t bytes, char text[24])
{
    static const char units[] = "BKMGT";
    unsigned unit = 0;
    uint64_t whole = bytes;
    while (whole >= 1024 && units[unit + 1]) {
        whole /= 1024;
        unit++;
    }
    uint64_t tenths = bytes * 10 >> 10 * unit; /* a quota is far below 2^60 */
    if (unit && tenths < 1000 && tenths % 10)
        snprintf(text, 24, "%u.%u%c", (unsigned)(tenths / 10), (unsigned)(tenths % 10), units[unit]);
    else
        snprintf(text, 24, "%llu%c", (unsigned long long)whole, units[unit]);
    return text;
}

unsigned graph_percent(const struct graph_fill *fill)
{
    if (!fill->all)
        return 0;
    return fill->used >= fill->all ? 100 : (unsigned)((double)fill->used * 100 / (double)fill->all);
}
