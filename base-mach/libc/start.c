/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: what runs before a program's main part. */
#include <mach_base/libc.h>

extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

void libc_constructors(void)
{
    for (void (*const *constructor)(void) = __init_array_start; constructor != __init_array_end;
         constructor++)
        (*constructor)();
}
