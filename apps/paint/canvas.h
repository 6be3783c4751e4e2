/* SPDX-License-Identifier: BSD-2-Clause */
/* canvas.h: the sheet of paper: what was drawn, and the stroke that is being drawn. */
#ifndef PAINT_CANVAS_H
#define PAINT_CANVAS_H

#include <os/draw.h>

#define PAPER 0xfffffdf8u

/*
 * A stroke is kept apart in a mask until it ends, so that its many short lines become one shape with one soft
 * edge. The sheet grows with the window and does not shrink, so that nothing drawn is lost.
 */
struct canvas {
    uint32_t w, h;
    uint32_t *paper;
    uint8_t *mask;
    uint32_t colour;        /* of the stroke */
    struct os_rect touched; /* by the stroke */
};

/* Makes the sheet at least W by H; what was drawn stays in its middle. OS_ERR_NO_MEMORY leaves it as it was.
 */
OS_MUST_CHECK os_err canvas_grow(struct canvas *canvas, uint32_t w, uint32_t h);

void canvas_clear(struct canvas *canvas);

/* A stroke: begins, gets lines, ends. Positions in units of the sheet. */
void canvas_begin(struct canvas *canvas, uint32_t colour);
/* Adds a line; the rectangle of pixels that may have changed. */
struct os_rect canvas_line(struct canvas *canvas, struct os_draw_line line);
void canvas_end(struct canvas *canvas);

/* The smallest rectangle with both in it; empty ones do not count. */
struct os_rect rect_unite(struct os_rect a, struct os_rect b);

/* The colour of a pixel, the stroke included. */
static inline uint32_t canvas_pixel(const struct canvas *canvas, uint32_t x, uint32_t y)
{
    size_t i = (size_t)y * canvas->w + x;
    return canvas->mask[i] ? os_draw_blend(canvas->paper[i], canvas->colour, canvas->mask[i])
                           : canvas->paper[i];
}

/* sketch.c: what is on a new sheet, as large as fits in W by H pixels in its middle. */
void sketch_draw(struct canvas *canvas, uint32_t w, uint32_t h);

#endif
