/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawner.h: core's side of the spawner, the process that starts components inside the sandbox. Private to
 * base-linux.
 *
 * spawner_start forks the spawner before core has any thread. It enters the namespaces, then waits for
 * requests on a socket; it ends when core does, and all components end with it, because it is process 1 of
 * their pid namespace.
 */
#ifndef LINUX_BASE_SPAWNER_H
#define LINUX_BASE_SPAWNER_H

#include <linux_base/native.h>
#include <os/types.h>
#include <sys/types.h>

/* What spawner_start could not have; a bit each. */
enum spawner_missing {
    SPAWNER_NO_USERNS = 1,   /* no user namespace, hence none of the others */
    SPAWNER_NO_MOUNT = 2,    /* no empty root */
    SPAWNER_NO_UID = 4,      /* components share the user's uid (always so when not started as root) */
    SPAWNER_NO_SECCOMP = 8,  /* no filter or no user notification; every start fails */
    SPAWNER_NO_THREADS = 16, /* the number of threads of a component is bounded by its ram only */
};

struct spawner; /* opaque */

/* One component to be started. All descriptors stay the caller's. */
struct spawner_request {
    uint32_t id;          /* the caller's; comes back in events */
    const char *label;    /* becomes the process name; not trusted for anything else */
    const char *profile;  /* "strict", "display", ... as in base-linux/profiles/ */
    int binary;           /* sealed memfd, read-only */
    int core, parent, pd; /* become LINUX_FD_CORE, LINUX_FD_PARENT, LINUX_FD_PD */
    int pair[2];          /* become LINUX_FD_PAIR and the next one */
    int log;              /* becomes 0, 1 and 2 */
    uint64_t ram;         /* bytes; RLIMIT_DATA and RLIMIT_AS are derived from it */
    uint32_t threads;     /* bound of threads */
};

enum spawner_event_kind {
    SPAWNER_STARTED,   /* pidfd is valid, and pid unless it has ended since */
    SPAWNER_FAILED,    /* err and text: why it could not be started; no other event follows */
    SPAWNER_VIOLATION, /* text: "system call NAME(args...) at ADDRESS"; SPAWNER_ENDED follows */
    SPAWNER_ENDED,     /* status as of waitpid */
};

struct spawner_event {
    enum spawner_event_kind kind;
    uint32_t id;
    pid_t pid; /* in core's pid namespace; -1 if it is no more */
    int pidfd; /* the receiver's */
    int status;
    os_err err;
    uint64_t ip; /* SPAWNER_VIOLATION: of the instruction, relative to the binary's load address if known,
                    else 0 */
    uint64_t
        callers[LINUX_CALLERS_MAX]; /* SPAWNER_VIOLATION: likely calls on its stack, relative too,
                                       innermost first; 0 ends them. The component's word: for messages */
    char text[256];
};

/*
 * Starts the spawner. *MISSING says what the machine does not allow. DISPLAY environment variables and
 * sockets are taken from the caller's environment for the profiles that name them. Errors: OS_ERR_NO_MEMORY,
 * OS_ERR_DENIED.
 */
os_err spawner_start(struct spawner **spawner, uint32_t *missing);

/* Descriptor to watch for input; then call spawner_next until it returns 0. */
int spawner_fd(const struct spawner *spawner);

/* Non-zero if there is a profile NAME. */
int spawner_has_profile(const struct spawner *spawner, const char *name);

/* The same of any spawner there could be; none needs to run. */
int spawner_knows_profile(const char *name);

/* Requests a start; events follow. OS_ERR_DEAD when the spawner is gone. */
os_err spawner_request(struct spawner *spawner, const struct spawner_request *request);

/* Ends component ID with SIGKILL; SPAWNER_ENDED follows. */
os_err spawner_kill(struct spawner *spawner, uint32_t id);

/* Takes the next event: 1, or 0 if there is none, or -1 if the spawner is gone. */
int spawner_next(struct spawner *spawner, struct spawner_event *event);

/* Ends the spawner and with it all components, and waits until they are gone. */
void spawner_stop(struct spawner *spawner);

#endif
