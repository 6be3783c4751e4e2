/* SPDX-License-Identifier: BSD-2-Clause */
/* input.h: input events, as drivers submit them to an Event session and as clients read them from a Gui
 * session. */
#ifndef OS_INPUT_H
#define OS_INPUT_H

#include <stdint.h>

enum os_input_kind {
    OS_INPUT_NONE,
    OS_INPUT_MOVE,    /* pointer is at x, y */
    OS_INPUT_PRESS,   /* button or key CODE goes down; x, y for buttons */
    OS_INPUT_RELEASE, /* button or key CODE goes up; x, y for buttons */
    OS_INPUT_WHEEL,   /* wheel turned by x (right positive), y (away from the user positive) steps */
    OS_INPUT_TEXT,    /* CODE is a Unicode code point that was typed, layout and modifiers applied */
    OS_INPUT_FOCUS,   /* Gui clients only: CODE 1 keyboard focus gained, 0 lost */
    OS_INPUT_LEAVE,   /* Gui clients only: the pointer has left the client's views */
    OS_INPUT_RESIZE,  /* Gui clients only: the screen is now x by y pixels */
};

/*
 * One event. Pixels; for drivers from the top left of the screen, for Gui clients from the top left of the
 * view that has the pointer.
 */
struct os_input_event {
    uint32_t kind; /* enum os_input_kind */
    uint32_t code; /* key, button or code point */
    int32_t x, y;
};

/*
 * Codes of keys and buttons are those of the Linux input interface (linux/input-event-codes.h), which all
 * drivers map to; these are the ones that components here name.
 */
enum os_key {
    OS_KEY_ESC = 1,
    OS_KEY_1 = 2,
    OS_KEY_2 = 3,
    OS_KEY_3 = 4,
    OS_KEY_4 = 5,
    OS_KEY_5 = 6,
    OS_KEY_6 = 7,
    OS_KEY_7 = 8,
    OS_KEY_8 = 9,
    OS_KEY_9 = 10,
    OS_KEY_0 = 11,
    OS_KEY_MINUS = 12,
    OS_KEY_EQUAL = 13,
    OS_KEY_BACKSPACE = 14,
    OS_KEY_TAB = 15,
    OS_KEY_Q = 16,
    OS_KEY_W,
    OS_KEY_E,
    OS_KEY_R,
    OS_KEY_T,
    OS_KEY_Y,
    OS_KEY_U,
    OS_KEY_I,
    OS_KEY_O,
    OS_KEY_P,
    OS_KEY_LEFTBRACE,
    OS_KEY_RIGHTBRACE,
    OS_KEY_ENTER,
    OS_KEY_LEFTCTRL,
    OS_KEY_A,
    OS_KEY_S,
    OS_KEY_D,
    OS_KEY_F,
    OS_KEY_G,
    OS_KEY_H,
    OS_KEY_J,
    OS_KEY_K,
    OS_KEY_L,
    OS_KEY_SEMICOLON,
    OS_KEY_APOSTROPHE,
    OS_KEY_GRAVE,
    OS_KEY_LEFTSHIFT,
    OS_KEY_BACKSLASH,
    OS_KEY_Z,
    OS_KEY_X,
    OS_KEY_C,
    OS_KEY_V,
    OS_KEY_B,
    OS_KEY_N,
    OS_KEY_M,
    OS_KEY_COMMA,
    OS_KEY_DOT,
    OS_KEY_SLASH,
    OS_KEY_RIGHTSHIFT,
    OS_KEY_LEFTALT = 56,
    OS_KEY_SPACE = 57,
    OS_KEY_CAPSLOCK = 58,
    OS_KEY_F1 = 59,
    OS_KEY_F2,
    OS_KEY_F3,
    OS_KEY_F4,
    OS_KEY_F5,
    OS_KEY_F6,
    OS_KEY_F7,
    OS_KEY_F8,
    OS_KEY_F9,
    OS_KEY_F10,
    OS_KEY_F11 = 87,
    OS_KEY_F12 = 88,
    OS_KEY_RIGHTCTRL = 97,
    OS_KEY_RIGHTALT = 100,
    OS_KEY_HOME = 102,
    OS_KEY_UP = 103,
    OS_KEY_PAGEUP = 104,
    OS_KEY_LEFT = 105,
    OS_KEY_RIGHT = 106,
    OS_KEY_END = 107,
    OS_KEY_DOWN = 108,
    OS_KEY_PAGEDOWN = 109,
    OS_KEY_INSERT = 110,
    OS_KEY_DELETE = 111,
    OS_KEY_LEFTMETA = 125,
    OS_KEY_RIGHTMETA = 126,
    OS_BUTTON_LEFT = 0x110,
    OS_BUTTON_RIGHT = 0x111,
    OS_BUTTON_MIDDLE = 0x112,
    OS_BUTTON_SIDE = 0x113,
    OS_BUTTON_EXTRA = 0x114,
};

#endif
