/* SPDX-License-Identifier: BSD-2-Clause */
/* toolbar.h: colours, brushes and the button that clears, on a bar at the lower edge. */
#ifndef PAINT_TOOLBAR_H
#define PAINT_TOOLBAR_H

#include <os/draw.h>

enum { COLOURS = 8, BRUSHES = 5 };

extern const uint32_t toolbar_colours[COLOURS];
extern const uint32_t toolbar_brushes[BRUSHES]; /* widths in pixels */

/* What is under the pointer, or was chosen. */
struct tool {
    enum tool_kind { TOOL_NONE, TOOL_COLOUR, TOOL_BRUSH, TOOL_CLEAR } kind;
    uint32_t index;
};

struct toolbar {
    struct os_draw_box box; /* in units of the window */
    int32_t scale;          /* units for a pixel of the design; less than OS_DRAW_UNIT in small windows */
    uint32_t colour, brush; /* chosen */
    struct tool hover;
};

/* Height that the bar needs in a window of width W, in pixels, without margin. */
uint32_t toolbar_height(uint32_t w);

/* Puts the bar in the middle of a window of width W, with its upper edge at Y. */
void toolbar_place(struct toolbar *toolbar, uint32_t w, uint32_t y);

/* What is at pixel X, Y of the window. */
struct tool toolbar_at(const struct toolbar *toolbar, int32_t x, int32_t y);

/* Draws the bar with its shadow. */
void toolbar_draw(const struct toolbar *toolbar, struct os_surface *surface);

/* The pixels that toolbar_draw touches, in a window of W by H. */
struct os_rect toolbar_bounds(const struct toolbar *toolbar, uint32_t w, uint32_t h);

#endif
