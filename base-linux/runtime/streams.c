/* SPDX-License-Identifier: BSD-2-Clause */
/* streams.c: stdout and stderr become streams to runtime_output, which is the component's LOG session. */
#include "runtime.h"
#include <stdio.h>

static ssize_t write_text(void *cookie, const char *text, size_t size)
{
    runtime_output(text, size);
    return (ssize_t)size;
}

static void redirect(FILE **stream, char buffer[RUNTIME_LINE])
{
    FILE *log = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_text });

    if (!log)
        return;      /* it stays on descriptor 1 or 2, which is the last resort anyway */
    fflush(*stream); /* of what ran before main */
    setvbuf(log, buffer, _IOLBF, RUNTIME_LINE);
    *stream = log;
}

void runtime_output_redirect(char buffers[2][RUNTIME_LINE])
{
    redirect(&stdout, buffers[0]);
    redirect(&stderr, buffers[1]);
}
