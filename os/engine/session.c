/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.c: a session from its request to its end. Client and server may each end at any point in between;
 * the donation is in the client's account before SESSION_OPENING, in the server's until the close has been
 * answered, and in init's while the account that should have it is gone.
 */
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* How long a server may take to close a session; its client gets its answer then in any case. */
#define CLOSE_TIME (2 * OS_SEC)

static void open_done(struct os_call *call);

struct session *session_find(struct child *client, uint32_t id)
{
    OS_LIST_FOR_EACH (link, &client->sessions) {
        struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
        if (session->id == id && session->state >= SESSION_OPEN)
            return session;
    }
    return NULL;
}

static void leave_client(struct session *session)
{
    if (session->client)
        session->client->sessions_count--;
    os_list_remove(&session->client_link);
    session->client = NULL;
}

/* Frees a session whose donation has been given back. */
static void destroy(struct session *session)
{
    os_call_cancel(&session->call);
    config_rom_destroy(session->rom);
    leave_client(session);
    os_list_remove(&session->server_link);
    struct os_engine *engine = session->engine;
    engine->sessions--;
    free(session);
    engine_returned(engine);
}

/* Ends a request that did not become a session, or a session that is no more. */
static void fail(struct session *session, os_err err)
{
    os_reply_error(&session->reply, err);
    os_parent_close_reply(&session->close_reply, OS_OK, session->ram, session->caps);
    destroy(session);
}

/* From here on, ram and caps say how much of the donation was given back. */
static void refund(struct session *session)
{
    account_return(session->engine, session->server, session->client, &session->ram, &session->caps,
                   session->service);
}

/* ---- opening */

/*
 * A server that has just ended is asked before init knows of its end. The request waits for the next one
 * then, but only once: it may be what the server dies of.
 */
static int may_retry(const struct session *session, os_err err)
{
    return (err == OS_ERR_DEAD || err == OS_ERR_REVOKED) && session->server && session->client &&
           !session->retried && !session->close_wanted;
}

/* Ends an attempt to open. */
static void not_opened(struct session *session, os_err err)
{
    refund(session);
    if (!may_retry(session, err)) {
        fail(session, err);
        return;
    }
    session->retried = 1;
    session->state = SESSION_WAITING;
    child_forget_root(session->server, session->service);
}

static os_err begin_open(struct session *session)
{
    struct child *server = session->server;
    os_call_init(&session->call, session->engine->env->ep, open_done);
    if (!server)
        return os_parent_session_begin(session->engine->env->parent, &session->call, session->service,
                                       session->label, session->args, session->ram, session->caps);
    session->server_id = session->engine->next_server_id++;
    return os_root_open_begin(child_root(server, session->service)->root, &session->call, session->server_id,
                              session->label, session->args, session->ram, session->caps);
}

void session_open(struct session *session)
{
    os_err err = account_move(session->engine, session->client, session->server, session->ram, session->caps);
    if (err) {
        fail(session, err);
        return;
    }
    session->state = SESSION_OPENING;
    err = begin_open(session);
    if (err)
        not_opened(session, err);
}

static os_err end_open(struct session *session, os_any_cap *cap)
{
    return session->server ? os_root_open_end(&session->call, cap)
                           : os_parent_session_end(&session->call, &session->server_id, cap);
}

static void open_done(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    os_any_cap cap;
    os_err err = end_open(session, &cap);
    if (err) {
        not_opened(session, err);
        return;
    }
    session->state = SESSION_OPEN;
    if (!session->client)
        os_cap_drop(cap.cap);
    else
        os_parent_session_reply(&session->reply, OS_OK, session->id, cap);
    if (!session->client || session->close_wanted)
        session_close(session);
}

/* The session at init itself is there at once. */
static os_err open_config(struct session *session)
{
    os_any_cap cap;
    os_err err = account_move(session->engine, session->client, NULL, session->ram, session->caps);
    if (err)
        return err;
    err = config_rom_create(session->client, session->ram, session->caps, &cap, &session->rom);
    if (err) {
        refund(session);
        return err;
    }
    session->state = SESSION_OPEN;
    os_parent_session_reply(&session->reply, OS_OK, session->id, cap);
    return OS_OK;
}

/* The child that ROUTE leads to, if it can still serve. */
static os_err find_server(struct child *client, const struct route *route, const char *service,
                          struct child **server)
{
    *server = NULL;
    if (route->target == TARGET_PARENT || route == &route_own_config)
        return OS_OK;
    const struct entry *entry = route_server(&client->generation->scenario, client->entry, route, service);
    if (!entry)
        return OS_ERR_NO_SERVICE;
    *server = engine_child(client->engine, entry->name);
    if (!*server)
        return OS_ERR_NO_SERVICE;
    if (*server == client)
        return OS_ERR_DEADLOCK;
    return (*server)->state == CHILD_GONE ? OS_ERR_NO_SERVICE : OS_OK;
}

os_err session_request(struct child *client, struct os_rpc *rpc, const struct route *route,
                       const char *service, const struct session *wanted)
{
    struct child *server;
    os_err err = find_server(client, route, service, &server);
    if (err)
        return err;
    struct session *session = malloc(sizeof(*session));
    if (!session)
        return OS_ERR_RAM;
    *session = *wanted;
    session->engine = client->engine;
    session->engine->sessions++;
    session->client = client;
    session->server = server;
    session->state = SESSION_WAITING;
    session->id = client->next_id++;
    os_list_init(&session->server_link);
    os_list_init(&session->client_link);
    os_list_insert(&client->sessions, &session->client_link);
    client->sessions_count++;
    if (server)
        os_list_insert(&server->serves, &session->server_link);
    os_reply_keep(rpc, &session->reply);
    if (route == &route_own_config) {
        err = open_config(session);
        if (err)
            fail(session, err);
    } else if (!server || child_root(server, session->service)) {
        session_open(session);
    }
    return OS_REPLY_LATER;
}

/* ---- upgrading */

/* The server has not taken what the upgrade under way adds. */
static void undo_upgrade(struct session *session)
{
    account_return(session->engine, session->server, session->client, &session->more_ram, &session->more_caps,
                   session->service);
    session->ram -= session->more_ram;
    session->caps -= session->more_caps;
}

static void upgrade_done(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    os_err err = session->server ? os_root_upgrade_end(call) : os_parent_upgrade_end(call);
    if (err)
        undo_upgrade(session);
    session->state = SESSION_OPEN;
    os_reply_error(&session->reply, err);
    if (!session->client || session->close_wanted)
        session_close(session);
}

static os_err begin_upgrade(struct session *session)
{
    os_call_init(&session->call, session->engine->env->ep, upgrade_done);
    if (!session->server)
        return os_parent_upgrade_begin(session->engine->env->parent, &session->call, session->server_id,
                                       session->more_ram, session->more_caps);
    return os_root_upgrade_begin(child_root(session->server, session->service)->root, &session->call,
                                 session->server_id, session->more_ram, session->more_caps);
}

void session_upgrade(struct session *session, struct os_rpc *rpc, uint64_t ram, uint32_t caps, os_err *result)
{
    *result = session->state == SESSION_OPEN   ? OS_OK
              : session->state == SESSION_LOST ? OS_ERR_DEAD
                                               : OS_ERR_BUSY;
    if (!*result)
        *result = account_move(session->engine, session->client, session->server, ram, caps);
    if (*result)
        return;
    session->more_ram = ram;
    session->more_caps = caps;
    session->ram += ram;
    session->caps += caps;
    if (session->rom) {
        config_rom_upgraded(session->rom, ram, caps);
        return;
    }
    *result = begin_upgrade(session);
    if (*result) {
        undo_upgrade(session);
        return;
    }
    session->state = SESSION_UPGRADING;
    os_reply_keep(rpc, &session->reply);
    *result = OS_REPLY_LATER;
}

/* ---- closing */

static void closed(struct session *session)
{
    refund(session);
    os_parent_close_reply(&session->close_reply, OS_OK, session->ram, session->caps);
    destroy(session);
}

/*
 * The parent says how much is back. It can be more than was donated, when the session is an account that its
 * client has added to.
 */
static void closed_by_parent(struct session *session)
{
    uint64_t ram;
    uint32_t caps;
    os_err err = os_parent_close_end(&session->call, &ram, &caps);
    if (!err) {
        session->ram = ram;
        session->caps = caps;
    }
    closed(session);
}

static void close_done(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    if (!session->server) {
        closed_by_parent(session);
        return;
    }
    os_err err = os_root_close_end(call);
    if (err)
        child_log(session->server, "does not close a %s session: %s", session->service, os_err_text(err));
    closed(session);
}

static os_err begin_close(struct session *session)
{
    os_call_init(&session->call, session->engine->env->ep, close_done);
    if (!session->server)
        return os_parent_close_begin(session->engine->env->parent, &session->call, session->server_id);
    session->call.deadline = os_clock_now() + CLOSE_TIME;
    return os_root_close_begin(child_root(session->server, session->service)->root, &session->call,
                               session->server_id);
}

void session_close(struct session *session)
{
    switch (session->state) {
    case SESSION_OPENING:
    case SESSION_UPGRADING:
        session->close_wanted = 1;
        return;
    case SESSION_CLOSING:
        return;
    case SESSION_WAITING:
        fail(session, OS_ERR_CANCELLED);
        return;
    case SESSION_LOST:
        session->close_wanted = 1;
        if (!session->server) /* else when the server's account is closed, for the donation is in there */
            fail(session, OS_ERR_DEAD);
        return;
    case SESSION_OPEN:
        break;
    }
    session->state = SESSION_CLOSING;
    if (session->rom || begin_close(session))
        closed(session);
}

/* ---- ends of clients and servers */

void sessions_of_client_end(struct child *client)
{
    while (!os_list_empty(&client->sessions)) {
        struct session *session = OS_CONTAINER_OF(client->sessions.next, struct session, client_link);
        os_reply_error(&session->reply, OS_ERR_DEAD);
        os_reply_error(&session->close_reply, OS_ERR_DEAD);
        leave_client(session);
        session_close(session);
    }
}

void sessions_of_server_lost(struct child *server)
{
    OS_LIST_FOR_EACH_SAFE (link, &server->serves) {
        struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->state == SESSION_WAITING || session->state == SESSION_LOST)
            continue;
        int retry = session->state == SESSION_OPENING && may_retry(session, OS_ERR_DEAD);
        os_call_cancel(&session->call);
        if (!retry)
            os_reply_error(&session->reply, OS_ERR_DEAD);
        session->retried |= retry;
        session->close_wanted |=
            session->state == SESSION_CLOSING || (session->state == SESSION_OPENING && !retry);
        session->state = SESSION_LOST;
    }
}

/* The part of WHOLE that is there, when of all together only THERE is, of TOTAL. */
static uint64_t share(uint64_t whole, uint64_t there, uint64_t total)
{
    if (there >= total)
        return whole;
    uint64_t part = (uint64_t)((double)whole / (double)total * (double)there);
    return part < whole ? part : whole;
}

static struct amount lost_donations(struct child *server)
{
    struct amount total = { 0 };
    OS_LIST_FOR_EACH (link, &server->serves) {
        const struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->state != SESSION_LOST)
            continue;
        total.ram += session->ram;
        total.caps += session->caps;
    }
    return total;
}

static void tell_loss(const struct child *server, const struct amount *total, const struct amount *back)
{
    uint64_t ram = total->ram > back->ram ? total->ram - back->ram : 0;
    uint32_t caps = total->caps > back->caps ? total->caps - back->caps : 0;
    if (ram || caps)
        child_log(server,
                  "its clients miss %llu bytes and %u caps of what they gave it: others hold that still",
                  (unsigned long long)ram, (unsigned)caps);
}

void sessions_of_server_refund(struct child *server, struct amount back)
{
    struct amount total = lost_donations(server);
    tell_loss(server, &total, &back);
    OS_LIST_FOR_EACH_SAFE (link, &server->serves) {
        struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->state != SESSION_LOST)
            continue;
        session->ram = share(session->ram, back.ram, total.ram);
        session->caps = (uint32_t)share(session->caps, back.caps, total.caps);
        account_return(session->engine, NULL, session->client, &session->ram, &session->caps,
                       session->service);
        if (session->client && os_reply_owed(&session->reply)) {
            session->state = SESSION_WAITING; /* to be asked once more */
            continue;
        }
        os_list_remove(link);
        session->server = NULL;
        if (!session->client || session->close_wanted)
            fail(session, OS_ERR_DEAD);
    }
}

void sessions_of_server_give_up(struct child *server)
{
    OS_LIST_FOR_EACH_SAFE (link, &server->serves) {
        struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->state == SESSION_WAITING)
            fail(session, OS_ERR_NO_SERVICE);
    }
}
