/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-threads.c: both sides of a stream on threads that really run side by side, on the same memory, so that
 * ThreadSanitizer sees every access. Without a platform: who is to be woken is woken by a semaphore, and a
 * wake-up that is lost lets the test hang until its time limit.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lib/packet_stream.h>

#include "parallel.h"
#include "suite.h"

enum { PACKETS = 20000 };

struct run {
    struct bare bare;
    uint32_t len;   /* largest packet */
    uint32_t batch; /* packets between two flushes */
    uint32_t acks;  /* that the source waits for */
    struct semaphore *wake_source, *wake_sink;
    uint32_t posts_source, posts_sink;   /* signals that were posted */
    uint32_t arms_source, arms_sink;     /* times that a side said that it was about to sleep, at most */
    uint32_t sleeps_source, sleeps_sink; /* and did */
    _Atomic int stop;                    /* for the attacker */
};

static void fill(const struct os_packet *packet, uint32_t n)
{
    memset(packet->data, (int)n, packet->len);
    if (packet->len >= sizeof(n))
        memcpy(packet->data, &n, sizeof(n));
}

static void check(const struct os_packet *packet, uint32_t n, uint32_t tag)
{
    uint32_t read = n;
    must(tag == n * 3);
    if (packet->len >= sizeof(n))
        memcpy(&read, packet->data, sizeof(read));
    must(read == n);
    for (uint32_t i = sizeof(n); i < packet->len; i++)
        must(((uint8_t *)packet->data)[i] == (uint8_t)n);
}

/* What the library would have signalled goes to the semaphore. */
static void post(struct run *run, struct os_packet_side *side)
{
    int source = side == &run->bare.source.side;
    for (uint32_t *posted = source ? &run->posts_source : &run->posts_sink; *posted != side->signals;
         ++*posted)
        semaphore_up(source ? run->wake_sink : run->wake_source);
}

static void flush(struct run *run, struct os_packet_side *side)
{
    packet_side_wake(side);
    post(run, side);
}

/* Flushes; then sleeps until COUNT entries wait, unless they do. */
static void sleep_until(struct run *run, struct os_packet_side *side, uint32_t count)
{
    int source = side == &run->bare.source.side;
    flush(run, side);
    for (;;) {
        ++*(source ? &run->arms_source : &run->arms_sink);
        if (packet_side_arm(side, count))
            return;
        ++*(source ? &run->sleeps_source : &run->sleeps_sink);
        semaphore_down(source ? run->wake_source : run->wake_sink);
    }
}

static void run_source(void *arg)
{
    struct run *run = arg;
    struct os_packet_source *source = &run->bare.source;
    struct os_packet packet;
    uint64_t random = 5;
    for (uint32_t n = 0; n < PACKETS;) {
        if (os_packet_source_alloc(source, next_random(&random) % (run->len + 1), &packet)) {
            uint32_t under_way = source->side.put - source->side.taken;
            sleep_until(run, &source->side, run->acks < under_way ? run->acks : under_way);
            must(os_packet_source_reclaim(source));
            continue;
        }
        fill(&packet, n);
        uint32_t tag = n * 3;
        must(!os_packet_source_submit(source, &packet, &tag));
        post(run, &source->side);
        if (++n % run->batch == 0)
            flush(run, &source->side);
    }
    while (source->side.put != source->side.taken) {
        sleep_until(run, &source->side, source->side.put - source->side.taken);
        os_packet_source_reclaim(source);
    }
}

static void run_sink(void *arg)
{
    struct run *run = arg;
    struct os_packet_sink *sink = &run->bare.sink;
    struct os_packet packet;
    uint32_t tag;
    for (uint32_t n = 0; n < PACKETS;) {
        sleep_until(run, &sink->side, 1);
        for (; os_packet_sink_get(sink, &packet, &tag); n++) {
            check(&packet, n, tag);
            os_packet_sink_ack(sink, &packet, &tag);
            post(run, &sink->side);
            if (n % run->batch == 0)
                flush(run, &sink->side);
        }
    }
    flush(run, &sink->side);
}

static void run_init(struct run *run, uint32_t slots, uint32_t bulk)
{
    bare_init(&run->bare, slots, bulk, 4);
    bare_start_at(&run->bare, 0u - PACKETS / 2);
    run->wake_source = semaphore_create();
    run->wake_sink = semaphore_create();
}

static void run_fini(struct run *run)
{
    semaphore_destroy(run->wake_source);
    semaphore_destroy(run->wake_sink);
    bare_fini(&run->bare);
}

static const struct {
    uint32_t slots, bulk, len, batch, acks;
} shapes[] = {
    { 1, 4096, 64, 1, 1 },      { 2, 4096, 2000, 1, 1 },       { 16, 65536, 4096, 1, 1 },
    { 16, 65536, 64, 7, 8 },    { 256, 65536, 100, 64, 128 },  { 64, 8192, 700, 3, 64 },
    { 4096, 65536, 1, 100, 1 }, { 8, 65536, 8000, 100, 1000 },
};

START_TEST(no_wake_up_is_lost)
{
    struct run run = { .len = shapes[_i].len, .batch = shapes[_i].batch, .acks = shapes[_i].acks };
    struct parallel *source, *sink;
    run_init(&run, shapes[_i].slots, shapes[_i].bulk);
    source = parallel_start(run_source, &run);
    sink = parallel_start(run_sink, &run);
    parallel_join(source);
    parallel_join(sink);
    ck_assert_uint_eq(run.bare.sink.side.taken, 0u - PACKETS / 2 + PACKETS);
    ck_ok(run.bare.source.side.err);
    ck_ok(run.bare.sink.side.err);
    check_records(&run.bare.source);
    /* a signal for each sleep, and none for who is awake */
    ck_assert_uint_ge(run.bare.source.side.signals, run.sleeps_sink);
    ck_assert_uint_ge(run.bare.sink.side.signals, run.sleeps_source);
    ck_assert_uint_le(run.bare.source.side.signals, run.arms_sink);
    ck_assert_uint_le(run.bare.sink.side.signals, run.arms_source);
    run_fini(&run);
}
END_TEST

/* ---- a third one that writes what it likes to all words of both areas, but not to the bytes of packets */

static void attack(void *arg)
{
    struct run *run = arg;
    _Atomic uint32_t *words = run->bare.memory;
    uint32_t count = (uint32_t)(run->bare.bytes - run->bare.size.bulk) / 4;
    uint64_t random = 9;
    while (!atomic_load(&run->stop)) {
        uint32_t word = next_random(&random) % count;
        /* mostly where it hurts */
        if (next_random(&random) % 4)
            word = word % (count / 2 < 128 ? 1 : 128) + (next_random(&random) % 2 ? 0 : count / 2);
        if (next_random(&random) % 2)
            atomic_store(&words[word], next_random(&random));
        else
            atomic_fetch_add(&words[word], next_random(&random) % 16);
    }
}

/* Neither side waits here: each looks a bounded number of times. */
static void attacked_source(void *arg)
{
    struct run *run = arg;
    struct os_packet_source *source = &run->bare.source;
    struct os_packet packet;
    uint32_t tag = 0;
    for (uint32_t n = 0; n < PACKETS && !source->side.err; n++) {
        if (!os_packet_source_alloc(source, 100, &packet))
            must(!os_packet_source_submit(source, &packet, &tag) || source->side.err);
        (void)packet_side_flush(&source->side);
        while (os_packet_source_acked(source, &packet, &tag)) {
            must(packet.id < source->side.slots);
            os_packet_source_free(source, &packet);
        }
        (void)packet_side_arm(&source->side, 1);
    }
    check_records(source);
}

static void attacked_sink(void *arg)
{
    struct run *run = arg;
    struct os_packet_sink *sink = &run->bare.sink;
    struct os_packet packet;
    uint32_t tag;
    for (uint32_t n = 0; n < PACKETS && !sink->side.err; n++) {
        for (int i = 0; i < 100 && os_packet_sink_get(sink, &packet, &tag); i++) {
            must(packet.id < sink->side.slots);
            must(packet.len <= sink->side.bulk);
            must((uint8_t *)packet.data + packet.len <= sink->side.data + sink->side.bulk);
            os_packet_sink_ack(sink, &packet, &tag);
        }
        (void)packet_side_flush(&sink->side);
        (void)packet_side_arm(&sink->side, 1);
    }
}

START_TEST(attacked_while_they_run)
{
    /* one processor turns to another thread every 100 ms or so, which makes a round long */
    int rounds = parallel_processors() > 1 ? 50 : 4;
    unsigned noticed = 0;
    for (int round = 0; round < rounds; round++) {
        struct run run = { .stop = 0 };
        struct parallel *source, *sink, *attacker;
        run_init(&run, 1u << round % 8, 65536);
        attacker = parallel_start(attack, &run);
        source = parallel_start(attacked_source, &run);
        sink = parallel_start(attacked_sink, &run);
        parallel_join(source);
        parallel_join(sink);
        atomic_store(&run.stop, 1);
        parallel_join(attacker);
        noticed += run.bare.source.side.err || run.bare.sink.side.err;
        run_fini(&run);
    }
    ck_assert_uint_gt(noticed, 0);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, no_wake_up_is_lost, 0, OS_ARRAY_LEN(shapes));
    tcase_add_test(tcase, attacked_while_they_run);
}

int main(void)
{
    return suite_run_case("threads", add);
}
