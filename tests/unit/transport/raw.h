/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.h: both ends of connections and channels without the library, for peers that keep to no rule; and a
 * thread that serves with it, for those that do.
 */
#ifndef TEST_TRANSPORT_RAW_H
#define TEST_TRANSPORT_RAW_H

#include <os/thread.h>
#include "../../../base-linux/transport/wire.h"
#include "channels.h"

/* ---- a client ---- */

struct raw_client {
    int fd; /* of the private connection */
    struct channel_page *page;
    int doorbell;
    uint32_t seq;
};

/* Introduces a connection through the object's socket; its end. WELCOME comes on it. */
int raw_introduce(int object_fd);

/* Sends a message with descriptors, which stay the caller's. */
void raw_send(int fd, const struct wire_head *head, const int *fds, unsigned nfds);

/* Offers COUNT descriptors as a channel. The answer is a WIRE_CHANNEL. */
void raw_offer(int fd, const int *fds, unsigned count);

/* Waits for the next message, whose descriptors are closed; its type is 0 at the end of the connection. */
struct wire_head raw_receive(int fd);

/* A connection with a channel, asked for; raw_client_ready waits for the answers. */
void raw_client_open(struct raw_client *client, int object_fd);
void raw_client_ready(struct raw_client *client);
void raw_client_close(struct raw_client *client);

/* Posts a request of LEN zeros, as a client of ours would. */
void raw_post(struct raw_client *client, uint32_t index, uint32_t op, uint16_t len);
int raw_answered(const struct raw_client *client);
void raw_ring(const struct raw_client *client);

/* Whether the server has closed the connection; whether there is something to receive. */
int raw_is_closed(int fd);
int raw_has_message(int fd);

/* ---- a server ---- */

/*
 * ECHO: the same data, each byte one more. KEEP: answered with the next RELEASE. MAKE: a capability, of the
 * server's second object. TAKE: any capabilities. REVOKE: the second object ends. CLOSE: no answer, the
 * entrypoint is destroyed. All others: OS_ERR_NO_OP.
 */
enum raw_op {
    RAW_ECHO,
    RAW_KEEP,
    RAW_RELEASE,
    RAW_MAKE,
    RAW_TAKE,
    RAW_REVOKE = 0x7e70ce,
    RAW_CLOSE = 0x7c105e
};

struct raw_server {
    struct os_thread thread;
    struct os_semaphore started;
    struct plat_ep *ep;
    struct plat_object *object, *second;
    struct plat_signal *stop;
    struct os_cap cap, second_cap, stop_cap;
    uint64_t kept[2];
    _Atomic int is_kept;
    _Atomic unsigned served;
};

/* CAP is of its object. Both wait for the thread. */
void raw_server_start(struct raw_server *server);
void raw_server_stop(struct raw_server *server);

/* Calls OP with LEN bytes, which are derived from SEED, and checks the answer of RAW_ECHO. */
os_err raw_call(struct os_cap cap, enum raw_op op, uint16_t len, unsigned seed, os_time deadline);

#endif
