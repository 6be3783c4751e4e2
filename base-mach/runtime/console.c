/* SPDX-License-Identifier: BSD-2-Clause */
/* console.c: last words and the end, both by core. */
#include <mach_base/kernel.h>
#include <platform/platform.h>
#include "runtime.h"

enum { PIECE = 256 }; /* bytes that one call takes */

void plat_console(const char *text, size_t len)
{
    while (len) {
        size_t piece = len < PIECE ? len : PIECE;
        if (mach_native_console(runtime_native, text, piece))
            return; /* core is gone, and so will this task be */
        text += piece;
        len -= piece;
    }
}

void plat_exit(int status)
{
    os_err err = mach_native_exit(runtime_native, status);
    (void)err; /* as above */
    for (;;)
        mach_yield(1000);
}
