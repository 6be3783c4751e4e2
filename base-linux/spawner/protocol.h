/* SPDX-License-Identifier: BSD-2-Clause */
/* protocol.h: the messages between core and a spawner process, one SOCK_SEQPACKET datagram each. */
#ifndef SPAWNER_PROTOCOL_H
#define SPAWNER_PROTOCOL_H

#include <linux_base/spawner.h>
#include <linux_base/symbolize.h>

enum { LABEL_MAX = 64 };

enum request_kind { REQUEST_GO, REQUEST_START, REQUEST_KILL, REQUEST_SYMBOLIZE };

/*
 * Descriptors of a REQUEST_START in this order, as far as their bit is set in request.fds. But for the
 * binary, each is named by the number that it has in the component, so that those of a complete request
 * arrive in their places. REQUEST_SYMBOLIZE has the binary and, in the place of core, the socket for the
 * answer.
 */
enum request_fd {
    FD_IN = 0,
    FD_OUT = 1,
    FD_ERR = 2,
    FD_CORE = LINUX_FD_CORE,
    FD_PARENT = LINUX_FD_PARENT,
    FD_PD = LINUX_FD_PD,
    FD_PAIR = LINUX_FD_PAIR,
    FD_BINARY = LINUX_FD_FIRST_FREE,
    FD_COUNT
};

struct request {
    uint32_t kind;
    uint32_t id;
    uint32_t profile; /* index into the table that core had at the fork */
    uint32_t threads;
    uint32_t fds;
    uint64_t ram;
    uint64_t addresses[SYMBOLIZE_ADDRESSES_MAX]; /* REQUEST_SYMBOLIZE; 0 ends them */
    char label[LABEL_MAX];
};

/* Beyond enum spawner_event_kind: the first message of a spawner process; status is the missing bits. */
enum { EVENT_READY = 100 };

/* SPAWNER_STARTED carries the pidfd. */
struct event {
    uint32_t kind;
    uint32_t id;
    int32_t status;
    os_err err;
    uint64_t ip;
    uint64_t callers[LINUX_CALLERS_MAX];
    char text[sizeof(((struct spawner_event *)0)->text)];
};

#endif
