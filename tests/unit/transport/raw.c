/* SPDX-License-Identifier: BSD-2-Clause */
/* raw.c: see raw.h. */
#include "raw.h"
#include <check.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a client ---- */

void raw_send(int fd, const struct wire_head *head, const int *fds, unsigned nfds)
{
    os_err err;

    while ((err = wire_send(fd, head, NULL, fds, nfds)) == OS_ERR_BUSY)
        wire_poll(fd, POLLOUT, OS_NEVER);
}

int raw_introduce(int object_fd)
{
    struct wire_head head = { .type = WIRE_INTRODUCE, .ncaps = 1, .caps = { WIRE_CAP_FD } };
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    raw_send(object_fd, &head, &ends[1], 1);
    close(ends[1]);
    return ends[0];
}

void raw_offer(int fd, const int *fds, unsigned count)
{
    struct wire_head head = { .type = WIRE_CHANNEL, .ncaps = (uint16_t)count };

    for (unsigned i = 0; i < count; i++)
        head.caps[i] = WIRE_CAP_FD;
    raw_send(fd, &head, fds, count);
}

struct wire_head raw_receive(int fd)
{
    struct wire_head head;
    char data[OS_MSG_BYTES];
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    if (wire_receive(fd, 1, &head, data, fds, &nfds) != WIRE_OK)
        return (struct wire_head){ .type = 0 };
    wire_close(fds, nfds);
    return head;
}

int raw_is_closed(int fd)
{
    return (wire_poll(fd, 0, 0) & POLLHUP) != 0;
}

int raw_has_message(int fd)
{
    return (wire_poll(fd, POLLIN, 0) & POLLIN) != 0;
}

void raw_client_open(struct raw_client *client, int object_fd)
{
    uint32_t options;
    int fds[2];

    client->fd = raw_introduce(object_fd);
    ck_assert_int_eq(channels_make(fds), OS_OK);
    client->page = channel_map(fds[0], &options);
    ck_assert_ptr_nonnull(client->page);
    client->doorbell = fds[1];
    client->seq = 0;
    raw_offer(client->fd, fds, 2);
    close(fds[0]);
}

void raw_client_ready(struct raw_client *client)
{
    struct wire_head head = raw_receive(client->fd);
    ck_assert_uint_eq(head.type, WIRE_WELCOME);
    ck_assert_uint_eq(head.index, 1);
    head = raw_receive(client->fd);
    ck_assert_uint_eq(head.type, WIRE_CHANNEL);
    ck_assert_int_eq(head.err, OS_OK);
}

void raw_client_close(struct raw_client *client)
{
    close(client->fd);
    close(client->doorbell);
    channel_unmap(client->page);
}

void raw_ring(const struct raw_client *client)
{
    const uint64_t one = 1;
    ssize_t n = write(client->doorbell, &one, sizeof(one));
    (void)n; /* it is full, or no doorbell at all */
}

void raw_post(struct raw_client *client, uint32_t index, uint32_t op, uint16_t len)
{
    struct os_msg msg = { .op = op, .len = len };

    client->seq = (client->seq + 1) & CHANNEL_SEQ;
    if (channel_post(client->page, client->seq, index, &msg, (uint32_t)sched_getcpu()))
        raw_ring(client);
}

int raw_answered(const struct raw_client *client)
{
    return channel_answered(atomic_load(&client->page->reply.seq), client->seq);
}

/* ---- a server ---- */

static void answer(struct raw_server *server, const uint64_t token[2], struct os_msg *msg, os_err err)
{
    msg->err = err;
    plat_reply(server->ep, token, msg);
}

/* Zero when the server is to end. */
static int serve(struct raw_server *server, struct plat_event *event, struct os_msg *msg)
{
    os_err err = OS_OK;

    server->served++;
    ck_assert_ptr_eq(event->key, server);
    ck_assert_uint_le(msg->len, OS_MSG_BYTES);
    ck_assert_uint_le(msg->ncaps, OS_MSG_CAPS);
    for (unsigned i = 0; i < msg->ncaps; i++)
        plat_cap_unref(msg->caps[i]);
    msg->ncaps = 0;
    switch (msg->op) {
    case RAW_ECHO:
        for (unsigned i = 0; i < msg->len; i++)
            ((uint8_t *)msg->data)[i]++;
        break;
    case RAW_KEEP:
        if (server->is_kept) {
            err = OS_ERR_BUSY;
            break;
        }
        server->is_kept = 1;
        memcpy(server->kept, event->token, sizeof(server->kept));
        return 1;
    case RAW_RELEASE:
        msg->len = 0;
        if (server->is_kept)
            answer(server, server->kept, msg, OS_OK);
        server->is_kept = 0;
        break;
    case RAW_MAKE:
        msg->len = 0;
        msg->ncaps = 1;
        msg->caps[0] = server->second_cap;
        break;
    case RAW_TAKE:
        break;
    case RAW_REVOKE:
        msg->len = 0;
        plat_object_destroy(server->second);
        break;
    case RAW_CLOSE:
        return 0;
    default:
        err = OS_ERR_NO_OP;
        msg->len = 0;
    }
    answer(server, event->token, msg, err);
    return 1;
}

static void run(struct os_thread *thread)
{
    struct raw_server *server = OS_CONTAINER_OF(thread, struct raw_server, thread);
    struct plat_event event;
    struct os_msg msg;

    ck_assert_int_eq(plat_ep_create(&server->ep), OS_OK);
    ck_assert_int_eq(plat_object_create(server->ep, server, &server->object, &server->cap), OS_OK);
    ck_assert_int_eq(plat_object_create(server->ep, server, &server->second, &server->second_cap), OS_OK);
    ck_assert_int_eq(plat_signal_create(server->ep, server, &server->stop, &server->stop_cap), OS_OK);
    os_semaphore_up(&server->started);
    do
        plat_ep_wait(server->ep, OS_NEVER, &event, &msg);
    while (event.kind == PLAT_NONE || (event.kind == PLAT_CALL && serve(server, &event, &msg)));
    plat_signal_destroy(server->stop);
    plat_ep_destroy(server->ep);
}

void raw_server_start(struct raw_server *server)
{
    *server = (struct raw_server){ 0 };
    ck_assert_int_eq(os_thread_start(&server->thread, run, 0), OS_OK);
    ck_assert_int_eq(os_semaphore_down(&server->started, OS_NEVER), OS_OK);
}

void raw_server_stop(struct raw_server *server)
{
    plat_signal_submit(server->stop_cap);
    os_thread_join(&server->thread);
    plat_cap_unref(server->stop_cap);
    plat_cap_unref(server->cap);
    plat_cap_unref(server->second_cap);
}

os_err raw_call(struct os_cap cap, enum raw_op op, uint16_t len, unsigned seed, os_time deadline)
{
    struct os_msg msg = { .op = op, .len = len };
    uint8_t sent[OS_MSG_BYTES];
    const uint8_t *got = (const uint8_t *)msg.data;

    for (unsigned i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223; /* Numerical Recipes' generator */
        sent[i] = (uint8_t)(seed >> 16);
    }
    memcpy(msg.data, sent, len);
    os_err err = plat_call(cap, &msg, deadline);
    if (err || msg.err)
        return err ? err : msg.err;
    for (unsigned i = 0; i < msg.ncaps; i++)
        plat_cap_unref(msg.caps[i]);
    if (op != RAW_ECHO)
        return OS_OK;
    if (msg.len != len)
        return OS_ERR_BAD_MSG;
    for (unsigned i = 0; i < len; i++)
        if (got[i] != (uint8_t)(sent[i] + 1))
            return OS_ERR_BAD_MSG;
    return OS_OK;
}
