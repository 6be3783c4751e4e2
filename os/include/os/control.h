/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h: what people ask of a running system: to end or restart a component, to take another scenario,
 * what state it is in. A service of core, where the platform has it, for inits: whoever has a session is
 * asked for what is beneath it. Its label, as core sees it, is the path by which it is addressed; that of the
 * first init is empty.
 */
#ifndef OS_CONTROL_H
#define OS_CONTROL_H

#include <os/dataspace.h>
#include <os/session.h>
#include <os/signal.h>

#define OS_CONTROL_LINE 512        /* bytes of a request's line, with the NUL */
#define OS_CONTROL_MAX  OS_MIB(16) /* bytes of an answer's data */

/* How a request went. */
enum os_control_status {
    OS_CONTROL_DONE,    /* the data is what was asked for, or says what was done; text or a config tree */
    OS_CONTROL_FAILED,  /* the data says why, in text */
    OS_CONTROL_MISTAKE, /* something is wrong with what was sent; the data says what, in text, a line each */
};

/*
 * sigh: HANDLER is signalled when there are requests; no capability ends it. next: the oldest request that
 * was not taken yet, as a line of words, with SIZE bytes of data; OS_ERR_NOT_FOUND when there is none. The
 * line "cancel" says that nobody waits any more for the answer to the request with this ID, which was taken
 * before. data: that of request ID, read-only or writable as it may be, gone when the request is answered.
 * answer: STATUS and the first SIZE bytes of DATA (none, with SIZE 0), which core has copied when this
 * returns. OS_ERR_NOT_FOUND: nobody waits for it. OS_ERR_DENIED: DATA is that of the request.
 */
#define OS_CONTROL_RPC(FN, I)                                                                                \
    FN(I, sigh, (in, os_cap(os_signal), handler))                                                            \
    FN(I, next, (out, uint32_t, id), (out, os_str(OS_CONTROL_LINE), line), (out, uint64_t, size))            \
    FN(I, data, (in, uint32_t, id), (out, os_cap(os_dataspace), ds))                                         \
    FN(I, answer, (in, uint32_t, id), (in, uint32_t, status), (in, os_cap(os_dataspace), data),              \
       (in, uint64_t, size))
OS_RPC_INTERFACE(os_control, OS_CONTROL_RPC)
OS_SESSION(os_control, "Control", OS_KIB(8), 4)

#endif
