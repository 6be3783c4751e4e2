/* SPDX-License-Identifier: BSD-2-Clause */
/* files.h: the files that a scenario names as ROM modules. */
#ifndef COMMAND_FILES_H
#define COMMAND_FILES_H

#include "linux_core.h"

/*
 * What `files:` of the scenario in file PATH says, up to one without a name, for the life of the process;
 * paths are relative to the scenario's folder. A scenario that cannot be read has none: init says what is
 * wrong with it. NULL when there is no memory.
 */
const struct linux_core_file *files_read(const char *path);

/* FILE as seen from the folder of SCENARIO, to be freed; NULL when there is no memory. */
char *files_path(const char *scenario, const char *file);

#endif
