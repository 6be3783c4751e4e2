/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-blocking.c: threads that wait for a stack: bytes both ways, deadlines, interruption by other threads,
 * what peers do, and the end of the gate. The server is the example of network/blocking.h, as it is there.
 */
#include <network/blocking.h>
#include <os/component.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "blocking-example.inc"
#include "wire.h"

static struct wire wire;
static struct host a;
static struct net_blocking own; /* of a; gate is that of the example */
static struct inproc_env example;
static struct os_signal_handler example_end;
static os_signal_cap example_end_signal;

static struct net_addr addr(const char *text)
{
    struct net_addr addr = { 0 };
    ck_ok(net_addr_parse(text, &addr));
    return addr;
}

/* ---- the example ---- */

static void end_example(struct os_signal_handler *handler)
{
    net_blocking_fini(&gate);
    os_thread_join(&server);
    net_stack_fini(&stack);
    os_cap_drop(example_end_signal.cap);
    os_signal_handler_fini(handler);
}

static void construct(struct os_env *env)
{
    struct os_config config;
    size_t size;
    void *data = inproc_config_make("test.yaml", "ipv4: 10.0.0.2/24\nipv6: fd00::2/64", &size);
    ck_ok(os_config_init(&config, data, size));
    ck_ok(os_signal_handler_init(&example_end, env->ep, end_example, &example_end_signal));
    ck_ok(net_stack_init(&stack, env, &config, os_config_root(&config)));
    free(data);
    example_construct(env);
}

static void setup(void)
{
    wire = (struct wire){ .seed = 1 };
    wire_init(&wire);
    host_init(&a, "a", "ipv4: 10.0.0.1/24\nipv6: fd00::1/64\ndns:\n  - 10.0.0.99"); /* nobody */
    ck_ok(net_blocking_init(&own, &a.stack, 3000)); /* which is not a power of 2 */
    inproc_env_init(&example, "b");
    inproc_env_construct(&example, construct);
    inproc_advance(3 * OS_SEC);
}

static void teardown(void)
{
    os_signal_submit(example_end_signal);
    inproc_idle();
    ck_assert_ptr_null(stack.own);
    ck_fini(&example);
    net_blocking_fini(&own);
    host_fini(&a);
    wire_fini(&wire);
}

/* ---- threads ---- */

struct worker {
    struct os_thread thread;
    void (*work)(struct worker *worker);
    struct net_blocking_tcp *tcp;
    struct net_blocking_listener *listener;
    struct net_blocking_udp *udp;
    const char *to;
    size_t size, len;
    os_time limit; /* from the start; 0: none */
    os_err err;
    int done;
};

static os_time deadline(const struct worker *worker)
{
    return worker->limit ? os_clock_now() + worker->limit : OS_NEVER;
}

static void enter(struct os_thread *thread)
{
    struct worker *worker = OS_CONTAINER_OF(thread, struct worker, thread);
    worker->work(worker);
    worker->done = 1;
}

static void start(struct worker *worker, void (*work)(struct worker *worker))
{
    worker->work = work;
    worker->done = 0;
    ck_ok(os_thread_start(&worker->thread, enter, OS_KIB(256)));
}

static void finish(struct worker *worker)
{
    for (int i = 0; i < 20000 && !worker->done; i++)
        inproc_advance(100 * OS_MS);
    ck_assert_int_eq(worker->done, 1);
    os_thread_join(&worker->thread);
}

static void do_connect(struct worker *worker)
{
    struct net_addr to = addr(worker->to);
    worker->err = net_blocking_connect(&own, worker->tcp, &to, NULL, deadline(worker));
}

static uint8_t byte_at(size_t at)
{
    return (uint8_t)((at * 2654435761u >> 13) + at / 251);
}

static void do_write(struct worker *worker)
{
    uint8_t data[5001];
    size_t len = 0;
    worker->len = 0;
    worker->err = OS_OK;
    while (!worker->err && worker->len < worker->size) {
        size_t part = worker->size - worker->len < sizeof(data) ? worker->size - worker->len : sizeof(data);
        for (size_t i = 0; i < part; i++)
            data[i] = byte_at(worker->len + i);
        worker->err = net_blocking_write(worker->tcp, data, part, &len, deadline(worker));
        if (!worker->err)
            worker->len += len;
    }
}

/* Until SIZE bytes have come, or the end. */
static void do_read(struct worker *worker)
{
    uint8_t data[1777];
    size_t len = 1;
    worker->len = 0;
    worker->err = OS_OK;
    while (worker->len < worker->size && len) {
        worker->err = net_blocking_read(worker->tcp, data, sizeof(data), &len, deadline(worker));
        if (worker->err)
            return;
        size_t same = 0;
        while (same < len && data[same] == byte_at(worker->len + same))
            same++;
        ck_assert_uint_eq(same, len);
        worker->len += len;
    }
}

static void do_accept(struct worker *worker)
{
    worker->err = net_blocking_accept(worker->listener, worker->tcp, deadline(worker));
}

static void do_listen(struct worker *worker)
{
    struct net_addr at = { .port = 9 };
    worker->err = net_blocking_listen(&own, worker->listener, &at, 3, deadline(worker));
}

static void run(struct worker *worker, void (*work)(struct worker *worker))
{
    start(worker, work);
    finish(worker);
}

static void connect_to(struct net_blocking_tcp *tcp, const char *to)
{
    struct worker worker = { .tcp = tcp, .to = to };
    run(&worker, do_connect);
    ck_ok(worker.err);
}

/* ---- bytes ---- */

static void echo(const char *to, size_t size)
{
    struct net_blocking_tcp tcp = { 0 };
    struct net_addr peer, at = addr(to);
    connect_to(&tcp, to);
    net_blocking_peer(&tcp, &peer);
    ck_assert(net_addr_equal(&peer, &at));
    net_blocking_local(&tcp, &peer);
    ck_assert_uint_ne(peer.port, 0);
    struct worker writer = { .tcp = &tcp, .size = size }, reader = writer;
    start(&reader, do_read);
    start(&writer, do_write);
    finish(&writer);
    ck_ok(writer.err);
    net_blocking_shutdown(&tcp);
    finish(&reader);
    ck_ok(reader.err);
    ck_assert_uint_eq(reader.len, size);
    reader.size = 1;
    run(&reader, do_read); /* the server has closed */
    ck_ok(reader.err);
    ck_assert_uint_eq(reader.len, 0);
    net_blocking_close(&tcp);
    ck_assert_ptr_null(tcp.own);
    inproc_advance(OS_SEC);
}

START_TEST(a_million_bytes_come_back)
{
    echo("10.0.0.2:7", 1000000);
    echo("[fd00::2]:7", 100000);
}
END_TEST

START_TEST(losses_only_take_longer)
{
    wire.loss = 50;
    wire.delay = 20 * OS_MS;
    echo("10.0.0.2:7", 200000);
}
END_TEST

START_TEST(what_was_written_is_sent_after_close)
{
    struct net_blocking_tcp tcp = { 0 }, accepted = { 0 };
    struct net_blocking_listener listener = { 0 };
    struct worker writer = { .tcp = &tcp, .size = 3000, .listener = &listener, .to = "10.0.0.1:9" };
    struct worker reader = { .tcp = &accepted, .size = 4000, .listener = &listener };
    wire.delay = 10 * OS_MS;
    run(&writer, do_listen);
    ck_ok(writer.err);
    start(&reader, do_accept);
    connect_to(&tcp, writer.to);
    finish(&reader);
    ck_ok(reader.err);
    start(&writer, do_write);
    while (!writer.done)
        inproc_idle();
    net_blocking_close(&tcp);
    finish(&writer);
    run(&reader, do_read);
    ck_ok(reader.err);
    ck_assert_uint_eq(reader.len, 3000);
    net_blocking_close(&accepted);
    net_blocking_listener_close(&listener);
    inproc_advance(OS_SEC);
}
END_TEST

/* ---- deadlines ---- */

static void do_resolve(struct worker *worker)
{
    struct net_addr addrs[NET_BLOCKING_ADDRS];
    uint32_t count = 0;
    worker->err = net_blocking_resolve(&own, worker->to, NET_ANY, addrs, &count, deadline(worker));
    worker->len = count;
    if (count)
        ck_assert_uint_eq(addrs[0].family, NET_IPV4);
}

static void do_receive(struct worker *worker)
{
    char data[100];
    struct net_addr from, to;
    worker->err =
        net_blocking_udp_receive(worker->udp, data, sizeof(data), &worker->len, &from, &to, deadline(worker));
    if (worker->err)
        return;
    ck_assert_int_eq(data[0], 'x');
    ck_assert_uint_ne(from.port, 0);
    ck_assert_uint_eq(to.port, 53);
}

static void do_udp_open(struct worker *worker)
{
    struct net_addr at = addr(worker->to);
    worker->err = net_blocking_udp_open(&own, worker->udp, &at, OS_NEVER);
}

START_TEST(whoever_waits_too_long_is_told_so)
{
    struct net_blocking_tcp tcp = { 0 };
    struct net_blocking_listener listener = { 0 };
    struct net_blocking_udp udp = { 0 };
    struct worker worker = { .tcp = &tcp,
                             .listener = &listener,
                             .udp = &udp,
                             .size = 10,
                             .to = "10.0.0.77:1", /* nobody is there */
                             .limit = 50 * OS_MS };
    run(&worker, do_connect);
    ck_err(worker.err, OS_ERR_DEADLINE);
    ck_assert_ptr_null(tcp.own);
    connect_to(&tcp, "10.0.0.2:7");
    run(&worker, do_read);
    ck_err(worker.err, OS_ERR_DEADLINE);
    net_blocking_close(&tcp);
    worker.limit = OS_SEC;
    run(&worker, do_listen);
    ck_ok(worker.err);
    run(&worker, do_accept);
    ck_err(worker.err, OS_ERR_DEADLINE);
    net_blocking_listener_close(&listener);
    worker.to = "any";
    run(&worker, do_udp_open);
    ck_ok(worker.err);
    run(&worker, do_receive);
    ck_err(worker.err, OS_ERR_DEADLINE);
    net_blocking_udp_close(&udp);
    inproc_advance(OS_SEC);
}
END_TEST

START_TEST(a_write_says_how_much_it_could_do)
{
    struct net_blocking_tcp tcp = { 0 }, second = { 0 };
    connect_to(&second, "10.0.0.2:7"); /* with whom the server is busy */
    connect_to(&tcp, "10.0.0.2:7");
    struct worker writer = { .tcp = &tcp, .size = 2000000, .limit = OS_SEC };
    run(&writer, do_write);
    ck_err(writer.err, OS_ERR_DEADLINE);
    ck_assert_uint_gt(writer.len, 100000); /* windows and buffers */
    ck_assert_uint_lt(writer.len, 1000000);
    net_blocking_abort(&tcp);
    net_blocking_close(&second);
    inproc_advance(OS_SEC);
}
END_TEST

/* ---- interruption ---- */

START_TEST(a_close_by_another_thread_ends_waiting)
{
    struct net_blocking_tcp tcp = { 0 }, other = { 0 };
    struct net_blocking_listener listener = { 0 };
    struct net_blocking_udp udp = { 0 };
    struct worker worker = {
        .tcp = &tcp, .listener = &listener, .udp = &udp, .size = 10, .to = "10.0.0.77:1"
    };
    struct worker acceptors[2] = { { .listener = &listener, .tcp = &tcp },
                                   { .listener = &listener, .tcp = &other } };
    start(&worker, do_connect);
    inproc_advance(100 * OS_MS);
    net_blocking_close(&tcp);
    finish(&worker);
    ck_err(worker.err, OS_ERR_CANCELLED);
    connect_to(&tcp, "10.0.0.2:7");
    start(&worker, do_read);
    inproc_advance(100 * OS_MS);
    net_blocking_close(&tcp);
    finish(&worker);
    ck_err(worker.err, OS_ERR_CANCELLED);
    run(&worker, do_read); /* of what is closed */
    ck_err(worker.err, OS_ERR_CANCELLED);
    run(&worker, do_listen);
    start(&acceptors[0], do_accept);
    start(&acceptors[1], do_accept);
    inproc_advance(100 * OS_MS);
    net_blocking_listener_close(&listener);
    finish(&acceptors[0]);
    finish(&acceptors[1]);
    ck_err(acceptors[0].err, OS_ERR_CANCELLED);
    ck_err(acceptors[1].err, OS_ERR_CANCELLED);
    worker.to = "any";
    run(&worker, do_udp_open);
    start(&worker, do_receive);
    inproc_advance(100 * OS_MS);
    net_blocking_udp_close(&udp);
    finish(&worker);
    ck_err(worker.err, OS_ERR_CANCELLED);
    inproc_advance(OS_SEC);
}
END_TEST

START_TEST(one_reads_and_one_writes)
{
    struct net_blocking_tcp tcp = { 0 };
    connect_to(&tcp, "10.0.0.2:7");
    struct worker one = { .tcp = &tcp, .size = 10 }, two = one;
    start(&one, do_read);
    inproc_advance(100 * OS_MS);
    run(&two, do_read);
    ck_err(two.err, OS_ERR_BUSY);
    run(&two, do_write);
    ck_ok(two.err);
    finish(&one);
    ck_ok(one.err);
    ck_assert_uint_eq(one.len, 10);
    net_blocking_close(&tcp);
    inproc_advance(OS_SEC);
}
END_TEST

START_TEST(the_end_of_the_gate_ends_all)
{
    struct net_blocking_tcp tcp = { 0 }, second = { 0 }, third = { 0 };
    struct net_blocking_listener listener = { 0 };
    connect_to(&tcp, "10.0.0.2:7");
    connect_to(&second, "10.0.0.2:7");
    struct worker reader = { .tcp = &tcp, .size = 10, .to = "10.0.0.2:7" };
    struct worker writer = { .tcp = &second, .size = 2000000 };
    struct worker acceptor = { .listener = &listener, .tcp = &third };
    struct worker resolver = { .to = "nobody.example" };
    run(&acceptor, do_listen);
    start(&acceptor, do_accept);
    start(&reader, do_read);
    start(&writer, do_write);
    inproc_advance(100 * OS_MS);
    start(&resolver, do_resolve);
    inproc_advance(100 * OS_MS);
    ck_assert_int_eq(resolver.done, 0);
    net_blocking_fini(&own);
    finish(&reader);
    finish(&writer);
    finish(&acceptor);
    finish(&resolver);
    ck_err(reader.err, OS_ERR_CANCELLED);
    ck_err(writer.err, OS_ERR_CANCELLED);
    ck_err(acceptor.err, OS_ERR_CANCELLED);
    ck_err(resolver.err, OS_ERR_CANCELLED);
    run(&reader, do_connect); /* of what is there still, by a gate that is not */
    ck_err(reader.err, OS_ERR_BAD_ARG);
    net_blocking_close(&tcp);
    net_blocking_close(&second);
    net_blocking_listener_close(&listener);
    run(&reader, do_connect);
    ck_err(reader.err, OS_ERR_CANCELLED);
    ck_ok(net_blocking_init(&own, &a.stack, 0));
    inproc_advance(OS_SEC);
}
END_TEST

/* ---- peers ---- */

START_TEST(what_peers_do_is_told)
{
    struct net_blocking_tcp tcp = { 0 };
    struct worker worker = { .tcp = &tcp, .to = "10.0.0.2:99", .size = 10 };
    run(&worker, do_connect);
    ck_err(worker.err, OS_ERR_REFUSED);
    ck_assert_ptr_null(tcp.own);
    connect_to(&tcp, "10.0.0.2:7");
    start(&worker, do_read);
    inproc_advance(100 * OS_MS);
    os_signal_submit(example_end_signal); /* the peer is gone, and knows of no connection when it is back */
    inproc_idle();
    ck_fini(&example);
    inproc_env_init(&example, "b");
    inproc_env_construct(&example, construct);
    inproc_advance(3 * OS_SEC);
    struct worker writer = { .tcp = &tcp, .size = 10 };
    run(&writer, do_write);
    finish(&worker);
    ck_err(worker.err, OS_ERR_DEAD);
    run(&writer, do_write);
    ck_err(writer.err, OS_ERR_DEAD);
    net_blocking_close(&tcp);
    inproc_advance(OS_SEC);
}
END_TEST

/* ---- the rest ---- */

static struct net_blocking_udp sender;

static void do_send(struct worker *worker)
{
    static char data[70000];
    struct net_addr to = addr("10.0.0.1:53");
    memset(data, 'x', sizeof(data));
    worker->err = net_blocking_udp_send(&sender, &to, data, worker->size, deadline(worker));
}

START_TEST(datagrams_come_one_by_one)
{
    struct net_blocking_udp udp = { 0 };
    struct net_addr at;
    struct worker worker = { .udp = &udp, .to = ":53" }, opener = { .udp = &sender, .to = "any" };
    run(&worker, do_udp_open);
    ck_ok(worker.err);
    run(&opener, do_udp_open);
    net_blocking_udp_local(&udp, &at);
    ck_assert_uint_eq(at.port, 53);
    static const size_t sizes[] = { 1, 1300, 10000, 1200, 1200, 1200, 7 };
    for (size_t i = 0; i < OS_ARRAY_LEN(sizes); i++) {
        opener.size = sizes[i];
        run(&opener, do_send);
        ck_ok(opener.err);
    }
    /* 4096 bytes are for those that wait */
    static const size_t come[] = { 1, 1300, 1200, 1200, 7 };
    for (size_t i = 0; i < OS_ARRAY_LEN(come); i++) {
        run(&worker, do_receive);
        ck_ok(worker.err);
        ck_assert_uint_eq(worker.len, come[i]);
    }
    opener.size = 66000;
    run(&opener, do_send);
    ck_err(opener.err, OS_ERR_TOO_LARGE);
    net_blocking_udp_close(&udp);
    net_blocking_udp_close(&sender);
    inproc_advance(OS_SEC);
}
END_TEST

static void do_join(struct worker *worker)
{
    struct net_addr group = addr(worker->to);
    worker->err = net_blocking_udp_join(worker->udp, &group, deadline(worker));
}

static void do_leave(struct worker *worker)
{
    struct net_addr group = addr(worker->to);
    worker->err = net_blocking_udp_leave(worker->udp, &group, deadline(worker));
}

/* What somebody sends to a group comes from when it is joined until it is left. */
START_TEST(groups_are_joined_and_left)
{
    static const char *const groups[] = { "239.1.2.3:53", "[ff05::77]:53" };
    struct host c = { 0 };
    struct net_udp talker = { 0 };
    struct net_blocking_udp udp = { 0 };
    struct net_addr group = addr(groups[_i]);
    struct worker worker = { .udp = &udp, .to = _i ? "[::]:53" : ":53", .limit = OS_SEC };
    void (*const steps[])(struct worker *) = { NULL, do_join, do_leave };
    host_init(&c, "c", "ipv4: 10.0.0.3/24\nipv6: fd00::3/64");
    inproc_advance(3 * OS_SEC);
    ck_ok(net_udp_open(&c.stack, &talker, NULL));
    run(&worker, do_udp_open);
    ck_ok(worker.err);
    worker.to = groups[_i];
    for (size_t i = 0; i < OS_ARRAY_LEN(steps); i++) {
        if (steps[i]) {
            run(&worker, steps[i]);
            ck_ok(worker.err);
        }
        ck_ok(net_udp_send(&talker, &group, "x", 1));
        run(&worker, do_receive);
        ck_err(worker.err, steps[i] == do_join ? OS_OK : OS_ERR_DEADLINE);
    }
    net_blocking_udp_close(&udp);
    net_udp_close(&talker);
    host_fini(&c);
    inproc_advance(OS_SEC);
}
END_TEST

START_TEST(names_are_waited_for)
{
    struct worker worker = { .to = "10.1.2.3" };
    run(&worker, do_resolve);
    ck_ok(worker.err);
    ck_assert_uint_eq(worker.len, 1);
    worker.to = "somewhere.example";
    os_time before = os_clock_now();
    worker.limit = 10 * OS_MS;
    run(&worker, do_resolve);
    ck_err(worker.err, OS_ERR_DEADLINE);
    ck_assert_uint_lt(os_clock_now() - before, OS_SEC);
    worker.limit = 0; /* until the server has had all its chances */
    run(&worker, do_resolve);
    ck_err(worker.err, OS_ERR_DEADLINE);
    ck_assert_uint_gt(os_clock_now() - before, 2 * OS_SEC);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_million_bytes_come_back);
    tcase_add_test(tcase, losses_only_take_longer);
    tcase_add_test(tcase, what_was_written_is_sent_after_close);
    tcase_add_test(tcase, whoever_waits_too_long_is_told_so);
    tcase_add_test(tcase, a_write_says_how_much_it_could_do);
    tcase_add_test(tcase, a_close_by_another_thread_ends_waiting);
    tcase_add_test(tcase, one_reads_and_one_writes);
    tcase_add_test(tcase, the_end_of_the_gate_ends_all);
    tcase_add_test(tcase, what_peers_do_is_told);
    tcase_add_test(tcase, datagrams_come_one_by_one);
    tcase_add_loop_test(tcase, groups_are_joined_and_left, 0, 2);
    tcase_add_test(tcase, names_are_waited_for);
}

int main(void)
{
    return suite_run_case("net-blocking", add);
}
