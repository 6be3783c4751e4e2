/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-hostile.c: a peer that writes what it likes into the shared memory, when it likes. Whatever it does, a
 * side returns packets within the buffer, with numbers that nobody else has, loops no longer than there are
 * slots, and forgets nothing; and if it notices, the stream ends with a name.
 */
#include <stdatomic.h>
#include <string.h>

#include <lib/packet_stream.h>

#include "suite.h"

enum { SLOTS = 4, BULK = 4096, DESC = 5 };

/* ---- every word, at every step */

/* What the test itself knows of both sides, and holds them to. */
struct shadow {
    struct bare bare;
    struct os_packet sent[SLOTS]; /* by id: under way, as submitted */
    uint8_t under_way[SLOTS];
    struct os_packet mine[SLOTS]; /* allocated, not submitted */
    uint32_t nmine;
    struct os_packet held[SLOTS]; /* taken by the sink */
    uint32_t nheld;
    uint32_t calls; /* of handlers, in one event */
    os_err source_err, sink_err;
};

static struct shadow shadow;

static void check_sticky(os_err *before, os_err now)
{
    if (*before)
        must(now == *before);
    else
        must(!now || now == OS_ERR_BAD_MSG);
    *before = now;
}

static void check_shadow(void)
{
    check_sticky(&shadow.source_err, shadow.bare.source.side.err);
    check_sticky(&shadow.sink_err, shadow.bare.sink.side.err);
    check_records(&shadow.bare.source);
}

static void check_place(const struct os_packet *packet, const uint8_t *bulk)
{
    const uint8_t *data = packet->data;
    must(data >= bulk && data <= bulk + BULK);
    must((size_t)(data - bulk) % OS_PACKET_ALIGN == 0);
    must(packet->len <= (size_t)(bulk + BULK - data));
}

static void step_alloc(void)
{
    struct os_packet packet;
    os_err err = os_packet_source_alloc(&shadow.bare.source, 600, &packet);
    if (shadow.source_err)
        must(err == shadow.source_err);
    if (err)
        return;
    must(packet.id < SLOTS);
    must(!shadow.under_way[packet.id]);
    memset(packet.data, 0x55, packet.len); /* all of it is ours: ASan and the bounds below say so */
    check_place(&packet, shadow.bare.source.side.data);
    shadow.mine[shadow.nmine++] = packet;
}

static void step_submit(void)
{
    if (!shadow.nmine)
        return;
    struct os_packet packet = shadow.mine[--shadow.nmine];
    os_err err = os_packet_source_submit(&shadow.bare.source, &packet, "abcd");
    if (err) {
        must(err == shadow.bare.source.side.err);
        os_packet_source_free(&shadow.bare.source, &packet);
        return;
    }
    shadow.under_way[packet.id] = 1;
    shadow.sent[packet.id] = packet;
}

static void step_flush(void)
{
    os_packet_source_flush(&shadow.bare.source);
    os_packet_sink_flush(&shadow.bare.sink);
}

static void step_get(void)
{
    struct os_packet packet;
    uint8_t desc[DESC];
    if (!os_packet_sink_get(&shadow.bare.sink, &packet, desc))
        return;
    must(packet.id < SLOTS);
    for (uint32_t i = 0; i < shadow.nheld; i++)
        must(packet.id != shadow.held[i].id);
    check_place(&packet, shadow.bare.sink.side.data);
    must(shadow.nheld < SLOTS);
    shadow.held[shadow.nheld++] = packet;
}

static void step_ack(void)
{
    if (shadow.nheld)
        os_packet_sink_ack(&shadow.bare.sink, &shadow.held[--shadow.nheld], "efgh");
}

static void step_acked(void)
{
    struct os_packet packet;
    uint8_t desc[DESC];
    if (!os_packet_source_acked(&shadow.bare.source, &packet, desc))
        return;
    must(packet.id < SLOTS);
    must(shadow.under_way[packet.id]);
    must(packet.data == shadow.sent[packet.id].data);
    must(packet.len == shadow.sent[packet.id].len);
    shadow.under_way[packet.id] = 0;
    os_packet_source_free(&shadow.bare.source, &packet);
}

static void step_arm(void)
{
    os_packet_source_arm(&shadow.bare.source, 1);
    (void)packet_side_arm(&shadow.bare.sink.side, 1);
}

static void handle_sink(struct os_packet_side *side)
{
    shadow.calls++;
    step_get();
    step_ack();
}

static void handle_source(struct os_packet_side *side)
{
    shadow.calls++;
    step_acked();
}

/* Nobody submits meanwhile: what was seen, what an index says that has jumped by as much, and one for
 * nothing. */
enum { MOST_CALLS = 2 * SLOTS + 1 };

static void step_sink_event(void)
{
    shadow.calls = 0;
    shadow.bare.sink.side.event(&shadow.bare.sink.side);
    must(shadow.calls <= MOST_CALLS);
}

static void step_source_event(void)
{
    shadow.calls = 0;
    shadow.bare.source.side.event(&shadow.bare.source.side);
    must(shadow.calls <= MOST_CALLS);
}

static void (*const steps[])(void) = {
    step_alloc,      step_submit, step_flush,        step_get,        step_alloc,        step_submit,
    step_alloc,      step_submit, step_flush,        step_ack,        step_get,          step_get,
    step_acked,      step_alloc,  step_ack,          step_ack,        step_flush,        step_acked,
    step_acked,      step_arm,    step_submit,       step_flush,      step_sink_event,   step_source_event,
    step_alloc,      step_submit, step_alloc,        step_submit,     step_alloc,        step_submit,
    step_alloc,      step_submit, step_arm,          step_sink_event, step_source_event, step_flush,
    step_sink_event, step_acked,  step_source_event, step_acked,
};

static void shadow_init(uint32_t start)
{
    memset(&shadow, 0, sizeof(shadow));
    bare_init(&shadow.bare, SLOTS, BULK, DESC);
    bare_start_at(&shadow.bare, start);
    shadow.bare.sink.side.deliver = handle_sink;
    shadow.bare.source.side.deliver = handle_source;
}

static void scribble(_Atomic uint32_t *word, uint32_t how, uint64_t *random)
{
    uint32_t old = *word;
    switch (how) {
    case 0:
        *word = 0;
        break;
    case 1:
        *word = UINT32_MAX;
        break;
    case 2:
        *word = old + 1;
        break;
    case 3:
        *word = old - 1;
        break;
    case 4:
        *word = old + SLOTS;
        break;
    case 5:
        *word = old ^ 0x80000000u;
        break;
    case 6:
        *word = next_random(random) % (2 * SLOTS);
        break;
    default:
        *word = next_random(random);
    }
}
enum { WAYS = 8 };

/* The words that are in use: two areas of one page each, of which the rings end in the first KiB. */
enum { AREA = OS_PAGE_SIZE / 4, USED = 96 };

static _Atomic uint32_t *used_word(uint32_t i)
{
    _Atomic uint32_t *words = shadow.bare.memory;
    return words + (i < USED ? i : AREA + i - USED);
}

START_TEST(every_word_at_every_step)
{
    uint64_t random = 1;
    unsigned noticed = 0;
    /* the words that are scribbled on reach beyond the rings */
    ck_assert_uint_lt(64 + SLOTS * (SUBMIT_WORDS + 2), USED);
    for (uint32_t word = 0; word < 2 * USED; word++)
        for (size_t at = 0; at < OS_ARRAY_LEN(steps); at++)
            for (uint32_t how = 0; how < WAYS; how++) {
                shadow_init(how % 2 ? 0 : 0u - 2);
                for (size_t i = 0; i < OS_ARRAY_LEN(steps); i++) {
                    if (i == at)
                        scribble(used_word(word), how, &random);
                    steps[i]();
                    check_shadow();
                }
                noticed += shadow.source_err || shadow.sink_err;
                bare_fini(&shadow.bare);
            }
    ck_assert_uint_gt(noticed, 500); /* it is an attack indeed */
}
END_TEST

/* Any number of words, between any two of any steps; with memory that is the attacker's from the beginning.
 */
START_TEST(any_words_at_any_time)
{
    unsigned noticed = 0, survived = 0;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        uint64_t random = seed;
        uint32_t rate = 1 + next_random(&random) % 64;
        shadow_init(next_random(&random));
        for (int i = 0; i < 200; i++) {
            if (next_random(&random) % rate == 0)
                for (uint32_t n = next_random(&random) % 4; n--;)
                    scribble(used_word(next_random(&random) % (2 * USED)), next_random(&random) % WAYS,
                             &random);
            steps[next_random(&random) % OS_ARRAY_LEN(steps)]();
            check_shadow();
        }
        noticed += shadow.source_err || shadow.sink_err;
        survived += !shadow.source_err && !shadow.sink_err;
        bare_fini(&shadow.bare);
    }
    ck_assert_uint_gt(noticed, 100);
    ck_assert_uint_gt(survived, 100);
}
END_TEST

/* Without an attack the same steps end no stream. */
START_TEST(no_false_alarm)
{
    for (uint64_t seed = 0; seed < 1000; seed++) {
        uint64_t random = seed;
        shadow_init(next_random(&random));
        for (int i = 0; i < 200; i++) {
            steps[next_random(&random) % OS_ARRAY_LEN(steps)]();
            check_shadow();
        }
        ck_ok(shadow.source_err);
        ck_ok(shadow.sink_err);
        bare_fini(&shadow.bare);
    }
}
END_TEST

/* A peer that always has one more packet or acknowledgement does not keep the handler running. */
static uint32_t endless;

static void handle_endless_sink(struct os_packet_side *side)
{
    struct os_packet packet;
    endless++;
    while (os_packet_sink_get(&shadow.bare.sink, &packet, (uint8_t[DESC]){ 0 })) {
        os_packet_sink_ack(&shadow.bare.sink, &packet, "abcd");
        /* the peer runs on another processor, as it were */
        must(os_packet_source_reclaim(&shadow.bare.source) == 1);
        shadow.under_way[packet.id] = 0;
        step_alloc();
        step_submit();
    }
}

static void handle_endless_source(struct os_packet_side *side)
{
    struct os_packet packet;
    uint8_t desc[DESC];
    endless++;
    while (os_packet_source_acked(&shadow.bare.source, &packet, desc)) {
        os_packet_source_free(&shadow.bare.source, &packet);
        ck_ok(os_packet_source_alloc(&shadow.bare.source, 1, &packet));
        ck_ok(os_packet_source_submit(&shadow.bare.source, &packet, desc));
        ck_assert_int_eq(os_packet_sink_get(&shadow.bare.sink, &packet, desc), 1);
        os_packet_sink_ack(&shadow.bare.sink, &packet, desc);
    }
}

START_TEST(a_peer_that_never_ends_gets_its_share)
{
    endless = 0;
    shadow_init(0);
    shadow.bare.sink.side.deliver = handle_endless_sink;
    step_alloc();
    step_submit();
    shadow.bare.sink.side.event(&shadow.bare.sink.side);
    ck_assert_uint_eq(endless, 1);
    ck_assert_uint_eq(shadow.bare.sink.side.taken, OS_PACKET_BATCH);
    bare_fini(&shadow.bare);

    struct os_packet packet;
    endless = 0;
    shadow_init(0);
    shadow.bare.source.side.deliver = handle_endless_source;
    step_alloc();
    step_submit();
    ck_assert_int_eq(os_packet_sink_get(&shadow.bare.sink, &packet, (uint8_t[DESC]){ 0 }), 1);
    os_packet_sink_ack(&shadow.bare.sink, &packet, "abcd");
    os_packet_source_arm(&shadow.bare.source, 1);
    shadow.bare.source.side.event(&shadow.bare.source.side);
    ck_assert_uint_eq(endless, 1);
    ck_assert_uint_eq(shadow.bare.source.side.taken, OS_PACKET_BATCH);
    bare_fini(&shadow.bare);
}
END_TEST

/* ---- attacks with a name, on two components */

static const struct os_packet_size size = { .slots = SLOTS, .bulk = BULK };

static unsigned server_ends, client_ends, served;

static void serve_packets(struct up_sink *sink)
{
    struct up_packet packet;
    while (up_sink_get(sink, &packet)) {
        served++;
        up_sink_ack(sink, &packet);
    }
}

static void up_has_ended(struct up_sink *sink)
{
    server_ends++;
    ck_err(up_sink_err(sink), OS_ERR_BAD_MSG);
}

static void down_has_ended(struct down_source *source)
{
    server_ends++;
    ck_err(down_source_err(source), OS_ERR_BAD_MSG);
}

static void client_has_ended(struct up_source *source)
{
    client_ends++;
}

static void setup(void)
{
    server_ends = client_ends = served = 0;
    serve_up = serve_packets;
    up_ended = up_has_ended;
    down_ended = down_has_ended;
    serve_down = NULL;
    open_pair(1);
    up_source.ended = client_has_ended;
}

/* The client is the attacker: it has attached the memory like any client, and writes to it as it likes. */
static struct os_packet_side *attack_up(void)
{
    ck_ok(pair_up_connect(&up_source, client.env.ep, session.cap, size));
    return &up_source.base.side;
}

static void put(struct os_packet_side *side, uint32_t n, uint32_t id, uint32_t offset, uint32_t len)
{
    _Atomic uint32_t *entry = side->own_ring + (n % SLOTS) * side->own_words;
    entry[SUBMIT_ID] = id;
    entry[SUBMIT_OFFSET] = offset;
    entry[SUBMIT_LEN] = len;
    *side->own_index = n + 1;
    os_signal_submit(side->peer);
    inproc_idle();
}

/* The stream has ended, and nothing but the stream. */
static void expect_up_ended(const char *why)
{
    struct up_packet packet;
    inproc_idle();
    ck_assert_uint_eq(server_ends, 1);
    ck_assert_str_eq(up_sink_why(&pair->up), why);
    ck_assert_int_eq(up_sink_get(&pair->up, &packet), 0);
    os_signal_submit(up_source.base.side.peer);
    inproc_idle();
    ck_assert_uint_eq(server_ends, 1);
    ck_ok(pair_poke(session.cap));
}

static const char *const wrong_index = "the peer's index is wrong";
static const char *const wrong_id = "the number of the packet is out of range or in use";
static const char *const wrong_place = "the packet is not in the bulk buffer";
static const char *const wrong_ack = "an acknowledgement of what is not under way";

START_TEST(index_jumps)
{
    static const uint32_t jumps[] = { SLOTS + 1, 0x7fffffff, 0x80000000u, UINT32_MAX };
    struct os_packet_side *side = attack_up();
    *side->own_index = jumps[_i];
    os_signal_submit(side->peer);
    expect_up_ended(wrong_index);
}
END_TEST

START_TEST(index_goes_back)
{
    struct os_packet_side *side = attack_up();
    put(side, 0, 0, 0, 1);
    put(side, 1, 1, 0, 1);
    ck_assert_uint_eq(served, 2);
    *side->own_index = 1;
    os_signal_submit(side->peer);
    expect_up_ended(wrong_index);
}
END_TEST

START_TEST(packets_beyond_the_buffer)
{
    static const uint32_t places[][2] = { { BULK, 1 },        { BULK + 1, 0 },
                                          { 0, BULK + 1 },    { 1, BULK },
                                          { UINT32_MAX, 1 },  { 1, UINT32_MAX },
                                          { UINT32_MAX, 64 }, { 0x80000000u, 0x80000000u } };
    struct os_packet_side *side = attack_up();
    put(side, 0, 0, BULK - OS_PACKET_ALIGN, OS_PACKET_ALIGN); /* the last byte is fine */
    put(side, 1, 1, BULK, 0);                                 /* and nothing, behind it */
    ck_assert_uint_eq(served, 2);
    put(side, 2, 2, places[_i][0], places[_i][1]);
    ck_assert_uint_eq(served, 2);
    expect_up_ended(wrong_place);
}
END_TEST

/* Whoever reads packets as structures, or copies them by wide words, relies on where they begin. */
START_TEST(packets_that_begin_anywhere)
{
    static const uint32_t offsets[] = { 1, 4, OS_PACKET_ALIGN / 2, BULK - 1 };
    struct os_packet_side *side = attack_up();
    put(side, 0, 0, OS_PACKET_ALIGN, 1);
    ck_assert_uint_eq(served, 1);
    put(side, 1, 1, offsets[_i], 1);
    ck_assert_uint_eq(served, 1);
    expect_up_ended(wrong_place);
}
END_TEST

START_TEST(numbers_of_packets)
{
    static const uint32_t ids[] = { SLOTS, UINT32_MAX, 0x80000000u };
    struct os_packet_side *side = attack_up();
    put(side, 0, ids[_i], 0, 1);
    expect_up_ended(wrong_id);
}
END_TEST

static struct up_packet kept[SLOTS];
static unsigned nkept;

static void keep_packets(struct up_sink *sink)
{
    while (up_sink_get(sink, &kept[nkept]))
        nkept++;
}

START_TEST(a_number_twice)
{
    nkept = 0;
    serve_up = keep_packets;
    struct os_packet_side *side = attack_up();
    put(side, 0, 3, 0, 1);
    put(side, 1, 3, 0, 1);
    ck_assert_uint_eq(nkept, 1);
    expect_up_ended(wrong_id);
    up_sink_ack(&pair->up, &kept[0]); /* too late, and no harm */
    up_sink_flush(&pair->up);
}
END_TEST

START_TEST(more_than_the_ring_has)
{
    nkept = 0;
    serve_up = keep_packets;
    struct os_packet_side *side = attack_up();
    for (uint32_t i = 0; i < SLOTS; i++)
        put(side, i, i, 0, 1);
    ck_assert_uint_eq(nkept, SLOTS);
    put(side, SLOTS, 0, 0, 1); /* none of them is acknowledged */
    ck_assert_uint_eq(nkept, SLOTS);
    expect_up_ended(wrong_index);
}
END_TEST

/* The server as the source, and a client that acknowledges what it likes. */
static struct os_packet_side *attack_down(struct down_packet packets[SLOTS])
{
    ck_ok(pair_down_connect(&down_sink, client.env.ep, session.cap, size));
    for (uint32_t i = 0; i < SLOTS; i++) {
        ck_ok(down_source_alloc(&pair->down, 100, &packets[i]));
        if (i < 2)
            ck_ok(down_source_submit(&pair->down, &packets[i]));
    }
    return &down_sink.base.side;
}

static void ack(struct os_packet_side *side, uint32_t n, uint32_t id)
{
    side->own_ring[(n % SLOTS) * side->own_words] = id;
    *side->own_index = n + 1;
}

static void expect_down_ended(const char *why)
{
    struct down_packet packet;
    ck_assert_int_eq(down_source_acked(&pair->down, &packet), 0);
    ck_err(down_source_err(&pair->down), OS_ERR_BAD_MSG);
    ck_assert_str_eq(down_source_why(&pair->down), why);
    ck_assert_uint_eq(server_ends, 0); /* not from within a function */
    inproc_idle();
    ck_assert_uint_eq(server_ends, 1);
    ck_err(down_source_alloc(&pair->down, 1, &packet), OS_ERR_BAD_MSG);
    ck_assert_uint_eq(down_source_reclaim(&pair->down), 0);
    check_records(&pair->down.base);
    ck_ok(pair_poke(session.cap));
}

START_TEST(acknowledgements_again)
{
    struct down_packet packets[SLOTS], packet;
    struct os_packet_side *side = attack_down(packets);
    ack(side, 0, packets[0].id);
    ck_assert_int_eq(down_source_acked(&pair->down, &packet), 1);
    ack(side, 1, packets[0].id);
    expect_down_ended(wrong_ack);
}
END_TEST

START_TEST(acknowledgements_of_what_is_not_under_way)
{
    struct down_packet packets[SLOTS];
    struct os_packet_side *side = attack_down(packets);
    const uint32_t ids[] = { packets[2].id, packets[3].id, SLOTS, UINT32_MAX };
    ack(side, 0, ids[_i]);
    expect_down_ended(wrong_ack);
}
END_TEST

START_TEST(acknowledgements_of_what_was_freed)
{
    struct down_packet packets[SLOTS];
    struct os_packet_side *side = attack_down(packets);
    ack(side, 0, packets[0].id);
    ck_assert_uint_eq(down_source_reclaim(&pair->down), 1);
    ack(side, 1, packets[0].id);
    expect_down_ended(wrong_ack);
}
END_TEST

START_TEST(more_acknowledgements_than_packets)
{
    static const uint32_t jumps[] = { 3, SLOTS, SLOTS + 1, UINT32_MAX, 0x80000000u };
    struct down_packet packets[SLOTS];
    struct os_packet_side *side = attack_down(packets);
    *side->own_index = jumps[_i];
    expect_down_ended(wrong_index);
}
END_TEST

/* What a loop waits for does not come, but the end of the stream. */
START_TEST(a_wait_ends_with_the_stream)
{
    struct down_packet packets[SLOTS];
    struct os_packet_side *side = attack_down(packets);
    *side->own_index = 77;
    ck_err(os_packet_source_wait(&pair->down.base, 1, OS_NEVER), OS_ERR_BAD_MSG);
    inproc_idle();
}
END_TEST

/* The server attacks: the client's source. */
START_TEST(a_server_that_attacks)
{
    struct up_packet packet;
    nkept = 0;
    serve_up = keep_packets;
    attack_up();
    ck_ok(up_source_alloc(&up_source, 1, &packet));
    ck_ok(up_source_submit(&up_source, &packet));
    struct os_packet_side *side = &pair->up.base.side;
    side->own_ring[ACK_ID] = packet.id ^ 1;
    *side->own_index = 1;
    ck_assert_int_eq(up_source_acked(&up_source, &packet), 0);
    ck_err(up_source_err(&up_source), OS_ERR_BAD_MSG);
    inproc_idle();
    ck_assert_uint_eq(client_ends, 1);
}
END_TEST

/* Signals without end, and words that change all the time, keep nobody else from being served. */
START_TEST(floods)
{
    struct os_packet_side *side = attack_up();
    uint64_t random = 3;
    for (uint32_t i = 0; i < 2000; i++) {
        *side->own_wake = next_random(&random);
        _Atomic uint32_t *wake = (_Atomic uint32_t *)side->peer_wake;
        *wake = next_random(&random);
        for (int n = 0; n < 3; n++)
            os_signal_submit(side->peer);
        ck_ok(pair_poke(session.cap));
    }
    ck_assert_uint_eq(pair->pokes, 2000);
    ck_assert_uint_eq(server_ends, 0);
}
END_TEST

/* ---- what a client gets from a server that it should not trust either */

static os_dataspace_cap offer;

static os_err begin_and_attach(os_dataspace_cap ds)
{
    struct os_packet_size asked = size;
    os_signal_cap wake;
    ck_ok(up_source_begin(&up_source, client.env.ep, &asked, &wake));
    os_err err = up_source_attach(&up_source, (up_cap){ os_cap_copy(ds.cap) },
                                  (os_signal_cap){ os_cap_copy(client.env.pd.cap) }, session.cap.cap);
    up_source_fini(&up_source);
    return err;
}

START_TEST(memory_that_is_none)
{
    uint32_t caps = inproc_caps_in_use();
    ck_ok(os_ram_alloc(&client.env, OS_PAGE_SIZE, &offer)); /* too small */
    ck_err(begin_and_attach(offer), OS_ERR_BAD_ARG);
    os_ram_free(&client.env, offer);
    ck_err(begin_and_attach((os_dataspace_cap){ OS_NO_CAP }), OS_ERR_BAD_CAP);
    ck_err(begin_and_attach((os_dataspace_cap){ session.cap.cap }), OS_ERR_BAD_CAP);

    os_dataspace_cap whole;
    ck_ok(os_ram_alloc(&client.env, OS_MIB(1), &whole)); /* larger does no harm */
    ck_ok(begin_and_attach(whole));
    ck_ok(os_dataspace_readonly(whole, &offer));
    ck_err(begin_and_attach(offer), OS_ERR_DENIED);
    os_cap_drop(offer.cap);
    os_ram_free(&client.env, whole);
    ck_assert_uint_eq(inproc_caps_in_use(), caps);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *words = tcase_create("words"), *attacks = tcase_create("attacks");
    tcase_set_timeout(words, 120);
    tcase_add_test(words, every_word_at_every_step);
    tcase_add_test(words, any_words_at_any_time);
    tcase_add_test(words, no_false_alarm);
    tcase_add_test(words, a_peer_that_never_ends_gets_its_share);

    tcase_set_timeout(attacks, 60);
    tcase_add_checked_fixture(attacks, setup, close_pair);
    tcase_add_loop_test(attacks, index_jumps, 0, 4);
    tcase_add_test(attacks, index_goes_back);
    tcase_add_loop_test(attacks, packets_beyond_the_buffer, 0, 8);
    tcase_add_loop_test(attacks, packets_that_begin_anywhere, 0, 4);
    tcase_add_loop_test(attacks, numbers_of_packets, 0, 3);
    tcase_add_test(attacks, a_number_twice);
    tcase_add_test(attacks, more_than_the_ring_has);
    tcase_add_test(attacks, acknowledgements_again);
    tcase_add_loop_test(attacks, acknowledgements_of_what_is_not_under_way, 0, 4);
    tcase_add_test(attacks, acknowledgements_of_what_was_freed);
    tcase_add_loop_test(attacks, more_acknowledgements_than_packets, 0, 5);
    tcase_add_test(attacks, a_wait_ends_with_the_stream);
    tcase_add_test(attacks, a_server_that_attacks);
    tcase_add_test(attacks, floods);
    tcase_add_test(attacks, memory_that_is_none);
    suite_add_tcase(suite, words);
    suite_add_tcase(suite, attacks);
    return suite_run(suite);
}
