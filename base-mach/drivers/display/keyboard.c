/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyboard.c: see keyboard.h. The codes of os/input.h were made from this set: up to 0x58 they are the same.
 * Codes without a name there are those of linux/input-event-codes.h.
 */
#include "keyboard.h"

#include <os/types.h>

enum {
    EXTENDED = 0xe0, /* one byte follows */
    PAUSE = 0xe1,    /* two bytes follow: 1d 45, at the release 9d c5 */
    RELEASED = 0x80, /* a bit of the last byte */
    KEY_NUMLOCK = 69,
    KEY_KEYPAD_7 = 71,
    KEY_KEYPAD_DOT = 83,
    KEY_LAST_PLAIN = 88,
    KEY_PAUSE = 119,
};

/* Those of the second half of a keyboard, which was added later; 0 for what is no key. */
static uint32_t extended_key(uint8_t code)
{
    static const uint8_t keys[] = {
        [0x1c] = 96,
        [0x1d] = OS_KEY_RIGHTCTRL,
        [0x35] = 98,
        [0x37] = 99,
        [0x38] = OS_KEY_RIGHTALT,
        [0x46] = KEY_PAUSE, /* with control */
        [0x47] = OS_KEY_HOME,
        [0x48] = OS_KEY_UP,
        [0x49] = OS_KEY_PAGEUP,
        [0x4b] = OS_KEY_LEFT,
        [0x4d] = OS_KEY_RIGHT,
        [0x4f] = OS_KEY_END,
        [0x50] = OS_KEY_DOWN,
        [0x51] = OS_KEY_PAGEDOWN,
        [0x52] = OS_KEY_INSERT,
        [0x53] = OS_KEY_DELETE,
        [0x5b] = OS_KEY_LEFTMETA,
        [0x5c] = OS_KEY_RIGHTMETA,
        [0x5d] = 127,
    };
    /* What is missing above is no key: 2a and 36 pretend shift, for software that knows no other half. */
    return code < OS_ARRAY_LEN(keys) ? keys[code] : 0;
}

static uint32_t plain_key(uint8_t code)
{
    return code == 0x54 ? 99 /* print with alt */ : code == 0x55 || code > KEY_LAST_PLAIN ? 0 : code;
}

/* ---- text */

static int holds(const struct keyboard *keyboard, uint32_t code)
{
    return keyboard->held[code / 32] >> code % 32 & 1;
}

/* What a keypad's keys type by CODE; those between 7 and dot only with the lock, but for minus and plus. */
static uint32_t keypad_text(const struct keyboard *keyboard, uint32_t code)
{
    static const char keys[] = "789-456+1230.";
    if (code == 55)
        return '*';
    if (code == 98)
        return '/';
    if (code < KEY_KEYPAD_7 || code > KEY_KEYPAD_DOT)
        return 0;
    char text = keys[code - KEY_KEYPAD_7];
    return keyboard->num || text == '-' || text == '+' ? (uint32_t)text : 0;
}

static uint32_t text_of(const struct keyboard *keyboard, uint32_t code)
{
    /* in the order of the codes, from 1 to 57; a blank for what types nothing */
    static const char plain[] = "  1234567890-=  qwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./";
    static const char shifted[] = "  !@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?";

    if (code == OS_KEY_SPACE)
        return ' ';
    if (code == 86) /* the key beside left shift */
        code = OS_KEY_BACKSLASH;
    if (code >= sizeof(plain) - 1)
        return keypad_text(keyboard, code);
    int shift = holds(keyboard, OS_KEY_LEFTSHIFT) || holds(keyboard, OS_KEY_RIGHTSHIFT);
    int letter = plain[code] >= 'a' && plain[code] <= 'z';
    char text = (shift ^ (letter && keyboard->caps) ? shifted : plain)[code];
    return text == ' ' ? 0 : (uint32_t)text;
}

/* Keys that are held to mean something else than text. */
static int is_command(const struct keyboard *keyboard)
{
    static const uint32_t modifiers[] = { OS_KEY_LEFTCTRL, OS_KEY_RIGHTCTRL, OS_KEY_LEFTALT,
                                          OS_KEY_RIGHTALT, OS_KEY_LEFTMETA,  OS_KEY_RIGHTMETA };
    int any = 0;
    for (size_t i = 0; i < OS_ARRAY_LEN(modifiers); i++)
        any |= holds(keyboard, modifiers[i]);
    return any;
}

/* ---- keys */

static void emit(struct keyboard *keyboard, uint32_t kind, uint32_t code)
{
    const struct os_input_event event = { .kind = kind, .code = code };
    keyboard->emit(keyboard, &event);
}

/* Also when the key repeats, which is a press, too; only locks do not. */
static void press(struct keyboard *keyboard, uint32_t code)
{
    int repeats = holds(keyboard, code);
    keyboard->held[code / 32] |= UINT32_C(1) << code % 32;
    if (code == OS_KEY_CAPSLOCK && !repeats)
        keyboard->caps ^= 1;
    if (code == KEY_NUMLOCK && !repeats)
        keyboard->num ^= 1;
    emit(keyboard, OS_INPUT_PRESS, code);
    uint32_t text = is_command(keyboard) ? 0 : text_of(keyboard, code);
    if (text)
        emit(keyboard, OS_INPUT_TEXT, text);
}

/* A release whose press was never seen says nothing. */
static void release(struct keyboard *keyboard, uint32_t code)
{
    if (!holds(keyboard, code))
        return;
    keyboard->held[code / 32] &= ~(UINT32_C(1) << code % 32);
    emit(keyboard, OS_INPUT_RELEASE, code);
}

static void release_all(struct keyboard *keyboard)
{
    for (uint32_t code = 0; code < OS_ARRAY_LEN(keyboard->held) * 32; code++)
        release(keyboard, code);
}

static void take_key(struct keyboard *keyboard, uint32_t code, uint8_t byte)
{
    keyboard->prefix[0] = keyboard->prefix[1] = 0;
    if (code && byte & RELEASED)
        release(keyboard, code);
    else if (code)
        press(keyboard, code);
}

/* Non-zero if BYTE goes on with the sequence that PAUSE began; else something is missing of it. */
static int take_pause(struct keyboard *keyboard, uint8_t byte)
{
    uint8_t code = byte & (uint8_t)~RELEASED;
    if (!keyboard->prefix[1] && code == 0x1d) {
        keyboard->prefix[1] = byte;
        return 1;
    }
    if (keyboard->prefix[1] && code == 0x45 && !((byte ^ keyboard->prefix[1]) & RELEASED)) {
        take_key(keyboard, KEY_PAUSE, byte);
        return 1;
    }
    keyboard->prefix[0] = keyboard->prefix[1] = 0;
    return 0;
}

void keyboard_take(struct keyboard *keyboard, uint8_t byte)
{
    uint8_t code = byte & (uint8_t)~RELEASED;
    if (keyboard->prefix[0] == PAUSE && take_pause(keyboard, byte))
        return;
    if (byte == 0x00 || byte == 0xff) {
        keyboard->prefix[0] = 0;
        release_all(keyboard);
    } else if (byte == EXTENDED || byte == PAUSE) {
        keyboard->prefix[0] = byte;
    } else {
        take_key(keyboard, keyboard->prefix[0] ? extended_key(code) : plain_key(code), byte);
    }
}
