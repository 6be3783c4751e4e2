/* SPDX-License-Identifier: BSD-2-Clause */
/* state.c: the state of the engine as a config tree, for whoever looks at a running system. */
#include <stdio.h>
#include <os/config_writer.h>
#include "internal.h"

/* A state can be larger than any file that a person writes. */
#define STATE_NODES_MAX (1 << 20)
#define STATE_TEXT_MAX  (64 << 20)

static void add_text(struct os_config_writer *writer, const char *key, const char *text)
{
    os_config_writer_add(writer, OS_CONFIG_SCALAR, key, text, 0, 0);
}

static void add_number(struct os_config_writer *writer, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    add_text(writer, key, text);
}

static void open_map(struct os_config_writer *writer, const char *key)
{
    os_config_writer_add(writer, OS_CONFIG_MAP, key, "", 0, 0);
}

static void open_list(struct os_config_writer *writer, const char *key)
{
    os_config_writer_add(writer, OS_CONFIG_LIST, key, "", 0, 0);
}

static void add_age(struct os_config_writer *writer, os_time since)
{
    add_number(writer, "age-ms", (os_clock_now() - since) / OS_MS);
}

/* Nothing of an account that cannot be asked: it is about to end. */
static void add_account(struct os_config_writer *writer, os_pd_cap pd)
{
    uint64_t ram = 0, ram_used = 0;
    uint32_t caps = 0, caps_used = 0;
    if (os_pd_quota(pd, &ram, &ram_used, &caps, &caps_used))
        return;
    add_number(writer, "ram", ram);
    add_number(writer, "ram-used", ram_used);
    add_number(writer, "caps", caps);
    add_number(writer, "caps-used", caps_used);
}

/* Nothing where nobody counts them. */
static void add_calls(struct os_config_writer *writer, os_pd_control_cap control)
{
    uint64_t calls;
    if (os_pd_control_calls(control, &calls) == OS_OK)
        add_number(writer, "calls", calls);
}

/* ---- sessions */

const char *session_server_name(const struct session *session)
{
    return session->here ? "local" : session->server ? session->server->name : "parent";
}

static const char *session_state_text(const struct session *session)
{
    static const char *const texts[] = { "waiting", "opening", "open", "open", "closing", "lost" };
    return texts[session->state];
}

void session_why(const struct session *session, char (*why)[WHY_MAX])
{
    const char *server = session_server_name(session);
    (*why)[0] = 0;
    switch (session->state) {
    case SESSION_WAITING:
        if (session->server->state == CHILD_RUNNING)
            snprintf(*why, sizeof(*why), "%s has not announced %s", server, session->service);
        else
            snprintf(*why, sizeof(*why), "%s does not run", server);
        break;
    case SESSION_OPENING:
        snprintf(*why, sizeof(*why), "%s has not answered", server);
        break;
    case SESSION_UPGRADING:
        snprintf(*why, sizeof(*why), "%s has not answered to an upgrade", server);
        break;
    case SESSION_CLOSING:
        snprintf(*why, sizeof(*why), "%s has not closed it", server);
        break;
    case SESSION_LOST:
        snprintf(*why, sizeof(*why), "the server has ended, the client has not closed it");
        break;
    case SESSION_OPEN:
        break;
    }
}

static void add_session(struct os_config_writer *writer, const struct session *session)
{
    char why[WHY_MAX];
    session_why(session, &why);
    open_map(writer, "");
    add_text(writer, "service", session->service);
    add_text(writer, "label", session->label);
    add_text(writer, "server", session_server_name(session));
    add_text(writer, "state", session_state_text(session));
    if (*why)
        add_text(writer, "why", why);
    add_number(writer, "ram", session->ram);
    add_number(writer, "caps", session->caps);
    os_config_writer_end(writer);
}

/* ---- components */

static const char *child_state_text(const struct child *child)
{
    switch (child->state) {
    case CHILD_IDLE:
        return "restarting";
    case CHILD_READY:
        return "waiting";
    case CHILD_CREATING:
        return "creating";
    case CHILD_STARTING:
        return "starting";
    case CHILD_RUNNING:
        return "running";
    case CHILD_ENDING:
        return child->again ? "restarting" : "ending";
    case CHILD_GONE:
        break;
    }
    return "ended";
}

/* What a child that runs waits for is its first session that is not there yet. */
static void why_child(const struct child *child, char (*why)[WHY_MAX + OS_SERVICE_MAX])
{
    char waits[WHY_MAX] = "";
    (*why)[0] = 0;
    if (child->state == CHILD_IDLE) {
        os_time now = os_clock_now();
        os_time left = child->alarm.due > now ? child->alarm.due - now : 0;
        snprintf(*why, sizeof(*why), "restart %u of %u in %llu ms", (unsigned)child->restarts,
                 (unsigned)child->entry->restart.max, (unsigned long long)(left / OS_MS));
        return;
    }
    if (child->state == CHILD_READY) {
        snprintf(*why, sizeof(*why), "%llu KiB of ram and %u caps that others give back",
                 (unsigned long long)(child->entry->ram / 1024), (unsigned)child->entry->caps);
        return;
    }
    if (child->state == CHILD_CREATING || child->state == CHILD_STARTING || child->state == CHILD_ENDING) {
        snprintf(*why, sizeof(*why), "the parent has not answered");
        return;
    }
    OS_LIST_FOR_EACH (link, &child->sessions) {
        const struct session *session = OS_CONTAINER_OF(link, struct session, client_link);
        if (session->state != SESSION_WAITING && session->state != SESSION_OPENING)
            continue;
        session_why(session, &waits);
        snprintf(*why, sizeof(*why), "%s: %s", session->service, waits);
        return;
    }
}

static void add_provides(struct os_config_writer *writer, const struct child *child)
{
    open_list(writer, "provides");
    OS_LIST_FOR_EACH (link, &child->roots)
        add_text(writer, "", OS_CONTAINER_OF(link, struct announced, link)->service);
    os_config_writer_end(writer);
}

/* Quota that is waited for, by the child (asks) or by the engine (yields). */
static void add_amount(struct os_config_writer *writer, const char *key, const struct amount *amount)
{
    if (!amount->ram && !amount->caps)
        return;
    open_map(writer, key);
    add_number(writer, "ram", amount->ram);
    add_number(writer, "caps", amount->caps);
    os_config_writer_end(writer);
}

static void add_child(struct os_config_writer *writer, const struct child *child)
{
    char why[WHY_MAX + OS_SERVICE_MAX];
    why_child(child, &why);
    open_map(writer, child->name);
    add_text(writer, "state", child_state_text(child));
    if (*why)
        add_text(writer, "why", why);
    add_text(writer, "binary", child->entry->binary);
    add_text(writer, "sandbox", child->entry->sandbox);
    if (child_is_alive(child)) {
        add_age(writer, child->started);
        add_account(writer, os_pd_control_as_os_pd(child->control));
        add_calls(writer, child->control);
    }
    add_amount(writer, "asks", &child->resources.asks);
    add_amount(writer, "yields", &child->resources.wanted);
    add_number(writer, "restarts", child->starts ? child->starts - 1 : 0);
    if (*child->last_exit)
        add_text(writer, "last-exit", child->last_exit);
    add_provides(writer, child);
    open_list(writer, "sessions");
    OS_LIST_FOR_EACH (link, &child->sessions)
        add_session(writer, OS_CONTAINER_OF(link, struct session, client_link));
    os_config_writer_end(writer);
    os_config_writer_end(writer);
}

static void add_system(struct os_config_writer *writer, const struct os_engine *engine)
{
    open_map(writer, "system");
    add_text(writer, "file", engine->generation ? os_config_file(&engine->generation->config) : engine->file);
    add_text(writer, "mode", engine->headless ? "headless" : "display");
    add_age(writer, engine->started);
    add_account(writer, engine->env->pd);
    os_config_writer_end(writer);
}

os_err os_engine_state(struct os_engine *engine, void **tree, size_t *size)
{
    struct os_config_writer writer;
    os_config_writer_init(&writer, "state");
    writer.nodes_max = STATE_NODES_MAX;
    writer.text_max = STATE_TEXT_MAX;
    open_map(&writer, "");
    add_system(&writer, engine);
    open_map(&writer, "components");
    OS_LIST_FOR_EACH (link, &engine->children)
        add_child(&writer, OS_CONTAINER_OF(link, struct child, link));
    os_config_writer_end(&writer);
    os_config_writer_end(&writer);
    os_err err = os_config_writer_finish(&writer, tree, size);
    os_config_writer_fini(&writer);
    return err;
}
