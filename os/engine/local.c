/* SPDX-License-Identifier: BSD-2-Clause */
/* local.c: services that the engine's component itself has for its children, with the handlers of any server.
 */
#include <string.h>
#include "internal.h"

void os_engine_offer(struct os_engine *engine, struct os_engine_service *service)
{
    service->root.env = engine->env;
    service->root.handlers = service->handlers;
    os_list_init(&service->root.sessions);
    os_list_insert(&engine->services, &service->link);
}

struct os_engine_service *local_find(struct os_engine *engine, const char *service)
{
    OS_LIST_FOR_EACH (link, &engine->services) {
        struct os_engine_service *offered = OS_CONTAINER_OF(link, struct os_engine_service, link);
        if (!strcmp(offered->service, service))
            return offered;
    }
    return NULL;
}

os_err local_open(struct session *session, os_any_cap *cap)
{
    struct os_root_server *root = &session->local->root;
    struct os_session_request request = { .label = session->label,
                                          .args = session->args,
                                          .quota = { .ram = session->ram, .caps = session->caps } };
    struct os_root_session *opened = NULL;
    os_err err = root->handlers->open(root, &request, &opened, cap);
    if (err)
        return err;
    opened->id = 0; /* nobody asks for it by number */
    opened->quota = request.quota;
    os_list_insert(&root->sessions, &opened->link);
    session->at_local = opened;
    return OS_OK;
}

void local_upgraded(struct session *session, uint64_t ram, uint32_t caps)
{
    struct os_root_server *root = &session->local->root;
    session->at_local->quota.ram += ram;
    session->at_local->quota.caps += caps;
    if (root->handlers->upgraded)
        root->handlers->upgraded(root, session->at_local);
}

void local_close(struct session *session)
{
    if (!session->at_local)
        return;
    struct os_root_server *root = &session->local->root;
    os_list_remove(&session->at_local->link);
    root->handlers->close(root, session->at_local);
    session->at_local = NULL;
}
