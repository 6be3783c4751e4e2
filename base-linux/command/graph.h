/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * graph.h: a system as a picture shows it: components, and who is whose client. It is made from a scenario
 * or from what a running system says about itself, and drawn as text or in the language of Graphviz.
 */
#ifndef COMMAND_GRAPH_H
#define COMMAND_GRAPH_H

#include <os/types.h>
#include <stdio.h>

#define GRAPH_NONE SIZE_MAX

/* What is in use of what there is; ALL is 0 when that is not known. */
struct graph_fill {
    uint64_t used, all;
};

/* A component. All texts are the graph's, "" where there is nothing to say. */
struct graph_node {
    const char *name;
    const char *binary, *sandbox;
    const char *state; /* of a running system: "running" ... */
    const char *why;   /* it is in that state */
    size_t outer;      /* the init whose child it is; GRAPH_NONE: of the one at the top */
    int is_init;       /* with a scenario of its own */
    int is_core;       /* what is above the init at the top */
    int failed;        /* it ended, and not well */
    struct graph_fill ram, caps;
    uint32_t restarts;
};

/* A session, or one that a component needs. */
struct graph_edge {
    size_t from, to; /* TO: GRAPH_NONE when the request gets nowhere */
    const char *service;
    const char *label; /* what tells it from others of the service */
    const char *why;   /* it gets nowhere, or waits */
    int waits;
    unsigned count; /* how many there are like that, where not each is an edge of its own; else 0 */
};

struct graph {
    const char *title, *subtitle;
    int live; /* of a running system */
    struct graph_node *nodes;
    size_t count;
    struct graph_edge *edges;
    size_t edge_count;
    char **texts;
    size_t text_count;
    int incomplete; /* there was no memory for all of it */
};

/* Zeroed is empty. */
void graph_fini(struct graph *graph);

/* A text that lives as long as the graph; "" if there is no memory. */
__attribute__((format(printf, 2, 3))) const char *graph_text(struct graph *graph, const char *format, ...);

/* Adds NODE, whose texts that are NULL become ""; its number, or GRAPH_NONE. */
size_t graph_add_node(struct graph *graph, const struct graph_node *node);

/* Adds EDGE, unless the same is there. */
void graph_add_edge(struct graph *graph, const struct graph_edge *edge);

/* The number of the node for core, which is added when it is first asked for. */
size_t graph_core(struct graph *graph);

/* "12.5M", with a unit that keeps it short. */
const char *graph_size_text(uint64_t bytes, char text[24]);

/* Percent in use, 0 to 100. */
unsigned graph_percent(const struct graph_fill *fill);

/* ---- graph_static.c: of a scenario */

struct level;
void graph_of_scenario(struct graph *graph, const struct level *top, const char *file);

/* ---- graph_live.c: of the running system that LINE is about. Zero, or the status to end with. */

struct command_line;
int graph_of_system(struct graph *graph, const struct command_line *line);

/* ---- graph_dot.c, graph_text.c */

/* The graph in the language of Graphviz. */
void graph_print_dot(const struct graph *graph, FILE *to);

/* As a tree, with box drawing in UTF8 or else in ASCII only, and in colour if the terminal has it. */
void graph_print_text(const struct graph *graph, FILE *to, int utf8, int colour);

#endif
