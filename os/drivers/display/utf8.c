/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.c: see utf8.h. */
#include "utf8.h"

enum { MALFORMED = 0xfffd };

/* Number of bytes that follow the first one, -1 if none begins with it. */
static int bytes_after(uint8_t first)
{
    return first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : -1;
}

uint32_t utf8_next(const char **at, const char *end)
{
    /* The least code that needs so many more bytes; smaller ones have a shorter form. */
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint8_t first = (uint8_t) * *at;
    int more = bytes_after(first);

    ++*at;
    if (more < 0)
        return MALFORMED;
    uint32_t code = more ? first & (0x3fu >> more) : first;
    for (int i = 0; i < more; i++, ++*at) {
        if (*at == end || ((uint8_t) * *at & 0xc0) != 0x80)
            return MALFORMED;
        code = code << 6 | ((uint8_t) * *at & 0x3f);
    }
    int surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[more] || code > 0x10ffff || surrogate ? MALFORMED : code;
}
