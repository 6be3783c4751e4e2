/* SPDX-License-Identifier: BSD-2-Clause */
/* route.c: which server a session request goes to. */
#include <string.h>
#include "scenario.h"

/* How well MATCH describes LABEL: 0 not at all, more for more. An exact one beats every beginning. */
static size_t specificity(const char *match, const char *label)
{
    if (!match)
        return 1;
    size_t len = strlen(match);
    if (len && match[len - 1] == '*')
        return strncmp(match, label, len - 1) ? 0 : len + 1;
    return strcmp(match, label) ? 0 : SIZE_MAX;
}

/* ROM modules are handed out by name only, so "any" does not include them. */
static int is_for(const struct route *route, const char *service, int any)
{
    if (any)
        return !strcmp(route->service, "any") && strcmp(service, "ROM");
    return !strcmp(route->service, service);
}

static const struct route *best(const struct routes *routes, const char *service, const char *label, int any)
{
    const struct route *found = NULL;
    size_t found_at = 0;
    for (size_t i = 0; i < routes->count; i++) {
        if (!is_for(&routes->at[i], service, any))
            continue;
        size_t fits = specificity(routes->at[i].match, label);
        if (fits > found_at) {
            found = &routes->at[i];
            found_at = fits;
        }
    }
    return found;
}

const struct route *route_find(const struct scenario *scenario, const struct entry *client,
                               const char *service, const char *label)
{
    const struct route *route = best(&client->routes, service, label, 0);
    if (!route)
        route = best(&scenario->default_route, service, label, 0);
    if (!route)
        route = best(&scenario->default_route, service, label, 1);
    return route;
}

const struct entry *scenario_find(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->count; i++)
        if (!strcmp(scenario->entries[i].name, name))
            return &scenario->entries[i];
    return NULL;
}

const struct entry *route_server(const struct scenario *scenario, const struct entry *client,
                                 const struct route *route, const char *service)
{
    if (route->target == TARGET_CHILD) {
        const struct entry *server = scenario_find(scenario, route->child);
        return server && names_have(&server->provides, service) ? server : NULL;
    }
    if (route->target != TARGET_ANY_CHILD)
        return NULL;
    for (size_t i = 0; i < scenario->count; i++)
        if (&scenario->entries[i] != client && names_have(&scenario->entries[i].provides, service))
            return &scenario->entries[i];
    return NULL;
}
