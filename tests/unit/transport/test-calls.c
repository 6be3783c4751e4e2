/* SPDX-License-Identifier: BSD-2-Clause */
/* test-calls.c: calls, capabilities both ways, begun calls, deadlines, and the ends of servers and objects.
 */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <suite.h>
#include <sys/socket.h>
#include <unistd.h>
#include "probe.h"

static unsigned fds_before;

static probe_cap root;

static int ended, signalled;

static void setup(void)
{
    ended = signalled = 0;
    probe_init();
    fds_before = count_fds();
    root = probe_start();
    probe_warm(root);
}

static void teardown(void)
{
    os_cap_drop(root.cap);
    probe_stop();
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

static uint32_t server_fds(void)
{
    uint32_t count;
    ck_assert_int_eq(probe_fds(root, &count), OS_OK);
    return count;
}

static uint32_t children(void)
{
    uint32_t count;
    ck_assert_int_eq(probe_made(root, &count), OS_OK);
    return count;
}

START_TEST(calls_return_results)
{
    uint32_t y = 0;
    uint8_t out[1000], in[1000];
    size_t len;

    for (uint32_t x = 0; x < 1000; x++) {
        ck_assert_int_eq(probe_echo(root, x, &y), OS_OK);
        ck_assert_uint_eq(y, x);
    }
    memset(out, 0xa5, sizeof(out));
    ck_assert_int_eq(probe_data(root, out, sizeof(out), &in, &len), OS_OK);
    ck_assert_mem_eq(in, out, sizeof(out));
    ck_assert_int_eq(probe_pairs(), 1);
}
END_TEST

START_TEST(hinted_objects_need_no_introduction)
{
    probe_cap child, grandchild;
    uint32_t y, fds;

    fds = server_fds();
    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(probe_make(child, &grandchild), OS_OK);
    ck_assert_int_eq(probe_echo(grandchild, 7, &y), OS_OK);
    ck_assert_int_eq(probe_pairs(), 1);
    ck_assert_uint_eq(children(), 2);
    /* one descriptor for each object: its server end */
    ck_assert_uint_eq(server_fds(), fds + 2);
    os_cap_drop(child.cap);
    os_cap_drop(grandchild.cap);
    while (children())
        ;
    ck_assert_uint_eq(server_fds(), fds);
}
END_TEST

START_TEST(tables_do_not_grow)
{
    probe_cap child;
    uint32_t y;

    /* more than the table of a connection has places */
    for (int i = 0; i < 5000; i++) {
        ck_assert_int_eq(probe_make(root, &child), OS_OK);
        ck_assert_int_eq(probe_echo(child, 1, &y), OS_OK);
        os_cap_drop(child.cap);
    }
    ck_assert_int_eq(probe_pairs(), 1);
}
END_TEST

START_TEST(capabilities_go_both_ways)
{
    probe_cap child;
    os_any_cap back;
    uint32_t same, y;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(probe_same(root, child, &same), OS_OK);
    ck_assert_uint_eq(same, 1);
    ck_assert_int_eq(probe_give(root, (os_any_cap){ child.cap }), OS_OK);
    os_cap_drop(child.cap);
    ck_assert_uint_eq(children(), 1); /* the server holds it */
    ck_assert_int_eq(probe_take(root, &back), OS_OK);
    ck_assert_int_eq(probe_echo((probe_cap){ back.cap }, 5, &y), OS_OK);
    ck_assert_uint_eq(y, 5);
    os_cap_drop(back.cap);
    while (children())
        ;
    /* none is a value too */
    ck_assert_int_eq(probe_give(root, (os_any_cap){ OS_NO_CAP }), OS_OK);
    ck_assert_int_eq(probe_take(root, &back), OS_OK);
    ck_assert_uint_eq(back.cap.id, 0);
}
END_TEST

START_TEST(third_party_capability)
{
    /* a capability that passes through another server is introduced on its own socket */
    struct probe_server first = probe_server;
    probe_cap child, second = probe_start();
    os_any_cap back;
    uint32_t y, same;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(probe_same(second, child, &same), OS_OK);
    ck_assert_uint_eq(same, 0);
    ck_assert_int_eq(probe_give(second, (os_any_cap){ child.cap }), OS_OK);
    os_cap_drop(child.cap);
    ck_assert_int_eq(probe_take(second, &back), OS_OK);
    ck_assert_int_eq(probe_echo((probe_cap){ back.cap }, 9, &y), OS_OK);
    ck_assert_uint_eq(y, 9);
    ck_assert_int_eq(probe_pairs(), 3);
    os_cap_drop(back.cap);
    ck_assert_int_eq(probe_pairs(), 2);
    while (children())
        ;
    os_cap_drop(second.cap);
    probe_stop();
    probe_server = first;
}
END_TEST

START_TEST(revoked_objects)
{
    probe_cap child, other;
    uint32_t y;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(probe_make(root, &other), OS_OK);
    ck_assert_int_eq(probe_echo(child, 1, &y), OS_OK);
    ck_assert_int_eq(probe_revoke(root, child), OS_OK);
    ck_assert_int_eq(probe_echo(child, 1, &y), OS_ERR_REVOKED);
    ck_assert_int_eq(probe_echo(child, 1, &y), OS_ERR_REVOKED);
    ck_assert_int_eq(probe_echo(other, 1, &y), OS_OK);
    os_cap_drop(child.cap);
    os_cap_drop(other.cap);
    while (children())
        ;
}
END_TEST

START_TEST(death_in_mid_call)
{
    uint32_t y;

    ck_assert_int_eq(probe_die(root), OS_ERR_DEAD);
    os_err err = probe_echo(root, 1, &y); /* its sockets may be closed one after the other */
    ck_assert(err == OS_ERR_DEAD || err == OS_ERR_REVOKED);
}
END_TEST

START_TEST(death_between_calls)
{
    uint32_t y;

    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    probe_stop();
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_ERR_DEAD);
    os_cap_drop(root.cap);
    root = probe_start();
}
END_TEST

START_TEST(bad_handles)
{
    uint32_t y;
    probe_cap none = { OS_NO_CAP }, wild = { { 0x12340001 } }, file;

    ck_assert_int_eq(probe_echo(none, 1, &y), OS_ERR_BAD_CAP);
    ck_assert_int_eq(probe_echo(wild, 1, &y), OS_ERR_BAD_CAP);
    ck_assert_int_eq(transport_cap_from_fd(dup(2), &file.cap), OS_OK);
    ck_assert_int_eq(probe_echo(file, 1, &y), OS_ERR_BAD_CAP);
    os_cap_drop(file.cap);
    ck_assert_int_eq(probe_echo(file, 1, &y), OS_ERR_BAD_CAP);
    ck_assert_int_eq(transport_cap_from_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), &file.cap), OS_OK);
    ck_assert_int_eq(probe_echo(file, 1, &y), OS_ERR_BAD_CAP);
    os_cap_drop(file.cap);
}
END_TEST

START_TEST(deadlines)
{
    uint32_t count, y;

    ck_assert_int_eq(probe_hold_by(root, plat_clock() + OS_MS), OS_ERR_DEADLINE);
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    ck_assert_int_eq(probe_release(root, &count), OS_OK);
    ck_assert_uint_eq(count, 1);
    /* the late reply is there by now, and dropped */
    ck_assert_int_eq(probe_echo(root, 2, &y), OS_OK);
    ck_assert_uint_eq(y, 2);
    /* far more calls than may be under way */
    probe_pause();
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(probe_echo_by(root, 3, 0, &y), OS_ERR_DEADLINE);
    probe_resume();
    ck_assert_int_eq(probe_echo(root, 4, &y), OS_OK);
    ck_assert_uint_eq(y, 4);
}
END_TEST

/* ---- begun calls ---- */

enum { BEGUN = 20 };

static struct os_entrypoint ep;
static os_err last_err;

static void done(struct os_call *call)
{
    ended++;
    last_err = probe_hold_end(call);
}

static void done_echo(struct os_call *call)
{
    uint32_t y;

    ended++;
    last_err = probe_echo_end(call, &y);
}

static void run_until(int count)
{
    while (ended < count)
        os_entrypoint_step(&ep, OS_NEVER);
}

START_TEST(begun_calls)
{
    struct os_call held, calls[BEGUN];
    uint32_t y, count;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    os_call_init(&held, &ep, done);
    ck_assert_int_eq(probe_hold_begin(root, &held), OS_OK);
    /* whole calls and begun ones share the connection */
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    ck_assert_int_eq(probe_pairs(), 1);
    for (unsigned i = 0; i < BEGUN; i++) {
        os_call_init(&calls[i], &ep, done_echo);
        ck_assert_int_eq(probe_echo_begin(root, &calls[i], i), OS_OK);
    }
    run_until(BEGUN);
    ck_assert_int_eq(last_err, OS_OK);
    ck_assert(os_call_pending(&held));
    ck_assert_int_eq(probe_release(root, &count), OS_OK);
    run_until(BEGUN + 1);
    ck_assert_int_eq(last_err, OS_OK);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(begun_calls_are_bounded)
{
    struct os_call calls[200];
    unsigned n = 0;
    os_err err;

    probe_pause();
    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    for (;; n++) {
        os_call_init(&calls[n], &ep, done_echo);
        err = probe_echo_begin(root, &calls[n], n);
        if (err)
            break;
        ck_assert_uint_lt(n, 199);
    }
    ck_assert_int_eq(err, OS_ERR_BUSY);
    probe_resume();
    run_until((int)n);
    ck_assert_int_eq(last_err, OS_OK);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(begun_call_cancelled)
{
    struct os_call call;
    uint32_t count;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    os_call_init(&call, &ep, done);
    ck_assert_int_eq(probe_hold_begin(root, &call), OS_OK);
    os_call_cancel(&call);
    ck_assert_int_eq(probe_release(root, &count), OS_OK);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    ck_assert_int_eq(ended, 0);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(begun_call_deadline)
{
    struct os_call call;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    os_call_init(&call, &ep, done);
    call.deadline = plat_clock() + OS_MS;
    ck_assert_int_eq(probe_hold_begin(root, &call), OS_OK);
    run_until(1);
    ck_assert_int_eq(last_err, OS_ERR_DEADLINE);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(begun_call_server_dies)
{
    struct os_call call, second;
    uint32_t y;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    os_call_init(&call, &ep, done);
    os_call_init(&second, &ep, done);
    /* the server has taken the introduction; one that it had not would end in another way */
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    ck_assert_int_eq(probe_hold_begin(root, &call), OS_OK);
    ck_assert_int_eq(kill(probe_server.pid, SIGKILL), 0);
    run_until(1);
    ck_assert_int_eq(last_err, OS_ERR_DEAD);
    /* the kernel closes a dead server's sockets one by one: this one may have been open for a moment */
    last_err = probe_hold_begin(root, &second);
    if (last_err == OS_OK)
        run_until(2);
    ck_assert_int_ne(last_err, OS_OK);
    ck_assert(!os_call_pending(&second));
    os_entrypoint_fini(&ep);
}
END_TEST

/* ---- signals ---- */

static void on_signal(struct os_signal_handler *handler)
{
    signalled++;
}

START_TEST(signals)
{
    struct os_signal_handler handler;
    os_signal_cap cap;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&handler, &ep, on_signal, &cap), OS_OK);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    ck_assert_int_eq(probe_notify(root, cap), OS_OK);
    ck_assert_int_eq(os_entrypoint_step(&ep, OS_NEVER), 1);
    ck_assert_int_eq(signalled, 1);
    /* more than a pipe can hold: nobody blocks, and it is told at least once */
    for (int i = 0; i < 100000; i++)
        os_signal_submit(cap);
    while (os_entrypoint_step(&ep, 0))
        ;
    ck_assert_int_gt(signalled, 1);
    ck_assert_int_eq(probe_notify(root, cap), OS_OK);
    os_signal_handler_fini(&handler);
    ck_assert_int_eq(os_entrypoint_step(&ep, 0), 0);
    os_signal_submit(cap); /* nobody there: nothing happens */
    os_cap_drop(cap.cap);
    /* no sender is left: no event, and no endless loop */
    ck_assert_int_eq(os_signal_handler_init(&handler, &ep, on_signal, &cap), OS_OK);
    os_cap_drop(cap.cap);
    ck_assert_int_eq(os_entrypoint_step(&ep, plat_clock() + OS_MS), 0);
    os_signal_handler_fini(&handler);
    os_entrypoint_fini(&ep);
}
END_TEST

START_TEST(signals_that_are_none)
{
    /* a blocking pipe, and a socket, given as signals: never written to */
    int ends[2];
    os_signal_cap cap;

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(transport_cap_from_fd(ends[1], &cap.cap), OS_OK);
    for (int i = 0; i < 100000; i++)
        os_signal_submit(cap);
    os_cap_drop(cap.cap);
    char byte;
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    os_signal_submit((os_signal_cap){ root.cap });
    os_signal_submit((os_signal_cap){ OS_NO_CAP });
    uint32_t y;
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
}
END_TEST

/* ---- threads ---- */

static void call_from_thread(void *arg)
{
    uint32_t y;

    for (uint32_t i = 0; i < 100; i++) {
        ck_assert_int_eq(probe_echo(root, i, &y), OS_OK);
        ck_assert_uint_eq(y, i);
    }
}

START_TEST(threads_have_connections_of_their_own)
{
    struct plat_thread *threads[4];
    uint32_t y;

    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(plat_thread_create(call_from_thread, NULL, 64 * 1024, &threads[i]), OS_OK);
    for (int i = 0; i < 4; i++)
        plat_thread_join(threads[i]);
    ck_assert_int_eq(probe_pairs(), 1); /* theirs have gone with them */
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
}
END_TEST

static void drop_in_thread(void *arg)
{
    os_cap_drop(*(struct os_cap *)arg);
}

START_TEST(last_handle_dropped_by_another_thread)
{
    struct plat_thread *thread;
    os_any_cap back;
    probe_cap child;
    uint32_t y;

    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    ck_assert_int_eq(probe_give(root, (os_any_cap){ child.cap }), OS_OK);
    os_cap_drop(child.cap);
    ck_assert_int_eq(probe_take(root, &back), OS_OK);
    ck_assert_int_eq(probe_echo((probe_cap){ back.cap }, 1, &y), OS_OK);
    ck_assert_int_eq(plat_thread_create(drop_in_thread, &back.cap, 64 * 1024, &thread), OS_OK);
    plat_thread_join(thread);
    while (children())
        ;
    ck_assert_int_eq(probe_echo(root, 1, &y), OS_OK);
    /* the last handle of a whole connection */
    struct os_cap last = root.cap;
    ck_assert_int_eq(plat_thread_create(drop_in_thread, &last, 64 * 1024, &thread), OS_OK);
    plat_thread_join(thread);
    root.cap = OS_NO_CAP;
    os_cap_drop(root.cap); /* comes by and closes it */
    ck_assert_int_eq(probe_pairs(), 0);
}
END_TEST

START_TEST(a_thread_cannot_call_itself)
{
    struct os_object object;
    static const struct probe_ops ops; /* never used */
    uint32_t y;
    probe_cap own;

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    ck_assert_int_eq(os_rpc_object_init(&object, &ep, &probe_interface, &ops, NULL, &own.cap), OS_OK);
    ck_assert_int_eq(probe_echo(own, 1, &y), OS_ERR_DEADLOCK);
    os_object_fini(&object);
    ck_assert_int_eq(probe_echo(own, 1, &y), OS_ERR_REVOKED);
    os_cap_drop(own.cap);
    os_entrypoint_fini(&ep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport: calls");
    TCase *tc = tcase_create("calls");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, calls_return_results);
    tcase_add_test(tc, hinted_objects_need_no_introduction);
    tcase_add_test(tc, tables_do_not_grow);
    tcase_add_test(tc, capabilities_go_both_ways);
    tcase_add_test(tc, third_party_capability);
    tcase_add_test(tc, revoked_objects);
    tcase_add_test(tc, death_in_mid_call);
    tcase_add_test(tc, death_between_calls);
    tcase_add_test(tc, bad_handles);
    tcase_add_test(tc, deadlines);
    tcase_add_test(tc, begun_calls);
    tcase_add_test(tc, begun_calls_are_bounded);
    tcase_add_test(tc, begun_call_cancelled);
    tcase_add_test(tc, begun_call_deadline);
    tcase_add_test(tc, begun_call_server_dies);
    tcase_add_test(tc, signals);
    tcase_add_test(tc, signals_that_are_none);
    tcase_add_test(tc, threads_have_connections_of_their_own);
    tcase_add_test(tc, last_handle_dropped_by_another_thread);
    tcase_add_test(tc, a_thread_cannot_call_itself);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
