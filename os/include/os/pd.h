/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pd.h: protection domains. Every component has a PD session with core: its account of ram (bytes) and caps
 * (number of capabilities it made), from which it allocates, and from which it donates to others. A component
 * that starts others has a control capability for each of them.
 */
#ifndef OS_PD_H
#define OS_PD_H

#include <os/rpc.h>
#include <os/dataspace.h>
#include <os/parent.h>
#include <os/signal.h>

/*
 * What a component can do with its own account.
 *
 * ram_alloc: a new zeroed dataspace of SIZE bytes, rounded up to pages, charged to the account. OS_ERR_RAM,
 * OS_ERR_CAPS. ram_free: revokes a dataspace of this account, named by any capability to it. It stays
 * charged until the last attachment is gone. ram_attached: whether anybody has such a dataspace attached (1)
 * or not (0), so that a server can know when what it has given to a client is of no use any more. quota: what
 * the account has and what of it is used. transfer: moves unused quota between the account of a component and
 * those that it has made, or between two of these; what was made is named by its control capability. All
 * other ways are OS_ERR_DENIED: components donate by way of those who started them. Who has made an account
 * is what its label says, "CREATOR -> NAME". OS_ERR_RAM or OS_ERR_CAPS when there is not so much. quota_sigh:
 * SIGNAL is submitted when something comes to the account after the end of the one that it is from: memory
 * that others still had attached when its session was closed. The last handler holds; no capability: none.
 * label: what the component is called.
 */
#define OS_PD_RPC(FN, I)                                                                                     \
    FN(I, ram_alloc, (in, uint64_t, size), (out, os_cap(os_dataspace), ds))                                  \
    FN(I, ram_free, (in, os_cap(os_dataspace), ds))                                                          \
    FN(I, quota, (out, uint64_t, ram), (out, uint64_t, ram_used), (out, uint32_t, caps),                     \
       (out, uint32_t, caps_used))                                                                           \
    FN(I, transfer, (in, os_cap(os_pd), to), (in, uint64_t, ram), (in, uint32_t, caps))                      \
    FN(I, ram_attached, (in, os_cap(os_dataspace), ds), (out, uint32_t, attached))                           \
    FN(I, quota_sigh, (in, os_cap(os_signal), handler))                                                      \
    FN(I, label, (out, os_str(OS_LABEL_MAX), label))
OS_RPC_INTERFACE(os_pd, OS_PD_RPC)

enum os_pd_state {
    OS_PD_NEW,       /* not started */
    OS_PD_RUNNING,   /* started, no end seen */
    OS_PD_EXITED,    /* ended by itself; code is its exit status */
    OS_PD_FAULT,     /* ended by a fault; code is the number of the signal or exception, text says where */
    OS_PD_VIOLATION, /* stopped because it did what its sandbox does not allow; text says what */
    OS_PD_KILLED,    /* ended from outside */
};

/*
 * The service "PD" gives this to whoever creates a component. The session's label becomes the component's
 * label, its donation the component's account; the argument "profile=NAME" selects the sandbox (default
 * strict). Closing the session ends the component and gives the account back.
 *
 * pd: the component's own account, as it sees it itself.
 * start: runs BINARY, an ELF file, as the component, with PARENT as its only capability; ENDED, if it is one,
 * is submitted when the state changes to an end after that. OS_ERR_EXISTS when started already,
 * OS_ERR_BAD_ARG when it is no program for this machine, OS_ERR_DENIED when the sandbox cannot be made.
 * exit_info: state (enum os_pd_state), code and a text of one line for a person. kill: ends the process; the
 * account stays until the session is closed. calls: how many calls the component has answered since it was
 * started, as far as the platform sees them: those through shared memory, whose numbers the component and its
 * clients write, and can write wrongly. OS_ERR_UNSUPPORTED where it sees none.
 */
#define OS_PD_CONTROL_RPC(FN, I)                                                                             \
    FN(I, pd, (out, os_cap(os_pd), pd))                                                                      \
    FN(I, start, (in, os_cap(os_dataspace), binary), (in, os_cap(os_parent), parent),                        \
       (in, os_cap(os_signal), ended))                                                                       \
    FN(I, exit_info, (out, uint32_t, state), (out, int32_t, code), (out, os_str(256), text))                 \
    FN(I, kill)                                                                                              \
    FN(I, calls, (out, uint64_t, calls))
OS_RPC_EXTENDS(os_pd_control, os_pd, OS_PD_CONTROL_RPC)

#endif
