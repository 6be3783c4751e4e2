/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abort.c: the end that a program gives itself: an instruction that the processor refuses, hlt, which core
 * reports as what was meant.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void abort(void)
{
    for (;;)
        __asm__ volatile("hlt");
}

void __assert_func(const char *file, int line, const char *function, const char *condition)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: %s%sAssertion `%s' failed.\n", file, line, function ? function : "",
            function ? ": " : "", condition);
    abort();
}
