/* SPDX-License-Identifier: BSD-2-Clause */
/* test-hostile.c: clients and servers that write to sockets what no library would write. */
#include <check.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <suite.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "probe.h"
#include "../../../base-linux/transport/wire.h"

static unsigned fds_before;
static probe_cap root;
static uint32_t server_fds_before;

static uint32_t server_fds(void)
{
    uint32_t count;
    ck_assert_int_eq(probe_fds(root, &count), OS_OK);
    return count;
}

static void setup(void)
{
    probe_init();
    fds_before = count_fds();
    root = probe_start();
    probe_warm(root);
    server_fds_before = server_fds();
}

static void teardown(void)
{
    while (server_fds() != server_fds_before)
        ; /* closed connections are noticed one by one */
    os_cap_drop(root.cap);
    probe_stop();
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

/* Sends LEN bytes with NFDS copies of FD. */
static void send_raw(int to, const void *bytes, size_t len, int fd, unsigned nfds)
{
    static char control[CMSG_SPACE(sizeof(int) * 253)];
    struct iovec iov = { (void *)bytes, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (nfds) {
        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
        for (unsigned i = 0; i < nfds; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(int));
    }
    ck_assert_int_eq(sendmsg(to, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

/* What comes on FD next. */
static struct wire_head receive(int fd)
{
    struct wire_head head;
    char data[OS_MSG_BYTES];
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    ck_assert_int_eq(wire_receive(fd, 1, &head, data, fds, &nfds), WIRE_OK);
    wire_close(fds, nfds);
    return head;
}

static int is_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

static void introduce_with(int object_fd, int fd, unsigned nfds)
{
    struct wire_head head = { .type = WIRE_INTRODUCE, .ncaps = (uint16_t)nfds };
    for (unsigned i = 0; i < nfds && i < OS_MSG_CAPS; i++)
        head.caps[i] = WIRE_CAP_FD;
    send_raw(object_fd, &head, sizeof(head), fd, nfds);
}

/* A private connection of our own. */
static int raw_connection(probe_cap cap)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    introduce_with(transport_cap_fd(cap.cap), ends[1], 1);
    close(ends[1]);
    return ends[0];
}

static int welcomed(probe_cap cap)
{
    int fd = raw_connection(cap);
    ck_assert_uint_eq(receive(fd).type, WIRE_WELCOME);
    return fd;
}

/* A request of echo as our library would send it. */
struct raw {
    struct wire_head head;
    char data[2000];
};
enum { ECHO_SIZE = sizeof(struct wire_head) + 8 };

static struct raw echo_request(void)
{
    struct raw raw = { .head = { .type = WIRE_REQUEST, .seq = 77, .op = probe_op_echo, .len = 8 } };
    raw.head.fingerprint = os_rpc_fingerprint(&probe_interface);
    return raw;
}

static os_err answer_to(int fd, const struct raw *raw)
{
    send_raw(fd, raw, ECHO_SIZE, -1, 0);
    struct wire_head head = receive(fd);
    ck_assert_uint_eq(head.type, WIRE_REPLY);
    ck_assert_uint_eq(head.seq, raw->head.seq);
    return head.err;
}

static void works(void)
{
    uint32_t y = 0;
    ck_assert_int_eq(probe_echo(root, 5, &y), OS_OK);
    ck_assert_uint_eq(y, 5);
}

/* ---- hostile clients ---- */

START_TEST(requests_that_are_answered_with_an_error)
{
    struct raw raw = echo_request();
    int fd = welcomed(root);

    ck_assert_int_eq(answer_to(fd, &raw), OS_OK);
    raw.head.index = 1;
    ck_assert_int_eq(answer_to(fd, &raw), OS_ERR_BAD_CAP);
    raw.head.index = UINT32_MAX;
    ck_assert_int_eq(answer_to(fd, &raw), OS_ERR_BAD_CAP);
    raw = echo_request();
    raw.head.op = 999;
    ck_assert_int_eq(answer_to(fd, &raw), OS_ERR_NO_OP);
    raw = echo_request();
    raw.head.fingerprint++;
    ck_assert_int_eq(answer_to(fd, &raw), OS_ERR_WRONG_KIND);
    raw = echo_request();
    raw.head.op = probe_op_made; /* has no argument */
    ck_assert_int_eq(answer_to(fd, &raw), OS_ERR_BAD_MSG);
    raw = echo_request();
    ck_assert_int_eq(answer_to(fd, &raw), OS_OK);
    close(fd);
    works();
}
END_TEST

/* Each of these costs its sender the connection, and nobody else anything. */
START_TEST(messages_that_end_the_connection)
{
    struct raw raws[9];
    size_t size[9];

    for (int i = 0; i < 9; i++) {
        raws[i] = echo_request();
        size[i] = ECHO_SIZE;
    }
    size[0] = 1;
    size[1] = sizeof(struct wire_head) - 1;
    size[2] = ECHO_SIZE - 1;
    size[3] = sizeof(struct raw); /* too long for any message */
    raws[3].head.len = UINT16_MAX;
    raws[4].head.type = 12345;
    raws[5].head.type = WIRE_REPLY;
    raws[6].head.ncaps = OS_MSG_CAPS + 1;
    raws[7].head.ncaps = 1;
    raws[7].head.caps[0] = WIRE_CAP_FD; /* announced, and not there */
    raws[8].head.type = WIRE_UNBIND;
    raws[8].head.index = 4711;
    for (int i = 0; i < 9; i++) {
        int fd = welcomed(root);
        send_raw(fd, &raws[i], size[i], -1, 0);
        ck_assert_msg(is_closed(fd), "message %d", i);
        close(fd);
    }
    int fd = welcomed(root);
    ck_assert_int_eq(send(fd, "", 0, 0), 0);
    ck_assert(is_closed(fd));
    close(fd);
    works();
}
END_TEST

START_TEST(surplus_descriptors)
{
    static const unsigned surplus[] = { 1, 8, 9, 64, 253 };
    struct raw raw = echo_request();

    for (unsigned i = 0; i < OS_ARRAY_LEN(surplus); i++) {
        for (uint16_t announced = 0; announced <= OS_MSG_CAPS; announced += OS_MSG_CAPS) {
            if (announced == surplus[i])
                continue;
            raw.head.ncaps = announced;
            for (unsigned c = 0; c < announced; c++)
                raw.head.caps[c] = WIRE_CAP_FD;
            int fd = welcomed(root);
            send_raw(fd, &raw, ECHO_SIZE, 2, surplus[i]);
            ck_assert(is_closed(fd));
            close(fd);
        }
    }
    /* as many as announced, but the function takes none */
    int fd = welcomed(root);
    send_raw(fd, &raw, ECHO_SIZE, 2, OS_MSG_CAPS);
    ck_assert_int_eq(receive(fd).err, OS_ERR_BAD_MSG);
    close(fd);
    works();
}
END_TEST

START_TEST(hints_in_a_request)
{
    struct raw raw = echo_request();
    int fd = welcomed(root);

    raw.head.ncaps = 1;
    raw.head.caps[0] = WIRE_CAP_HINT;
    send_raw(fd, &raw, ECHO_SIZE, 2, 1);
    ck_assert(is_closed(fd));
    close(fd);
}
END_TEST

/* Only connections that core made have indices as arguments. */
START_TEST(indices_in_a_request)
{
    struct raw raw = echo_request();
    int fd = welcomed(root);

    raw.head.ncaps = 1;
    raw.head.caps[0] = WIRE_CAP_INDEX;
    send_raw(fd, &raw, ECHO_SIZE, -1, 0);
    ck_assert(is_closed(fd));
    close(fd);
}
END_TEST

START_TEST(unbound_index)
{
    struct raw raw = echo_request();
    struct wire_head unbind = { .type = WIRE_UNBIND };
    int fd = welcomed(root);

    send_raw(fd, &unbind, sizeof(unbind), -1, 0);
    ck_assert_int_eq(answer_to(fd, &raw), OS_ERR_BAD_CAP);
    send_raw(fd, &unbind, sizeof(unbind), -1, 0); /* a second time */
    ck_assert(is_closed(fd));
    close(fd);
}
END_TEST

/* What other holders write to the object's socket must not matter to anyone. */
START_TEST(junk_on_an_object)
{
    struct raw raw = echo_request();
    struct wire_head head = { .type = WIRE_INTRODUCE };
    int pipes[2], listening, unconnected;
    probe_cap child = { OS_NO_CAP };
    uint32_t y;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    int to = transport_cap_fd(child.cap);
    send_raw(to, "x", 1, -1, 0);
    send_raw(to, &raw, ECHO_SIZE, -1, 0);
    send_raw(to, &raw, sizeof(raw), 2, 20);
    send_raw(to, &head, sizeof(head), -1, 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(send(to, "", 0, 0), 0); /* looks like the end, but is not */
    introduce_with(to, 2, 2);
    introduce_with(to, 2, 9);
    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    int others[] = { 2,
                     pipes[0],
                     epoll_create1(EPOLL_CLOEXEC),
                     socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                     socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                     socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                     unconnected = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
                     listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
                     to,
                     transport_cap_fd(root.cap) };
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&(struct sockaddr){ .sa_family = AF_UNIX }, 2), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    for (unsigned i = 0; i < OS_ARRAY_LEN(others); i++)
        introduce_with(to, others[i], 1);
    close(pipes[0]);
    close(pipes[1]);
    for (unsigned i = 2; i < OS_ARRAY_LEN(others) - 2; i++)
        close(others[i]);
    int fd = welcomed(child);
    ck_assert_int_eq(answer_to(fd, &raw), OS_OK);
    close(fd);
    ck_assert_int_eq(probe_echo(child, 1, &y), OS_OK);
    ck_assert_int_eq(probe_made(root, &y), OS_OK);
    ck_assert_uint_eq(y, 1);
    os_cap_drop(child.cap);
    works();
}
END_TEST

START_TEST(flood_on_one_connection)
{
    struct raw raw = echo_request();
    int fd = welcomed(root);

    for (int i = 0; i < 2000; i++) {
        /* never reads a reply */
        while (send(fd, &raw, ECHO_SIZE, MSG_DONTWAIT) > 0)
            ;
        if (i % 100 == 0)
            works();
    }
    close(fd);
    works();
}
END_TEST

START_TEST(flood_on_an_object)
{
    int to = transport_cap_fd(root.cap), fd;

    for (int i = 0; i < 50; i++) {
        while (send(to, "junk", 4, MSG_DONTWAIT) > 0)
            ;
        works();
    }
    while (send(to, "junk", 4, MSG_DONTWAIT) > 0)
        ;
    fd = raw_connection(root); /* finds room sooner or later */
    ck_assert_uint_eq(receive(fd).type, WIRE_WELCOME);
    close(fd);
}
END_TEST

START_TEST(connections_are_bounded)
{
    enum { ALL = 140 };
    int fds[ALL], welcome = 0;

    for (int i = 0; i < ALL; i++) {
        fds[i] = raw_connection(root);
        struct wire_head head = receive(fds[i]);
        if (head.type == WIRE_WELCOME) {
            welcome++;
        } else {
            ck_assert_uint_eq(head.type, WIRE_REFUSE);
            ck_assert_int_eq(head.err, OS_ERR_HANDLES);
            ck_assert(is_closed(fds[i]));
        }
    }
    ck_assert_int_eq(welcome, 127); /* and that of works() */
    works();
    for (int i = 0; i < ALL; i++)
        close(fds[i]);
}
END_TEST

START_TEST(server_without_descriptors)
{
    struct rlimit limit = { 0, 0 }, before;
    os_any_cap cap, back;
    probe_cap child;
    uint32_t y;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(transport_cap_from_fd(dup(2), &cap.cap), OS_OK);
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, NULL, &before), 0);
    limit.rlim_max = before.rlim_max;
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    works();
    ck_assert_int_eq(probe_give(root, cap), OS_ERR_HANDLES);
    ck_assert_int_eq(probe_make(root, &child), OS_ERR_HANDLES);
    int fd = raw_connection(root);
    ck_assert(is_closed(fd));
    close(fd);
    works();
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &before, NULL), 0);
    ck_assert_int_eq(probe_give(root, cap), OS_OK);
    ck_assert_int_eq(probe_take(root, &back), OS_OK);
    os_cap_drop(back.cap);
    os_cap_drop(cap.cap);
    os_cap_drop(child.cap);
    do
        ck_assert_int_eq(probe_made(root, &y), OS_OK);
    while (y);
}
END_TEST

START_TEST(client_without_descriptors)
{
    struct rlimit limit = { 0, 0 }, before;
    probe_cap child;
    uint32_t y;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(probe_make(root, &child), OS_ERR_HANDLES);
    works();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    do
        ck_assert_int_eq(probe_made(root, &y), OS_OK);
    while (y);
}
END_TEST

/* ---- hostile servers ---- */

static struct os_entrypoint ep;
static struct os_call call;
static int ended;
static os_err last_err;
static os_any_cap taken;

static void done(struct os_call *c)
{
    ended++;
    last_err = probe_take_end(c, &taken);
}

/* An object whose server is this test: the server's end of its socket, and of the connection of a begun call.
 */
struct fake {
    int object, connection;
    probe_cap cap;
    uint32_t seq;
};

static struct fake fake_server(void)
{
    struct fake fake;
    int ends[2], fds[OS_MSG_CAPS];
    unsigned nfds;
    struct wire_head head;
    char data[OS_MSG_BYTES];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(transport_cap_from_fd(ends[1], &fake.cap.cap), OS_OK);
    fake.object = ends[0];
    if (!ep.plat)
        ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    os_call_init(&call, &ep, done);
    ended = 0;
    ck_assert_int_eq(probe_take_begin(fake.cap, &call), OS_OK);
    ck_assert_int_eq(wire_receive(fake.object, 1, &head, data, fds, &nfds), WIRE_OK);
    ck_assert_uint_eq(head.type, WIRE_INTRODUCE);
    fake.connection = fds[0];
    head = receive(fake.connection);
    ck_assert_uint_eq(head.type, WIRE_REQUEST);
    fake.seq = head.seq;
    return fake;
}

static void fake_end(struct fake *fake)
{
    os_cap_drop(fake->cap.cap);
    close(fake->object);
    close(fake->connection);
}

static os_err result(void)
{
    while (!ended)
        os_entrypoint_step(&ep, OS_NEVER);
    return last_err;
}

START_TEST(replies_that_are_malformed)
{
    enum { CASES = 8 };
    for (int i = 0; i < CASES; i++) {
        struct fake fake = fake_server();
        struct raw raw = { .head = { .type = WIRE_REPLY, .seq = fake.seq } };
        size_t size = sizeof(raw.head);
        unsigned nfds = 0;
        os_err expected = OS_ERR_BAD_MSG;
        switch (i) {
        case 0:
            size = 3;
            break;
        case 1:
            size = sizeof(raw);
            break;
        case 2:
            raw.head.type = WIRE_REQUEST;
            break;
        case 3:
            raw.head.err = -1;
            break;
        case 4:
            raw.head.err = 100000;
            break;
        case 5:
            nfds = 20;
            break;
        case 6:
            raw.head.type = WIRE_REFUSE;
            raw.head.err = expected = OS_ERR_HANDLES;
            break;
        case 7:
            raw.head.type = WIRE_REFUSE;
            raw.head.err = -5;
            break;
        }
        send_raw(fake.connection, &raw, size, 2, nfds);
        ck_assert_msg(result() == expected, "case %d: %s", i, os_err_name(last_err));
        fake_end(&fake);
    }
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(replies_that_nobody_waits_for)
{
    struct fake fake = fake_server();
    struct raw raw = { .head = { .type = WIRE_REPLY, .seq = fake.seq + 5, .ncaps = 1 } };

    raw.head.caps[0] = WIRE_CAP_HINT + 7;
    send_raw(fake.connection, &raw, sizeof(raw.head), 2, 1);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    /* its descriptor is closed and its hint declined */
    struct wire_head head = receive(fake.connection);
    ck_assert_uint_eq(head.type, WIRE_UNBIND);
    ck_assert_uint_eq(head.index, 7);
    raw = (struct raw){ .head = { .type = WIRE_REPLY, .seq = fake.seq, .err = OS_ERR_DENIED } };
    send_raw(fake.connection, &raw, sizeof(raw.head), -1, 0);
    ck_assert_int_eq(result(), OS_ERR_DENIED);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

/* Hints that nobody asked for, by a server that does not take what declines them: their memory has an end. */
START_TEST(hints_without_end)
{
    enum { ENOUGH = 1000 };
    struct fake fake = fake_server();
    struct wire_head head = { .type = WIRE_REPLY, .seq = fake.seq + 5, .ncaps = OS_MSG_CAPS };
    int fds[OS_MSG_CAPS], i;

    for (i = 0; i < OS_MSG_CAPS; i++) {
        head.caps[i] = WIRE_CAP_HINT + (uint32_t)i;
        fds[i] = 2;
    }
    for (i = 0; i < ENOUGH && !ended; i++) {
        ck_assert_int_eq(wire_send(fake.connection, &head, NULL, fds, OS_MSG_CAPS), OS_OK);
        os_entrypoint_step(&ep, 0);
    }
    ck_assert_int_lt(i, ENOUGH);
    ck_assert_int_eq(result(), OS_ERR_BAD_MSG);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

/* Messages that are no harm, one of them after the other, as many as fit. */
static void fill(int connection)
{
    const struct wire_head gone = { .type = WIRE_GONE, .index = 7 };

    while (wire_send(connection, &gone, NULL, NULL, 0) == OS_OK)
        ;
}

static int unread(int connection)
{
    int bytes;

    ck_assert_int_eq(ioctl(connection, SIOCOUTQ, &bytes), 0);
    return bytes;
}

/* A server that never stops to send: the deadline of a call holds all the same. */
START_TEST(messages_without_end)
{
    struct fake fake = fake_server();
    uint32_t y;

    fill(fake.connection);
    ck_assert_int_eq(probe_echo_by(fake.cap, 1, 1, &y), OS_ERR_DEADLINE);
    ck_assert_int_gt(unread(fake.connection), 0);
    os_call_cancel(&call);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

/* The same, when it owes so many answers that a request has to wait for one of them. */
START_TEST(messages_without_end_instead_of_answers)
{
    struct fake fake = fake_server();
    struct os_call calls[WIRE_UNDER_WAY - 1];
    uint32_t y;

    for (unsigned i = 0; i < OS_ARRAY_LEN(calls); i++) {
        os_call_init(&calls[i], &ep, done);
        ck_assert_int_eq(probe_take_begin(fake.cap, &calls[i]), OS_OK);
    }
    fill(fake.connection);
    ck_assert_int_eq(probe_echo_by(fake.cap, 1, 1, &y), OS_ERR_DEADLINE);
    ck_assert_int_gt(unread(fake.connection), 0);
    os_call_cancel(&call);
    for (unsigned i = 0; i < OS_ARRAY_LEN(calls); i++)
        os_call_cancel(&calls[i]);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

/* A server gives out somebody else's capability, and a hint that leads to itself. */
START_TEST(hints_hijack_nothing)
{
    struct fake fake = fake_server();
    struct raw raw = { .head = { .type = WIRE_REPLY, .seq = fake.seq, .ncaps = 1 } };
    uint32_t y;

    raw.head.caps[0] = WIRE_CAP_HINT + 3;
    send_raw(fake.connection, &raw, sizeof(raw.head), transport_cap_fd(root.cap), 1);
    ck_assert_int_eq(result(), OS_OK);
    ck_assert_uint_ne(taken.cap.id, root.cap.id);
    works(); /* the handle that was got elsewhere is as it was */
    /* the one that came from the fake server leads to it */
    ck_assert_int_eq(probe_echo_by((probe_cap){ taken.cap }, 1, 0, &y), OS_ERR_DEADLINE);
    ck_assert_uint_eq(receive(fake.connection).index, 3);
    os_cap_drop(taken.cap);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(own_objects_with_hints)
{
    static const struct probe_ops no_ops;
    struct fake fake = fake_server();
    struct raw raw = { .head = { .type = WIRE_REPLY, .seq = fake.seq, .ncaps = 1 } };
    struct os_object object;
    probe_cap own;

    ck_assert_int_eq(os_rpc_object_init(&object, &ep, &probe_interface, &no_ops, NULL, &own.cap), OS_OK);
    raw.head.caps[0] = WIRE_CAP_HINT;
    send_raw(fake.connection, &raw, sizeof(raw.head), transport_cap_fd(own.cap), 1);
    ck_assert_int_eq(result(), OS_OK);
    ck_assert_uint_eq(taken.cap.id, own.cap.id);
    ck_assert_ptr_eq(os_object_of(&ep, taken.cap, &probe_interface), &object);
    ck_assert_uint_eq(receive(fake.connection).type, WIRE_UNBIND);
    os_cap_drop(own.cap);
    os_object_fini(&object);
    ck_assert_ptr_null(os_object_of(&ep, taken.cap, &probe_interface));
    os_cap_drop(taken.cap);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(connections_that_are_not_welcome)
{
    struct wire_head welcome = { .type = WIRE_WELCOME };

    /* closed unseen, while the object lives: the server had no descriptor for it */
    struct fake fake = fake_server();
    close(fake.connection);
    ck_assert_int_eq(result(), OS_ERR_HANDLES);
    fake.connection = dup(2);
    fake_end(&fake);
    /* closed after it was taken */
    fake = fake_server();
    send_raw(fake.connection, &welcome, sizeof(welcome), -1, 0);
    close(fake.connection);
    ck_assert_int_eq(result(), OS_ERR_DEAD);
    fake.connection = dup(2);
    fake_end(&fake);
    /* the object goes first */
    fake = fake_server();
    close(fake.object);
    close(fake.connection);
    ck_assert_int_eq(result(), OS_ERR_DEAD);
    os_cap_drop(fake.cap.cap);
    /* welcomed twice */
    fake = fake_server();
    send_raw(fake.connection, &welcome, sizeof(welcome), -1, 0);
    send_raw(fake.connection, &welcome, sizeof(welcome), -1, 0);
    ck_assert_int_eq(result(), OS_ERR_BAD_MSG);
    fake_end(&fake);
    os_entrypoint_fini(&ep);
}
END_TEST

/* An object that is revoked before its server has seen the introduction. */
START_TEST(revoked_before_introduced)
{
    static const struct probe_ops no_ops;
    struct os_object object;
    probe_cap own;
    int fd;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    ck_assert_int_eq(os_rpc_object_init(&object, &ep, &probe_interface, &no_ops, NULL, &own.cap), OS_OK);
    fd = raw_connection(own);
    os_object_fini(&object);
    ck_assert_uint_eq(receive(fd).type, WIRE_WELCOME);
    struct raw raw = echo_request();
    send_raw(fd, &raw, ECHO_SIZE, -1, 0);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    ck_assert_int_eq(receive(fd).err, OS_ERR_REVOKED);
    close(fd);
    os_cap_drop(own.cap);
    os_entrypoint_fini(&ep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport: hostile");
    TCase *tc = tcase_create("hostile");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, requests_that_are_answered_with_an_error);
    tcase_add_test(tc, messages_that_end_the_connection);
    tcase_add_test(tc, surplus_descriptors);
    tcase_add_test(tc, hints_in_a_request);
    tcase_add_test(tc, indices_in_a_request);
    tcase_add_test(tc, unbound_index);
    tcase_add_test(tc, junk_on_an_object);
    tcase_add_test(tc, flood_on_one_connection);
    tcase_add_test(tc, flood_on_an_object);
    tcase_add_test(tc, connections_are_bounded);
    tcase_add_test(tc, replies_that_are_malformed);
    tcase_add_test(tc, replies_that_nobody_waits_for);
    tcase_add_test(tc, hints_without_end);
    tcase_add_test(tc, messages_without_end);
    tcase_add_test(tc, messages_without_end_instead_of_answers);
    tcase_add_test(tc, hints_hijack_nothing);
    tcase_add_test(tc, own_objects_with_hints);
    tcase_add_test(tc, connections_that_are_not_welcome);
    tcase_add_test(tc, revoked_before_introduced);
    if (!probe_under_valgrind()) {
        tcase_add_test(tc, client_without_descriptors);
        tcase_add_test(tc, server_without_descriptors);
    }
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
