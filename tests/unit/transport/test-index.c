/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-index.c: on a connection that core made, the server's own objects come back as arguments by their
 * index, without a descriptor.
 */
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <os/thread.h>
#include <suite.h>
#include "probe.h"
#include "../../../base-linux/transport/wire.h"

/* WHICH: 1 or 2 if the argument is that object of the server, 0 if it is none. REVOKE: ends the second. */
enum op { WHICH, REVOKE };

static struct {
    struct os_thread thread;
    struct os_semaphore started;
    struct plat_ep *ep;
    struct plat_object *objects[2];
    struct os_cap caps[2];
    struct plat_signal *stop;
    struct os_cap stop_cap;
    int keys[2], fd;
} server;

static unsigned fds_before;

static uint32_t which(struct os_cap cap)
{
    for (uint32_t i = 0; i < 2; i++)
        if (cap.id && plat_object_find(server.ep, cap) == &server.keys[i])
            return i + 1;
    return 0;
}

static void answer(struct plat_event *event, struct os_msg *msg)
{
    uint32_t found = msg->ncaps ? which(msg->caps[0]) : 0;

    while (msg->ncaps)
        plat_cap_unref(msg->caps[--msg->ncaps]);
    if (msg->op == REVOKE)
        plat_object_destroy(server.objects[1]);
    msg->err = OS_OK;
    msg->len = sizeof(uint64_t);
    memcpy(msg->data, &(uint64_t){ found }, msg->len);
    plat_reply(server.ep, event->token, msg);
}

static void serve(struct os_thread *thread)
{
    struct plat_event event;
    struct os_msg msg;

    ck_assert_int_eq(plat_ep_create(&server.ep), OS_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(plat_object_create(server.ep, &server.keys[i], &server.objects[i], &server.caps[i]),
                         OS_OK);
    ck_assert_int_eq(plat_signal_create(server.ep, &server.stop, &server.stop, &server.stop_cap), OS_OK);
    ck_assert_int_eq(transport_preconnect(server.ep, server.objects, 2, &server.fd), OS_OK);
    os_semaphore_up(&server.started);
    do {
        plat_ep_wait(server.ep, OS_NEVER, &event, &msg);
        if (event.kind == PLAT_CALL)
            answer(&event, &msg);
    } while (event.kind != PLAT_SIGNAL);
    plat_signal_destroy(server.stop);
    plat_ep_destroy(server.ep);
}

static void setup(void)
{
    probe_init();
    fds_before = count_fds();
    memset(&server, 0, sizeof(server));
    ck_assert_int_eq(os_thread_start(&server.thread, serve, 0), OS_OK);
    ck_assert_int_eq(os_semaphore_down(&server.started, OS_NEVER), OS_OK);
}

static void teardown(void)
{
    plat_signal_submit(server.stop_cap);
    os_thread_join(&server.thread);
    plat_cap_unref(server.stop_cap);
    for (int i = 0; i < 2; i++)
        plat_cap_unref(server.caps[i]);
}

static uint64_t call(struct os_cap cap, enum op op, struct os_cap argument)
{
    struct os_msg msg = { .op = op, .ncaps = 1, .caps = { argument } };
    uint64_t found;

    ck_assert_int_eq(plat_call(cap, &msg, OS_NEVER), OS_OK);
    ck_assert_uint_eq(msg.len, sizeof(found));
    memcpy(&found, msg.data, sizeof(found));
    return found;
}

/* The handles have no descriptor at all, so nothing else could go. */
START_TEST(by_index)
{
    struct os_cap bound[2];

    for (uint32_t i = 0; i < 2; i++)
        ck_assert_int_eq(transport_bind(server.fd, i, -1, &bound[i]), OS_OK);
    for (uint32_t times = 0; times < 100; times++)
        for (uint32_t i = 0; i < 2; i++)
            ck_assert_uint_eq(call(bound[1 - i], WHICH, bound[i]), i + 1);
    ck_assert_uint_eq(call(bound[0], WHICH, OS_NO_CAP), 0);
    /* with the server's own handles it is the same object, by descriptor */
    ck_assert_uint_eq(call(bound[0], WHICH, server.caps[1]), 2);
    /* what was revoked is none */
    ck_assert_uint_eq(call(bound[0], REVOKE, bound[1]), 2);
    ck_assert_uint_eq(call(bound[0], WHICH, bound[1]), 0);
    close(server.fd); /* such a connection lasts as long as its process otherwise */
}
END_TEST

static struct wire_head request(uint32_t word)
{
    return (struct wire_head){ .type = WIRE_REQUEST, .ncaps = 1, .caps = { word }, .op = WHICH };
}

/* The answer's data; ~0 if the connection is closed instead. */
static uint64_t raw_call(struct wire_head head)
{
    uint64_t data[OS_MSG_BYTES / sizeof(uint64_t)];
    int fds[OS_MSG_CAPS];
    unsigned nfds;

    if (wire_send(server.fd, &head, NULL, NULL, 0))
        return ~UINT64_C(0);
    enum wire_result result = wire_receive(server.fd, 1, &head, data, fds, &nfds);
    return result == WIRE_OK && head.type == WIRE_REPLY ? data[0] : ~UINT64_C(0);
}

START_TEST(indices_that_no_client_would_send)
{
    /* beyond the table; far beyond; the one that the same request unbinds */
    static const uint32_t words[] = { 2, 0x7fffffff, 1 };
    struct wire_head head = request(WIRE_CAP_INDEX | words[_i]);

    ck_assert_uint_eq(raw_call(request(WIRE_CAP_INDEX | 1)), 2);
    head.err = _i == 2 ? 2 : 0;
    ck_assert_uint_eq(raw_call(head), ~UINT64_C(0));
    close(server.fd);
}
END_TEST

START_TEST(unbound_with_a_request)
{
    struct wire_head head = request(WIRE_CAP_INDEX);

    head.err = 2;
    ck_assert_uint_eq(raw_call(head), 1);
    ck_assert_uint_eq(raw_call(request(WIRE_CAP_INDEX | 1)), ~UINT64_C(0)); /* nothing has index 1 now */
    close(server.fd);
}
END_TEST

/* Only a request can have them: elsewhere they would be taken for descriptors that are not there. */
START_TEST(indices_elsewhere)
{
    struct wire_head head = { .type = WIRE_REPLY, .ncaps = 1, .caps = { WIRE_CAP_INDEX } };
    char data[OS_MSG_BYTES];
    int ends[2], fds[OS_MSG_CAPS];
    unsigned nfds;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(wire_send(ends[0], &head, NULL, NULL, 0), OS_OK);
    ck_assert_int_eq(wire_receive(ends[1], 1, &head, data, fds, &nfds), WIRE_BAD);
    wire_close(ends, 2);
    close(server.fd);
}
END_TEST

/* A handle that is kept for longer than its object, which has no socket, stands for no other in its place. */
START_TEST(kept_longer_than_its_object)
{
    struct wire_head head = request(WIRE_CAP_INDEX);
    struct plat_object *object;
    struct plat_event event;
    struct plat_ep *ep;
    struct os_msg msg;
    int keys[2], fd;

    probe_init();
    ck_assert_int_eq(plat_ep_create(&ep), OS_OK);
    ck_assert_int_eq(transport_object_create(ep, &keys[0], &object), OS_OK);
    ck_assert_int_eq(transport_preconnect(ep, &object, 1, &fd), OS_OK);
    ck_assert_int_eq(wire_send(fd, &head, NULL, NULL, 0), OS_OK);
    plat_ep_wait(ep, OS_NEVER, &event, &msg);
    ck_assert_int_eq(event.kind, PLAT_CALL);
    struct os_cap kept = msg.caps[0];
    ck_assert_ptr_eq(plat_object_find(ep, kept), &keys[0]);
    plat_object_destroy(object);
    ck_assert_ptr_null(plat_object_find(ep, kept));
    ck_assert_int_eq(transport_object_create(ep, &keys[1], &object), OS_OK);
    ck_assert_ptr_null(plat_object_find(ep, kept));
    plat_cap_unref(kept);
    plat_ep_destroy(ep);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("index");
    TCase *tc = tcase_create("index");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, by_index);
    tcase_add_loop_test(tc, indices_that_no_client_would_send, 0, 3);
    tcase_add_test(tc, unbound_with_a_request);
    tcase_add_test(tc, indices_elsewhere);
    suite_add_tcase(suite, tc);
    TCase *ends = tcase_create("ends");
    tcase_add_test(ends, kept_longer_than_its_object);
    suite_add_tcase(suite, ends);
    return suite_run(suite);
}
