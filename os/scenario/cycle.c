/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cycle.c: entries that require each other in a circle. Each would wait in its start for the next one to
 * announce its service, for ever.
 */
#include <stdio.h>
#include <stdlib.h>
#include "parts.h"

enum { UNSEEN, ON_PATH, DONE };

struct search {
    const struct scenario *scenario;
    struct problems *problems;
    unsigned char *state; /* per entry */
    size_t *path;         /* entries from the start of the search, */
    size_t *next;         /* and which requirement of each comes next */
    size_t depth;
};

/* The entry that requirement INDEX of ENTRY leads to, or NULL. */
static const struct entry *required(const struct search *search, const struct entry *entry, size_t index)
{
    const char *service = entry->manifest.requires.at[index];
    const struct route *route =
        route_find(search->scenario, entry, service, entry->manifest.required_labels.at[index]);
    return route ? route_server(search->scenario, entry, route, service) : NULL;
}

/* "a -> b -> a", for the part of the path that begins with FIRST. */
static void report(struct search *search, size_t first)
{
    const struct entry *entries = search->scenario->entries;
    char text[320] = "";
    size_t at = 0, start = 0;
    while (search->path[start] != first)
        start++;
    for (size_t i = start; i < search->depth && at < sizeof(text); i++) {
        int len = snprintf(text + at, sizeof(text) - at, "%s -> ", entries[search->path[i]].name);
        at += len > 0 ? (size_t)len : 0;
    }
    problem_at(search->problems, entries[first].node, "cyclic routes: %s%s, expected none to wait for itself",
               text, entries[first].name);
}

/* Depth-first from START, with the path in memory rather than on the stack: a scenario may be long. */
static void search_from(struct search *search, size_t start)
{
    search->depth = 0;
    search->path[search->depth] = start;
    search->next[search->depth++] = 0;
    search->state[start] = ON_PATH;
    while (search->depth) {
        size_t top = search->depth - 1, at = search->path[top];
        const struct entry *entry = &search->scenario->entries[at];
        if (search->next[top] == entry->manifest.requires.count) {
            search->state[at] = DONE;
            search->depth--;
            continue;
        }
        const struct entry *server = required(search, entry, search->next[top]++);
        if (!server)
            continue;
        size_t index = (size_t)(server - search->scenario->entries);
        if (search->state[index] == ON_PATH)
            report(search, index);
        if (search->state[index] != UNSEEN)
            continue;
        search->state[index] = ON_PATH;
        search->path[search->depth] = index;
        search->next[search->depth++] = 0;
    }
}

void check_cycles(const struct scenario *scenario, struct problems *problems)
{
    size_t count = scenario->count;
    struct search search = { .scenario = scenario, .problems = problems };
    search.state = calloc(count + 1, 1);
    search.path = calloc(count + 1, sizeof(*search.path));
    search.next = calloc(count + 1, sizeof(*search.next));
    if (!search.state || !search.path || !search.next)
        problem_memory(problems, NULL);
    else
        for (size_t i = 0; i < count; i++)
            if (search.state[i] == UNSEEN)
                search_from(&search, i);
    free(search.state);
    free(search.path);
    free(search.next);
}
