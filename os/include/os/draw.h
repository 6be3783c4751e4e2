/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * draw.h: a small drawing library: boxes with round corners, lines with round ends, soft shadows, all
 * anti-aliased. It computes in integers only, so that a picture is the same on every machine and with every
 * compiler.
 *
 * Positions and lengths in "units" are 1/64 pixel; the middle of the pixel at the top left is at 32, 32.
 * Colours are 0xAARRGGBB, alpha not multiplied in; pixels are 0xXXRRGGBB, as of gui.h. All functions: any
 * thread.
 */
#ifndef OS_DRAW_H
#define OS_DRAW_H

#include <os/gui.h>

#define OS_DRAW_UNIT 64

/* Pixels to draw on; what lies outside of the clip is left alone. The clip must lie within the pixels. */
struct os_surface {
    uint32_t *pixels;
    uint32_t w, h;
    struct os_rect clip;
};

/* A box, in units. The radius of its corners is at most half its width and height. */
struct os_draw_box {
    int32_t x, y, w, h, radius;
};

/* A line with round ends, in units; with both ends at one place it is a disc. */
struct os_draw_line {
    int32_t x0, y0, x1, y1, radius;
};

/* All of W by H pixels, as a surface. */
struct os_surface os_surface_make(uint32_t *pixels, uint32_t w, uint32_t h);

/* COLOUR over PIXEL, with alpha of the colour times COVER, 0 to 255. */
uint32_t os_draw_blend(uint32_t pixel, uint32_t colour, uint32_t cover);

/* RECT, in pixels. */
void os_draw_fill(struct os_surface *surface, struct os_rect rect, uint32_t colour);

void os_draw_box(struct os_surface *surface, struct os_draw_box box, uint32_t colour);
/* A frame of WIDTH units, inside the edge of the box. */
void os_draw_frame(struct os_surface *surface, struct os_draw_box box, int32_t width, uint32_t colour);
/* What a box casts: weaker with the distance, gone at REACH units from it. */
void os_draw_shadow(struct os_surface *surface, struct os_draw_box box, int32_t reach, uint32_t colour);
void os_draw_line(struct os_surface *surface, struct os_draw_line line, uint32_t colour);

/* The pixels that a line touches, cut to W by H. */
struct os_rect os_draw_line_bounds(struct os_draw_line line, uint32_t w, uint32_t h);

/*
 * How much of each pixel of W by H the line covers, 0 to 255, where it is more than MASK has already. A
 * stroke of many lines is drawn in a mask and blended once, so that its lines do not show.
 */
void os_draw_line_mask(uint8_t *mask, uint32_t w, uint32_t h, struct os_draw_line line);

/* A point of the curve from P0 to P2 that bends towards P1; T from 0 to OS_DRAW_CURVE. One coordinate. */
#define OS_DRAW_CURVE 1024
static inline int32_t os_draw_curve(int32_t p0, int32_t p1, int32_t p2, int32_t t)
{
    int64_t s = OS_DRAW_CURVE - t;
    return (int32_t)((s * s * p0 + 2 * s * t * p1 + (int64_t)t * t * p2) / (OS_DRAW_CURVE * OS_DRAW_CURVE));
}

#endif
