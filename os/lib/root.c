/* SPDX-License-Identifier: BSD-2-Clause */
/* root.c: the server's side of sessions: a root object that keeps the sessions and their quotas. */
#include <string.h>

#include <os/session.h>

static struct os_root_server *server_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct os_root_server, object);
}

static struct os_root_session *find_session(struct os_root_server *root, uint32_t id)
{
    OS_LIST_FOR_EACH (link, &root->sessions) {
        struct os_root_session *session = OS_CONTAINER_OF(link, struct os_root_session, link);
        if (session->id == id)
            return session;
    }
    return NULL;
}

/*
 * DEAD and REVOKED tell about the peer of a call. A server that answers is none of these, but somebody whom
 * it needs may be, and the parent must not take one for the other.
 */
static os_err own_error(os_err err)
{
    return err == OS_ERR_DEAD || err == OS_ERR_REVOKED ? OS_ERR_IO : err;
}

static os_err open_session(struct os_rpc *rpc, uint32_t id, const char *label, const char *args, uint64_t ram,
                           uint32_t caps, os_any_cap *cap)
{
    struct os_root_server *root = server_of(rpc);
    if (find_session(root, id))
        return OS_ERR_EXISTS;
    struct os_session_request request = { .label = label,
                                          .args = args,
                                          .quota = { .ram = ram, .caps = caps } };
    struct os_root_session *session = NULL;
    os_err err = own_error(root->handlers->open(root, &request, &session, cap));
    if (err)
        return err;
    session->id = id;
    session->quota = request.quota;
    os_list_insert(&root->sessions, &session->link);
    return OS_OK;
}

static os_err close_session(struct os_rpc *rpc, uint32_t id)
{
    struct os_root_server *root = server_of(rpc);
    struct os_root_session *session = find_session(root, id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    os_list_remove(&session->link);
    root->handlers->close(root, session);
    return OS_OK;
}

static os_err upgrade_session(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    struct os_root_server *root = server_of(rpc);
    struct os_root_session *session = find_session(root, id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    if (ram > UINT64_MAX - session->quota.ram || caps > UINT32_MAX - session->quota.caps)
        return OS_ERR_BAD_ARG;
    session->quota.ram += ram;
    session->quota.caps += caps;
    if (root->handlers->upgraded)
        root->handlers->upgraded(root, session);
    return OS_OK;
}

static const struct os_root_ops root_ops = {
    .open = open_session,
    .close = close_session,
    .upgrade = upgrade_session,
};

os_err os_root_server_init(struct os_root_server *root, struct os_env *env, struct os_entrypoint *ep,
                           const char *service, const struct os_root_handlers *handlers)
{
    os_root_cap cap;
    root->env = env;
    root->handlers = handlers;
    os_list_init(&root->sessions);
    os_err err = os_root_object_init(&root->object, ep, &root_ops, &cap);
    if (err)
        return err;
    err = os_parent_announce(env->parent, service, cap);
    os_cap_drop(cap.cap);
    if (err)
        os_object_fini(&root->object);
    return err;
}

void os_root_server_fini(struct os_root_server *root)
{
    while (!os_list_empty(&root->sessions)) {
        struct os_root_session *session = OS_CONTAINER_OF(root->sessions.next, struct os_root_session, link);
        os_list_remove(&session->link);
        root->handlers->close(root, session);
    }
    os_object_fini(&root->object);
}
