/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h: a network for tests of stacks: a component that offers Nic and carries frames between its clients,
 * by a seed late, not at all, twice, or damaged. Time is virtual, so that it does the same each time.
 */
#ifndef TESTS_NET_WIRE_H
#define TESTS_NET_WIRE_H

#include <inproc/inproc.h>
#include <network/socket.h>
#include <os/config.h>
#include <os/signal.h>

struct wire {
    struct inproc_env env;
    os_time delay;       /* of each frame */
    uint32_t loss;       /* of 1000 */
    uint32_t duplicated; /* of 1000 */
    uint32_t damaged;    /* of 1000: one bit is another */
    uint32_t reordered;  /* of 1000: comes after twice the delay */
    uint32_t seed;
    int down; /* links */
    uint16_t mtu;
    uint64_t frames, lost;
    uint64_t overflown; /* frames for which there was no room in a client's stream */
    void (*seen)(const uint8_t *data, uint32_t len,
                 uint32_t flags); /* each frame before it is carried; may be NULL */
};

/* There is one in a test. Zeroed with delay and the like set. */
void wire_init(struct wire *wire);
void wire_fini(struct wire *wire);
/* Sudden death of the server, and the next one. */
void wire_kill(struct wire *wire);
/* Sets the links of all clients. */
void wire_set_link(struct wire *wire, int up);
/* Gives a frame to all clients. */
void wire_inject(struct wire *wire, const void *data, uint32_t len, uint32_t flags);

/* The same from within seen, to which it is an answer: a millisecond later. */
void wire_answer(const void *data, uint32_t len, uint32_t flags);

/* A component with a stack. */
struct host {
    struct inproc_env env;
    struct net_stack stack;
    struct os_config config;
    void *config_data;
    uint64_t ram; /* its quota in bytes, 0: the usual one; set before init */
    unsigned changes, readies;
    struct os_signal_handler end;
    os_signal_cap end_signal;
};

/* CONFIG: the lines beneath `network:`. */
void host_init(struct host *host, const char *label, const char *config);
os_err host_try(struct host *host, const char *label, const char *config);
void host_fini(struct host *host);
struct net_stack_state host_state(struct host *host);

#endif
