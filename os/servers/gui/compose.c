/* SPDX-License-Identifier: BSD-2-Clause */
/* compose.c: the picture: background, views from back to front, pointer; only where something has changed. */
#include "internal.h"

#include <string.h>

struct area screen_area(const struct gui *gui)
{
    return (struct area){ 0, 0, (int32_t)gui->w, (int32_t)gui->h };
}

struct area view_area(const struct view *view)
{
    const struct buffer *buffer = &view->client->buffer;
    struct area screen = screen_area(view->client->gui);
    struct os_rect all = { 0, 0, buffer->w, buffer->h };
    struct area shown =
        area_from_rect(all, (int64_t)view->rect.x - view->x, (int64_t)view->rect.y - view->y, screen);

    return area_intersect(shown, area_from_rect(view->rect, 0, 0, screen));
}

struct view *view_at(struct gui *gui, int32_t x, int32_t y)
{
    OS_LIST_FOR_EACH (pos, &gui->views) {
        struct view *view = OS_CONTAINER_OF(pos, struct view, stack);
        if (area_has_point(view_area(view), x, y))
            return view;
    }
    return NULL;
}

static void compose_background(struct gui *gui, uint32_t *pixels, struct area area)
{
    for (int32_t y = area.y0; y < area.y1; y++)
        background_row(gui->w, gui->h, y, area.x0, area.x1, pixels + (size_t)y * gui->w + area.x0);
}

static void compose_view(const struct view *view, uint32_t *pixels, uint32_t stride, struct area area)
{
    const struct buffer *buffer = &view->client->buffer;
    const uint32_t *from = buffer->region.at;

    area = area_intersect(area, view_area(view));
    if (area_empty(area))
        return;
    /* Within the buffer, because view_area is. */
    int64_t dx = (int64_t)view->x - view->rect.x, dy = (int64_t)view->y - view->rect.y;
    for (int32_t y = area.y0; y < area.y1; y++)
        memcpy(pixels + (size_t)y * stride + area.x0,
               from + (size_t)(y + dy) * buffer->w + (size_t)(area.x0 + dx),
               (size_t)(area.x1 - area.x0) * sizeof(*pixels));
}

void compose(struct gui *gui, uint32_t *pixels, struct area area)
{
    struct os_list *back = gui->views.next;

    /* Nothing is seen of what lies behind a view that covers all of it. */
    while (back != &gui->views && !area_contains(view_area(OS_CONTAINER_OF(back, struct view, stack)), area))
        back = back->next;
    if (back == &gui->views) {
        compose_background(gui, pixels, area);
        back = back->prev;
    }
    for (; back != &gui->views; back = back->prev)
        compose_view(OS_CONTAINER_OF(back, struct view, stack), pixels, gui->w, area);
    if (gui->pointer.shown)
        pointer_blend(&gui->pointer, pixels, gui->w, area);
}
