/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport.c: the transport from below the library, and messages that it would never send: a thread serves
 * objects, another one calls them, watches them, and sends them whatever the kernel lets through. Does the
 * step that its config names, and logs "STEP: ok" or what was wrong.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/thread.h>
#include <mach_base/native.h>
#include <mach_base/thread.h>
#include <mach_base/transport.h>
#include <transport/internal.h>

#include "require.h"

OS_MANIFEST("ram: 4M\n"
            "caps: 1000\n"
            "config: { step: string }\n");

static struct os_env *env;

/* ---- the server: a thread with an entrypoint of its own */

enum { ECHO, MAKE, SAME, REVOKE, HOLD, RELEASE, GIVE, TAKE, SIGNAL, COUNT, STOP };
enum { OBJECTS = 800, HELD = 64 };

static struct server {
    struct plat_ep *ep;
    struct plat_object *root;
    struct plat_object *objects[OBJECTS];
    uint32_t count;
    uint64_t held[HELD][2];
    uint32_t nheld;
    struct os_cap given;
} server;

static void *key_of(uint32_t i)
{
    return (void *)(uintptr_t)(i + 2);
}

static void end_object(const void *key)
{
    uint32_t i = (uint32_t)(uintptr_t)key - 2;
    plat_object_destroy(server.objects[i]);
    server.objects[i] = NULL;
    server.count--;
}

static os_err make_object(struct os_msg *msg)
{
    uint32_t i = 0;
    while (server.objects[i])
        i++;
    os_err err = plat_object_create(server.ep, key_of(i), &server.objects[i], &msg->caps[0]);
    if (err)
        return err;
    plat_object_watch(server.objects[i]);
    msg->ncaps = 1;
    server.count++;
    return OS_OK;
}

static void answer(const uint64_t token[2], uint32_t value)
{
    struct os_msg msg = { .len = sizeof(value) };
    memcpy(msg.data, &value, sizeof(value));
    plat_reply(server.ep, token, &msg);
}

static void release(const uint64_t token[2])
{
    uint32_t count = server.nheld;
    while (server.nheld)
        answer(server.held[--server.nheld], 0);
    answer(token, count);
}

/* Zero: the server stops. */
static int serve(const struct plat_event *event, struct os_msg *msg)
{
    struct os_cap in = msg->ncaps ? msg->caps[0] : OS_NO_CAP;
    void *found = in.id ? plat_object_find(server.ep, in) : NULL;
    uint32_t op = msg->op;
    msg->ncaps = 0;
    msg->err = OS_OK;
    switch (op) {
    case MAKE:
        msg->err = make_object(msg);
        break;
    case SAME:
        answer(event->token, found != NULL);
        break;
    case REVOKE:
        end_object(found);
        break;
    case HOLD:
        memcpy(server.held[server.nheld++], event->token, sizeof(event->token));
        break;
    case RELEASE:
        release(event->token);
        break;
    case GIVE:
        server.given = in;
        in = OS_NO_CAP;
        break;
    case TAKE:
        msg->caps[0] = server.given;
        msg->ncaps = 1;
        server.given = OS_NO_CAP;
        break;
    case SIGNAL:
        plat_signal_submit(in);
        break;
    case COUNT:
        answer(event->token, server.count);
        break;
    }
    if (op != HOLD && op != RELEASE && op != SAME && op != COUNT)
        plat_reply(server.ep, event->token, msg);
    for (unsigned i = 0; i < msg->ncaps; i++)
        plat_cap_unref(msg->caps[i]);
    plat_cap_unref(in);
    return op != STOP;
}

static void server_main(struct os_thread *thread)
{
    static struct os_msg msg;
    struct plat_event event;
    do {
        plat_ep_wait(server.ep, OS_NEVER, &event, &msg);
        if (event.kind == PLAT_LAST_HOLDER)
            end_object(event.key);
    } while (event.kind != PLAT_CALL || serve(&event, &msg));
}

/* ---- the client */

static struct os_cap root;
static struct plat_ep *ep;
static struct os_msg msg, reply;
static struct plat_event event;

static os_err call_by(struct os_cap cap, uint32_t op, struct os_cap arg, os_time deadline)
{
    msg = (struct os_msg){ .op = op, .ncaps = arg.id != 0, .caps = { arg } };
    os_err err = plat_call(cap, &msg, deadline);
    return err ? err : msg.err;
}

static os_err call(struct os_cap cap, uint32_t op, struct os_cap arg)
{
    return call_by(cap, op, arg, OS_NEVER);
}

static uint32_t value(void)
{
    uint32_t v;
    memcpy(&v, msg.data, sizeof(v));
    return v;
}

/* A new object, or none. */
static struct os_cap make(void)
{
    return call(root, MAKE, OS_NO_CAP) ? OS_NO_CAP : msg.caps[0];
}

static uint32_t objects(void)
{
    return call(root, COUNT, OS_NO_CAP) ? UINT32_MAX : value();
}

static os_err begin(struct os_cap cap, uint32_t op, os_time deadline, uintptr_t key, struct plat_call **begun)
{
    msg = (struct os_msg){ .op = op };
    return plat_call_begin(ep, cap, &msg, deadline, (void *)key, begun);
}

static enum plat_event_kind wait_until(os_time deadline)
{
    plat_ep_wait(ep, deadline, &event, &reply);
    return event.kind;
}

static os_err result(void)
{
    return event.err ? event.err : reply.err;
}

/*
 * How many names there are: the kernel gives out free ones first, in any order, so when there are more new
 * ones than were ever free, the highest tells how many there are besides.
 */
static uint32_t names(void)
{
    enum { MANY = 1300 };
    static mach_port_t made[MANY];
    mach_port_t highest = 0;
    for (unsigned i = 0; i < MANY; i++) {
        made[i] = mach_reply_port();
        highest = made[i] > highest ? made[i] : highest;
    }
    for (unsigned i = 0; i < MANY; i++)
        ports_destroy(made[i]);
    return highest - MANY;
}

/* ---- steps: what is in order */

static int data_of_all_lengths(void)
{
    static const uint16_t lengths[] = { 0, 1, 2, 3, 4, 5, 1023, OS_MSG_BYTES };
    for (unsigned i = 0; i < OS_ARRAY_LEN(lengths); i++) {
        msg = (struct os_msg){ .op = ECHO, .len = lengths[i] };
        for (unsigned k = 0; k < lengths[i]; k++)
            msg.data[k] = (uint8_t)(k * 7 + i);
        REQUIRE(!plat_call(root, &msg, OS_NEVER) && msg.len == lengths[i]);
        for (unsigned k = 0; k < lengths[i]; k++)
            REQUIRE(msg.data[k] == (uint8_t)(k * 7 + i));
    }
    msg = (struct os_msg){ .op = ECHO, .len = OS_MSG_BYTES + 1 };
    REQUIRE(plat_call(root, &msg, OS_NEVER) == OS_ERR_TOO_LARGE);
    return 1;
}

static int handles(void)
{
    struct os_cap wild = { 0x12340001 }, unused = { 60000 }, dead = { MACH_PORT_DEAD };
    REQUIRE(call(OS_NO_CAP, ECHO, OS_NO_CAP) == OS_ERR_BAD_CAP);
    REQUIRE(call(wild, ECHO, OS_NO_CAP) == OS_ERR_BAD_CAP);
    REQUIRE(call(unused, ECHO, OS_NO_CAP) == OS_ERR_BAD_CAP);
    REQUIRE(call(dead, ECHO, OS_NO_CAP) == OS_ERR_DEAD);
    REQUIRE(call(root, GIVE, unused) == OS_ERR_BAD_CAP);
    struct os_cap cap = make();
    REQUIRE(cap.id && objects() == 1 && !call(cap, ECHO, OS_NO_CAP));
    REQUIRE(!call(root, SAME, cap) && value() == 1);
    REQUIRE(!call(root, SAME, env->pd.cap) && value() == 0);
    REQUIRE(!call(root, GIVE, cap));
    plat_cap_unref(cap);
    REQUIRE(objects() == 1);
    REQUIRE(!call(root, TAKE, OS_NO_CAP) && msg.caps[0].id == cap.id);
    plat_cap_unref(cap);
    while (objects())
        ;
    REQUIRE(!call(root, GIVE, dead) && !call(root, TAKE, OS_NO_CAP) && msg.caps[0].id == MACH_PORT_DEAD);
    return 1;
}

/* More than the first part of the table of handles has places for. */
static int many_handles(void)
{
    static struct os_cap many[OBJECTS];
    unsigned n = 0;
    while (n < 600 && (many[n] = make()).id)
        n++;
    REQUIRE(n == 600 && !call(many[599], ECHO, OS_NO_CAP) && objects() == 600);
    while (n)
        plat_cap_unref(many[--n]);
    while (objects())
        ;
    return 1;
}

static int revoked(void)
{
    struct os_cap caps[REVOKED_KEPT + 8];
    for (unsigned i = 0; i < OS_ARRAY_LEN(caps); i++) {
        caps[i] = make();
        REQUIRE(caps[i].id && !call(root, REVOKE, caps[i]));
        REQUIRE(call(caps[i], ECHO, OS_NO_CAP) == OS_ERR_REVOKED);
        REQUIRE(!call(root, SAME, caps[i]) && value() == 0);
    }
    /* nobody tells of the first ones any more */
    REQUIRE(call(caps[0], ECHO, OS_NO_CAP) == OS_ERR_DEAD);
    for (unsigned i = 0; i < OS_ARRAY_LEN(caps); i++)
        plat_cap_unref(caps[i]);
    return 1;
}

static int deadlines(void)
{
    os_time deadline = plat_clock() + 25 * OS_MS;
    REQUIRE(call_by(root, HOLD, OS_NO_CAP, deadline) == OS_ERR_DEADLINE && plat_clock() >= deadline);
    REQUIRE(call_by(root, HOLD, OS_NO_CAP, 1) == OS_ERR_DEADLINE);
    REQUIRE(!call(root, RELEASE, OS_NO_CAP) && value() == 1); /* the late answer goes nowhere */
    REQUIRE(!call_by(root, ECHO, OS_NO_CAP, plat_clock() + 600 * OS_SEC));
    deadline = plat_clock() + 5 * OS_MS;
    REQUIRE(wait_until(deadline) == PLAT_NONE && plat_clock() >= deadline);
    return 1;
}

static int begun(void)
{
    struct plat_call *first, *second;
    REQUIRE(!begin(root, HOLD, OS_NEVER, 1, &first) && wait_until(0) == PLAT_NONE);
    REQUIRE(!call(root, RELEASE, OS_NO_CAP));
    REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && event.key == (void *)1 && !result());
    /* far more than the server's queue holds */
    for (uintptr_t i = 0; i < 100; i++)
        REQUIRE(!begin(root, ECHO, OS_NEVER, i, &first));
    for (unsigned i = 0; i < 100; i++)
        REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && !result());
    REQUIRE(!begin(root, HOLD, plat_clock() + 5 * OS_MS, 2, &first) &&
            !begin(root, HOLD, OS_NEVER, 3, &second));
    REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && event.key == (void *)2 && event.err == OS_ERR_DEADLINE);
    plat_call_cancel(second);
    REQUIRE(!call(root, RELEASE, OS_NO_CAP) && value() == 2 && wait_until(0) == PLAT_NONE);
    /* as many again as ports for late answers are kept */
    for (unsigned i = 0; i < 2 * LATE_KEPT; i++) {
        REQUIRE(!begin(root, HOLD, OS_NEVER, 4, &first));
        plat_call_cancel(first);
    }
    REQUIRE(!call(root, RELEASE, OS_NO_CAP) && wait_until(0) == PLAT_NONE);
    return 1;
}

static int watches(void)
{
    struct plat_call *first, *second;
    struct os_cap cap = make();
    REQUIRE(!plat_watch_begin(ep, cap, (void *)1, &first));
    plat_cap_unref(cap);
    REQUIRE(objects() == 1 && wait_until(0) == PLAT_NONE); /* who watches holds */
    plat_call_cancel(first);
    while (objects())
        ;
    cap = make();
    REQUIRE(!plat_watch_begin(ep, cap, (void *)1, &first));
    for (unsigned i = 0; i < 2000; i++) { /* far more than the server remembers */
        REQUIRE(!plat_watch_begin(ep, cap, (void *)2, &second));
        plat_call_cancel(second);
        REQUIRE(i % 8 || (!call(root, ECHO, OS_NO_CAP) && wait_until(0) == PLAT_NONE));
    }
    REQUIRE(!plat_watch_begin(ep, cap, (void *)2, &second) && !call(root, REVOKE, cap));
    for (unsigned i = 0; i < 2; i++)
        REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && event.err == OS_ERR_REVOKED);
    REQUIRE(!plat_watch_begin(ep, cap, (void *)3, &first));
    REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && event.err == OS_ERR_REVOKED && event.key == (void *)3);
    plat_cap_unref(cap);
    return 1;
}

static int signals(void)
{
    struct plat_signal *context;
    struct os_cap cap;
    REQUIRE(!plat_signal_create(ep, (void *)5, &context, &cap) && wait_until(0) == PLAT_NONE);
    REQUIRE(!call(root, SIGNAL, cap) && wait_until(OS_NEVER) == PLAT_SIGNAL && event.key == (void *)5);
    for (unsigned i = 0; i < 3000; i++)
        plat_signal_submit(cap);
    REQUIRE(wait_until(0) == PLAT_SIGNAL && wait_until(0) == PLAT_NONE);
    plat_signal_submit(root);
    plat_signal_submit(OS_NO_CAP);
    REQUIRE(!call(root, ECHO, OS_NO_CAP));
    /* a call of what is no object; whatever fills the queue counts as a signal */
    struct plat_call *wrong;
    REQUIRE(!begin(cap, ECHO, OS_NEVER, 6, &wrong) && wait_until(OS_NEVER) == PLAT_SIGNAL);
    REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && result() == OS_ERR_BAD_CAP);
    plat_signal_submit(cap);
    plat_signal_destroy(context);
    REQUIRE(wait_until(0) == PLAT_NONE);
    plat_signal_submit(cap);
    REQUIRE(call(cap, ECHO, OS_NO_CAP) == OS_ERR_DEAD);
    plat_cap_unref(cap);
    return 1;
}

static int own_objects(void)
{
    struct plat_object *object;
    struct plat_call *call_made;
    struct os_cap cap;
    REQUIRE(!plat_object_create(ep, (void *)7, &object, &cap));
    plat_object_watch(object);
    REQUIRE(call(cap, ECHO, OS_NO_CAP) == OS_ERR_DEADLOCK && plat_object_find(ep, cap) == (void *)7);
    REQUIRE(!plat_object_find(server.ep, cap) && !plat_object_find(ep, root));
    for (unsigned i = 0; i < 40; i++)
        REQUIRE(!begin(cap, ECHO, OS_NEVER, 8, &call_made));
    for (unsigned calls = 0, replies = 0; replies < 40;) {
        wait_until(OS_NEVER);
        replies += event.kind == PLAT_REPLY && !result();
        if (event.kind == PLAT_CALL && calls++ < 40) {
            reply.len = 0, reply.err = OS_OK;
            plat_reply(ep, event.token, &reply);
        }
    }
    for (unsigned i = 0; i < 40; i++)
        REQUIRE(!begin(cap, ECHO, OS_NEVER, 8, &call_made));
    plat_object_destroy(object);
    for (unsigned i = 0; i < 40; i++)
        REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && result() == OS_ERR_REVOKED);
    REQUIRE(call(cap, ECHO, OS_NO_CAP) == OS_ERR_REVOKED && !plat_object_find(ep, cap));
    plat_cap_unref(cap);
    REQUIRE(wait_until(0) == PLAT_NONE);

    /* the last holder, once, also if there was none to begin with */
    for (int before = 0; before < 2; before++) {
        REQUIRE(!plat_object_create(ep, (void *)9, &object, &cap));
        if (before)
            plat_cap_unref(cap);
        plat_object_watch(object);
        if (!before)
            plat_cap_unref(cap);
        REQUIRE(wait_until(OS_NEVER) == PLAT_LAST_HOLDER && event.key == (void *)9);
        REQUIRE(wait_until(0) == PLAT_NONE);
        plat_object_destroy(object);
    }
    return 1;
}

/* ---- steps: what is not */

/* A message by hand, with room for anything. */
static struct raw {
    struct mach_header head;
    uint32_t body[4096];
} raw;

/* Where it goes. */
static struct os_cap target;

/* A port that messages are answered to, and what has come there: an id, or 0 for nothing. */
static mach_port_t ear;

static int32_t heard(void)
{
    static struct raw in;
    mach_err err = mach_msg(&in.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(in), ear, 0);
    if (err)
        return 0;
    transport_discard(&in.head);
    return in.head.id;
}

/* Sends WORDS words of the body, which are complex if COMPLEX says so, with a reply right of kind REPLY_TYPE.
 */
static mach_err send_raw(int32_t id, uint32_t words, uint32_t complex, uint32_t reply_type)
{
    raw.head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_COPY_SEND, reply_type) | complex,
                                     .remote = target.id,
                                     .local = reply_type ? ear : MACH_PORT_NULL,
                                     .id = id };
    return mach_msg(&raw.head, MACH_SEND_MSG, sizeof(raw.head) + words * 4, 0, MACH_PORT_NULL, 0);
}

/* The same, and the server has looked at it and is well: what it answered. -1: it is not, or nothing was
 * sent. */
static int32_t after_raw(int32_t id, uint32_t words, uint32_t complex, uint32_t reply_type)
{
    if (send_raw(id, words, complex, reply_type) || call(root, ECHO, OS_NO_CAP))
        return -1;
    return heard();
}

/* A request of LEN bytes as it should be; how many words it has. */
static uint32_t good_request(uint32_t len)
{
    memset(raw.body, 0, sizeof(raw.body));
    raw.body[0] = MACH_TYPE(MACH_TYPE_BYTE, 8, 16 + len);
    raw.body[3] = ECHO;
    raw.body[4] = len;
    return 5 + (len + 3) / 4;
}

static int unknown_messages(void)
{
    static const int32_t ids[] = { 0,
                                   -1,
                                   1,
                                   ID_SIGNAL,
                                   ID_REPLY,
                                   MACH_ID_ALARM,
                                   MACH_NOTIFY_SEND_ONCE,
                                   MACH_NOTIFY_DEAD_NAME,
                                   MACH_NOTIFY_NO_SENDERS,
                                   MACH_ID_EXCEPTION_RAISE };
    for (unsigned i = 0; i < OS_ARRAY_LEN(ids); i++) {
        /* whoever waits for an answer learns that there is none */
        REQUIRE(after_raw(ids[i], 0, 0, MACH_TYPE_MAKE_SEND_ONCE) == MACH_NOTIFY_SEND_ONCE);
        REQUIRE(after_raw(ids[i], good_request(100), 0, MACH_TYPE_MAKE_SEND_ONCE) == MACH_NOTIFY_SEND_ONCE);
        REQUIRE(after_raw(ids[i], good_request(3), 0, 0) == 0);
    }
    REQUIRE(after_raw(ID_REQUEST, good_request(8), 0, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    return 1;
}

static int malformed_requests(void)
{
    uint32_t words;
    for (words = 0; words < 5; words++) { /* cut off */
        good_request(0);
        REQUIRE(after_raw(ID_REQUEST, words, 0, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    }
    for (uint32_t len = 1; len; len *= 4) { /* another length than there is */
        words = good_request(0);
        raw.body[4] = len;
        REQUIRE(after_raw(ID_REQUEST, words, 0, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    }
    static const uint32_t wrong[] = { 0, UINT32_MAX, MACH_TYPE(MACH_TYPE_CHAR, 8, 24),
                                      MACH_TYPE(MACH_TYPE_BYTE, 8, 23),
                                      MACH_TYPE(MACH_TYPE_MOVE_SEND, 32, 6) };
    for (unsigned i = 0; i < OS_ARRAY_LEN(wrong); i++) {
        words = good_request(8);
        raw.body[0] = wrong[i];
        REQUIRE(after_raw(ID_REQUEST, words, 0, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    }
    /* larger than any may be, once just so and once by far: the kernel throws it away */
    words = good_request(OS_MSG_BYTES + 4);
    REQUIRE(after_raw(ID_REQUEST, words, 0, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    REQUIRE(after_raw(ID_REQUEST, OS_ARRAY_LEN(raw.body), 0, MACH_TYPE_MAKE_SEND_ONCE) ==
            MACH_NOTIFY_SEND_ONCE);
    return 1;
}

/* A reply right that is none: no answer goes there, and the right is given back. */
static int wrong_reply_rights(void)
{
    REQUIRE(after_raw(ID_REQUEST, good_request(0), 0, MACH_TYPE_MAKE_SEND) == 0);
    REQUIRE(after_raw(ID_WATCH, 0, 0, MACH_TYPE_MAKE_SEND) == 0);
    REQUIRE(after_raw(ID_REQUEST, good_request(0), 0, 0) == 0);
    REQUIRE(after_raw(ID_WATCH, 0, 0, 0) == 0);
    return 1;
}

static int wrong_rights(void)
{
    static const uint32_t types[] = { MACH_TYPE_MOVE_RECEIVE, MACH_TYPE_MAKE_SEND_ONCE, MACH_TYPE_MAKE_SEND };
    static const int32_t answers[] = { ID_REPLY, ID_REPLY, ID_REPLY };
    for (unsigned i = 0; i < OS_ARRAY_LEN(types); i++) {
        mach_port_t port = mach_reply_port();
        uint32_t words = good_request(0);
        raw.body[words++] = MACH_TYPE(types[i], 32, 1);
        raw.body[words++] = port;
        REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == answers[i]);
        if (types[i] != MACH_TYPE_MOVE_RECEIVE)
            ports_destroy(port);
    }
    /* more than there may be, before the data, in two parts, beside a watch */
    uint32_t words = good_request(0);
    raw.body[words++] = MACH_TYPE(MACH_TYPE_COPY_SEND, 32, OS_MSG_CAPS + 1);
    for (unsigned i = 0; i <= OS_MSG_CAPS; i++)
        raw.body[words++] = root.id;
    REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    raw.body[0] = MACH_TYPE(MACH_TYPE_COPY_SEND, 32, 1);
    raw.body[1] = root.id;
    REQUIRE(after_raw(ID_REQUEST, 2, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    REQUIRE(after_raw(ID_WATCH, 2, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == MACH_NOTIFY_SEND_ONCE);
    words = good_request(0);
    for (unsigned i = 0; i < 2; i++) {
        raw.body[words++] = MACH_TYPE(MACH_TYPE_COPY_SEND, 32, 1);
        raw.body[words++] = root.id;
    }
    REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    return 1;
}

/* Memory and rights that do not lie in the message. */
static int memory_in_messages(void)
{
    static _Alignas(OS_PAGE_SIZE) uint8_t pages[16 * OS_PAGE_SIZE];
    static mach_port_t rights[100];
    for (unsigned i = 0; i < OS_ARRAY_LEN(rights); i++)
        rights[i] = root.id;
    for (unsigned i = 0; i < 50; i++) {
        uint32_t words = good_request(0);
        raw.body[words++] = MACH_TYPE_LONG;
        raw.body[words++] = MACH_TYPE_BYTE | 8 << 16;
        raw.body[words++] = sizeof(pages);
        raw.body[words++] = (uint32_t)(uintptr_t)pages;
        REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
        words = good_request(0);
        raw.body[words++] = MACH_TYPE_LONG;
        raw.body[words++] = MACH_TYPE_COPY_SEND | 32 << 16;
        raw.body[words++] = OS_ARRAY_LEN(rights);
        raw.body[words++] = (uint32_t)(uintptr_t)rights;
        REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    }
    return 1;
}

/* Items of some bits: who counts their bytes in another way than the kernel takes the last words for a right
 * that lies at an address where there is nothing. */
static int items_of_bits(void)
{
    for (uint32_t bits = 1; bits < 8; bits++) {
        uint32_t words = good_request(0);
        raw.body[words++] = MACH_TYPE(MACH_TYPE_COPY_SEND, 32, 1);
        raw.body[words++] = root.id;
        raw.body[words++] = MACH_TYPE(MACH_TYPE_BYTE, bits, 1);
        raw.body[words++] = MACH_TYPE(MACH_TYPE_MOVE_SEND, 32, 1) & ~MACH_TYPE_INLINE;
        raw.body[words++] = MACH_TYPE(MACH_TYPE_BYTE, 0, 0);
        REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    }
    return 1;
}

/* Rights for which there was no room: the kernel leaves their number, but no address. */
static int no_room_for_rights(void)
{
    raw.head = (struct mach_header){ .bits = MACH_COMPLEX, .size = sizeof(raw.head) + 16 };
    raw.body[0] = MACH_TYPE_LONG;
    raw.body[1] = MACH_TYPE_MOVE_SEND;
    raw.body[2] = 1000;
    raw.body[3] = 0;
    transport_discard(&raw.head);
    return 1;
}

/* More references in one message than the kernel counts: those that are still in use are not lost. */
static int uncounted_rights(void)
{
    static mach_port_t rights[70000];
    for (unsigned i = 0; i < OS_ARRAY_LEN(rights); i++)
        rights[i] = root.id;
    uint32_t words = good_request(0);
    raw.body[words++] = MACH_TYPE_LONG;
    raw.body[words++] = MACH_TYPE_COPY_SEND | 32 << 16;
    raw.body[words++] = OS_ARRAY_LEN(rights);
    raw.body[words++] = (uint32_t)(uintptr_t)rights;
    REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    REQUIRE(!call(root, ECHO, OS_NO_CAP));
    for (unsigned i = 0; i < OS_ARRAY_LEN(rights); i += 2) /* not one after the other */
        rights[i] = env->parent.cap.id;
    REQUIRE(after_raw(ID_REQUEST, words, MACH_COMPLEX, MACH_TYPE_MAKE_SEND_ONCE) == ID_REPLY);
    REQUIRE(!call(root, ECHO, OS_NO_CAP));
    return 1;
}

/* A holder says that there are none: the server asks the kernel. */
static int forged_end(void)
{
    struct os_cap cap = make();
    REQUIRE(cap.id);
    for (unsigned i = 0; i < 20; i++) {
        raw.body[0] = MACH_TYPE(MACH_TYPE_INTEGER_32, 32, 1);
        raw.body[1] = 1;
        raw.head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_COPY_SEND, 0),
                                         .remote = cap.id,
                                         .id = MACH_NOTIFY_NO_SENDERS };
        REQUIRE(!mach_msg(&raw.head, MACH_SEND_MSG, sizeof(raw.head) + 8, 0, MACH_PORT_NULL, 0));
    }
    REQUIRE(!call(cap, ECHO, OS_NO_CAP) && objects() == 1);
    plat_cap_unref(cap);
    while (objects())
        ;
    return 1;
}

/* Many more watches than the server remembers, all by the same right, and requests: their answers are not
 * read. */
static int flood(void)
{
    target = make();
    for (unsigned i = 0; i < 5000; i++)
        REQUIRE(!send_raw(ID_WATCH, 0, 0, MACH_TYPE_MAKE_SEND_ONCE) &&
                (i % 500 || !call(root, ECHO, OS_NO_CAP)));
    for (unsigned i = 0; i < 500; i++)
        REQUIRE(!send_raw(ID_REQUEST, good_request(OS_MSG_BYTES), 0, MACH_TYPE_MAKE_SEND_ONCE));
    REQUIRE(!call(target, ECHO, OS_NO_CAP));
    ports_destroy(ear);
    ear = mach_reply_port();
    plat_cap_unref(target);
    target = root;
    while (objects())
        ;
    return 1;
}

/* Answers of a server that lies: each ends the call with an error, and what it brought is given back. */
static int lying_server(void)
{
    mach_port_t port;
    struct os_cap cap;
    struct source source = { .kind = SOURCE_WATCH };
    struct plat_call *made;
    REQUIRE(!ports_create_set(&port));
    struct plat_ep own = { .set = port };
    REQUIRE(!object_port(&own, &source, 16, &cap));
    for (unsigned lie = 0; lie < 8; lie++) {
        static struct raw in;
        REQUIRE(!begin(cap, ECHO, OS_NEVER, 11, &made));
        REQUIRE(!mach_msg(&in.head, MACH_RCV_MSG, 0, sizeof(in), port, 0) && in.head.id == ID_REQUEST);
        uint32_t words = good_request(0), complex = lie >= 3 && lie < 6 ? MACH_COMPLEX : 0;
        int32_t id = lie == 0 ? 4711 : ID_REPLY;
        if (lie == 1)
            raw.body[4] = 4;
        if (lie == 2)
            words = 0;
        if (complex) {
            static const uint32_t kinds[] = { MACH_TYPE_MAKE_SEND_ONCE, MACH_TYPE_MOVE_RECEIVE,
                                              MACH_TYPE_MAKE_SEND };
            mach_port_t other = mach_reply_port();
            raw.body[words++] = MACH_TYPE(kinds[lie - 3], 32, lie == 5 ? 2 : 1);
            raw.body[words++] = other;
            if (lie == 5)
                raw.body[words++] = MACH_PORT_DEAD;
        }
        if (lie == 6)
            words = OS_ARRAY_LEN(raw.body);
        if (lie == 7) { /* none at all */
            transport_discard(&in.head);
        } else {
            raw.head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_MOVE_SEND_ONCE, 0) | complex,
                                             .remote = in.head.remote,
                                             .id = id };
            REQUIRE(!mach_msg(&raw.head, MACH_SEND_MSG, sizeof(raw.head) + words * 4, 0, MACH_PORT_NULL, 0));
        }
        if (lie == 6) { /* thrown away by the kernel: as if it had not come */
            REQUIRE(wait_until(0) == PLAT_NONE);
            plat_call_cancel(made);
            continue;
        }
        REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY);
        REQUIRE(event.err == (lie == 7 ? OS_ERR_DEAD : lie == 5 ? OS_OK : OS_ERR_BAD_MSG));
        if (lie == 5) {
            REQUIRE(reply.ncaps == 2 && reply.caps[1].id == MACH_PORT_DEAD);
            ports_destroy(raw.body[6]);
            plat_cap_unref(reply.caps[0]);
        } else if (lie == 3) {
            ports_destroy(raw.body[6]);
        }
    }
    ports_destroy(source.port);
    plat_cap_unref(cap);
    ports_destroy(port);
    return 1;
}

/* A right that some server gives out as a capability, and that leads to the kernel. */
static int kernel_for_a_server(void)
{
    struct os_cap cap = transport_cap(mach_thread_self());
    struct plat_call *made;
    REQUIRE(call(cap, ECHO, OS_NO_CAP) == OS_ERR_BAD_MSG);
    REQUIRE(call(cap, ECHO, root) == OS_ERR_BAD_MSG);
    REQUIRE(!begin(cap, ECHO, OS_NEVER, 12, &made));
    REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && event.err == OS_ERR_BAD_MSG);
    REQUIRE(!plat_watch_begin(ep, cap, (void *)13, &made));
    REQUIRE(wait_until(OS_NEVER) == PLAT_REPLY && event.err == OS_ERR_BAD_MSG);
    plat_signal_submit(cap);
    plat_cap_unref(cap);
    return 1;
}

/* ---- */

static const struct step {
    const char *name;
    int (*run)(void);
} steps[] = {
    { "data", data_of_all_lengths },
    { "handles", handles },
    { "many", many_handles },
    { "revoked", revoked },
    { "deadlines", deadlines },
    { "begun", begun },
    { "watches", watches },
    { "signals", signals },
    { "own", own_objects },
    { "unknown", unknown_messages },
    { "malformed", malformed_requests },
    { "reply-rights", wrong_reply_rights },
    { "rights", wrong_rights },
    { "memory", memory_in_messages },
    { "forged", forged_end },
    { "flood", flood },
    { "liar", lying_server },
    { "kernel", kernel_for_a_server },
    { "bits", items_of_bits },
    { "no-room", no_room_for_rights },
    { "uncounted", uncounted_rights }, /* the last: root has too many references from then on */
};

/* The caps that this component has used. */
static uint32_t caps_used(void)
{
    uint64_t ram, ram_used;
    uint32_t caps, used;
    return os_pd_quota(env->pd, &ram, &ram_used, &caps, &used) ? UINT32_MAX : used;
}

/* The step, twice: what it leaves behind the second time is lost. */
static int run(const struct step *step)
{
    REQUIRE(!plat_ep_create(&ep));
    REQUIRE(step->run());
    plat_ep_destroy(ep);
    REQUIRE(!call(root, ECHO, OS_NO_CAP));
    uint32_t before = names();
    uint32_t caps = caps_used();
    REQUIRE(!plat_ep_create(&ep));
    REQUIRE(step->run());
    plat_ep_destroy(ep);
    REQUIRE(!call(root, ECHO, OS_NO_CAP) && !call(root, ECHO, OS_NO_CAP));
    REQUIRE(caps_used() == caps);
    REQUIRE(names() == before);
    return 1;
}

static int run_named(const char *name)
{
    struct os_thread thread = { .entry = NULL };
    REQUIRE(!plat_ep_create(&server.ep) && !plat_object_create(server.ep, (void *)1, &server.root, &root));
    REQUIRE(!os_thread_start(&thread, server_main, 0));
    ear = mach_reply_port();
    target = root;
    for (unsigned i = 0; i < OS_ARRAY_LEN(steps); i++)
        if ((!strcmp(name, steps[i].name) || !strcmp(name, "all")) && run(&steps[i]))
            printf("%s: ok\n", steps[i].name);
    REQUIRE(!call(root, STOP, OS_NO_CAP));
    os_thread_join(&thread);
    return 1;
}

void component_construct(struct os_env *component)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = component;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    int done = run_named(os_config_str(&config, os_config_root(&config), "step", ""));
    os_exit(env, done ? 0 : 1);
}
