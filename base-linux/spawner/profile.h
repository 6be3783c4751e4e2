/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * profile.h: sandbox profiles, read from the text files in base-linux/profiles/ and compiled to seccomp
 * filters. The format is described in base-linux/profiles/README.md.
 */
#ifndef SPAWNER_PROFILE_H
#define SPAWNER_PROFILE_H

#include <os/types.h>
#include <linux/filter.h>

enum profile_world { WORLD_EMPTY, WORLD_USR, WORLD_COUNT };

enum { PROFILE_ENV_MAX = 16, PROFILE_ALWAYS_MAX = 64 };

struct profile {
    char name[32];
    enum profile_world world;
    char *env[PROFILE_ENV_MAX + 1];      /* "NAME" or "NAME=value", NULL at the end */
    uint64_t space;                      /* address space for libraries, in bytes */
    uint64_t stack;                      /* of the first thread, and of others by default, in bytes */
    int x11, wayland;                    /* the sockets that it names */
    unsigned allowed;                    /* number of system calls that can succeed */
    uint16_t always[PROFILE_ALWAYS_MAX]; /* those that are allowed whatever their arguments */
    size_t always_count;
    struct sock_filter *code;
    size_t code_len; /* instructions */
};

/* The texts that were embedded at build time. */
struct profile_text {
    const char *name;
    const char *text;
};
extern const struct profile_text profile_texts[];
extern const size_t profile_text_count;

/*
 * Parses and compiles the profile NAME out of TEXTS, which `include:` refers to as well. ERROR receives
 * "file:line: what" on OS_ERR_BAD_ARG.
 */
os_err profile_create(const struct profile_text *texts, size_t count, const char *name,
                      struct profile **profile, char *error, size_t error_size);
void profile_destroy(struct profile *profile);

/*
 * A filter that allows everything, for the spawner process of WORLD to run under before it loads those of
 * PROFILES in its children. When a filter is loaded, the kernel runs it on every system call there is to
 * learn which it always allows, and that takes longer than all else about it; but not on those of which it
 * does not know that an earlier filter always allows them. This one looks at an argument of all that no
 * profile of WORLD always allows, so that there is nothing to know. CODE has room for PROFILE_HINT_MAX;
 * returns the number of instructions.
 */
enum { PROFILE_HINT_MAX = PROFILE_ALWAYS_MAX + 5 };
size_t profile_hint(struct profile *const profiles[], size_t count, enum profile_world world,
                    struct sock_filter code[PROFILE_HINT_MAX]);

#endif
