/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h: starts a whole system with the seedbed command, as a user would, and watches what it prints. A test
 * that fails prints all of it. Time is bounded by the test runner, never by these functions.
 */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <sys/types.h>

struct run {
    pid_t pid;      /* of the command, which is core */
    int out;        /* its stdout and stderr */
    char *text;     /* all that it printed so far, NUL-terminated */
    size_t len;     /* bytes in text */
    size_t seen;    /* run_expect looks from here on */
    char file[256]; /* the scenario */
};

/*
 * Starts `seedbed COMMAND FILE ARGS...` with FILE holding SCENARIO (NULL: no file is named). ARGS ends with
 * NULL, and may be NULL. Fails the test if it cannot.
 */
void run_start(struct run *run, const char *command, const char *scenario, const char *const args[]);

/* Waits until a line that contains TEXT is printed after the last expected one; fails the test at the end of
 * output. */
void run_expect(struct run *run, const char *text);

/* Waits for the end of output and of the command; gives its exit status, or 128 plus the signal. */
int run_end(struct run *run);

/* How often TEXT was printed up to now. */
unsigned run_count(const struct run *run, const char *text);

/* Process id of component LABEL, or of the spawner ("spawner"); fails the test if there is none. */
pid_t run_pid(struct run *run, const char *label);

/* Entries in the folder of a process's descriptors: what counts is whether there are more of them later. */
unsigned run_descriptors(pid_t pid);

/* Sends SIGNAL to the command. */
void run_signal(struct run *run, int signal);

/* Waits until no process that the command has started is left; needs a pidfd for each, taken by run_hold. */
struct run_held {
    int fds[64];
    unsigned count;
};
void run_hold(struct run *run, struct run_held *held);
void run_all_gone(struct run_held *held);

/* Path of the command under test, from the environment variable SEEDBED that the build sets. */
const char *run_command(void);

#endif
