/* SPDX-License-Identifier: BSD-2-Clause */
/* graph_live.c: the graph of a running system, from the states of its inits. */
#include <string.h>

#include "client.h"
#include "graph.h"

/* Of sessions of the same kind, more are one line with their number. */
enum { SHOWN = 3 };

static uint64_t number(const struct os_config *state, os_config_ref node, const char *key)
{
    return os_config_u64(state, node, key, 0);
}

static struct graph_fill fill(const struct os_config *state, os_config_ref node, const char *all,
                              const char *used)
{
    return (struct graph_fill){ .used = number(state, node, used), .all = number(state, node, all) };
}

static const char *copy(struct graph *graph, const struct os_config *state, os_config_ref node,
                        const char *key)
{
    return graph_text(graph, "%s", os_config_str(state, node, key, ""));
}

static void add_component(struct graph *graph, const struct os_config *state, os_config_ref at, size_t outer)
{
    const char *end = os_config_str(state, at, "last-exit", "");
    const struct graph_node node = { .name = graph_text(graph, "%s", os_config_key(state, at)),
                                     .binary = copy(graph, state, at, "binary"),
                                     .sandbox = copy(graph, state, at, "sandbox"),
                                     .state = copy(graph, state, at, "state"),
                                     .why = copy(graph, state, at, "why"),
                                     .outer = outer,
                                     .is_init = !strcmp(os_config_str(state, at, "binary", ""), "init"),
                                     .failed = *end && strncmp(end, "exited with status 0", 20) != 0 &&
                                               !strcmp(os_config_str(state, at, "state", ""), "ended"),
                                     .ram = fill(state, at, "ram", "ram-used"),
                                     .caps = fill(state, at, "caps", "caps-used"),
                                     .restarts = (uint32_t)number(state, at, "restarts") };
    (void)graph_add_node(graph, &node);
}

/* The node of component NAME among those of the init OUTER from FIRST on; GRAPH_NONE. */
static size_t find(const struct graph *graph, size_t first, size_t outer, const char *name)
{
    for (size_t i = first; i < graph->count; i++)
        if (graph->nodes[i].outer == outer && !strcmp(graph->nodes[i].name, name))
            return i;
    return GRAPH_NONE;
}

/* What the server sees is the client's name and the label; the name is known. */
static const char *label_of(const char *label, const char *client)
{
    size_t len = strlen(client);
    if (strncmp(label, client, len) != 0)
        return label;
    return !label[len] ? "" : !strncmp(label + len, " -> ", 4) ? label + len + 4 : label;
}

static int same_kind(const struct os_config *state, os_config_ref a, os_config_ref b)
{
    static const char *const keys[] = { "service", "server", "state" };
    for (size_t i = 0; i < OS_ARRAY_LEN(keys); i++)
        if (strcmp(os_config_str(state, a, keys[i], ""), os_config_str(state, b, keys[i], "")) != 0)
            return 0;
    return 1;
}

/* How many sessions of the kind of SESSION are in LIST, and how many of them come before it. */
static unsigned count_kind(const struct os_config *state, os_config_ref list, os_config_ref session,
                           unsigned *before)
{
    unsigned count = 0;
    for (os_config_ref at = os_config_first(state, list); at; at = os_config_next(state, at)) {
        if (at == session)
            *before = count;
        count += (unsigned)same_kind(state, at, session);
    }
    return count;
}

static void add_session(struct graph *graph, const struct os_config *state, os_config_ref at, size_t from,
                        size_t to, const char *label, unsigned count)
{
    const char *is = os_config_str(state, at, "state", "");
    const struct graph_edge edge = { .from = from,
                                     .to = to,
                                     .service = copy(graph, state, at, "service"),
                                     .label = label,
                                     .why = copy(graph, state, at, "why"),
                                     .waits = strcmp(is, "open") != 0,
                                     .count = count };
    graph_add_edge(graph, &edge);
}

/* All that a component has open but its own config, and but its output, which all have. */
static void add_sessions(struct graph *graph, const struct os_config *state, os_config_ref component,
                         size_t first, size_t outer)
{
    os_config_ref list = os_config_get(state, component, "sessions");
    size_t from = find(graph, first, outer, os_config_key(state, component)), to;
    for (os_config_ref at = os_config_first(state, list); at; at = os_config_next(state, at)) {
        const char *server = os_config_str(state, at, "server", "");
        const char *label = os_config_str(state, at, "label", "");
        unsigned before = 0, count = count_kind(state, list, at, &before);
        if (from == GRAPH_NONE || !strcmp(os_config_str(state, at, "service", ""), "LOG") ||
            !strcmp(server, "local"))
            continue;
        if (!strcmp(server, "parent"))
            to = outer == GRAPH_NONE ? graph_core(graph) : outer;
        else
            to = find(graph, first, outer, server);
        if (to == GRAPH_NONE || (count > SHOWN && before))
            continue;
        label = label_of(label, os_config_key(state, component));
        if (count > SHOWN)
            add_session(graph, state, at, from, to, "", count);
        else
            add_session(graph, state, at, from, to, graph_text(graph, "%s", label), 0);
    }
}

/* The init of COMPONENT answers to the command. */
static int is_asked(const struct os_config *state, os_config_ref component)
{
    os_config_ref list = os_config_get(state, component, "sessions");
    for (os_config_ref at = os_config_first(state, list); at; at = os_config_next(state, at))
        if (!strcmp(os_config_str(state, at, "service", ""), "Control") &&
            !strcmp(os_config_str(state, at, "state", ""), "open"))
            return 1;
    return 0;
}

static void take_title(struct graph *graph, const struct os_config *state, size_t count)
{
    os_config_ref system = os_config_get(state, os_config_root(state), "system");
    const char *file = os_config_str(state, system, "file", ""), *slash = strrchr(file, '/');
    char used[24], all[24];
    graph->title = graph_text(graph, "%s", slash ? slash + 1 : file);
    graph->subtitle = graph_text(
        graph, "%s, runs for %llu s, %zu component%s, %s of %s ram", os_config_str(state, system, "mode", ""),
        (unsigned long long)number(state, system, "age-ms") / 1000, count, count == 1 ? "" : "s",
        graph_size_text(number(state, system, "ram-used"), used),
        graph_size_text(number(state, system, "ram"), all));
}

/* The init PATH, whose node is OUTER, and those beneath it. */
static int add_init(struct graph *graph, const struct command_line *line, const char *path, size_t outer)
{
    struct client_answer answer = { 0 };
    struct os_config state;
    size_t first = graph->count;
    int status = client_state(line, path, &answer, &state);
    if (status)
        return status;
    os_config_ref all = os_config_get(&state, os_config_root(&state), "components"), at;
    for (at = os_config_first(&state, all); at; at = os_config_next(&state, at))
        add_component(graph, &state, at, outer);
    if (outer == GRAPH_NONE)
        take_title(graph, &state, graph->count);
    for (at = os_config_first(&state, all); at; at = os_config_next(&state, at))
        add_sessions(graph, &state, at, first, outer);
    for (at = os_config_first(&state, all); at && !status; at = os_config_next(&state, at)) {
        char inner[OS_LABEL_MAX];
        int len = snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "/" : "", os_config_key(&state, at));
        if (is_asked(&state, at) && len > 0 && (size_t)len < sizeof(inner))
            status = add_init(graph, line, inner, find(graph, first, outer, os_config_key(&state, at)));
    }
    client_answer_fini(&answer);
    return status;
}

int graph_of_system(struct graph *graph, const struct command_line *line)
{
    graph->live = 1;
    return add_init(graph, line, "", GRAPH_NONE);
}
