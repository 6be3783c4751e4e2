/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-page.c: peers that write to the page of a channel what no library would write, at every step of the
 * protocol, and others that go on meanwhile. Both sides are threads of this process, so that the sanitizers
 * see what both of them do. PAGE_SEED in the environment is another seed for what is random.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <os/entrypoint.h>
#include <os/signal.h>
#include <suite.h>
#include "probe.h"
#include "raw.h"

static unsigned fds_before;

/* ---- one who keeps to the rules, all the time ---- */

struct honest {
    struct os_thread thread;
    struct os_cap cap;
    _Atomic int stop;
    _Atomic unsigned calls;
    _Atomic os_err err;
};

static struct raw_server server;
static struct honest honest;

static void call_on_and_on(struct os_thread *thread)
{
    struct honest *h = OS_CONTAINER_OF(thread, struct honest, thread);

    for (unsigned i = 0; !h->err && !h->stop; i++) {
        h->err = raw_call(h->cap, RAW_ECHO, (uint16_t)(i % 40 ? i % 64 : OS_MSG_BYTES), i, OS_NEVER);
        h->calls++;
    }
}

static void setup(void)
{
    probe_init();
    fds_before = count_fds();
    raw_server_start(&server);
    honest = (struct honest){ .cap = server.cap };
    ck_assert_int_eq(os_thread_start(&honest.thread, call_on_and_on, 0), OS_OK);
}

/* The honest one makes COUNT more calls. */
static void meanwhile(unsigned count)
{
    for (unsigned from = honest.calls; honest.calls - from < count && !honest.err;)
        sched_yield();
}

static void teardown(void)
{
    meanwhile(100);
    honest.stop = 1;
    os_thread_join(&honest.thread);
    ck_assert_int_eq(honest.err, OS_OK);
    raw_server_stop(&server);
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

static unsigned seed_of(int round)
{
    const char *seed = getenv("PAGE_SEED");
    return (seed ? (unsigned)strtoul(seed, NULL, 10) : 1) + (unsigned)round * 1000;
}

static uint32_t any(unsigned *seed)
{
    return (uint32_t)rand_r(seed) << 16 ^ (uint32_t)rand_r(seed);
}

/* Any word of the page: what is not the caller's to write as well. */
static void scribble(struct channel_page *page, unsigned *seed)
{
    _Atomic uint32_t *words = (void *)page;
    atomic_store(&words[any(seed) % (sizeof(*page) / 4)], any(seed) % 4 ? any(seed) % 2048 : any(seed));
}

/* ---- offers ---- */

static int object_fd(void)
{
    return transport_cap_fd(server.cap);
}

static os_err offered(int fd, int memory, int doorbell)
{
    int fds[2] = { memory, doorbell };

    raw_offer(fd, fds, 2);
    struct wire_head head = raw_receive(fd);
    ck_assert_uint_eq(head.type, WIRE_CHANNEL);
    return head.err;
}

static int welcomed(void)
{
    int fd = raw_introduce(object_fd());
    ck_assert_uint_eq(raw_receive(fd).type, WIRE_WELCOME);
    return fd;
}

START_TEST(memory_that_is_no_channel)
{
    int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), fd = welcomed(), pipes[2];
    int sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int loose = memfd_create("loose", MFD_CLOEXEC), empty = memfd_create("empty", MFD_CLOEXEC);

    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    ck_assert_int_eq(ftruncate(sealed, OS_PAGE_SIZE), 0);
    ck_assert_int_eq(ftruncate(loose, OS_PAGE_SIZE), 0);
    ck_assert_int_eq(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    const int memories[] = { sealed, loose, empty, bell, pipes[0], pipes[1], fd, object_fd() };
    for (unsigned i = 0; i < OS_ARRAY_LEN(memories); i++)
        ck_assert_int_eq(offered(fd, memories[i], bell), OS_ERR_BAD_CAP);
    /* after all that it can still have a true one */
    int fds[2];
    ck_assert_int_eq(channels_make(fds), OS_OK);
    ck_assert_int_eq(offered(fd, fds[0], fds[1]), OS_OK);
    wire_close(fds, 2);
    wire_close(pipes, 2);
    wire_close((int[]){ bell, fd, sealed, loose, empty }, 5);
}
END_TEST

START_TEST(doorbells_that_are_none)
{
    enum { CASES = 6 };

    for (int i = 0; i < CASES; i++) {
        int fd = welcomed(), fds[2], pair[2] = { -1, -1 }, bell = -1;
        os_err err = OS_OK;
        ck_assert_int_eq(channels_make(fds), OS_OK);
        switch (i) {
        case 0: /* a socket */
        case 1: /* a capability of the server, which would never lose its last holder */
            ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
            bell = dup(i ? object_fd() : pair[0]);
            err = OS_ERR_BAD_CAP;
            break;
        case 2: /* memory that cannot be waited for */
            bell = memfd_create("rom", MFD_CLOEXEC);
            err = OS_ERR_NO_MEMORY;
            break;
        case 3:
        case 4:
            ck_assert_int_eq(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
            bell = dup(pair[i - 3]);
            break;
        case 5: /* with something in it that is always ready */
            bell = epoll_create1(EPOLL_CLOEXEC);
            ck_assert_int_eq(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
            struct epoll_event event = { .events = EPOLLOUT };
            ck_assert_int_eq(epoll_ctl(bell, EPOLL_CTL_ADD, pair[1], &event), 0);
        }
        ck_assert_msg(offered(fd, fds[0], bell) == err, "case %d", i);
        for (unsigned n = 0; i >= 3 && write(pair[1], "x", 1) == 1 && n < 1000; n++)
            sched_yield(); /* a pipe rings too, until it is full */
        meanwhile(10);
        wire_close(fds, 2);
        wire_close((int[]){ fd, bell }, 2);
        if (pair[0] >= 0)
            wire_close(pair, 2);
    }
}
END_TEST

START_TEST(offers_that_come_twice)
{
    int fd = welcomed(), other = welcomed(), fds[2], more[2];
    struct raw_server second;

    raw_server_start(&second);
    ck_assert_int_eq(channels_make(fds), OS_OK);
    ck_assert_int_eq(channels_make(more), OS_OK);
    ck_assert_int_eq(offered(fd, fds[0], fds[1]), OS_OK);
    ck_assert_int_eq(offered(fd, fds[0], fds[1]), OS_ERR_UNSUPPORTED);
    ck_assert_int_eq(offered(fd, more[0], more[1]), OS_ERR_UNSUPPORTED);
    /* by another client, and to another server */
    ck_assert_int_eq(offered(other, fds[0], fds[1]), OS_ERR_BAD_CAP);
    int third = raw_introduce(transport_cap_fd(second.cap));
    ck_assert_uint_eq(raw_receive(third).type, WIRE_WELCOME);
    ck_assert_int_eq(offered(third, fds[0], fds[1]), OS_ERR_BAD_CAP);
    wire_close(fds, 2);
    wire_close(more, 2);
    wire_close((int[]){ fd, other, third }, 3);
    raw_server_stop(&second);
}
END_TEST

START_TEST(offers_with_another_number_of_descriptors)
{
    static const unsigned counts[] = { 0, 1, 3, 8 };
    int fds[OS_MSG_CAPS];

    for (unsigned i = 0; i < OS_ARRAY_LEN(counts); i++) {
        int fd = welcomed();
        for (unsigned n = 0; n < counts[i]; n++)
            fds[n] = fd;
        raw_offer(fd, fds, counts[i]);
        ck_assert_uint_eq(raw_receive(fd).type, 0);
        close(fd);
    }
}
END_TEST

/* Offers without end, whose answers are not taken: the connection goes. */
START_TEST(offers_without_end)
{
    struct wire_head head = { .type = WIRE_CHANNEL, .ncaps = 2, .caps = { WIRE_CAP_FD, WIRE_CAP_FD } };
    int fd = welcomed(), bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const int fds[2] = { bell, bell };

    while (wire_send(fd, &head, NULL, fds, 2) != OS_ERR_DEAD)
        sched_yield();
    wire_close((int[]){ fd, bell }, 2);
}
END_TEST

/* ---- requests ---- */

static void open_client(struct raw_client *client)
{
    raw_client_open(client, object_fd());
    raw_client_ready(client);
}

static uint32_t answer_to(struct raw_client *client)
{
    while (!raw_answered(client))
        sched_yield();
    return atomic_load(&client->page->reply.seq);
}

static os_err result_of(struct raw_client *client)
{
    ck_assert_uint_eq(answer_to(client), client->seq);
    return atomic_load(&client->page->reply.err);
}

START_TEST(requests_that_are_answered_with_an_error)
{
    static const uint32_t indices[] = { 1, 31, 32, 4095, 4096, 1 << 20, UINT32_MAX };
    struct raw_client client;

    open_client(&client);
    raw_post(&client, 0, RAW_ECHO, 8);
    ck_assert_int_eq(result_of(&client), OS_OK);
    for (unsigned i = 0; i < OS_ARRAY_LEN(indices); i++) {
        raw_post(&client, indices[i], RAW_ECHO, 8);
        ck_assert_int_eq(result_of(&client), OS_ERR_BAD_CAP);
    }
    raw_post(&client, 0, 99, 8);
    ck_assert_int_eq(result_of(&client), OS_ERR_NO_OP);
    /* unbound meanwhile */
    raw_send(client.fd, &(struct wire_head){ .type = WIRE_UNBIND }, NULL, 0);
    os_err err;
    do {
        raw_post(&client, 0, RAW_ECHO, 8);
        err = result_of(&client);
    } while (err == OS_OK);
    ck_assert_int_eq(err, OS_ERR_BAD_CAP);
    raw_client_close(&client);
}
END_TEST

START_TEST(index_of_a_revoked_object)
{
    struct raw_server other;
    struct raw_client client;

    raw_server_start(&other);
    raw_client_open(&client, transport_cap_fd(other.second_cap));
    raw_client_ready(&client);
    raw_post(&client, 0, RAW_ECHO, 8);
    ck_assert_int_eq(result_of(&client), OS_OK);
    ck_assert_int_eq(raw_call(other.cap, RAW_REVOKE, 0, 0, OS_NEVER), OS_OK);
    for (int i = 0; i < 100; i++) {
        raw_post(&client, 0, RAW_ECHO, 8);
        ck_assert_int_eq(result_of(&client), OS_ERR_REVOKED);
    }
    raw_client_close(&client);
    raw_server_stop(&other);
}
END_TEST

/* Each of these costs its sender the connection. */
START_TEST(requests_that_end_the_connection)
{
    static const uint32_t lens[] = { OS_MSG_BYTES + 1, 4096, 65536, INT32_MAX, UINT32_MAX };
    static const uint32_t seqs[] = { CHANNEL_SEQ + 1, CHANNEL_GONE, CHANNEL_GONE | 1, UINT32_MAX };
    struct raw_client client;

    for (unsigned i = 0; i < OS_ARRAY_LEN(lens) + OS_ARRAY_LEN(seqs); i++) {
        open_client(&client);
        raw_post(&client, 0, RAW_ECHO, 8);
        ck_assert_int_eq(result_of(&client), OS_OK);
        if (i < OS_ARRAY_LEN(lens)) {
            atomic_store(&client.page->request.len, lens[i]);
            atomic_store(&client.page->request.seq, client.seq + 1);
        } else {
            atomic_store(&client.page->request.seq, seqs[i - OS_ARRAY_LEN(lens)]);
        }
        raw_ring(&client);
        ck_assert_uint_eq(raw_receive(client.fd).type, 0);
        while (!(atomic_load(&client.page->reply.seq) & CHANNEL_GONE))
            sched_yield();
        raw_client_close(&client);
    }
}
END_TEST

START_TEST(numbers_of_requests)
{
    static const uint32_t seqs[] = { 5, 4, CHANNEL_SEQ, 0, 1, CHANNEL_SEQ - 1, CHANNEL_SEQ, 0 };
    struct raw_client client;

    open_client(&client);
    for (unsigned i = 0; i < OS_ARRAY_LEN(seqs); i++) {
        client.seq = (seqs[i] - 1) & CHANNEL_SEQ;
        raw_post(&client, 0, RAW_ECHO, 8);
        ck_assert_int_eq(result_of(&client), OS_OK);
    }
    raw_client_close(&client);
}
END_TEST

/* What is written while an answer is owed is looked at after it, and only its last state. */
START_TEST(requests_before_the_answer)
{
    struct raw_client client;
    struct os_cap other;

    open_client(&client);
    ck_assert_int_eq(transport_cap_from_fd(dup(object_fd()), &other), OS_OK);
    for (int i = 0; i < 20; i++) {
        unsigned served = server.served;
        raw_post(&client, 0, RAW_KEEP, 0);
        while (!server.is_kept)
            sched_yield();
        uint32_t kept = client.seq;
        for (int n = 0; n < 100; n++) {
            raw_post(&client, 0, RAW_KEEP, 0);
            raw_ring(&client);
        }
        raw_post(&client, 0, RAW_ECHO, 0);
        meanwhile(10);
        ck_assert(!raw_answered(&client));
        ck_assert_int_eq(raw_call(other, RAW_RELEASE, 0, 0, OS_NEVER), OS_OK);
        raw_ring(&client); /* as a client does that finds nobody awake */
        ck_assert_int_eq(result_of(&client), OS_OK);
        ck_assert_uint_eq(client.seq, kept + 101);
        ck_assert_uint_gt(server.served, served);
    }
    plat_cap_unref(other);
    raw_client_close(&client);
}
END_TEST

/* Far more often than there are requests, and without any. */
START_TEST(a_flood_of_the_doorbell)
{
    struct raw_client client;
    unsigned from = honest.calls;
    unsigned many = probe_under_valgrind() ? 10000 : 300000; /* it would take half a minute there */

    open_client(&client);
    for (unsigned i = 0; i < many; i++)
        raw_ring(&client);
    /* as full as it can be */
    const uint64_t all = UINT64_MAX - 1;
    ck_assert_int_le(write(client.doorbell, &all, sizeof(all)), (ssize_t)sizeof(all));
    raw_ring(&client);
    meanwhile(100);
    ck_assert_uint_gt(honest.calls, from);
    raw_client_close(&client);
}
END_TEST

struct scribbler {
    struct os_thread thread;
    unsigned seed;
    struct raw_client *client; /* whose page is scribbled over, or NULL: its own */
    _Atomic int stop;
};

/* One step of a client that has gone mad; it has another connection when it has lost one. */
static void mad_step(struct raw_client *client, unsigned *seed)
{
    struct channel_page *page = client->page;

    switch (any(seed) % 16) {
    case 0:
        raw_post(client, any(seed) % 3, any(seed) % 5, (uint16_t)(any(seed) % (OS_MSG_BYTES + 1)));
        break;
    case 1:
        atomic_store(&page->request.seq, any(seed) & CHANNEL_SEQ);
        break;
    case 2:
        atomic_store(&page->request.seq, any(seed) % 8 ? client->seq + any(seed) % 4 : any(seed));
        break;
    case 3:
        atomic_store(&page->request.len, any(seed) % 8 ? any(seed) % OS_MSG_BYTES : any(seed));
        break;
    case 4:
        atomic_store(&page->request.index, any(seed));
        break;
    case 5:
        atomic_store(&page->request.asleep, any(seed));
        break;
    case 6:
        atomic_store(&page->awake, any(seed) % 2);
        break;
    case 7:
        atomic_store(&page->request.cpu, any(seed) % 4 ? any(seed) % 4 : any(seed));
        break;
    case 8:
        raw_ring(client);
        break;
    case 9:
        atomic_store(&page->reply.seq, any(seed));
        break;
    case 10:
        atomic_store(&page->options, any(seed));
        break;
    default:
        scribble(page, seed);
    }
}

static void be_mad(struct os_thread *thread)
{
    struct scribbler *s = OS_CONTAINER_OF(thread, struct scribbler, thread);
    struct raw_client client;

    raw_client_open(&client, object_fd());
    for (unsigned i = 0; i < 20000 && !s->stop; i++) {
        mad_step(&client, &s->seed);
        if (i % 16 || !raw_is_closed(client.fd))
            continue;
        raw_client_close(&client);
        raw_client_open(&client, object_fd());
    }
    raw_client_close(&client);
}

/* Two of them, one after the other's number, while the honest one goes on. */
START_TEST(clients_that_scribble)
{
    struct scribbler mad[2] = { { .seed = seed_of(_i) }, { .seed = seed_of(_i) + 1 } };

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(os_thread_start(&mad[i].thread, be_mad, 0), OS_OK);
    meanwhile(1000);
    for (int i = 0; i < 2; i++)
        os_thread_join(&mad[i].thread);
}
END_TEST

static void change_requests(struct os_thread *thread)
{
    struct scribbler *s = OS_CONTAINER_OF(thread, struct scribbler, thread);

    while (!s->stop) {
        struct channel_page *page = s->client->page;
        atomic_store(&page->request.data[any(&s->seed) % CHANNEL_WORDS], any(&s->seed));
        atomic_store(&page->request.len, any(&s->seed) % (OS_MSG_BYTES + 1));
        atomic_store(&page->request.op, any(&s->seed) % 8 ? RAW_ECHO : RAW_KEEP + 10);
        atomic_store(&page->request.fingerprint, any(&s->seed));
    }
}

/* A request that changes while it is copied is another request, and no worse. */
START_TEST(requests_that_change_while_they_are_taken)
{
    struct raw_client client;
    struct scribbler s = { .seed = seed_of(_i), .client = &client };

    open_client(&client);
    ck_assert_int_eq(os_thread_start(&s.thread, change_requests, 0), OS_OK);
    for (unsigned i = 0; i < 1000; i++) {
        raw_post(&client, 0, RAW_ECHO, OS_MSG_BYTES);
        os_err err = result_of(&client);
        ck_assert(err == OS_OK || err == OS_ERR_NO_OP);
        ck_assert_uint_le(atomic_load(&client.page->reply.len), OS_MSG_BYTES);
    }
    s.stop = 1;
    os_thread_join(&s.thread);
    raw_client_close(&client);
}
END_TEST

/* ---- servers ---- */

/* What a server does with the request of a channel, instead of answering it. */
enum deed {
    GARBAGE_FIRST, /* many numbers that nobody asked for, and then the answer */
    GONE,          /* which it is not */
    NO_MESSAGE,    /* says that the answer is on the socket, where nothing is */
    LATE_MESSAGE,  /* the same, and there it comes */
    TOO_LONG,
    WRONG_ERR,
    TWICE,
    ANOTHER_NUMBER,
    ONLY_WAKES, /* many times, and then the answer */
    NOTHING,
    FALSE_CPU, /* says that it runs here, there and nowhere, and then the answer */
    BOTH_WAYS, /* on the socket as well, long after the deadline */
    SCRIBBLES, /* any words, and perhaps the answer */
    FLOODS,    /* says that it has ended, with more on the socket than it ever had to say */
};

/* A server that knows the protocol too well: one connection after the other, on a thread of its own. */
struct fake {
    struct os_thread thread;
    int object, connection; /* ends of sockets, -1: none */
    struct os_cap cap;
    struct channel_page *page;
    int doorbell;
    uint32_t seen;
    _Atomic unsigned taken; /* requests, from the page */
    _Atomic enum deed deed;
    _Atomic int deeds; /* to be done, then it behaves */
    _Atomic int stop;
    unsigned seed;
    uint32_t owed; /* of BOTH_WAYS */
    int left;      /* of FLOODS: the client did not take all of it */
};

static void fake_forget(struct fake *fake)
{
    if (fake->page) {
        channel_unmap(fake->page);
        close(fake->doorbell);
    }
    if (fake->connection >= 0)
        close(fake->connection);
    fake->page = NULL;
    fake->connection = -1;
    fake->seen = 0;
}

static void reply_on_socket(struct fake *fake, uint32_t seq, const struct os_msg *msg)
{
    struct wire_head head = { .type = WIRE_REPLY, .seq = seq, .len = msg->len };
    wire_send(fake->connection, &head, msg->data, NULL, 0);
}

static void publish(struct fake *fake, uint32_t seq)
{
    channel_publish(fake->page, seq, (uint32_t)sched_getcpu());
}

static void flood(struct fake *fake)
{
    const struct wire_head gone = { .type = WIRE_GONE, .index = 7 };
    int error = 0;
    socklen_t size = sizeof(error);

    while (wire_send(fake->connection, &gone, NULL, NULL, 0) == OS_OK)
        ;
    channel_end(fake->page);
    wire_poll(fake->connection, 0, OS_NEVER); /* until it is closed */
    ck_assert_int_eq(getsockopt(fake->connection, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    fake->left = error == ECONNRESET;
}

static void do_deed(struct fake *fake, uint32_t seq, struct os_msg *msg)
{
    struct channel_page *page = fake->page;
    uint32_t other;

    switch ((enum deed)atomic_load(&fake->deed)) {
    case GARBAGE_FIRST:
        for (int i = 0; i < 1000; i++)
            if ((other = any(&fake->seed) & ~CHANNEL_GONE) && (other & CHANNEL_SEQ) != seq)
                publish(fake, other);
        break;
    case GONE:
        channel_end(page);
        return;
    case NO_MESSAGE:
        publish(fake, seq | CHANNEL_SOCKET);
        return;
    case LATE_MESSAGE:
        publish(fake, seq | CHANNEL_SOCKET);
        sched_yield();
        reply_on_socket(fake, seq, msg);
        return;
    case TOO_LONG:
        channel_write_reply(page, msg);
        atomic_store(&page->reply.len, any(&fake->seed) % 2 ? OS_MSG_BYTES + 1 : UINT32_MAX);
        publish(fake, seq);
        return;
    case WRONG_ERR:
        msg->err = any(&fake->seed) % 2 ? -1 : 100000;
        break;
    case TWICE:
        channel_write_reply(page, msg);
        publish(fake, seq);
        publish(fake, (seq - 1) & CHANNEL_SEQ);
        publish(fake, seq);
        return;
    case ANOTHER_NUMBER:
        publish(fake, (seq + 5) & CHANNEL_SEQ);
        return;
    case ONLY_WAKES:
        for (int i = 0; i < 1000; i++)
            syscall(SYS_futex, &page->reply.seq, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        break;
    case NOTHING:
        return;
    case FALSE_CPU:
        for (int i = 0; i < 1000; i++)
            atomic_store(&page->reply.cpu, i % 3 ? any(&fake->seed) % 3 : any(&fake->seed));
        break;
    case BOTH_WAYS:
        fake->owed = seq;
        return;
    case SCRIBBLES:
        for (uint32_t i = any(&fake->seed) % 64; i > 0; i--)
            scribble(page, &fake->seed);
        if (any(&fake->seed) % 2)
            return;
        break;
    case FLOODS:
        flood(fake);
        return;
    }
    channel_write_reply(page, msg);
    publish(fake, seq);
}

static void answer_rightly(struct os_msg *msg)
{
    for (unsigned i = 0; i < msg->len; i++)
        msg->data[i]++;
}

static void fake_serve_page(struct fake *fake)
{
    struct channel_request request;
    struct os_msg msg;

    if (channel_take_request(fake->page, fake->seen, &request, &msg) <= 0)
        return;
    fake->seen = request.seq;
    fake->taken++;
    answer_rightly(&msg);
    if (fake->deeds > 0) {
        fake->deeds--;
        do_deed(fake, request.seq, &msg);
        return;
    }
    channel_write_reply(fake->page, &msg);
    publish(fake, request.seq);
}

/* What is owed since BOTH_WAYS: on the socket before the reply to the next request there, in the page after.
 */
static void fake_serve_request(struct fake *fake, const struct wire_head *head, struct os_msg *msg)
{
    uint32_t owed = fake->owed;

    fake->owed = 0;
    msg->len = head->len;
    answer_rightly(msg);
    if (owed)
        reply_on_socket(fake, owed, msg);
    reply_on_socket(fake, head->seq, msg);
    if (!owed)
        return;
    channel_write_reply(fake->page, msg);
    publish(fake, owed);
}

static void fake_serve_connection(struct fake *fake)
{
    struct wire_head head, yes = { .type = WIRE_CHANNEL };
    struct os_msg msg;
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;
    uint32_t options;

    enum wire_result result = wire_receive(fake->connection, 0, &head, msg.data, fds, &nfds);
    if (result == WIRE_EMPTY)
        return;
    if (result == WIRE_OK && head.type == WIRE_REQUEST) {
        fake_serve_request(fake, &head, &msg);
    } else if (result == WIRE_OK && head.type == WIRE_CHANNEL) {
        fake->page = channel_map(fds[0], &options);
        fake->doorbell = fds[1];
        close(fds[0]);
        channel_wake(fake->page); /* it looks all the time */
        wire_send(fake->connection, &yes, NULL, NULL, 0);
    } else if (result != WIRE_OK) {
        fake_forget(fake);
    }
}

static void fake_serve_object(struct fake *fake)
{
    struct wire_head head, welcome = { .type = WIRE_WELCOME, .index = 1 };
    char data[OS_MSG_BYTES];
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    if (wire_receive(fake->object, 0, &head, data, fds, &nfds) != WIRE_OK)
        return;
    fake_forget(fake);
    fake->connection = fds[0];
    wire_send(fake->connection, &welcome, NULL, NULL, 0);
}

static void fake_run(struct os_thread *thread)
{
    struct fake *fake = OS_CONTAINER_OF(thread, struct fake, thread);

    while (!fake->stop) {
        fake_serve_object(fake);
        if (fake->connection >= 0)
            fake_serve_connection(fake);
        if (fake->page)
            fake_serve_page(fake);
        sched_yield();
    }
    fake_forget(fake);
    close(fake->object);
}

static void fake_start(struct fake *fake, unsigned seed)
{
    int ends[2];

    *fake = (struct fake){ .connection = -1, .seed = seed };
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    fake->object = ends[0];
    ck_assert_int_eq(transport_cap_from_fd(ends[1], &fake->cap), OS_OK);
    ck_assert_int_eq(os_thread_start(&fake->thread, fake_run, 0), OS_OK);
}

static void fake_stop(struct fake *fake)
{
    fake->stop = 1;
    os_thread_join(&fake->thread);
    plat_cap_unref(fake->cap);
}

static os_err call_fake(struct fake *fake, unsigned i, os_time deadline)
{
    return raw_call(fake->cap, RAW_ECHO, (uint16_t)(i % 100), i, deadline);
}

/* A channel is open, and free, when a call goes through it. */
static void fake_channel(struct fake *fake)
{
    for (unsigned i = 0; i < 1000; i++) {
        unsigned before = fake->taken;
        ck_assert_int_eq(call_fake(fake, i, OS_NEVER), OS_OK);
        if (fake->taken != before)
            return;
    }
    ck_abort_msg("no channel");
}

static const struct {
    enum deed deed;
    os_err expected;
    int in_time; /* it answers nothing, so the call has a deadline that passes */
} deeds[] = {
    { GARBAGE_FIRST, OS_OK, 0 },
    { GONE, OS_ERR_DEAD, 0 },
    { NO_MESSAGE, OS_ERR_DEADLINE, 1 },
    { LATE_MESSAGE, OS_OK, 0 },
    { TOO_LONG, OS_ERR_BAD_MSG, 0 },
    { TWICE, OS_OK, 0 },
    { ANOTHER_NUMBER, OS_ERR_DEADLINE, 1 },
    { ONLY_WAKES, OS_OK, 0 },
    { NOTHING, OS_ERR_DEADLINE, 1 },
    { FALSE_CPU, OS_OK, 0 },
    { BOTH_WAYS, OS_ERR_DEADLINE, 1 },
};

/* A deadline that does not pass, however slow the machine is. */
#define FAR (3600 * OS_SEC)

START_TEST(answers_that_no_server_would_give)
{
    struct fake fake;

    for (int round = 0; round < 10; round++) {
        fake_start(&fake, seed_of(_i) + (unsigned)round);
        fake_channel(&fake);
        fake.deed = deeds[_i].deed;
        fake.deeds = 1;
        os_err err = call_fake(&fake, 50, deeds[_i].in_time ? plat_clock() + OS_MS : OS_NEVER);
        ck_assert_msg(err == deeds[_i].expected, "round %d: %s", round, os_err_name(err));
        /* it goes on, over this connection or another, and whoever else there is */
        for (unsigned i = 0; i < 60; i++)
            ck_assert_int_eq(call_fake(&fake, i, plat_clock() + FAR), OS_OK);
        ck_assert_int_eq(raw_call(server.cap, RAW_ECHO, 100, 1, OS_NEVER), OS_OK);
        fake_stop(&fake);
    }
}
END_TEST

/* Before it takes a server's word that it has ended, a client reads what is left of the socket; but not for
 * as long as there is something. */
START_TEST(an_end_with_messages_without_end)
{
    struct fake fake;

    fake_start(&fake, seed_of(0));
    fake_channel(&fake);
    fake.deed = FLOODS;
    fake.deeds = 1;
    ck_assert_int_eq(call_fake(&fake, 50, OS_NEVER), OS_ERR_DEAD);
    fake_stop(&fake);
    ck_assert(fake.left);
}
END_TEST

/* An error that is none is a bad message for whoever called by an interface. */
START_TEST(results_that_are_none)
{
    struct fake fake;
    uint32_t y;

    fake_start(&fake, seed_of(0));
    for (int i = 0; i < 10; i++) {
        fake_channel(&fake);
        fake.deed = WRONG_ERR;
        fake.deeds = 1;
        ck_assert_int_eq(probe_echo((probe_cap){ fake.cap }, 1, &y), OS_ERR_BAD_MSG);
    }
    fake_stop(&fake);
}
END_TEST

/* The calls end by their deadlines at the latest; with what, is the server's choice. */
START_TEST(servers_that_scribble)
{
    struct fake fake;

    fake_start(&fake, seed_of(_i));
    fake.deed = SCRIBBLES;
    for (unsigned i = 0; i < 1000; i++) {
        if (i % 100 == 0) {
            fake.deeds = 0;
            fake_stop(&fake);
            fake_start(&fake, seed_of(_i) + i);
            fake_channel(&fake);
            fake.deed = SCRIBBLES;
            fake.deeds = 80;
        }
        os_err err = call_fake(&fake, i, plat_clock() + OS_MS / 5);
        (void)err;
    }
    fake_stop(&fake);
}
END_TEST

/* ---- fairness, counted in requests ---- */

#define PING_RPC(FN, I) FN(I, ping, (in, uint32_t, x), (out, uint32_t, y))
OS_RPC_INTERFACE(ping, PING_RPC)

/* Requests that may be served before each other thing has had its turn. */
enum { SHARE = 16 * 32 };

static struct os_entrypoint ep;
static _Atomic unsigned pings;
static unsigned signals, begun, alarms;

static os_err ping(struct os_rpc *rpc, uint32_t x, uint32_t *y)
{
    pings++;
    *y = x;
    return OS_OK;
}

static void on_signal(struct os_signal_handler *handler)
{
    signals++;
}

static void on_end(struct os_call *call)
{
    uint32_t y;
    os_err err = ping_ping_end(call, &y);
    (void)err;
    begun++;
}

static void on_alarm(struct os_alarm *alarm)
{
    alarms++;
}

struct fair {
    struct os_signal_handler handler;
    os_signal_cap signal;
    struct os_object object;
    ping_cap cap;
    struct os_call call;
    struct os_alarm alarm;
};

static void fair_start(struct fair *fair)
{
    static const struct ping_ops ops = { .ping = ping };

    probe_init();
    fds_before = count_fds();
    *fair = (struct fair){ 0 };
    pings = 0;
    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&fair->handler, &ep, on_signal, &fair->signal), OS_OK);
    ck_assert_int_eq(ping_object_init(&fair->object, &ep, &ops, &fair->cap), OS_OK);
    os_call_init(&fair->call, &ep, on_end);
    fair->alarm.handle = on_alarm;
}

static void fair_end(struct fair *fair)
{
    os_cap_drop(fair->signal.cap);
    os_signal_handler_fini(&fair->handler);
    os_cap_drop(fair->cap.cap);
    os_object_fini(&fair->object);
    os_entrypoint_fini(&ep);
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

/* Steps until the channel is there; nothing else is to be done. */
static void ready_by_steps(struct raw_client *client)
{
    struct pollfd answer = { .fd = client->fd, .events = POLLIN };
    struct wire_head head = { 0 };

    while (head.type != WIRE_CHANNEL) {
        os_entrypoint_step(&ep, 0);
        if (poll(&answer, 1, 0) == 1)
            head = raw_receive(client->fd);
    }
    ck_assert_int_eq(head.err, OS_OK);
}

static void post_ping(struct raw_client *client)
{
    struct os_msg msg = { .op = ping_op_ping, .len = 8, .fingerprint = os_rpc_fingerprint(&ping_interface) };

    client->seq = (client->seq + 1) & CHANNEL_SEQ;
    if (channel_post(client->page, client->seq, 0, &msg, (uint32_t)sched_getcpu() + 1))
        raw_ring(client);
}

/* There is a request whenever the server looks: all else comes in its turn, and so do other channels. */
START_TEST(a_channel_that_is_never_empty)
{
    struct fair fair;
    struct raw_client hammer, other;

    fair_start(&fair);
    raw_client_open(&hammer, transport_cap_fd(fair.cap.cap));
    ready_by_steps(&hammer);
    raw_client_open(&other, transport_cap_fd(fair.cap.cap));
    ready_by_steps(&other);
    for (unsigned round = 1; round <= 200; round++) {
        unsigned from = pings;
        int fd = raw_introduce(transport_cap_fd(fair.cap.cap));
        signals = begun = alarms = 0;
        os_signal_submit(fair.signal);
        os_call_init(&fair.call, &ep, on_end);
        ck_assert_int_eq(ping_ping_begin(fair.cap, &fair.call, 1), OS_OK);
        os_alarm_set(&ep, &fair.alarm, 0);
        if (round % 2)
            post_ping(&other);
        while (!signals || !begun || !alarms || !raw_answered(&other) || !raw_has_message(fd)) {
            if (raw_answered(&hammer) || !hammer.seq)
                post_ping(&hammer);
            os_entrypoint_step(&ep, OS_NEVER);
            ck_assert_uint_le(pings - from, SHARE);
        }
        close(fd);
    }
    raw_client_close(&hammer);
    raw_client_close(&other);
    fair_end(&fair);
}
END_TEST

struct hammer {
    struct os_thread thread;
    struct os_cap cap;
    _Atomic int stop, ended;
    _Atomic unsigned answers;
    _Atomic os_err err;
};

static void hammer_calls(struct os_thread *thread)
{
    struct hammer *hammer = OS_CONTAINER_OF(thread, struct hammer, thread);
    uint32_t y;

    while (!hammer->stop && !hammer->err)
        hammer->err = ping_ping((ping_cap){ hammer->cap }, 1, &y);
    hammer->ended = 1;
}

static void hammer_end(struct hammer *hammer)
{
    hammer->stop = 1;
    while (!hammer->ended)
        os_entrypoint_step(&ep, 0);
    os_thread_join(&hammer->thread);
    ck_assert_int_eq(hammer->err, OS_OK);
}

/* The same with a client that calls again as soon as it has its answer. */
START_TEST(a_client_that_calls_all_the_time)
{
    struct fair fair;

    fair_start(&fair);
    struct hammer hammer = { .cap = fair.cap.cap };
    ck_assert_int_eq(os_thread_start(&hammer.thread, hammer_calls, 0), OS_OK);
    while (pings < 100)
        os_entrypoint_step(&ep, OS_NEVER);
    for (unsigned round = 1; round <= 300; round++) {
        unsigned from = pings;
        signals = begun = 0;
        os_signal_submit(fair.signal);
        os_call_init(&fair.call, &ep, on_end);
        ck_assert_int_eq(ping_ping_begin(fair.cap, &fair.call, 1), OS_OK);
        while (!signals || !begun) {
            os_entrypoint_step(&ep, OS_NEVER);
            ck_assert_uint_le(pings - from, SHARE);
        }
    }
    hammer_end(&hammer);
    fair_end(&fair);
}
END_TEST

/* Requests that the transport answers itself, so that none of them comes out of the entrypoint. */
static void hammer_nothing(struct os_thread *thread)
{
    struct hammer *hammer = OS_CONTAINER_OF(thread, struct hammer, thread);
    struct raw_client client;

    raw_client_open(&client, transport_cap_fd(hammer->cap));
    raw_client_ready(&client);
    while (!hammer->stop) {
        raw_post(&client, 77, ping_op_ping, 8);
        while (!raw_answered(&client) && !hammer->stop)
            ;
        hammer->answers++;
    }
    raw_client_close(&client);
    hammer->ended = 1;
}

START_TEST(a_client_that_calls_nothing_all_the_time)
{
    struct fair fair;

    fair_start(&fair);
    struct hammer hammer = { .cap = fair.cap.cap };
    ck_assert_int_eq(os_thread_start(&hammer.thread, hammer_nothing, 0), OS_OK);
    while (hammer.answers < 100)
        os_entrypoint_step(&ep, 0);
    for (unsigned round = 1; round <= 300; round++) {
        unsigned from = hammer.answers;
        signals = 0;
        os_signal_submit(fair.signal);
        while (!signals)
            os_entrypoint_step(&ep, OS_NEVER);
        ck_assert_uint_le(hammer.answers - from, SHARE);
    }
    hammer_end(&hammer);
    fair_end(&fair);
}
END_TEST

/* ---- signals, beside channels ---- */

static os_signal_cap flood_cap;
static unsigned flooded;

static void on_flood(struct os_signal_handler *handler)
{
    flooded++;
    os_signal_submit(flood_cap); /* there is always one more */
}

/* A context that is signalled all the time takes its turn like all others, and channels take theirs. */
START_TEST(a_flood_of_signals)
{
    struct fair fair;
    struct os_signal_handler flood;
    struct raw_client client;

    fair_start(&fair);
    ck_assert_int_eq(os_signal_handler_init(&flood, &ep, on_flood, &flood_cap), OS_OK);
    raw_client_open(&client, transport_cap_fd(fair.cap.cap));
    ready_by_steps(&client);
    flooded = 0;
    os_signal_submit(flood_cap);
    for (unsigned round = 1; round <= 500; round++) {
        unsigned from = flooded;
        signals = 0;
        os_signal_submit(fair.signal);
        post_ping(&client);
        while (!signals || !raw_answered(&client)) {
            os_entrypoint_step(&ep, OS_NEVER);
            ck_assert_uint_le(flooded - from, SHARE);
        }
    }
    ck_assert_uint_gt(flooded, 0);
    raw_client_close(&client);
    os_cap_drop(flood_cap.cap);
    os_signal_handler_fini(&flood);
    fair_end(&fair);
}
END_TEST

/* One holder fills the context's pipe to the brim: it is told all the same that another has signalled. */
START_TEST(a_context_that_is_full)
{
    static const char bytes[4096];
    struct fair fair;

    fair_start(&fair);
    int fd = transport_cap_fd(fair.signal.cap);
    for (int round = 0; round < 10; round++) {
        while (write(fd, bytes, sizeof(bytes)) > 0)
            ;
        while (write(fd, bytes, 1) > 0)
            ;
        signals = 0;
        os_signal_submit(fair.signal); /* nobody waits */
        ck_assert_int_eq(os_entrypoint_step(&ep, 0), 1);
        ck_assert_uint_eq(signals, 1);
        unsigned left = 0;
        while (os_entrypoint_step(&ep, 0))
            left++;
        ck_assert_uint_lt(left, 64); /* what the full pipe costs its receiver */
    }
    /* the sending end tells nothing of what is in it, and takes nothing out */
    char byte;
    os_signal_submit(fair.signal);
    ck_assert_int_eq(read(fd, &byte, 1), -1);
    signals = 0;
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 1);
    ck_assert_uint_eq(signals, 1);
    fair_end(&fair);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport: the page of a channel");
    TCase *tc = tcase_create("hostile");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, memory_that_is_no_channel);
    tcase_add_test(tc, doorbells_that_are_none);
    tcase_add_test(tc, offers_that_come_twice);
    tcase_add_test(tc, offers_with_another_number_of_descriptors);
    tcase_add_test(tc, offers_without_end);
    tcase_add_test(tc, requests_that_are_answered_with_an_error);
    tcase_add_test(tc, index_of_a_revoked_object);
    tcase_add_test(tc, requests_that_end_the_connection);
    tcase_add_test(tc, numbers_of_requests);
    tcase_add_test(tc, requests_before_the_answer);
    tcase_add_test(tc, a_flood_of_the_doorbell);
    tcase_add_loop_test(tc, clients_that_scribble, 0, 4);
    tcase_add_loop_test(tc, requests_that_change_while_they_are_taken, 0, 2);
    tcase_add_loop_test(tc, answers_that_no_server_would_give, 0, (int)OS_ARRAY_LEN(deeds));
    tcase_add_test(tc, an_end_with_messages_without_end);
    tcase_add_test(tc, results_that_are_none);
    tcase_add_loop_test(tc, servers_that_scribble, 0, 3);
    suite_add_tcase(suite, tc);

    tc = tcase_create("fair");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_channel_that_is_never_empty);
    tcase_add_test(tc, a_client_that_calls_all_the_time);
    tcase_add_test(tc, a_client_that_calls_nothing_all_the_time);
    tcase_add_test(tc, a_flood_of_signals);
    tcase_add_test(tc, a_context_that_is_full);
    suite_add_tcase(suite, tc);

    return suite_run(suite);
}
