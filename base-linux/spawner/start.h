/* SPDX-License-Identifier: BSD-2-Clause */
/* start.h: from a copy of the spawner process to a component. */
#ifndef SPAWNER_START_H
#define SPAWNER_START_H

#include <sys/resource.h>

#include "profile.h"
#include "protocol.h"
#include "world.h"

/*
 * Descriptors of the spawner process. Those below START_OWN_FDS belong to the request that is being dealt
 * with, and to the component that is made of it; a new process keeps no others.
 */
enum {
    START_FD_STATUS = 15, /* takes the listener from the new process; close-on-exec */
    START_OWN_FDS = 16,
};

/* Why it could not become a component. */
struct start_failure {
    int32_t error; /* errno */
    os_err err;    /* OS_OK: there was no failure */
    char step[96];
};

/* Limits that nobody can raise, by resource; see start_bound. */
struct start_limits {
    rlim_t hard[RLIM_NLIMITS];
};

/* What the new process needs to become a component. */
struct start {
    const struct profile *profile;
    const struct request *request;
    const int *fds; /* FD_COUNT descriptors below START_FD_STATUS, in rising order, -1 for none */
    const struct start_limits *limits;
    uint64_t image;                /* size of the binary in bytes */
    int proc;                      /* the machine's /proc */
    uint32_t uid;                  /* to run under, in the spawner's user namespace */
    int set_uid;                   /* change to UID */
    int nested;                    /* is in a new user namespace, in which it is to be UID */
    uint32_t outer_uid, outer_gid; /* of the spawner, outside of that */
    int bound_threads;
    const struct world_display *display;
};

/* Sets those limits of the calling process, the spawner, that are the same for all components. 0, or -1. */
int start_bound(struct start_limits *limits);

/* NULL if the descriptor is of a program that can be started, or why it is not. */
const char *start_refuses(int binary);

/*
 * Becomes the component; on failure fills FAILURE and ends. To be called in a process that shares the
 * caller's memory, so that FAILURE is seen, and its descriptors, which become its own. The listener of the
 * filter is sent to START_FD_STATUS.
 */
void start_component(const struct start *start, struct start_failure *failure) __attribute__((noreturn));

/* Becomes a process under the component's rules, with the descriptors 0 to 2 closed, but goes on with this
 * program: for helpers that are part of it. 0, or -1 with FAILURE. */
int start_helper(const struct start *start, struct start_failure *failure);

/* Lets the calling process, which is alone in a new user namespace, be UID there. 0, or -1 with errno set. */
int start_map_user(int proc, uint32_t uid, uint32_t outer_uid, uint32_t outer_gid);

#endif
