/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h: what a scenario is checked against in the command's own process: the programs in the folders of
 * components, the sandbox profiles, and what this machine has to give.
 */
#ifndef COMMAND_SOURCE_H
#define COMMAND_SOURCE_H

#include <quota.h>
#include <scenario/scenario.h>

struct source {
    struct platform_source base;
    const char *const *dirs; /* folders with programs, NULL at the end; the first that has a name wins */
    struct linux_quota has;  /* what the init has left to give whose entries are asked about */
    int sandbox;             /* enum of source.c: whether this machine can close it */
    int required;            /* by their scenario */
    void *elf;               /* the file that was found last */
    size_t capacity;
};

/* DIRS is borrowed. */
void source_init(struct source *source, const char *const *dirs);
void source_fini(struct source *source);

#endif
