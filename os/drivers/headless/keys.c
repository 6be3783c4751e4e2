/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.c: the names that scripts have for keys and buttons. */
#include <os/input.h>
#include <os/types.h>
#include "script.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t code;
} keys[] = {
    { "esc", OS_KEY_ESC },
    { "minus", OS_KEY_MINUS },
    { "equal", OS_KEY_EQUAL },
    { "backspace", OS_KEY_BACKSPACE },
    { "tab", OS_KEY_TAB },
    { "leftbrace", OS_KEY_LEFTBRACE },
    { "[", OS_KEY_LEFTBRACE },
    { "rightbrace", OS_KEY_RIGHTBRACE },
    { "]", OS_KEY_RIGHTBRACE },
    { "enter", OS_KEY_ENTER },
    { "leftctrl", OS_KEY_LEFTCTRL },
    { "semicolon", OS_KEY_SEMICOLON },
    { "apostrophe", OS_KEY_APOSTROPHE },
    { "grave", OS_KEY_GRAVE },
    { "leftshift", OS_KEY_LEFTSHIFT },
    { "backslash", OS_KEY_BACKSLASH },
    { "comma", OS_KEY_COMMA },
    { "dot", OS_KEY_DOT },
    { "slash", OS_KEY_SLASH },
    { "rightshift", OS_KEY_RIGHTSHIFT },
    { "leftalt", OS_KEY_LEFTALT },
    { "space", OS_KEY_SPACE },
    { "capslock", OS_KEY_CAPSLOCK },
    { "f1", OS_KEY_F1 },
    { "f2", OS_KEY_F2 },
    { "f3", OS_KEY_F3 },
    { "f4", OS_KEY_F4 },
    { "f5", OS_KEY_F5 },
    { "f6", OS_KEY_F6 },
    { "f7", OS_KEY_F7 },
    { "f8", OS_KEY_F8 },
    { "f9", OS_KEY_F9 },
    { "f10", OS_KEY_F10 },
    { "f11", OS_KEY_F11 },
    { "f12", OS_KEY_F12 },
    { "rightctrl", OS_KEY_RIGHTCTRL },
    { "rightalt", OS_KEY_RIGHTALT },
    { "home", OS_KEY_HOME },
    { "up", OS_KEY_UP },
    { "pageup", OS_KEY_PAGEUP },
    { "left", OS_KEY_LEFT },
    { "right", OS_KEY_RIGHT },
    { "end", OS_KEY_END },
    { "down", OS_KEY_DOWN },
    { "pagedown", OS_KEY_PAGEDOWN },
    { "insert", OS_KEY_INSERT },
    { "delete", OS_KEY_DELETE },
    { "leftmeta", OS_KEY_LEFTMETA },
    { "rightmeta", OS_KEY_RIGHTMETA },
    { "button-left", OS_BUTTON_LEFT },
    { "button-right", OS_BUTTON_RIGHT },
    { "button-middle", OS_BUTTON_MIDDLE },
    { "button-side", OS_BUTTON_SIDE },
    { "button-extra", OS_BUTTON_EXTRA },
};

static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' ? '-' : c;
}

/* Letters and digits, in the order of their places on the keyboard. */
static uint32_t place_of(char c)
{
    static const struct {
        const char *row;
        uint32_t first;
    } rows[] = { { "1234567890", OS_KEY_1 },
                 { "qwertyuiop", OS_KEY_Q },
                 { "asdfghjkl", OS_KEY_A },
                 { "zxcvbnm", OS_KEY_Z } };

    for (size_t i = 0; i < OS_ARRAY_LEN(rows); i++) {
        const char *at = strchr(rows[i].row, c);
        if (at && c)
            return rows[i].first + (uint32_t)(at - rows[i].row);
    }
    return 0;
}

uint32_t script_key(const char *name, size_t len)
{
    char word[16];

    if (len >= sizeof(word))
        return 0;
    for (size_t i = 0; i < len; i++)
        word[i] = plain(name[i]);
    word[len] = 0;
    if (len == 1 && place_of(word[0]))
        return place_of(word[0]);
    for (size_t i = 0; i < OS_ARRAY_LEN(keys); i++)
        if (!strcmp(word, keys[i].name))
            return keys[i].code;
    return 0;
}
