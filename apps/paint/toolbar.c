/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * toolbar.c: see toolbar.h. The design is in pixels of a bar of BAR_W by BAR_H: a row of columns, each with a
 * shape above and the key that chooses it below.
 */
#include "toolbar.h"

#include <string.h>

const uint32_t toolbar_colours[COLOURS] = { 0xff2f3a45, 0xffd95d4e, 0xffeb9a3c, 0xfff2c94c,
                                            0xff5fa35f, 0xff3f8fb5, 0xff8467b0, 0xfffffdf8 };
const uint32_t toolbar_brushes[BRUSHES] = { 3, 6, 10, 16, 26 };

enum {
    EDGE = 22,        /* from the ends of the bar to the first column */
    COLUMN = 44,      /* width of a column */
    GAP = 29,         /* between groups; a line stands in its middle */
    BAR_H = 78,       /* height of the bar */
    BAR_RADIUS = 22,  /* of its corners */
    SHAPE_Y = 31,     /* middle of the shapes */
    KEY_Y = 60,       /* middle of the keys' names */
    SWATCH = 15,      /* radius of a colour */
    SHADOW = 26,      /* reach of the shadow */
    COLOURS_X = EDGE, /* where the groups begin */
    BRUSHES_X = COLOURS_X + COLOURS * COLUMN + GAP,
    CLEAR_X = BRUSHES_X + BRUSHES * COLUMN + GAP,
    BAR_W = CLEAR_X + COLUMN + EDGE,
};

#define BAR_COLOUR    0xffffffffu
#define QUIET_COLOUR  0xff9aa0a3u /* names of keys, lines of icons */
#define CHOSEN_COLOUR 0xffe9eeeau /* behind what is chosen */
#define HOVER_COLOUR  0xfff4f6f4u /* behind what the pointer is on */
#define LINE_COLOUR   0xffe6e3deu
#define RING_COLOUR   0xff2f3a45u

static int32_t scale_for(uint32_t w)
{
    uint32_t need = BAR_W + 48;
    return w >= need ? OS_DRAW_UNIT : (int32_t)(w * OS_DRAW_UNIT / need);
}

uint32_t toolbar_height(uint32_t w)
{
    return (uint32_t)(BAR_H * scale_for(w) / OS_DRAW_UNIT);
}

void toolbar_place(struct toolbar *toolbar, uint32_t w, uint32_t y)
{
    int32_t scale = scale_for(w), width = BAR_W * scale;

    toolbar->scale = scale;
    toolbar->box = (struct os_draw_box){ .x = ((int32_t)w * OS_DRAW_UNIT - width) / 2 & ~(OS_DRAW_UNIT - 1),
                                         .y = (int32_t)y * OS_DRAW_UNIT,
                                         .w = width,
                                         .h = BAR_H * scale,
                                         .radius = BAR_RADIUS * scale };
}

/* Left edge of a tool's column, in pixels of the design. */
static int32_t column_of(struct tool tool)
{
    static const int32_t group[] = { 0, COLOURS_X, BRUSHES_X, CLEAR_X };
    return group[tool.kind] + (int32_t)tool.index * COLUMN;
}

struct tool toolbar_at(const struct toolbar *toolbar, int32_t x, int32_t y)
{
    static const struct {
        enum tool_kind kind;
        int32_t x, count;
    } groups[] = { { TOOL_COLOUR, COLOURS_X, COLOURS },
                   { TOOL_BRUSH, BRUSHES_X, BRUSHES },
                   { TOOL_CLEAR, CLEAR_X, 1 } };
    int64_t along = (int64_t)x * OS_DRAW_UNIT - toolbar->box.x;
    int64_t down = (int64_t)y * OS_DRAW_UNIT - toolbar->box.y;

    if (down < 0 || down >= toolbar->box.h || along < 0 || along >= toolbar->box.w)
        return (struct tool){ TOOL_NONE, 0 };
    int32_t at = (int32_t)(along / toolbar->scale);
    for (size_t i = 0; i < OS_ARRAY_LEN(groups); i++)
        if (at >= groups[i].x && at < groups[i].x + groups[i].count * COLUMN)
            return (struct tool){ groups[i].kind, (uint32_t)(at - groups[i].x) / COLUMN };
    return (struct tool){ TOOL_NONE, 0 };
}

/* ---- drawing; positions in quarters of a pixel of the design, from the bar's top left */

struct painter {
    const struct toolbar *toolbar;
    struct os_surface *surface;
};

static int32_t units(const struct painter *painter, int32_t quarters)
{
    return quarters * painter->toolbar->scale / 4;
}

static void line(const struct painter *painter, int32_t x0, int32_t y0, int32_t x1, int32_t y1, int32_t width,
                 uint32_t colour)
{
    const struct os_draw_box *bar = &painter->toolbar->box;
    struct os_draw_line shape = { bar->x + units(painter, x0), bar->y + units(painter, y0),
                                  bar->x + units(painter, x1), bar->y + units(painter, y1),
                                  units(painter, width) / 2 };

    os_draw_line(painter->surface, shape, colour);
}

static void disc(const struct painter *painter, int32_t x, int32_t y, int32_t width, uint32_t colour)
{
    line(painter, x, y, x, y, width, colour);
}

static struct os_draw_box round_box(const struct painter *painter, int32_t x, int32_t y, int32_t w, int32_t h,
                                    int32_t radius)
{
    const struct os_draw_box *bar = &painter->toolbar->box;

    return (struct os_draw_box){ bar->x + units(painter, x), bar->y + units(painter, y), units(painter, w),
                                 units(painter, h), units(painter, radius) };
}

/* Names of keys, as lines on a field of 4 by 6 around the middle: pairs of digits x, y; a blank lifts the
 * pen. */
static const char *const key_shapes[COLOURS] = {
    "112026",
    "01103041420646",
    "0110304142334445361605 2333",
    "36300444",
    "400002324345361605",
    "4130100105163645443303",
    "004016",
    "103041423344453616050413020110 1333",
};
static const char key_left[] = "30101636", key_right[] = "10303616", key_clear[] = "4130100105163645";

static void key_name(const struct painter *painter, const char *shape, int32_t column)
{
    int32_t left = (column + COLUMN / 2) * 4 - 10, top = KEY_Y * 4 - 15;

    for (const char *at = shape; at[2]; at += at[2] == ' ' ? 3 : 2)
        if (at[2] != ' ')
            line(painter, left + (at[0] - '0') * 5, top + (at[1] - '0') * 5, left + (at[2] - '0') * 5,
                 top + (at[3] - '0') * 5, 5, QUIET_COLOUR);
}

static void draw_behind(const struct painter *painter, struct tool tool, uint32_t colour)
{
    if (tool.kind != TOOL_NONE)
        os_draw_box(painter->surface,
                    round_box(painter, (column_of(tool) + 1) * 4, 10 * 4, (COLUMN - 2) * 4, 42 * 4, 12 * 4),
                    colour);
}

static void draw_colour(const struct painter *painter, uint32_t index)
{
    int32_t column = column_of((struct tool){ TOOL_COLOUR, index });
    int32_t x = (column + COLUMN / 2) * 4, y = SHAPE_Y * 4, width = SWATCH * 8;

    if (painter->toolbar->colour == index) {
        disc(painter, x, y, width + 32, RING_COLOUR);
        disc(painter, x, y, width + 16, BAR_COLOUR);
    }
    /* The colour of the paper would not be seen on the bar. */
    if (index == COLOURS - 1)
        disc(painter, x, y, width, 0xffc9c5bdu);
    disc(painter, x, y, index == COLOURS - 1 ? width - 10 : width, toolbar_colours[index]);
    key_name(painter, key_shapes[index], column);
}

static void draw_brush(const struct painter *painter, uint32_t index)
{
    int32_t column = column_of((struct tool){ TOOL_BRUSH, index });

    disc(painter, (column + COLUMN / 2) * 4, SHAPE_Y * 4, (int32_t)toolbar_brushes[index] * 4, 0xff4b555du);
    if (index == 0)
        key_name(painter, key_left, column);
    if (index == BRUSHES - 1)
        key_name(painter, key_right, column);
}

/* A sheet with a corner turned down, and a cross on it. */
static void draw_clear(const struct painter *painter)
{
    int32_t x = (CLEAR_X + COLUMN / 2) * 4, y = SHAPE_Y * 4, width = 8;
    uint32_t colour = 0xff4b555du;

    os_draw_frame(painter->surface, round_box(painter, x - 36, y - 44, 72, 88, 14), units(painter, width),
                  colour);
    line(painter, x - 14, y - 14, x + 14, y + 14, width, colour);
    line(painter, x - 14, y + 14, x + 14, y - 14, width, colour);
    key_name(painter, key_clear, CLEAR_X);
}

static void draw_separator(const struct painter *painter, int32_t group)
{
    int32_t x = (group - GAP / 2) * 4;

    line(painter, x, 18 * 4, x, (BAR_H - 18) * 4, 5, LINE_COLOUR);
}

void toolbar_draw(const struct toolbar *toolbar, struct os_surface *surface)
{
    struct painter painter = { toolbar, surface };
    struct os_draw_box shadow = toolbar->box;

    shadow.y += units(&painter, 6 * 4);
    os_draw_shadow(surface, shadow, SHADOW * toolbar->scale, 0x30302a20u);
    os_draw_box(surface, toolbar->box, BAR_COLOUR);
    draw_behind(&painter, toolbar->hover, HOVER_COLOUR);
    draw_behind(&painter, (struct tool){ TOOL_BRUSH, toolbar->brush }, CHOSEN_COLOUR);
    for (uint32_t i = 0; i < COLOURS; i++)
        draw_colour(&painter, i);
    for (uint32_t i = 0; i < BRUSHES; i++)
        draw_brush(&painter, i);
    draw_clear(&painter);
    draw_separator(&painter, BRUSHES_X);
    draw_separator(&painter, CLEAR_X);
}

struct os_rect toolbar_bounds(const struct toolbar *toolbar, uint32_t w, uint32_t h)
{
    int32_t reach = (SHADOW + 8) * toolbar->scale;
    struct os_draw_line middle = { toolbar->box.x, toolbar->box.y, toolbar->box.x + toolbar->box.w,
                                   toolbar->box.y + toolbar->box.h, reach };

    return os_draw_line_bounds(middle, w, h);
}
