/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gui.h: the services of a gui server: Gui for applications, Capture and Event for the drivers that feed it.
 *
 * Pixels are 32 bit, 0xXXRRGGBB in native byte order, rows without padding, from the top left.
 */
#ifndef OS_GUI_H
#define OS_GUI_H

#include <os/dataspace.h>
#include <os/input.h>
#include <os/session.h>
#include <os/signal.h>

/* A rectangle in pixels; w or h 0 is empty. */
struct os_rect {
    int32_t x, y;
    uint32_t w, h;
};

#define OS_GUI_MAX_SIZE 8192 /* pixels, of screens, buffers and views in each direction */

/*
 * Gui: an application has one buffer and any number of views, rectangles on the screen that show a part of
 * it.
 *
 * mode: size of the screen in pixels; 0 by 0 while there is none.
 * buffer: a new buffer of W by H pixels, zeroed, instead of the one before; charged to the session (w * h * 4
 * bytes, rounded up to pages): OS_ERR_RAM asks for an upgrade. The dataspace is writable. view_create: a view
 * that shows the buffer from its pixel X, Y on, at RECT of the screen, in front of all; costs one cap of the
 * session. VIEW names it. view_move: another rectangle.  view_front, view_back: to the front or back of all.
 * view_destroy: gone. view_title: a name for people. refresh: this rectangle of the buffer has changed.
 * input: takes up to 64 waiting events: LEN is a multiple of sizeof(struct os_input_event). Pointer events go
 * to the view under the pointer, and while a button is held to the view where it went down; keys go to the
 * session that has the focus, which a click gives, and which a new view takes. input_sigh: HANDLER is
 * signalled when events wait.
 */
#define OS_GUI_RPC(FN, I)                                                                                    \
    FN(I, mode, (out, uint32_t, w), (out, uint32_t, h))                                                      \
    FN(I, buffer, (in, uint32_t, w), (in, uint32_t, h), (out, os_cap(os_dataspace), ds))                     \
    FN(I, view_create, (in, struct os_rect, rect), (in, int32_t, x), (in, int32_t, y),                       \
       (out, uint32_t, view))                                                                                \
    FN(I, view_move, (in, uint32_t, view), (in, struct os_rect, rect))                                       \
    FN(I, view_front, (in, uint32_t, view))                                                                  \
    FN(I, view_back, (in, uint32_t, view))                                                                   \
    FN(I, view_title, (in, uint32_t, view), (in, os_str(64), title))                                         \
    FN(I, view_destroy, (in, uint32_t, view))                                                                \
    FN(I, refresh, (in, struct os_rect, rect))                                                               \
    FN(I, input, (out, os_buf(1024), events))                                                                \
    FN(I, input_sigh, (in, os_cap(os_signal), handler))
OS_RPC_INTERFACE(os_gui, OS_GUI_RPC)
OS_SESSION(os_gui, "Gui", OS_KIB(64), 8)

/*
 * Capture: a display driver is a client that takes the composed picture.
 *
 * buffer: the screen is W by H pixels from now on; DS, read-only, receives the picture; charged to the
 * session like a Gui buffer. capture: composes what has changed since the last call into the buffer; RECTS
 * are the changed rectangles, LEN a multiple of sizeof(struct os_rect), at most 64. None means that nothing
 * has changed. sigh: HANDLER is signalled when there is something to capture, once until capture is called.
 */
#define OS_CAPTURE_RPC(FN, I)                                                                                \
    FN(I, buffer, (in, uint32_t, w), (in, uint32_t, h), (out, os_cap(os_dataspace), ds))                     \
    FN(I, capture, (out, os_buf(1024), rects))                                                               \
    FN(I, sigh, (in, os_cap(os_signal), handler))
OS_RPC_INTERFACE(os_capture, OS_CAPTURE_RPC)
OS_SESSION(os_capture, "Capture", OS_KIB(64), 8)

/*
 * Event: an input driver is a client that submits events, LEN a multiple of sizeof(struct os_input_event), up
 * to 64. Kinds above OS_INPUT_TEXT are refused with OS_ERR_BAD_ARG. When the session closes, what it holds
 * pressed is released.
 *
 * settle: answers when all clients of Gui that read their input have dealt with what was submitted: each came
 * back for more, and there was none. What they have refreshed until then is in the next picture. One that is
 * gone is not waited for, one that hangs is. Of two settles on a session the first is answered when the
 * second comes.
 */
#define OS_EVENT_RPC(FN, I)                                                                                  \
    FN(I, submit, (in, os_buf(1024), events))                                                                \
    FN(I, settle)
OS_RPC_INTERFACE(os_event, OS_EVENT_RPC)
OS_SESSION(os_event, "Event", OS_KIB(16), 4)

#endif
