/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panel.c: a rectangle of one colour on the screen. It comes to the front when it is clicked and goes to the
 * back with the right button; it turns around its colour with each key, and shows a mark where the pointer is
 * over it. What is seen depends on its config and input alone.
 */
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/draw.h>
#include <os/rom.h>

OS_MANIFEST("requires: [Gui]\n"
            "ram: 8M\n"
            "caps: 48\n"
            "config: { x: u32, y: u32, w: u32, h: u32, colour: u32 }\n");

enum { MARK = 12 }; /* pixels, width and height */

struct panel {
    struct os_env *env;
    struct os_gui_session gui;
    struct os_signal_handler input;
    struct os_region region;
    struct os_rect rect; /* on the screen */
    uint32_t colour, view;
    int marked;
    int32_t mark_x, mark_y;
};

static void draw(struct panel *panel)
{
    struct os_surface surface = os_surface_make(panel->region.at, panel->rect.w, panel->rect.h);
    const int32_t unit = OS_DRAW_UNIT;
    struct os_draw_box edge = { 0, 0, (int32_t)panel->rect.w * unit, (int32_t)panel->rect.h * unit, 0 };
    struct os_draw_line mark = { panel->mark_x * unit, panel->mark_y * unit, panel->mark_x * unit,
                                 panel->mark_y * unit, MARK * unit / 2 };

    os_draw_fill(&surface, surface.clip, 0xff000000 | panel->colour);
    os_draw_frame(&surface, edge, 2 * unit, 0xff202020);
    if (panel->marked)
        os_draw_line(&surface, mark, 0xffffffff);
    os_require(panel->env,
               os_gui_refresh(panel->gui.cap, (struct os_rect){ 0, 0, panel->rect.w, panel->rect.h }),
               "the gui is gone");
}

static void press(struct panel *panel, uint32_t code)
{
    if (code == OS_BUTTON_LEFT)
        os_require(panel->env, os_gui_view_front(panel->gui.cap, panel->view), "cannot come to the front");
    else if (code == OS_BUTTON_RIGHT)
        os_require(panel->env, os_gui_view_back(panel->gui.cap, panel->view), "cannot go to the back");
    else
        panel->colour = (panel->colour << 8 | panel->colour >> 16) & 0xffffff;
}

static void handle_event(struct panel *panel, const struct os_input_event *event)
{
    switch (event->kind) {
    case OS_INPUT_MOVE:
        panel->marked = 1;
        panel->mark_x = event->x;
        panel->mark_y = event->y;
        break;
    case OS_INPUT_LEAVE:
        panel->marked = 0;
        break;
    case OS_INPUT_PRESS:
        press(panel, event->code);
        break;
    }
}

static void handle_input(struct os_signal_handler *handler)
{
    struct panel *panel = OS_CONTAINER_OF(handler, struct panel, input);
    struct os_input_event events[64];
    uint8_t buffer[1024];
    size_t len = 0;

    os_require(panel->env, os_gui_input(panel->gui.cap, &buffer, &len), "the gui is gone");
    memcpy(events, buffer, len);
    for (size_t i = 0; i < len / sizeof(events[0]); i++)
        handle_event(panel, &events[i]);
    if (len)
        draw(panel);
}

static void read_config(struct panel *panel)
{
    struct os_rom_module rom = { 0 };
    struct os_config config = { 0 };

    os_require(panel->env, os_rom_module_open(&rom, panel->env, "config"), "cannot open the config");
    os_require(panel->env, os_config_init(&config, rom.data, rom.size), "cannot read the config");
    os_config_ref root = os_config_root(&config);
    panel->rect = (struct os_rect){ .x = (int32_t)os_config_u64(&config, root, "x", 0),
                                    .y = (int32_t)os_config_u64(&config, root, "y", 0),
                                    .w = (uint32_t)os_config_u64(&config, root, "w", 100),
                                    .h = (uint32_t)os_config_u64(&config, root, "h", 100) };
    panel->colour = (uint32_t)os_config_u64(&config, root, "colour", 0xd95d4e);
    os_rom_module_close(&rom);
}

void component_construct(struct os_env *env)
{
    static struct panel state;
    struct panel *panel = &state;
    os_dataspace_cap ds;
    os_signal_cap signal;

    *panel = (struct panel){ .env = env };
    read_config(panel);
    os_require(env, os_gui_open_with(env, "", "", OS_MIB(2), 16, &panel->gui), "cannot open Gui");
    os_require(env, os_signal_handler_init(&panel->input, env->ep, handle_input, &signal),
               "cannot make a signal handler");
    os_require(env, os_gui_input_sigh(panel->gui.cap, signal), "cannot ask for input");
    os_cap_drop(signal.cap);
    os_require(env, os_gui_buffer(panel->gui.cap, panel->rect.w, panel->rect.h, &ds), "cannot get a buffer");
    os_require(env, os_region_attach(&panel->region, ds, OS_ATTACH_WRITE), "cannot attach the buffer");
    os_cap_drop(ds.cap);
    draw(panel);
    os_require(env, os_gui_view_create(panel->gui.cap, panel->rect, 0, 0, &panel->view),
               "cannot show a view");
}
