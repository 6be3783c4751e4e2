/* SPDX-License-Identifier: BSD-2-Clause */
/* find.h: where things are: scenarios, the programs of components, and whether there can be a window. */
#ifndef COMMAND_FIND_H
#define COMMAND_FIND_H

#include <limits.h>

#define KIT_SCENARIOS KIT_SHARE "/scenarios"
#define KIT_TEMPLATE  KIT_SHARE "/template"

/*
 * The path of PLACE in the kit that this command was installed with, or was built with: KIT_COMPONENTS,
 * KIT_PKGCONFIG, or one of the above. 0, or -1 after saying on stderr that it is not there.
 */
int find_in_kit(const char *place, char path[PATH_MAX]);

/* The path of scenario NAME: a file as it is named, or NAME.yaml of the scenarios folder. 0, or -1 after
 * saying on stderr what is wrong with it. */
int find_scenario(const char *name, char path[PATH_MAX]);

/* The folder with the programs of the kit's components. 0, or -1 after saying that there is none. */
int find_components(char path[PATH_MAX]);

enum { FIND_DIRS_MAX = 16 };

/* Where ROM modules are looked for, components among them. */
struct find_dirs {
    const char *list[FIND_DIRS_MAX + 2]; /* NULL at the end; the first that has a name wins */
    char kit[PATH_MAX];                  /* the last of them */
    char named[PATH_MAX];                /* those before it, as the user has named them */
};

/* NAMED, the value of an option "DIR[:DIR...]" or NULL, before the folder of find_components. 0, or -1 after
 * saying on stderr what is wrong. */
int find_dirs(struct find_dirs *dirs, const char *named);

/* Why there is no window, or NULL if there can be one. WANTED: the user asked for none. */
const char *why_headless(int wanted, const char *components);

#endif
