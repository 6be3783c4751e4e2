/* SPDX-License-Identifier: BSD-2-Clause */
/* world.h: the file systems that components see. */
#ifndef SPAWNER_WORLD_H
#define SPAWNER_WORLD_H

#include "profile.h"

/* What the user's desktop session offers to profiles that name it; read from core's environment. */
struct world_display {
    char x11_socket[108];     /* path, "" for none */
    char wayland_socket[108]; /* path, "" for none */
    char *cookies;            /* content of the X authority file, or NULL */
    size_t cookies_len;
};

/* Reads the environment of the caller; what is not there stays empty. */
void world_display_init(struct world_display *display);
void world_display_fini(struct world_display *display);

/*
 * Replaces the root directory of the calling process, which must be alone in its mount namespace. 0, or -1
 * with errno set and *STEP saying what failed. With WORLD_EMPTY, DISPLAY may be NULL.
 */
int world_enter(enum profile_world world, const struct world_display *display, const char **step);

/* Value of the environment variable ENTRY (as in struct profile) inside the world, or NULL if it has none. */
const char *world_env(const struct world_display *display, const char *name);

/* Paths inside the world. */
#define WORLD_RUNTIME_DIR "/run"
#define WORLD_XAUTHORITY  "/run/xauthority"
#define WORLD_WAYLAND     "wayland"

#endif
