/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbolize.h: from the address of an instruction to "function at file.c:line". A component controls its
 * binary and the debug information in it, so a helper process in a sandbox of its own reads it. Private to
 * base-linux.
 */
#ifndef LINUX_BASE_SYMBOLIZE_H
#define LINUX_BASE_SYMBOLIZE_H

#include <linux_base/spawner.h>

/* Room for any answer, with its end. */
enum { SYMBOLIZE_TEXT_MAX = 256 };

/* An instruction and its callers. */
enum { SYMBOLIZE_ADDRESSES_MAX = 1 + LINUX_CALLERS_MAX };

/*
 * Starts a helper for ADDRESSES, relative to the load address of the ELF file BINARY, which stays the
 * caller's; an instruction and then the calls that led to it, as far as they are known; a 0 ends them. The
 * answer is about the first that has a source line, or else about the first that is in a function. *FD is the
 * caller's: it becomes readable when there is an answer, or none to be had. Errors: OS_ERR_DEAD,
 * OS_ERR_HANDLES.
 */
os_err symbolize_begin(struct spawner *spawner, int binary, const uint64_t addresses[SYMBOLIZE_ADDRESSES_MAX],
                       int *fd);

/* Takes the answer of FD into TEXT, without waiting, and closes FD. TEXT says so when there is none. */
void symbolize_end(int fd, char *text, size_t size);

/* Both, for one address, with a wait of at most a second. */
void symbolize(struct spawner *spawner, int binary, uint64_t address, char *text, size_t size);

/* The helper's part: reads the descriptor BINARY and sends one datagram with the answer to SOCKET. */
void symbolize_answer(int binary, const uint64_t addresses[SYMBOLIZE_ADDRESSES_MAX], int socket);

#endif
