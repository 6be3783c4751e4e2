/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture_session.c: display drivers take the picture here. The newest session that has a buffer is the
 * screen; if it closes, the one before is the screen again, and without any the size stays what it was: a
 * driver that is restarted finds everything as it left it.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct capture *capture_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct capture, object);
}

/* The session that is the screen, or NULL. */
static struct capture *current(struct gui *gui)
{
    OS_LIST_FOR_EACH (pos, &gui->captures) {
        struct capture *capture = OS_CONTAINER_OF(pos, struct capture, link);
        if (capture->buffer.w)
            return capture;
    }
    return NULL;
}

static void notify(struct capture *capture)
{
    if (!capture || capture->signalled || !capture->gui->damage.count || !capture->handler.cap.id)
        return;
    capture->signalled = 1;
    os_signal_submit(capture->handler);
}

void screen_damage(struct gui *gui, struct area area)
{
    damage_add(&gui->damage, area_intersect(area, screen_area(gui)));
    notify(current(gui));
}

/* Another session may be the screen, or it has another buffer: all of it is to be drawn. */
static void screen_changed(struct gui *gui)
{
    struct capture *capture = current(gui);
    if (!capture)
        return;

    int resized = gui->w != capture->buffer.w || gui->h != capture->buffer.h;
    gui->w = capture->buffer.w;
    gui->h = capture->buffer.h;
    gui->damage.count = 0;
    screen_damage(gui, screen_area(gui));
    if (resized) {
        input_screen_resized(gui);
        input_views_changed(gui);
    }
}

static os_err buffer(struct os_rpc *rpc, uint32_t w, uint32_t h, os_dataspace_cap *ds)
{
    struct capture *capture = capture_of(rpc);
    struct gui *gui = capture->gui;
    os_dataspace_cap readonly;

    /* Two caps: the dataspace and the capability that does not allow writing. */
    os_err err = buffer_replace(&capture->buffer, gui->env, &capture->session.quota, w, h, 2);
    if (!err) {
        err = os_dataspace_readonly(capture->buffer.ds, &readonly);
        if (err)
            buffer_free(&capture->buffer, gui->env, &capture->session.quota);
    }
    /* The newest: whoever asks for a buffer wants to be the screen. */
    os_list_remove(&capture->link);
    os_list_insert(gui->captures.next, &capture->link);
    screen_changed(gui);
    if (!err)
        *ds = readonly;
    return err;
}

static os_err capture(struct os_rpc *rpc, uint8_t (*rects)[1024], size_t *rects_len)
{
    struct capture *capture = capture_of(rpc);
    struct gui *gui = capture->gui;

    _Static_assert(DAMAGE_MAX * sizeof(struct os_rect) <= sizeof(*rects), "the damage fits in the reply");
    *rects_len = 0;
    capture->signalled = 0;
    if (capture != current(gui))
        return OS_OK;
    for (uint32_t i = 0; i < gui->damage.count; i++) {
        struct os_rect rect = area_to_rect(gui->damage.areas[i]);
        compose(gui, capture->buffer.region.at, gui->damage.areas[i]);
        memcpy(*rects + *rects_len, &rect, sizeof(rect));
        *rects_len += sizeof(rect);
    }
    gui->damage.count = 0;
    return OS_OK;
}

static os_err sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct capture *capture = capture_of(rpc);

    os_cap_drop(capture->handler.cap);
    capture->handler.cap = os_cap_copy(handler.cap);
    capture->signalled = 0;
    if (capture == current(capture->gui))
        notify(capture);
    return OS_OK;
}

static const struct os_capture_ops capture_ops = { .buffer = buffer, .capture = capture, .sigh = sigh };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct gui *gui = OS_CONTAINER_OF(root, struct gui, capture_root);
    struct capture *capture;
    os_capture_cap capture_cap;
    os_err err = os_quota_charge(&request->quota, sizeof(*capture), 1);
    if (err)
        return err;

    capture = calloc(1, sizeof(*capture));
    if (!capture)
        return OS_ERR_NO_MEMORY;
    err = os_capture_object_init(&capture->object, gui->env->ep, &capture_ops, &capture_cap);
    if (err) {
        free(capture);
        return err;
    }
    capture->gui = gui;
    os_list_insert(gui->captures.next, &capture->link);
    *session = &capture->session;
    cap->cap = capture_cap.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct capture *capture = OS_CONTAINER_OF(session, struct capture, session);
    struct gui *gui = capture->gui;
    int was_screen = capture == current(gui);

    os_list_remove(&capture->link);
    os_object_fini(&capture->object);
    os_cap_drop(capture->handler.cap);
    buffer_free(&capture->buffer, gui->env, &capture->session.quota);
    free(capture);
    if (was_screen)
        screen_changed(gui);
}

const struct os_root_handlers capture_handlers = { .open = open_session, .close = close_session };
