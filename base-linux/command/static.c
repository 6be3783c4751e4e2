/* SPDX-License-Identifier: BSD-2-Clause */
/* static.c: how the commands that start nothing read the scenario that the user named. */
#include <stdio.h>
#include <string.h>

#include "static.h"

/* As the user named it, so that an editor finds it by a message; the last part only of a name that fills a
 * line. */
static void name_file(struct static_scenario *read)
{
    enum { SHOWN = 128 };
    const char *slash = strrchr(read->path, '/');
    const char *shown = strlen(read->path) > SHOWN && slash ? slash + 1 : read->path;
    snprintf(read->file, sizeof(read->file), "%s", shown);
    for (char *at = read->file; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = '?'; /* a name must not add lines */
}

int static_read(struct static_scenario *read, const char *name, const struct command_line *line,
                struct problems *problems)
{
    memset(read, 0, sizeof(*read));
    if (find_scenario(name, read->path) || find_dirs(&read->dirs, command_option(line, "--components")))
        return -1;
    name_file(read);
    source_init(&read->source, read->dirs.list);
    int headless = why_headless(command_option(line, "--headless") != NULL, read->dirs.kit) != NULL;
    return level_read(&read->top, &read->source, read->path, read->file, !headless, problems);
}

void static_fini(struct static_scenario *read)
{
    level_destroy(read->top);
    source_fini(&read->source);
}

void static_print_error(struct problems *problems, const char *line)
{
    (void)problems;
    if (!strstr(line, ": warning: "))
        fprintf(stderr, "%s\n", line);
}
