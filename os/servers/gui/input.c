/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input.c: who gets what. The pointer belongs to the view under it, and while a button is held to the view
 * where the first one went down. Keys belong to the focus. Nobody sees a key stay down that he saw go down:
 * whoever loses the focus gets its release.
 */
#include "internal.h"

static int32_t clamp(int64_t value, int64_t low, int64_t high)
{
    return (int32_t)(value < low ? low : value > high ? high : value);
}

/* An event at the pointer, in coordinates of VIEW; nothing happens without a view. */
static void send_at_pointer(struct gui *gui, struct view *view, uint32_t kind, uint32_t code)
{
    if (!view)
        return;
    client_event(view->client, (struct os_input_event){
                                   .kind = kind,
                                   .code = code,
                                   .x = clamp((int64_t)gui->pointer.x - view->rect.x, INT32_MIN, INT32_MAX),
                                   .y = clamp((int64_t)gui->pointer.y - view->rect.y, INT32_MIN, INT32_MAX),
                               });
}

static void send_to_focus(struct gui *gui, uint32_t kind, uint32_t code)
{
    if (gui->input.focus)
        client_event(gui->input.focus, (struct os_input_event){ .kind = kind, .code = code });
}

static struct view *pointer_owner(struct gui *gui)
{
    return gui->input.buttons ? gui->input.grab : gui->input.hover;
}

void input_views_changed(struct gui *gui)
{
    struct input *input = &gui->input;

    if (input->buttons || !gui->pointer.shown)
        return;
    struct view *before = input->hover, *now = view_at(gui, gui->pointer.x, gui->pointer.y);
    if (before == now)
        return;
    if (before && (!now || now->client != before->client))
        client_event(before->client, (struct os_input_event){ .kind = OS_INPUT_LEAVE });
    input->hover = now;
    send_at_pointer(gui, now, OS_INPUT_MOVE, 0);
}

void input_move(struct gui *gui, int32_t x, int32_t y)
{
    struct pointer *pointer = &gui->pointer;
    struct view *before = gui->input.hover;

    x = clamp(x, 0, gui->w ? gui->w - 1 : 0);
    y = clamp(y, 0, gui->h ? gui->h - 1 : 0);
    if (pointer->shown && pointer->x == x && pointer->y == y)
        return;
    if (pointer->shown)
        screen_damage(gui, pointer_area(pointer));
    pointer->x = x;
    pointer->y = y;
    pointer->shown = 1;
    screen_damage(gui, pointer_area(pointer));

    input_views_changed(gui);
    if (gui->input.buttons || gui->input.hover == before)
        send_at_pointer(gui, pointer_owner(gui), OS_INPUT_MOVE, 0);
}

static void press_button(struct gui *gui, uint32_t code)
{
    struct input *input = &gui->input;

    if (input->buttons++ == 0) {
        input->grab = input->hover;
        if (input->grab)
            input_focus(gui, input->grab->client);
    }
    send_at_pointer(gui, input->grab, OS_INPUT_PRESS, code);
}

static void release_button(struct gui *gui, uint32_t code)
{
    struct input *input = &gui->input;

    send_at_pointer(gui, input->grab, OS_INPUT_RELEASE, code);
    if (--input->buttons == 0) {
        input->grab = NULL;
        input_views_changed(gui);
    }
}

void input_press(struct gui *gui, uint32_t code, int repeated)
{
    if (!repeated && gui->input.held[code]++ > 0)
        repeated = 1;
    if (!is_button(code)) {
        bit_set(gui->input.sent, code, gui->input.focus != NULL);
        send_to_focus(gui, OS_INPUT_PRESS, code);
    } else if (!repeated) {
        press_button(gui, code);
    }
}

void input_release(struct gui *gui, uint32_t code)
{
    if (--gui->input.held[code] > 0)
        return;
    if (is_button(code)) {
        release_button(gui, code);
    } else if (bit_get(gui->input.sent, code)) {
        bit_set(gui->input.sent, code, 0);
        send_to_focus(gui, OS_INPUT_RELEASE, code);
    }
}

void input_wheel(struct gui *gui, int32_t x, int32_t y)
{
    const int32_t most = 1024; /* steps; keeps sums of what clients add up small */
    struct view *view = pointer_owner(gui);

    if (view)
        client_event(view->client, (struct os_input_event){ .kind = OS_INPUT_WHEEL,
                                                            .x = clamp(x, -most, most),
                                                            .y = clamp(y, -most, most) });
}

void input_text(struct gui *gui, uint32_t code)
{
    send_to_focus(gui, OS_INPUT_TEXT, code);
}

void input_focus(struct gui *gui, struct client *client)
{
    struct input *input = &gui->input;

    if (input->focus == client)
        return;
    for (uint32_t code = 0; code < KEY_CODES; code++)
        if (bit_get(input->sent, code)) {
            bit_set(input->sent, code, 0);
            send_to_focus(gui, OS_INPUT_RELEASE, code);
        }
    send_to_focus(gui, OS_INPUT_FOCUS, 0);
    input->focus = client;
    send_to_focus(gui, OS_INPUT_FOCUS, 1);
}

void input_view_gone(struct gui *gui, struct view *view)
{
    struct input *input = &gui->input;

    if (input->grab == view)
        input->grab = NULL;
    if (input->hover == view) {
        client_event(view->client, (struct os_input_event){ .kind = OS_INPUT_LEAVE });
        input->hover = NULL;
    }
    input_views_changed(gui);
}

void input_client_gone(struct gui *gui, struct client *client)
{
    struct view *front = NULL;

    if (gui->input.focus != client)
        return;
    if (!os_list_empty(&gui->views))
        front = OS_CONTAINER_OF(gui->views.next, struct view, stack);
    input_focus(gui, front ? front->client : NULL);
}

void input_screen_resized(struct gui *gui)
{
    OS_LIST_FOR_EACH (pos, &gui->clients)
        client_event(
            OS_CONTAINER_OF(pos, struct client, link),
            (struct os_input_event){ .kind = OS_INPUT_RESIZE, .x = (int32_t)gui->w, .y = (int32_t)gui->h });
    if (gui->pointer.shown)
        input_move(gui, gui->pointer.x, gui->pointer.y);
}
