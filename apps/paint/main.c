/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: paint, a sheet of paper to draw on with the mouse. One view fills the screen: the desk, the sheet,
 * and the bar of tools. Everything happens in handle_input, when the gui says that events wait. When the gui
 * ends, the sheet is shown at the next one.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/rom.h>
#include <os/watch.h>
#include "canvas.h"
#include "toolbar.h"

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Gui]\n"
            "ram: 96M\n"
            "caps: 64\n");

#define DESK_COLOUR 0xffe7e3dau

enum { MARGIN = 28 }; /* around sheet and bar, in pixels */

struct paint {
    struct os_env *env;
    struct os_gui_session gui;
    uint64_t donated;      /* to the gui, bytes */
    struct os_watch watch; /* of the gui */
    struct os_signal_handler input;
    os_signal_cap input_cap;
    struct os_region region; /* the buffer: pixels of the window */
    uint32_t w, h, view;
    struct os_rect sheet; /* where it is in the window */
    struct canvas canvas;
    struct toolbar toolbar;
    struct os_config_rom config;
    uint32_t config_brush;   /* what the config has chosen */
    uint32_t want_w, want_h; /* size of the screen, to be followed */
    int reconnected;         /* to be said when the picture is shown again */
    int drawing;             /* a button is held, and this is its stroke: */
    int untouched;           /* nobody has drawn yet: the sketch is there */
    int32_t x, y;            /* last position, in units of the canvas */
    int32_t mid_x, mid_y;    /* up to here the stroke is drawn */
};

/* ---- the window */

static struct os_surface window(struct paint *paint)
{
    return os_surface_make(paint->region.at, paint->w, paint->h);
}

/* A gui that is gone is no error: what was drawn into its buffer is drawn anew for the next one. */
static void require(struct paint *paint, os_err err, const char *what)
{
    if (!os_err_is_gone(err))
        os_require(paint->env, err, what);
}

static void refresh(struct paint *paint, struct os_rect rect)
{
    if (rect.w && rect.h)
        require(paint, os_gui_refresh(paint->gui.cap, rect), "cannot show what is drawn");
}

/* The sheet's pixel that is seen at its top left: the middle of the canvas is the middle of the window's
 * sheet. */
static int32_t shift_x(const struct paint *paint)
{
    return (int32_t)(paint->canvas.w - paint->sheet.w) / 2;
}

static int32_t shift_y(const struct paint *paint)
{
    return (int32_t)(paint->canvas.h - paint->sheet.h) / 2;
}

static int32_t max(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t min(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Draws a rectangle of the canvas where it is seen. */
static void show_canvas(struct paint *paint, struct os_rect rect)
{
    int32_t dx = paint->sheet.x - shift_x(paint), dy = paint->sheet.y - shift_y(paint);
    int32_t x0 = max(rect.x + dx, paint->sheet.x);
    int32_t y0 = max(rect.y + dy, paint->sheet.y);
    int32_t x1 = min(rect.x + (int32_t)rect.w + dx, paint->sheet.x + (int32_t)paint->sheet.w);
    int32_t y1 = min(rect.y + (int32_t)rect.h + dy, paint->sheet.y + (int32_t)paint->sheet.h);
    uint32_t *pixels = paint->region.at;

    if (x1 <= x0 || y1 <= y0)
        return;
    for (int32_t y = y0; y < y1; y++)
        for (int32_t x = x0; x < x1; x++)
            pixels[(size_t)y * paint->w + (size_t)x] =
                canvas_pixel(&paint->canvas, (uint32_t)(x - dx), (uint32_t)(y - dy));
    refresh(paint, (struct os_rect){ x0, y0, (uint32_t)(x1 - x0), (uint32_t)(y1 - y0) });
}

static void show_whole_canvas(struct paint *paint)
{
    show_canvas(paint, (struct os_rect){ 0, 0, paint->canvas.w, paint->canvas.h });
}

/* The desk with the sheet's shadow on it, within CLIP. */
static void draw_desk(struct paint *paint, struct os_rect clip)
{
    struct os_surface surface = window(paint);
    struct os_rect sheet = paint->sheet;
    const int32_t unit = OS_DRAW_UNIT;
    struct os_draw_box shadow = { sheet.x * unit, (sheet.y + 5) * unit, (int32_t)sheet.w * unit,
                                  (int32_t)sheet.h * unit, 0 };

    surface.clip = clip;
    os_draw_fill(&surface, clip, DESK_COLOUR);
    os_draw_shadow(&surface, shadow, 22 * unit, 0x38403626u);
}

static void show_toolbar(struct paint *paint)
{
    struct os_surface surface = window(paint);
    struct os_rect rect = toolbar_bounds(&paint->toolbar, paint->w, paint->h);
    int32_t below = paint->sheet.y + (int32_t)paint->sheet.h;

    /* The sheet is above the bar, so that only the desk has to be drawn anew. */
    int32_t bottom = rect.y + (int32_t)rect.h;
    rect.y = max(rect.y, below);
    rect.h = (uint32_t)max(0, bottom - rect.y);
    draw_desk(paint, rect);
    surface.clip = rect;
    toolbar_draw(&paint->toolbar, &surface);
    refresh(paint, rect);
}

static void show_all(struct paint *paint)
{
    const struct os_rect all = { 0, 0, paint->w, paint->h }, sheet = paint->sheet;
    int32_t right = sheet.x + (int32_t)sheet.w, below = sheet.y + (int32_t)sheet.h;

    /* All around the sheet, which hides the rest. */
    draw_desk(paint, (struct os_rect){ 0, 0, paint->w, (uint32_t)sheet.y });
    draw_desk(paint, (struct os_rect){ 0, sheet.y, (uint32_t)sheet.x, sheet.h });
    draw_desk(paint,
              (struct os_rect){ right, sheet.y, (uint32_t)max(0, (int32_t)paint->w - right), sheet.h });
    draw_desk(paint, (struct os_rect){ 0, below, paint->w, (uint32_t)max(0, (int32_t)paint->h - below) });
    show_toolbar(paint);
    show_whole_canvas(paint);
    refresh(paint, all);
}

/* Where sheet and bar are in a window of this size. Very small windows have a sheet of one pixel. */
static void place(struct paint *paint)
{
    int32_t bar = (int32_t)toolbar_height(paint->w);
    int32_t margin = min(MARGIN, (int32_t)min((int32_t)paint->w, (int32_t)paint->h) / 12);
    int32_t bar_y = max(0, (int32_t)paint->h - bar - margin * 3 / 4);

    toolbar_place(&paint->toolbar, paint->w, (uint32_t)bar_y);
    paint->sheet = (struct os_rect){ .x = margin,
                                     .y = margin,
                                     .w = (uint32_t)max(1, (int32_t)paint->w - 2 * margin),
                                     .h = (uint32_t)max(1, bar_y - margin * 7 / 4) };
    if (paint->sheet.y + (int32_t)paint->sheet.h > (int32_t)paint->h)
        paint->sheet.y = 0;
}

/* A buffer of W by H; donates to the gui what it needs beyond what it has. */
static os_err get_buffer(struct paint *paint, uint32_t w, uint32_t h)
{
    uint64_t need = (uint64_t)w * h * 4 + OS_KIB(64);
    os_dataspace_cap ds;
    os_err err;

    if (need > paint->donated) {
        err = os_session_upgrade(&paint->gui.base, need - paint->donated, 0);
        if (err)
            return err;
        paint->donated = need;
    }
    os_region_detach(&paint->region);
    paint->w = paint->h = 0;
    err = os_gui_buffer(paint->gui.cap, w, h, &ds);
    if (err)
        return err;
    err = os_region_attach(&paint->region, ds, OS_ATTACH_WRITE);
    os_cap_drop(ds.cap);
    if (err)
        return err;
    paint->w = w;
    paint->h = h;
    return OS_OK;
}

/* The window gets the size of the screen. */
static os_err resize(struct paint *paint, uint32_t w, uint32_t h)
{
    struct os_rect all = { 0, 0, w, h };
    os_err err;

    if (!w || !h || (w == paint->w && h == paint->h))
        return OS_OK;
    canvas_end(&paint->canvas);
    paint->drawing = 0;
    err = get_buffer(paint, w, h);
    if (err)
        return err;
    place(paint);
    err = canvas_grow(&paint->canvas, paint->sheet.w, paint->sheet.h);
    if (err)
        return err;
    if (paint->untouched) {
        canvas_clear(&paint->canvas);
        sketch_draw(&paint->canvas, paint->sheet.w, paint->sheet.h);
    }
    show_all(paint);
    if (paint->view)
        return os_gui_view_move(paint->gui.cap, paint->view, all);
    err = os_gui_view_create(paint->gui.cap, all, 0, 0, &paint->view);
    if (!err)
        err = os_gui_view_title(paint->gui.cap, paint->view, "paint");
    if (!err && paint->reconnected)
        printf("the gui was restarted, and has the picture again\n");
    paint->reconnected = 0;
    return err;
}

/* ---- strokes */

static int32_t canvas_x(const struct paint *paint, int32_t x)
{
    return (x - paint->sheet.x + shift_x(paint)) * OS_DRAW_UNIT + OS_DRAW_UNIT / 2;
}

static int32_t canvas_y(const struct paint *paint, int32_t y)
{
    return (y - paint->sheet.y + shift_y(paint)) * OS_DRAW_UNIT + OS_DRAW_UNIT / 2;
}

static struct os_rect stroke_line(struct paint *paint, int32_t x0, int32_t y0, int32_t x1, int32_t y1)
{
    int32_t radius = (int32_t)toolbar_brushes[paint->toolbar.brush] * OS_DRAW_UNIT / 2;

    return canvas_line(&paint->canvas, (struct os_draw_line){ x0, y0, x1, y1, radius });
}

/* Continues the stroke to X, Y with a curve that bends at the last position, so that no corner is seen. */
static void stroke_to(struct paint *paint, int32_t x, int32_t y)
{
    enum { STEPS = 24 };
    int32_t to_x = (paint->x + x) / 2, to_y = (paint->y + y) / 2;
    int32_t from_x = paint->mid_x, from_y = paint->mid_y;
    struct os_rect touched = { 0, 0, 0, 0 };

    for (int32_t i = 1; i <= STEPS; i++) {
        int32_t t = i * OS_DRAW_CURVE / STEPS;
        int32_t next_x = os_draw_curve(paint->mid_x, paint->x, to_x, t);
        int32_t next_y = os_draw_curve(paint->mid_y, paint->y, to_y, t);
        if (next_x == from_x && next_y == from_y)
            continue;
        touched = rect_unite(touched, stroke_line(paint, from_x, from_y, next_x, next_y));
        from_x = next_x;
        from_y = next_y;
    }
    show_canvas(paint, touched);
    paint->mid_x = to_x;
    paint->mid_y = to_y;
    paint->x = x;
    paint->y = y;
}

static void begin_stroke(struct paint *paint, int32_t x, int32_t y, uint32_t colour)
{
    paint->drawing = 1;
    paint->untouched = 0;
    paint->x = paint->mid_x = canvas_x(paint, x);
    paint->y = paint->mid_y = canvas_y(paint, y);
    canvas_begin(&paint->canvas, colour);
    show_canvas(paint, stroke_line(paint, paint->x, paint->y, paint->x, paint->y));
}

static void end_stroke(struct paint *paint)
{
    if (!paint->drawing)
        return;
    show_canvas(paint, stroke_line(paint, paint->mid_x, paint->mid_y, paint->x, paint->y));
    canvas_end(&paint->canvas);
    paint->drawing = 0;
}

/* ---- input */

static void choose(struct paint *paint, struct tool tool)
{
    switch (tool.kind) {
    case TOOL_NONE:
        return;
    case TOOL_COLOUR:
        paint->toolbar.colour = tool.index;
        break;
    case TOOL_BRUSH:
        paint->toolbar.brush = tool.index;
        break;
    case TOOL_CLEAR:
        paint->untouched = 0;
        paint->drawing = 0;
        canvas_clear(&paint->canvas);
        show_whole_canvas(paint);
        return;
    }
    show_toolbar(paint);
}

static void change_brush(struct paint *paint, int32_t steps)
{
    int32_t brush = min(max((int32_t)paint->toolbar.brush + steps, 0), BRUSHES - 1);

    if (brush != (int32_t)paint->toolbar.brush)
        choose(paint, (struct tool){ TOOL_BRUSH, (uint32_t)brush });
}

static void hover(struct paint *paint, struct tool tool)
{
    if (tool.kind == paint->toolbar.hover.kind && tool.index == paint->toolbar.hover.index)
        return;
    paint->toolbar.hover = tool;
    show_toolbar(paint);
}

static int on_sheet(const struct paint *paint, int32_t x, int32_t y)
{
    return x >= paint->sheet.x && y >= paint->sheet.y && x < paint->sheet.x + (int32_t)paint->sheet.w &&
           y < paint->sheet.y + (int32_t)paint->sheet.h;
}

/* The left button draws, the right one erases. */
static void press_button(struct paint *paint, const struct os_input_event *event)
{
    uint32_t colour = toolbar_colours[event->code == OS_BUTTON_RIGHT ? COLOURS - 1 : paint->toolbar.colour];

    if (event->code != OS_BUTTON_LEFT && event->code != OS_BUTTON_RIGHT)
        return;
    if (on_sheet(paint, event->x, event->y))
        begin_stroke(paint, event->x, event->y, colour);
    else if (event->code == OS_BUTTON_LEFT)
        choose(paint, toolbar_at(&paint->toolbar, event->x, event->y));
}

static void press(struct paint *paint, const struct os_input_event *event)
{
    if (event->code >= OS_KEY_1 && event->code <= OS_KEY_8)
        choose(paint, (struct tool){ TOOL_COLOUR, event->code - OS_KEY_1 });
    else if (event->code == OS_KEY_C)
        choose(paint, (struct tool){ TOOL_CLEAR, 0 });
    else if (event->code == OS_KEY_LEFTBRACE)
        change_brush(paint, -1);
    else if (event->code == OS_KEY_RIGHTBRACE)
        change_brush(paint, 1);
    else
        press_button(paint, event);
}

static void move(struct paint *paint, int32_t x, int32_t y)
{
    if (paint->drawing)
        stroke_to(paint, canvas_x(paint, x), canvas_y(paint, y));
    else
        hover(paint, toolbar_at(&paint->toolbar, x, y));
}

static void handle_event(struct paint *paint, const struct os_input_event *event)
{
    switch (event->kind) {
    case OS_INPUT_MOVE:
        move(paint, event->x, event->y);
        break;
    case OS_INPUT_PRESS:
        press(paint, event);
        break;
    case OS_INPUT_RELEASE:
        if (event->code == OS_BUTTON_LEFT || event->code == OS_BUTTON_RIGHT) {
            move(paint, event->x, event->y);
            end_stroke(paint);
        }
        break;
    case OS_INPUT_WHEEL:
        change_brush(paint, event->y);
        break;
    case OS_INPUT_LEAVE:
        hover(paint, (struct tool){ TOOL_NONE, 0 });
        break;
    case OS_INPUT_RESIZE:
        paint->want_w = (uint32_t)event->x;
        paint->want_h = (uint32_t)event->y;
        break;
    }
}

static void handle_input(struct os_signal_handler *handler)
{
    struct paint *paint = OS_CONTAINER_OF(handler, struct paint, input);
    struct os_input_event events[64];
    uint8_t buffer[1024];
    size_t len;

    do {
        os_err err = os_gui_input(paint->gui.cap, &buffer, &len);
        require(paint, err, "cannot read input");
        if (err)
            return;
        memcpy(events, buffer, len);
        for (size_t i = 0; i < len / sizeof(events[0]); i++)
            handle_event(paint, &events[i]);
    } while (len == sizeof(buffer));
    /* Once for all events: while an edge is dragged, only the last size counts. */
    require(paint, resize(paint, paint->want_w, paint->want_h), "cannot resize");
}

/* ---- the gui, and the next one */

static void handle_gone(struct os_watch *watch);

static os_err connect_gui(struct paint *paint)
{
    os_err err = os_gui_open(paint->env, "", "", &paint->gui);
    if (err)
        return err;
    paint->donated = OS_KIB(64);
    err = os_watch_begin(&paint->watch, paint->env->ep, paint->gui.cap.cap, handle_gone);
    if (!err)
        err = os_gui_input_sigh(paint->gui.cap, paint->input_cap);
    /* Without a screen yet, the first OS_INPUT_RESIZE comes when there is one. */
    if (!err)
        err = os_gui_mode(paint->gui.cap, &paint->want_w, &paint->want_h);
    if (!err)
        err = resize(paint, paint->want_w, paint->want_h);
    return err;
}

/* The buffer is detached at once, because the memory of a gui that is gone is not free before. */
static void leave_gui(struct paint *paint)
{
    os_watch_cancel(&paint->watch);
    os_region_detach(&paint->region);
    paint->w = paint->h = 0;
    paint->view = 0;
    paint->reconnected = 1;
    paint->toolbar.hover = (struct tool){ TOOL_NONE, 0 };
    os_gui_close(&paint->gui);
}

/* The next gui may end as well; when there is none any more, that is the end of paint too. */
static void handle_gone(struct os_watch *watch)
{
    struct paint *paint = OS_CONTAINER_OF(watch, struct paint, watch);
    os_err err;

    do {
        leave_gui(paint);
        err = connect_gui(paint);
    } while (os_err_is_gone(err));
    os_require(paint->env, err, "the gui is gone");
}

/* ---- start */

/* The brush whose width is nearest. */
static uint32_t nearest_brush(uint64_t width)
{
    uint32_t brush = 0;

    while (brush + 1 < BRUSHES && width * 2 > toolbar_brushes[brush] + toolbar_brushes[brush + 1])
        brush++;
    return brush;
}

static uint32_t configured_brush(struct paint *paint)
{
    struct os_config *config = &paint->config.config;

    return nearest_brush(os_config_u64(config, os_config_root(config), "brush", 6));
}

/* Whoever draws may have chosen another brush meanwhile: only a new one in the config counts. */
static void config_changed(struct os_config_rom *rom)
{
    struct paint *paint = OS_CONTAINER_OF(rom, struct paint, config);
    uint32_t brush = configured_brush(paint);

    if (brush == paint->config_brush)
        return;
    paint->config_brush = brush;
    choose(paint, (struct tool){ TOOL_BRUSH, brush });
}

static void read_config(struct paint *paint)
{
    struct os_config *config = &paint->config.config;

    /* Without a config, or with one that cannot be read, the defaults are taken. */
    os_err err = os_config_rom_open(&paint->config, paint->env, "config", config_changed);
    if (err && err != OS_ERR_NOT_FOUND)
        printf("no config: %s\n", os_err_text(err));
    paint->config_brush = paint->toolbar.brush = configured_brush(paint);
    paint->untouched = os_config_bool(config, os_config_root(config), "sketch", 1);
}

void component_construct(struct os_env *env)
{
    static struct paint state;
    struct paint *paint = &state;

    *paint = (struct paint){ .env = env, .toolbar = { .colour = 0 } };
    read_config(paint);
    os_require(env, os_signal_handler_init(&paint->input, env->ep, handle_input, &paint->input_cap),
               "cannot make a signal handler");
    os_require(env, connect_gui(paint), "cannot open Gui");
}
