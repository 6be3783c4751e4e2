/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: a screen in memory. Pictures of it are taken when the script or the user asks for one; until then
 * the gui has nothing to compose for it. Input comes from a script (script.h). When the gui ends, all goes on
 * at the next one: a command that finds the gui gone is run again then.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/rom.h>
#include <os/timer.h>
#include <os/watch.h>
#include "../display/display.h"
#include "../display/utf8.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("requires: [Capture, Event, Host, Timer]\n"
            "ram: 64M\n"
            "caps: 64\n");

struct headless {
    struct os_env *env;
    struct display display;
    struct os_watch watch; /* of the gui */
    uint32_t w, h;         /* of the screen */
    struct os_signal_handler shot, changed;
    os_signal_cap changed_cap; /* only with a script */
    struct os_config_rom config;
    struct os_rom_module script_rom;
    int scripted;
    const char *script_name; /* for messages */
    struct script script;
    struct os_timeouts timer; /* only with a script */
    struct os_timeout wait;
    struct os_call settle;
    struct command until; /* what is waited for; COMMAND_END: nothing */
    int lost;             /* the gui is gone, and the next one not there yet */
    struct command again; /* what could not be done therefore; COMMAND_END: nothing */
    int32_t x, y;         /* the pointer */
    int moved;            /* there is one */
    int shot_owed;        /* to the user, at the next gui */
};

static void __attribute__((noreturn))
fail_script(struct headless *headless, const struct script *script, const char *error)
{
    printf("%s:%u: %s\n", headless->script_name, (unsigned)script->line, error);
    os_exit(headless->env, 1);
}

/* A gui that is gone is no error, for the next one is waited for; WHAT is said of others. */
static void require(struct headless *headless, os_err err, const char *what)
{
    if (os_err_is_gone(err))
        headless->lost = 1;
    else
        os_require(headless->env, err, what);
}

/* ---- the script */

static void submit(struct headless *headless, uint32_t kind, uint32_t code)
{
    struct os_input_event event = { .kind = kind, .code = code, .x = headless->x, .y = headless->y };

    require(headless, display_submit(&headless->display, &event, 1), "cannot submit input");
}

static void type_text(struct headless *headless, const struct command *command)
{
    const char *at = command->text, *end = at + command->text_len;

    while (at < end)
        submit(headless, OS_INPUT_TEXT, utf8_next(&at, end));
}

static void wheel(struct headless *headless, const struct command *command)
{
    struct os_input_event event = { .kind = OS_INPUT_WHEEL, .x = command->x, .y = command->y };

    require(headless, display_submit(&headless->display, &event, 1), "cannot submit input");
}

static void take_shot(struct headless *headless, const struct command *command)
{
    char name[64] = "";

    memcpy(name, command->text, command->text_len);
    require(headless, display_shot(&headless->display, name), "cannot save the picture");
}

/* Brings the picture up to date; non-zero if the pixel that is waited for has its colour. */
static int until_met(struct headless *headless)
{
    const struct command *until = &headless->until;
    const uint32_t *pixels = headless->display.region.at;
    struct os_rect rects[DISPLAY_RECTS];
    uint32_t count;
    os_err err = display_capture(&headless->display, rects, &count);

    require(headless, err, "cannot take the picture");
    if (err)
        return 0;
    return (pixels[(size_t)until->y * headless->display.w + (size_t)until->x] & 0xffffff) == until->code;
}

static void run_command(struct headless *headless, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_KEY:
        submit(headless, OS_INPUT_PRESS, command->code);
        submit(headless, OS_INPUT_RELEASE, command->code);
        break;
    case COMMAND_PRESS:
        submit(headless, OS_INPUT_PRESS, command->code);
        break;
    case COMMAND_RELEASE:
        submit(headless, OS_INPUT_RELEASE, command->code);
        break;
    case COMMAND_TEXT:
        type_text(headless, command);
        break;
    case COMMAND_MOVE:
        headless->x = command->x;
        headless->y = command->y;
        headless->moved = 1;
        submit(headless, OS_INPUT_MOVE, 0);
        break;
    case COMMAND_WHEEL:
        wheel(headless, command);
        break;
    case COMMAND_WAIT:
        os_require(headless->env, os_timeout_arm(&headless->wait, (os_time)command->x * OS_MS),
                   "cannot wait");
        break;
    case COMMAND_UNTIL:
        headless->until = *command;
        if (until_met(headless))
            headless->until.kind = COMMAND_END;
        break;
    case COMMAND_SETTLE:
        require(headless, os_event_settle_begin(headless->display.event.cap, &headless->settle),
                "cannot wait for the applications");
        break;
    case COMMAND_SHOT:
        take_shot(headless, command);
        break;
    case COMMAND_QUIT:
        os_require(headless->env, os_host_quit(headless->display.host.cap, command->x), "cannot quit");
        break;
    case COMMAND_END:
        break;
    }
}

/* Non-zero if the script goes on after COMMAND at once, not when something has happened, or never. */
static int goes_on(const struct headless *headless, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_WAIT:
    case COMMAND_SETTLE:
    case COMMAND_QUIT:
    case COMMAND_END:
        return 0;
    default:
        return headless->until.kind == COMMAND_END;
    }
}

static struct command next_command(struct headless *headless)
{
    struct command command = headless->again;

    headless->again.kind = COMMAND_END;
    if (command.kind != COMMAND_END)
        return command;
    const char *error = script_next(&headless->script, &command);
    if (error)
        fail_script(headless, &headless->script, error);
    return command;
}

/* Runs commands up to the next one that waits, or that ends all. */
static void run_script(struct headless *headless)
{
    struct command command;

    do {
        command = next_command(headless);
        run_command(headless, &command);
        if (headless->lost) {
            headless->again = command;
            headless->until.kind = COMMAND_END;
            return;
        }
    } while (goes_on(headless, &command));
}

static void handle_wait(struct os_timeout *timeout)
{
    run_script(OS_CONTAINER_OF(timeout, struct headless, wait));
}

static void handle_settled(struct os_call *call)
{
    struct headless *headless = OS_CONTAINER_OF(call, struct headless, settle);

    require(headless, os_event_settle_end(call), "cannot wait for the applications");
    if (headless->lost)
        headless->again = (struct command){ .kind = COMMAND_SETTLE };
    else
        run_script(headless);
}

/* Signals come at least once: also when nothing is waited for. */
static void handle_changed(struct os_signal_handler *handler)
{
    struct headless *headless = OS_CONTAINER_OF(handler, struct headless, changed);

    if (headless->until.kind == COMMAND_END || !until_met(headless))
        return;
    headless->until.kind = COMMAND_END;
    run_script(headless);
}

static int on_screen(const struct headless *headless, const struct command *command)
{
    return command->x >= 0 && command->y >= 0 && (uint32_t)command->x < headless->display.w &&
           (uint32_t)command->y < headless->display.h;
}

/* All of a script is checked before any of it runs. */
static void check_script(struct headless *headless)
{
    struct script script = headless->script;
    struct command command;

    do {
        const char *error = script_next(&script, &command);
        if (!error && command.kind == COMMAND_UNTIL && !on_screen(headless, &command))
            error = "expected a pixel of the screen";
        if (error)
            fail_script(headless, &script, error);
    } while (command.kind != COMMAND_END);
}

/* A copy of TEXT for good, since the config that it comes from may change. */
static const char *keep(struct headless *headless, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    os_require(headless->env, copy ? OS_OK : OS_ERR_RAM, "the script");
    return memcpy(copy, text, size);
}

/* The script is a ROM module that the config names, or the text in the config itself. */
static int open_script(struct headless *headless)
{
    const struct os_config *config = &headless->config.config;
    const char *name = os_config_str(config, os_config_root(config), "script", "");
    const char *text = os_config_str(config, os_config_root(config), "input", "");

    headless->scripted = *name || *text;
    if (*name) {
        headless->script_name = keep(headless, name);
        os_require(headless->env, os_rom_module_open(&headless->script_rom, headless->env, name),
                   "cannot open the script");
        script_init(&headless->script, headless->script_rom.data, headless->script_rom.size);
    } else if (*text) {
        headless->script_name = "input";
        script_init(&headless->script, keep(headless, text), strlen(text));
    }
    return headless->scripted;
}

/* The gui says when there is something new to see, once until it is looked at. */
static void watch_picture(struct headless *headless)
{
    os_require(
        headless->env,
        os_signal_handler_init(&headless->changed, headless->env->ep, handle_changed, &headless->changed_cap),
        "cannot make a signal handler");
    require(headless, os_capture_sigh(headless->display.capture.cap, headless->changed_cap),
            "cannot watch the picture");
}

static void start_script(struct headless *headless)
{
    if (!open_script(headless))
        return;
    check_script(headless);
    os_require(headless->env, os_timeouts_open(&headless->timer, headless->env, headless->env->ep),
               "cannot open Timer");
    os_timeout_init(&headless->wait, &headless->timer, handle_wait);
    os_call_init(&headless->settle, headless->env->ep, handle_settled);
    watch_picture(headless);
    run_script(headless);
}

/* ---- the gui, and the next one */

static void handle_shot(struct os_signal_handler *handler)
{
    struct headless *headless = OS_CONTAINER_OF(handler, struct headless, shot);
    os_err err = display_shot(&headless->display, "shot");

    headless->shot_owed = os_err_is_gone(err);
    if (err && !headless->shot_owed)
        printf("cannot save the picture: %s\n", os_err_text(err));
}

static void handle_gone(struct os_watch *watch);

static void watch_gui(struct headless *headless)
{
    os_err err;

    while (os_err_is_gone(err = os_watch_begin(&headless->watch, headless->env->ep,
                                               headless->display.capture.cap.cap, handle_gone)))
        os_require(headless->env,
                   display_reopen(&headless->display, headless->w, headless->h, headless->changed_cap),
                   "the gui is gone");
    os_require(headless->env, err, "cannot watch the gui");
}

/*
 * What a settle waits for is told by the call, which may come before this or after. A picture that is waited
 * for is looked at again when the next gui says that it has changed.
 */
static void handle_gone(struct os_watch *watch)
{
    struct headless *headless = OS_CONTAINER_OF(watch, struct headless, watch);

    if (os_call_pending(&headless->settle)) {
        os_call_cancel(&headless->settle);
        headless->again = (struct command){ .kind = COMMAND_SETTLE };
    }
    os_require(headless->env,
               display_reopen(&headless->display, headless->w, headless->h, headless->changed_cap),
               "the gui is gone");
    watch_gui(headless);
    headless->lost = 0;
    if (headless->moved)
        submit(headless, OS_INPUT_MOVE, 0);
    if (headless->shot_owed)
        handle_shot(&headless->shot);
    if (headless->again.kind != COMMAND_END)
        run_script(headless);
}

/* ---- the screen */

/* The size that the config wants, if a screen can have it. */
static int wanted_size(struct headless *headless, uint32_t *w, uint32_t *h)
{
    const struct os_config *config = &headless->config.config;
    uint64_t want_w = os_config_u64(config, os_config_root(config), "width", 1024);
    uint64_t want_h = os_config_u64(config, os_config_root(config), "height", 640);

    if (!want_w || !want_h || want_w > OS_GUI_MAX_SIZE || want_h > OS_GUI_MAX_SIZE) {
        printf("expected a width and height of 1 to %d\n", OS_GUI_MAX_SIZE);
        return 0;
    }
    *w = (uint32_t)want_w;
    *h = (uint32_t)want_h;
    return 1;
}

/* Only the size can change; a script has been checked for the one that it began with. */
static void config_changed(struct os_config_rom *rom)
{
    struct headless *headless = OS_CONTAINER_OF(rom, struct headless, config);
    uint32_t w, h;

    if (headless->scripted || !wanted_size(headless, &w, &h) || (w == headless->w && h == headless->h))
        return;
    headless->w = w;
    headless->h = h;
    require(headless, display_resize(&headless->display, w, h), "cannot resize the screen");
}

static void open_config(struct headless *headless)
{
    os_err err = os_config_rom_open(&headless->config, headless->env, "config", config_changed);

    if (err && err != OS_ERR_NOT_FOUND)
        printf("no config: %s\n", os_err_text(err));
}

static void open_screen(struct headless *headless)
{
    os_signal_cap signal;

    if (!wanted_size(headless, &headless->w, &headless->h))
        os_exit(headless->env, 1);
    os_require(headless->env, display_open(&headless->display, headless->env), "cannot open the screen");
    os_require(headless->env, display_resize(&headless->display, headless->w, headless->h),
               "cannot make the screen");
    os_require(headless->env,
               os_signal_handler_init(&headless->shot, headless->env->ep, handle_shot, &signal),
               "cannot make a signal handler");
    os_require(headless->env, os_host_shot_sigh(headless->display.host.cap, signal), "cannot offer pictures");
    os_cap_drop(signal.cap);
}

void component_construct(struct os_env *env)
{
    static struct headless state;

    state = (struct headless){ .env = env };
    open_config(&state);
    open_screen(&state);
    watch_gui(&state);
    start_script(&state);
}
