/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h: a platform's half of core that only notes what it was asked for. */
#ifndef CORE_MOCK_H
#define CORE_MOCK_H

#include <core/control.h>
#include <core/internal.h>

/* What the last processes and log lines were. */
extern struct core_pd *mock_pd;   /* of the last process that was created */
extern os_parent_cap mock_parent; /* of the last process that was started; the test's */
extern unsigned mock_processes;   /* that exist */
extern unsigned mock_memories;    /* that exist */
extern unsigned mock_started, mock_killed;
extern char mock_label[256], mock_text[1024]; /* of the last line */
extern int mock_no_random;                    /* the platform has none; else 0, 1, 2... */
extern int mock_init_ended;
extern int mock_ended; /* status + 1 of the end; 0: none */
extern enum core_shot mock_shot;
extern os_time mock_patience;
extern char mock_saved[256], mock_shot_error[512]; /* "-" for no name; "-" for no error; "" for nothing */

/* The next of these fails with it. */
extern os_err mock_fail_memory, mock_fail_process, mock_fail_save, mock_fail_module;

/* What the machine's clock says; -1: there is none. */
extern int64_t mock_rtc;

/* What all processes have answered. */
extern uint64_t mock_calls;

/* Length of modules that are read from now on. */
extern uint64_t mock_module_size;

/* Somebody attaches, or detaches, the memory of the dataspace that was made last. */
void mock_attach(int on);

/* That dataspace; and somebody detaches this one. */
struct core_ds *mock_last_ds(void);
void mock_detach(struct core_ds *ds);

#endif
