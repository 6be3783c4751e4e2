/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.h: an engine in one process, beneath a mock of core that keeps real accounts. A "process" is nothing
 * but the capabilities that it would have: the test plays its part, calls as the child would, and ends it.
 */
#ifndef TEST_SYSTEM_H
#define TEST_SYSTEM_H

#include <inproc/inproc.h>
#include <engine/internal.h>

/* Starts a system that runs SCENARIO with the binaries of system.c; it is idle afterwards. */
void system_start(const char *scenario);

/* Destroys the engine; fails the test when quota, memory or a session has got lost. */
void system_end(void);

/* Calls WORK at the engine's entrypoint, as its component would; returns when everything is idle. */
void system_do(void (*work)(void));

/* Gives the engine another scenario; returns when everything is idle. */
os_err system_apply(const char *scenario);

/* Binaries are others from now on, of which NAME has MANIFEST; there are two, in turn. */
void system_new_binary(const char *name, const char *manifest);

/* Which of the two LABEL was started with, 0 or 1. */
unsigned system_module(const char *label);

/* Starts with that one fail with ERR from now on. */
void system_refuse_module(unsigned number, os_err err);

/* So many lines about problems are expected; the last one. */
extern unsigned system_problems_max;
extern char system_problem[300];

/* What system_apply would do, a line each; valid until the next one. */
const char *system_preview(const char *scenario);

/* The engine's state, a line "key: value" for each node, indented; valid until the next one. */
const char *system_state(void);

/* Environment of child LABEL as its own code would have it. Fails the test if it does not run. */
struct os_env *system_env(const char *label);

int system_runs(const char *label);

/* How often LABEL was started. */
unsigned system_starts(const char *label);

/* Child LABEL ends by a fault, which the engine hears of later on; 0 if it does not run. */
int system_kill(const char *label);

/* An engine of a child, beneath the one of this system, finds the same binaries. */
void system_nested_source(struct os_engine *nested);

/* Child LABEL ends by a fault; returns when everything is idle. */
void system_crash(const char *label);

/* Starts fail with ERR from now on, sessions of LOG too; OS_OK ends that. */
void system_refuse(os_err err);

/* Of what the engine requests from its parent, so much is granted from now on; and how often it has asked. */
void system_grant(uint64_t ram, uint32_t caps);
unsigned system_requests(void);

/* Quota of LABEL ("init": init's own). */
uint64_t system_ram(const char *label);
uint32_t system_caps(const char *label);

/* Sessions of LOG and of ROM that are open at core. */
unsigned system_sessions(void);

/* With which status the system has ended; -1: it has not. */
int system_status(void);

struct os_engine *system_engine(void);

#endif
