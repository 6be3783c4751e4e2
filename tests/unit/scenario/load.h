/* SPDX-License-Identifier: BSD-2-Clause */
/* load.h: scenarios for tests, from strings. The binaries they can name are in load.c. */
#ifndef TEST_LOAD_H
#define TEST_LOAD_H

#include <scenario/scenario.h>

extern struct scenario load_scenario;
extern char load_told[4000];     /* the messages, separated by newlines */
extern int load_machine_is_open; /* and cannot close the sandbox that a scenario requires */

/* Reads and checks TEXT, in the same steps as init. To be undone by unload. */
void load(const char *text, int display);
void unload(void);

/* The warnings for what is loaded, in load_told. */
void load_warn(void);

/* Three lines that start timer and gui. */
#define DESKTOP "start:\n  timer:\n  gui:\n"

#endif
