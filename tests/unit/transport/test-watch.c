/* SPDX-License-Identifier: BSD-2-Clause */
/* test-watch.c: watches on real sockets: what is told, that they cost no calls, and that they cannot be
 * abused. */
#include <check.h>
#include <os/watch.h>
#include <signal.h>
#include <string.h>
#include <suite.h>
#include <sys/socket.h>
#include <unistd.h>
#include "probe.h"
#include "../../../base-linux/transport/wire.h"

static unsigned fds_before;
static probe_cap root;
static struct os_entrypoint ep;
static unsigned told;

struct look {
    struct os_watch watch;
    unsigned gone;
    os_err why;
};

static void setup(void)
{
    told = 0;
    probe_init();
    fds_before = count_fds();
    root = probe_start();
    probe_warm(root);
    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
}

static void teardown(void)
{
    os_entrypoint_fini(&ep);
    os_cap_drop(root.cap);
    probe_stop();
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

static void gone(struct os_watch *watch)
{
    struct look *look = OS_CONTAINER_OF(watch, struct look, watch);
    look->gone++;
    look->why = watch->why;
    told++;
}

static os_err begin(struct look *look, probe_cap cap)
{
    *look = (struct look){ 0 };
    return os_watch_begin(&look->watch, &ep, cap.cap, gone);
}

static void run_until(unsigned count)
{
    while (told < count)
        os_entrypoint_step(&ep, OS_NEVER);
}

static probe_cap make(void)
{
    probe_cap child;
    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    return child;
}

static void drop(probe_cap child)
{
    uint32_t count = 1;
    os_cap_drop(child.cap);
    while (count)
        ck_assert_int_eq(probe_made(root, &count), OS_OK);
}

START_TEST(idle_client_learns_of_death)
{
    struct look look;
    uint32_t y;

    /* the server has taken the introduction; one that it had not would end in another way */
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    ck_assert_int_eq(begin(&look, root), OS_OK);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    ck_assert_int_eq(kill(probe_server.pid, SIGKILL), 0);
    run_until(1);
    ck_assert_int_eq(look.why, OS_ERR_DEAD);
    /* the kernel closes a dead server's sockets one by one: this one may have been open for a moment */
    os_err err = begin(&look, root);
    if (err == OS_OK) {
        run_until(2);
        err = look.why;
    }
    ck_assert_int_ne(err, OS_OK);
}
END_TEST

START_TEST(idle_client_learns_of_revocation)
{
    struct look look, same, other;
    uint32_t y;
    probe_cap child = make(), lives = make();

    ck_assert_int_eq(begin(&look, child), OS_OK);
    ck_assert_int_eq(begin(&same, child), OS_OK);
    ck_assert_int_eq(begin(&other, lives), OS_OK);
    ck_assert_int_eq(probe_pairs(), 1); /* on the connection that calls use */
    ck_assert_int_eq(probe_revoke(root, child), OS_OK);
    run_until(2);
    ck_assert_int_eq(look.why, OS_ERR_REVOKED);
    ck_assert_int_eq(same.why, OS_ERR_REVOKED);
    ck_assert_uint_eq(other.gone, 0);
    /* begun anew on what is revoked: told at once */
    ck_assert_int_eq(begin(&look, child), OS_OK);
    run_until(3);
    ck_assert_int_eq(look.why, OS_ERR_REVOKED);
    os_watch_cancel(&other.watch);
    ck_assert_int_eq(probe_echo(lives, 1, &y), OS_OK);
    os_cap_drop(child.cap);
    drop(lives);
}
END_TEST

START_TEST(watched_capability_is_held)
{
    struct look look;
    uint32_t count;
    probe_cap child = make();

    ck_assert_int_eq(begin(&look, child), OS_OK);
    os_cap_drop(child.cap);
    ck_assert_int_eq(probe_made(root, &count), OS_OK);
    ck_assert_uint_eq(count, 1);
    os_watch_cancel(&look.watch);
    drop((probe_cap){ OS_NO_CAP });
}
END_TEST

START_TEST(cancelled_and_begun_again)
{
    struct look look;
    probe_cap child = make();

    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(begin(&look, child), OS_OK);
        os_watch_cancel(&look.watch);
    }
    ck_assert_int_eq(begin(&look, child), OS_OK);
    ck_assert_int_eq(probe_revoke(root, child), OS_OK);
    run_until(1);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    ck_assert_uint_eq(told, 1);
    /* told, and cancelled before it was delivered */
    ck_assert_int_eq(begin(&look, child), OS_OK);
    os_watch_cancel(&look.watch);
    ck_assert_int_eq(os_entrypoint_step(&ep, plat_clock() + OS_MS), 0);
    os_cap_drop(child.cap);
}
END_TEST

static void done(struct os_call *call)
{
    uint8_t from[1000];
    size_t len;
    ck_assert_int_eq(probe_data_end(call, &from, &len), OS_OK);
    told++;
}

/*
 * As many watches as there may be, and as many calls with the largest answers, none of which the client
 * reads while they come: nothing is lost, and no watch keeps a call from being begun.
 */
START_TEST(watches_and_calls_have_room)
{
    static const uint8_t data[1000];
    struct look looks[WIRE_WATCHED], surplus;
    struct os_call calls[WIRE_UNDER_WAY];
    probe_cap children[WIRE_WATCHED], one_more = make();
    uint32_t y;

    for (unsigned i = 0; i < WIRE_WATCHED; i++) {
        children[i] = make();
        ck_assert_int_eq(begin(&looks[i], children[i]), OS_OK);
    }
    ck_assert_int_eq(begin(&surplus, one_more), OS_ERR_BUSY);
    ck_assert(!os_call_pending(&surplus.watch.call));
    for (unsigned i = 0; i < WIRE_UNDER_WAY; i++) {
        os_call_init(&calls[i], &ep, done);
        ck_assert_int_eq(probe_data_begin(root, &calls[i], data, sizeof(data)), OS_OK);
    }
    /* over a connection of its own, so that the first one is not read */
    os_any_cap copy;
    ck_assert_int_eq(transport_cap_from_fd(dup(transport_cap_fd(root.cap)), &copy.cap), OS_OK);
    for (unsigned i = 0; i < WIRE_WATCHED; i++)
        ck_assert_int_eq(probe_revoke((probe_cap){ copy.cap }, children[i]), OS_OK);
    os_cap_drop(copy.cap);
    run_until(WIRE_WATCHED + WIRE_UNDER_WAY);
    for (unsigned i = 0; i < WIRE_WATCHED; i++) {
        ck_assert_int_eq(looks[i].why, OS_ERR_REVOKED);
        os_cap_drop(children[i].cap);
    }
    /* there is room again */
    ck_assert_int_eq(begin(&surplus, one_more), OS_OK);
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    os_watch_cancel(&surplus.watch);
    drop(one_more);
}
END_TEST

/* ---- what no library would send ---- */

static int raw_connection(probe_cap cap)
{
    struct wire_head head = { .type = WIRE_INTRODUCE, .ncaps = 1, .caps = { WIRE_CAP_FD } };
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(wire_send(transport_cap_fd(cap.cap), &head, NULL, &ends[1], 1), OS_OK);
    close(ends[1]);
    return ends[0];
}

static void send_watch(int fd, uint32_t index)
{
    struct wire_head head = { .type = WIRE_WATCH, .index = index };
    ck_assert_int_eq(send(fd, &head, sizeof(head), MSG_NOSIGNAL), (ssize_t)sizeof(head));
}

static uint32_t server_fds(void)
{
    uint32_t count;
    ck_assert_int_eq(probe_fds(root, &count), OS_OK);
    return count;
}

START_TEST(watch_of_no_object_ends_the_connection)
{
    static const uint32_t wrong[] = { 1, 4095, 4096, UINT32_MAX };
    struct wire_head head;

    for (unsigned i = 0; i < OS_ARRAY_LEN(wrong); i++) {
        int fd = raw_connection(root);
        send_watch(fd, wrong[i]);
        while (recv(fd, &head, sizeof(head), 0) > 0)
            ck_assert_uint_eq(head.type, WIRE_WELCOME);
        close(fd);
    }
}
END_TEST

/* A client that watches for ever, and reads nothing: the server keeps nothing of it and answers others. */
START_TEST(flood_of_watches)
{
    struct wire_head head = { .type = WIRE_WATCH };
    uint32_t y, fds = server_fds();
    probe_cap child = make();
    os_any_cap own;

    ck_assert_int_eq(transport_cap_from_fd(dup(transport_cap_fd(child.cap)), &own.cap), OS_OK);
    int fd = raw_connection((probe_cap){ own.cap });
    for (unsigned i = 0; i < 100000; i++) {
        ck_assert_int_ge(wire_send(fd, &head, NULL, NULL, 0), 0);
        if (i % 1000 == 0)
            ck_assert_int_eq(probe_echo(root, i, &y), OS_OK);
    }
    ck_assert_int_eq(probe_revoke(root, child), OS_OK);
    /* each watch is told of from now on, which fills the buffer: the server closes the connection */
    while (wire_send(fd, &head, NULL, NULL, 0) != OS_ERR_DEAD)
        ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    close(fd);
    os_cap_drop(own.cap);
    os_cap_drop(child.cap);
    while (server_fds() != fds)
        ;
}
END_TEST

/* A server that tells of what it was not asked, and of what it never gave. */
START_TEST(server_that_tells_nonsense)
{
    struct wire_head welcome = { .type = WIRE_WELCOME }, wrong = { .type = WIRE_GONE, .index = 4711 };
    struct wire_head reply = { .type = WIRE_REPLY }, head;
    char data[OS_MSG_BYTES];
    int ends[2], fds[OS_MSG_CAPS];
    unsigned nfds;
    probe_cap cap;
    struct look look;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(transport_cap_from_fd(ends[0], &cap.cap), OS_OK);
    ck_assert_int_eq(begin(&look, cap), OS_OK);
    ck_assert_int_eq(wire_receive(ends[1], 1, &head, data, fds, &nfds), WIRE_OK);
    ck_assert_uint_eq(head.type, WIRE_INTRODUCE);
    ck_assert_int_eq(wire_send(fds[0], &welcome, NULL, NULL, 0), OS_OK);
    ck_assert_int_eq(wire_send(fds[0], &wrong, NULL, NULL, 0), OS_OK);
    ck_assert_int_eq(wire_send(fds[0], &reply, NULL, NULL, 0), OS_OK); /* the watch has no number */
    ck_assert_int_eq(os_entrypoint_step(&ep, plat_clock() + OS_MS), 0);
    ck_assert_uint_eq(told, 0);
    wrong.index = 0;
    ck_assert_int_eq(wire_send(fds[0], &wrong, NULL, NULL, 0), OS_OK);
    run_until(1);
    ck_assert_int_eq(look.why, OS_ERR_REVOKED);
    close(fds[0]);
    close(ends[1]);
    os_cap_drop(cap.cap);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watches on sockets");
    TCase *tcase = tcase_create("watches");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, idle_client_learns_of_death);
    tcase_add_test(tcase, idle_client_learns_of_revocation);
    tcase_add_test(tcase, watched_capability_is_held);
    tcase_add_test(tcase, cancelled_and_begun_again);
    tcase_add_test(tcase, watches_and_calls_have_room);
    tcase_add_test(tcase, watch_of_no_object_ends_the_connection);
    tcase_add_test(tcase, flood_of_watches);
    tcase_add_test(tcase, server_that_tells_nonsense);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
