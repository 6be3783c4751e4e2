/* SPDX-License-Identifier: BSD-2-Clause */
/* printable.c: see printable.h. */
#include <stdio.h>
#include <string.h>
#include <os/utf8.h>

#include "printable.h"

static void replace(char *text, char kept)
{
    unsigned bytes;
    for (; *text; text += bytes)
        if (!os_utf8_is_visible(os_utf8_decode(text, SIZE_MAX, &bytes)) && (!kept || *text != kept))
            memset(text, '?', bytes);
}

void make_printable(char *text)
{
    replace(text, 0);
}

void make_lines_printable(char *text)
{
    replace(text, '\n');
}

int is_text(const char *data, size_t size)
{
    unsigned bytes;
    for (size_t at = 0; at < size; at += bytes) {
        uint32_t code = os_utf8_decode(data + at, size - at, &bytes);
        int blank = code == '\n' || code == '\t' || code == '\r';
        if (code == OS_UTF8_ILL_FORMED || (!blank && code < 0xa0 && !os_utf8_is_visible(code)))
            return 0;
    }
    return 1;
}

void put_visible(struct config_sink *sink, const char *text, size_t size)
{
    char escape[16];
    unsigned bytes;
    for (size_t at = 0; at < size; at += bytes) {
        uint32_t code = os_utf8_decode(text + at, size - at, &bytes);
        if (code == '\n' || code == '\t' || os_utf8_is_visible(code)) {
            sink->put(sink, text + at, bytes);
            continue;
        }
        int len = code == '\r' ? snprintf(escape, sizeof(escape), "\\r")
                               : snprintf(escape, sizeof(escape), "\\u%04x",
                                          code == OS_UTF8_ILL_FORMED ? 0xfffdu : (unsigned)code & 0xffff);
        sink->put(sink, escape, (size_t)len);
    }
}
