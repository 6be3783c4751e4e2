/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c: what is wrong with a scenario that can only be told when the manifests are known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"

/* A size as a scenario would have it: in the largest unit that leaves nothing over. */
static const char *size_text(uint64_t bytes, char text[24])
{
    static const char units[] = "KMG";
    char unit[2] = "";
    for (const char *next = units; *next && bytes && bytes % 1024 == 0; next++) {
        bytes /= 1024;
        unit[0] = *next;
    }
    snprintf(text, 24, "%llu%s", (unsigned long long)bytes, unit);
    return text;
}

static void check_quota(const struct entry *entry, struct problems *problems)
{
    char ram[24], least[24];
    if (entry->ram < entry->manifest.ram)
        problem_at(problems, entry->ram_node, "ram of %s is %s, expected at least the %s of its manifest",
                   entry->name, size_text(entry->ram, ram), size_text(entry->manifest.ram, least));
    if (entry->caps < entry->manifest.caps)
        problem_at(problems, entry->caps_node, "caps of %s are %u, expected at least the %u of its manifest",
                   entry->name, (unsigned)entry->caps, (unsigned)entry->manifest.caps);
}

static void check_provides(const struct entry *entry, struct problems *problems)
{
    if (!entry->has_provides)
        return;
    for (size_t i = 0; i < entry->provides.count; i++)
        if (!names_have(&entry->manifest.provides, entry->provides.at[i]))
            problem_at(problems, entry->provides_node,
                       "%s cannot provide '%s', expected a service of its manifest", entry->name,
                       entry->provides.at[i]);
}

/* Whoever does not answer would be ended again and again. */
static void check_heartbeat(const struct scenario *scenario, const struct entry *entry,
                            struct problems *problems)
{
    if (entry->heartbeat.every && !entry->manifest.heartbeat)
        problem_at(problems, os_config_get(&scenario->config, entry->node, "heartbeat"),
                   "heartbeat of %s, expected a component that answers: `heartbeat: true` in its manifest",
                   entry->name);
}

static void report_refusal(os_err err, const struct entry *entry, struct problems *problems)
{
    char ram[24];
    if (err == OS_ERR_BAD_ARG)
        problem_at(problems, entry->sandbox_node ? entry->sandbox_node : entry->node,
                   "unknown sandbox '%s' of %s, expected a profile of this platform", entry->sandbox,
                   entry->name);
    else if (err == OS_ERR_RAM)
        problem_at(problems, entry->ram_node ? entry->ram_node : entry->node,
                   "ram of %s is %s, expected no more than init has, and enough to start with", entry->name,
                   size_text(entry->ram, ram));
    else if (err == OS_ERR_CAPS)
        problem_at(problems, entry->caps_node ? entry->caps_node : entry->node,
                   "caps of %s are %u, expected no more than init has, and enough to start with", entry->name,
                   (unsigned)entry->caps);
    else
        problem_at(problems, entry->node, "%s: %s, expected a component that can be created", entry->name,
                   os_err_text(err));
}

/* Gives 0 when the machine cannot close the sandbox: the same would be said of all further entries. */
static int check_admission(const struct scenario *scenario, struct platform_source *source,
                           const struct entry *entry, struct problems *problems)
{
    os_err err = source->admit(source, entry);
    if (err == OS_ERR_DENIED && scenario->sandbox_required) {
        problem_at(
            problems, scenario->sandbox_node,
            "sandbox 'required', but this machine cannot close it completely; expected a machine that can, "
            "or best-effort");
        return 0;
    }
    if (err)
        report_refusal(err, entry, problems);
    return 1;
}

static int parent_has(const struct scenario *scenario, const char *service)
{
    return scenario->any_at_parent || names_have(&scenario->parent_provides, service);
}

/* Someone, parent or child, provides SERVICE. */
static int is_known(const struct scenario *scenario, const char *service)
{
    if (names_have(&scenario->parent_provides, service) || names_have(&scenario->local_provides, service))
        return 1;
    for (size_t i = 0; i < scenario->count; i++)
        if (names_have(&scenario->entries[i].manifest.provides, service))
            return 1;
    return 0;
}

static void report_unknown_service(const struct scenario *scenario, struct problems *problems,
                                   const struct route *route, const char *service)
{
    struct names known = { 0 };
    int enough = 1;
    for (size_t i = 0; i < scenario->parent_provides.count; i++)
        enough &= names_add(&known, scenario->parent_provides.at[i]);
    for (size_t i = 0; i < scenario->local_provides.count; i++)
        enough &= names_add(&known, scenario->local_provides.at[i]);
    for (size_t i = 0; i < scenario->count; i++)
        for (size_t j = 0; j < scenario->entries[i].manifest.provides.count; j++)
            enough &= names_add(&known, scenario->entries[i].manifest.provides.at[j]);
    const char *nearest = enough ? names_nearest(known.at, known.count, service) : NULL;
    if (nearest)
        problem_at(problems, route->node, "unknown service '%s', expected '%s'", service, nearest);
    else
        problem_at(problems, route->node,
                   "unknown service '%s', expected one that the parent or an entry provides", service);
    names_fini(&known);
}

static void report_unknown_child(const struct scenario *scenario, struct problems *problems,
                                 const struct route *route)
{
    struct names known = { 0 };
    int enough = 1;
    for (size_t i = 0; i < scenario->count; i++)
        enough &= names_add(&known, scenario->entries[i].name);
    for (size_t i = 0; i < scenario->aliases_count; i++)
        enough &= names_add(&known, scenario->aliases[i].name);
    const char *nearest = enough ? names_nearest(known.at, known.count, route->child) : NULL;
    if (nearest)
        problem_at(problems, route->node, "route to unknown child '%s', expected '%s'", route->child,
                   nearest);
    else
        problem_at(problems, route->node,
                   "route to unknown child '%s', expected the name of an entry of start", route->child);
    names_fini(&known);
}

static void check_route(const struct scenario *scenario, struct problems *problems, const struct route *route)
{
    const char *service = route_service(route, route->service);
    int any = !strcmp(service, "any");
    if (route->target == TARGET_CHILD) {
        const char *child = scenario_resolve(scenario, route->child);
        const struct entry *server = scenario_find(scenario, child);
        if (!server && names_have(&scenario->absent, child))
            return; /* left out in this mode: requests are refused, which the check of requirements shows */
        if (!server) {
            report_unknown_child(scenario, problems, route);
            return;
        }
        if (!any && is_known(scenario, service) && !names_have(&server->provides, service)) {
            problem_at(problems, route->node, "route of %s to '%s', expected an entry that provides it",
                       service, route->child);
            return;
        }
    }
    if (any || route->target == TARGET_DENY || !route->node)
        return;
    if (!is_known(scenario, service) && !(route->target == TARGET_PARENT && scenario->any_at_parent))
        report_unknown_service(scenario, problems, route, service);
    else if (route->target == TARGET_PARENT && !parent_has(scenario, service))
        problem_at(problems, route->node,
                   "route of %s to the parent, expected a service that the parent provides", service);
    else if (route->target == TARGET_LOCAL && !names_have(&scenario->local_provides, service))
        problem_at(problems, route->node,
                   "local route of %s, expected a service that is offered by who runs the scenario", service);
}

/* An alias is a name of its own, and names an entry. */
static void check_alias(const struct scenario *scenario, struct problems *problems, const struct alias *alias)
{
    const struct route to = { .child = alias->entry, .node = alias->node };
    if (scenario_find(scenario, alias->name) || names_have(&scenario->absent, alias->name))
        problem_at(problems, alias->node, "alias '%s' is the name of an entry, expected another name",
                   alias->name);
    else if (!scenario_find(scenario, alias->entry) && !names_have(&scenario->absent, alias->entry))
        report_unknown_child(scenario, problems, &to);
}

void check_routes(const struct scenario *scenario, struct problems *problems)
{
    for (size_t i = 0; i < scenario->aliases_count; i++)
        check_alias(scenario, problems, &scenario->aliases[i]);
    for (size_t i = 0; i < scenario->default_route.count; i++)
        if (scenario->default_route.at[i].node)
            check_route(scenario, problems, &scenario->default_route.at[i]);
    for (size_t i = 0; i < scenario->count; i++)
        for (size_t j = 0; j < scenario->entries[i].routes.count; j++)
            check_route(scenario, problems, &scenario->entries[i].routes.at[j]);
}

int scenario_is_routed(const struct scenario *scenario, const struct entry *entry, const char *service,
                       const char *label)
{
    const struct route *route = route_find(scenario, entry, service, label ? label : "");
    for (size_t i = 0; !route && !label && i < entry->routes.count; i++)
        if (!strcmp(entry->routes.at[i].service, service))
            route = &entry->routes.at[i];
    if (!route)
        return 0;
    if (route->target == TARGET_PARENT)
        return parent_has(scenario, route_service(route, service));
    if (route->target == TARGET_LOCAL)
        return names_have(&scenario->local_provides, route_service(route, service));
    return route_server(scenario, entry, route, service) != NULL;
}

static void check_requires(const struct scenario *scenario, struct problems *problems,
                           const struct entry *entry)
{
    for (size_t i = 0; i < entry->manifest.requires.count; i++) {
        const char *service = entry->manifest.requires.at[i], *label = entry->manifest.required_labels.at[i];
        if (!*label && (!strcmp(service, "ROM") || scenario_is_routed(scenario, entry, service, NULL)))
            continue;
        if (!*label)
            problem_at(problems, entry->node, "%s requires %s, expected a route to an entry that provides it",
                       entry->name, service);
        else if (!scenario_is_routed(scenario, entry, service, label))
            problem_at(problems, entry->node,
                       "%s requires %s with label '%s', expected a route for it to who provides it",
                       entry->name, service, label);
    }
}

unsigned scenario_check(const struct scenario *scenario, struct platform_source *source,
                        struct problems *problems)
{
    unsigned before = problems->count;
    int sandboxed = 1;
    for (size_t i = 0; i < scenario->count; i++) {
        const struct entry *entry = &scenario->entries[i];
        unsigned count = problems->count;
        check_quota(entry, problems);
        if (sandboxed && problems->count == count)
            sandboxed = check_admission(scenario, source, entry, problems);
        check_provides(entry, problems);
        check_heartbeat(scenario, entry, problems);
        manifest_check_config(&entry->manifest, problems, &scenario->config, entry->config, entry->node,
                              entry->name);
    }
    check_routes(scenario, problems);
    /* a route that is wrong in itself would be reported a second time by what depends on it */
    if (problems->count == before)
        for (size_t i = 0; i < scenario->count; i++)
            check_requires(scenario, problems, &scenario->entries[i]);
    if (problems->count == before)
        check_cycles(scenario, problems);
    return problems->count - before;
}
