/* SPDX-License-Identifier: BSD-2-Clause */
/* event_session.c: input drivers submit here. What a driver sends is checked as a whole before any of it
 * counts. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct source *source_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct source, object);
}

static int event_valid(const struct os_input_event *event)
{
    switch (event->kind) {
    case OS_INPUT_MOVE:
    case OS_INPUT_WHEEL:
        return 1;
    case OS_INPUT_PRESS:
    case OS_INPUT_RELEASE:
        return event->code < KEY_CODES;
    case OS_INPUT_TEXT: /* a character: no control code, no surrogate */
        return event->code >= 0x20 && event->code != 0x7f && event->code <= 0x10ffff &&
               (event->code < 0xd800 || event->code > 0xdfff);
    default:
        return 0;
    }
}

/* A press of what this source holds already is a repetition, a release of what it does not hold is nothing.
 */
static void press(struct source *source, const struct os_input_event *event)
{
    int repeated = bit_get(source->held, event->code);

    bit_set(source->held, event->code, 1);
    input_press(source->gui, event->code, repeated);
}

static void release(struct source *source, uint32_t code)
{
    if (!bit_get(source->held, code))
        return;
    bit_set(source->held, code, 0);
    input_release(source->gui, code);
}

static void apply(struct source *source, const struct os_input_event *event)
{
    switch (event->kind) {
    case OS_INPUT_MOVE:
        input_move(source->gui, event->x, event->y);
        break;
    case OS_INPUT_PRESS:
        if (is_button(event->code))
            input_move(source->gui, event->x, event->y);
        press(source, event);
        break;
    case OS_INPUT_RELEASE:
        if (is_button(event->code))
            input_move(source->gui, event->x, event->y);
        release(source, event->code);
        break;
    case OS_INPUT_WHEEL:
        input_wheel(source->gui, event->x, event->y);
        break;
    case OS_INPUT_TEXT:
        input_text(source->gui, event->code);
        break;
    }
}

static os_err submit(struct os_rpc *rpc, const void *data, size_t len)
{
    struct os_input_event events[1024 / sizeof(struct os_input_event)];
    size_t count = len / sizeof(events[0]);

    if (len % sizeof(events[0]))
        return OS_ERR_BAD_ARG;
    memcpy(events, data, len);
    for (size_t i = 0; i < count; i++)
        if (!event_valid(&events[i]))
            return OS_ERR_BAD_ARG;
    for (size_t i = 0; i < count; i++)
        apply(source_of(rpc), &events[i]);
    return OS_OK;
}

int settle_awaited(struct gui *gui)
{
    OS_LIST_FOR_EACH (pos, &gui->sources)
        if (os_reply_owed(&OS_CONTAINER_OF(pos, struct source, link)->settle))
            return 1;
    return 0;
}

void settle_check(struct gui *gui)
{
    if (!settle_awaited(gui) || !clients_settled(gui))
        return;
    OS_LIST_FOR_EACH (pos, &gui->sources) {
        struct source *source = OS_CONTAINER_OF(pos, struct source, link);
        if (os_reply_owed(&source->settle))
            os_event_settle_reply(&source->settle, OS_OK);
    }
}

static os_err settle(struct os_rpc *rpc)
{
    struct source *source = source_of(rpc);

    if (os_reply_owed(&source->settle))
        os_event_settle_reply(&source->settle, OS_OK);
    if (clients_settled(source->gui))
        return OS_OK;
    os_reply_keep(rpc, &source->settle);
    clients_nudge(source->gui);
    return OS_REPLY_LATER;
}

static const struct os_event_ops event_ops = { .submit = submit, .settle = settle };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct gui *gui = OS_CONTAINER_OF(root, struct gui, event_root);
    struct source *source;
    os_event_cap event_cap;
    os_err err = os_quota_charge(&request->quota, sizeof(*source), 1);
    if (err)
        return err;

    source = calloc(1, sizeof(*source));
    if (!source)
        return OS_ERR_NO_MEMORY;
    err = os_event_object_init(&source->object, gui->env->ep, &event_ops, &event_cap);
    if (err) {
        free(source);
        return err;
    }
    source->gui = gui;
    os_list_insert(&gui->sources, &source->link);
    *session = &source->session;
    cap->cap = event_cap.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct source *source = OS_CONTAINER_OF(session, struct source, session);

    for (uint32_t code = 0; code < KEY_CODES; code++)
        release(source, code);
    os_list_remove(&source->link);
    os_object_fini(&source->object);
    free(source);
}

const struct os_root_handlers event_handlers = { .open = open_session, .close = close_session };
