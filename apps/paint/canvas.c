/* SPDX-License-Identifier: BSD-2-Clause */
/* canvas.c: see canvas.h. */
#include "canvas.h"

#include <stdlib.h>
#include <string.h>

static void fill(uint32_t *pixels, size_t count)
{
    while (count--)
        *pixels++ = PAPER;
}

os_err canvas_grow(struct canvas *canvas, uint32_t w, uint32_t h)
{
    if (w <= canvas->w && h <= canvas->h)
        return OS_OK;
    w = w > canvas->w ? w : canvas->w;
    h = h > canvas->h ? h : canvas->h;

    uint32_t *paper = malloc((size_t)w * h * sizeof(*paper));
    uint8_t *mask = calloc(w, h);
    if (!paper || !mask) {
        free(paper);
        free(mask);
        return OS_ERR_NO_MEMORY;
    }
    canvas_end(canvas);
    fill(paper, (size_t)w * h);
    uint32_t left = (w - canvas->w) / 2, top = (h - canvas->h) / 2;
    for (uint32_t y = 0; y < canvas->h; y++)
        memcpy(paper + (size_t)(top + y) * w + left, canvas->paper + (size_t)y * canvas->w,
               canvas->w * sizeof(*paper));
    free(canvas->paper);
    free(canvas->mask);
    *canvas = (struct canvas){ .w = w, .h = h, .paper = paper, .mask = mask };
    return OS_OK;
}

void canvas_clear(struct canvas *canvas)
{
    canvas_end(canvas);
    fill(canvas->paper, (size_t)canvas->w * canvas->h);
}

void canvas_begin(struct canvas *canvas, uint32_t colour)
{
    canvas_end(canvas);
    canvas->colour = colour;
}

struct os_rect rect_unite(struct os_rect a, struct os_rect b)
{
    if (!a.w || !a.h)
        return b;
    if (!b.w || !b.h)
        return a;
    int32_t x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
    int32_t right = a.x + (int32_t)a.w, bottom = a.y + (int32_t)a.h;
    right = right > b.x + (int32_t)b.w ? right : b.x + (int32_t)b.w;
    bottom = bottom > b.y + (int32_t)b.h ? bottom : b.y + (int32_t)b.h;
    return (struct os_rect){ x, y, (uint32_t)(right - x), (uint32_t)(bottom - y) };
}

struct os_rect canvas_line(struct canvas *canvas, struct os_draw_line line)
{
    struct os_rect rect = os_draw_line_bounds(line, canvas->w, canvas->h);

    os_draw_line_mask(canvas->mask, canvas->w, canvas->h, line);
    canvas->touched = rect_unite(canvas->touched, rect);
    return rect;
}

void canvas_end(struct canvas *canvas)
{
    struct os_rect rect = canvas->touched;

    for (uint32_t y = (uint32_t)rect.y; y < (uint32_t)rect.y + rect.h; y++)
        for (uint32_t x = (uint32_t)rect.x; x < (uint32_t)rect.x + rect.w; x++) {
            canvas->paper[(size_t)y * canvas->w + x] = canvas_pixel(canvas, x, y);
            canvas->mask[(size_t)y * canvas->w + x] = 0;
        }
    canvas->touched = (struct os_rect){ 0, 0, 0, 0 };
}
