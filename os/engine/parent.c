/* SPDX-License-Identifier: BSD-2-Clause */
/* parent.c: the parent interface as a child sees it: sessions, announcements, its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

#define REFUSALS_TOLD 8

struct child *child_of_rpc(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct child, parent);
}

/* Whether the child has said that it can do without: then nobody need be told that it has to. */
static int is_optional(const char *args)
{
    char value[8];
    return !os_args_get(args, "optional", value, sizeof(value)) && !strcmp(value, "yes");
}

/* Tells why a request is refused; a child that goes on asking is not told about for ever. */
static os_err refuse(struct child *child, const char *service, const char *label, os_err err, const char *why)
{
    if (child->refusals++ < REFUSALS_TOLD)
        child_log(child, "requests %s, label \"%s\": %s%s", service, label, os_err_text(err), why);
    return err;
}

static os_err serve_session(struct os_rpc *rpc, const char *service, const char *label, const char *args,
                            uint64_t ram, uint32_t caps, uint32_t *id, os_any_cap *cap)
{
    struct child *child = child_of_rpc(rpc);
    struct route_request asked;
    snprintf(asked.service, sizeof(asked.service), "%s", service);
    snprintf(asked.label, sizeof(asked.label), "%s", label);
    snprintf(asked.args, sizeof(asked.args), "%s", args);
    os_err err = session_request(child, rpc, &asked, ram, caps);
    if (err == OS_ERR_CAPS)
        return refuse(child, service, label, err,
                      "; there are as many sessions and requests that wait as its caps allow");
    if (err == OS_ERR_NO_SERVICE && is_optional(args))
        return err;
    return err == OS_ERR_NO_SERVICE || err == OS_ERR_DENIED ? refuse(child, service, label, err, "") : err;
}

static os_err serve_close(struct os_rpc *rpc, uint32_t id, uint64_t *ram, uint32_t *caps)
{
    struct session *session = session_find(child_of_rpc(rpc), id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    if (os_reply_owed(&session->close_reply))
        return OS_ERR_BUSY;
    os_reply_keep(rpc, &session->close_reply);
    session_close(session);
    return OS_REPLY_LATER;
}

static os_err serve_upgrade(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    struct session *session = session_find(child_of_rpc(rpc), id);
    os_err result = OS_ERR_NOT_FOUND;
    if (session)
        session_upgrade(session, rpc, ram, caps, &result);
    return result;
}

struct announced *child_root(const struct child *child, const char *service)
{
    OS_LIST_FOR_EACH (link, &child->roots) {
        struct announced *announced = OS_CONTAINER_OF(link, struct announced, link);
        if (!strcmp(announced->service, service))
            return announced;
    }
    return NULL;
}

static void forget(struct announced *announced)
{
    os_list_remove(&announced->link);
    os_cap_drop(announced->root.cap);
    free(announced);
}

void child_forget_root(struct child *child, const char *service)
{
    struct announced *announced = child_root(child, service);
    if (announced)
        forget(announced);
}

void child_forget_roots(struct child *child)
{
    while (!os_list_empty(&child->roots))
        forget(OS_CONTAINER_OF(child->roots.next, struct announced, link));
}

static os_err serve_announce(struct os_rpc *rpc, const char *service, os_root_cap root)
{
    struct child *child = child_of_rpc(rpc);
    if (!names_have(&child->entry->provides, service))
        return OS_ERR_DENIED;
    if (child_root(child, service))
        return OS_ERR_EXISTS;
    if (!root.cap.id)
        return OS_ERR_BAD_CAP;
    struct announced *announced = calloc(1, sizeof(*announced));
    if (!announced)
        return OS_ERR_RAM;
    snprintf(announced->service, sizeof(announced->service), "%s", service);
    announced->root.cap = os_cap_copy(root.cap);
    os_list_insert(&child->roots, &announced->link);
    engine_changed(child->engine);
    OS_LIST_FOR_EACH_SAFE (link, &child->serves) {
        struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->state == SESSION_WAITING && !strcmp(session->service, service))
            session_open(session);
    }
    return OS_OK;
}

/*
 * The child waits for the answer, which is its end: closing its account takes the process with it, and what
 * it would do after an answer could only be noise.
 */
static os_err serve_exit(struct os_rpc *rpc, int32_t status)
{
    struct ending ending = { .status = status };
    snprintf(ending.text, sizeof(ending.text), "exited with status %d", (int)status);
    child_end(child_of_rpc(rpc), &ending);
    return OS_OK;
}

static const struct os_parent_ops ops = {
    .session = serve_session,
    .close = serve_close,
    .upgrade = serve_upgrade,
    .announce = serve_announce,
    .exit = serve_exit,
    .resource_request = resources_request,
    .yield_sigh = resources_yield_sigh,
    .yield_request = resources_yield_request,
    .yield_response = resources_yield_response,
    .heartbeat_sigh = heartbeat_sigh,
    .heartbeat_response = heartbeat_response,
};

os_err child_serve(struct child *child, os_parent_cap *cap)
{
    return os_parent_object_init(&child->parent, child->engine->env->ep, &ops, cap);
}
