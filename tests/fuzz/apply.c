/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.c: two scenarios, separated by a line `---`, given one after the other to an engine in the
 * one-process system of tests/unit/engine: whatever they are, all accounts are as before when it has ended.
 */
#include <check.h>
#include <stdarg.h>

#include "fuzz.h"
#include "system.h"

/* The system was written for Check, which reports to a runner that there is none of here. */
void _mark_point(const char *file, int line)
{
}

void _ck_assert_failed(const char *file, int line, const char *expr, const char *msg, ...)
{
    va_list args;
    va_start(args, msg);
    dprintf(2, "%s:%d: %s: ", file, line, expr);
    if (msg)
        vdprintf(2, msg, args);
    dprintf(2, "\n");
    va_end(args);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char line[] = "\n---\n";
    char *first = text_copy(data, size), *second = strstr(first, line);
    system_problems_max = UINT32_MAX;
    system_start("start: {}\n");
    if (second) {
        *second = 0;
        second += sizeof(line) - 1;
    }
    os_err err = system_apply(first);
    MUST(!err || err == OS_ERR_BAD_ARG);
    if (second) {
        err = system_apply(second);
        MUST(!err || err == OS_ERR_BAD_ARG);
    }
    system_end();
    free(first);
    return 0;
}
