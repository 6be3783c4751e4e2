/* SPDX-License-Identifier: BSD-2-Clause */
/* test-switch.c: the switch between clients that keep the rules and others that do not, in virtual time. */
#include <os/config_rom.h>
#include <os/report.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../net/switch/switch.h"
#include "../lib/suite.h"
#include "../net-lib/card.h"

void switch_construct(struct os_env *env);

static const struct os_packet_size size = { .slots = 64, .bulk = OS_KIB(128) };
static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 };
static const uint8_t stranger[6] = { 2, 7, 7, 7, 7, 7 };
static const struct os_nic_info outside = { .mac = { 2, 9, 9, 9, 9, 9 }, .mtu = 1500, .link = 1 };

static struct inproc_env server;
static struct card a, b, c;

static void start(const char *config)
{
    inproc_env_init(&server, "switch");
    inproc_config_set(&server, config);
    inproc_env_construct(&server, switch_construct);
}

/* a and b as Nic clients, c as a driver of a way out. */
static void start_all(const char *config)
{
    start(config);
    card_init(&a, "a", size);
    card_init(&b, "b", size);
    card_init_uplink(&c, "c", size, outside);
}

static void finish(void)
{
    if (c.env.component)
        card_fini(&c);
    if (b.env.component)
        card_fini(&b);
    if (a.env.component)
        card_fini(&a);
    ck_assert_uint_eq(sw.waiting, 0);
    ck_assert(os_list_empty(&sw.server.ports));
    for (uint32_t i = 0; i < table_size(&sw.table); i++)
        ck_assert_ptr_null(sw.table.entries[i].port);
    net_port_server_fini(&sw.server);
    os_timeouts_close(&sw.timeouts);
    os_reporter_fini(&sw.report.reporter);
    os_config_rom_close(&sw.config);
    table_fini(&sw.table);
    ck_fini(&server);
}

static void drop_all(void)
{
    card_drop(&a);
    card_drop(&b);
    card_drop(&c);
}

static struct port *port_named(const char *label)
{
    OS_LIST_FOR_EACH (link, &sw.server.ports)
        if (!strncmp(port_at(link)->net.label, label, strlen(label)))
            return port_at(link);
    ck_abort_msg("no port %s", label);
    return NULL;
}

/* ---- learning */

START_TEST(frames_go_where_their_address_is)
{
    start_all("");
    card_send_test(&a, everybody, a.info.mac, 60, 1);
    ck_assert(card_got(&b, 0, a.info.mac, 60, 1) && card_got(&c, 0, a.info.mac, 60, 1));
    card_send_test(&a, group, a.info.mac, 60, 2);
    ck_assert(card_got(&b, 1, a.info.mac, 60, 2) && card_got(&c, 1, a.info.mac, 60, 2));
    drop_all();
    card_send_test(&a, b.info.mac, a.info.mac, 1514, 3);
    card_send_test(&b, a.info.mac, b.info.mac, 1514, 4);
    card_send_test(&c, a.info.mac, outside.mac, 1514, 5);
    ck_assert(card_got(&b, 0, a.info.mac, 1514, 3));
    ck_assert(card_got(&a, 0, b.info.mac, 1514, 4));
    ck_assert(card_got(&a, 1, outside.mac, 1514, 5));
    ck_assert_uint_eq(b.frames[0].flags, OS_NIC_INTACT);
    ck_assert_uint_eq(a.count + b.count + c.count, 3);
    drop_all();
    /* who is not known is looked for everywhere, until he has been seen */
    card_send_test(&a, stranger, a.info.mac, 60, 6);
    ck_assert_uint_eq(b.count + c.count, 2);
    card_send_test(&c, a.info.mac, stranger, 60, 7);
    drop_all();
    card_send_test(&a, stranger, a.info.mac, 60, 8);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(c.count, 1);
    /* never back to where it came from */
    card_send_test(&c, stranger, outside.mac, 60, 9);
    ck_assert_uint_eq(a.count + b.count + c.count, 1);
    finish();
}
END_TEST

START_TEST(learned_addresses_age)
{
    start_all("age: 10s\n");
    card_send_test(&c, a.info.mac, stranger, 60, 1);
    inproc_advance(9 * OS_SEC);
    drop_all();
    card_send_test(&a, stranger, a.info.mac, 60, 2);
    ck_assert_uint_eq(b.count, 0);
    inproc_advance(2 * OS_SEC);
    card_send_test(&a, stranger, a.info.mac, 60, 3);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(port_named("c")->learned, 0);
    /* one's own is known as long as the session */
    inproc_advance(3600 * OS_SEC);
    card_send_test(&a, outside.mac, a.info.mac, 60, 4);
    ck_assert_uint_eq(b.count, 1);
    finish();
}
END_TEST

/* Whoever makes up addresses fills his own share, and takes nobody's place. */
START_TEST(the_table_is_bounded)
{
    uint8_t mac[6] = { 2, 8, 0, 0, 0, 0 };
    start_all("table: 64\ndefault-policy:\n  addresses: 16\n");
    for (uint32_t i = 0; i < 5000; i++) {
        net_put32(mac + 2, i * 2654435761u);
        card_send_test(&c, a.info.mac, mac, 60, i);
    }
    ck_assert_uint_eq(port_named("c")->learned, 16);
    ck_assert_uint_eq(a.count, 5000);
    drop_all();
    card_send_test(&a, b.info.mac, a.info.mac, 60, 1);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(c.count, 0);
    /* when they have aged there is room again */
    inproc_advance(400 * OS_SEC);
    card_send_test(&c, a.info.mac, stranger, 60, 2);
    ck_assert_uint_eq(port_named("c")->learned, 1);
    finish();
}
END_TEST

/* Where an address was without a key: 64 that share a place then, which has room for 4. */
static uint32_t known_place(const uint8_t mac[6])
{
    uint32_t hash = net_get32(mac + 2) * 0x9e3779b1u ^ net_get16(mac) * 0x85ebca6bu;
    return (hash ^ hash >> 15) & 255;
}

/* How many of them are known after all have been seen, when RANDOM is where the key comes from. */
static uint32_t learn_chosen(uint64_t random)
{
    uint8_t mac[6] = { 2, 8, 0, 0, 0, 0 };
    uint32_t seen = 0;
    inproc_random_seed(random);
    start_all("table: 1024\n");
    for (uint32_t i = 0; seen < 64; i++) {
        net_put32(mac + 2, i);
        if (known_place(mac))
            continue;
        card_send_test(&c, a.info.mac, mac, 60, i);
        seen++;
    }
    uint32_t learned = port_named("c")->learned;
    finish();
    return learned;
}

START_TEST(nobody_chooses_addresses_that_meet)
{
    for (uint64_t random = 1; random <= 8; random++)
        ck_assert_uint_ge(learn_chosen(random), 60);
}
END_TEST

START_TEST(addresses_move)
{
    start_all("policy:\n  -\n    label: b*\n    other-macs: true\n");
    card_send_test(&c, a.info.mac, stranger, 60, 1);
    card_send_test(&b, a.info.mac, stranger, 60, 2);
    drop_all();
    card_send_test(&a, stranger, a.info.mac, 60, 3);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(c.count, 0);
    ck_assert_uint_eq(port_named("c")->learned, 0);
    /* with its port it is forgotten */
    card_fini(&c);
    card_fini(&b);
    card_init(&b, "b", size);
    card_send_test(&a, stranger, a.info.mac, 60, 4);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(port_named("b")->learned, 0);
    finish();
}
END_TEST

/* ---- addresses of ports */

START_TEST(addresses_are_made_from_labels)
{
    struct os_nic_session second;
    struct os_nic_info info;
    uint8_t mac[6];
    start_all("");
    memcpy(mac, a.info.mac, 6);
    ck_assert_uint_eq(mac[0], 2);
    ck_assert(!net_mac_equal(mac, b.info.mac));
    ck_assert_uint_eq(a.info.mtu, 1500);
    /* another session with the same label meanwhile */
    ck_ok(os_nic_open(&a.env.env, "", "", &second));
    ck_ok(os_nic_info(second.cap, &info));
    ck_assert(!net_mac_equal(mac, info.mac));
    os_nic_close(&second);
    finish();
    start("");
    card_init(&b, "b", size);
    card_init(&a, "a", size);
    ck_assert(net_mac_equal(mac, a.info.mac));
    card_fini(&a);
    card_fini(&b);
    finish();
}
END_TEST

START_TEST(addresses_by_policy)
{
    struct os_nic_session nic;
    struct inproc_env other;
    start("policy:\n  -\n    label: a*\n    mac: 02:00:00:00:00:07\n    mtu: 9000\n"
          "  -\n    label: b\n    mac: 02:00:00:00:00:07\n"
          "  -\n    label: bad*\n    mac: 01:00:00:00:00:07\n");
    card_init(&a, "a", size);
    ck_assert(net_mac_equal(a.info.mac, (const uint8_t[]){ 2, 0, 0, 0, 0, 7 }));
    ck_assert_uint_eq(a.info.mtu, 9000);
    inproc_env_init(&other, "b");
    ck_err(os_nic_open(&other.env, "", "", &nic), OS_ERR_EXISTS);
    ck_fini(&other);
    card_init(&b, "bad", size);
    ck_assert_uint_eq(b.info.mac[0], 2);
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "expected an address of one card"));
    /* to whom a frame is too long it does not come */
    card_send_test(&a, everybody, a.info.mac, 1515, 1);
    card_send_test(&a, everybody, a.info.mac, 1514, 2);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(port_named("bad")->net.rx.refused, 1);
    finish();
}
END_TEST

/* ---- policies */

START_TEST(nobody_speaks_for_others)
{
    struct os_nic_info taken = outside;
    start_all("");
    card_send_test(&a, everybody, b.info.mac, 60, 1);
    card_send_test(&a, everybody, stranger, 60, 2);
    card_send_test(&a, everybody, group, 60, 3);
    /* not even a driver, which may bring frames of anybody outside */
    card_send_test(&c, a.info.mac, b.info.mac, 60, 4);
    card_send_test(&c, a.info.mac, group, 60, 5);
    ck_assert_uint_eq(a.count + b.count + c.count, 0);
    ck_assert_uint_eq(port_named("a")->counters.spoofed, 3);
    ck_assert_uint_eq(port_named("c")->counters.spoofed, 2);
    card_fini(&c);
    memcpy(taken.mac, b.info.mac, sizeof(taken.mac));
    card_init_uplink(&c, "c", size, taken);
    card_send_test(&c, a.info.mac, b.info.mac, 60, 6);
    ck_assert_uint_eq(a.count, 0);
    card_send_test(&a, b.info.mac, a.info.mac, 60, 7);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(c.count, 0);
    finish();
}
END_TEST

START_TEST(refused_and_isolated)
{
    struct os_nic_session nic;
    struct inproc_env other;
    start_all("policy:\n  -\n    label: evil*\n    allow: false\n"
              "  -\n    label: a*\n    isolated: true\n  -\n    label: b*\n    isolated: true\n");
    inproc_env_init(&other, "evil");
    ck_err(os_nic_open(&other.env, "", "", &nic), OS_ERR_DENIED);
    ck_fini(&other);
    card_send_test(&a, b.info.mac, a.info.mac, 60, 1);
    ck_assert_uint_eq(b.count, 0);
    card_send_test(&a, everybody, a.info.mac, 60, 2);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(c.count, 1);
    ck_assert_uint_eq(port_named("a")->counters.isolated, 2);
    card_send_test(&c, everybody, outside.mac, 60, 3);
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(b.count, 1);
    finish();
}
END_TEST

START_TEST(the_rate_is_limited)
{
    start_all("policy:\n  -\n    label: a*\n    rate: 10000\n    burst: 2000\n"
              "  -\n    label: b*\n    rate-to: 100000\n    burst-to: 1514\n");
    for (uint32_t i = 0; i < 20; i++)
        card_send_test(&a, everybody, a.info.mac, 100, i);
    ck_assert_uint_eq(c.count, 20);
    card_send_test(&a, everybody, a.info.mac, 100, 20);
    ck_assert_uint_eq(c.count, 20);
    ck_assert_uint_eq(port_named("a")->counters.limited, 1);
    ck_assert_uint_eq(b.count, 15);
    ck_assert_uint_eq(port_named("b")->counters.limited, 5);
    /* 100 bytes every 10 ms */
    inproc_advance(9 * OS_MS);
    card_send_test(&a, everybody, a.info.mac, 100, 21);
    ck_assert_uint_eq(c.count, 20);
    inproc_advance(1 * OS_MS);
    card_send_test(&a, everybody, a.info.mac, 100, 22);
    ck_assert_uint_eq(c.count, 21);
    inproc_advance(OS_SEC * 86400);
    for (uint32_t i = 0; i < 30; i++)
        card_send_test(&a, everybody, a.info.mac, 100, i);
    ck_assert_uint_eq(c.count, 41);
    /* a burst has room for a frame at least */
    inproc_advance(OS_SEC);
    card_send_test(&c, b.info.mac, outside.mac, 1514, 1);
    ck_assert_uint_eq(b.frames[b.count - 1].len, 1514);
    finish();
}
END_TEST

/* ---- bad lines */

/* What a sends to c, frame by frame, in the order in which it comes; TEXT has a number or '-' for each. */
static void send_numbered(uint32_t count, os_time pause)
{
    for (uint32_t i = 0; i < count; i++) {
        card_send_test(&a, outside.mac, a.info.mac, 60, i);
        inproc_advance(pause);
    }
    inproc_advance(10 * OS_SEC);
}

static uint32_t number_of(const struct card_frame *frame)
{
    return frame->data[14] | (uint32_t)frame->data[15] << 8;
}

START_TEST(lost_by_chance_but_always_the_same)
{
    uint32_t first[300], count = 0;
    for (int run = 0; run < 3; run++) {
        start_all(run < 2 ? "policy:\n  -\n    label: a*\n    impair:\n      seed: 7\n      loss: 20%\n"
                          : "policy:\n  -\n    label: a*\n    impair:\n      seed: 8\n      loss: 20%\n");
        send_numbered(300, 0);
        ck_assert_uint_gt(c.count, 200);
        ck_assert_uint_lt(c.count, 280);
        ck_assert_uint_eq(port_named("a")->counters.lost, 300 - c.count);
        int same = c.count == count;
        for (uint32_t i = 0; i < c.count; i++) {
            same = same && first[i] == number_of(&c.frames[i]);
            first[i] = number_of(&c.frames[i]);
        }
        count = c.count;
        ck_assert_int_eq(same, run == 1);
        finish();
    }
}
END_TEST

START_TEST(delay_both_ways)
{
    start_all("policy:\n  -\n    label: a*\n    impair:\n      delay: 50ms\n");
    os_time begin = os_clock_now();
    card_send_test(&a, outside.mac, a.info.mac, 60, 1);
    inproc_advance(49 * OS_MS);
    ck_assert_uint_eq(c.count, 0);
    ck_assert_uint_eq(sw.waiting, 60);
    inproc_advance(2 * OS_MS);
    ck_assert_uint_eq(c.count, 1);
    ck_assert_uint_eq(c.frames[0].at - begin, 50 * OS_MS);
    begin = os_clock_now();
    card_send_test(&c, a.info.mac, outside.mac, 60, 2);
    inproc_advance(51 * OS_MS);
    ck_assert(card_got(&a, 0, outside.mac, 60, 2));
    ck_assert_uint_eq(a.frames[0].at - begin, 50 * OS_MS);
    ck_assert_uint_eq(sw.due_at, OS_NEVER); /* nothing wakes up any more */
    /* what waits goes with its port */
    card_send_test(&c, a.info.mac, outside.mac, 60, 3);
    card_send_test(&a, outside.mac, a.info.mac, 60, 3);
    finish();
}
END_TEST

START_TEST(jitter_keeps_the_order)
{
    unsigned early = 0, late = 0;
    start_all("policy:\n  -\n    label: a*\n    impair:\n      direction: from\n      delay: 20ms\n      "
              "jitter: 10ms\n");
    os_time begin = os_clock_now();
    send_numbered(200, 8 * OS_MS);
    ck_assert_uint_eq(c.count, 200);
    for (uint32_t i = 0; i < 200; i++) {
        os_time took = c.frames[i].at - begin - i * 8 * OS_MS;
        ck_assert_uint_eq(number_of(&c.frames[i]), i);
        ck_assert_uint_ge(took, 10 * OS_MS);
        ck_assert_uint_le(took, 30 * OS_MS);
        early += took < 20 * OS_MS;
        late += took > 20 * OS_MS;
    }
    ck_assert_uint_gt(early, 10);
    ck_assert_uint_gt(late, 10);
    finish();
}
END_TEST

START_TEST(reordered_duplicated_corrupted)
{
    unsigned moved = 0, twice = 0, wrong = 0;
    start_all("policy:\n  -\n    label: a*\n    impair:\n      direction: from\n      reorder: 10%\n      "
              "reorder-by: 3ms\n");
    send_numbered(200, OS_MS);
    ck_assert_uint_eq(c.count, 200);
    for (uint32_t i = 1; i < 200; i++)
        moved += number_of(&c.frames[i]) < number_of(&c.frames[i - 1]);
    ck_assert_uint_gt(moved, 5);
    ck_assert_uint_ge(port_named("a")->counters.reordered, moved);
    finish();

    start_all("policy:\n  -\n    label: a*\n    impair:\n      direction: to\n      duplicate: 10.5%\n");
    for (uint32_t i = 0; i < 200; i++)
        card_send_test(&c, a.info.mac, outside.mac, 60, i);
    for (uint32_t i = 1; i < a.count; i++)
        twice += number_of(&a.frames[i]) == number_of(&a.frames[i - 1]);
    ck_assert_uint_eq(a.count, 200 + twice);
    ck_assert_uint_eq(port_named("a")->counters.duplicated, twice);
    ck_assert_uint_gt(twice, 5);
    finish();

    start_all("policy:\n  -\n    label: a*\n    impair:\n      direction: from\n      corrupt: 50%\n");
    uint8_t sent[60];
    card_make_test(sent, outside.mac, a.info.mac, sizeof(sent), 5);
    for (uint32_t i = 0; i < 200; i++)
        card_send(&a, sent, sizeof(sent));
    for (uint32_t i = 0; i < c.count; i++) {
        unsigned bits = 0;
        for (size_t at = 0; at < sizeof(sent); at++)
            bits += (unsigned)__builtin_popcount(sent[at] ^ c.frames[i].data[at]);
        ck_assert_uint_le(bits, 1);
        ck_assert_uint_eq(c.frames[i].flags, bits ? 0 : OS_NIC_INTACT);
        wrong += bits;
    }
    ck_assert_uint_gt(wrong, 50);
    finish();
}
END_TEST

START_TEST(what_waits_is_bounded)
{
    start_all("queue: 900\npolicy:\n  -\n    label: a*\n    impair:\n      direction: from\n      delay: "
              "1s\n      queue: 600\n"
              "  -\n    label: b*\n    impair:\n      direction: from\n      delay: 1s\n");
    for (uint32_t i = 0; i < 20; i++)
        card_send_test(&a, outside.mac, a.info.mac, 60, i);
    ck_assert_uint_eq(sw.waiting, 600);
    ck_assert_uint_eq(port_named("a")->counters.overflow, 10);
    for (uint32_t i = 0; i < 20; i++)
        card_send_test(&b, outside.mac, b.info.mac, 60, i);
    ck_assert_uint_eq(sw.waiting, 900);
    ck_assert_uint_eq(port_named("b")->counters.overflow, 15);
    inproc_advance(2 * OS_SEC);
    ck_assert_uint_eq(c.count, 15);
    finish();
}
END_TEST

/* ---- all the rest */

START_TEST(policies_change_while_ports_are_open)
{
    start_all("default-policy:\n  link: true\n");
    card_send_test(&a, b.info.mac, a.info.mac, 60, 1);
    inproc_config_set(&server,
                      "policy:\n  -\n    label: b*\n    allow: false\n  -\n    label: c*\n    link: false\n");
    inproc_idle();
    ck_assert_uint_eq(b.info.link, 0);
    card_send_test(&a, everybody, a.info.mac, 60, 2);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(c.count, 0);
    card_send_test(&c, everybody, outside.mac, 60, 2);
    ck_assert_uint_eq(a.count, 0);
    inproc_config_set(&server, "policy:\n  -\n    label: a*\n    mtu: 600\n    impair:\n      delay: 10ms\n");
    inproc_idle();
    ck_assert_uint_eq(b.info.link, 1);
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "mac and mtu stay"));
    card_send_test(&a, b.info.mac, a.info.mac, 1514, 3);
    ck_assert_uint_eq(b.count, 1);
    /* what waits comes, although its successors do not wait any more */
    inproc_config_set(&server, "");
    inproc_idle();
    card_send_test(&a, b.info.mac, a.info.mac, 60, 4);
    inproc_advance(10 * OS_MS);
    ck_assert(card_got(&b, 1, a.info.mac, 1514, 3));
    ck_assert(card_got(&b, 2, a.info.mac, 60, 4));
    finish();
}
END_TEST

START_TEST(mistakes_in_a_config_are_told)
{
    static const char *const shares[] = { "5", "101%", "-1%", "%", "5 %", "1.00001%", "" };
    char config[200];
    for (size_t i = 0; i < OS_ARRAY_LEN(shares); i++) {
        snprintf(config, sizeof(config), "default-policy:\n  impair:\n    loss: '%s'\n", shares[i]);
        start(config);
        card_init(&a, "a", size);
        ck_assert_msg(strstr(inproc_log(&server), "expected a share"), "%s is a share", shares[i]);
        ck_assert_uint_eq(port_named("a")->policy.impair.loss, 0);
        finish();
    }
    start("default-policy:\n  impair:\n    loss: 0.0123%\n");
    card_init(&a, "a", size);
    ck_assert_uint_eq(port_named("a")->policy.impair.loss, 123);
    finish();
}
END_TEST

START_TEST(who_does_not_read_stops_nobody)
{
    start_all("");
    card_hold(&b, 1);
    for (uint32_t i = 0; i < 500; i++)
        card_send_test(&a, everybody, a.info.mac, 60, i);
    ck_assert_uint_eq(c.count, 500);
    card_hold(&b, 0);
    ck_assert_uint_eq(b.count, size.slots);
    card_kill(&b);
    card_send_test(&a, everybody, a.info.mac, 60, 1);
    ck_assert_uint_eq(c.count, 501);
    finish();
}
END_TEST

/* What one does to its own streams and session is no matter of others, and nothing of it is left. */
START_TEST(who_is_taken_over_harms_nobody)
{
    start_all("default-policy:\n  other-macs: true\n");
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct card foe = { 0 };
        if (seed % 2)
            card_init(&foe, "foe", size);
        else
            card_init_uplink(&foe, "foe", size,
                             (struct os_nic_info){ .mac = { 2, 8 }, .mtu = 1500, .link = 1 });
        card_attack(&foe, seed);
        drop_all();
        for (uint32_t i = 0; i < 5; i++)
            card_send_test(&a, i ? everybody : b.info.mac, a.info.mac, 100, seed);
        ck_assert_uint_eq(b.count, 5);
        ck_assert(card_got(&b, 0, a.info.mac, 100, seed));
        card_attack(&foe, seed + 1000);
        card_kill(&foe);
    }
    /* it was noticed in either direction */
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "foe: no more frames from it"));
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "foe: no more frames to it"));
    finish();
}
END_TEST

START_TEST(sessions_come_and_go)
{
    struct os_nic_session nic;
    uint64_t ram, ram_after;
    uint32_t caps, caps_after;
    start_all("default-policy:\n  impair:\n    delay: 1s\n");
    inproc_env_used(&server, &ram, &caps);
    for (uint32_t i = 0; i < 2000; i++) {
        ck_ok(os_nic_open(&a.env.env, "", "", &nic));
        os_nic_close(&nic);
    }
    inproc_env_used(&server, &ram_after, &caps_after);
    ck_assert_uint_eq(caps, caps_after);
    ck_assert_uint_eq(ram, ram_after);
    finish();
}
END_TEST

/* ---- the report */

static struct {
    struct os_object object;
    os_report_cap cap;
    os_dataspace_cap ds;
    struct inproc_env env;
    unsigned count;
    struct os_config config;
    void *tree;
} reports;

static os_err give_buffer(struct os_rpc *rpc, uint64_t bytes, os_dataspace_cap *ds)
{
    os_cap_drop(reports.ds.cap);
    os_err err = os_ram_alloc(&reports.env.env, os_page_up(bytes), &reports.ds);
    ds->cap = os_cap_copy(reports.ds.cap);
    return err;
}

static os_err take_report(struct os_rpc *rpc, uint64_t length)
{
    struct os_region region = { 0 };
    ck_ok(os_region_attach(&region, reports.ds, OS_ATTACH_READ));
    free(reports.tree);
    reports.tree = malloc((size_t)length);
    memcpy(reports.tree, region.at, (size_t)length);
    os_region_detach(&region);
    ck_ok(os_config_init(&reports.config, reports.tree, (size_t)length));
    reports.count++;
    return OS_OK;
}

static os_err open_report(struct inproc_service *service, uint32_t id, const char *label, const char *args,
                          uint64_t ram, uint32_t caps, os_any_cap *cap)
{
    ck_assert_str_eq(label, "switch -> state");
    cap->cap = os_cap_copy(reports.cap.cap);
    return OS_OK;
}

START_TEST(the_state_is_reported)
{
    static const struct os_report_ops ops = { .buffer = give_buffer, .submit = take_report };
    static struct inproc_service service = { .open = open_report };
    inproc_env_init(&reports.env, "reports");
    inproc_env_serve(&reports.env);
    ck_ok(os_report_object_init(&reports.object, reports.env.env.ep, &ops, &reports.cap));
    inproc_provide("Report", &service);
    start_all("report: 1s\n");
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(reports.count, 1);
    card_send_test(&c, a.info.mac, stranger, 60, 1);
    card_send_test(&c, a.info.mac, stranger, 60, 2);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(reports.count, 2);
    inproc_advance(1000 * OS_SEC);
    ck_assert_uint_eq(reports.count, 2); /* nothing has happened */
    const struct os_config *config = &reports.config;
    os_config_ref root = os_config_root(config), ports = os_config_get(config, root, "ports");
    ck_assert_uint_eq(ports->children, 3);
    os_config_ref port = os_config_first(config, ports);
    ck_assert_str_eq(os_config_str(config, port, "label", ""), port_named("a")->net.label);
    ck_assert_uint_eq(os_config_u64(config, os_config_get(config, port, "rx"), "frames", 0), 2);
    ck_assert_uint_eq(os_config_u64(config, os_config_get(config, port, "rx"), "bytes", 0), 120);
    ck_assert_uint_eq(os_config_get(config, root, "table")->children, 4);
    finish();
    inproc_provide("Report", NULL);
    os_object_fini(&reports.object);
    os_ram_free(&reports.env.env, reports.ds);
    ck_fini(&reports.env);
    free(reports.tree);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, frames_go_where_their_address_is);
    tcase_add_test(tcase, learned_addresses_age);
    tcase_add_test(tcase, the_table_is_bounded);
    tcase_add_test(tcase, nobody_chooses_addresses_that_meet);
    tcase_add_test(tcase, addresses_move);
    tcase_add_test(tcase, addresses_are_made_from_labels);
    tcase_add_test(tcase, addresses_by_policy);
    tcase_add_test(tcase, nobody_speaks_for_others);
    tcase_add_test(tcase, refused_and_isolated);
    tcase_add_test(tcase, the_rate_is_limited);
    tcase_add_test(tcase, lost_by_chance_but_always_the_same);
    tcase_add_test(tcase, delay_both_ways);
    tcase_add_test(tcase, jitter_keeps_the_order);
    tcase_add_test(tcase, reordered_duplicated_corrupted);
    tcase_add_test(tcase, what_waits_is_bounded);
    tcase_add_test(tcase, policies_change_while_ports_are_open);
    tcase_add_test(tcase, mistakes_in_a_config_are_told);
    tcase_add_test(tcase, who_does_not_read_stops_nobody);
    tcase_add_test(tcase, who_is_taken_over_harms_nobody);
    tcase_add_test(tcase, sessions_come_and_go);
    tcase_add_test(tcase, the_state_is_reported);
}

int main(void)
{
    return suite_run_case("net-switch", add);
}
