/* SPDX-License-Identifier: BSD-2-Clause */
/* warn.c: what of a scenario that is sound is probably not meant, because it has no effect. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"

/* What is known of an entry as a server. */
struct use {
    int required; /* an entry requires a service that it would get from here */
    int reached;  /* some rule leads here */
};

struct uses {
    const struct scenario *scenario;
    struct use *of; /* one for each entry */
    int inits;      /* there are inits: what their children ask for is not known */
};

static size_t index_of(const struct uses *uses, const struct entry *entry)
{
    return (size_t)(entry - uses->scenario->entries);
}

/* ---- rules */

static int is_all(const struct route *route)
{
    return route->match && !strcmp(route->match, "*");
}

/* Whatever LATER is for goes to EARLIER, which is of the same list. */
static int hides(const struct route *earlier, const struct route *later)
{
    if (strcmp(earlier->service, later->service))
        return 0;
    if (!earlier->match || !later->match)
        return earlier->match == later->match || (!later->match && is_all(earlier));
    return !strcmp(earlier->match, later->match);
}

static void warn_of_hidden(const struct routes *routes, int defaults, struct problems *problems)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->at[i], *other = NULL;
        for (size_t j = 0; j < routes->count && !other; j++)
            if (j < i || (j > i && !route->match && is_all(&routes->at[j])))
                other = hides(&routes->at[j], route) ? &routes->at[j] : NULL;
        if (other && route->node)
            problem_warn_at(problems, route->node,
                            "this route of %s is never taken: the one in line %u is for the same labels",
                            route->service, other->node ? (unsigned)other->node->line : 0);
        else if (defaults && route->match && !strcmp(route->service, "ROM") &&
                 !strcmp(route->match, "config"))
            problem_warn_at(problems, route->node,
                            "this route of ROM is never taken: 'config' is what stands under config:");
    }
}

static int is_named(const struct scenario *scenario, const struct routes *routes, const char *name,
                    int resolved)
{
    for (size_t i = 0; i < routes->count; i++) {
        const char *child = routes->at[i].target == TARGET_CHILD ? routes->at[i].child : NULL;
        if (child && !strcmp(resolved ? scenario_resolve(scenario, child) : child, name))
            return 1;
    }
    return 0;
}

static int is_named_anywhere(const struct scenario *scenario, const char *name, int resolved)
{
    if (is_named(scenario, &scenario->default_route, name, resolved))
        return 1;
    for (size_t i = 0; i < scenario->count; i++)
        if (is_named(scenario, &scenario->entries[i].routes, name, resolved))
            return 1;
    return 0;
}

/* ---- entries */

static void mark_reached(struct uses *uses, const struct entry *client, const struct route *route,
                         const char *service)
{
    const struct entry *server = route_server(uses->scenario, client, route, service);
    if (server && server != client)
        uses->of[index_of(uses, server)].reached = 1;
}

static void mark_required(struct uses *uses, const struct entry *client)
{
    const struct names *required = &client->manifest.requires;
    for (size_t i = 0; i < required->count; i++) {
        const char *label = client->manifest.required_labels.at[i];
        const struct route *route = route_find(uses->scenario, client, required->at[i], label);
        const struct entry *server =
            route ? route_server(uses->scenario, client, route, required->at[i]) : NULL;
        if (server && server != client)
            uses->of[index_of(uses, server)] = (struct use){ .required = 1, .reached = 1 };
        uses->inits |= !strcmp(required->at[i], "PD");
    }
    for (size_t i = 0; i < client->routes.count; i++)
        mark_reached(uses, client, &client->routes.at[i], client->routes.at[i].service);
}

/* The default-route, for a client that may be any other entry, leads to SERVER for one of its services. */
static int is_default(const struct scenario *scenario, const struct entry *server)
{
    for (size_t i = 0; i < scenario->default_route.count; i++) {
        const struct route *route = &scenario->default_route.at[i];
        for (size_t j = 0; j < server->provides.count; j++) {
            const char *service = server->provides.at[j];
            int any = !strcmp(route->service, "any") && !route->as;
            if ((any || !strcmp(route_service(route, route->service), service)) &&
                route_server(
                    scenario, NULL,
                    &(struct route){ .service = service, .target = route->target, .child = route->child },
                    service) == server)
                return 1;
        }
    }
    return 0;
}

static void warn_of_entry(const struct uses *uses, const struct entry *entry, struct problems *problems)
{
    const struct use *use = &uses->of[index_of(uses, entry)];
    if (!entry->provides.count || use->required)
        return;
    if (!use->reached && !is_default(uses->scenario, entry))
        problem_warn_at(problems, entry->node, "no route leads to %s, which provides %s%s", entry->name,
                        entry->provides.at[0], entry->provides.count > 1 ? " and more" : "");
    else if (!uses->inits && !is_named_anywhere(uses->scenario, entry->name, 1))
        problem_warn_at(problems, entry->node, "nobody requires what %s provides: %s%s", entry->name,
                        entry->provides.at[0], entry->provides.count > 1 ? " and more" : "");
}

static void warn_of_entries(const struct scenario *scenario, struct problems *problems)
{
    struct uses uses = { .scenario = scenario };
    uses.of = calloc(scenario->count ? scenario->count : 1, sizeof(*uses.of));
    if (!uses.of)
        return; /* what is only a warning may stay untold */
    for (size_t i = 0; i < scenario->count; i++)
        mark_required(&uses, &scenario->entries[i]);
    for (size_t i = 0; i < scenario->count; i++)
        warn_of_entry(&uses, &scenario->entries[i], problems);
    free(uses.of);
}

void scenario_warn(const struct scenario *scenario, struct problems *problems)
{
    for (size_t i = 0; i < scenario->aliases_count; i++)
        if (!is_named_anywhere(scenario, scenario->aliases[i].name, 0))
            problem_warn_at(problems, scenario->aliases[i].node, "alias '%s' is in no route",
                            scenario->aliases[i].name);
    warn_of_hidden(&scenario->default_route, 1, problems);
    for (size_t i = 0; i < scenario->count; i++)
        warn_of_hidden(&scenario->entries[i].routes, 0, problems);
    warn_of_entries(scenario, problems);
}
