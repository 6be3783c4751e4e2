/* SPDX-License-Identifier: BSD-2-Clause */
/* start.h: from a copy of the spawner process to a component. */
#ifndef SPAWNER_START_H
#define SPAWNER_START_H

#include "profile.h"
#include "protocol.h"
#include "world.h"

/* What the new process needs to become a component. */
struct start {
    const struct profile *profile;
    const struct request *request;
    const int *fds; /* FD_COUNT descriptors, -1 for none */
    int status;     /* socket to the spawner: the listener, then end of file; or struct start_failure */
    int proc;       /* the machine's /proc */
    uint32_t uid;   /* to run under, in the spawner's user namespace */
    int set_uid;    /* change to UID */
    int nested;     /* is in a new user namespace, in which it is to be UID */
    uint32_t outer_uid, outer_gid; /* of the spawner, outside of that */
    int bound_threads;
    const struct world_display *display;
};

/* Why it could not become one. */
struct start_failure {
    int32_t error; /* errno */
    os_err err;
    char step[96];
};

/* Becomes the component, or reports a struct start_failure and ends. */
void start_component(const struct start *start) __attribute__((noreturn));

/* Becomes a process under the component's rules, with the descriptors 0 to 2 closed, but goes on with this
 * program: for helpers that are part of it. 0, or -1 with FAILURE. */
int start_helper(const struct start *start, struct start_failure *failure);

/* Lets the calling process, which is alone in a new user namespace, be UID there. 0, or -1 with errno set. */
int start_map_user(int proc, uint32_t uid, uint32_t outer_uid, uint32_t outer_gid);

#endif
