/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys.c: see keys.h. SDL's scancodes are the usage numbers of USB keyboards; the table is in their order.
 * Codes without a name in os/input.h are those of linux/input-event-codes.h.
 */
#include "keys.h"

#include <os/input.h>
#include <os/types.h>
#include <SDL.h>

static const uint16_t keys[] = {
    [SDL_SCANCODE_A] = OS_KEY_A,
    OS_KEY_B,
    OS_KEY_C,
    OS_KEY_D,
    OS_KEY_E,
    OS_KEY_F,
    OS_KEY_G,
    OS_KEY_H,
    OS_KEY_I,
    OS_KEY_J,
    OS_KEY_K,
    OS_KEY_L,
    OS_KEY_M,
    OS_KEY_N,
    OS_KEY_O,
    OS_KEY_P,
    OS_KEY_Q,
    OS_KEY_R,
    OS_KEY_S,
    OS_KEY_T,
    OS_KEY_U,
    OS_KEY_V,
    OS_KEY_W,
    OS_KEY_X,
    OS_KEY_Y,
    OS_KEY_Z,
    [SDL_SCANCODE_1] = OS_KEY_1,
    OS_KEY_2,
    OS_KEY_3,
    OS_KEY_4,
    OS_KEY_5,
    OS_KEY_6,
    OS_KEY_7,
    OS_KEY_8,
    OS_KEY_9,
    OS_KEY_0,
    [SDL_SCANCODE_RETURN] = OS_KEY_ENTER,
    OS_KEY_ESC,
    OS_KEY_BACKSPACE,
    OS_KEY_TAB,
    OS_KEY_SPACE,
    OS_KEY_MINUS,
    OS_KEY_EQUAL,
    OS_KEY_LEFTBRACE,
    OS_KEY_RIGHTBRACE,
    OS_KEY_BACKSLASH,
    OS_KEY_BACKSLASH,
    OS_KEY_SEMICOLON,
    OS_KEY_APOSTROPHE,
    OS_KEY_GRAVE,
    OS_KEY_COMMA,
    OS_KEY_DOT,
    OS_KEY_SLASH,
    OS_KEY_CAPSLOCK,
    [SDL_SCANCODE_F1] = OS_KEY_F1,
    OS_KEY_F2,
    OS_KEY_F3,
    OS_KEY_F4,
    OS_KEY_F5,
    OS_KEY_F6,
    OS_KEY_F7,
    OS_KEY_F8,
    OS_KEY_F9,
    OS_KEY_F10,
    OS_KEY_F11,
    OS_KEY_F12,
    [SDL_SCANCODE_PRINTSCREEN] = 99,
    70 /* scroll lock */,
    119 /* pause */,
    OS_KEY_INSERT,
    OS_KEY_HOME,
    OS_KEY_PAGEUP,
    OS_KEY_DELETE,
    OS_KEY_END,
    OS_KEY_PAGEDOWN,
    OS_KEY_RIGHT,
    OS_KEY_LEFT,
    OS_KEY_DOWN,
    OS_KEY_UP,
    [SDL_SCANCODE_NUMLOCKCLEAR] = 69,
    98,
    55,
    74,
    78,
    96,
    79,
    80,
    81,
    75,
    76,
    77,
    71,
    72,
    73,
    82,
    83, /* keypad */
    [SDL_SCANCODE_NONUSBACKSLASH] = 86,
    127, /* the key beside left shift, menu */
    [SDL_SCANCODE_LCTRL] = OS_KEY_LEFTCTRL,
    OS_KEY_LEFTSHIFT,
    OS_KEY_LEFTALT,
    OS_KEY_LEFTMETA,
    OS_KEY_RIGHTCTRL,
    OS_KEY_RIGHTSHIFT,
    OS_KEY_RIGHTALT,
    OS_KEY_RIGHTMETA,
};

uint32_t key_from_scancode(uint32_t scancode)
{
    return scancode < OS_ARRAY_LEN(keys) ? keys[scancode] : 0;
}

uint32_t button_from_sdl(uint32_t button)
{
    static const uint16_t buttons[] = { [SDL_BUTTON_LEFT] = OS_BUTTON_LEFT,
                                        [SDL_BUTTON_MIDDLE] = OS_BUTTON_MIDDLE,
                                        [SDL_BUTTON_RIGHT] = OS_BUTTON_RIGHT,
                                        [SDL_BUTTON_X1] = OS_BUTTON_SIDE,
                                        [SDL_BUTTON_X2] = OS_BUTTON_EXTRA };

    return button < OS_ARRAY_LEN(buttons) ? buttons[button] : 0;
}
