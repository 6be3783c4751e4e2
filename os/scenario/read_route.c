/* SPDX-License-Identifier: BSD-2-Clause */
/* read_route.c: reads `route:` and `default-route:` of a scenario. */
#include <stdlib.h>
#include <string.h>
#include <os/parent.h>
#include "parts.h"

static const char *const words[] = { "parent", "any-child", "deny", "local" };
static const enum target targets[] = { TARGET_PARENT, TARGET_ANY_CHILD, TARGET_DENY, TARGET_LOCAL };

void problem_memory(struct problems *problems, os_config_ref node)
{
    problem_at(problems, node, "no memory for what follows, expected a smaller scenario");
}

static void add_route(struct reader *reader, struct routes *routes, const struct route *route)
{
    struct route *larger = list_room(routes->at, routes->count, sizeof(*larger));
    if (!larger) {
        problem_memory(reader->problems, route->node);
        return;
    }
    routes->at = larger;
    routes->at[routes->count++] = *route;
}

static int read_target_word(struct reader *reader, os_config_ref node, const char *what, struct route *route)
{
    unsigned index;
    if (!read_word(reader->problems, reader->config, node, what, words, OS_ARRAY_LEN(words), &index))
        return 0;
    route->target = targets[index];
    return 1;
}

/* `child: NAME`, in the route itself or in its `to:`. */
static int read_child(struct reader *reader, os_config_ref node, struct route *route)
{
    if (!read_name(reader->problems, reader->config, node, "child", &route->child))
        return 0;
    route->target = TARGET_CHILD;
    return 1;
}

static int read_to(struct reader *reader, os_config_ref node, struct route *route)
{
    if (node->kind == OS_CONFIG_SCALAR)
        return read_target_word(reader, node, "to", route);
    os_config_ref child = os_config_get(reader->config, node, "child");
    if (child)
        return read_child(reader, child, route);
    problem_at(reader->problems, node, "to is empty, expected child, parent, any-child, deny or local");
    return 0;
}

/* A pattern of labels has one '*' at most, at one of its ends. */
static int read_match(struct reader *reader, os_config_ref node, struct route *route)
{
    if (!read_text(reader->problems, reader->config, node, "match", OS_LABEL_MAX, &route->match))
        return 0;
    const char *star = strchr(route->match, '*');
    if (!star || (!strchr(star + 1, '*') && (star == route->match || !star[1])))
        return 1;
    problem_at(reader->problems, node, "match '%.80s', expected one '*' at most, at the beginning or the end",
               route->match);
    return 0;
}

/* Keys and values of arguments are separated by '=' and ','. */
static int arg_is_sound(struct reader *reader, os_config_ref arg)
{
    if (!read_kind(reader->problems, reader->config, arg, OS_CONFIG_SCALAR,
                   os_config_key(reader->config, arg)))
        return 0;
    if (*os_config_key(reader->config, arg) && !strpbrk(os_config_key(reader->config, arg), "=,") &&
        !strchr(os_config_value(reader->config, arg), ','))
        return 1;
    problem_at(reader->problems, arg, "argument '%.60s', expected a key and a value without '=' and ','",
               os_config_key(reader->config, arg));
    return 0;
}

static int read_args(struct reader *reader, os_config_ref node, struct route *route)
{
    size_t len = 0;
    if (!read_kind(reader->problems, reader->config, node, OS_CONFIG_MAP, "args"))
        return 0;
    for (os_config_ref at = os_config_first(reader->config, node); at;
         at = os_config_next(reader->config, at)) {
        if (!arg_is_sound(reader, at))
            return 0;
        len += strlen(os_config_key(reader->config, at)) + strlen(os_config_value(reader->config, at)) + 2;
    }
    if (len > OS_ARGS_MAX) {
        problem_at(reader->problems, node, "args are too long, expected at most %d bytes", OS_ARGS_MAX - 1);
        return 0;
    }
    route->args = node;
    return 1;
}

/* What a route that is a map changes of the request. */
static int read_changes(struct reader *reader, os_config_ref node, struct route *route)
{
    os_config_ref as = os_config_get(reader->config, node, "as");
    os_config_ref label = os_config_get(reader->config, node, "label");
    os_config_ref args = os_config_get(reader->config, node, "args");
    return (!as || read_text(reader->problems, reader->config, as, "as", OS_SERVICE_MAX, &route->as)) &&
           (!label ||
            read_text(reader->problems, reader->config, label, "label", OS_LABEL_MAX, &route->label)) &&
           (!args || read_args(reader, args, route));
}

/* The parts of a route that is a map. */
static int read_parts(struct reader *reader, os_config_ref node, struct route *route)
{
    os_config_ref to = os_config_get(reader->config, node, "to");
    os_config_ref child = os_config_get(reader->config, node, "child");
    os_config_ref match = os_config_get(reader->config, node, "match");
    if (!to == !child) {
        problem_at(reader->problems, node, "a route with %s, expected either 'child' or 'to'",
                   to ? "'child' and 'to'" : "neither target");
        return 0;
    }
    return (to ? read_to(reader, to, route) : read_child(reader, child, route)) &&
           (!match || read_match(reader, match, route)) && read_changes(reader, node, route);
}

static void read_route(struct reader *reader, os_config_ref node, const char *service, struct routes *routes)
{
    struct route route = { .service = service, .node = node };
    int sound = node->kind == OS_CONFIG_SCALAR ? read_target_word(reader, node, "route", &route)
                                               : read_parts(reader, node, &route);
    if (sound)
        add_route(reader, routes, &route);
}

void read_routes(struct reader *reader, os_config_ref node, struct routes *routes)
{
    if (!read_kind(reader->problems, reader->config, node, OS_CONFIG_MAP, "route"))
        return;
    for (os_config_ref at = os_config_first(reader->config, node); at;
         at = os_config_next(reader->config, at)) {
        const char *service = os_config_key(reader->config, at);
        if (at->kind != OS_CONFIG_LIST) {
            read_route(reader, at, service, routes);
            continue;
        }
        for (os_config_ref item = os_config_first(reader->config, at); item;
             item = os_config_next(reader->config, item))
            read_route(reader, item, service, routes);
    }
}

static void read_default(struct reader *reader, os_config_ref node)
{
    struct route route = { .node = node };
    os_config_ref service = os_config_get(reader->config, node, "service");
    if (!service) {
        problem_at(reader->problems, node,
                   "a default-route without service, expected 'service: NAME' or 'any'");
        return;
    }
    if (read_text(reader->problems, reader->config, service, "service", OS_SERVICE_MAX, &route.service) &&
        read_parts(reader, node, &route))
        add_route(reader, &reader->scenario->default_route, &route);
}

void read_default_route(struct reader *reader, os_config_ref node)
{
    struct routes *routes = &reader->scenario->default_route;
    if (!node) {
        static const struct route log = { .service = "LOG", .target = TARGET_PARENT };
        /* what is written there is for who looks at links, and harms nobody: as with LOG */
        static const struct route pcap = { .service = "Pcap", .target = TARGET_PARENT };
        /* what is read there is nobody's, and cannot be used up */
        static const struct route random = { .service = "Random", .target = TARGET_PARENT };
        static const struct route rest = { .service = "any", .target = TARGET_ANY_CHILD };
        add_route(reader, routes, &log);
        add_route(reader, routes, &pcap);
        add_route(reader, routes, &random);
        add_route(reader, routes, &rest);
        return;
    }
    if (!read_kind(reader->problems, reader->config, node, OS_CONFIG_LIST, "default-route"))
        return;
    for (os_config_ref at = os_config_first(reader->config, node); at;
         at = os_config_next(reader->config, at))
        read_default(reader, at);
}
