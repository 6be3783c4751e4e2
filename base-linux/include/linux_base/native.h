/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.h: what the component half of the Linux platform asks of core, and how a component finds itself at
 * start. Private to base-linux.
 */
#ifndef LINUX_BASE_NATIVE_H
#define LINUX_BASE_NATIVE_H

#include <os/rpc.h>
#include <os/dataspace.h>

/*
 * Descriptors of a component at its first instruction; nothing else is open.
 * 0, 1, 2: the write end of one pipe to core, for raw output and the fault record.
 * CORE: the client end of a private connection to core's entrypoint, on which two objects are introduced
 * already. PARENT: the client end of the parent capability's socket. PD: the client end of its own PD
 * capability's socket, for delegation. PAIR and the next number: the ends of a pair as the operation `pairs`
 * below gives, for the first connection that the component makes.
 */
enum { LINUX_FD_CORE = 3, LINUX_FD_PARENT = 4, LINUX_FD_PD = 5, LINUX_FD_PAIR = 6, LINUX_FD_FIRST_FREE = 8 };

/* Indices of the objects that are introduced on LINUX_FD_CORE. */
enum { LINUX_INDEX_PD = 0, LINUX_INDEX_NATIVE = 1 };

/*
 * The number of the close-on-exec descriptor of the binary while the spawner executes it: above every
 * component's RLIMIT_NOFILE, so that the number cannot be made again after the exec has closed it. It is
 * below 4096, the least that kernels give as the hard limit. LINUX_RLIMIT_NOFILE is what every component may
 * have; one with many caps, as a server of many clients, may have two for each up to LINUX_FD_EXEC.
 */
#define LINUX_FD_EXEC       4000
#define LINUX_RLIMIT_NOFILE 512

/*
 * What core has to do with the page of a channel, whose layout is the transport's (transport/channel.h):
 * offset of the word that the client sleeps on, the bit that core sets there when the server has ended, and
 * the options that core writes before anybody has it.
 */
enum { LINUX_CHANNEL_REPLY_SEQ = 2048, LINUX_CHANNEL_OPTIONS = 1412 };
#define LINUX_CHANNEL_GONE    UINT32_C(0x80000000)
#define LINUX_CHANNEL_NUMBERS UINT32_C(0x3fffffff) /* of answers */
enum linux_channel_options { LINUX_CHANNEL_NO_SPIN = 1 };

/*
 * A component's native object at core. The capabilities here are descriptors: os_any is an end of a socket
 * pair, a pipe or a memfd, which the platform code takes out of the handle.
 *
 * pairs: four SOCK_SEQPACKET pairs, for objects and private connections; charges four caps. OS_ERR_CAPS.
 * signal: a non-blocking pipe, for a signal context; charges one cap.
 * release: COUNT of pairs and pipes are closed; gives caps back, never more than were charged.
 * attach: a descriptor to map of dataspace DS, its size and whether it is writable; charges the page tables
 * and raises the component's address space limit. Errors as of plat_attach. detach: SIZE bytes were unmapped.
 * channel: memory and doorbell of a new channel, as the hook in transport.h describes them; charges a page
 * and two caps until nobody has it any more. OS_ERR_RAM, OS_ERR_CAPS. serve: the caller serves this one,
 * which somebody made with channel. OS_ERR_BAD_CAP.
 */
#define LINUX_NATIVE_RPC(FN, I)                                                                              \
    FN(I, pairs, (out, os_cap(os_any), a0), (out, os_cap(os_any), b0), (out, os_cap(os_any), a1),            \
       (out, os_cap(os_any), b1), (out, os_cap(os_any), a2), (out, os_cap(os_any), b2),                      \
       (out, os_cap(os_any), a3), (out, os_cap(os_any), b3))                                                 \
    FN(I, signal, (out, os_cap(os_any), receive), (out, os_cap(os_any), submit))                             \
    FN(I, release, (in, uint32_t, count))                                                                    \
    FN(I, attach, (in, os_cap(os_dataspace), ds), (in, uint64_t, size), (in, uint32_t, writable),            \
       (out, uint64_t, ds_size), (out, os_cap(os_any), memory))                                              \
    FN(I, detach, (in, uint64_t, size))                                                                      \
    FN(I, channel, (out, os_cap(os_any), memory), (out, os_cap(os_any), doorbell))                           \
    FN(I, serve, (in, os_cap(os_any), memory))
OS_RPC_INTERFACE(linux_native, LINUX_NATIVE_RPC)

/* What a component's fault handler writes to descriptor 2, in one write, before the signal ends the process.
 */
enum { LINUX_CALLERS_MAX = 8 };
#define LINUX_FAULT_MAGIC UINT64_C(0x1e465541554c541e)
struct linux_fault {
    uint64_t magic;
    uint32_t signal;                     /* number */
    int32_t code;                        /* si_code */
    uint64_t address;                    /* si_addr: what was accessed, or the instruction */
    uint64_t ip;                         /* of the instruction, relative to the binary's load address */
    uint64_t callers[LINUX_CALLERS_MAX]; /* likely calls on the stack, as IP, innermost first; 0 ends them */
};

#endif
