/* SPDX-License-Identifier: BSD-2-Clause */
/* test-component.c: the router with its sessions: policy, link, changes of the config, report, floods, ends.
 */
#include <card.h>
#include <network/proto.h>
#include <os/config_rom.h>
#include <os/report.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"

void router_construct(struct os_env *env);
void report_rom_construct(struct os_env *env);

static const struct os_packet_size size = { .slots = 16, .bulk = OS_KIB(32) };
static struct inproc_env server;
static struct card a, b, out;

#define LAN                                                                                                  \
    "  lan:\n"                                                                                               \
    "    ipv4: 10.0.1.1/24\n"                                                                                \
    "    allow:\n"                                                                                           \
    "      -\n"                                                                                              \
    "        to: wan\n"
#define WAN                                                                                                  \
    "  wan:\n"                                                                                               \
    "    ipv4: 10.0.9.1/24\n"
#define POLICY                                                                                               \
    "policy:\n"                                                                                              \
    "  -\n"                                                                                                  \
    "    label: out\n"                                                                                       \
    "    domain: wan\n"                                                                                      \
    "  -\n"                                                                                                  \
    "    label: b\n"

static const char *const config = "domains:\n" LAN "        udp: 7-9\n" WAN POLICY "    domain: lan\n"
                                  "  -\n"
                                  "    label: a\n"
                                  "    domain: lan\n";

static void setup(void)
{
    inproc_env_init(&server, "router");
    inproc_config_set(&server, config);
    inproc_env_construct(&server, router_construct);
}

static void teardown(void)
{
    inproc_env_kill(&server);
    ck_fini(&server);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
}

static void open_all(void)
{
    card_init(&a, "a", size);
    card_init(&b, "b", size);
    card_init_uplink(&out, "out", size,
                     (struct os_nic_info){ .mac = { 2, 7, 7, 7, 7, 7 }, .mtu = 1500, .link = 1 });
}

static void close_all(void)
{
    card_fini(&out);
    card_fini(&b);
    card_fini(&a);
}

/* An ARP request of the machine with address 10.0.NET.HOST behind CARD. */
static void arp(struct card *card, uint8_t net, uint8_t host)
{
    uint8_t mac[6], frame[NET_ETH_HEADER + NET_ARP_SIZE] = { 0 }, *at = frame + NET_ETH_HEADER;
    memcpy(mac, card->info.mac, 6);
    mac[0] ^= card == &out ? 4 : 0;
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    net_put16(frame + 12, NET_ETH_ARP);
    net_put16(at, 1);
    net_put16(at + 2, NET_ETH_IPV4);
    at[4] = 6;
    at[5] = 4;
    net_put16(at + 6, 1);
    memcpy(at + 8, mac, 6);
    memcpy(at + 14, (const uint8_t[]){ 10, 0, net, host }, 4);
    memcpy(at + 24, (const uint8_t[]){ 10, 0, net, 1 }, 4);
    card_send(card, frame, sizeof(frame));
}

static uint32_t make_udp(uint8_t *frame, struct card *card, const uint8_t *router, uint8_t net, uint8_t host,
                         uint8_t to_net, uint8_t to, uint16_t from_port, uint16_t port)
{
    uint8_t *ip = frame + 14, *udp = ip + 20;
    memset(frame, 0, 60);
    memcpy(frame, router, 6);
    memcpy(frame + 6, card->info.mac, 6);
    frame[6] ^= card == &out ? 4 : 0;
    net_put16(frame + 12, NET_ETH_IPV4);
    ip[0] = 0x45;
    net_put16(ip + 2, 40);
    ip[8] = 64;
    ip[9] = NET_PROTO_UDP;
    memcpy(ip + 12, (const uint8_t[]){ 10, 0, net, host, 10, 0, to_net, to }, 8);
    net_put16(ip + 10, net_checksum(0, ip, 20));
    net_put16(udp, from_port);
    net_put16(udp + 2, port);
    net_put16(udp + 4, 20);
    return 54;
}

static void send_udp(struct card *card, const uint8_t *router, uint8_t net, uint8_t host, uint8_t to_net,
                     uint8_t to, uint16_t from_port, uint16_t port)
{
    uint8_t frame[60];
    card_send(card, frame, make_udp(frame, card, router, net, host, to_net, to, from_port, port));
}

static uint8_t router_of_a[6];

static void meet(void)
{
    arp(&a, 1, 2);
    arp(&out, 9, 9);
    ck_assert_uint_eq(out.count, 1);
    memcpy(router_of_a, a.frames[a.count - 1].data + 6, 6);
    card_drop(&a);
    card_drop(&b);
    card_drop(&out);
}

START_TEST(sessions_by_policy)
{
    struct os_nic_session nic;
    struct inproc_env stranger;
    inproc_env_init(&stranger, "stranger");
    ck_err(os_nic_open(&stranger.env, "", "", &nic), OS_ERR_DENIED);
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "no domain for \"stranger\""));
    ck_fini(&stranger);
    open_all();
    ck_assert(memcmp(a.info.mac, b.info.mac, 6));
    ck_assert_uint_eq(a.info.link, 1);
    meet();
    send_udp(&a, router_of_a, 1, 2, 9, 9, 100, 7);
    ck_assert_uint_eq(out.count, 1);
    ck_assert_mem_eq(out.frames[0].data + 6, out.info.mac, 6);
    send_udp(&out, out.info.mac, 9, 9, 1, 2, 7, 100);
    ck_assert_uint_eq(a.count, 1);
    send_udp(&out, out.info.mac, 9, 9, 1, 2, 8, 100);
    ck_assert_uint_eq(a.count, 1);
    close_all();
}
END_TEST

START_TEST(a_change_keeps_what_it_allows)
{
    open_all();
    meet();
    send_udp(&a, router_of_a, 1, 2, 9, 9, 100, 7);
    send_udp(&a, router_of_a, 1, 2, 9, 9, 100, 9);
    ck_assert_uint_eq(out.count, 2);
    inproc_config_set(&server, "domains:\n" LAN "        udp: 7-8\n" WAN "    ipv6: fd09::1/64\n" POLICY
                               "    domain: wan\n"
                               "  -\n"
                               "    label: a\n"
                               "    domain: lan\n");
    inproc_idle();
    /* b is in another domain: its link goes down, and up again */
    ck_assert_uint_eq(b.info.link, 0);
    ck_assert_uint_eq(a.link_changes, 0);
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(b.info.link, 1);
    card_drop(&a);
    send_udp(&out, out.info.mac, 9, 9, 1, 2, 7, 100);
    ck_assert_uint_eq(a.count, 1);
    send_udp(&out, out.info.mac, 9, 9, 1, 2, 9, 100); /* no longer allowed */
    ck_assert_uint_eq(a.count, 1);
    /* mistakes change nothing */
    inproc_config_set(&server, "domains:\n" LAN "        udp: 70000\n" WAN POLICY "    domain: nowhere\n");
    inproc_idle();
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "'70000', expected a port"));
    send_udp(&out, out.info.mac, 9, 9, 1, 2, 7, 100);
    ck_assert_uint_eq(a.count, 2);
    /* a domain that is gone: the link is down, the connection over */
    inproc_config_set(&server, "domains:\n" LAN "        udp: 7-8\n  wan:\n    ipv4: 10.0.8.1/24\n" POLICY
                               "    domain: wan\n");
    inproc_idle();
    ck_assert_uint_eq(a.info.link, 0);
    close_all();
}
END_TEST

START_TEST(a_flood_and_who_does_not_read)
{
    uint8_t frame[60];
    open_all();
    meet();
    card_hold(&b, 1);
    uint32_t len = make_udp(frame, &a, router_of_a, 1, 2, 9, 9, 100, 7);
    for (int i = 0; i < 300; i++) {
        make_udp(frame, &a, router_of_a, 1, 2, (uint8_t)(i % 2 ? 9 : 77), 9, (uint16_t)i, 7);
        card_send(&a, frame, len);
        memcpy(frame, b.info.mac, 6); /* to who does not read */
        card_send(&a, frame, len);
    }
    ck_assert_uint_eq(out.count, 150);
    card_hold(&b, 0);
    close_all();
}
END_TEST

/* What one does to its own streams and session is no matter of others, and nothing of it is left. */
START_TEST(who_is_taken_over_harms_nobody)
{
    uint8_t frame[60];
    open_all();
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct card *foe = &b;
        card_fini(&out);
        card_fini(&b);
        b = (struct card){ 0 };
        if (seed % 2)
            card_init(&b, "b", size);
        else
            card_init_uplink(&b, "b", size, (struct os_nic_info){ .mac = { 2, 8 }, .mtu = 1500, .link = 1 });
        card_init_uplink(&out, "out", size,
                         (struct os_nic_info){ .mac = { 2, 7, 7, 7, 7, 7 }, .mtu = 1500, .link = 1 });
        card_attack(foe, seed);
        meet();
        send_udp(&a, router_of_a, 1, 2, 9, 9, (uint16_t)(1000 + seed), 7);
        ck_assert_uint_eq(out.count, 1);
        uint32_t len = make_udp(frame, &a, b.info.mac, 1, 2, 1, 3, 1, 2);
        for (int i = 0; i < 5; i++)
            card_send(&a, frame, len);
        card_attack(foe, seed + 1000);
    }
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "b: no more frames from it"));
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "b: no more frames to it"));
    close_all();
}
END_TEST

START_TEST(sessions_come_and_go)
{
    uint64_t ram, ram_after;
    uint32_t caps, caps_after;
    inproc_env_used(&server, &ram, &caps);
    for (int i = 0; i < 1000; i++) {
        open_all();
        meet();
        send_udp(&a, router_of_a, 1, 2, 9, 9, 100, 7);
        if (i % 2)
            card_kill(&out);
        else
            card_fini(&out);
        card_fini(&b);
        card_fini(&a);
    }
    inproc_env_used(&server, &ram_after, &caps_after);
    ck_assert_uint_eq(ram, ram_after);
    ck_assert_uint_eq(caps, caps_after);
}
END_TEST

START_TEST(a_report)
{
    struct inproc_env roms, viewer;
    struct os_config_rom rom;
    inproc_env_init(&roms, "report_rom");
    inproc_config_set(&roms, "policy:\n  -\n    label: viewer -> state\n    report: router -> state\n");
    inproc_env_construct(&roms, report_rom_construct);
    inproc_env_init(&viewer, "viewer");
    char text[1024];
    snprintf(text, sizeof(text), "report: true\n%s", config);
    inproc_config_set(&server, text);
    inproc_idle();
    open_all();
    meet();
    send_udp(&a, router_of_a, 1, 2, 9, 9, 100, 7);
    inproc_advance(2 * OS_SEC);
    ck_ok(os_config_rom_open(&rom, &viewer.env, "state", NULL));
    os_config_ref root = os_config_root(&rom.config);
    ck_assert_uint_eq(os_config_u64(&rom.config, root, "states", 0), 1);
    os_config_ref first = os_config_first(&rom.config, os_config_get(&rom.config, root, "connections"));
    ck_assert_str_eq(os_config_str(&rom.config, first, "from", ""), "10.0.1.2:100");
    ck_assert_str_eq(os_config_str(&rom.config, first, "out-to", ""), "10.0.9.9:7");
    os_config_rom_close(&rom);
    close_all();
    inproc_config_set(&server, config);
    inproc_advance(2 * OS_SEC);
    ck_fini(&viewer);
    inproc_env_kill(&server); /* its session first */
    inproc_env_kill(&roms);
    ck_fini(&roms);
}
END_TEST

/* A client has its address from its label, so that it finds the same router after that was started again. */
START_TEST(addresses_stay_when_the_router_is_started_again)
{
    uint8_t mac[2][6], router[6];
    open_all();
    meet();
    memcpy(mac[0], a.info.mac, 6);
    memcpy(mac[1], b.info.mac, 6);
    memcpy(router, router_of_a, 6);
    close_all();
    teardown();
    setup();
    card_init(&b, "b", size); /* in another order */
    card_init(&a, "a", size);
    card_init_uplink(&out, "out", size,
                     (struct os_nic_info){ .mac = { 2, 7, 7, 7, 7, 7 }, .mtu = 1500, .link = 1 });
    meet();
    ck_assert_mem_eq(a.info.mac, mac[0], 6);
    ck_assert_mem_eq(b.info.mac, mac[1], 6);
    ck_assert_mem_eq(router_of_a, router, 6);
    card_fini(&out);
    card_fini(&a);
    card_fini(&b);
    teardown();
    inproc_random_seed(99); /* another system */
    setup();
    open_all();
    meet();
    ck_assert_mem_ne(a.info.mac, mac[0], 6);
    ck_assert_mem_ne(router_of_a, router, 6);
    close_all();
}
END_TEST

START_TEST(two_sessions_of_one_label_have_two_addresses)
{
    struct card second = { 0 };
    open_all();
    card_init(&second, "a", size);
    ck_assert_mem_ne(a.info.mac, second.info.mac, 6);
    ck_assert_uint_eq(second.info.mac[0], 2);
    card_fini(&second);
    close_all();
}
END_TEST

START_TEST(without_random_numbers_it_works_and_says_so)
{
    teardown();
    inproc_deny("Random", OS_ERR_DENIED);
    setup();
    const char *said = strstr(inproc_log(&server), "no random numbers");
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_null(strstr(said + 1, "no random numbers"));
    open_all();
    ck_assert_mem_ne(a.info.mac, b.info.mac, 6);
    meet();
    send_udp(&a, router_of_a, 1, 2, 9, 9, 100, 7);
    ck_assert_uint_eq(out.count, 1);
    close_all();
    inproc_deny("Random", OS_OK);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sessions_by_policy);
    tcase_add_test(tcase, a_change_keeps_what_it_allows);
    tcase_add_test(tcase, a_flood_and_who_does_not_read);
    tcase_add_test(tcase, who_is_taken_over_harms_nobody);
    tcase_add_test(tcase, sessions_come_and_go);
    tcase_add_test(tcase, a_report);
    tcase_add_test(tcase, addresses_stay_when_the_router_is_started_again);
    tcase_add_test(tcase, two_sessions_of_one_label_have_two_addresses);
    tcase_add_test(tcase, without_random_numbers_it_works_and_says_so);
}

int main(void)
{
    return suite_run_case("router", add);
}
