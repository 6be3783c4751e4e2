/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.h: the server that the transport's tests run in a process of its own, and their way to it. */
#ifndef TEST_TRANSPORT_PROBE_H
#define TEST_TRANSPORT_PROBE_H

#include <os/entrypoint.h>
#include <os/rpc.h>
#include <os/signal.h>
#include <linux_base/transport.h>
#include <sys/types.h>

/*
 * echo: Y is X.  make: a new object, child of this one.  made: how many of them there are; they end with
 * their last holder.  revoke: ends CHILD.  hold: an answer that comes with the next release.  later: the
 * same, and a new object comes with it.  die: the server ends without an answer.  give: keeps a capability;
 * take: gives it out.  swap: both in one.  notify: submits a signal.  same: whether CHILD is an object of the
 * server.  fds: open descriptors of the server.
 */
#define PROBE_RPC(FN, I)                                                                                     \
    FN(I, echo, (in, uint32_t, x), (out, uint32_t, y))                                                       \
    FN(I, data, (in, os_buf(1000), to), (out, os_buf(1000), from))                                           \
    FN(I, make, (out, os_cap(probe), child))                                                                 \
    FN(I, made, (out, uint32_t, count))                                                                      \
    FN(I, revoke, (in, os_cap(probe), child))                                                                \
    FN(I, hold)                                                                                              \
    FN(I, later, (out, os_cap(probe), child))                                                                \
    FN(I, release, (out, uint32_t, count))                                                                   \
    FN(I, die)                                                                                               \
    FN(I, give, (in, os_cap(os_any), cap))                                                                   \
    FN(I, take, (out, os_cap(os_any), cap))                                                                  \
    FN(I, swap, (in, os_cap(os_any), cap), (out, os_cap(os_any), before))                                    \
    FN(I, notify, (in, os_cap(os_signal), signal))                                                           \
    FN(I, same, (in, os_cap(probe), child), (out, uint32_t, same))                                           \
    FN(I, fds, (out, uint32_t, count))
OS_RPC_INTERFACE(probe, PROBE_RPC)

/* Which lanes there are, as PROBE_LANES in the environment says: socket (or nothing), channel, no-spin. */
enum probe_lanes { PROBE_SOCKET, PROBE_CHANNEL, PROBE_NO_SPIN };
enum probe_lanes probe_lanes(void);

/* Sets the transport up with system calls as hooks, and with channels.h for channels. */
void probe_init(void);

/* Calls CAP until the calling thread has a channel to its server, if there are channels. */
void probe_warm(probe_cap cap);

/* Nothing of pairs, pipes and channels is left; when all servers have ended. */
void probe_balance(void);

/* Pairs and pipes that were made and not closed, by the transport's account. */
int probe_pairs(void);
int probe_pipes(void);

/* Starts the server; its root object. It ends with probe_stop. */
probe_cap probe_start(void);
void probe_stop(void);

/* The server does nothing more, from the end of this call to the begin of probe_resume. */
void probe_pause(void);
void probe_resume(void);

/*
 * Calls CAP, whose server was killed, until there is no answer any more; why. A process runs on for a moment
 * after kill.
 */
os_err probe_until_dead(probe_cap cap);

/* The server that was started last. */
struct probe_server {
    pid_t pid;
    int control; /* it ends when this is closed */
    pid_t guard; /* channels_guard, or 0 */
};
extern struct probe_server probe_server;

/* Whether valgrind runs this, which keeps the limit on descriptors by itself, at another number. */
int probe_under_valgrind(void);

/* Open descriptors of this process. */
unsigned count_fds(void);

#endif
