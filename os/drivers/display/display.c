/* SPDX-License-Identifier: BSD-2-Clause */
/* display.c: see display.h. */
#include "display.h"
#include "../../draw/png.h"

#include <stdlib.h>
#include <string.h>

/* What OS_SESSION donates to a Capture session; the gui takes its own structure from it. */
static const uint64_t first_donation = OS_KIB(64);

static os_err open_gui(struct display *display)
{
    os_err err = os_capture_open(display->env, "", "", &display->capture);
    if (err)
        return err;
    err = os_event_open(display->env, "", "", &display->event);
    if (err)
        os_capture_close(&display->capture);
    display->donated = first_donation;
    return err;
}

static void close_gui(struct display *display)
{
    os_region_detach(&display->region);
    display->w = display->h = 0;
    os_event_close(&display->event);
    os_capture_close(&display->capture);
}

os_err display_open(struct display *display, struct os_env *env)
{
    *display = (struct display){ .env = env };
    os_err err = open_gui(display);
    if (err)
        return err;
    err = os_host_open(env, "", "", &display->host);
    if (err)
        close_gui(display);
    return err;
}

os_err display_reopen(struct display *display, uint32_t w, uint32_t h, os_signal_cap changed)
{
    os_err err;

    do {
        close_gui(display);
        err = open_gui(display);
        if (!err)
            err = display_resize(display, w, h);
        if (!err && changed.cap.id)
            err = os_capture_sigh(display->capture.cap, changed);
    } while (os_err_is_gone(err));
    return err;
}

os_err display_resize(struct display *display, uint32_t w, uint32_t h)
{
    uint64_t need = (uint64_t)w * h * 4 + first_donation;
    os_dataspace_cap ds;
    os_err err;

    if (need > display->donated) {
        err = os_session_upgrade(&display->capture.base, need - display->donated, 0);
        if (err)
            return err;
        display->donated = need;
    }
    os_region_detach(&display->region);
    display->w = display->h = 0;
    err = os_capture_buffer(display->capture.cap, w, h, &ds);
    if (err)
        return err;
    err = os_region_attach(&display->region, ds, OS_ATTACH_READ);
    os_cap_drop(ds.cap);
    if (err)
        return err;
    display->w = w;
    display->h = h;
    return OS_OK;
}

os_err display_capture(struct display *display, struct os_rect *rects, uint32_t *count)
{
    uint8_t data[1024];
    size_t len = 0;
    os_err err = os_capture_capture(display->capture.cap, &data, &len);
    if (err)
        return err;

    _Static_assert(sizeof(data) == DISPLAY_RECTS * sizeof(*rects), "all rectangles fit");
    memcpy(rects, data, len);
    *count = (uint32_t)(len / sizeof(*rects));
    return OS_OK;
}

os_err display_submit(struct display *display, const struct os_input_event *events, uint32_t count)
{
    enum { MOST = 1024 / sizeof(*events) };

    while (count) {
        uint32_t now = count < MOST ? count : MOST;
        os_err err = os_event_submit(display->event.cap, events, now * sizeof(*events));
        if (err)
            return err;
        events += now;
        count -= now;
    }
    return OS_OK;
}

/* SIZE bytes of FILE in a dataspace of our own, to hand to the host. */
static os_err save_file(struct display *display, const char *name, const void *file, size_t size)
{
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    os_err err = os_ram_alloc(display->env, size, &ds);
    if (err)
        return err;

    err = os_region_attach(&region, ds, OS_ATTACH_WRITE);
    if (!err) {
        memcpy(region.at, file, size);
        os_region_detach(&region);
        err = os_host_save(display->host.cap, name, ds, size);
    }
    os_ram_free(display->env, ds);
    return err;
}

static os_err make_shot(struct display *display, const char *name)
{
    struct os_rect rects[DISPLAY_RECTS];
    uint32_t count;
    void *file;
    size_t size;
    os_err err = display->w ? display_capture(display, rects, &count) : OS_ERR_NOT_FOUND;
    if (err)
        return err;

    err = draw_png(display->region.at, display->w, display->h, &file, &size);
    if (err)
        return err;
    err = save_file(display, name, file, size);
    free(file);
    return err;
}

os_err display_shot(struct display *display, const char *name)
{
    os_err err = make_shot(display, name);

    /* The host may be what failed; it has nothing to learn from a second answer then. */
    if (err && !os_err_is_gone(err)) {
        os_err told = os_host_failed(display->host.cap, name, os_err_text(err));
        return told ? told : err;
    }
    return err;
}
