/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.c: a session from its request to its end. Client and server may each end at any point in between;
 * the donation is in the client's account before SESSION_OPENING, in the server's until the close has been
 * answered, and in init's while the account that should have it is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* How long a server may take to close a session; its client gets its answer then in any case. */
#define CLOSE_TIME (2 * OS_SEC)

static void open_done(struct os_call *call);
static void close_if_wanted(struct session *session);

static void set_state(struct session *session, enum session_state state)
{
    session->state = state;
    engine_changed(session->engine);
}

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
    os_list_remove(&session->client_link);
    session->client = NULL;
}

static void leave_asker(struct session *session)
{
    if (session->asker)
        session->asker->records_size -= session->size;
    session->asker = NULL;
    os_list_remove(&session->record_link);
}

/* Frees a session whose donation has been given back. */
static void destroy(struct session *session)
{
    os_call_cancel(&session->call);
    os_list_remove(&session->retry.link);
    os_alarm_clear(&session->wait);
    config_rom_destroy(session->rom);
    local_close(session);
    leave_client(session);
    os_list_remove(&session->server_link);
    struct os_engine *engine = session->engine;
    engine->sessions--;
    engine->looking -= session->looks;
    engine->closing -= session->state == SESSION_CLOSING;
    leave_asker(session);
    free(session->texts);
    free(session);
    engine_changed(engine);
    engine_returned(engine);
}

/* Ends a request that did not become a session, or a session that is no more. */
static void fail(struct session *session, os_err err)
{
    if (session->look)
        look_failed(session->look, err);
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
    child_forget_root(session->server, session->service);
    session_wait(session);
}

/* The root that a session is at; no capability when the server is there no longer, which calls then say. */
static os_root_cap root_of(const struct session *session)
{
    const struct announced *announced = child_root(session->server, session->service);
    return announced ? announced->root : (os_root_cap){ OS_NO_CAP };
}

/* ---- waiting */

static void waited_too_long(struct os_alarm *alarm)
{
    struct session *session = OS_CONTAINER_OF(alarm, struct session, wait);
    char why[WHY_MAX];
    session_why(session, &why);
    os_time wait = session->client->entry->wait;
    int seconds = wait >= OS_SEC;
    child_log(session->client, "has waited %llu %s for %s: %s",
              (unsigned long long)(wait / (seconds ? OS_SEC : OS_MS)), seconds ? "s" : "ms", session->service,
              why);
    fail(session, OS_ERR_DEADLINE);
}

void session_wait(struct session *session)
{
    os_time limit = session->client->entry->wait;
    set_state(session, SESSION_WAITING);
    session->wait.handle = waited_too_long;
    os_alarm_set(session->engine->env->ep, &session->wait, os_clock_now() + limit);
}

/* ---- opening */

static os_err begin_open(struct session *session)
{
    os_call_init(&session->call, session->engine->env->ep, open_done);
    if (!session->server)
        return os_parent_session_begin(session->engine->env->parent, &session->call, session->service,
                                       session->label, session->args, session->ram, session->caps);
    session->server_id = session->engine->next_server_id++;
    return os_root_open_begin(root_of(session), &session->call, session->server_id, session->label,
                              session->args, session->ram, session->caps);
}

static void try_open(struct retry *retry)
{
    struct session *session = OS_CONTAINER_OF(retry, struct session, retry);
    os_err err = begin_open(session);
    if (err == OS_ERR_BUSY)
        engine_retry(session->engine, retry, try_open);
    else if (err)
        not_opened(session, err);
}

void session_open(struct session *session)
{
    os_alarm_clear(&session->wait);
    os_err err = account_move(session->engine, session->client, session->server, session->ram, session->caps);
    if (err) {
        fail(session, err);
        return;
    }
    set_state(session, SESSION_OPENING);
    try_open(&session->retry);
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
    engine_call_ended(session->engine);
    os_err err = end_open(session, &cap);
    if (err) {
        not_opened(session, err);
        return;
    }
    set_state(session, SESSION_OPEN);
    if (session->look) {
        look_opened(session->look, cap); /* which may close it */
        return;
    }
    if (!session->client)
        os_cap_drop(cap.cap);
    else
        os_parent_session_reply(&session->reply, OS_OK, session->id, cap);
    close_if_wanted(session);
}

static os_err make_here(struct session *session, os_any_cap *cap)
{
    switch (session->here) {
    case AT_CONFIG:
    case AT_STATE:
        return config_rom_create(session, cap, &session->rom);
    case AT_LOCAL:
        return local_open(session, cap);
    default:
        return OS_ERR_NO_SERVICE;
    }
}

/* A session at the engine's own component is there at once. */
static os_err open_here(struct session *session)
{
    os_any_cap cap;
    os_err err = account_move(session->engine, session->client, NULL, session->ram, session->caps);
    if (err)
        return err;
    err = make_here(session, &cap);
    if (err) {
        refund(session);
        return err;
    }
    set_state(session, SESSION_OPEN);
    if (session->look)
        look_opened(session->look, cap); /* which may close it */
    else
        os_parent_session_reply(&session->reply, OS_OK, session->id, cap);
    return OS_OK;
}

/* The engine's own state, unless the component has a ROM service of its own. */
static int is_state(const struct session *session)
{
    return !strcmp(session->asked_service, "ROM") && !strcmp(session->asked_label, "state");
}

/* ---- what is kept of a request */

/* What the heap needs besides for the two blocks of a session. */
#define BLOCKS_OVERHEAD 64

struct route_request session_asked(const struct session *session)
{
    struct route_request asked;
    snprintf(asked.service, sizeof(asked.service), "%s", session->asked_service);
    snprintf(asked.label, sizeof(asked.label), "%s", session->asked_label);
    snprintf(asked.args, sizeof(asked.args), "%s", session->asked_args);
    return asked;
}

/* Copies TEXT to *AT, behind which it stands then. */
static const char *put(char **at, const char *text)
{
    const char *copy = *at;
    size_t size = strlen(text) + 1;
    memcpy(*at, text, size);
    *at += size;
    return copy;
}

/* The same for what is often as it was ASKED, as which it is taken then. */
static const char *put_decided(char **at, const char *text, const char *asked)
{
    return strcmp(text, asked) ? put(at, text) : asked;
}

static size_t decided_size(const char *text, const char *asked)
{
    return strcmp(text, asked) ? strlen(text) + 1 : 0;
}

static size_t texts_size(const struct route_request *asked, const struct route_request *decided)
{
    return strlen(asked->service) + strlen(asked->label) + strlen(asked->args) + 3 +
           decided_size(decided->service, asked->service) + decided_size(decided->label, asked->label) +
           decided_size(decided->args, asked->args);
}

static uint64_t record_size(const struct route_request *asked, const struct route_request *decided)
{
    return sizeof(struct session) + texts_size(asked, decided) + BLOCKS_OVERHEAD;
}

/* Keeps what was ASKED, and what has become of it. OS_ERR_RAM. */
static os_err keep_texts(struct session *session, const struct route_request *asked,
                         const struct route_request *decided)
{
    char *texts = malloc(texts_size(asked, decided)), *at = texts;
    if (!texts)
        return OS_ERR_RAM;
    free(session->texts);
    session->texts = texts;
    session->asked_service = put(&at, asked->service);
    session->asked_label = put(&at, asked->label);
    session->asked_args = put(&at, asked->args);
    session->service = put_decided(&at, decided->service, session->asked_service);
    session->label = put_decided(&at, decided->label, session->asked_label);
    session->args = put_decided(&at, decided->args, session->asked_args);
    uint64_t record = record_size(asked, decided);
    if (session->asker) /* else it is not counted yet, or the engine's own */
        session->asker->records_size += record - session->size;
    session->size = record;
    return OS_OK;
}

/* Puts a session that is not open where DECISION says. */
static void place(struct session *session, const struct decision *decision)
{
    os_list_remove(&session->server_link);
    session->server = decision->server ? engine_child(session->engine, decision->server->name) : NULL;
    session->local = NULL;
    session->here = ELSEWHERE;
    if (decision->route == &route_own_config) {
        session->here = AT_CONFIG;
    } else if (decision->route->target == TARGET_LOCAL) {
        session->local = local_find(session->engine, decision->request.service);
        session->here = session->local ? AT_LOCAL : is_state(session) ? AT_STATE : AT_NOTHING;
    }
    if (session->server)
        os_list_insert(&session->server->serves, &session->server_link);
}

void session_reroute(struct session *session, const struct decision *decision, os_err err)
{
    struct route_request asked = session_asked(session);
    if (!err)
        err = keep_texts(session, &asked, &decision->request);
    if (err) {
        fail(session, err);
        return;
    }
    place(session, decision);
    if (session->server && session->server->state == CHILD_GONE)
        fail(session, OS_ERR_NO_SERVICE);
    else
        session_go(session);
}

void session_go(struct session *session)
{
    if (session->here) {
        os_alarm_clear(&session->wait);
        os_err err = open_here(session);
        if (err)
            fail(session, err);
    } else if (!session->server || child_root(session->server, session->service)) {
        session_open(session);
    }
}

/* Whether there is room for a further one in what is kept for the sessions of CLIENT. */
static int has_room(const struct child *client, const struct route_request *asked,
                    const struct route_request *decided)
{
    return client->records_size + record_size(asked, decided) <= entry_kept_ram(client->entry);
}

struct session *session_create(struct os_engine *engine, const struct route_request *asked,
                               const struct decision *decision, uint64_t ram, uint32_t caps)
{
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return NULL;
    if (keep_texts(session, asked, &decision->request)) {
        free(session);
        return NULL;
    }
    session->engine = engine;
    engine->sessions++;
    session->ram = ram;
    session->caps = caps;
    os_list_init(&session->server_link);
    os_list_init(&session->client_link);
    os_list_init(&session->record_link);
    os_list_init(&session->retry.link);
    place(session, decision);
    return session;
}

os_err session_request(struct child *client, struct os_rpc *rpc, const struct route_request *asked,
                       uint64_t ram, uint32_t caps)
{
    struct decision decision;
    os_err err = decide(&client->generation->scenario, client->entry, asked, &decision);
    struct child *server =
        !err && decision.server ? engine_child(client->engine, decision.server->name) : NULL;
    if (!err && decision.server && (!server || server->state == CHILD_GONE))
        err = OS_ERR_NO_SERVICE;
    if (err)
        return err;
    if (!has_room(client, asked, &decision.request))
        return OS_ERR_CAPS;
    struct session *session = session_create(client->engine, asked, &decision, ram, caps);
    if (!session)
        return OS_ERR_RAM;
    session->client = session->asker = client;
    session->id = client->next_id++;
    os_list_insert(&client->sessions, &session->client_link);
    os_list_insert(&client->records, &session->record_link);
    client->records_size += session->size;
    os_reply_keep(rpc, &session->reply);
    session_wait(session);
    session_go(session);
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

static void upgraded(struct session *session, os_err err)
{
    if (err)
        undo_upgrade(session);
    set_state(session, SESSION_OPEN);
    if (session->look) {
        look_upgraded(session->look, err); /* which may close it */
        return;
    }
    os_reply_error(&session->reply, err);
    close_if_wanted(session);
}

static void upgrade_done(struct os_call *call)
{
    struct session *session = OS_CONTAINER_OF(call, struct session, call);
    engine_call_ended(session->engine);
    upgraded(session, session->server ? os_root_upgrade_end(call) : os_parent_upgrade_end(call));
}

static os_err begin_upgrade(struct session *session)
{
    os_call_init(&session->call, session->engine->env->ep, upgrade_done);
    if (!session->server)
        return os_parent_upgrade_begin(session->engine->env->parent, &session->call, session->server_id,
                                       session->more_ram, session->more_caps);
    return os_root_upgrade_begin(root_of(session), &session->call, session->server_id, session->more_ram,
                                 session->more_caps);
}

static void try_upgrade(struct retry *retry)
{
    struct session *session = OS_CONTAINER_OF(retry, struct session, retry);
    os_err err = begin_upgrade(session);
    if (err == OS_ERR_BUSY)
        engine_retry(session->engine, retry, try_upgrade);
    else if (err)
        upgraded(session, err);
}

/* What is more is part of the donation; non-zero when nobody else has to be told. */
static int add_here(struct session *session, uint64_t ram, uint32_t caps)
{
    session->more_ram = ram;
    session->more_caps = caps;
    session->ram += ram;
    session->caps += caps;
    if (session->rom)
        config_rom_upgraded(session->rom, ram, caps);
    else if (session->local)
        local_upgraded(session, ram, caps);
    return session->rom || session->local;
}

os_err session_grow(struct session *session, uint64_t ram, uint32_t caps)
{
    if (session->state != SESSION_OPEN)
        return OS_ERR_DEAD;
    os_err err = account_move(session->engine, NULL, session->server, ram, caps);
    if (err)
        return err;
    if (add_here(session, ram, caps)) {
        look_upgraded(session->look, OS_OK);
        return OS_OK;
    }
    set_state(session, SESSION_UPGRADING);
    try_upgrade(&session->retry);
    return OS_OK;
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
    if (add_here(session, ram, caps))
        return;
    set_state(session, SESSION_UPGRADING);
    os_reply_keep(rpc, &session->reply);
    *result = OS_REPLY_LATER;
    try_upgrade(&session->retry);
}

/* ---- closing */

/* Of a session that was closed because its route has changed, the client still has the name. */
static void revoked(struct session *session)
{
    os_list_remove(&session->server_link);
    session->server = NULL;
    set_state(session, SESSION_LOST);
    session->engine->closing--;
    engine_returned(session->engine);
}

static void closed(struct session *session)
{
    if (session->local || session->rom) { /* what they have allocated goes before the donation */
        config_rom_destroy(session->rom);
        session->rom = NULL;
        local_close(session);
    }
    refund(session);
    if (session->revoke && session->client && !os_reply_owed(&session->close_reply)) {
        revoked(session);
        return;
    }
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
    engine_call_ended(session->engine);
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
    return os_root_close_begin(root_of(session), &session->call, session->server_id);
}

static void try_close(struct retry *retry)
{
    struct session *session = OS_CONTAINER_OF(retry, struct session, retry);
    os_err err = begin_close(session);
    if (err == OS_ERR_BUSY)
        engine_retry(session->engine, retry, try_close);
    else if (err)
        closed(session);
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
    set_state(session, SESSION_CLOSING);
    session->engine->closing++;
    if (session->here)
        closed(session);
    else
        try_close(&session->retry);
}

static void close_if_wanted(struct session *session)
{
    if ((!session->client && !session->look) || session->close_wanted || session->revoke)
        session_close(session);
}

void session_revoke(struct session *session)
{
    session->revoke = 1;
    if (session->state == SESSION_OPEN)
        session_close(session);
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

void sessions_of_nobody(struct child *client)
{
    while (!os_list_empty(&client->records))
        leave_asker(OS_CONTAINER_OF(client->records.next, struct session, record_link));
}

void sessions_of_server_lost(struct child *server)
{
    OS_LIST_FOR_EACH_SAFE (link, &server->serves) {
        struct session *session = OS_CONTAINER_OF(link, struct session, server_link);
        if (session->state == SESSION_WAITING || session->state == SESSION_LOST)
            continue;
        int retry = session->state == SESSION_OPENING && may_retry(session, OS_ERR_DEAD);
        os_call_cancel(&session->call);
        os_list_remove(&session->retry.link);
        session->upgrade_lost = session->state == SESSION_UPGRADING;
        if (!retry && !session->upgrade_lost)
            os_reply_error(&session->reply, OS_ERR_DEAD);
        session->retried |= retry;
        session->close_wanted |= (session->state == SESSION_CLOSING &&
                                  (!session->revoke || os_reply_owed(&session->close_reply))) ||
                                 (session->state == SESSION_OPENING && !retry);
        session->engine->closing -= session->state == SESSION_CLOSING;
        set_state(session, SESSION_LOST);
    }
}

/* Whoever is told that an upgrade has failed has what it would have added: so it is told when that is back.
 */
static void fail_lost_upgrade(struct session *session)
{
    if (!session->upgrade_lost)
        return;
    session->upgrade_lost = 0;
    session->ram -= session->ram < session->more_ram ? session->ram : session->more_ram;
    session->caps -= session->caps < session->more_caps ? session->caps : session->more_caps;
    os_reply_error(&session->reply, OS_ERR_DEAD);
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
        fail_lost_upgrade(session);
        if (session->client && os_reply_owed(&session->reply)) {
            session_wait(session); /* to be asked once more */
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
