/* SPDX-License-Identifier: BSD-2-Clause */
/* find.h: where things are: scenarios, the programs of components, and whether there can be a window. */
#ifndef COMMAND_FIND_H
#define COMMAND_FIND_H

#include <limits.h>

/* The path of scenario NAME: a file as it is named, or NAME.yaml of the scenarios folder. 0, or -1 after
 * saying on stderr what is wrong with it. */
int find_scenario(const char *name, char path[PATH_MAX]);

/* The folder with the programs of the components, which is in the build, beside that of the command. 0, or -1
 * after saying so. */
int find_components(char path[PATH_MAX]);

/* Why there is no window, or NULL if there can be one. WANTED: the user asked for none. */
const char *why_headless(int wanted, const char *components);

#endif
