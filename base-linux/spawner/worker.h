/* SPDX-License-Identifier: BSD-2-Clause */
/* worker.h: the spawner process itself. */
#ifndef SPAWNER_WORKER_H
#define SPAWNER_WORKER_H

#include "profile.h"
#include "world.h"

/* Users per system when started as root: one per component at a time, and 0 for the spawner. */
enum { WORKER_UIDS = 512 };

struct worker_setup {
    int core;                 /* socket to core; first message REQUEST_GO */
    enum profile_world world; /* what this process starts components in */
    struct profile *const *profiles;
    size_t profile_count;
    const struct world_display *display;
    uint32_t missing;   /* enum spawner_missing, known so far */
    int user_namespace; /* the process is in a new one, with a map written by core before REQUEST_GO */
    uint32_t uid_base;  /* first uid of a component as this process sees it; 0: uids cannot be changed */
};

/* Runs until core's end of the socket is closed. */
void worker_run(const struct worker_setup *setup) __attribute__((noreturn));

#endif
