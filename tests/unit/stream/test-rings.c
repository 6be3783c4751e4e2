/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rings.c: the bulk buffer's allocator and the rings, without a platform. */
#include <stdlib.h>
#include <string.h>

#include <lib/packet_stream.h>
#include <platform/platform.h>

#include "suite.h"

static uint32_t gap_behind(const struct os_packet_source *source, uint32_t i)
{
    const struct os_packet_record *record = &source->records[i];
    uint32_t end =
        record->next == source->side.slots ? source->side.bulk : source->records[record->next].offset;
    return end - record->offset - record->size;
}

/* Steps to the gap that a packet of BYTES goes to, or -1 for none; as it is documented. */
static int steps_to_gap(const struct os_packet_source *source, uint32_t bytes)
{
    uint32_t head = source->side.slots, used = source->side.bulk - source->spare;
    int back = gap_behind(source, head) >= used && gap_behind(source, head) >= bytes;
    uint32_t i = back ? head : source->cursor, start = i;
    for (int steps = 1;; steps++) {
        if (gap_behind(source, i) >= bytes)
            return steps;
        i = source->records[i].next;
        if (i == start)
            return -1;
    }
}

static uint32_t rounded(uint32_t len)
{
    return len ? (len + OS_PACKET_ALIGN - 1) / OS_PACKET_ALIGN * OS_PACKET_ALIGN : OS_PACKET_ALIGN;
}

/* It fits exactly when there is a gap, and never overlaps another one. */
START_TEST(allocation_in_any_order)
{
    struct bare bare;
    struct os_packet packets[64];
    uint32_t count = 0, busy = 0;
    uint64_t random = 42;
    bare_init(&bare, 64, 64 * 1024, 0);
    for (int round = 0; round < 20000; round++) {
        uint32_t len = next_random(&random) % (next_random(&random) % 8 ? 2000 : 20000);
        if (next_random(&random) % 2 && count) {
            uint32_t i = next_random(&random) % count;
            os_packet_source_free(&bare.source, &packets[i]);
            packets[i] = packets[--count];
        } else {
            int fits = steps_to_gap(&bare.source, rounded(len)) > 0 && count < 64;
            os_err err = os_packet_source_alloc(&bare.source, len, &packets[count]);
            ck_err(err, fits ? OS_OK : OS_ERR_BUSY);
            busy += !fits;
            count += !err;
        }
        check_records(&bare.source);
    }
    ck_assert_uint_gt(busy, 100);
    while (count)
        os_packet_source_free(&bare.source, &packets[--count]);
    ck_ok(os_packet_source_alloc(&bare.source, 64 * 1024, &packets[0])); /* all of it is there again */
    bare_fini(&bare);
}
END_TEST

/*
 * Allocates and frees in the same order, with up to WINDOW packets of up to LEN bytes at a time, BATCH of
 * which are freed at once; where the last byte was that a packet had.
 */
static uint32_t allocate_in_order(uint32_t window, uint32_t batch, uint32_t len, int same)
{
    struct bare bare;
    struct os_packet packets[64];
    uint32_t first = 0, next = 0, end = 0, total = 0;
    uint64_t random = 7;
    bare_init(&bare, 64, 64 * 1024, 0);
    while (next < 20000) {
        uint32_t bytes = same ? len : next_random(&random) % len;
        int steps = steps_to_gap(&bare.source, rounded(bytes));
        if (next - first < window && steps > 0) {
            struct os_packet *packet = &packets[next++ % 64];
            total += (uint32_t)steps;
            ck_ok(os_packet_source_alloc(&bare.source, bytes, packet));
            uint32_t at = (uint32_t)((uint8_t *)packet->data - bare.source.side.data) + rounded(bytes);
            end = at > end ? at : end;
        } else {
            for (uint32_t i = 0; i < batch && first != next; i++)
                os_packet_source_free(&bare.source, &packets[first++ % 64]);
        }
    }
    ck_assert_uint_le(total, 2 * next);
    bare_fini(&bare);
    return end;
}

/* In the order of submission, the gap is among the first two that are looked at, on the average. */
START_TEST(allocation_in_order_is_fast)
{
    allocate_in_order(64, 1, 1500, 1);  /* until the buffer is full */
    allocate_in_order(64, 1, 1024, 1);  /* and until there are no more slots */
    allocate_in_order(10, 1, 6000, 0);  /* of any size, with room to spare */
    allocate_in_order(20, 1, 1500, 0);  /* with much of it */
    allocate_in_order(20, 10, 1500, 1); /* as acknowledgements come */
}
END_TEST

/* However large the buffer is, what is used of it is some two times what is in use, and stays in the cache.
 */
START_TEST(a_small_part_of_the_buffer_is_used)
{
    ck_assert_uint_le(allocate_in_order(1, 1, 1536, 1), 1536);
    ck_assert_uint_le(allocate_in_order(10, 1, 1536, 1), 21 * 1536);
    ck_assert_uint_le(allocate_in_order(16, 8, 1536, 1), 24 * 1536);
    ck_assert_uint_le(allocate_in_order(16, 16, 1536, 1), 16 * 1536);
}
END_TEST

START_TEST(what_is_left_over_is_for_others)
{
    struct bare bare;
    struct os_packet packet, other;
    bare_init(&bare, 4, 4096, 0);
    ck_ok(os_packet_source_alloc(&bare.source, 4096, &packet));
    ck_err(os_packet_source_alloc(&bare.source, 1, &other), OS_ERR_BUSY);
    packet.len = 65;
    ck_ok(os_packet_source_submit(&bare.source, &packet, NULL));
    ck_ok(os_packet_source_alloc(&bare.source, 4096 - 128, &other));
    ck_assert_ptr_eq(other.data, (uint8_t *)packet.data + 128);
    check_records(&bare.source);
    bare_fini(&bare);
}
END_TEST

static void deliver(struct bare *bare, uint32_t n, uint32_t len)
{
    struct os_packet packet;
    uint64_t tag = UINT64_C(0x1000000000) + n, read = 0;
    ck_ok(os_packet_source_alloc(&bare->source, len, &packet));
    memset(packet.data, (int)n, len);
    ck_ok(os_packet_source_submit(&bare->source, &packet, &tag));
    ck_assert_int_eq(os_packet_sink_get(&bare->sink, &packet, &read), 1);
    ck_assert_uint_eq(read, tag);
    ck_assert_uint_eq(packet.len, len);
    ck_assert_uint_eq(((uint8_t *)packet.data)[len - 1], (uint8_t)n);
    read = ~tag;
    os_packet_sink_ack(&bare->sink, &packet, &read);
    ck_assert_int_eq(os_packet_source_acked(&bare->source, &packet, &read), 1);
    ck_assert_uint_eq(read, ~tag);
    os_packet_source_free(&bare->source, &packet);
}

/* Counters wrap after four thousand millions of packets, with the rings empty, full and in between. */
START_TEST(counters_wrap)
{
    for (uint32_t slots = 1; slots <= 8; slots *= 2)
        for (uint32_t before = 0; before < 20; before++) {
            struct bare bare;
            struct os_packet packets[8];
            bare_init(&bare, slots, 4096, 8);
            bare_start_at(&bare, 0u - before);
            for (uint32_t n = 0; n < 10; n++)
                deliver(&bare, n, n + 1);
            for (int round = 0; round < 5; round++) {
                for (uint32_t i = 0; i < slots; i++) {
                    ck_ok(os_packet_source_alloc(&bare.source, 1, &packets[i]));
                    ck_ok(os_packet_source_submit(&bare.source, &packets[i], "12345678"));
                }
                for (uint32_t i = 0; i < slots; i++)
                    ck_assert_int_eq(os_packet_sink_get(&bare.sink, &packets[i], (char[8]){ 0 }), 1);
                for (uint32_t i = slots; i--;)
                    os_packet_sink_ack(&bare.sink, &packets[i], "12345678");
                ck_assert_uint_eq(os_packet_source_reclaim(&bare.source), slots);
            }
            ck_ok(bare.source.side.err);
            ck_ok(bare.sink.side.err);
            bare_fini(&bare);
        }
}
END_TEST

/* Where the index is around the point that the other side has armed for, wherever that is. */
START_TEST(woken_once_when_the_point_is_reached)
{
    for (uint32_t start = 0u - 9; start != 9; start++)
        for (uint32_t n = 1; n <= 4; n++) {
            struct bare bare;
            struct os_packet packet;
            unsigned woken = 0;
            bare_init(&bare, 8, 4096, 0);
            bare_start_at(&bare, start);
            ck_assert_int_eq(packet_side_arm(&bare.sink.side, n), 0);
            for (uint32_t i = 1; i <= 8; i++) {
                ck_ok(os_packet_source_alloc(&bare.source, 1, &packet));
                ck_ok(os_packet_source_submit(&bare.source, &packet, NULL));
                int wake = packet_side_flush(&bare.source.side);
                ck_assert_int_eq(wake, i == n);
                woken += (unsigned)wake;
                ck_assert_int_eq(packet_side_flush(&bare.source.side), 0);
            }
            ck_assert_uint_eq(woken, 1);
            ck_assert_int_eq(packet_side_arm(&bare.sink.side, 8), 1); /* all are there */
            bare_fini(&bare);
        }
}
END_TEST

/* What is submitted between arming and the flush is seen at the latest when it is looked once more. */
START_TEST(not_asleep_when_it_has_come_meanwhile)
{
    struct bare bare;
    struct os_packet packet;
    bare_init(&bare, 8, 4096, 0);
    ck_ok(os_packet_source_alloc(&bare.source, 1, &packet));
    ck_ok(os_packet_source_submit(&bare.source, &packet, NULL));
    ck_assert_int_eq(packet_side_arm(&bare.sink.side, 1), 1);
    ck_assert_int_eq(packet_side_flush(&bare.source.side), 0); /* it was awake */
    bare_fini(&bare);
}
END_TEST

/* The other side is woken when it can begin, not when all is there; and not again while it is awake. */
START_TEST(a_quarter_is_flushed_by_itself)
{
    struct bare bare;
    struct os_packet packets[16];
    bare_init(&bare, 16, 4096, 0);
    ck_assert_int_eq(packet_side_arm(&bare.sink.side, 1), 0);
    for (uint32_t i = 0; i < 16; i++) {
        ck_ok(os_packet_source_alloc(&bare.source, 1, &packets[i]));
        ck_ok(os_packet_source_submit(&bare.source, &packets[i], NULL));
        ck_assert_uint_eq(bare.source.side.signals, i >= 3);
    }
    ck_assert_int_eq(packet_side_arm(&bare.source.side, 8), 0);
    for (uint32_t i = 0; i < 16; i++) {
        ck_assert_int_eq(os_packet_sink_get(&bare.sink, &packets[i], NULL), 1);
        os_packet_sink_ack(&bare.sink, &packets[i], NULL);
        ck_assert_uint_eq(bare.sink.side.signals, i >= 7);
    }
    ck_assert_uint_eq(bare.source.side.signals, 1);
    bare_fini(&bare);
}
END_TEST

/* Two sides that share a processor cannot work at the same time: only a flush wakes the other one. */
START_TEST(who_sleeps_here_is_woken_by_the_flush)
{
    static const uint32_t where[][3] = { { 3, 3, 0 }, { 3, 4, 1 }, { PLAT_NO_CPU, PLAT_NO_CPU, 1 } };
    for (size_t i = 0; i < OS_ARRAY_LEN(where); i++) {
        struct bare bare;
        struct os_packet packet;
        bare_init(&bare, 16, 4096, 0);
        inproc_set_cpu(where[i][0]);
        ck_assert_int_eq(packet_side_arm(&bare.sink.side, 1), 0);
        inproc_set_cpu(where[i][1]);
        for (uint32_t n = 0; n < 16; n++) {
            ck_ok(os_packet_source_alloc(&bare.source, 1, &packet));
            ck_ok(os_packet_source_submit(&bare.source, &packet, NULL));
        }
        ck_assert_uint_eq(bare.source.side.signals, where[i][2]);
        os_packet_source_flush(&bare.source);
        ck_assert_uint_eq(bare.source.side.signals, 1);
        bare_fini(&bare);
    }
    inproc_set_cpu(PLAT_NO_CPU);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, allocation_in_any_order);
    tcase_add_test(tcase, allocation_in_order_is_fast);
    tcase_add_test(tcase, a_small_part_of_the_buffer_is_used);
    tcase_add_test(tcase, what_is_left_over_is_for_others);
    tcase_add_test(tcase, counters_wrap);
    tcase_add_test(tcase, woken_once_when_the_point_is_reached);
    tcase_add_test(tcase, not_asleep_when_it_has_come_meanwhile);
    tcase_add_test(tcase, a_quarter_is_flushed_by_itself);
    tcase_add_test(tcase, who_sleeps_here_is_woken_by_the_flush);
}

int main(void)
{
    return suite_run_case("rings", add);
}
