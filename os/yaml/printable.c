/* SPDX-License-Identifier: BSD-2-Clause */
/* printable.c: see printable.h. */
#include "printable.h"

static void replace(char *text, char kept)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if ((*at < ' ' && *at != (unsigned char)kept) || *at == 0x7f)
            *at = '?';
        else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
            at[0] = at[1] = '?'; /* U+0080 to U+009F: some terminals take them for orders, too */
    }
}

void make_printable(char *text)
{
    replace(text, 0);
}

void make_lines_printable(char *text)
{
    replace(text, '\n');
}
