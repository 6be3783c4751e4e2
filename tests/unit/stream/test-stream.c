/* SPDX-License-Identifier: BSD-2-Clause */
/* test-stream.c: packet streams between a client and a server that both keep the protocol. */
#include <stdlib.h>
#include <string.h>

#include "suite.h"

enum { SLOTS = 8, BULK = 64 * 1024 };

static const struct os_packet_size size = { .slots = SLOTS, .bulk = BULK };

/* What the server's sink has seen. */
static struct {
    unsigned packets, calls, most; /* most: in one call of handle */
    uint64_t bytes;
    int hold; /* keeps packets instead of acknowledging them */
    struct up_packet held[1024];
    unsigned nheld;
} got;

static void fill(void *data, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++)
        ((uint8_t *)data)[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

static void check(const void *data, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++)
        must(((const uint8_t *)data)[i] == (uint8_t)(seed + i * 7 + (i >> 8)));
}

static void take_all(struct up_sink *sink)
{
    struct up_packet packet;
    unsigned n = 0;
    got.calls++;
    for (; up_sink_get(sink, &packet); n++) {
        check(packet.data, packet.len, packet.desc.n);
        ck_assert_uint_eq(packet.desc.tag, UINT64_C(0x123456789abcdef) + packet.desc.n);
        got.packets++;
        got.bytes += packet.len;
        packet.desc.result = packet.desc.n + 1;
        if (got.hold)
            got.held[got.nheld++] = packet;
        else
            up_sink_ack(sink, &packet);
    }
    if (n > got.most)
        got.most = n;
}

static void count_end(struct up_sink *sink)
{
    ck_abort_msg("the stream ended: %s", up_sink_why(sink));
}

static void setup(void)
{
    memset(&got, 0, sizeof(got));
    serve_up = take_all;
    up_ended = count_end;
    serve_down = NULL;
    down_ended = NULL;
    open_pair(1);
}

static void setup_loop(void)
{
    setup();
    close_pair();
    open_pair(0);
}

static void send(uint32_t len, uint32_t n)
{
    struct up_packet packet;
    ck_ok(up_source_alloc(&up_source, len, &packet));
    ck_assert_uint_eq((uintptr_t)packet.data % OS_PACKET_ALIGN, 0);
    ck_assert_uint_eq(packet.desc.tag, 0);
    fill(packet.data, len, n);
    packet.desc.tag = UINT64_C(0x123456789abcdef) + n;
    packet.desc.n = n;
    ck_ok(up_source_submit(&up_source, &packet));
}

static void take_ack(uint32_t n)
{
    struct up_packet packet;
    ck_assert_int_eq(up_source_acked(&up_source, &packet), 1);
    ck_assert_uint_eq(packet.desc.n, n);
    ck_assert_uint_eq(packet.desc.result, n + 1);
    check(packet.data, packet.len, n); /* it is where it was until it is freed */
    up_source_free(&up_source, &packet);
}

START_TEST(carries_packets_of_all_sizes)
{
    static const uint32_t sizes[] = { 0, 1, 63, 64, 65, 1500, 4095, 4096, 4097, BULK / 2, BULK - 1, BULK };
    struct up_packet packet;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < OS_ARRAY_LEN(sizes); i++) {
        send(sizes[i], i);
        up_source_flush(&up_source);
        inproc_idle();
        ck_assert_uint_eq(got.packets, i + 1);
        take_ack(i);
        ck_assert_int_eq(up_source_acked(&up_source, &packet), 0);
    }
    ck_err(up_source_alloc(&up_source, BULK + 1, &packet), OS_ERR_TOO_LARGE);
    ck_err(up_source_alloc(&up_source, UINT32_MAX, &packet), OS_ERR_TOO_LARGE);
    ck_ok(up_source_err(&up_source));
}
END_TEST

START_TEST(goes_round_many_times)
{
    uint64_t random = 1;
    uint32_t sent = 0, acked = 0;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (int round = 0; round < 500; round++) {
        struct up_packet probe;
        for (uint32_t left = next_random(&random) % SLOTS + 1; left; left--) {
            if (up_source_alloc(&up_source, 12000, &probe))
                break;
            up_source_free(&up_source, &probe);
            send(next_random(&random) % 12000, sent++);
        }
        up_source_flush(&up_source);
        inproc_idle();
        while (acked < sent)
            take_ack(acked++);
    }
    ck_assert_uint_eq(got.packets, sent);
}
END_TEST

/* The other direction, with a descriptor of an odd size, and a sink that is a loop. */
START_TEST(the_server_as_the_source)
{
    struct down_packet packet;
    ck_ok(pair_down_connect(&down_sink, client.env.ep, session.cap, size));
    ck_assert_int_eq(down_sink_get(&down_sink, &packet), 0);
    for (uint32_t i = 0; i < 3 * SLOTS; i++) {
        ck_ok(down_source_alloc(&pair->down, 100, &packet));
        memcpy(packet.desc.text, "abcd", 5);
        fill(packet.data, 100, i);
        packet.len = 90; /* less than was allocated */
        ck_ok(down_source_submit(&pair->down, &packet));
        ck_ok(down_sink_wait(&down_sink, OS_NEVER));
        ck_assert_int_eq(down_sink_get(&down_sink, &packet), 1);
        ck_assert_uint_eq(packet.len, 90);
        ck_assert_str_eq((char *)packet.desc.text, "abcd");
        check(packet.data, 90, i);
        packet.desc.text[4] = 'e';
        down_sink_ack(&down_sink, &packet);
        ck_assert_int_eq(down_source_acked(&pair->down, &packet), 1);
        ck_assert_int_eq(packet.desc.text[4], 'e');
        ck_assert_uint_eq(packet.len, 90);
        down_source_free(&pair->down, &packet);
    }
}
END_TEST

START_TEST(slots_run_out_and_come_back)
{
    struct up_packet packet;
    got.hold = 1;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < SLOTS; i++)
        send(1, i);
    ck_err(up_source_alloc(&up_source, 1, &packet), OS_ERR_BUSY);
    up_source_flush(&up_source);
    inproc_idle();
    ck_assert_uint_eq(got.nheld, SLOTS);
    /* in any order, and the ring of acknowledgements has room for all of them */
    for (uint32_t i = SLOTS; i--;)
        up_sink_ack(&pair->up, &got.held[i]);
    ck_err(up_source_alloc(&up_source, 1, &packet), OS_ERR_BUSY);
    for (uint32_t i = SLOTS; i--;)
        take_ack(i);
    for (uint32_t i = 0; i < SLOTS; i++)
        send(1, i);
}
END_TEST

START_TEST(what_a_side_does_wrong_is_refused)
{
    struct up_packet packet, other;
    got.hold = 1;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    ck_ok(up_source_alloc(&up_source, 100, &packet));
    other = packet;
    other.id = SLOTS;
    ck_err(up_source_submit(&up_source, &other), OS_ERR_BAD_ARG);
    up_source_free(&up_source, &other);
    other.id = packet.id + 1; /* not allocated */
    ck_err(up_source_submit(&up_source, &other), OS_ERR_BAD_ARG);
    up_source_free(&up_source, &other);
    packet.len = 101;
    ck_err(up_source_submit(&up_source, &packet), OS_ERR_BAD_ARG);
    packet.len = 0;
    packet.desc.tag = UINT64_C(0x123456789abcdef);
    ck_ok(up_source_submit(&up_source, &packet));
    ck_err(up_source_submit(&up_source, &packet), OS_ERR_BAD_ARG);
    up_source_free(&up_source, &packet); /* under way */
    up_source_flush(&up_source);
    inproc_idle();

    other = got.held[0];
    other.id ^= 1;
    up_sink_ack(&pair->up, &other); /* a packet that it does not have */
    other.id = UINT32_MAX;
    up_sink_ack(&pair->up, &other);
    ck_assert_uint_eq(up_source_reclaim(&up_source), 0);
    up_sink_ack(&pair->up, &got.held[0]);
    up_sink_ack(&pair->up, &got.held[0]); /* twice */
    ck_assert_uint_eq(up_source_reclaim(&up_source), 1);
    ck_assert_uint_eq(up_source_reclaim(&up_source), 0);
    up_source_free(&up_source, &packet); /* a second time */
    for (uint32_t i = 0; i < SLOTS; i++)
        ck_ok(up_source_alloc(&up_source, 1, &packet));
    ck_err(up_source_alloc(&up_source, 1, &packet), OS_ERR_BUSY);
    ck_ok(up_source_err(&up_source));
}
END_TEST

/* ---- who is woken when: a signal for each time that a side has gone to sleep, and none besides */

static void expect_signals(uint32_t from_source, uint32_t from_sink)
{
    inproc_idle();
    ck_assert_uint_eq(up_source_signals(&up_source), from_source);
    ck_assert_uint_eq(up_sink_signals(&pair->up), from_sink);
}

START_TEST(a_batch_is_one_signal)
{
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < SLOTS; i++)
        send(1, i);
    ck_assert_uint_eq(up_source_signals(&up_source), 0);
    up_source_flush(&up_source);
    up_source_flush(&up_source);
    expect_signals(1, 0); /* nobody waits for acknowledgements */
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_uint_eq(up_source_reclaim(&up_source), SLOTS);

    /* it sleeps again */
    send(1, 0);
    up_source_flush(&up_source);
    expect_signals(2, 0);
}
END_TEST

START_TEST(an_awake_sink_is_not_signalled)
{
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    send(1, 0);
    up_source_flush(&up_source); /* it is about to run, but has not yet */
    for (uint32_t i = 1; i < SLOTS; i++) {
        send(1, i);
        up_source_flush(&up_source);
    }
    expect_signals(1, 0);
    ck_assert_uint_eq(got.packets, SLOTS);
    ck_assert_uint_eq(got.calls, 1);
}
END_TEST

static unsigned ack_calls, ack_count;
static uint32_t rearm;

static void count_acks(struct up_source *source)
{
    ack_calls++;
    ack_count += up_source_reclaim(source);
    if (rearm)
        up_source_arm(source, rearm);
}

START_TEST(a_source_is_woken_as_it_asked)
{
    ack_calls = ack_count = rearm = 0;
    up_source.handle = count_acks;
    got.hold = 1;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    up_source_arm(&up_source, 1); /* nothing is under way: nothing happens */
    for (uint32_t i = 0; i < SLOTS; i++)
        send(1, i);
    up_source_arm(&up_source, 3); /* flushes */
    expect_signals(1, 0);
    for (uint32_t i = 0; i < 6; i++) {
        up_sink_ack(&pair->up, &got.held[i]);
        up_sink_flush(&pair->up);
        expect_signals(1, i >= 2);
        ck_assert_uint_eq(ack_calls, i >= 2);
    }
    ck_assert_uint_eq(ack_count, 3);
    up_source_arm(&up_source, 1); /* there are three: at once, without the sink's doing */
    ck_assert_uint_eq(ack_calls, 1);
    expect_signals(1, 1);
    ck_assert_uint_eq(ack_calls, 2);
    ck_assert_uint_eq(ack_count, 6);

    up_source_arm(&up_source, 1000); /* two are under way, and no more are waited for */
    up_sink_ack(&pair->up, &got.held[6]);
    up_sink_flush(&pair->up);
    expect_signals(1, 1);
    up_sink_ack(&pair->up, &got.held[7]);
    up_sink_flush(&pair->up);
    expect_signals(1, 2);
    ck_assert_uint_eq(ack_calls, 3);
    ck_assert_uint_eq(ack_count, 8);
}
END_TEST

START_TEST(one_packet_at_a_time_is_a_signal_each_way)
{
    ack_calls = ack_count = 0;
    rearm = 1;
    up_source.handle = count_acks;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < 100; i++) {
        send(4096, i);
        up_source_arm(&up_source, 1);
        expect_signals(i + 1, i + 1);
        ck_assert_uint_eq(ack_count, i + 1);
    }
    ck_assert_uint_eq(got.calls, 100);
    ck_assert_uint_eq(ack_calls, 100);
}
END_TEST

START_TEST(a_loop_of_one_packet_is_a_signal_each_way)
{
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < 100; i++) {
        send(4096, i);
        ck_ok(up_source_wait(&up_source, 1, OS_NEVER));
        take_ack(i);
    }
    expect_signals(100, 100);
}
END_TEST

/* ---- events */

static struct os_signal_handler other_handler;
static os_signal_cap other_signal;
static unsigned packets_before_other;

static void on_other(struct os_signal_handler *handler)
{
    packets_before_other = got.packets;
}

START_TEST(a_flood_lets_others_have_their_turn)
{
    struct os_packet_size large = { .slots = 1024, .bulk = BULK };
    ck_ok(os_signal_handler_init(&other_handler, server.env.ep, on_other, &other_signal));
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, large));
    for (uint32_t i = 0; i < 1000; i++)
        send(1, i);
    up_source_flush(&up_source);
    os_signal_submit(other_signal);
    inproc_idle();
    ck_assert_uint_eq(got.packets, 1000);
    ck_assert_uint_eq(got.most, OS_PACKET_BATCH);
    ck_assert_uint_eq(got.calls, (1000 + OS_PACKET_BATCH - 1) / OS_PACKET_BATCH);
    ck_assert_uint_eq(packets_before_other, OS_PACKET_BATCH);
    ck_assert_uint_eq(up_source_signals(&up_source), 1);
    os_signal_handler_fini(&other_handler);
    os_cap_drop(other_signal.cap);

    /* the same for acknowledgements */
    ack_calls = ack_count = rearm = 0;
    up_source_reclaim(&up_source);
    up_source_fini(&up_source);
    up_sink_fini(&pair->up);
    up_source.handle = count_acks;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, large));
    for (uint32_t i = 0; i < 1000; i++)
        send(1, i);
    up_source_arm(&up_source, 1000);
    inproc_idle();
    ck_assert_uint_eq(ack_count, 1000);
    ck_assert_uint_eq(ack_calls, (1000 + OS_PACKET_BATCH - 1) / OS_PACKET_BATCH);
}
END_TEST

static void count_event(void *arg)
{
    unsigned *events = arg;
    (*events)++;
    inproc_at_event(0, count_event, events);
}

START_TEST(a_batch_that_was_all_is_no_event_more)
{
    struct os_packet_size large = { .slots = 2 * OS_PACKET_BATCH, .bulk = BULK };
    unsigned events = 0;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, large));
    inproc_idle();
    for (uint32_t i = 0; i < OS_PACKET_BATCH; i++)
        send(1, i);
    inproc_at_event(0, count_event, &events);
    up_source_flush(&up_source);
    inproc_idle();
    ck_assert_uint_eq(got.packets, OS_PACKET_BATCH);
    ck_assert_uint_eq(events, 1);
    /* it sleeps, and one more is told */
    send(1, 0);
    up_source_flush(&up_source);
    inproc_idle();
    inproc_at_event(0, NULL, NULL);
    ck_assert_uint_eq(got.packets, OS_PACKET_BATCH + 1);
    ck_assert_uint_eq(events, 2);
}
END_TEST

static void take_one(struct up_sink *sink)
{
    struct up_packet packet;
    got.calls++;
    ck_assert_int_eq(up_sink_get(sink, &packet), 1);
    up_sink_ack(sink, &packet);
    got.packets++;
}

START_TEST(a_handler_may_take_one_at_a_time)
{
    serve_up = take_one;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < SLOTS; i++)
        send(1, i);
    up_source_flush(&up_source);
    expect_signals(1, 0);
    ck_assert_uint_eq(got.packets, SLOTS);
    ck_assert_uint_eq(got.calls, SLOTS);
}
END_TEST

static int refuse;

static void take_unless_refused(struct up_sink *sink)
{
    if (refuse)
        got.calls++;
    else
        take_all(sink);
}

START_TEST(a_handler_that_takes_nothing_is_left_alone)
{
    serve_up = take_unless_refused;
    refuse = 1;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < SLOTS; i++) {
        send(1, i);
        up_source_flush(&up_source);
        inproc_idle();
    }
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_uint_eq(up_source_signals(&up_source), 1);
    refuse = 0;
    ck_assert_uint_eq(got.packets, 0);
    up_sink_resume(&pair->up);
    inproc_idle();
    ck_assert_uint_eq(got.packets, SLOTS);
    up_sink_resume(&pair->up); /* is not paused: nothing */
    inproc_idle();
    ck_assert_uint_eq(got.calls, 2);
}
END_TEST

static void end_in_handler(struct up_sink *sink)
{
    struct up_packet packet;
    got.calls++;
    ck_assert_int_eq(up_sink_get(sink, &packet), 1);
    up_sink_fini(sink);
    ck_assert_int_eq(up_sink_get(sink, &packet), 0);
}

static void free_in_handler(struct up_source *source)
{
    ack_calls++;
    up_source_fini(source);
    free(source);
}

START_TEST(a_handler_may_end_the_stream)
{
    struct up_source *source = calloc(1, sizeof(*source));
    struct up_packet packet;
    serve_up = end_in_handler;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    send(1, 1);
    send(1, 1);
    up_source_flush(&up_source);
    inproc_idle();
    ck_assert_uint_eq(got.calls, 1);
    up_source_fini(&up_source);

    /* the other role, in memory that is freed */
    ack_calls = 0;
    serve_up = take_one;
    source->handle = free_in_handler;
    ck_ok(pair_up_connect(source, client.env.ep, session.cap, size));
    for (int i = 0; i < 2; i++) {
        ck_ok(up_source_alloc(source, 1, &packet));
        ck_ok(up_source_submit(source, &packet));
    }
    up_source_arm(source, 2);
    inproc_idle();
    ck_assert_uint_eq(ack_calls, 1);
}
END_TEST

/* ---- waiting */

START_TEST(waiting_has_an_end)
{
    struct down_packet packet;
    got.hold = 1;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    ck_ok(pair_down_connect(&down_sink, client.env.ep, session.cap, size));
    ck_err(up_source_wait(&up_source, 1, OS_NEVER), OS_ERR_BAD_ARG); /* nothing is under way */
    ck_err(down_sink_wait(&down_sink, 0), OS_ERR_DEADLINE);
    ck_err(down_sink_wait(&down_sink, os_clock_now() + OS_MS), OS_ERR_DEADLINE);
    send(1, 1);
    ck_err(up_source_wait(&up_source, 1, os_clock_now() + OS_MS), OS_ERR_DEADLINE);
    ck_assert_uint_eq(got.nheld, 1); /* it has flushed */
    up_sink_ack(&pair->up, &got.held[0]);
    ck_ok(up_source_wait(&up_source, 1, 0)); /* is there */
    ck_assert_uint_eq(up_source_reclaim(&up_source), 1);

    ck_ok(down_source_alloc(&pair->down, 1, &packet));
    ck_ok(down_source_submit(&pair->down, &packet));
    ck_ok(down_sink_wait(&down_sink, 0));
    ck_ok(down_sink_wait(&down_sink, 0)); /* still */
    ck_assert_int_eq(down_sink_get(&down_sink, &packet), 1);
    ck_err(down_sink_wait(&down_sink, 0), OS_ERR_DEADLINE);
}
END_TEST

/* Each delivery is followed by the next, as from a peer that does nothing but signal. */
struct flood {
    struct os_signal_handler handler;
    os_signal_cap again;
    unsigned count;
};

enum { FLOOD = 1000 };

static void signal_again(struct os_signal_handler *handler)
{
    struct flood *flood = OS_CONTAINER_OF(handler, struct flood, handler);
    inproc_advance(OS_MS / 10);
    if (++flood->count < FLOOD)
        os_signal_submit(flood->again);
}

START_TEST(waiting_in_a_flood_has_an_end)
{
    struct flood flood = { 0 };
    ck_ok(pair_down_connect(&down_sink, client.env.ep, session.cap, size));
    ck_ok(os_signal_handler_init(&flood.handler, client.env.ep, signal_again, &flood.again));
    os_signal_submit(flood.again);
    ck_err(down_sink_wait(&down_sink, os_clock_now() + OS_MS), OS_ERR_DEADLINE);
    ck_assert_uint_lt(flood.count, FLOOD);
    os_signal_handler_fini(&flood.handler);
    os_cap_drop(flood.again.cap);
}
END_TEST

/* ---- ends */

static unsigned client_ends;

static void up_source_ended(struct up_source *source)
{
    client_ends++;
    ck_assert_int_ne(up_source_err(source), OS_OK);
}

static void down_sink_ended(struct down_sink *sink)
{
    client_ends++;
    down_sink_fini(sink);
}

START_TEST(the_end_of_the_server_is_told)
{
    struct up_packet packet;
    client_ends = 0;
    up_source.ended = up_source_ended;
    down_sink.ended = down_sink_ended;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    ck_ok(pair_down_connect(&down_sink, client.env.ep, session.cap, size));
    ck_ok(up_source_alloc(&up_source, 1, &packet));
    inproc_env_kill(&server);
    inproc_idle();
    ck_assert_uint_eq(client_ends, 2);
    ck_err(up_source_err(&up_source), OS_ERR_DEAD);
    ck_assert_str_eq(up_source_why(&up_source), os_err_text(OS_ERR_DEAD));
    memset(packet.data, 1, packet.len); /* the memory is there until fini */
    ck_err(up_source_submit(&up_source, &packet), OS_ERR_DEAD);
    ck_err(up_source_alloc(&up_source, 1, &packet), OS_ERR_DEAD);
    ck_err(up_source_wait(&up_source, 1, OS_NEVER), OS_ERR_DEAD);
    ck_assert_int_eq(up_source_acked(&up_source, &packet), 0);
    up_source_flush(&up_source);
    up_source_arm(&up_source, 1);
    pair = NULL;
}
END_TEST

/* A loop that waits is not left waiting. */
START_TEST(the_end_of_the_session_ends_a_wait)
{
    got.hold = 1;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    ck_ok(pair_down_connect(&down_sink, client.env.ep, session.cap, size));
    send(1, 1);
    os_object_fini(&pair->object);
    ck_err(up_source_wait(&up_source, 1, OS_NEVER), OS_ERR_REVOKED);
    ck_err(down_sink_wait(&down_sink, OS_NEVER), OS_ERR_REVOKED);
}
END_TEST

START_TEST(a_side_that_has_ended_or_never_begun_is_fine)
{
    struct up_packet packet = { 0 };
    struct up_sink sink = { 0 };
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    ck_ok(up_source_alloc(&up_source, 1, &packet));
    for (int round = 0; round < 3; round++) {
        up_source_fini(&up_source);
        ck_err(up_source_alloc(&up_source, 1, &packet), OS_ERR_BAD_ARG);
        ck_err(up_source_submit(&up_source, &packet), OS_ERR_BAD_ARG);
        ck_err(up_source_wait(&up_source, 1, OS_NEVER), OS_ERR_BAD_ARG);
        up_source_free(&up_source, &packet);
        up_source_flush(&up_source);
        up_source_arm(&up_source, 1);
        ck_assert_int_eq(up_source_acked(&up_source, &packet), 0);
        ck_assert_uint_eq(up_source_reclaim(&up_source), 0);
        ck_ok(up_source_err(&up_source));
    }
    up_sink_fini(&sink);
    ck_err(up_sink_wait(&sink, OS_NEVER), OS_ERR_BAD_ARG);
    ck_assert_int_eq(up_sink_get(&sink, &packet), 0);
    up_sink_ack(&sink, &packet);
    up_sink_flush(&sink);
    up_sink_resume(&sink);
    up_sink_fini(&pair->up);
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size)); /* anew */
    send(1, 1);
}
END_TEST

/* ---- setting up */

START_TEST(sizes_are_checked)
{
    static const struct os_packet_size wrong[] = {
        { 0, OS_PAGE_SIZE, 0 },
        { 3, OS_PAGE_SIZE, 0 },
        { 8192, OS_PAGE_SIZE, 0 },
        { 0x80000000u, OS_PAGE_SIZE, 0 },
        { 8, 0, 0 },
        { 8, OS_PAGE_SIZE - 1, 0 },
        { 8, OS_PAGE_SIZE + 64, 0 },
        { 8, OS_PACKET_MAX_BULK + OS_PAGE_SIZE, 0 },
        { UINT32_MAX, UINT32_MAX, 0 },
    };
    os_signal_cap none = { OS_NO_CAP }, wake;
    up_cap stream;
    for (size_t i = 0; i < OS_ARRAY_LEN(wrong); i++) {
        ck_err(pair_up_connect(&up_source, client.env.ep, session.cap, wrong[i]), OS_ERR_BAD_ARG);
        ck_assert_uint_eq(up_ram(wrong[i]), 0);
        /* and by a server, whatever a client of its own making says */
        struct os_packet_size says = wrong[i];
        says.kind = 1 << 16 | sizeof(struct up_desc);
        ck_err(pair_up(session.cap, says, none, &stream, &wake), OS_ERR_BAD_ARG);
    }
    ck_err(pair_up(session.cap, size, none, &stream, &wake), OS_ERR_WRONG_KIND);
    struct os_packet_size other = size;
    other.kind = 1 << 16 | 12;
    ck_err(pair_up(session.cap, other, none, &stream, &wake), OS_ERR_WRONG_KIND);
    other.kind = 2 << 16 | sizeof(struct up_desc);
    ck_err(pair_up(session.cap, other, none, &stream, &wake), OS_ERR_WRONG_KIND);
}
END_TEST

START_TEST(the_smallest_stream_works)
{
    struct os_packet_size smallest = { .slots = 1, .bulk = OS_PAGE_SIZE };
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, smallest));
    for (uint32_t i = 0; i < 10; i++) {
        send(4096, i);
        ck_ok(up_source_wait(&up_source, 1, OS_NEVER));
        take_ack(i);
    }
}
END_TEST

START_TEST(the_client_pays)
{
    uint64_t ram_before, ram;
    uint32_t caps_before, caps;
    inproc_env_used(&server, &ram_before, &caps_before);
    uint64_t used = pair->session.quota.ram_used;
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    ck_assert_uint_eq(pair->session.quota.ram_used - used, up_ram(size));
    ck_assert_uint_eq(pair->session.quota.caps_used, 1 + OS_PACKET_STREAM_CAPS);
    inproc_env_used(&server, &ram, &caps);
    ck_assert_uint_le(ram - ram_before, up_ram(size));
    ck_assert_uint_le(caps - caps_before, OS_PACKET_STREAM_CAPS);
    ck_assert_uint_ge(up_ram(size), BULK);

    /* once for each session */
    ck_err(pair_up_connect(&up_source, client.env.ep, session.cap, size), OS_ERR_EXISTS);
    struct up_source second = { 0 };
    ck_err(pair_up_connect(&second, client.env.ep, session.cap, size), OS_ERR_EXISTS);
    send(1, 1); /* the first one does not mind */

    struct os_packet_size large = { .slots = SLOTS, .bulk = OS_MIB(16) };
    ck_err(pair_down_connect(&down_sink, client.env.ep, session.cap, large), OS_ERR_RAM);
    ck_assert_uint_eq(pair->session.quota.caps_used, 1 + OS_PACKET_STREAM_CAPS);
}
END_TEST

/* Whatever fails half-way, nothing is left of it, and the next attempt works. */
START_TEST(failures_leave_nothing)
{
    static const struct {
        enum inproc_fault kind;
        os_err err;
    } faults[] = { { INPROC_FAIL_CALL, OS_ERR_HANDLES },
                   { INPROC_FAIL_SIGNAL, OS_ERR_CAPS },
                   { INPROC_FAIL_ATTACH, OS_ERR_RAM },
                   { INPROC_FAIL_RAM, OS_ERR_RAM } };
    unsigned failed = 0;
    for (size_t i = 0; i < OS_ARRAY_LEN(faults); i++)
        for (uint32_t n = 0; n < 3; n++) {
            uint32_t caps = inproc_caps_in_use(), objects = inproc_objects_in_use();
            inproc_fail_next(faults[i].kind, n, faults[i].err);
            os_err err = pair_up_connect(&up_source, client.env.ep, session.cap, size);
            inproc_fail_next(faults[i].kind, 0, OS_OK);
            if (err) {
                ck_err(err, faults[i].err);
                failed++;
            }
            up_source_fini(&up_source);
            up_sink_fini(&pair->up);
            inproc_idle();
            ck_assert_uint_eq(inproc_caps_in_use(), caps);
            ck_assert_uint_eq(inproc_objects_in_use(), objects);
            ck_assert_uint_eq(inproc_regions_in_use(), 0);
            ck_assert_uint_eq(pair->session.quota.caps_used, 1);
        }
    ck_assert_uint_ge(failed, 6);
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    send(1, 1);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, close_pair);
    tcase_add_test(tcase, carries_packets_of_all_sizes);
    tcase_add_test(tcase, goes_round_many_times);
    tcase_add_test(tcase, slots_run_out_and_come_back);
    tcase_add_test(tcase, what_a_side_does_wrong_is_refused);
    tcase_add_test(tcase, a_batch_is_one_signal);
    tcase_add_test(tcase, an_awake_sink_is_not_signalled);
    tcase_add_test(tcase, a_source_is_woken_as_it_asked);
    tcase_add_test(tcase, one_packet_at_a_time_is_a_signal_each_way);
    tcase_add_test(tcase, a_flood_lets_others_have_their_turn);
    tcase_add_test(tcase, a_batch_that_was_all_is_no_event_more);
    tcase_add_test(tcase, a_handler_may_take_one_at_a_time);
    tcase_add_test(tcase, a_handler_that_takes_nothing_is_left_alone);
    tcase_add_test(tcase, a_handler_may_end_the_stream);
    tcase_add_test(tcase, sizes_are_checked);
    tcase_add_test(tcase, the_client_pays);
    tcase_add_test(tcase, failures_leave_nothing);
    tcase_add_test(tcase, a_side_that_has_ended_or_never_begun_is_fine);
    tcase_add_test(tcase, the_end_of_the_server_is_told);
}

/* The client is a loop: the test's thread serves its entrypoint. */
static void add_loop(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup_loop, close_pair);
    tcase_add_test(tcase, the_server_as_the_source);
    tcase_add_test(tcase, a_loop_of_one_packet_is_a_signal_each_way);
    tcase_add_test(tcase, waiting_has_an_end);
    tcase_add_test(tcase, waiting_in_a_flood_has_an_end);
    tcase_add_test(tcase, the_end_of_the_session_ends_a_wait);
    tcase_add_test(tcase, the_smallest_stream_works);
}

int main(void)
{
    Suite *suite = suite_create("streams");
    TCase *served = tcase_create("served"), *loop = tcase_create("loop");
    tcase_set_timeout(served, 60);
    tcase_set_timeout(loop, 60);
    add(served);
    add_loop(loop);
    suite_add_tcase(suite, served);
    suite_add_tcase(suite, loop);
    return suite_run(suite);
}
