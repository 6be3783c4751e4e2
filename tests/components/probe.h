/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.h: the interface of the server that the scenario tests call: a bit of everything that RPC can do. */
#ifndef PROBE_H
#define PROBE_H

#include <os/dataspace.h>
#include <os/session.h>
#include <os/signal.h>

struct probe_point {
    int32_t x, y;
};

/* How crash shall end the server. */
enum probe_crash { PROBE_NULL, PROBE_ILLEGAL, PROBE_DIVIDE, PROBE_ABORT, PROBE_STACK, PROBE_ASSERT };

/*
 * add, text, blob, many: data in both directions.  make: a child object.  is_mine: whether CAP is one of this
 * server's. revoke: ends a child object.  relay: calls add of PEER and answers when that has answered.
 * signal: submits HANDLER. share: a dataspace with PATTERN in its first bytes, writable and read-only. never:
 * does not answer. holders: how many children have lost their last holder.  crash, exit: end the server in
 * the middle of the call.
 */
#define PROBE_RPC(FN, I)                                                                                     \
    FN(I, add, (in, uint32_t, a), (in, uint32_t, b), (out, uint32_t, sum))                                   \
    FN(I, text, (in, os_str(64), text), (out, os_str(64), reversed))                                         \
    FN(I, blob, (in, os_buf(1024), data), (out, os_buf(1024), same))                                         \
    FN(I, many, (in, uint8_t, a), (in, uint16_t, b), (in, uint32_t, c), (in, uint64_t, d), (in, int8_t, e),  \
       (in, int16_t, f), (in, int32_t, g), (in, int64_t, h), (in, struct probe_point, p),                    \
       (inout, uint64_t, s), (inout, os_str(16), name), (out, struct probe_point, q))                        \
    FN(I, make, (out, os_cap(probe), child))                                                                 \
    FN(I, is_mine, (in, os_cap(probe), cap), (out, uint32_t, yes))                                           \
    FN(I, revoke, (in, os_cap(probe), child))                                                                \
    FN(I, relay, (in, os_cap(probe), peer), (in, uint32_t, a), (in, uint32_t, b), (out, uint32_t, sum))      \
    FN(I, signal, (in, os_cap(os_signal), handler))                                                          \
    FN(I, share, (in, uint32_t, pattern), (out, os_cap(os_dataspace), rw), (out, os_cap(os_dataspace), ro))  \
    FN(I, never)                                                                                             \
    FN(I, holders, (out, uint32_t, lost))                                                                    \
    FN(I, crash, (in, uint32_t, how))                                                                        \
    FN(I, exit, (in, int32_t, status))
OS_RPC_INTERFACE(probe, PROBE_RPC)
OS_SESSION(probe, "Probe", OS_KIB(64), 16)

#define PROBE_ERRORS(E, I) E(I, REFUSED, "the probe refuses") E(I, SILENT, "the probe is silent")
OS_RPC_ERRORS(probe, PROBE_ERRORS)

#endif
