/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * graph_dot.c: a graph in the language of Graphviz. Colours are such that it can be read on paper and on a
 * dark screen: the ground is transparent, lines are of middle grey, and dark text is on light boxes only.
 */
#include <string.h>

#include <yaml/render.h>

#include "graph.h"

#define LINE  "#8b95a5"
#define QUIET "#b4bcc8"
#define WORDS "#727d8c"
#define BAD   "#d06464"

struct look {
    const char *fill, *line, *text;
};

static const struct look look_component = { "#dbe8f5", "#86a9cd", "#22384f" };
static const struct look look_driver = { "#e6def2", "#a893cc", "#3a2b57" };
static const struct look look_init = { "#dcefe1", "#83b893", "#1f4430" };
static const struct look look_core = { "#eae7df", "#aea68f", "#4b4636" };
static const struct look look_waiting = { "#fcf0cf", "#d8b45c", "#57430f" };
static const struct look look_restarting = { "#fbe0cd", "#dd9a66", "#5e3413" };
static const struct look look_ended = { "#e5e8ec", "#a7afb9", "#4f5864" };
static const struct look look_failed = { "#f6d7d7", "#d28888", "#612222" };

static const struct look *look_of(const struct graph *graph, const struct graph_node *node)
{
    static const struct {
        const char *state;
        const struct look *look;
    } looks[] = {
        { "waiting", &look_waiting },       { "creating", &look_waiting }, { "starting", &look_waiting },
        { "restarting", &look_restarting }, { "ending", &look_ended },     { "ended", &look_ended },
    };
    if (node->is_core)
        return &look_core;
    if (node->failed)
        return &look_failed;
    if (graph->live && *node->why && !strcmp(node->state, "running"))
        return &look_waiting; /* for what its first session waits for */
    for (size_t i = 0; graph->live && i < OS_ARRAY_LEN(looks); i++)
        if (!strcmp(node->state, looks[i].state))
            return looks[i].look;
    if (node->is_init)
        return &look_init;
    return *node->sandbox && strcmp(node->sandbox, "strict") ? &look_driver : &look_component;
}

/* TEXT in a label that is like HTML, and in attributes of it. */
static void put_html(FILE *to, const char *text)
{
    while (*text) {
        unsigned len = config_render_length(text);
        if (!len)
            fputs("\xef\xbf\xbd", to);
        else if (strchr("&<>\"", *text))
            fprintf(to, "&#%d;", *text);
        else
            fwrite(text, 1, len, to);
        text += len ? len : 1;
    }
}

static void put_small(FILE *to, const char *text, const char *colour)
{
    fprintf(to, "<FONT POINT-SIZE=\"8\" COLOR=\"%s\">", colour);
    put_html(to, text);
    fputs("</FONT>", to);
}

/* ---- a component */

enum { BAR = 64 }; /* points */

static void put_bar_part(FILE *to, unsigned width, const char *colour)
{
    if (width)
        fprintf(to, "<TD FIXEDSIZE=\"TRUE\" WIDTH=\"%u\" HEIGHT=\"5\" BGCOLOR=\"%s\"></TD>", width, colour);
}

static void put_fill(FILE *to, const char *what, const struct graph_fill *fill, const char *all,
                     const char *colour)
{
    unsigned percent = graph_percent(fill), full = (percent * BAR + 99) / 100;
    char text[40];
    const char *bar = percent >= 95 ? "#cf6262" : percent >= 80 ? "#d9a441" : "#6c9bcb";
    fputs("<TR><TD ALIGN=\"LEFT\">", to);
    put_small(to, what, colour);
    fputs("</TD><TD><TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\"><TR>", to);
    put_bar_part(to, full, bar);
    put_bar_part(to, BAR - full, "#ffffffb0");
    fputs("</TR></TABLE></TD><TD ALIGN=\"RIGHT\">", to);
    snprintf(text, sizeof(text), "%u%% of %s", percent, all);
    put_small(to, text, colour);
    fputs("</TD></TR>", to);
}

/* What kind of component it is, where that is not clear. */
static void kind_text(const struct graph_node *node, char *text, size_t size)
{
    const char *binary = strcmp(node->binary, node->name) ? node->binary : "";
    const char *sandbox = strcmp(node->sandbox, "strict") ? node->sandbox : "";
    snprintf(text, size, "%s%s%s%s", binary, *binary && *sandbox ? ", " : "", sandbox,
             *sandbox ? " sandbox" : "");
}

static void put_row(FILE *to, const char *text, const char *colour)
{
    if (!*text)
        return;
    fputs("<TR><TD ALIGN=\"LEFT\" COLSPAN=\"3\">", to);
    put_small(to, text, colour);
    fputs("</TD></TR>", to);
}

static void put_quota(const struct graph *graph, const struct graph_node *node, FILE *to, const char *colour)
{
    char ram[24], caps[24], text[64];
    graph_size_text(node->ram.all, ram);
    snprintf(caps, sizeof(caps), "%llu", (unsigned long long)node->caps.all);
    snprintf(text, sizeof(text), "%s \u00b7 %s caps", ram, caps);
    if (!node->ram.all && !node->caps.all)
        return;
    if (!graph->live) {
        put_row(to, text, colour);
        return;
    }
    put_fill(to, "ram", &node->ram, ram, colour);
    put_fill(to, "caps", &node->caps, caps, colour);
}

static void put_state(const struct graph_node *node, FILE *to, const char *colour)
{
    char text[320];
    int len = snprintf(text, sizeof(text), "%s", strcmp(node->state, "running") ? node->state : "");
    if (*node->why)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%.200s", len ? ": " : "", node->why);
    if (node->restarts)
        snprintf(text + len, sizeof(text) - (size_t)len, "%s%u restart%s", len ? ", " : "",
                 (unsigned)node->restarts, node->restarts == 1 ? "" : "s");
    put_row(to, text, colour);
}

static void put_node(const struct graph *graph, size_t index, FILE *to)
{
    const struct graph_node *node = &graph->nodes[index];
    const struct look *look = look_of(graph, node);
    char kind[160];
    kind_text(node, kind, sizeof(kind));
    fprintf(to, "    n%zu [fillcolor=\"%s\", color=\"%s\", fontcolor=\"%s\", tooltip=\"", index, look->fill,
            look->line, look->text);
    put_html(to, node->name);
    fputs("\", label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">"
          "<TR><TD ALIGN=\"LEFT\" COLSPAN=\"3\"><B>",
          to);
    put_html(to, node->name);
    fputs("</B></TD></TR>", to);
    put_row(to, kind, look->text);
    put_state(node, to, look->text);
    put_quota(graph, node, to, look->text);
    fputs("</TABLE>>];\n", to);
}

/* The components beneath the init OUTER, each init with its own in a frame. Not deep: scenarios are not. */
static void put_nodes(const struct graph *graph, size_t outer, FILE *to)
{
    for (size_t i = 0; i < graph->count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        if (node->outer != outer)
            continue;
        if (!node->is_init) {
            put_node(graph, i, to);
            continue;
        }
        fprintf(to, "    subgraph cluster_%zu {\n    label=\"\"; style=\"rounded\"; color=\"%s\"; ", i,
                look_init.line);
        fputs("bgcolor=\"#83b89318\"; margin=12;\n", to);
        put_node(graph, i, to);
        put_nodes(graph, i, to);
        fputs("    }\n", to);
    }
}

/* ---- sessions */

static int joins(const struct graph_edge *a, const struct graph_edge *b)
{
    return a->from == b->from && a->to == b->to && a->waits == b->waits && a->to != GRAPH_NONE;
}

static int drawn_before(const struct graph *graph, size_t index)
{
    for (size_t i = index; i && graph->edges[i - 1].from == graph->edges[index].from; i--)
        if (joins(&graph->edges[i - 1], &graph->edges[index]))
            return 1;
    return 0;
}

/* One of several in a label; the name of a service is there once. */
static void put_edge_text(FILE *to, const struct graph_edge *edge, const struct graph_edge *before)
{
    int known = before && !strcmp(before->service, edge->service);
    if (known && !*edge->label)
        return;
    if (before)
        fputs("<BR ALIGN=\"LEFT\"/>", to);
    if (!known)
        put_html(to, edge->service);
    if (edge->count)
        fprintf(to, " (%u)", edge->count);
    if (*edge->label) {
        fputs(" <I>", to);
        put_html(to, edge->label);
        fputs("</I>", to);
    }
}

/* One line for all sessions of a client with a server. */
static void put_edge(const struct graph *graph, size_t index, FILE *to)
{
    const struct graph_edge *edge = &graph->edges[index], *before = NULL;
    int to_core = edge->to != GRAPH_NONE && graph->nodes[edge->to].is_core;
    if (edge->to == GRAPH_NONE) {
        fprintf(to, "    x%zu [shape=plain, style=\"\", margin=0, label=<", index);
        put_small(to, edge->why, BAD);
        fprintf(to, ">];\n    n%zu -> x%zu [color=\"%s\", fontcolor=\"%s\", style=dashed, label=<",
                edge->from, index, BAD, BAD);
    } else {
        fprintf(to, "    n%zu -> n%zu [%slabel=<", edge->from, edge->to,
                edge->waits ? "style=dashed, color=\"#d8a648\", fontcolor=\"#b98a2f\", "
                : to_core   ? "color=\"" QUIET "\", "
                            : "");
    }
    for (size_t i = index; i < graph->edge_count && graph->edges[i].from == edge->from; i++) {
        if (i != index && !joins(edge, &graph->edges[i]))
            continue;
        put_edge_text(to, &graph->edges[i], before);
        before = &graph->edges[i];
    }
    fputs("<BR ALIGN=\"LEFT\"/>>];\n", to);
}

/* ---- the whole */

static void put_swatch(FILE *to, const struct look *look, const char *text)
{
    fprintf(to,
            "<TD FIXEDSIZE=\"TRUE\" WIDTH=\"12\" HEIGHT=\"12\" BGCOLOR=\"%s\" COLOR=\"%s\" "
            "BORDER=\"1\"></TD><TD>",
            look->fill, look->line);
    put_small(to, text, WORDS);
    fputs("</TD><TD>  </TD>", to);
}

static void put_legend(const struct graph *graph, FILE *to)
{
    fputs("<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"2\" CELLPADDING=\"1\"><TR>", to);
    put_swatch(to, &look_component, graph->live ? "runs" : "component");
    put_swatch(to, &look_driver, "driver");
    put_swatch(to, &look_init, "init");
    if (graph->live) {
        put_swatch(to, &look_waiting, "waits or starts");
        put_swatch(to, &look_restarting, "restarts");
        put_swatch(to, &look_ended, "ended");
        put_swatch(to, &look_failed, "failed");
    }
    fputs("<TD>", to);
    put_small(to, "\u2192 from client to server", WORDS);
    fputs("</TD></TR></TABLE>", to);
}

static void put_title(const struct graph *graph, FILE *to)
{
    fputs("    label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">"
          "<TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"13\" COLOR=\"" WORDS "\"><B>",
          to);
    put_html(to, graph->title);
    fputs("</B></FONT></TD></TR><TR><TD ALIGN=\"LEFT\">", to);
    put_small(to, graph->subtitle, WORDS);
    fputs("</TD></TR><TR><TD ALIGN=\"LEFT\">", to);
    put_legend(graph, to);
    fputs("</TD></TR></TABLE>>;\n", to);
}

void graph_print_dot(const struct graph *graph, FILE *to)
{
    fputs("digraph seedbed {\n"
          "    rankdir=LR; nodesep=0.22; ranksep=0.75; bgcolor=\"transparent\"; pad=0.2; newrank=true;\n"
          "    labelloc=t; labeljust=l; fontname=\"monospace\"; charset=\"UTF-8\";\n"
          "    node [shape=box, style=\"rounded,filled\", fontname=\"monospace\", fontsize=11, penwidth=1, "
          "margin=\"0.08,0.04\", height=0.3];\n"
          "    edge [color=\"" LINE "\", fontcolor=\"" WORDS "\", fontname=\"monospace\", fontsize=8, "
          "arrowsize=0.6, penwidth=1];\n",
          to);
    put_title(graph, to);
    put_nodes(graph, GRAPH_NONE, to);
    for (size_t i = 0; i < graph->edge_count; i++)
        if (!drawn_before(graph, i))
            put_edge(graph, i, to);
    fputs("}\n", to);
}
