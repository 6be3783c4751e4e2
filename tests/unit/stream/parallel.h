/* SPDX-License-Identifier: BSD-2-Clause */
/* parallel.h: threads that really run side by side, and semaphores for them, beneath no platform of ours. */
#ifndef STREAM_PARALLEL_H
#define STREAM_PARALLEL_H

struct parallel;

/* Runs ENTRY with ARG on a thread of its own; ends the test if there is none. */
struct parallel *parallel_start(void (*entry)(void *arg), void *arg);
/* Waits until it has returned, and frees it. */
void parallel_join(struct parallel *parallel);

/* How many threads can run at the same time. */
int parallel_processors(void);

struct semaphore;

/* At zero; ends the test if there is none. */
struct semaphore *semaphore_create(void);
void semaphore_destroy(struct semaphore *semaphore);
void semaphore_up(struct semaphore *semaphore);
/* Waits until it is above zero. */
void semaphore_down(struct semaphore *semaphore);

#endif
