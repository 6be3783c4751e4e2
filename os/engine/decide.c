/* SPDX-License-Identifier: BSD-2-Clause */
/* decide.c: where a request goes, and whether a session is still where it would go now. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

/*
 * Core knows by its label who has made an account: one with the label of the client itself would look like
 * one that this engine has made.
 */
static int is_nameless(const struct entry *client, const struct route_request *request)
{
    return !strcmp(request->service, "PD") && !strcmp(request->label, client->name);
}

os_err decide(const struct scenario *scenario, const struct entry *client, const struct route_request *asked,
              struct decision *decision)
{
    const struct route *route = route_find(scenario, client, asked->service, asked->label);
    if (!route)
        return OS_ERR_NO_SERVICE;
    if (route->target == TARGET_DENY)
        return OS_ERR_DENIED;
    *decision = (struct decision){ .route = route };
    if (route->target == TARGET_CHILD || route->target == TARGET_ANY_CHILD) {
        decision->server = route_server(scenario, client, route, asked->service);
        if (!decision->server)
            return OS_ERR_NO_SERVICE;
        if (decision->server == client)
            return OS_ERR_DEADLOCK;
    }
    os_err err =
        route_rewrite(scenario, route, client, asked->service, asked->label, asked->args, &decision->request);
    return !err && is_nameless(client, &decision->request) ? OS_ERR_BAD_ARG : err;
}

static const char *place_of(const struct decision *decision)
{
    return decision->server                          ? decision->server->name
           : decision->route->target == TARGET_LOCAL ? "local"
                                                     : "parent";
}

int decision_differs(const struct scenario *scenario, const struct entry *client,
                     const struct session *session, char (*why)[WHY_MAX])
{
    struct decision decision;
    const char *now = session_server_name(session);
    struct route_request asked = session_asked(session);
    os_err err = decide(scenario, client, &asked, &decision);
    if (err)
        snprintf(*why, sizeof(*why), "%s session: %s", asked.service, os_err_text(err));
    else if (strcmp(place_of(&decision), now))
        snprintf(*why, sizeof(*why), "%s session goes to %s, not %s", asked.service, place_of(&decision),
                 now);
    else if (strcmp(decision.request.service, session->service))
        snprintf(*why, sizeof(*why), "%s session is one of %s, not %s", asked.service,
                 decision.request.service, session->service);
    else if (strcmp(decision.request.label, session->label))
        snprintf(*why, sizeof(*why), "%s session has the label \"%.80s\", not \"%.80s\"", asked.service,
                 decision.request.label, session->label);
    else if (strcmp(decision.request.args, session->args))
        snprintf(*why, sizeof(*why), "%s session has the arguments \"%.80s\", not \"%.80s\"", asked.service,
                 decision.request.args, session->args);
    else
        return 0;
    return 1;
}
