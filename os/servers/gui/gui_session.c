/* SPDX-License-Identifier: BSD-2-Clause */
/* gui_session.c: what applications ask for: a buffer, views of it, and their input. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct client *client_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct client, object);
}

void client_event(struct client *client, struct os_input_event event)
{
    int first = !client->queue.count;

    /* While a button is held every move counts: somebody may be drawing. */
    queue_put(&client->queue, event, !client->gui->input.buttons);
    client->busy = 1;
    if (first)
        os_signal_submit(client->handler);
}

/* Whoever gave no handler does not read its input, and would be waited for in vain. */
static int has_to_do(const struct client *client)
{
    return client->busy && client->handler.cap.id;
}

int clients_settled(struct gui *gui)
{
    OS_LIST_FOR_EACH (pos, &gui->clients)
        if (has_to_do(OS_CONTAINER_OF(pos, struct client, link)))
            return 0;
    return 1;
}

void clients_nudge(struct gui *gui)
{
    OS_LIST_FOR_EACH (pos, &gui->clients) {
        struct client *client = OS_CONTAINER_OF(pos, struct client, link);
        if (has_to_do(client))
            os_signal_submit(client->handler);
    }
}

static os_err mode(struct os_rpc *rpc, uint32_t *w, uint32_t *h)
{
    *w = client_of(rpc)->gui->w;
    *h = client_of(rpc)->gui->h;
    return OS_OK;
}

static void damage_views(struct client *client)
{
    OS_LIST_FOR_EACH (pos, &client->views)
        screen_damage(client->gui, view_area(OS_CONTAINER_OF(pos, struct view, link)));
}

static os_err buffer(struct os_rpc *rpc, uint32_t w, uint32_t h, os_dataspace_cap *ds)
{
    struct client *client = client_of(rpc);
    struct gui *gui = client->gui;

    damage_views(client);
    os_err err = buffer_replace(&client->buffer, gui->env, &client->session.quota, w, h, 1);
    damage_views(client);
    input_views_changed(gui);
    if (!err)
        ds->cap = os_cap_copy(client->buffer.ds.cap);
    return err;
}

static struct view *find_view(struct client *client, uint32_t id)
{
    OS_LIST_FOR_EACH (pos, &client->views) {
        struct view *view = OS_CONTAINER_OF(pos, struct view, link);
        if (view->id == id)
            return view;
    }
    return NULL;
}

/* Ids are not given again before all others were, so that a stale one is not another view soon. */
static uint32_t new_id(struct client *client)
{
    do
        client->last_view++;
    while (!client->last_view || find_view(client, client->last_view));
    return client->last_view;
}

static int rect_valid(struct os_rect rect)
{
    return rect.w <= OS_GUI_MAX_SIZE && rect.h <= OS_GUI_MAX_SIZE;
}

static void show_change(struct view *view)
{
    screen_damage(view->client->gui, view_area(view));
    input_views_changed(view->client->gui);
}

static os_err view_create(struct os_rpc *rpc, struct os_rect rect, int32_t x, int32_t y, uint32_t *id)
{
    struct client *client = client_of(rpc);
    struct view *view;

    if (!rect_valid(rect))
        return OS_ERR_BAD_ARG;
    if (client->view_count == MAX_VIEWS)
        return OS_ERR_CAPS;
    os_err err = os_quota_charge(&client->session.quota, sizeof(*view), 1);
    if (err)
        return err;
    view = calloc(1, sizeof(*view));
    if (!view) {
        os_quota_refund(&client->session.quota, sizeof(*view), 1);
        return OS_ERR_NO_MEMORY;
    }
    view->client = client;
    view->id = new_id(client);
    view->rect = rect;
    view->x = x;
    view->y = y;
    client->view_count++;
    os_list_insert(&client->views, &view->link);
    os_list_insert(client->gui->views.next, &view->stack);
    show_change(view);
    input_focus(client->gui, client);
    *id = view->id;
    return OS_OK;
}

static os_err view_move(struct os_rpc *rpc, uint32_t id, struct os_rect rect)
{
    struct view *view = find_view(client_of(rpc), id);

    if (!view)
        return OS_ERR_NOT_FOUND;
    if (!rect_valid(rect))
        return OS_ERR_BAD_ARG;
    screen_damage(view->client->gui, view_area(view));
    view->rect = rect;
    show_change(view);
    return OS_OK;
}

/* Puts a view before POS in the stack of all views. */
static os_err restack(struct os_rpc *rpc, uint32_t id, int front)
{
    struct client *client = client_of(rpc);
    struct view *view = find_view(client, id);

    if (!view)
        return OS_ERR_NOT_FOUND;
    os_list_remove(&view->stack);
    os_list_insert(front ? client->gui->views.next : &client->gui->views, &view->stack);
    show_change(view);
    return OS_OK;
}

static os_err view_front(struct os_rpc *rpc, uint32_t id)
{
    return restack(rpc, id, 1);
}

static os_err view_back(struct os_rpc *rpc, uint32_t id)
{
    return restack(rpc, id, 0);
}

static os_err view_title(struct os_rpc *rpc, uint32_t id, const char *title)
{
    struct view *view = find_view(client_of(rpc), id);

    if (!view)
        return OS_ERR_NOT_FOUND;
    strncpy(view->title, title, sizeof(view->title) - 1);
    return OS_OK;
}

static void destroy_view(struct view *view)
{
    struct client *client = view->client;

    screen_damage(client->gui, view_area(view));
    os_list_remove(&view->stack);
    os_list_remove(&view->link);
    client->view_count--;
    input_view_gone(client->gui, view);
    os_quota_refund(&client->session.quota, sizeof(*view), 1);
    free(view);
}

static os_err view_destroy(struct os_rpc *rpc, uint32_t id)
{
    struct view *view = find_view(client_of(rpc), id);

    if (!view)
        return OS_ERR_NOT_FOUND;
    destroy_view(view);
    return OS_OK;
}

static os_err refresh(struct os_rpc *rpc, struct os_rect rect)
{
    struct client *client = client_of(rpc);

    OS_LIST_FOR_EACH (pos, &client->views) {
        struct view *view = OS_CONTAINER_OF(pos, struct view, link);
        int64_t dx = (int64_t)view->rect.x - view->x, dy = (int64_t)view->rect.y - view->y;
        screen_damage(client->gui, area_from_rect(rect, dx, dy, view_area(view)));
    }
    return OS_OK;
}

static os_err input(struct os_rpc *rpc, uint8_t (*events)[1024], size_t *events_len)
{
    struct client *client = client_of(rpc);
    struct gui *gui = client->gui;
    struct os_input_event taken[1024 / sizeof(struct os_input_event)];
    uint32_t count = queue_take(&client->queue, taken, OS_ARRAY_LEN(taken));

    *events_len = count * sizeof(taken[0]);
    memcpy(events, taken, *events_len);
    client->busy = count > 0;
    /* Who waits until it is done learns of that when it comes again. */
    if (client->queue.count || (client->busy && settle_awaited(gui)))
        os_signal_submit(client->handler);
    settle_check(gui);
    return OS_OK;
}

static os_err input_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct client *client = client_of(rpc);

    os_cap_drop(client->handler.cap);
    client->handler.cap = os_cap_copy(handler.cap);
    if (client->queue.count)
        os_signal_submit(client->handler);
    return OS_OK;
}

static const struct os_gui_ops gui_ops = {
    .mode = mode,
    .buffer = buffer,
    .view_create = view_create,
    .view_move = view_move,
    .view_front = view_front,
    .view_back = view_back,
    .view_title = view_title,
    .view_destroy = view_destroy,
    .refresh = refresh,
    .input = input,
    .input_sigh = input_sigh,
};

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct gui *gui = OS_CONTAINER_OF(root, struct gui, gui_root);
    struct client *client;
    os_gui_cap gui_cap;
    os_err err = os_quota_charge(&request->quota, sizeof(*client), 1);
    if (err)
        return err;

    client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    err = os_gui_object_init(&client->object, gui->env->ep, &gui_ops, &gui_cap);
    if (err) {
        free(client);
        return err;
    }
    client->gui = gui;
    os_list_init(&client->views);
    os_list_insert(&gui->clients, &client->link);
    *session = &client->session;
    cap->cap = gui_cap.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);
    struct gui *gui = client->gui;

    while (!os_list_empty(&client->views))
        destroy_view(OS_CONTAINER_OF(client->views.next, struct view, link));
    input_client_gone(gui, client);
    os_list_remove(&client->link);
    settle_check(gui);
    os_object_fini(&client->object);
    os_cap_drop(client->handler.cap);
    buffer_free(&client->buffer, gui->env, &client->session.quota);
    free(client);
}

const struct os_root_handlers gui_handlers = { .open = open_session, .close = close_session };
