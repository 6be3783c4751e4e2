/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: the desktop as a display: a window that shows the screen of a gui, and its input.
 *
 * Two threads, and neither ever polls. The window's thread sleeps in SDL_WaitEvent; all of SDL and all calls
 * to the gui are its own. The entrypoint's thread only turns signals into SDL events, which wake the window's
 * thread, and the end of the gui, which it watches. Then the window stays as it is until the next gui is
 * there.
 */
#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/thread.h>
#include <os/watch.h>
#include "../os/drivers/display/display.h"
#include "../os/drivers/display/utf8.h"
#include "keys.h"

#include <SDL.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("requires: [Capture, Event, Host]\n"
            "ram: 192M\n"
            "caps: 64\n"
            "sandbox: display\n");

/* What the entrypoint's thread tells the window's: codes of SDL's user events. */
enum note { NOTE_CHANGED, NOTE_SHOT, NOTE_GONE, NOTES };

struct driver {
    struct os_env *env;
    struct os_rom_module config_rom;
    struct os_config config;
    struct os_thread thread;
    struct os_signal_handler changed, shot, opened;
    os_signal_cap changed_cap, shot_cap, opened_cap;
    struct os_watch watch;  /* of the gui */
    os_capture_cap watched; /* owned; the window's thread sets it before it signals opened, after NOTE_GONE */
    _Atomic int told[NOTES]; /* and not seen yet: need not be told again */

    /* the window's thread */
    struct display display;
    SDL_Window *window;
    struct os_input_event events[64]; /* collected for one call */
    uint32_t count;
    int resized;
    int shot_owed; /* to the user, at the next gui */
};

static struct driver driver;

static void __attribute__((noreturn)) fail_sdl(const char *what)
{
    printf("%s: %s\n", what, SDL_GetError());
    os_exit(driver.env, 1);
}

/* A gui that is gone is no error; NOTE_GONE follows. */
static void require(os_err err, const char *what)
{
    if (!os_err_is_gone(err))
        os_require(driver.env, err, what);
}

/* ---- the entrypoint's thread */

static void tell(enum note note)
{
    SDL_Event event = { .user = { .type = SDL_USEREVENT, .code = note } };

    if (!atomic_exchange(&driver.told[note], 1))
        SDL_PushEvent(&event);
}

static void handle_changed(struct os_signal_handler *handler)
{
    tell(NOTE_CHANGED);
}

static void handle_shot(struct os_signal_handler *handler)
{
    tell(NOTE_SHOT);
}

static void handle_gone(struct os_watch *watch)
{
    tell(NOTE_GONE);
}

/* A gui that is gone already is told of like one that goes later. */
static void handle_opened(struct os_signal_handler *handler)
{
    os_err err = os_watch_begin(&driver.watch, driver.env->ep, driver.watched.cap, handle_gone);

    if (os_err_is_gone(err))
        tell(NOTE_GONE);
    else
        os_require(driver.env, err, "cannot watch the gui");
}

/* ---- the picture */

/* Copies a rectangle to the window's surface, whose size lags behind while the window is being resized. */
static void copy_rect(SDL_Surface *surface, SDL_Rect rect)
{
    const struct display *display = &driver.display;
    const SDL_Rect both = { 0, 0, SDL_min(surface->w, (int)display->w),
                            SDL_min(surface->h, (int)display->h) };
    const uint32_t *pixels = display->region.at;

    if (!SDL_IntersectRect(&rect, &both, &rect))
        return;
    size_t from = (size_t)rect.y * display->w + (size_t)rect.x;
    size_t to = (size_t)rect.y * (size_t)surface->pitch + (size_t)rect.x * surface->format->BytesPerPixel;
    SDL_ConvertPixels(rect.w, rect.h, SDL_PIXELFORMAT_RGB888, pixels + from, (int)display->w * 4,
                      surface->format->format, (uint8_t *)surface->pixels + to, surface->pitch);
}

static void show(const SDL_Rect *rects, int count)
{
    SDL_Surface *surface = SDL_GetWindowSurface(driver.window);

    if (!surface)
        fail_sdl("cannot draw in the window");
    for (int i = 0; i < count; i++)
        copy_rect(surface, rects[i]);
    SDL_UpdateWindowSurfaceRects(driver.window, rects, count);
}

static void show_all(void)
{
    const SDL_Rect all = { 0, 0, (int)driver.display.w, (int)driver.display.h };

    show(&all, 1);
}

static void show_changes(void)
{
    struct os_rect rects[DISPLAY_RECTS];
    SDL_Rect changed[DISPLAY_RECTS];
    uint32_t count = 0;

    require(display_capture(&driver.display, rects, &count), "cannot take the picture");
    for (uint32_t i = 0; i < count; i++)
        changed[i] = (SDL_Rect){ rects[i].x, rects[i].y, (int)rects[i].w, (int)rects[i].h };
    if (count)
        show(changed, (int)count);
}

/* The screen gets the size of the window. */
static void follow_size(void)
{
    int w, h;

    SDL_GetWindowSize(driver.window, &w, &h);
    driver.resized = 0;
    if (w == (int)driver.display.w && h == (int)driver.display.h)
        return;
    require(display_resize(&driver.display, (uint32_t)w, (uint32_t)h),
            "cannot make a screen of the window's size");
}

/* ---- input */

static void flush_input(void)
{
    require(display_submit(&driver.display, driver.events, driver.count), "cannot submit input");
    driver.count = 0;
}

static void add_input(uint32_t kind, uint32_t code, int32_t x, int32_t y)
{
    if (driver.count == OS_ARRAY_LEN(driver.events))
        flush_input();
    driver.events[driver.count++] = (struct os_input_event){ .kind = kind, .code = code, .x = x, .y = y };
}

static void add_key(uint32_t kind, const SDL_KeyboardEvent *key)
{
    uint32_t code = key_from_scancode(key->keysym.scancode);

    if (code)
        add_input(kind, code, 0, 0);
}

static void add_button(uint32_t kind, const SDL_MouseButtonEvent *button)
{
    uint32_t code = button_from_sdl(button->button);

    if (code)
        add_input(kind, code, button->x, button->y);
}

static void add_wheel(const SDL_MouseWheelEvent *wheel)
{
    int sign = wheel->direction == SDL_MOUSEWHEEL_FLIPPED ? -1 : 1;

    add_input(OS_INPUT_WHEEL, 0, sign * wheel->x, sign * wheel->y);
}

static void add_text(const SDL_TextInputEvent *text)
{
    const char *at = text->text, *end = at + strlen(at);

    while (at < end) {
        uint32_t code = utf8_next(&at, end);
        if (code >= 0x20 && code != 0x7f)
            add_input(OS_INPUT_TEXT, code, 0, 0);
    }
}

/* ---- the window's thread */

static void watch_gui(void)
{
    os_cap_drop(driver.watched.cap);
    driver.watched.cap = os_cap_copy(driver.display.capture.cap.cap);
    os_signal_submit(driver.opened_cap);
}

static void take_shot(void)
{
    os_err err = display_shot(&driver.display, "shot");

    driver.shot_owed = os_err_is_gone(err);
    if (err && !driver.shot_owed)
        printf("cannot save the picture: %s\n", os_err_text(err));
    /* The shot took the changes that the window has not shown yet. */
    show_all();
}

/* What was held down is not held at the next gui, and the pointer is where it is now. */
static void reopen(void)
{
    int w, h, x, y;

    SDL_GetWindowSize(driver.window, &w, &h);
    os_require(driver.env, display_reopen(&driver.display, (uint32_t)w, (uint32_t)h, driver.changed_cap),
               "the gui is gone");
    watch_gui();
    driver.count = 0;
    SDL_GetMouseState(&x, &y);
    if (SDL_GetMouseFocus() == driver.window)
        add_input(OS_INPUT_MOVE, 0, x, y);
    if (driver.shot_owed)
        take_shot();
}

static void handle_note(enum note note)
{
    /* Seen before it is acted on: what happens meanwhile is told again. */
    atomic_store(&driver.told[note], 0);
    switch (note) {
    case NOTE_CHANGED:
        show_changes();
        break;
    case NOTE_SHOT:
        take_shot();
        break;
    case NOTE_GONE:
        reopen();
        break;
    case NOTES:
        break;
    }
}

static void handle_event(const SDL_Event *event)
{
    switch (event->type) {
    case SDL_USEREVENT:
        handle_note((enum note)event->user.code);
        break;
    case SDL_WINDOWEVENT:
        if (event->window.event == SDL_WINDOWEVENT_SIZE_CHANGED)
            driver.resized = 1;
        else if (event->window.event == SDL_WINDOWEVENT_EXPOSED)
            show_all();
        break;
    case SDL_KEYDOWN:
        add_key(OS_INPUT_PRESS, &event->key);
        break;
    case SDL_KEYUP:
        add_key(OS_INPUT_RELEASE, &event->key);
        break;
    case SDL_TEXTINPUT:
        add_text(&event->text);
        break;
    case SDL_MOUSEMOTION:
        add_input(OS_INPUT_MOVE, 0, event->motion.x, event->motion.y);
        break;
    case SDL_MOUSEBUTTONDOWN:
        add_button(OS_INPUT_PRESS, &event->button);
        break;
    case SDL_MOUSEBUTTONUP:
        add_button(OS_INPUT_RELEASE, &event->button);
        break;
    case SDL_MOUSEWHEEL:
        add_wheel(&event->wheel);
        break;
    case SDL_QUIT:
        os_require(driver.env, os_host_quit(driver.display.host.cap, 0), "cannot quit");
        break;
    }
}

/* Takes all that waits before it sleeps again, so that input goes in one call, and a drag of the edge resizes
 * once. */
static void __attribute__((noreturn)) run_window(void)
{
    SDL_Event event;

    for (;;) {
        if (!SDL_WaitEvent(&event))
            fail_sdl("the display is gone");
        do
            handle_event(&event);
        while (SDL_PollEvent(&event));
        flush_input();
        if (driver.resized)
            follow_size();
    }
}

/* The libraries below end the process when the display server is gone, without a word that a user
 * understands. */
static void say_goodbye(void)
{
    printf("the display server is gone\n");
    fflush(stdout);
}

static void set_hints(void)
{
    /* In a sandbox there is neither a graphics card nor a message bus. */
    SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    SDL_setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:", 1);
}

static void open_window(void)
{
    os_config_ref root = os_config_root(&driver.config);
    uint64_t w = os_config_u64(&driver.config, root, "width", 1024);
    uint64_t h = os_config_u64(&driver.config, root, "height", 640);
    const char *title = os_config_str(&driver.config, root, "title", "Seedbed");

    if (!w || !h || w > OS_GUI_MAX_SIZE || h > OS_GUI_MAX_SIZE) {
        printf("expected a width and height of 1 to %d\n", OS_GUI_MAX_SIZE);
        os_exit(driver.env, 1);
    }
    set_hints();
    if (SDL_Init(SDL_INIT_VIDEO))
        fail_sdl("cannot use the display");
    driver.window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, (int)w, (int)h,
                                     SDL_WINDOW_RESIZABLE);
    if (!driver.window)
        fail_sdl("cannot open a window");
    SDL_SetWindowMinimumSize(driver.window, 160, 120);
    SDL_SetWindowMaximumSize(driver.window, OS_GUI_MAX_SIZE, OS_GUI_MAX_SIZE);
    SDL_ShowCursor(SDL_DISABLE); /* the gui draws the pointer */
    SDL_StartTextInput();
    atexit(say_goodbye);
}

static void window_thread(struct os_thread *thread)
{
    open_window();
    follow_size();
    require(os_capture_sigh(driver.display.capture.cap, driver.changed_cap), "cannot ask for changes");
    os_require(driver.env, os_host_shot_sigh(driver.display.host.cap, driver.shot_cap),
               "cannot offer pictures");
    watch_gui();
    run_window();
}

/* ---- start */

static void read_config(struct os_env *env)
{
    if (os_rom_module_open(&driver.config_rom, env, "config"))
        return;
    if (os_config_init(&driver.config, driver.config_rom.data, driver.config_rom.size))
        printf("the config is not well-formed\n");
}

void component_construct(struct os_env *env)
{
    driver.env = env;
    read_config(env);
    os_require(env, display_open(&driver.display, env), "cannot open the screen");
    os_require(env, os_signal_handler_init(&driver.changed, env->ep, handle_changed, &driver.changed_cap),
               "cannot make a signal handler");
    os_require(env, os_signal_handler_init(&driver.shot, env->ep, handle_shot, &driver.shot_cap),
               "cannot make a signal handler");
    os_require(env, os_signal_handler_init(&driver.opened, env->ep, handle_opened, &driver.opened_cap),
               "cannot make a signal handler");
    os_require(env, os_thread_start(&driver.thread, window_thread, OS_KIB(512)), "cannot start a thread");
}
