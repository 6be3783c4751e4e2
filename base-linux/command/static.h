/* SPDX-License-Identifier: BSD-2-Clause */
/* static.h: how the commands that start nothing read the scenario that the user named. */
#ifndef COMMAND_STATIC_H
#define COMMAND_STATIC_H

#include <limits.h>

#include "command.h"
#include "find.h"
#include "level.h"

struct static_scenario {
    char path[PATH_MAX];
    struct find_dirs dirs;
    struct source source;
    struct level *top; /* NULL: nothing of it could be read */
    char file[PATH_MAX];
};

/*
 * Reads the scenario that is called NAME, for a system as `run` would start it, or with option --headless of
 * LINE. What is wrong with it is told to PROBLEMS. Non-zero, after a message, if it cannot be read. READ is
 * to be ended in any case.
 */
int static_read(struct static_scenario *read, const char *name, const struct command_line *line,
                struct problems *problems);
void static_fini(struct static_scenario *read);

/* A report of problems that prints the errors; of warnings check tells. */
void static_print_error(struct problems *problems, const char *line);

#endif
