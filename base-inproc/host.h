/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h: what the one-process platform needs of the system it runs on: threads, memory, output. Implemented
 * once for each: host_linux.c here, base-mach/bare/host.c there.
 */
#ifndef INPROC_HOST_H
#define INPROC_HOST_H

#include <os/types.h>

/* ---- threads: real ones, and one lock, which sched.c lets go round among them */

struct host_thread;

/* Waits for the lock; it is not recursive. */
void host_lock(void);
void host_unlock(void);

/*
 * Runs MAIN with ARG on a thread of its own with STACK bytes of stack. Returns NULL or what went wrong, for
 * people. MAIN must not return, but end with host_thread_exit, without the lock.
 */
const char *host_thread_start(void (*main)(void *arg), void *arg, size_t stack, struct host_thread **thread);
void host_thread_exit(void) __attribute__((noreturn));
/* Waits until THREAD, which exits or is about to, has done so, and frees it; called without the lock. */
void host_thread_join(struct host_thread *thread);
/* The calling thread, which was not made by host_thread_start; one of that kind. */
struct host_thread *host_thread_first(void);

/* With the lock, which is given away meanwhile: ME, the calling thread, waits for host_turn_give or for
 * nothing. */
void host_turn_await(struct host_thread *me);
void host_turn_give(struct host_thread *thread);

/* A pointer of the calling thread's own, NULL at first. */
void host_set_self(void *self);
void *host_self(void);

/* ---- memory that can be mapped more than once */

struct host_memory;

/* SIZE bytes, a multiple of OS_PAGE_SIZE, zeroed. OS_ERR_HANDLES, OS_ERR_NO_MEMORY. */
os_err host_memory_create(uint64_t size, struct host_memory **memory);
/* No mapping is left. */
void host_memory_destroy(struct host_memory *memory);
/* Copies SIZE bytes to the beginning of it. OS_ERR_IO. */
os_err host_memory_write(struct host_memory *memory, const void *data, size_t size);
/* Maps SIZE bytes from OFFSET, a multiple of OS_PAGE_SIZE, at any address. OS_ERR_RAM. */
os_err host_memory_map(struct host_memory *memory, uint64_t offset, uint64_t size, int writable, void **at);
void host_memory_unmap(void *at, uint64_t size);

/* ---- output */

/* Writes to what file descriptor FD of the test is, 1 or 2, whatever is caught. */
void host_write(int fd, const char *text, size_t len);

/*
 * From here on what is printed to stdout (FD 1) and stderr (FD 2) goes to PRINT, at once and on the thread
 * that prints; what was printed before is written first. Returns NULL or what went wrong.
 */
const char *host_output_catch(void (*print)(int fd, const char *text, size_t len));
void host_output_release(void);

#endif
