/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h: starts a whole system with the seedbed command, as a user would, and watches what it prints. A test
 * that fails prints all of it. Time is bounded by the test runner, never by these functions. What differs
 * from one platform to the other is in linux.c and mach.c, of which a test program has one.
 */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <sys/types.h>

struct run {
    pid_t pid;      /* of the command, which is core */
    int out;        /* its stdout and stderr */
    int wishes;     /* mach.c only: what the launcher is asked for while the system runs; else -1 */
    char *text;     /* all that it printed so far, NUL-terminated */
    size_t len;     /* bytes in text */
    size_t seen;    /* run_expect looks from here on */
    char file[256]; /* the scenario */
    int books;      /* core says at the end whether everything came back; may be cleared */
    int closed;     /* set by a test that has closed its output, of which the end is missing then */
};

/*
 * Starts `seedbed COMMAND FILE ARGS...` with FILE holding SCENARIO (NULL: no file is named). ARGS ends with
 * NULL, and may be NULL. Fails the test if it cannot.
 */
void run_start(struct run *run, const char *command, const char *scenario, const char *const args[]);

/* Waits until a line that contains TEXT is printed after the last expected one; fails the test at the end of
 * output. */
void run_expect(struct run *run, const char *text);

/*
 * Waits for the end of output and of the command; gives its exit status, or 128 plus the signal. The test
 * fails unless core, if it ended by itself, has said that the accounts (on Mach: and rights) are what they
 * were before init.
 */
int run_end(struct run *run);

/* How often TEXT was printed up to now. */
unsigned run_count(const struct run *run, const char *text);

/*
 * Kills component LABEL, which is told as a kill by SIGKILL, or core ("core"; on Mach the launcher, and the
 * machine with it), or Linux's spawner ("spawner"). On Linux it fails the test if there is none.
 */
void run_kill(struct run *run, const char *label);

/*
 * What component LABEL, or core ("core"), holds of the platform's resources, on Linux the entries in the
 * folder of its descriptors: what counts is whether there are more of them later. On Mach, where the host
 * cannot see that, it is 0, and the books at the end of the run tell.
 */
unsigned run_held(struct run *run, const char *label);

/* Memory that it has to itself or shares, in KiB; 0 on Mach, for the same reason. */
unsigned run_memory(struct run *run, const char *label);

/* Sends SIGNAL to the command. */
void run_signal(struct run *run, int signal);

/* Waits until no process that the command has started is left; needs a pidfd for each, taken by run_hold. */
struct run_processes {
    int fds[64];
    unsigned count;
};
void run_hold(struct run *run, struct run_processes *held);
void run_all_gone(struct run_processes *held);

/* Calls VISIT for all processes that the command has started and that are there. */
void run_each_process(struct run *run, void (*visit)(pid_t pid, void *arg), void *arg);

/* Path of the command under test, from the environment variable SEEDBED that the build sets. */
const char *run_command(void);

/* Whether the systems run on Mach: what is not meant to be the same there is left out with suite_skip. */
int run_on_mach(void);

/* What each platform supplies to run.c. */

/* Before the command is started: gives a descriptor that becomes its stdin, or -1 to leave that alone. */
int run_platform_start(struct run *run);
/* After its end with STATUS. */
void run_platform_end(struct run *run);

#endif
