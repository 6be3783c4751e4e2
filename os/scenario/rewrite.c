/* SPDX-License-Identifier: BSD-2-Clause */
/* rewrite.c: what a route changes of a request on its way to the server. */
#include <stdio.h>
#include <string.h>
#include <os/session.h>
#include "scenario.h"

/* Appends LEN bytes of FROM; the result is too long if it no longer fits. */
static int append(char *to, size_t size, const char *from, size_t len)
{
    size_t at = strlen(to);
    if (at + len >= size)
        return 0;
    memcpy(to + at, from, len);
    to[at + len] = 0;
    return 1;
}

/* The part of LABEL that the '*' of MATCH stands for, of length *LEN. */
static const char *starred(const char *match, const char *label, size_t *len)
{
    size_t fixed = match && strchr(match, '*') ? strlen(match) - 1 : 0;
    int at_end = match && *match && match[strlen(match) - 1] == '*';
    *len = strlen(label) - fixed;
    return at_end ? label + fixed : label;
}

/* The route's label, in which a '*' stands for what the one of `match` stands for; else the client's. */
static int put_label(char *to, size_t size, const struct route *route, const char *label)
{
    if (!route->label)
        return append(to, size, label, strlen(label));
    const char *star = strchr(route->label, '*');
    size_t len;
    const char *part = starred(route->match, label, &len);
    if (!star)
        return append(to, size, route->label, strlen(route->label));
    return append(to, size, route->label, (size_t)(star - route->label)) && append(to, size, part, len) &&
           append(to, size, star + 1, strlen(star + 1));
}

/* "client", or "client -> label". */
static int prefix_label(char *to, size_t size, const char *client, const struct route *route,
                        const char *label)
{
    char changed[OS_LABEL_MAX] = "";
    if (!put_label(changed, sizeof(changed), route, label))
        return 0;
    return append(to, size, client, strlen(client)) &&
           (!*changed || (append(to, size, " -> ", 4) && append(to, size, changed, strlen(changed))));
}

/* The route sets the argument that KEY, of length LEN, names. */
static int is_set(const struct os_config *config, os_config_ref args, const char *key, size_t len)
{
    for (os_config_ref at = os_config_first(config, args); at; at = os_config_next(config, at))
        if (strlen(os_config_key(config, at)) == len && !memcmp(os_config_key(config, at), key, len))
            return 1;
    return 0;
}

static int separate(char *to, size_t size)
{
    return !*to || append(to, size, ",", 1);
}

/* The client's arguments without those that the route sets, then those of the route. */
static int put_args(char *to, size_t size, const struct os_config *config, os_config_ref set,
                    const char *args)
{
    while (*args) {
        size_t len = strcspn(args, ","), key = strcspn(args, ",=");
        if (len && !is_set(config, set, args, key) && !(separate(to, size) && append(to, size, args, len)))
            return 0;
        args += len + (args[len] == ',');
    }
    for (os_config_ref at = os_config_first(config, set); at; at = os_config_next(config, at)) {
        const char *key = os_config_key(config, at), *value = os_config_value(config, at);
        if (!separate(to, size) || !append(to, size, key, strlen(key)) || !append(to, size, "=", 1) ||
            !append(to, size, value, strlen(value)))
            return 0;
    }
    return 1;
}

os_err route_rewrite(const struct scenario *scenario, const struct route *route, const struct entry *client,
                     const char *service, const char *label, const char *args, struct route_request *request)
{
    struct route_request made = { .args = "" };
    snprintf(made.service, sizeof(made.service), "%s", route_service(route, service));
    if (!prefix_label(made.label, sizeof(made.label), client->name, route, label))
        return OS_ERR_TOO_LARGE;
    if (!route->args)
        snprintf(made.args, sizeof(made.args), "%s", args);
    else if (!put_args(made.args, sizeof(made.args), &scenario->config, route->args, args))
        return OS_ERR_TOO_LARGE;
    *request = made;
    return OS_OK;
}
