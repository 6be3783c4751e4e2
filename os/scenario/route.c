/* SPDX-License-Identifier: BSD-2-Clause */
/* route.c: which server a session request goes to, and why. */
#include <stdio.h>
#include <string.h>
#include <os/policy.h>
#include "scenario.h"

const struct route route_own_config = { .service = "ROM", .match = "config", .target = TARGET_LOCAL };

/* ROM modules are handed out by name only, so "any" does not include them. */
static int is_for(const struct route *route, const char *service, enum route_scope scope)
{
    if (scope == ROUTE_DEFAULT_ANY)
        return !strcmp(route->service, "any") && strcmp(service, "ROM");
    return !strcmp(route->service, service);
}

/* A search: what is searched for, whom to tell, and what has been found. */
struct search {
    const char *service, *label;
    void (*step)(void *context, const struct route_step *step);
    void *context;
    const struct route *found;
};

static const struct route *best(const struct search *search, const struct route *routes, size_t count,
                                enum route_scope scope)
{
    const struct route *found = NULL;
    size_t found_at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_for(&routes[i], search->service, scope))
            continue;
        size_t fits = os_policy_match(routes[i].match, search->label);
        if (fits > found_at) {
            found = &routes[i];
            found_at = fits;
        }
    }
    return found;
}

static void tell(const struct search *search, const struct route *route, enum route_scope scope, int reached)
{
    struct route_step step = { .route = route, .scope = scope, .better = search->found };
    if (scope == ROUTE_DEFAULT && !strcmp(route->service, "any"))
        return; /* told in the next scope */
    if (scope == ROUTE_DEFAULT_ANY && strcmp(route->service, "any"))
        return;
    step.verdict = !is_for(route, search->service, scope)          ? ROUTE_OTHER_SERVICE
                   : !os_policy_match(route->match, search->label) ? ROUTE_OTHER_LABEL
                   : !reached                                      ? ROUTE_NOT_REACHED
                   : route == search->found                        ? ROUTE_DECIDES
                                                                   : ROUTE_LESS_SPECIFIC;
    search->step(search->context, &step);
}

/* Looks at COUNT rules, unless others have decided. */
static void look(struct search *search, const struct route *routes, size_t count, enum route_scope scope)
{
    int reached = !search->found;
    if (reached)
        search->found = best(search, routes, count, scope);
    for (size_t i = 0; search->step && i < count; i++)
        tell(search, &routes[i], scope, reached);
}

/* An entry can get its config from elsewhere, if it says so in as many words. */
static int routes_config(const struct entry *client)
{
    for (size_t i = 0; i < client->routes.count; i++) {
        const struct route *route = &client->routes.at[i];
        if (!strcmp(route->service, "ROM") && route->match && !strcmp(route->match, "config"))
            return 1;
    }
    return 0;
}

const struct route *route_explain(const struct scenario *scenario, const struct entry *client,
                                  const char *service, const char *label,
                                  void (*step)(void *context, const struct route_step *step), void *context)
{
    struct search search = { .service = service, .label = label, .step = step, .context = context };
    const struct routes *defaults = &scenario->default_route;
    if (!routes_config(client))
        look(&search, &route_own_config, 1, ROUTE_BUILT_IN);
    look(&search, client->routes.at, client->routes.count, ROUTE_OF_ENTRY);
    look(&search, defaults->at, defaults->count, ROUTE_DEFAULT);
    look(&search, defaults->at, defaults->count, ROUTE_DEFAULT_ANY);
    return search.found;
}

const struct route *route_find(const struct scenario *scenario, const struct entry *client,
                               const char *service, const char *label)
{
    return route_explain(scenario, client, service, label, NULL, NULL);
}

/* "labels that begin with 'icon-'" */
static void pattern_text(const char *match, char *text, size_t size)
{
    size_t len = match ? strlen(match) : 0;
    if (!match || (len == 1 && *match == '*'))
        snprintf(text, size, "all labels");
    else if (match[len - (len > 0)] == '*')
        snprintf(text, size, "labels that begin with '%.*s'", (int)len - 1, match);
    else if (*match == '*')
        snprintf(text, size, "labels that end with '%s'", match + 1);
    else
        snprintf(text, size, "the label '%s'", match);
}

void route_step_text(const struct route_step *step, char *text, size_t size)
{
    char pattern[OS_LABEL_MAX + 40];
    pattern_text(step->route->match, pattern, sizeof(pattern));
    switch (step->verdict) {
    case ROUTE_OTHER_SERVICE:
        snprintf(text, size, "is for another service, %s", step->route->service);
        break;
    case ROUTE_OTHER_LABEL:
        snprintf(text, size, "is for %s", pattern);
        break;
    case ROUTE_LESS_SPECIFIC:
        snprintf(text, size, "is for %s, but another rule fits better", pattern);
        break;
    case ROUTE_NOT_REACHED:
        snprintf(text, size, "is for %s, but is not reached", pattern);
        break;
    case ROUTE_DECIDES:
        snprintf(text, size, "decides: is for %s", pattern);
        break;
    }
}

const struct entry *scenario_find(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->count; i++)
        if (!strcmp(scenario->entries[i].name, name))
            return &scenario->entries[i];
    return NULL;
}

const char *scenario_resolve(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->aliases_count; i++)
        if (!strcmp(scenario->aliases[i].name, name))
            return scenario->aliases[i].entry;
    return name;
}

const char *route_service(const struct route *route, const char *service)
{
    return route->as ? route->as : service;
}

const struct entry *route_server(const struct scenario *scenario, const struct entry *client,
                                 const struct route *route, const char *service)
{
    service = route_service(route, service);
    if (route->target == TARGET_CHILD) {
        const struct entry *server = scenario_find(scenario, scenario_resolve(scenario, route->child));
        return server && names_have(&server->provides, service) ? server : NULL;
    }
    if (route->target != TARGET_ANY_CHILD)
        return NULL;
    for (size_t i = 0; i < scenario->count; i++)
        if (&scenario->entries[i] != client && names_have(&scenario->entries[i].provides, service))
            return &scenario->entries[i];
    return NULL;
}
