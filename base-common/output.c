/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.c: stdout and stderr are streams to the component's LOG session. The session is opened with the
 * first line; until then, and when there is no such session, lines go to the platform's console.
 */
#include "common.h"
#include <os/thread.h>
#include <platform/platform.h>
#include <string.h>

enum { LINE = RUNTIME_LINE };

static struct os_env *env;
static struct os_log_session session;
static enum { NOT_TRIED, OPEN, FAILED } state;
static struct os_mutex lock;
static char buffers[2][LINE];

static void write_line(const char *line, size_t len)
{
    char text[LINE + 1]; /* a zero more, or a newline for the console */

    for (size_t i = 0; i < len; i++)
        text[i] = line[i] ? line[i] : '?'; /* a zero would end the line */
    text[len] = 0;
    if (state == NOT_TRIED)
        state = os_log_open(env, "", "", &session) ? FAILED : OPEN;
    if (state == OPEN && !os_log_write(session.cap, text))
        return;
    text[len] = '\n';
    plat_console(text, len + 1);
}

/* What the C library passes on ends with a newline unless the buffer was full or the component flushed it. */
void runtime_output(const char *text, size_t size)
{
    const char *end = text + size;

    os_mutex_lock(&lock);
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((newline ? newline : end) - text);
        if (len > LINE) {
            newline = NULL;
            len = LINE;
        }
        write_line(text, len);
        text += len + (newline != NULL);
    }
    os_mutex_unlock(&lock);
}

void runtime_output_init(struct os_env *e)
{
    env = e;
    runtime_output_redirect(buffers);
}
