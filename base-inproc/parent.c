/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parent.c: the mock parent. It routes a request to the test's mock of that service, else to the component
 * that announced it last, else to its own services. Donations are moved between accounts as a real parent
 * does it, and as there nothing waits for a server: roots are called with begun calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"

struct announced {
    struct os_list link;
    char service[OS_SERVICE_MAX];
    struct inproc_component *component;
    os_root_cap root;
};

/* What the test has said about a service. */
struct rule {
    struct os_list link;
    char service[OS_SERVICE_MAX];
    struct inproc_service *mock;
    os_err deny;
};

struct os_entrypoint mock_ep;

static struct os_list services = { &services, &services };
static struct os_list rules = { &rules, &rules };
static struct os_list sessions = { &sessions, &sessions };
static uint32_t last_id;

static struct session *session_at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct session, link);
}

static struct announced *announced_at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct announced, link);
}

static struct announced *find_announced(const char *service)
{
    for (struct os_list *link = services.prev; link != &services; link = link->prev)
        if (strcmp(announced_at(link)->service, service) == 0)
            return announced_at(link);
    return NULL;
}

static struct rule *find_rule(const char *service)
{
    OS_LIST_FOR_EACH (link, &rules) {
        struct rule *rule = OS_CONTAINER_OF(link, struct rule, link);
        if (strcmp(rule->service, service) == 0)
            return rule;
    }
    return NULL;
}

static struct rule *make_rule(const char *service)
{
    struct rule *rule = find_rule(service);
    if (rule)
        return rule;
    rule = inproc_zalloc(sizeof(*rule));
    snprintf(rule->service, sizeof(rule->service), "%s", service);
    os_list_insert(&rules, &rule->link);
    return rule;
}

void inproc_provide(const char *service, struct inproc_service *mock)
{
    make_rule(service)->mock = mock;
}

void inproc_deny(const char *service, os_err err)
{
    make_rule(service)->deny = err;
}

/* ---- sessions */

static struct session *session_new(struct inproc_component *client, uint64_t ram, uint32_t caps)
{
    struct session *session = inproc_zalloc(sizeof(*session));
    session->id = ++last_id;
    session->client = client;
    session->ram = ram;
    session->caps = caps;
    os_list_insert(&sessions, &session->link);
    return session;
}

/* Moves the donation from the server's account back to the client's. */
static void give_back(struct session *session)
{
    struct os_quota *quota = session->server ? &session->server->quota : NULL;
    if (quota) {
        int kept =
            quota->ram - quota->ram_used < session->ram || quota->caps - quota->caps_used < session->caps;
        session->server->kept += (uint32_t)kept;
        quota->ram -= kept ? 0 : session->ram;
        quota->caps -= kept ? 0 : session->caps;
    }
    if (session->client)
        os_quota_refund(&session->client->quota, session->ram, session->caps);
}

static void session_free(struct session *session)
{
    give_back(session);
    os_list_remove(&session->link);
    free(session);
}

static void closed(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    os_err err = os_root_close_end(call);
    (void)err; /* whatever a server says, the session is over */
    os_parent_close_reply(&session->reply, OS_OK, session->ram, session->caps);
    session_free(session); /* the client runs later, so it finds its donation back */
}

/* Ends SESSION; non-zero when the server is asked first, and closed() does the rest. */
static int session_close(struct session *session)
{
    if (session->close)
        session->close(session);
    if (!session->server)
        return 0;
    os_call_init(&session->call, &mock_ep, closed);
    return os_root_close_begin((os_root_cap){ session->root }, &session->call, session->id) == OS_OK;
}

static void opened(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    os_any_cap cap = { 0 };
    os_err err = os_root_open_end(call, &cap);
    if (!err && !session->client) {
        os_cap_drop(cap.cap);
        if (!session_close(session))
            session_free(session);
        return;
    }
    os_parent_session_reply(&session->reply, err, session->id, cap);
    if (err)
        session_free(session);
}

static os_err open_at_server(struct session *session, struct announced *announced, const char *label,
                             const char *args)
{
    struct os_quota *quota = &announced->component->quota;
    os_call_init(&session->call, &mock_ep, opened);
    session->root = announced->root.cap;
    os_err err = os_root_open_begin(announced->root, &session->call, session->id, label, args, session->ram,
                                    session->caps);
    if (err)
        return err;
    session->server = announced->component;
    quota->ram += session->ram;
    quota->caps += session->caps;
    return OS_REPLY_LATER;
}

static void close_mock(struct session *session)
{
    if (session->service->close)
        session->service->close(session->service, session->id);
}

/* OS_REPLY_LATER when a server has been asked. */
static os_err route(struct session *session, const char *service, const char *label, const char *args,
                    struct os_cap *cap)
{
    const struct rule *rule = find_rule(service);
    struct announced *announced = find_announced(service);
    const struct builtin *builtin = builtin_find(service);
    char whole[OS_LABEL_MAX];
    os_any_cap made = { 0 };
    os_err err;
    if (rule && rule->deny)
        return rule->deny;
    int len = snprintf(whole, sizeof(whole), *label ? "%s -> %s" : "%s", session->client->label, label);
    if (len >= (int)sizeof(whole))
        return OS_ERR_TOO_LARGE;
    if (rule && rule->mock) {
        err = rule->mock->open(rule->mock, session->id, whole, args, session->ram, session->caps, &made);
        if (err)
            return err;
        session->service = rule->mock;
        session->close = close_mock;
        *cap = made.cap;
        return OS_OK;
    }
    if (announced)
        return open_at_server(session, announced, whole, args);
    return builtin ? builtin->open(session, label, args, cap) : OS_ERR_NO_SERVICE;
}

static os_err parent_session(struct os_rpc *rpc, const char *service, const char *label, const char *args,
                             uint64_t ram, uint32_t caps, uint32_t *id, os_any_cap *cap)
{
    struct inproc_component *client = component_of_rpc(rpc);
    os_err err = os_quota_charge(&client->quota, ram, caps);
    if (err)
        return err;
    struct session *session = session_new(client, ram, caps);
    err = route(session, service, label, args, &cap->cap);
    if (err == OS_REPLY_LATER)
        os_reply_keep(rpc, &session->reply);
    else if (err)
        session_free(session);
    else
        *id = session->id;
    return err;
}

static struct session *find_session(struct os_rpc *rpc, uint32_t id)
{
    OS_LIST_FOR_EACH (link, &sessions)
        if (session_at(link)->id == id && session_at(link)->client == component_of_rpc(rpc))
            return session_at(link);
    return NULL;
}

static os_err parent_close(struct os_rpc *rpc, uint32_t id, uint64_t *ram, uint32_t *caps)
{
    struct session *session = find_session(rpc, id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    if (os_call_pending(&session->call))
        return OS_ERR_BUSY;
    if (session_close(session)) {
        os_reply_keep(rpc, &session->reply);
        return OS_REPLY_LATER;
    }
    *ram = session->ram;
    *caps = session->caps;
    session_free(session);
    return OS_OK;
}

static void upgraded(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    os_err err = os_root_upgrade_end(call);
    if (!err) {
        session->ram += session->more_ram;
        session->caps += session->more_caps;
    } else {
        if (session->server) {
            session->server->quota.ram -= session->more_ram;
            session->server->quota.caps -= session->more_caps;
        }
        if (session->client)
            os_quota_refund(&session->client->quota, session->more_ram, session->more_caps);
    }
    if (session->client)
        os_parent_upgrade_reply(&session->reply, err);
    else if (!session_close(session))
        session_free(session);
}

static os_err parent_upgrade(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    struct session *session = find_session(rpc, id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    if (os_call_pending(&session->call))
        return OS_ERR_BUSY;
    os_err err = os_quota_charge(&session->client->quota, ram, caps);
    if (err)
        return err;
    session->more_ram = ram;
    session->more_caps = caps;
    if (!session->server) {
        session->ram += ram;
        session->caps += caps;
        return OS_OK;
    }
    os_call_init(&session->call, &mock_ep, upgraded);
    err = os_root_upgrade_begin((os_root_cap){ session->root }, &session->call, id, ram, caps);
    if (err) {
        os_quota_refund(&session->client->quota, ram, caps);
        return err;
    }
    session->server->quota.ram += ram;
    session->server->quota.caps += caps;
    os_reply_keep(rpc, &session->reply);
    return OS_REPLY_LATER;
}

/* ---- services of components */

static os_err parent_announce(struct os_rpc *rpc, const char *service, os_root_cap root)
{
    if (!root.cap.id)
        return OS_ERR_BAD_CAP;
    struct rule *rule = find_rule(service);
    if (rule && rule->deny)
        return OS_ERR_DENIED;
    struct announced *announced = inproc_zalloc(sizeof(*announced));
    snprintf(announced->service, sizeof(announced->service), "%s", service);
    announced->component = component_of_rpc(rpc);
    announced->root.cap = os_cap_copy(root.cap);
    os_list_insert(&services, &announced->link);
    return OS_OK;
}

static os_err parent_exit(struct os_rpc *rpc, int32_t status)
{
    component_exited(component_of_rpc(rpc), status);
    return OS_OK;
}

const struct os_parent_ops parent_ops = {
    .session = parent_session,
    .close = parent_close,
    .upgrade = parent_upgrade,
    .announce = parent_announce,
    .exit = parent_exit,
    .resource_request = parent_resource_request,
    .yield_sigh = parent_yield_sigh,
    .yield_request = parent_yield_request,
    .yield_response = parent_yield_response,
    .heartbeat_sigh = parent_heartbeat_sigh,
    .heartbeat_response = parent_heartbeat_response,
};

/* ---- ends */

int64_t parent_sessions(const struct inproc_component *component)
{
    int64_t count = 0;
    OS_LIST_FOR_EACH (link, &sessions)
        count += session_at(link)->client == component;
    return count;
}

static void forget_client(struct session *session)
{
    os_reply_error(&session->reply, OS_ERR_DEAD);
    session->client = NULL;
    if (os_call_pending(&session->call))
        return; /* what comes back finds no client and ends it */
    if (!session_close(session))
        session_free(session);
}

/* As holder_mock. */
void parent_forget(struct inproc_component *component)
{
    resources_forget(component);
    OS_LIST_FOR_EACH (link, &sessions)
        if (session_at(link)->server == component)
            session_at(link)->server = NULL;
    OS_LIST_FOR_EACH_SAFE (link, &sessions)
        if (session_at(link)->client == component)
            forget_client(session_at(link));
    OS_LIST_FOR_EACH_SAFE (link, &services) {
        struct announced *announced = announced_at(link);
        if (announced->component != component)
            continue;
        os_cap_drop(announced->root.cap);
        os_list_remove(&announced->link);
        free(announced);
    }
}

static void free_rules(void)
{
    while (!os_list_empty(&rules)) {
        struct rule *rule = OS_CONTAINER_OF(rules.next, struct rule, link);
        os_list_remove(&rule->link);
        free(rule);
    }
}

void parent_reset(void)
{
    while (!os_list_empty(&sessions)) {
        struct session *session = session_at(sessions.next);
        os_call_cancel(&session->call);
        session->server = NULL;
        session_free(session);
    }
    free_rules();
}
