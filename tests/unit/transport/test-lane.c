/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-lane.c: the fast lane: when a channel comes and goes, what goes through it and what does not, and how
 * calls through it end. What passes by a channel shows in the page, which these tests can see.
 */
#include <check.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <os/thread.h>
#include <suite.h>
#include "probe.h"
#include "raw.h"

enum { BEFORE = 16 /* calls by the socket, before a channel is asked for */ };

static unsigned fds_before;
static probe_cap root;

static void setup(void)
{
    probe_init();
    fds_before = count_fds();
    root = probe_start();
}

/* The server closes its end of a channel in its own time. */
static void until_attached(int count)
{
    while (channels_attached() != count)
        sched_yield();
}

static void teardown(void)
{
    os_cap_drop(root.cap);
    until_attached(0);
    probe_stop();
    probe_balance();
    ck_assert_uint_eq(count_fds(), fds_before);
}

static uint32_t echo(probe_cap cap, uint32_t x)
{
    uint32_t y = ~x;
    ck_assert_int_eq(probe_echo(cap, x, &y), OS_OK);
    ck_assert_uint_eq(x, y);
    return y;
}

static uint32_t children(void)
{
    uint32_t count;
    ck_assert_int_eq(probe_made(root, &count), OS_OK);
    return count;
}

static uint32_t server_fds(void)
{
    uint32_t count;
    ck_assert_int_eq(probe_fds(root, &count), OS_OK);
    return count;
}

static probe_cap make(void)
{
    probe_cap child;
    ck_assert_int_eq(probe_make(root, &child), OS_OK);
    return child;
}

/* Requests that went through the channel that this thread asked for last; the first one has number 1. */
static uint32_t posted(void)
{
    return atomic_load(&channels_last_page()->request.seq) & CHANNEL_SEQ;
}

/* Whether calls go by the channel, but for one: after whatever it was, the thread may have to look again. */
static int is_fast(void)
{
    echo(root, 1);
    uint32_t before = posted();
    echo(root, 1);
    return posted() != before;
}

static void open_channel(void)
{
    probe_warm(root);
    ck_assert(is_fast());
}

/* ---- how there comes to be a channel ---- */

START_TEST(it_comes_after_some_calls)
{
    for (uint32_t i = 1; i < BEFORE; i++) {
        echo(root, i);
        os_cap_drop(make().cap); /* has no capability in the request, and counts too */
        if (++i < BEFORE)
            ck_assert_int_eq(channels_asked(), 0);
    }
    while (!channels_asked())
        echo(root, 1);
    ck_assert_int_eq(posted(), 0);
    echo(root, 2); /* by the socket, and brings the server's answer */
    ck_assert_int_eq(posted(), 0);
    ck_assert_int_eq(channels_asked(), 1);
    ck_assert_int_eq(channels_served(), 1);
    ck_assert(is_fast());
    ck_assert(is_fast());
    ck_assert_int_eq(channels_asked(), 1);
    ck_assert_int_eq(channels_attached(), 1);
}
END_TEST

START_TEST(it_comes_exactly_then)
{
    for (uint32_t i = 0; i < BEFORE - 1; i++)
        echo(root, i);
    ck_assert_int_eq(channels_asked(), 0);
    echo(root, 1);
    ck_assert_int_eq(channels_asked(), 1);
}
END_TEST

START_TEST(calls_with_capabilities_ask_for_none)
{
    for (int i = 0; i < 2 * BEFORE; i++)
        ck_assert_int_eq(probe_give(root, (os_any_cap){ OS_NO_CAP }), OS_OK);
    ck_assert_int_eq(channels_asked(), 0);
}
END_TEST

/* No quota for one: asked for once, and never missed. */
START_TEST(no_quota_for_one)
{
    channels_refuse(OS_ERR_RAM, OS_OK);
    for (uint32_t i = 0; i < 5 * BEFORE; i++)
        echo(root, i);
    ck_assert_int_eq(channels_asked(), 1);
    ck_assert_int_eq(channels_served(), 0);
    /* another connection may have more luck */
    channels_refuse(OS_OK, OS_OK);
    probe_cap copy;
    ck_assert_int_eq(transport_cap_from_fd(dup(transport_cap_fd(root.cap)), &copy.cap), OS_OK);
    probe_warm(copy);
    ck_assert_int_eq(channels_served(), 1);
    os_cap_drop(copy.cap);
}
END_TEST

START_TEST(a_server_that_serves_none)
{
    unsigned fds;

    channels_refuse(OS_OK, OS_ERR_RAM);
    echo(root, 1);
    fds = count_fds();
    uint32_t its = server_fds();
    for (uint32_t i = 0; i < 5 * BEFORE; i++)
        echo(root, i);
    ck_assert_int_eq(channels_asked(), 1);
    ck_assert_int_eq(channels_served(), 1);
    ck_assert_uint_eq(posted(), 0);
    ck_assert_uint_eq(count_fds(), fds);
    ck_assert_uint_eq(server_fds(), its);
    until_attached(0);
}
END_TEST

/* No descriptor is left there for a channel: the calls go on as before. */
START_TEST(a_server_without_descriptors)
{
    struct rlimit limit = { 0, 0 }, before;

    echo(root, 1);
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, NULL, &before), 0);
    limit.rlim_max = before.rlim_max;
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    for (uint32_t i = 0; i < 5 * BEFORE; i++)
        echo(root, i);
    ck_assert_int_eq(channels_asked(), 1);
    ck_assert_int_eq(channels_served(), 0);
    ck_assert_int_eq(prlimit(probe_server.pid, RLIMIT_NOFILE, &before, NULL), 0);
}
END_TEST

START_TEST(what_it_costs)
{
    echo(root, 1);
    unsigned own = count_fds();
    uint32_t its = server_fds();
    open_channel();
    ck_assert_uint_eq(count_fds(), own + 1); /* the doorbell */
    ck_assert_uint_eq(server_fds(), its + 1);
    ck_assert_int_eq(channels_mapped(), 1);
    ck_assert_int_eq(probe_pairs(), 1);
}
END_TEST

/* ---- what goes through it ---- */

START_TEST(capabilities_in_out_and_both)
{
    os_any_cap before;
    uint32_t same;

    open_channel();
    uint32_t its = server_fds();
    for (uint32_t i = 0; i < 100; i++) {
        probe_cap child = make();
        echo(child, i);
        uint32_t at = posted();
        echo(child, i); /* by its hint, on the same channel */
        ck_assert_uint_gt(posted(), at);
        at = posted();
        ck_assert_int_eq(probe_same(root, child, &same), OS_OK);
        ck_assert_uint_eq(same, 1);
        ck_assert_int_eq(probe_swap(root, (os_any_cap){ child.cap }, &before), OS_OK);
        ck_assert_uint_eq(posted(), at);
        if (i)
            echo((probe_cap){ before.cap }, i);
        os_cap_drop(before.cap);
        os_cap_drop(child.cap);
        ck_assert(is_fast());
    }
    ck_assert_int_eq(probe_swap(root, (os_any_cap){ OS_NO_CAP }, &before), OS_OK);
    os_cap_drop(before.cap);
    while (children())
        ;
    ck_assert_uint_eq(server_fds(), its);
    ck_assert_int_eq(probe_pairs(), 1);
    ck_assert_int_eq(channels_asked(), 1);
}
END_TEST

/* Of every length, in and out; and nothing of an earlier message is behind a shorter one. */
START_TEST(messages_of_every_length)
{
    struct raw_server server;

    raw_server_start(&server);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(raw_call(server.cap, RAW_ECHO, 8, i, OS_NEVER), OS_OK);
    struct channel_page *page = channels_last_page();
    for (uint16_t len = OS_MSG_BYTES + 1; len-- > 0;) {
        uint32_t at = posted();
        ck_assert_int_eq(raw_call(server.cap, RAW_ECHO, len, len, OS_NEVER), OS_OK);
        ck_assert_uint_ne(posted(), at);
        ck_assert_uint_eq(atomic_load(&page->request.len), len);
        if (len % 8) {
            uint64_t last = atomic_load(&page->request.data[len / 8]);
            ck_assert_uint_eq(last >> (len % 8 * 8), 0);
            last = atomic_load(&page->reply.data[len / 8]);
            ck_assert_uint_eq(last >> (len % 8 * 8), 0);
        }
    }
    ck_assert_int_eq(raw_call(server.cap, RAW_ECHO, 0, 0, OS_NEVER), OS_OK);
    struct os_msg msg = { .len = OS_MSG_BYTES + 1 };
    ck_assert_int_eq(plat_call(server.cap, &msg, OS_NEVER), OS_ERR_TOO_LARGE);
    raw_server_stop(&server);
}
END_TEST

START_TEST(errors_of_the_server)
{
    struct os_msg msg = { .op = probe_op_echo, .len = 8, .fingerprint = 1 };

    open_channel();
    uint32_t at = posted();
    ck_assert_int_eq(plat_call(root.cap, &msg, OS_NEVER), OS_OK);
    ck_assert_int_eq(msg.err, OS_ERR_WRONG_KIND);
    ck_assert_uint_ne(posted(), at);
    ck_assert(is_fast());
}
END_TEST

/* ---- answers that take their time ---- */

struct caller {
    struct os_thread thread;
    probe_cap cap;
    _Atomic(struct channel_page *) page; /* of its channel, when that is open */
    os_err err, next;
};

static void hold_in_thread(struct os_thread *thread)
{
    struct caller *caller = OS_CONTAINER_OF(thread, struct caller, thread);
    uint32_t y;

    probe_warm(caller->cap);
    caller->page = channels_last_page();
    caller->err = probe_hold(caller->cap);
    caller->next = probe_echo(caller->cap, 1, &y);
}

/* Until it sleeps in the call of hold. */
static void start_caller(struct caller *caller, probe_cap cap)
{
    *caller = (struct caller){ .cap = cap };
    ck_assert_int_eq(os_thread_start(&caller->thread, hold_in_thread, 0), OS_OK);
    while (!caller->page)
        sched_yield();
    while (!atomic_load(&caller->page->request.asleep))
        sched_yield();
}

START_TEST(kept_replies)
{
    struct caller caller;
    uint32_t count;

    open_channel();
    for (int i = 0; i < 3; i++) {
        start_caller(&caller, root);
        for (uint32_t x = 0; x < 100; x++)
            echo(root, x);
        ck_assert_int_eq(probe_release(root, &count), OS_OK);
        ck_assert_uint_eq(count, 1);
        os_thread_join(&caller.thread);
        ck_assert_int_eq(caller.err, OS_OK);
        ck_assert_int_eq(caller.next, OS_OK);
        until_attached(1);
    }
}
END_TEST

START_TEST(deadlines)
{
    uint32_t count, y;

    open_channel();
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(probe_hold_by(root, plat_clock() + OS_MS / 10), OS_ERR_DEADLINE);
        ck_assert(!is_fast());
        ck_assert_int_eq(probe_hold(root), OS_ERR_BUSY);
        ck_assert(!is_fast());
        ck_assert_int_eq(probe_release(root, &count), OS_OK);
        ck_assert_uint_eq(count, 1);
        ck_assert(is_fast()); /* the answer has come, which nobody waits for */
    }
    /* one that has passed before the call */
    for (int i = 0; i < 100; i++) {
        probe_pause();
        ck_assert_int_eq(probe_echo_by(root, 1, 0, &y), OS_ERR_DEADLINE);
        ck_assert_int_eq(probe_echo_by(root, 2, 0, &y), OS_ERR_DEADLINE);
        probe_resume();
        echo(root, 3);
    }
    while (!is_fast())
        ;
}
END_TEST

/* Another thread, which calls release when it is told to. */
struct releaser {
    struct os_thread thread;
    struct os_semaphore go, done;
    int end;
};

static void release_in_thread(struct os_thread *thread)
{
    struct releaser *releaser = OS_CONTAINER_OF(thread, struct releaser, thread);
    uint32_t count;

    for (;;) {
        ck_assert_int_eq(os_semaphore_down(&releaser->go, OS_NEVER), OS_OK);
        if (releaser->end)
            return;
        ck_assert_int_eq(probe_release(root, &count), OS_OK);
        os_semaphore_up(&releaser->done);
    }
}

static void release_by(struct releaser *releaser)
{
    os_semaphore_up(&releaser->go);
    ck_assert_int_eq(os_semaphore_down(&releaser->done, OS_NEVER), OS_OK);
}

/* A capability that comes too late is dropped with the next call, even if nothing else is to be received. */
START_TEST(late_capabilities)
{
    struct releaser releaser = { .end = 0 };
    probe_cap child;

    ck_assert_int_eq(os_thread_start(&releaser.thread, release_in_thread, 0), OS_OK);
    for (int i = 0; i < 20; i++)
        release_by(&releaser); /* it has a channel of its own */
    open_channel();
    unsigned own = count_fds();
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(probe_later_by(root, plat_clock() + OS_MS / 10, &child), OS_ERR_DEADLINE);
        ck_assert(!is_fast()); /* after this the server has taken the request from the page */
        release_by(&releaser);
        echo(root, 1);
        while (children()) /* its last holder is gone */
            ;
        ck_assert_uint_eq(count_fds(), own);
        ck_assert(is_fast());
    }
    releaser.end = 1;
    os_semaphore_up(&releaser.go);
    os_thread_join(&releaser.thread);
}
END_TEST

/* ---- ends ---- */

START_TEST(revoked_while_a_call_waits)
{
    struct caller caller;
    probe_cap child = make();

    open_channel();
    ck_assert_int_eq(probe_give(root, (os_any_cap){ child.cap }), OS_OK);
    start_caller(&caller, child);
    ck_assert_int_eq(probe_revoke(root, child), OS_OK);
    os_thread_join(&caller.thread);
    ck_assert_int_eq(caller.err, OS_ERR_REVOKED);
    ck_assert_int_eq(caller.next, OS_ERR_REVOKED);
    os_cap_drop(child.cap);
    ck_assert_int_eq(probe_give(root, (os_any_cap){ OS_NO_CAP }), OS_OK);
    ck_assert(is_fast());
}
END_TEST

START_TEST(revoked_between_calls)
{
    uint32_t y;
    probe_cap child = make(), other = make();

    open_channel();
    echo(child, 1);
    echo(child, 2);
    ck_assert_int_eq(probe_revoke(root, child), OS_OK);
    uint32_t at = posted();
    ck_assert_int_eq(probe_echo(child, 1, &y), OS_ERR_REVOKED);
    ck_assert_uint_gt(posted(), at); /* it is the server that says so */
    ck_assert_int_eq(probe_echo(child, 1, &y), OS_ERR_REVOKED);
    echo(other, 1);
    os_cap_drop(child.cap);
    os_cap_drop(other.cap);
    while (children())
        ;
    ck_assert(is_fast());
}
END_TEST

static void is_dead(os_err err)
{
    /* the kernel closes a dead server's sockets one by one */
    ck_assert(err == OS_ERR_DEAD || err == OS_ERR_REVOKED);
}

START_TEST(server_killed_while_a_client_sleeps)
{
    struct caller caller;
    uint32_t y;

    open_channel();
    start_caller(&caller, root);
    ck_assert_int_eq(kill(probe_server.pid, SIGKILL), 0);
    os_thread_join(&caller.thread);
    ck_assert_int_eq(caller.err, OS_ERR_DEAD);
    is_dead(caller.next);
    is_dead(probe_echo(root, 1, &y));
    is_dead(probe_echo(root, 1, &y));
}
END_TEST

START_TEST(server_ends_in_mid_call)
{
    uint32_t y;

    open_channel();
    ck_assert_int_eq(probe_die(root), OS_ERR_DEAD);
    is_dead(probe_echo(root, 1, &y));
}
END_TEST

START_TEST(server_killed_between_calls)
{
    open_channel();
    ck_assert_int_eq(kill(probe_server.pid, SIGKILL), 0);
    is_dead(probe_until_dead(root));
}
END_TEST

/* A client that breaks the protocol loses its connection, and gets another if it asks. */
START_TEST(connection_closed_by_the_server)
{
    const uint64_t one = 1;

    for (int i = 0; i < 10; i++) {
        open_channel();
        struct channel_page *page = channels_last_page();
        atomic_store(&page->request.len, OS_MSG_BYTES + 1);
        atomic_fetch_add(&page->request.seq, 1);
        ck_assert_int_eq(write(channels_last_doorbell(), &one, sizeof(one)), sizeof(one));
        while (!(atomic_load(&page->reply.seq) & CHANNEL_GONE))
            sched_yield();
        echo(root, 1);
        ck_assert_int_eq(probe_pairs(), 1);
        until_attached(0);
    }
}
END_TEST

struct raw_caller {
    struct os_thread thread;
    struct os_cap cap;
    enum raw_op op;
    _Atomic(struct channel_page *) page;
    os_err err;
};

static void call_in_thread(struct os_thread *thread)
{
    struct raw_caller *caller = OS_CONTAINER_OF(thread, struct raw_caller, thread);

    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(raw_call(caller->cap, RAW_ECHO, 8, i, OS_NEVER), OS_OK);
    caller->page = channels_last_page();
    caller->err = raw_call(caller->cap, caller->op, 0, 0, OS_NEVER);
}

/* The server lives on, but nobody serves any more. */
START_TEST(entrypoint_destroyed)
{
    struct raw_server server;
    struct raw_caller waits = { .op = RAW_KEEP }, ends = { .op = RAW_CLOSE };

    raw_server_start(&server);
    waits.cap = ends.cap = server.cap;
    ck_assert_int_eq(os_thread_start(&waits.thread, call_in_thread, 0), OS_OK);
    while (!waits.page || !atomic_load(&((struct channel_page *)waits.page)->request.asleep))
        sched_yield();
    ck_assert_int_eq(os_thread_start(&ends.thread, call_in_thread, 0), OS_OK);
    os_thread_join(&ends.thread);
    os_thread_join(&waits.thread);
    ck_assert_int_eq(waits.err, OS_ERR_DEAD);
    ck_assert_int_eq(ends.err, OS_ERR_DEAD);
    until_attached(0);
    raw_server_stop(&server);
}
END_TEST

static void warm_in_thread(struct os_thread *thread)
{
    probe_warm(root);
}

START_TEST(client_thread_ends)
{
    struct os_thread thread;

    open_channel();
    uint32_t its = server_fds();
    unsigned own = count_fds();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(os_thread_start(&thread, warm_in_thread, 0), OS_OK);
        os_thread_join(&thread);
        ck_assert_uint_eq(count_fds(), own);
    }
    until_attached(1);
    ck_assert_int_eq(channels_mapped(), 1);
    while (server_fds() != its)
        ;
    ck_assert_int_eq(channels_served(), 21);
}
END_TEST

/* ---- many ---- */

enum { THREADS = 8, SERVERS = 4 };

static void echo_in_thread(struct os_thread *thread)
{
    for (uint32_t x = 0; x < 3000; x++)
        echo(root, x);
    ck_assert_uint_ge(posted(), 2900);
}

START_TEST(many_threads)
{
    struct os_thread threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(os_thread_start(&threads[i], echo_in_thread, 0), OS_OK);
    for (uint32_t x = 0; x < 1000; x++)
        echo(root, x);
    for (int i = 0; i < THREADS; i++)
        os_thread_join(&threads[i]);
    until_attached(1);
    ck_assert(is_fast());
}
END_TEST

START_TEST(many_servers)
{
    struct probe_server first = probe_server, servers[SERVERS];
    probe_cap roots[SERVERS];

    for (int i = 0; i < SERVERS; i++) {
        roots[i] = probe_start();
        servers[i] = probe_server;
    }
    for (uint32_t x = 0; x < 2000; x++)
        echo(roots[x % SERVERS], x);
    ck_assert_int_eq(channels_asked(), SERVERS);
    for (int i = 0; i < SERVERS; i++)
        os_cap_drop(roots[i].cap);
    for (int i = SERVERS; i-- > 0;) {
        probe_server = servers[i];
        probe_stop();
    }
    probe_server = first;
}
END_TEST

/* More objects than a thread remembers, on one channel. */
START_TEST(many_objects)
{
    enum { OBJECTS = 100 };
    probe_cap caps[OBJECTS];

    open_channel();
    for (int i = 0; i < OBJECTS; i++)
        caps[i] = make();
    uint32_t at = posted(), calls = 0;
    for (uint32_t round = 0; round < 10; round++)
        for (uint32_t i = 0; i < OBJECTS; i++, calls += 2)
            echo(caps[i], round), echo(caps[i], i); /* the second one at least is remembered */
    ck_assert_uint_ge(posted() - at, calls / 2);
    for (int i = 0; i < OBJECTS; i++)
        os_cap_drop(caps[i].cap);
    while (children())
        ;
}
END_TEST

/* ---- handles that go and come back ---- */

static void drop_in_thread(struct os_thread *thread)
{
    struct caller *caller = OS_CONTAINER_OF(thread, struct caller, thread);
    os_cap_drop(caller->cap.cap);
}

START_TEST(dropped_handles)
{
    uint32_t y, again = 0;
    probe_cap last = { OS_NO_CAP };

    open_channel();
    for (uint32_t i = 0; i < 1000; i++) {
        probe_cap child = make();
        again += (child.cap.id & 0xffff) == (last.cap.id & 0xffff);
        for (uint32_t x = 0; x < 3; x++)
            echo(child, x);
        if (i % 2) {
            os_cap_drop(child.cap);
        } else { /* by another thread, of which this one hears nothing */
            struct caller other = { .cap = child };
            ck_assert_int_eq(os_thread_start(&other.thread, drop_in_thread, 0), OS_OK);
            os_thread_join(&other.thread);
        }
        ck_assert_int_eq(probe_echo(child, 1, &y), OS_ERR_BAD_CAP);
        last = child;
    }
    ck_assert_uint_gt(again, 900); /* the same place in the table */
    while (children())
        ;
    ck_assert(is_fast());
}
END_TEST

/* Many at a time, while the thread whose connection they are named on goes on to call. */
struct dropper {
    struct os_thread thread;
    probe_cap caps[20];
};

static void drop_all(struct os_thread *thread)
{
    struct dropper *dropper = OS_CONTAINER_OF(thread, struct dropper, thread);

    for (unsigned i = 0; i < OS_ARRAY_LEN(dropper->caps); i++)
        os_cap_drop(dropper->caps[i].cap);
}

START_TEST(dropped_while_others_call)
{
    struct dropper other;

    open_channel();
    for (int round = 0; round < 20; round++) {
        for (unsigned i = 0; i < OS_ARRAY_LEN(other.caps); i++)
            other.caps[i] = make();
        ck_assert_int_eq(os_thread_start(&other.thread, drop_all, 0), OS_OK);
        for (uint32_t x = 0; x < 20; x++)
            echo(root, x);
        os_thread_join(&other.thread);
    }
    while (children())
        ;
}
END_TEST

/* The handle's place is taken by one of another server: what is remembered must not lead to the old one. */
START_TEST(handles_of_others_in_the_same_place)
{
    struct raw_server server;
    uint32_t y;

    open_channel();
    raw_server_start(&server);
    for (uint32_t i = 0; i < 100; i++) {
        probe_cap child = make(), other;
        echo(child, 1);
        echo(child, 2);
        os_cap_drop(child.cap);
        ck_assert_int_eq(transport_cap_from_fd(dup(transport_cap_fd(server.cap)), &other.cap), OS_OK);
        ck_assert_uint_eq(other.cap.id & 0xffff, child.cap.id & 0xffff);
        unsigned served = server.served;
        os_err err = probe_echo(other, 1, &y);
        (void)err; /* it is no probe at all */
        ck_assert_uint_eq(server.served, served + 1);
        os_cap_drop(other.cap);
    }
    raw_server_stop(&server);
    while (children())
        ;
}
END_TEST

/* ---- one process ---- */

START_TEST(own_object_of_another_thread)
{
    struct raw_server server;

    raw_server_start(&server);
    for (unsigned i = 0; i < 500; i++)
        ck_assert_int_eq(raw_call(server.cap, RAW_ECHO, (uint16_t)i, i, OS_NEVER), OS_OK);
    ck_assert_uint_ge(posted(), 480);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(raw_call(server.cap, RAW_MAKE, 0, 0, OS_NEVER), OS_OK);
        ck_assert_int_eq(raw_call(server.second_cap, RAW_ECHO, 5, i, OS_NEVER), OS_OK);
    }
    raw_server_stop(&server);
    ck_assert_int_eq(raw_call(server.cap, RAW_ECHO, 5, 5, OS_NEVER), OS_ERR_BAD_CAP);
}
END_TEST

struct own_ep {
    struct os_thread thread;
    struct plat_ep *ep;
    struct os_cap cap;
    struct os_semaphore yours;
};

static void call_own(struct os_thread *thread)
{
    struct own_ep *own = OS_CONTAINER_OF(thread, struct own_ep, thread);
    struct os_msg msg;
    struct plat_event event;

    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(raw_call(own->cap, RAW_ECHO, 8, i, OS_NEVER), OS_OK);
    ck_assert_int_eq(os_semaphore_down(&own->yours, OS_NEVER), OS_OK);
    /* it takes the entrypoint over, which it has called through a channel so far */
    plat_ep_wait(own->ep, 0, &event, &msg);
    ck_assert_int_eq(raw_call(own->cap, RAW_ECHO, 8, 1, OS_NEVER), OS_ERR_DEADLOCK);
}

/* An entrypoint that goes from one thread to another: from then on it is the other that must not call it. */
START_TEST(own_object_of_this_thread)
{
    struct own_ep own = { .ep = NULL };
    struct plat_object *object;
    struct plat_event event;
    struct os_msg msg;
    unsigned served = 0;

    ck_assert_int_eq(plat_ep_create(&own.ep), OS_OK);
    ck_assert_int_eq(plat_object_create(own.ep, &own, &object, &own.cap), OS_OK);
    ck_assert_int_eq(os_thread_start(&own.thread, call_own, 0), OS_OK);
    while (served < 20) {
        plat_ep_wait(own.ep, OS_NEVER, &event, &msg);
        if (event.kind != PLAT_CALL)
            continue;
        for (unsigned i = 0; i < msg.len; i++)
            msg.data[i]++;
        served++;
        plat_reply(own.ep, event.token, &msg);
    }
    os_semaphore_up(&own.yours);
    os_thread_join(&own.thread);
    plat_ep_destroy(own.ep);
    plat_cap_unref(own.cap);
}
END_TEST

/* Begun calls go by the socket, whatever the channel does. */

static struct os_entrypoint ep;
static int ended;

static void done(struct os_call *call)
{
    uint32_t y;
    ck_assert_int_eq(probe_echo_end(call, &y), OS_OK);
    ended++;
}

START_TEST(begun_calls_beside_it)
{
    struct os_call calls[10];

    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    open_channel();
    for (int round = 0; round < 50; round++) {
        ended = 0;
        for (uint32_t i = 0; i < 10; i++) {
            os_call_init(&calls[i], &ep, done);
            ck_assert_int_eq(probe_echo_begin(root, &calls[i], i), OS_OK);
            ck_assert(is_fast());
        }
        while (ended < 10)
            os_entrypoint_step(&ep, OS_NEVER);
    }
    ck_assert_int_eq(probe_pairs(), 1);
    os_entrypoint_fini(&ep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport: the fast lane");
    TCase *tc = tcase_create("lane");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, it_comes_after_some_calls);
    tcase_add_test(tc, it_comes_exactly_then);
    tcase_add_test(tc, calls_with_capabilities_ask_for_none);
    tcase_add_test(tc, no_quota_for_one);
    tcase_add_test(tc, a_server_that_serves_none);
    if (!probe_under_valgrind())
        tcase_add_test(tc, a_server_without_descriptors);
    tcase_add_test(tc, what_it_costs);
    tcase_add_test(tc, capabilities_in_out_and_both);
    tcase_add_test(tc, messages_of_every_length);
    tcase_add_test(tc, errors_of_the_server);
    tcase_add_test(tc, kept_replies);
    tcase_add_test(tc, deadlines);
    tcase_add_test(tc, late_capabilities);
    tcase_add_test(tc, revoked_while_a_call_waits);
    tcase_add_test(tc, revoked_between_calls);
    tcase_add_test(tc, server_killed_while_a_client_sleeps);
    tcase_add_test(tc, server_ends_in_mid_call);
    tcase_add_test(tc, server_killed_between_calls);
    tcase_add_test(tc, connection_closed_by_the_server);
    tcase_add_test(tc, entrypoint_destroyed);
    tcase_add_test(tc, client_thread_ends);
    tcase_add_test(tc, many_threads);
    tcase_add_test(tc, many_servers);
    tcase_add_test(tc, many_objects);
    tcase_add_test(tc, dropped_handles);
    tcase_add_test(tc, dropped_while_others_call);
    tcase_add_test(tc, handles_of_others_in_the_same_place);
    tcase_add_test(tc, own_object_of_another_thread);
    tcase_add_test(tc, own_object_of_this_thread);
    tcase_add_test(tc, begun_calls_beside_it);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
