/* SPDX-License-Identifier: BSD-2-Clause */
/* output.c: what people see: lines with labels on standard output, the last of which are kept for `seedbed
 * log`.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"
#include "writer.h"

enum { KEPT = 500 };

struct kept_line {
    char *label, *text;
};

static struct kept_line kept[KEPT];
static unsigned next;

static int colours(void)
{
    static int decided = -1;
    if (decided < 0)
        decided = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    return decided;
}

/* One of the six colours that can be read on dark and light ground, the same for a label every time. */
static int colour_of(const char *label)
{
    unsigned hash = 0;
    while (*label)
        hash = hash * 31 + (unsigned char)*label++;
    return 31 + (int)(hash % 6);
}

static void keep(const char *label, const char *text)
{
    struct kept_line *line = &kept[next++ % KEPT];
    free(line->label);
    free(line->text);
    line->label = strdup(label);
    line->text = strdup(text);
}

void linux_output_last(void (*show)(void *to, const char *label, const char *text), void *to)
{
    for (unsigned i = next > KEPT ? next - KEPT : 0; i < next; i++) {
        const struct kept_line *line = &kept[i % KEPT];
        if (line->label && line->text)
            show(to, line->label, line->text);
    }
}

void core_plat_log(const char *label, const char *text)
{
    char line[OS_LABEL_MAX + OS_LOG_MAX + 32];
    int len = colours()
                  ? snprintf(line, sizeof(line), "\033[%dm[%s]\033[0m %s\n", colour_of(label), label, text)
                  : snprintf(line, sizeof(line), "[%s] %s\n", label, text);
    writer_put(line, (size_t)len);
    keep(label, text);
    linux_control_line(label, text);
}

void linux_say(const char *format, ...)
{
    char text[OS_LOG_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    core_log_line("core", text, strlen(text));
}
