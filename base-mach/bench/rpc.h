/* SPDX-License-Identifier: BSD-2-Clause */
/* rpc.h: what bench_rpc asks of bench_rpc_server: the same exchange by a call and by bare messages. */
#ifndef BENCH_RPC_H
#define BENCH_RPC_H

#include <os/session.h>
#include <mach_base/kernel.h>

/*
 * echo: VALUE comes back. raw: a port where a thread of the server's answers a struct raw_message with the
 * same, without anything of Seedbed's.
 */
#define BENCH_RPC_RPC(FN, I)                                                                                 \
    FN(I, echo, (in, uint64_t, value), (out, uint64_t, same))                                                \
    FN(I, raw, (out, os_cap(os_any), port))
OS_RPC_INTERFACE(bench_rpc, BENCH_RPC_RPC)
OS_SESSION(bench_rpc, "BenchRpc", OS_KIB(16), 4)

struct raw_message {
    struct mach_header header;
    uint32_t type;
    uint64_t value;
};
#define RAW_TYPE MACH_TYPE(MACH_TYPE_BYTE, 8, sizeof(uint64_t))

#endif
