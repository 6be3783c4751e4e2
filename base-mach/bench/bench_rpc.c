/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_rpc.c: a call with 8 bytes in and out, beside a bare exchange of messages of the same content between
 * the same two tasks. Slices of both alternate; each round gives a ratio of its own, and the median of those
 * is the figure.
 */
#include <stdio.h>
#include <stdlib.h>

#include <os/component.h>
#include "rpc.h"

OS_MANIFEST("requires: [BenchRpc]\n"
            "ram: 1M\n"
            "caps: 40\n");

enum { ROUNDS = 41, CALLS = 500 };

static struct os_env *env;
static struct bench_rpc_session session;
static mach_port_t raw_port, reply;

static void call_raw(uint64_t value)
{
    union {
        struct raw_message raw;
        uint8_t room[64];
    } msg = { .raw = { .header = { .bits = MACH_BITS(MACH_TYPE_COPY_SEND, MACH_TYPE_MAKE_SEND_ONCE),
                                   .remote = raw_port,
                                   .local = reply },
                       .type = RAW_TYPE,
                       .value = value } };
    mach_err err =
        mach_msg(&msg.raw.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(msg.raw), sizeof(msg), reply, 0);
    os_require(env, err || msg.raw.value != value ? OS_ERR_BAD_MSG : OS_OK, "the bare exchange");
}

static void call(uint64_t value)
{
    uint64_t same = 0;
    os_require(env, bench_rpc_echo(session.cap, value, &same), "echo");
    os_require(env, same == value ? OS_OK : OS_ERR_BAD_MSG, "echo");
}

/* Nanoseconds of one. */
static uint32_t slice(void (*operation)(uint64_t value))
{
    operation(0);
    os_time start = os_clock_now();
    for (uint64_t i = 1; i <= CALLS; i++)
        operation(i);
    return (uint32_t)((os_clock_now() - start) / CALLS);
}

static int by_value(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static uint32_t quantile(uint32_t *sorted, unsigned quarter)
{
    return sorted[(ROUNDS - 1) * quarter / 4];
}

static void measure(void)
{
    static uint32_t raws[ROUNDS], calls[ROUNDS], ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        raws[i] = slice(call_raw);
        calls[i] = slice(call);
        ratios[i] = (uint32_t)((uint64_t)calls[i] * 1000 / raws[i]);
    }
    qsort(raws, ROUNDS, sizeof(*raws), by_value);
    qsort(calls, ROUNDS, sizeof(*calls), by_value);
    qsort(ratios, ROUNDS, sizeof(*ratios), by_value);
    /* medians in ns and thousandths, then the quartiles of the ratio */
    printf("figure rpc-8 %u %u %u %u %u\n", quantile(calls, 2), quantile(raws, 2), quantile(ratios, 2),
           quantile(ratios, 1), quantile(ratios, 3));
}

void component_construct(struct os_env *the_env)
{
    os_any_cap port;
    env = the_env;
    os_require(env, bench_rpc_open(env, "", "", &session), "cannot open BenchRpc");
    os_require(env, bench_rpc_raw(session.cap, &port), "raw");
    raw_port = port.cap.id;
    reply = mach_reply_port();
    measure();
    os_exit(env, 0);
}
