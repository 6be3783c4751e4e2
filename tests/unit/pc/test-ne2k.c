/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-ne2k.c: the driver of the network card, with a card that is made here: of either size, that does what
 * the data sheet says, or says what cannot be right.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "../../../base-mach/drivers/nic/ne2k.h"

enum { MEMORY = 0x10000, ROUNDS = 20000, FRAME = 1514 };

static const uint8_t mac[NE2K_MAC] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

/* The card. Registers of bank 0 as they were written; those that are read are made below. */
static struct {
    struct ne2k_bus bus;
    uint8_t memory[MEMORY];
    uint32_t size; /* address behind its memory */
    int mirrors;   /* what is behind is the same again */
    int absent, slow, deaf;
    uint8_t reg[32], command, events, current, bank1[16];
    uint32_t address;
    uint8_t sent[2048];
    uint32_t sent_len;
    unsigned sends, accesses;
    int lies; /* registers and memory are noise */
} sim;

static struct ne2k card;

static uint8_t noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (uint8_t)(state >> 24);
}

static uint8_t *cell(uint32_t at)
{
    static uint8_t nothing;
    at &= MEMORY - 1;
    if (at >= sim.size && sim.mirrors)
        at = at - sim.size + 0x4000;
    nothing = 0xff;
    return at < 32 || (at >= 0x4000 && at < sim.size) ? &sim.memory[at] : &nothing;
}

static uint8_t sim_read(struct ne2k_bus *bus, unsigned reg)
{
    sim.accesses++;
    if (sim.absent)
        return 0xff;
    if (sim.lies)
        return noise();
    if (reg == 0x1f) {
        memset(sim.memory, 0, 32);
        for (int i = 0; i < NE2K_MAC; i++)
            sim.memory[2 * i] = sim.memory[2 * i + 1] = mac[i];
        sim.events = sim.deaf ? 0 : 0x80;
        return 0;
    }
    if (reg == 0)
        return sim.command;
    if (sim.command & 0x40)
        return reg == 7 ? sim.current : sim.bank1[reg & 15];
    return reg == 7 ? sim.events : 0;
}

static void transmit(void)
{
    const uint32_t from = sim.reg[4] * 256u;
    sim.sent_len = sim.reg[5] | (uint32_t)sim.reg[6] << 8;
    ck_assert_uint_le(sim.sent_len, sizeof(sim.sent));
    for (uint32_t i = 0; i < sim.sent_len; i++)
        sim.sent[i] = *cell(from + i);
    sim.sends++;
    if (!sim.slow)
        sim.events |= 2;
}

static void sim_write(struct ne2k_bus *bus, unsigned reg, uint8_t value)
{
    sim.accesses++;
    if (sim.lies || sim.absent)
        return;
    if (reg == 0) {
        sim.command = value;
        if (value & 0x18)
            sim.address = sim.reg[8] | (uint32_t)sim.reg[9] << 8;
        if (value & 4)
            transmit();
    } else if (sim.command & 0x40) {
        sim.bank1[reg & 15] = value;
        if (reg == 7)
            sim.current = value;
    } else if (reg == 7) {
        sim.events &= (uint8_t)~value;
    } else {
        sim.reg[reg & 31] = value;
    }
}

static void step(void)
{
    if (++sim.address == sim.reg[2] * 256u && sim.command & 8)
        sim.address = sim.reg[1] * 256u;
}

static void sim_read_words(struct ne2k_bus *bus, void *to, uint32_t count)
{
    ck_assert_uint_le(count, 512);
    for (uint32_t i = 0; i < 4 * count; i++) {
        ((uint8_t *)to)[i] = sim.absent ? 0xff : sim.lies ? noise() : *cell(sim.address);
        step();
    }
}

static void sim_write_words(struct ne2k_bus *bus, const void *from, uint32_t count)
{
    ck_assert_uint_le(count, 512);
    for (uint32_t i = 0; i < 4 * count; i++) {
        *cell(sim.address) = ((const uint8_t *)from)[i];
        step();
    }
}

/* A frame comes from the network. 0: there is no room. As QEMU's card does it. */
static int arrive(const uint8_t *data, uint32_t len)
{
    const uint32_t start = sim.reg[1] * 256u, stop = sim.reg[2] * 256u;
    const uint32_t at = sim.current * 256u, boundary = sim.reg[3] * 256u;
    const uint32_t room = at < boundary ? boundary - at : stop - start - (at - boundary);
    uint32_t next = at + ((len + 8 + 255) & ~255u);
    if (room < FRAME + 4)
        return 0;
    if (next >= stop)
        next -= stop - start;
    const uint8_t header[] = { 1, (uint8_t)(next >> 8), (uint8_t)(len + 4), (uint8_t)((len + 4) >> 8) };
    for (uint32_t i = 0; i < len + 4; i++) {
        uint32_t to = at + i < stop ? at + i : at + i - (stop - start);
        *cell(to) = i < 4 ? header[i] : data[i - 4];
    }
    sim.current = (uint8_t)(next >> 8);
    sim.events |= 1;
    return 1;
}

static void make(uint8_t *data, uint32_t len, unsigned number)
{
    for (uint32_t i = 0; i < len; i++)
        data[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

static void set_up(void)
{
    memset(&sim, 0, sizeof(sim));
    sim.bus = (struct ne2k_bus){ sim_read, sim_write, sim_read_words, sim_write_words };
    sim.size = 0xc000;
    ck_assert(ne2k_open(&card, &sim.bus));
}

static void expect_frame(uint32_t len, unsigned number)
{
    uint8_t wanted[FRAME], got[FRAME + 1];
    make(wanted, len, number);
    got[len] = 0xa5;
    ck_assert_uint_eq(ne2k_waiting(&card), len);
    ne2k_receive(&card, got);
    ck_assert(!memcmp(got, wanted, len));
    ck_assert_uint_eq(got[len], 0xa5);
}

START_TEST(sizes_of_memory_are_found)
{
    ck_assert(!memcmp(card.mac, mac, sizeof(mac)));
    ck_assert_uint_eq(sim.reg[2], 0xc0);
    sim.size = 0x8000;
    for (sim.mirrors = 0; sim.mirrors < 2; sim.mirrors++) {
        ck_assert(ne2k_open(&card, &sim.bus));
        ck_assert_uint_eq(sim.reg[2], 0x80);
    }
}
END_TEST

START_TEST(what_is_no_card_is_none)
{
    sim.absent = 1;
    ck_assert(!ne2k_events(&card));
    ck_assert(!ne2k_open(&card, &sim.bus));
    sim.absent = 0;
    sim.deaf = 1;
    ck_assert(!ne2k_open(&card, &sim.bus));
    sim.deaf = 0;
    sim.size = 0x4000;
    ck_assert(!ne2k_open(&card, &sim.bus));
}
END_TEST

/* Often around the ring, with frames over its end. */
START_TEST(frames_come_whole)
{
    uint8_t data[FRAME];
    unsigned number = 0, came = 0;
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 1 + round % 8; i++, number++) {
            uint32_t len = 60 + number * 37 % (FRAME - 59);
            make(data, len, number);
            ck_assert(arrive(data, len));
        }
        ck_assert(ne2k_events(&card));
        for (; came < number; came++)
            expect_frame(60 + came * 37 % (FRAME - 59), came);
        ck_assert_uint_eq(ne2k_waiting(&card), 0);
        ck_assert(!ne2k_more(&card));
    }
    ck_assert_uint_eq(card.counters.received, number);
    ck_assert_uint_eq(card.counters.restarts, 0);
}
END_TEST

START_TEST(full_card_goes_on)
{
    uint8_t data[FRAME];
    unsigned count;
    make(data, FRAME, 1);
    for (int round = 0; round < 5; round++) {
        for (count = 0; arrive(data, FRAME); count++)
            ;
        ck_assert_uint_ge(count, 16);
        ck_assert(ne2k_events(&card));
        while (count--)
            expect_frame(FRAME, 1);
        ck_assert_uint_eq(ne2k_waiting(&card), 0);
    }
}
END_TEST

/* Who sends all the time does not keep the driver for ever. */
START_TEST(frames_have_a_limit_for_each_event)
{
    uint8_t data[60];
    unsigned taken = 0;
    make(data, sizeof(data), 1);
    ck_assert(arrive(data, sizeof(data)) && ne2k_events(&card));
    while (ne2k_waiting(&card)) {
        ne2k_receive(&card, NULL);
        ck_assert(arrive(data, sizeof(data)));
        ck_assert_uint_lt(taken++, 200);
    }
    /* either it is known that there is more, or the card interrupts */
    ck_assert(ne2k_more(&card) || sim.events & 1);
    ck_assert(ne2k_events(&card) && ne2k_waiting(&card) == sizeof(data));
}
END_TEST

START_TEST(frames_are_sent)
{
    uint8_t data[FRAME];
    for (uint32_t len = NE2K_FRAME_MIN; len <= FRAME; len += 1 + len / 9) {
        make(data, len, len);
        memset(&sim.memory[0x4000], 0xee, 2048);
        ck_assert(ne2k_ready(&card));
        ne2k_send(&card, data, len);
        ck_assert_uint_eq(sim.sent_len, len < 60 ? 60 : len);
        ck_assert(!memcmp(sim.sent, data, len));
        for (uint32_t i = len; i < sim.sent_len; i++)
            ck_assert_uint_eq(sim.sent[i], 0);
    }
}
END_TEST

/* One that takes its time interrupts, and does so only then. */
START_TEST(slow_card_says_when_it_has_sent)
{
    uint8_t data[100] = { 0 };
    ck_assert(!(sim.reg[15] & 2));
    sim.slow = 1;
    ne2k_send(&card, data, sizeof(data));
    ck_assert(!ne2k_ready(&card));
    ck_assert(sim.reg[15] & 2);
    ck_assert(ne2k_events(&card) && !ne2k_ready(&card));
    sim.events |= 2;
    ck_assert(ne2k_events(&card) && ne2k_ready(&card));
    ck_assert(!(sim.reg[15] & 2));
}
END_TEST

/* What cannot be in a header: the card is set up anew, and the next frame comes. */
START_TEST(wrong_headers_restart_the_card)
{
    static const uint8_t wrong[][4] = {
        { 0, 0x47, 64, 0 },    { 1, 0x46, 64, 0 }, { 1, 0x45, 64, 0 },     { 1, 0xc0, 64, 0 },
        { 1, 0x4f, 64, 0 },    { 1, 0x47, 3, 0 },  { 1, 0x47, 17, 0 },     { 1, 0x4d, 0xef, 5 },
        { 1, 0x47, 255, 255 }, { 1, 0, 0, 0 },     { 255, 255, 255, 255 },
    };
    uint8_t data[60];
    make(data, sizeof(data), 3);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        set_up();
        ck_assert(arrive(data, sizeof(data)));
        memcpy(&sim.memory[0x4600], wrong[i], 4);
        ck_assert(ne2k_events(&card));
        ck_assert_msg(!ne2k_waiting(&card), "header %zu", i);
        ck_assert_uint_eq(card.counters.restarts, 1);
        ck_assert(arrive(data, sizeof(data)) && ne2k_events(&card));
        expect_frame(sizeof(data), 3);
    }
}
END_TEST

START_TEST(wrong_pages_restart_the_card)
{
    uint8_t data[60];
    make(data, sizeof(data), 3);
    for (int page = 0; page < 256; page += 255) {
        set_up();
        sim.current = (uint8_t)page;
        ck_assert(ne2k_events(&card));
        ck_assert_uint_eq(card.counters.restarts, 1);
        ck_assert(arrive(data, sizeof(data)) && ne2k_events(&card));
        expect_frame(sizeof(data), 3);
    }
}
END_TEST

START_TEST(overrun_is_counted)
{
    sim.events |= 0x10;
    ck_assert(ne2k_events(&card));
    ck_assert_uint_eq(card.counters.overruns, 1);
    ck_assert_uint_eq(ne2k_waiting(&card), 0);
}
END_TEST

/* Nothing but noise: no frame is longer than one, and no function lasts. */
START_TEST(noise_is_survived)
{
    uint8_t got[FRAME + 1] = { 0 }, data[FRAME] = { 0 };
    sim.lies = 1;
    got[FRAME] = 0xa5;
    for (int i = 0; i < ROUNDS; i++) {
        sim.accesses = 0;
        if (i % 64 == 0)
            (void)ne2k_open(&card, &sim.bus);
        (void)ne2k_events(&card);
        for (unsigned taken = 0; ne2k_waiting(&card); taken++) {
            ck_assert_uint_le(ne2k_waiting(&card), FRAME);
            if (ne2k_waiting(&card))
                ne2k_receive(&card, got);
            ck_assert_uint_lt(taken, 256);
        }
        if (ne2k_ready(&card))
            ne2k_send(&card, data, NE2K_FRAME_MIN + (uint32_t)i % (FRAME - NE2K_FRAME_MIN + 1));
        ck_assert_uint_eq(got[FRAME], 0xa5);
        ck_assert_uint_lt(sim.accesses, 40000);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network card");
    TCase *tcase = tcase_create("ne2k");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, sizes_of_memory_are_found);
    tcase_add_test(tcase, what_is_no_card_is_none);
    tcase_add_test(tcase, frames_come_whole);
    tcase_add_test(tcase, full_card_goes_on);
    tcase_add_test(tcase, frames_have_a_limit_for_each_event);
    tcase_add_test(tcase, frames_are_sent);
    tcase_add_test(tcase, slow_card_says_when_it_has_sent);
    tcase_add_test(tcase, wrong_headers_restart_the_card);
    tcase_add_test(tcase, wrong_pages_restart_the_card);
    tcase_add_test(tcase, overrun_is_counted);
    tcase_add_test(tcase, noise_is_survived);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
