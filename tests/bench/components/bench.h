/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.h: the interface of the server that the benchmarks call. */
#ifndef BENCH_H
#define BENCH_H

#include <os/dataspace.h>
#include <os/packet_stream.h>
#include <os/session.h>
#include <os/signal.h>

struct bench_packet {
    uint64_t number;
};
OS_PACKET_STREAM(bench_data, struct bench_packet)

/*
 * echo: 8 bytes in and out. put: up to 1 KiB in. cap_in: takes a capability and forgets it. cap_out: gives
 * one to an object of the server. signals: from now on the server answers each signal to THERE with one to
 * BACK, and writes the time at which it had the signal to the first 8 bytes of PAGE. stream: packets, of
 * which the server reads all.
 */
#define BENCH_RPC(FN, I)                                                                                     \
    FN(I, echo, (in, uint64_t, value), (out, uint64_t, same))                                                \
    FN(I, put, (in, os_buf(1024), data))                                                                     \
    FN(I, cap_in, (in, os_cap(os_any), cap))                                                                 \
    FN(I, cap_out, (out, os_cap(os_any), cap))                                                               \
    FN(I, signals, (in, os_cap(os_signal), back), (out, os_cap(os_signal), there),                           \
       (out, os_cap(os_dataspace), page))                                                                    \
    OS_PACKET_STREAM_FN(FN, I, stream, bench_data)
OS_RPC_INTERFACE(bench, BENCH_RPC)
OS_SESSION(bench, "Bench", OS_KIB(16), 6)
OS_PACKET_CLIENT(bench, stream, bench_data, source)

#endif
