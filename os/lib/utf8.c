/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.c: characters of UTF-8, and which of them can be shown. */
#include <os/utf8.h>

uint32_t os_utf8_decode(const char *text, size_t len, unsigned *bytes)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *at = (const unsigned char *)text;
    *bytes = 1;
    if (at[0] < 0x80)
        return at[0];
    unsigned n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || n > len)
        return OS_UTF8_ILL_FORMED;
    uint32_t code = at[0] & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) /* a NUL, too */
            return OS_UTF8_ILL_FORMED;
        code = code << 6 | (at[i] & 0x3f);
    }
    if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return OS_UTF8_ILL_FORMED;
    *bytes = n;
    return code;
}

int os_utf8_is_visible(uint32_t code)
{
    int control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    int direction = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
                    code == 0x61c || code == 0x200e || code == 0x200f;
    return !control && !direction && code != 0x2028 && code != 0x2029 && code != 0xfeff &&
           code != OS_UTF8_ILL_FORMED;
}
