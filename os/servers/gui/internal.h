/* SPDX-License-Identifier: BSD-2-Clause */
/* internal.h: the state of the gui server, and what its sources offer to each other. */
#ifndef GUI_INTERNAL_H
#define GUI_INTERNAL_H

#include <os/component.h>
#include <os/gui.h>
#include "area.h"

enum {
    MAX_VIEWS = 256,  /* of one client: bounds what one client can cost the others at each composition */
    QUEUE_SIZE = 256, /* events that wait for one client */
    KEY_CODES = 768,  /* codes of keys and buttons are below */
};

/* ---- buffer.c: pixels that are shared with a client, and charged to it */

/* Zeroed is none. */
struct buffer {
    uint32_t w, h;
    os_dataspace_cap ds; /* owned */
    struct os_region region;
    uint64_t ram; /* what is charged, with CAPS caps */
    uint32_t caps;
};

/*
 * W by H pixels instead of what BUFFER was before, charged to QUOTA with CAPS caps. OS_ERR_BAD_ARG,
 * OS_ERR_RAM, OS_ERR_CAPS leave it as it was; errors of core leave it empty.
 */
os_err buffer_replace(struct buffer *buffer, struct os_env *env, struct os_quota *quota, uint32_t w,
                      uint32_t h, uint32_t caps);
void buffer_free(struct buffer *buffer, struct os_env *env, struct os_quota *quota);

/* ---- queue.c: events that wait for a client */

struct queue {
    struct os_input_event events[QUEUE_SIZE];
    uint32_t head, count;
};

/*
 * Appends. With MERGE, or when it is rather full, a move replaces a move that is last. When it is full the
 * client is not reading; then moves are forgotten first, and what is oldest next, releases last.
 */
void queue_put(struct queue *queue, struct os_input_event event, int merge);
/* Takes up to MAX events; the number taken. */
uint32_t queue_take(struct queue *queue, struct os_input_event *events, uint32_t max);

/* ---- the state */

struct gui;

/* A Gui session. */
struct client {
    struct os_root_session session;
    struct os_object object;
    struct os_list link; /* in gui.clients */
    struct gui *gui;
    struct buffer buffer;
    struct os_list views; /* of struct view.link */
    uint32_t view_count;
    uint32_t last_view; /* newest id that was given */
    os_signal_cap handler;
    struct queue queue;
    int busy; /* got an event, and has not come back to an empty queue since */
};

struct view {
    struct os_list link;  /* in client.views */
    struct os_list stack; /* in gui.views */
    struct client *client;
    uint32_t id;
    struct os_rect rect; /* on the screen */
    int32_t x, y;        /* pixel of the buffer that is at the top left */
    char title[64];
};

/* A Capture session. */
struct capture {
    struct os_root_session session;
    struct os_object object;
    struct os_list link; /* in gui.captures */
    struct gui *gui;
    struct buffer buffer;
    os_signal_cap handler;
    int signalled; /* and has not captured since */
};

/* An Event session. */
struct source {
    struct os_root_session session;
    struct os_object object;
    struct os_list link; /* in gui.sources */
    struct gui *gui;
    uint8_t held[KEY_CODES / 8]; /* bit set: this source holds the key */
    struct os_reply settle;      /* owed until all clients have dealt with their input */
};

/* The pointer's picture: premultiplied alpha, as composed onto the screen. */
enum { POINTER_W = 24, POINTER_H = 32, POINTER_HOT_X = 3, POINTER_HOT_Y = 2 };

struct pointer {
    int32_t x, y; /* on the screen */
    int shown;    /* from the first event of a pointer on */
    uint32_t image[POINTER_W * POINTER_H];
};

struct input {
    struct view *hover;          /* has the pointer; NULL: none */
    struct view *grab;           /* has the pointer while buttons are held; NULL if it is gone meanwhile */
    struct client *focus;        /* gets keys; NULL: nobody */
    uint32_t buttons;            /* that are held */
    uint16_t held[KEY_CODES];    /* number of sources that hold a key or button */
    uint8_t sent[KEY_CODES / 8]; /* bit set: the focus was told that the key is down */
};

struct gui {
    struct os_env *env;
    struct os_root_server gui_root, capture_root, event_root;
    struct os_list clients;  /* of struct client.link */
    struct os_list views;    /* of struct view.stack, front first */
    struct os_list captures; /* of struct capture.link, newest first */
    struct os_list sources;  /* of struct source.link */
    uint32_t w, h;        /* of the screen; kept while no driver is there, so that nobody notices a new one */
    struct damage damage; /* of the screen, since the last capture */
    struct pointer pointer;
    struct input input;
};

/* ---- gui_session.c, capture_session.c, event_session.c */

extern const struct os_root_handlers gui_handlers, capture_handlers, event_handlers;

/* Puts EVENT in the client's queue and signals it. */
void client_event(struct client *client, struct os_input_event event);

/* Non-zero when no client that reads its input has some to deal with. */
int clients_settled(struct gui *gui);

/* Signals those that do. Signals say "at least once": one more than there are events does no harm. */
void clients_nudge(struct gui *gui);

/* Non-zero while a driver waits until all is settled. */
int settle_awaited(struct gui *gui);

/* A client is done, or gone: answers the drivers that wait, if it was the last. */
void settle_check(struct gui *gui);

/* Something has changed: adds to the damage, and signals the driver. */
void screen_damage(struct gui *gui, struct area area);

/* ---- compose.c */

struct area screen_area(const struct gui *gui);

/* Part of the screen where VIEW has pixels to show. */
struct area view_area(const struct view *view);

/* The front-most view that shows a pixel at X, Y, or NULL. */
struct view *view_at(struct gui *gui, int32_t x, int32_t y);

/* Writes AREA of the screen to PIXELS, which has the size of the screen. */
void compose(struct gui *gui, uint32_t *pixels, struct area area);

/* ---- background.c: what is seen where no view is. X from x0 up to and without x1 of row Y. */
void background_row(uint32_t w, uint32_t h, int32_t y, int32_t x0, int32_t x1, uint32_t *row);

/* ---- pointer.c */

void pointer_init(struct pointer *pointer);
struct area pointer_area(const struct pointer *pointer);
/* Blends the pointer onto PIXELS, STRIDE pixels a row, within CLIP. */
void pointer_blend(const struct pointer *pointer, uint32_t *pixels, uint32_t stride, struct area clip);

/* ---- input.c: who gets what */

/* Moves the pointer, cut to the screen. */
void input_move(struct gui *gui, int32_t x, int32_t y);
/* A key or button goes down at its first holder, up at its last. */
void input_press(struct gui *gui, uint32_t code, int repeated);
void input_release(struct gui *gui, uint32_t code);
void input_wheel(struct gui *gui, int32_t x, int32_t y);
void input_text(struct gui *gui, uint32_t code);

/* Gives the keyboard to CLIENT, or to nobody. */
void input_focus(struct gui *gui, struct client *client);
/* Views have changed: another one may be under the pointer. */
void input_views_changed(struct gui *gui);
/* VIEW will be gone and is in no list any more. */
void input_view_gone(struct gui *gui, struct view *view);
/* CLIENT will be gone and has no views any more. */
void input_client_gone(struct gui *gui, struct client *client);
void input_screen_resized(struct gui *gui);

static inline int bit_get(const uint8_t *bits, uint32_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static inline void bit_set(uint8_t *bits, uint32_t i, int value)
{
    bits[i / 8] = (uint8_t)((bits[i / 8] & ~(1u << (i % 8))) | (unsigned)value << (i % 8));
}

static inline int is_button(uint32_t code)
{
    return code >= 0x110 && code < 0x120;
}

#endif
