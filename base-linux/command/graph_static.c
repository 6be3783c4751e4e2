/* SPDX-License-Identifier: BSD-2-Clause */
/* graph_static.c: the graph of a scenario: its entries, and where the sessions go that they need. */
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "level.h"

/* The nodes of a level: those of its entries are consecutive. */
struct place {
    const struct level *level;
    size_t first, init;
    struct place *next;
};

struct maker {
    struct graph *graph;
    struct place *places;
};

static const struct place *place_of(const struct maker *maker, const struct level *level)
{
    const struct place *place = maker->places;
    while (place && place->level != level)
        place = place->next;
    return place;
}

static void add_nodes(struct maker *maker, const struct level *level, size_t outer)
{
    struct place *place = calloc(1, sizeof(*place));
    if (!place) {
        maker->graph->incomplete = 1;
        return;
    }
    *place = (struct place){ level, maker->graph->count, outer, maker->places };
    maker->places = place;
    for (size_t i = 0; i < level->scenario.count; i++) {
        const struct entry *entry = &level->scenario.entries[i];
        const struct graph_node node = { .name = entry->name,
                                         .binary = entry->binary,
                                         .sandbox = entry->sandbox,
                                         .outer = outer,
                                         .is_init = level_of(level, entry) != NULL,
                                         .ram.all = entry->ram,
                                         .caps.all = entry->caps };
        (void)graph_add_node(maker->graph, &node);
    }
    for (size_t i = 0; i < level->scenario.count; i++) {
        const struct level *inner = level_of(level, &level->scenario.entries[i]);
        if (inner)
            add_nodes(maker, inner, place->first + i);
    }
}

/* Where HOP has ended, as an edge says it. */
static void finish(struct maker *maker, const struct hop *hop, struct graph_edge *edge)
{
    const struct place *place = place_of(maker, hop->level);
    edge->to = GRAPH_NONE;
    switch (hop->end) {
    case END_SERVER:
        if (place)
            edge->to = place->first + (size_t)(hop->server - hop->level->scenario.entries);
        break;
    case END_CORE:
        edge->to = graph_core(maker->graph);
        break;
    case END_LOCAL:
        edge->to = place && place->init != GRAPH_NONE ? place->init : graph_core(maker->graph);
        break;
    case END_DENIED:
        edge->why = "denied";
        break;
    case END_NOBODY:
        edge->why = "nobody provides it";
        break;
    case END_NONE:
    case END_CONFIG:
    case END_TOO_LONG:
        edge->why = "no route";
        break;
    }
}

/* A request that ENTRY makes, or such as RULE is for. */
static void add_edge(struct maker *maker, const struct level *level, const struct entry *entry,
                     const char *service, const char *label, const struct route *rule)
{
    struct hop hop = { .level = level, .client = entry };
    struct graph_edge edge = { .service = service };
    const char *match = rule && rule->match ? rule->match : label;
    size_t from = rule && *match == '*', len = strlen(match);
    len -= from + (rule && len > from && match[len - 1] == '*');
    snprintf(hop.request.service, sizeof(hop.request.service), "%s", service);
    snprintf(hop.request.label, sizeof(hop.request.label), "%.*s", (int)len, match + from);
    hop_first(&hop);
    if (rule && hop.route != rule)
        return; /* a more specific one takes what would be an example of this */
    if (hop.route && hop.route->label)
        edge.label = graph_text(maker->graph, "%s%s%s", match, *match ? " > " : "", hop.route->label);
    else
        edge.label = match;
    while (hop_next(&hop))
        ;
    edge.from = place_of(maker, level)->first + (size_t)(entry - level->scenario.entries);
    finish(maker, &hop, &edge);
    if (hop.end != END_CONFIG)
        graph_add_edge(maker->graph, &edge);
}

static int has_rule(const struct entry *entry, const char *service)
{
    for (size_t i = 0; i < entry->routes.count; i++)
        if (!strcmp(entry->routes.at[i].service, service))
            return 1;
    return 0;
}

static void add_edges(struct maker *maker, const struct level *level)
{
    if (!place_of(maker, level))
        return;
    for (size_t i = 0; i < level->scenario.count; i++) {
        const struct entry *entry = &level->scenario.entries[i];
        const struct names *needed = &entry->manifest.requires;
        for (size_t k = 0; k < needed->count; k++)
            if (!has_rule(entry, needed->at[k]))
                add_edge(maker, level, entry, needed->at[k], entry->manifest.required_labels.at[k], NULL);
        for (size_t k = 0; k < entry->routes.count; k++) {
            const struct route *rule = &entry->routes.at[k];
            /* what is refused is worth a line only where it is needed */
            if (rule->target != TARGET_DENY || (!rule->match && names_have(needed, rule->service)))
                add_edge(maker, level, entry, rule->service, "", rule);
        }
        if (level_of(level, entry))
            add_edges(maker, level_of(level, entry));
    }
}

static uint64_t sum_of_ram(const struct level *top)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < top->scenario.count; i++)
        sum += top->scenario.entries[i].ram;
    return sum;
}

void graph_of_scenario(struct graph *graph, const struct level *top, const char *file)
{
    struct maker maker = { .graph = graph };
    char sum[24], all[24];
    const char *slash = strrchr(file, '/');
    graph->title = graph_text(graph, "%s", slash ? slash + 1 : file);
    graph->subtitle = graph_text(graph, "%s, %zu component%s, %s of %s ram",
                                 top->scenario.display ? "with a display" : "headless", top->scenario.count,
                                 top->scenario.count == 1 ? "" : "s", graph_size_text(sum_of_ram(top), sum),
                                 graph_size_text(top->has.ram, all));
    add_nodes(&maker, top, GRAPH_NONE);
    add_edges(&maker, top);
    while (maker.places) {
        struct place *place = maker.places;
        maker.places = place->next;
        free(place);
    }
}
