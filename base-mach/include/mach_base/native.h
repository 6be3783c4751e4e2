/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.h: what the component half of the Mach platform asks of core. A component does not hold its own task
 * port (mach_task_self gives it nothing), so that it cannot make tasks, threads, ports or memory behind
 * core's back: core makes them in the component's name and address space, and charges them. Private to
 * base-mach.
 */
#ifndef MACH_BASE_NATIVE_H
#define MACH_BASE_NATIVE_H

#include <os/rpc.h>
#include <os/dataspace.h>

/* What a component may have. */
enum { MACH_THREADS_MAX = 16 };

/*
 * Names are those of the caller's name space.
 *
 * port: a receive right whose messages bring PAYLOAD, with a queue of LIMIT messages (1 to 16), a member of
 * the port set SET unless that is 0; charges one cap. OS_ERR_CAPS, OS_ERR_BAD_ARG. port_set: a port set;
 * charges one cap. destroy: ends a receive right or port set that this component was given by port or
 * port_set, or made by the trap mach_reply_port; gives the cap back if there was one. OS_ERR_BAD_ARG.
 * holders: whether anybody has send rights to the receive right NAME; if so, one message
 * MACH_NOTIFY_NO_SENDERS comes to the port itself when nobody has any more (others can send such messages
 * too, so ask again). release: COUNT references of send, send-once or dead-name rights. unmap: memory that
 * came out of line in a message. attach: dataspace DS from OFFSET, SIZE bytes (0: all), at an address that
 * core chooses; errors as of plat_attach. detach: the attachment that begins at AT. thread: a thread of this
 * task that starts at ENTRY with STACK as its stack pointer; charges what a thread costs; OS_ERR_THREADS,
 * OS_ERR_RAM; ID names it. end_thread: ends thread ID and gives that back; the caller knows that it does
 * nothing any more. alarm: a message MACH_ID_ALARM, without payload of its own, comes to the port NAME at
 * WHEN or a moment later; one per port, the last one counts, 0 clears. OS_ERR_CAPS: there are 64 already.
 * exit: ends the component with STATUS.
 */
#define MACH_NATIVE_RPC(FN, I)                                                                               \
    FN(I, port, (in, uint32_t, set), (in, uint32_t, payload), (in, uint32_t, limit), (out, uint32_t, name))  \
    FN(I, port_set, (out, uint32_t, name))                                                                   \
    FN(I, destroy, (in, uint32_t, name))                                                                     \
    FN(I, holders, (in, uint32_t, name), (out, uint32_t, any))                                               \
    FN(I, release, (in, uint32_t, name), (in, uint32_t, count))                                              \
    FN(I, unmap, (in, uint32_t, at), (in, uint32_t, size))                                                   \
    FN(I, attach, (in, os_cap(os_dataspace), ds), (in, uint64_t, offset), (in, uint64_t, size),              \
       (in, uint32_t, writable), (out, uint32_t, at), (out, uint64_t, attached))                             \
    FN(I, detach, (in, uint32_t, at), (in, uint64_t, size))                                                  \
    FN(I, thread, (in, uint32_t, entry), (in, uint32_t, stack), (out, uint32_t, id))                         \
    FN(I, end_thread, (in, uint32_t, id))                                                                    \
    FN(I, alarm, (in, uint32_t, name), (in, os_time, when))                                                  \
    FN(I, console, (in, os_buf(256), text))                                                                  \
    FN(I, exit, (in, int32_t, status))
OS_RPC_INTERFACE(mach_native, MACH_NATIVE_RPC)

enum { MACH_ID_ALARM = 0x5eed0004 };

#endif
