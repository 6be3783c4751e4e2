/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c: what all commands that print JSON need. */
#include <stdint.h>

#include "json.h"

unsigned utf8_length(const char *text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)*text;
    unsigned len = first < 0x80   ? first != 0
                   : first < 0xc0 ? 0
                   : first < 0xe0 ? 2
                   : first < 0xf0 ? 3
                   : first < 0xf8 ? 4
                                  : 0;
    if (len < 2)
        return len;
    uint32_t code = first & (0xffu >> (len + 1));
    for (unsigned i = 1; i < len; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : len;
}

void json_string(FILE *to, const char *text)
{
    putc('"', to);
    while (*text) {
        unsigned len = utf8_length(text);
        if (!len) {
            fputs("\\ufffd", to);
            len = 1;
        } else if (*text == '"' || *text == '\\') {
            fprintf(to, "\\%c", *text);
        } else if ((unsigned char)*text < ' ' || *text == 0x7f) {
            fprintf(to, "\\u%04x", (unsigned)*text);
        } else {
            fwrite(text, 1, len, to);
        }
        text += len;
    }
    putc('"', to);
}
