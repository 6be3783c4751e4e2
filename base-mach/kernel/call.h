/* SPDX-License-Identifier: BSD-2-Clause */
/* call.h: one function that builds, sends and unpacks the message of any kernel call. Private to kernel/. */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include <mach_base/kernel.h>

/*
 * Calls operation ID of PORT. FORMAT has a letter for each argument of the operation, as its .defs file lists
 * them, and says how they follow here; what comes back stands behind '>':
 *
 *     in   i int, h 16 bits, b boolean: uint32_t     out  i int or name: uint32_t *
 *          n name: mach_port_t                            p right: mach_port_t *
 *          p right (copied): mach_port_t                  a array of words or a structure: void *,
 *          r right: mach_port_t, its disposition             uint32_t *: room in words, then how many came
 *          a array of words: const void *, words          m memory out of line: void **, uint32_t *bytes
 *          c characters: const void *, bytes
 *          s string in 128 bytes: const char *
 *          m memory: const void *, bytes
 *          g memory that is given away: the same
 *
 * The answer comes to the calling thread's reply port. A FORMAT that begins with '!' has no answer.
 */
mach_err kernel_call(mach_port_t port, int32_t id, const char *format, ...);

/* The same with the answer to REPLY, a receive right; with '!' the operation gets it and is not waited for.
 */
mach_err kernel_call_at(mach_port_t reply, mach_port_t port, int32_t id, const char *format, ...);

#endif
