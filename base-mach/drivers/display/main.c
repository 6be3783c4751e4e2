/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: a PC's screen, keyboard and mouse as a display: a picture in a mode of its own, of a size that
 * stays, and input for it. Everything happens when a signal says so: the gui's, that there is something new
 * to see; core's, that the keyboard or the mouse have sent something. When the gui is gone, the screen stays
 * as it is until the next gui is there.
 */
#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/watch.h>
#include <drivers/display/display.h>
#include "../io.h"
#include "keyboard.h"
#include "mouse.h"
#include "screen.h"

#include <stdio.h>

OS_MANIFEST("requires: [Capture, Event, Host, Machine]\n"
            "ram: 32M\n"
            "caps: 64\n");

struct driver {
    struct os_env *env;
    struct os_rom_module config_rom;
    struct os_config config;
    struct display display;
    struct screen screen;
    struct machine_session input;
    struct keyboard keyboard;
    struct mouse mouse;
    struct os_signal_handler changed, shot, keys, interrupt;
    os_signal_cap changed_cap;
    struct os_watch watch;            /* of the gui */
    struct os_input_event events[64]; /* collected for one call */
    uint32_t count;
    int shot_owed; /* to the user, at the next gui */
};

static struct driver driver;

/* A gui that is gone is no error; handle_gone follows. */
static void require(os_err err, const char *what)
{
    if (!os_err_is_gone(err))
        os_require(driver.env, err, what);
}

static os_signal_cap handler(struct os_signal_handler *handler, void (*handle)(struct os_signal_handler *))
{
    os_signal_cap cap;
    os_require(driver.env, os_signal_handler_init(handler, driver.env->ep, handle, &cap),
               "cannot make a signal handler");
    return cap;
}

/* ---- the picture */

static void show(struct os_rect rect)
{
    if (driver.display.w)
        screen_show(&driver.screen, driver.display.region.at, rect);
}

static void show_all(void)
{
    show((struct os_rect){ .w = driver.screen.w, .h = driver.screen.h });
}

static void handle_changed(struct os_signal_handler *from)
{
    struct os_rect rects[DISPLAY_RECTS];
    uint32_t count = 0;

    require(display_capture(&driver.display, rects, &count), "cannot take the picture");
    for (uint32_t i = 0; i < count; i++)
        show(rects[i]);
}

static void handle_shot(struct os_signal_handler *from)
{
    os_err err = display_shot(&driver.display, "shot");

    driver.shot_owed = os_err_is_gone(err);
    if (err && !driver.shot_owed)
        printf("cannot save the picture: %s\n", os_err_text(err));
    /* The shot took the changes that the screen has not shown yet. */
    show_all();
}

/* ---- input */

static void flush_input(void)
{
    require(display_submit(&driver.display, driver.events, driver.count), "cannot submit input");
    driver.count = 0;
}

static void add_input(const struct os_input_event *event)
{
    if (driver.count == OS_ARRAY_LEN(driver.events))
        flush_input();
    driver.events[driver.count++] = *event;
}

static void add_key(struct keyboard *keyboard, const struct os_input_event *event)
{
    add_input(event);
}

static void add_pointer(struct mouse *mouse, const struct os_input_event *event)
{
    add_input(event);
}

static void handle_keys(struct os_signal_handler *from)
{
    uint8_t codes[64];
    size_t len = 0;

    os_require(driver.env, machine_keys(driver.input.cap, &codes, &len), "cannot read the keyboard");
    for (size_t i = 0; i < len; i++)
        keyboard_take(&driver.keyboard, codes[i]);
    flush_input();
}

/* The controller: data, status and commands. */
enum {
    CONTROLLER_DATA = 0x60,
    CONTROLLER = 0x64,
    STATUS_OUTPUT = 1,
    STATUS_INPUT = 2,
    STATUS_MOUSE = 0x20,
    COMMAND_WRITE_MODE = 0x60,
    COMMAND_ENABLE_MOUSE = 0xa8,
    COMMAND_TO_MOUSE = 0xd4,
    MODE = 0x47, /* both interrupts, self-tested, scan codes translated to set 1 */
};

/* Waits until the controller has taken what it was sent before; one that never does is none. */
static void to_controller(uint16_t port, uint8_t value)
{
    enum { TRIES = 100000 };

    for (int i = 0; i < TRIES && io_read8(CONTROLLER) & STATUS_INPUT; i++)
        ;
    io_write8(port, value);
}

static void to_mouse(struct mouse *mouse, uint8_t value)
{
    to_controller(CONTROLLER, COMMAND_TO_MOUSE);
    to_controller(CONTROLLER_DATA, value);
}

/* The mouse's bytes only: the kernel reads the keyboard's. */
static void read_mouse(void)
{
    const uint8_t both = STATUS_OUTPUT | STATUS_MOUSE;

    while ((io_read8(CONTROLLER) & both) == both)
        mouse_take(&driver.mouse, io_read8(CONTROLLER_DATA), os_clock_now());
}

/* A byte that comes before the acknowledgement does not interrupt, so it is looked for afterwards. */
static void handle_interrupt(struct os_signal_handler *from)
{
    read_mouse();
    os_require(driver.env, machine_acknowledge(driver.input.cap), "cannot acknowledge an interrupt");
    read_mouse();
    flush_input();
}

/* The driver before may have been in the midst of something: all is set up anew. */
static void open_input(void)
{
    os_require(driver.env, machine_open(driver.env, "", "device=ps2", &driver.input),
               "cannot open the keyboard");
    os_require(driver.env, machine_ports(driver.input.cap, driver.env->pd), "cannot use the keyboard");
    driver.keyboard.emit = add_key;
    driver.mouse = (struct mouse){ .emit = add_pointer,
                                   .send = to_mouse,
                                   .w = driver.screen.w,
                                   .h = driver.screen.h,
                                   .x = (int32_t)driver.screen.w / 2,
                                   .y = (int32_t)driver.screen.h / 2 };
    os_signal_cap keys = handler(&driver.keys, handle_keys);
    os_signal_cap interrupt = handler(&driver.interrupt, handle_interrupt);
    os_require(driver.env, machine_keys_sigh(driver.input.cap, keys), "cannot watch the keyboard");
    os_require(driver.env, machine_interrupt_sigh(driver.input.cap, interrupt), "cannot watch the mouse");
    os_cap_drop(keys.cap);
    os_cap_drop(interrupt.cap);
    to_controller(CONTROLLER, COMMAND_WRITE_MODE);
    to_controller(CONTROLLER_DATA, MODE);
    to_controller(CONTROLLER, COMMAND_ENABLE_MOUSE);
    mouse_start(&driver.mouse);
}

/* ---- the gui, and the next one */

static void reopen(void)
{
    os_require(driver.env,
               display_reopen(&driver.display, driver.screen.w, driver.screen.h, driver.changed_cap),
               "the gui is gone");
}

static void handle_gone(struct os_watch *watch);

static void watch_gui(void)
{
    os_err err;

    while (os_err_is_gone(
        err = os_watch_begin(&driver.watch, driver.env->ep, driver.display.capture.cap.cap, handle_gone)))
        reopen();
    os_require(driver.env, err, "cannot watch the gui");
}

static void handle_gone(struct os_watch *watch)
{
    reopen();
    watch_gui();
    driver.count = 0;
    if (driver.mouse.moved) {
        const struct os_input_event at = { .kind = OS_INPUT_MOVE, .x = driver.mouse.x, .y = driver.mouse.y };
        add_input(&at);
    }
    flush_input();
    if (driver.shot_owed)
        handle_shot(&driver.shot);
}

/* ---- start */

static void read_config(struct os_env *env)
{
    if (os_rom_module_open(&driver.config_rom, env, "config"))
        return;
    if (os_config_init(&driver.config, driver.config_rom.data, driver.config_rom.size))
        printf("the config is not well-formed\n");
}

static void open_screen(struct os_env *env)
{
    os_config_ref root = os_config_root(&driver.config);
    uint64_t w = os_config_u64(&driver.config, root, "width", 1024);
    uint64_t h = os_config_u64(&driver.config, root, "height", 640);

    if (!w || !h || w > OS_GUI_MAX_SIZE || h > OS_GUI_MAX_SIZE) {
        printf("expected a width and height of 1 to %d\n", OS_GUI_MAX_SIZE);
        os_exit(env, 1);
    }
    os_err err = screen_open(&driver.screen, env, (uint32_t)w, (uint32_t)h);
    if (err == OS_ERR_UNSUPPORTED)
        printf("the screen has no mode of %u by %u pixels; widths are multiples of 8\n", (unsigned)w,
               (unsigned)h);
    os_require(env, err, "cannot open the screen");
}

void component_construct(struct os_env *env)
{
    driver.env = env;
    read_config(env);
    open_screen(env);
    os_require(env, display_open(&driver.display, env), "cannot open the gui's screen");
    driver.changed_cap = handler(&driver.changed, handle_changed);
    require(display_resize(&driver.display, driver.screen.w, driver.screen.h), "cannot make the screen");
    require(os_capture_sigh(driver.display.capture.cap, driver.changed_cap), "cannot ask for changes");
    watch_gui();
    open_input();
    os_signal_cap shot = handler(&driver.shot, handle_shot);
    os_require(env, os_host_shot_sigh(driver.display.host.cap, shot), "cannot offer pictures");
    os_cap_drop(shot.cap);
}
