/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-load.c: many clients, clients that flood, servers that do not read, kernel limits, and processes that
 * are killed at any moment. What survives must go on, and hold no more descriptors than before.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>
#include <os/thread.h>
#include <suite.h>
#include "probe.h"
#include "../../../base-linux/transport/wire.h"

static unsigned fds_before;
static probe_cap root;

static void setup(void)
{
    probe_init();
    fds_before = count_fds();
    root = probe_start();
}

static void teardown(void)
{
    os_cap_drop(root.cap);
    probe_stop();
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

/*
 * The first call is not made before the clients of a test are forked, and then with a channel at once, if
 * there are channels: it counts among the server's descriptors.
 */
static void warm(void)
{
    if (!probe_pairs())
        probe_warm(root);
}

static uint32_t server_fds(void)
{
    uint32_t count;
    warm();
    ck_assert_int_eq(probe_fds(root, &count), OS_OK);
    return count;
}

static uint32_t children(void)
{
    uint32_t count;
    warm();
    ck_assert_int_eq(probe_made(root, &count), OS_OK);
    return count;
}

static void works(void)
{
    uint32_t y = 0;
    warm();
    ck_assert_int_eq(probe_echo(root, 5, &y), OS_OK);
    ck_assert_uint_eq(y, 5);
}

/* ---- clients that are processes of their own, forked before this process has made its first call: a
 * connection must not be used by two of them ---- */

struct client {
    pid_t pid;
};
static int gate[2] = { -1, -1 }; /* clients wait until it is closed */

static struct client fork_client(int (*run)(void *arg), void *arg)
{
    struct client client;
    char byte;

    if (gate[0] < 0)
        ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
    client.pid = fork();
    ck_assert_int_ge(client.pid, 0);
    if (client.pid)
        return client;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(gate[1]);
    while (read(gate[0], &byte, 1) > 0)
        ;
    close(gate[0]);
    _exit(run(arg));
}

/* Lets all of them begin. */
static void let_go(void)
{
    close(gate[0]);
    close(gate[1]);
    gate[0] = -1;
}

/* Exit status of a client, or 128 plus the signal. */
static int end_of(struct client *client)
{
    int status;
    ck_assert_int_eq(waitpid(client->pid, &status, 0), client->pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- connections made by hand ---- */

/* The client's end of a new connection through an object's socket. */
static int introduce(int object_fd)
{
    struct wire_head head = { .type = WIRE_INTRODUCE, .ncaps = 1, .caps = { WIRE_CAP_FD } };
    int ends[2];
    os_err err;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    while ((err = wire_send(object_fd, &head, NULL, &ends[1], 1)) == OS_ERR_BUSY)
        wire_poll(object_fd, POLLOUT, OS_NEVER);
    close(ends[1]);
    return err ? -1 : ends[0];
}

static os_err send_request(int fd, uint64_t fingerprint, uint32_t op)
{
    char data[8] = { 1 }; /* one number */
    struct wire_head head = { .type = WIRE_REQUEST, .seq = 1, .op = op, .len = sizeof(data) };

    head.fingerprint = fingerprint;
    return wire_send(fd, &head, data, NULL, 0);
}

static os_err send_echo(int fd)
{
    return send_request(fd, os_rpc_fingerprint(&probe_interface), probe_op_echo);
}

/* Type of the next message; 0 at the end of the connection. */
static uint32_t next_type(int fd, int wait)
{
    struct wire_head head;
    char data[OS_MSG_BYTES];
    int fds[OS_MSG_CAPS];
    unsigned nfds = 0;

    if (wire_receive(fd, wait, &head, data, fds, &nfds) != WIRE_OK)
        return 0;
    wire_close(fds, nfds);
    return head.type;
}

/* ---- a server of many clients ---- */

enum { PROCESSES = 8, EACH = 125 };

struct many {
    probe_cap object; /* of its own, for each object takes a bounded number of connections */
    int ready;        /* tells that all are connected */
};

static int connect_many(void *arg)
{
    struct many *many = arg;
    int fds[EACH];

    for (int i = 0; i < EACH; i++) {
        fds[i] = introduce(transport_cap_fd(many->object.cap));
        if (fds[i] < 0 || next_type(fds[i], 1) != WIRE_WELCOME)
            return 1;
    }
    for (int i = 0; i < EACH; i++)
        if (send_echo(fds[i]) || next_type(fds[i], 1) != WIRE_REPLY)
            return 2;
    if (write(many->ready, "", 1) != 1)
        return 3;
    pause();
    return 4;
}

START_TEST(a_thousand_connections_from_several_processes)
{
    struct rlimit limit;
    struct many many[PROCESSES];
    struct client clients[PROCESSES];
    int ready[2];
    char byte;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_uint_gt(limit.rlim_max, PROCESSES * EACH + 100);
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    uint32_t before = server_fds();
    /* these clients use no connection of this process, so it may have made calls */
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(probe_make(root, &many[i].object), OS_OK);
        many[i].ready = ready[1];
    }
    for (int i = 0; i < PROCESSES; i++)
        clients[i] = fork_client(connect_many, &many[i]);
    let_go();
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_uint_eq(server_fds(), before + PROCESSES + PROCESSES * EACH);
    works();
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_eq(kill(clients[i].pid, SIGKILL), 0);
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_eq(end_of(&clients[i]), 128 + SIGKILL);
    for (int i = 0; i < PROCESSES; i++)
        os_cap_drop(many[i].object.cap);
    while (children())
        ;
    while (server_fds() != before)
        ;
    close(ready[0]);
    close(ready[1]);
}
END_TEST

struct caller {
    struct os_thread thread;
    os_err err;
};

/* Calls over a connection of its own. */
static void call_once(struct os_thread *thread)
{
    struct caller *caller = OS_CONTAINER_OF(thread, struct caller, thread);
    uint32_t y;
    caller->err = probe_echo(root, 1, &y);
}

static os_err call_from_new_thread(void)
{
    struct caller caller;
    ck_assert_int_eq(os_thread_start(&caller.thread, call_once, 0), OS_OK);
    os_thread_join(&caller.thread);
    return caller.err;
}

START_TEST(one_client_too_many_is_told_so)
{
    struct rlimit limit, before;
    enum { ROOM = 20 };
    int fds[ROOM + 10], welcome = 0;
    uint32_t used = server_fds();

    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, NULL, &before), 0);
    limit = (struct rlimit){ used + ROOM, before.rlim_max };
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    for (int i = 0; i < ROOM + 10; i++) {
        fds[i] = introduce(transport_cap_fd(root.cap));
        ck_assert_int_ge(fds[i], 0);
        welcome += next_type(fds[i], 1) == WIRE_WELCOME;
    }
    ck_assert_int_ge(welcome, ROOM - 2);
    ck_assert_int_lt(welcome, ROOM + 2);
    ck_assert_int_eq(call_from_new_thread(), OS_ERR_HANDLES);
    works(); /* those that were there before notice nothing */
    for (int i = 0; i < ROOM + 10; i++)
        close(fds[i]);
    /* the closed ones make room again */
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &before, NULL), 0);
    while (server_fds() != used)
        ;
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    ck_assert_int_eq(call_from_new_thread(), OS_OK);
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &before, NULL), 0);
}
END_TEST

/* ---- floods ---- */

static struct os_entrypoint entrypoint;
static int flooded, others, pings;
static os_signal_cap flood_cap, other_cap;

static void on_flood(struct os_signal_handler *handler)
{
    flooded++;
    os_signal_submit(flood_cap); /* there is always one more */
}

static void on_other(struct os_signal_handler *handler)
{
    others++;
}

#define PING_RPC(FN, I) FN(I, ping, (in, uint32_t, x), (out, uint32_t, y))
OS_RPC_INTERFACE(ping, PING_RPC)

static os_err ping(struct os_rpc *rpc, uint32_t x, uint32_t *y)
{
    pings++;
    *y = x;
    return OS_OK;
}

START_TEST(a_flood_of_signals_starves_nobody)
{
    static const struct ping_ops ops = { .ping = ping };
    struct os_signal_handler flood, other;
    struct os_object object;
    ping_cap cap;
    enum { ROUNDS = 500, SHARE = 8 /* of steps that the flood may take before each other thing */ };

    pings = others = flooded = 0;
    ck_assert_int_eq(os_entrypoint_init(&entrypoint), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&flood, &entrypoint, on_flood, &flood_cap), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&other, &entrypoint, on_other, &other_cap), OS_OK);
    ck_assert_int_eq(ping_object_init(&object, &entrypoint, &ops, &cap), OS_OK);
    int fd = introduce(transport_cap_fd(cap.cap));
    ck_assert_int_ge(fd, 0);
    for (int i = 0; i < 10000; i++)
        os_signal_submit(flood_cap);
    for (int i = 0; i < ROUNDS; i++) {
        int before = flooded;
        ck_assert_int_eq(send_request(fd, os_rpc_fingerprint(&ping_interface), ping_op_ping), OS_OK);
        os_signal_submit(other_cap);
        while (pings <= i || others <= i)
            ck_assert_int_eq(os_entrypoint_step(&entrypoint, OS_NEVER), 1);
        ck_assert_int_le(flooded - before, SHARE);
        for (uint32_t type = 0; type != WIRE_REPLY;)
            type = next_type(fd, 0);
    }
    ck_assert_int_gt(flooded, 0);
    close(fd);
    os_cap_drop(flood_cap.cap);
    os_cap_drop(other_cap.cap);
    os_signal_handler_fini(&flood);
    os_signal_handler_fini(&other);
    os_cap_drop(cap.cap);
    os_object_fini(&object);
    os_entrypoint_fini(&entrypoint);
}
END_TEST

/* Requests as fast as one process can make them, with and without taking the answers. */
static int flood(void *arg)
{
    int fd = introduce(transport_cap_fd(root.cap));
    unsigned turn = 0;

    for (;;) {
        if (send_echo(fd) == OS_ERR_DEAD) { /* it took no answers, and lost the connection */
            close(fd);
            fd = introduce(transport_cap_fd(root.cap));
            turn++;
        }
        if (fd < 0)
            return 0;
        if (turn % 2)
            while (next_type(fd, 0))
                ;
    }
}

START_TEST(floods_of_requests_starve_nobody)
{
    struct client flooders[3];

    for (int i = 0; i < 3; i++)
        flooders[i] = fork_client(flood, NULL);
    let_go();
    for (int i = 0; i < 2000; i++)
        works();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(kill(flooders[i].pid, SIGKILL), 0);
        ck_assert_int_eq(end_of(&flooders[i]), 128 + SIGKILL);
    }
    works();
}
END_TEST

/* ---- a server that does not read ---- */

static void ignore_end(struct os_call *call)
{
    uint32_t y;
    os_err err = probe_echo_end(call, &y);
    (void)err;
}

START_TEST(a_server_that_never_reads)
{
    struct os_call call;
    uint32_t y;
    probe_cap child;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    probe_pause();
    /* with room for the request, and for an introduction */
    ck_assert_int_eq(probe_echo_by(root, 1, os_clock_now() + OS_MS, &y), OS_ERR_DEADLINE);
    /* the object's socket filled to the brim, by somebody who calls it for the first time */
    int fd = transport_cap_fd(child.cap);
    while (send(fd, "junk", 4, MSG_DONTWAIT) > 0)
        ;
    int copy = dup(fd);
    os_any_cap stranger;
    os_cap_drop(child.cap);
    ck_assert_int_eq(transport_cap_from_fd(copy, &stranger.cap), OS_OK);
    ck_assert_int_eq(probe_echo_by((probe_cap){ stranger.cap }, 1, os_clock_now() + OS_MS, &y),
                     OS_ERR_DEADLINE);
    ck_assert_int_eq(os_entrypoint_init(&entrypoint), OS_OK);
    os_call_init(&call, &entrypoint, ignore_end);
    ck_assert_int_eq(probe_echo_begin((probe_cap){ stranger.cap }, &call, 1), OS_ERR_BUSY);
    ck_assert(!os_call_pending(&call));
    os_entrypoint_fini(&entrypoint);
    probe_resume();
    ck_assert_int_eq(probe_echo((probe_cap){ stranger.cap }, 3, &y), OS_OK);
    ck_assert_uint_eq(y, 3);
    os_cap_drop(stranger.cap);
    while (children())
        ;
}
END_TEST

/* ---- descriptors in flight, which the kernel counts for each user ---- */

enum { NOBODY_ELSE = 54321, FEW = 256 /* but more than are open */ };

START_TEST(too_many_descriptors_in_flight)
{
    struct wire_head head = { .type = WIRE_REPLY, .ncaps = 1, .caps = { WIRE_CAP_FD } };
    struct rlimit before, limit;
    probe_cap child;
    uint32_t y;
    int ends[2], unread = 0;
    os_err err;

    /* a user whom the kernel trusts has no such limit, and one that others share might be at it */
    int privileged = geteuid() == 0 && setresuid(NOBODY_ELSE, NOBODY_ELSE, 0) == 0;
    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = (struct rlimit){ FEW, before.rlim_max };
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    while (!(err = wire_send(ends[0], &head, NULL, &ends[0], 1)) && unread < 10000)
        unread++;
    ck_assert_int_eq(err, OS_ERR_IN_FLIGHT);
    /* calls without capabilities go on; others say what is wrong, and those that need an introduction */
    works();
    ck_assert_int_eq(probe_give(root, (os_any_cap){ child.cap }), OS_ERR_IN_FLIGHT);
    ck_assert_int_eq(call_from_new_thread(), OS_ERR_IN_FLIGHT);
    close(ends[0]);
    close(ends[1]);
    if (!privileged) /* this user's other programs may have more in flight than the low limit allows */
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    do /* the kernel collects a socket that was sent over itself in its own time */
        err = probe_give(root, (os_any_cap){ child.cap });
    while (err == OS_ERR_IN_FLIGHT);
    ck_assert_int_eq(err, OS_OK);
    ck_assert_int_eq(call_from_new_thread(), OS_OK);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    if (privileged)
        ck_assert_int_eq(setresuid(0, 0, 0), 0);
    ck_assert_int_eq(probe_give(root, (os_any_cap){ OS_NO_CAP }), OS_OK);
    ck_assert_int_eq(probe_echo(child, 4, &y), OS_OK);
    os_cap_drop(child.cap);
    while (children())
        ;
}
END_TEST

/* ---- many holders that come and go ---- */

static int make_and_drop(void *arg)
{
    probe_cap child;
    uint32_t y;

    for (uint32_t i = 0; i < 500; i++) {
        if (probe_make(root, &child))
            return 1;
        if (i % 3 == 0 && (probe_echo(child, i, &y) || y != i))
            return 2;
        if (i % 5 == 0 && probe_give(root, (os_any_cap){ child.cap }))
            return 3;
        os_cap_drop(child.cap);
    }
    return 0;
}

START_TEST(last_holders_under_load)
{
    struct client clients[4];

    for (int i = 0; i < 4; i++)
        clients[i] = fork_client(make_and_drop, NULL);
    uint32_t before = server_fds();
    let_go();
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(end_of(&clients[i]), 0);
    ck_assert_int_eq(probe_give(root, (os_any_cap){ OS_NO_CAP }), OS_OK);
    while (children())
        ;
    while (server_fds() != before)
        ;
}
END_TEST

/* ---- kills at any moment ---- */

enum { STRESS_ROUNDS = 10, STRESS_CLIENTS = 6, STRESS_CAPS = 6, STRESS_STEP = 100 };

/* What the clients of a round share with the test. */
struct stress {
    _Atomic int stop;
    _Atomic unsigned calls;
    unsigned seed;
};
static struct stress *stress;

/* One random thing with one random capability of CAPS. */
static os_err stress_step(probe_cap *caps, unsigned *random)
{
    static uint8_t out[1000], in[1000];
    probe_cap *cap = &caps[(unsigned)rand_r(random) % STRESS_CAPS];
    os_any_cap any = { OS_NO_CAP };
    uint32_t y;
    size_t len;
    os_err err;

    switch ((unsigned)rand_r(random) % 8) {
    case 0:
        os_cap_drop(cap->cap);
        *cap = (probe_cap){ OS_NO_CAP };
        return probe_make(root, cap);
    case 1:
        os_cap_drop(cap->cap);
        *cap = (probe_cap){ OS_NO_CAP };
        return OS_OK;
    case 2:
        return probe_give(root, (os_any_cap){ cap->cap });
    case 3:
        err = probe_take(root, &any);
        os_cap_drop(any.cap);
        return err;
    case 4:
        err = probe_hold_by(root, 0);
        return err == OS_ERR_DEADLINE || err == OS_ERR_BUSY ? OS_OK : err;
    case 5:
        return probe_release(root, &y);
    case 6:
        return probe_data(root, out, (size_t)rand_r(random) % sizeof(out), &in, &len);
    default:
        err = probe_echo(cap->cap.id ? *cap : root, 7, &y);
        return err || y == 7 ? err : OS_ERR_BAD_MSG;
    }
}

/* Exit status: 0 when told to stop or the server is gone, and nothing was lost. */
static int stress_client(void *arg)
{
    unsigned random = stress->seed + (unsigned)(uintptr_t)arg;
    unsigned before = count_fds();
    probe_cap caps[STRESS_CAPS] = { 0 };
    uint32_t y;
    os_err err = OS_OK;

    while (!err && !stress->stop) {
        err = stress_step(caps, &random);
        stress->calls++;
    }
    /* killed right after it took the connection, it looks as if it had no descriptor; the next call tells */
    if (err == OS_ERR_HANDLES)
        err = probe_echo(root, 1, &y);
    for (int i = 0; i < STRESS_CAPS; i++)
        os_cap_drop(caps[i].cap);
    os_cap_drop(root.cap);
    if (err && err != OS_ERR_DEAD && err != OS_ERR_REVOKED) {
        fprintf(stderr, "client %u: %s\n", (unsigned)(uintptr_t)arg, os_err_name(err));
        return 1;
    }
    return count_fds() == before - 1 && probe_pairs() == 0 ? 0 : 2;
}

/* Lets the system run for COUNT calls of the clients. */
static void pass(unsigned count)
{
    unsigned from = stress->calls;
    while (stress->calls - from < count)
        works();
}

static void survivors_of_clients(struct client *clients, uint32_t fds)
{
    unsigned random = stress->seed;
    int alive = STRESS_CLIENTS;

    while (alive > 2) {
        pass(1 + (unsigned)rand_r(&random) % STRESS_STEP);
        alive--;
        ck_assert_int_eq(kill(clients[alive].pid, SIGKILL), 0);
        ck_assert_int_eq(end_of(&clients[alive]), 128 + SIGKILL);
    }
    pass(STRESS_STEP);
    stress->stop = 1;
    while (alive-- > 0)
        ck_assert_int_eq(end_of(&clients[alive]), 0);
    ck_assert_int_eq(probe_give(root, (os_any_cap){ OS_NO_CAP }), OS_OK);
    while (children())
        ;
    while (server_fds() != fds)
        ;
}

static void survivors_of_server(struct client *clients)
{
    unsigned random = stress->seed;

    pass(1 + (unsigned)rand_r(&random) % STRESS_STEP);
    ck_assert_int_eq(kill(probe_server.pid, SIGKILL), 0);
    ck_assert_int_eq(probe_until_dead(root), OS_ERR_DEAD);
    for (int i = 0; i < STRESS_CLIENTS; i++)
        ck_assert_int_eq(end_of(&clients[i]), 0);
}

/* Each turn is another seed; STRESS_SEED in the environment is the one of the first. */
START_TEST(random_kills)
{
    struct client clients[STRESS_CLIENTS];
    const char *seed = getenv("STRESS_SEED");

    stress = mmap(NULL, sizeof(*stress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(stress, MAP_FAILED);
    stress->seed = (seed ? (unsigned)strtoul(seed, NULL, 10) : 1) + (unsigned)_i * 100;
    for (unsigned i = 0; i < STRESS_CLIENTS; i++)
        clients[i] = fork_client(stress_client, (void *)(uintptr_t)i);
    uint32_t fds = server_fds();
    let_go();
    if (_i % 2)
        survivors_of_server(clients);
    else
        survivors_of_clients(clients, fds);
    munmap(stress, sizeof(*stress));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport under load");
    TCase *tc = tcase_create("load");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_thousand_connections_from_several_processes);
    tcase_add_test(tc, a_flood_of_signals_starves_nobody);
    tcase_add_test(tc, floods_of_requests_starve_nobody);
    tcase_add_test(tc, a_server_that_never_reads);
    tcase_add_test(tc, last_holders_under_load);
    tcase_add_loop_test(tc, random_kills, 0, STRESS_ROUNDS);
    if (!probe_under_valgrind()) {
        tcase_add_test(tc, one_client_too_many_is_told_so);
        tcase_add_test(tc, too_many_descriptors_in_flight);
    }
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
