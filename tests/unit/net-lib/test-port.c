/* SPDX-License-Identifier: BSD-2-Clause */
/* test-port.c: a server that gives each frame to all other ports: sessions, limits, counters, who pays. */
#include <network/port.h>

#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "card.h"

static const struct os_packet_size small = { .slots = 8, .bulk = OS_KIB(64) };
static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t mac_of_uplink[6] = { 2, 9, 9, 9, 9, 9 };

static struct inproc_env server;
static struct net_port_server ports;
static struct card a, b;
static os_err refuse; /* what open says */
static unsigned opened, closed, infos;
static char args_seen[64];

struct port {
    struct net_port net;
    uint8_t kib[1024]; /* so that it has a size that is charged */
};

static os_err open_port(struct net_port_server *of, struct net_port *port, const char *args)
{
    ck_assert_ptr_eq(of, &ports);
    if (refuse)
        return refuse;
    ck_assert_uint_ge(port->session.quota.ram_used, sizeof(struct port));
    snprintf(args_seen, sizeof(args_seen), "%s", args);
    if (port->kind == NET_PORT_NIC)
        port->info =
            (struct os_nic_info){ .mac = { 2, 0, 0, 0, 0, (uint8_t)++opened }, .mtu = 600, .link = 1 };
    return OS_OK;
}

static void close_port(struct net_port *port)
{
    closed++;
}

static void info_changed(struct net_port *port)
{
    infos++;
}

static void to_all_others(struct net_port *port, const uint8_t *data, uint32_t len, uint32_t flags)
{
    OS_LIST_FOR_EACH (link, &port->server->ports) {
        struct net_port *other = OS_CONTAINER_OF(link, struct net_port, link);
        if (other != port)
            net_port_send(other, data, len, flags);
    }
}

static const struct net_port_handlers handlers = {
    .size = sizeof(struct port),
    .open = open_port,
    .close = close_port,
    .frame = to_all_others,
    .info = info_changed,
};

static void construct(struct os_env *env)
{
    ck_ok(net_port_server_init(&ports, env, 1, &handlers));
}

static void setup(void)
{
    inproc_env_init(&server, "server");
    inproc_env_construct(&server, construct);
    refuse = OS_OK;
    opened = closed = infos = 0;
}

static void teardown(void)
{
    ck_fini(&server);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
}

static struct net_port *port_of(const char *label)
{
    OS_LIST_FOR_EACH (link, &ports.ports) {
        struct net_port *port = OS_CONTAINER_OF(link, struct net_port, link);
        if (!strncmp(port->label, label, strlen(label)))
            return port;
    }
    ck_abort_msg("no port %s", label);
    return NULL;
}

START_TEST(frames_go_across)
{
    card_init(&a, "a", small);
    card_init(&b, "b", small);
    ck_assert_uint_eq(a.info.mac[5], 1);
    ck_assert_uint_eq(b.info.mac[5], 2);
    ck_assert_uint_eq(b.info.mtu, 600);
    for (uint32_t i = 0; i < 100; i++)
        card_send_test(&a, everybody, a.info.mac, 18 + i * 5, i);
    ck_assert_uint_eq(b.count, 100);
    ck_assert_uint_eq(a.count, 0);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert(card_got(&b, i, a.info.mac, 18 + i * 5, i));
    ck_assert_uint_eq(b.frames[7].flags, OS_NIC_INTACT);
    ck_assert_uint_eq(port_of("a")->tx.frames, 100);
    ck_assert_uint_eq(port_of("b")->rx.frames, 100);
    ck_assert_uint_eq(port_of("b")->rx.bytes, port_of("a")->tx.bytes);
    ck_assert_uint_eq(port_of("b")->rx.dropped, 0);
    card_fini(&b);
    ck_assert_uint_eq(closed, 1);
    card_send_test(&a, everybody, a.info.mac, 60, 1); /* to nobody */
    card_fini(&a);
    ck_assert(os_list_empty(&ports.ports));
}
END_TEST

START_TEST(a_batch_wakes_once)
{
    uint8_t data[60];
    card_init(&a, "a", (struct os_packet_size){ .slots = 64, .bulk = OS_KIB(64) });
    card_init(&b, "b", (struct os_packet_size){ .slots = 64, .bulk = OS_KIB(64) });
    card_make_test(data, everybody, a.info.mac, sizeof(data), 1);
    for (int i = 0; i < 10; i++)
        card_send_later(&a, data, sizeof(data));
    os_nic_frames_source_flush(&a.tx);
    inproc_idle();
    ck_assert_uint_eq(b.count, 10);
    ck_assert_uint_eq(os_nic_frames_source_signals(&port_of("b")->to), 1);
    card_fini(&b);
    card_fini(&a);
}
END_TEST

START_TEST(lengths_are_checked)
{
    uint8_t data[700] = { 0 };
    card_init(&a, "a", small);
    card_init(&b, "b", small);
    card_send(&a, data, 0);
    card_send(&a, data, OS_NIC_HEADER - 1);
    card_send(&a, data, OS_NIC_HEADER + 601);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(port_of("a")->tx.refused, 3);
    card_send(&a, data, OS_NIC_HEADER);
    card_send(&a, data, OS_NIC_HEADER + 600);
    ck_assert_uint_eq(b.count, 2);
    /* a server does not send what is too long for a port either */
    port_of("b")->info.mtu = 576;
    card_send(&a, data, OS_NIC_HEADER + 577);
    ck_assert_uint_eq(b.count, 2);
    ck_assert_uint_eq(port_of("b")->rx.refused, 1);
    card_fini(&b);
    card_fini(&a);
}
END_TEST

START_TEST(who_does_not_read_stops_nobody)
{
    struct card c = { 0 };
    card_init(&a, "a", small);
    card_init(&b, "b", small);
    card_init(&c, "c", small);
    card_hold(&b, 1);
    for (uint32_t i = 0; i < 50; i++)
        card_send_test(&a, everybody, a.info.mac, 100, i);
    ck_assert_uint_eq(c.count, 50);
    ck_assert_uint_eq(port_of("b")->rx.dropped, 50 - small.slots);
    card_hold(&b, 0);
    ck_assert_uint_eq(b.count, small.slots);
    card_send_test(&a, everybody, a.info.mac, 100, 50);
    ck_assert(card_got(&b, small.slots, a.info.mac, 100, 50));
    card_fini(&c);
    card_fini(&b);
    card_fini(&a);
}
END_TEST

START_TEST(a_session_without_streams)
{
    struct os_nic_session nic;
    struct os_nic_info info;
    struct inproc_env client;
    card_init(&a, "a", small);
    inproc_env_init(&client, "quiet");
    ck_ok(os_nic_open(&client.env, "", "speed=fast", &nic));
    ck_assert_str_eq(args_seen, "speed=fast");
    ck_ok(os_nic_info(nic.cap, &info));
    card_send_test(&a, everybody, a.info.mac, 100, 1);
    ck_assert_uint_eq(port_of("quiet")->rx.dropped, 1);
    os_nic_close(&nic);
    ck_fini(&client);
    card_fini(&a);
}
END_TEST

START_TEST(the_link_goes_down_and_up)
{
    card_init(&a, "a", small);
    card_init(&b, "b", small);
    net_port_set_link(port_of("b"), 0);
    net_port_set_link(port_of("b"), 0);
    inproc_idle();
    ck_assert_uint_eq(b.link_changes, 1);
    ck_assert_uint_eq(b.info.link, 0);
    card_send_test(&a, everybody, a.info.mac, 100, 1);
    card_send_test(&b, everybody, b.info.mac, 100, 1);
    ck_assert_uint_eq(a.count + b.count, 0);
    ck_assert_uint_eq(port_of("b")->rx.dropped, 1);
    ck_assert_uint_eq(port_of("b")->tx.dropped, 1);
    net_port_set_link(port_of("b"), 1);
    inproc_idle();
    ck_assert_uint_eq(b.link_changes, 2);
    ck_assert_uint_eq(b.info.link, 1);
    card_send_test(&a, everybody, a.info.mac, 100, 2);
    ck_assert(card_got(&b, 0, a.info.mac, 100, 2));
    card_fini(&b);
    card_fini(&a);
}
END_TEST

START_TEST(an_uplink_says_what_it_is)
{
    struct os_nic_info info = { .mtu = 900, .link = 1 }, bad;
    memcpy(info.mac, mac_of_uplink, sizeof(info.mac));
    card_init(&a, "a", small);
    card_init_uplink(&b, "driver", small, (struct os_nic_info){ 0 });
    card_send_test(&b, everybody, mac_of_uplink, 100, 1);
    card_send_test(&a, everybody, a.info.mac, 100, 1);
    ck_assert_uint_eq(a.count + b.count, 0); /* nothing is known of it */
    ck_assert_uint_eq(port_of("driver")->tx.dropped, 1);

    for (int i = 0; i < 5; i++) {
        bad = info;
        if (i == 0)
            bad.mac[0] |= 1;
        if (i == 1)
            memset(bad.mac, 0, sizeof(bad.mac));
        if (i == 2)
            bad.mtu = OS_NIC_MTU_MIN - 1;
        if (i == 3)
            bad.mtu = OS_NIC_MTU_MAX + 1;
        if (i == 4)
            bad.link = 2;
        ck_err(os_uplink_info(b.uplink.cap, bad), OS_ERR_BAD_ARG);
    }
    ck_assert_uint_eq(infos, 0);
    ck_ok(os_uplink_info(b.uplink.cap, info));
    ck_assert_uint_eq(infos, 1);
    bad = info;
    bad.mac[5]++;
    ck_err(os_uplink_info(b.uplink.cap, bad), OS_ERR_BAD_ARG);
    bad = info;
    bad.mtu++;
    ck_err(os_uplink_info(b.uplink.cap, bad), OS_ERR_BAD_ARG);
    card_send_test(&b, everybody, mac_of_uplink, 100, 2);
    ck_assert(card_got(&a, 0, mac_of_uplink, 100, 2));
    info.link = 0;
    ck_ok(os_uplink_info(b.uplink.cap, info));
    ck_assert_uint_eq(infos, 2);
    card_send_test(&a, everybody, a.info.mac, 100, 3);
    ck_assert_uint_eq(b.count, 0);
    card_fini(&b);
    card_fini(&a);
}
END_TEST

START_TEST(clients_pay_for_themselves)
{
    struct os_nic_session nic;
    struct inproc_env client;
    struct os_nic_frames_source tx = { 0 };
    uint64_t ram, ram_after;
    uint32_t caps, caps_after;
    inproc_env_used(&server, &ram, &caps);
    inproc_env_init(&client, "poor");
    ck_err(os_nic_open_with(&client.env, "", "", sizeof(struct port) - 1, 16, &nic), OS_ERR_RAM);
    ck_err(os_nic_open_with(&client.env, "", "", OS_KIB(64), 0, &nic), OS_ERR_CAPS);
    refuse = OS_ERR_DENIED;
    ck_err(os_nic_open(&client.env, "", "", &nic), OS_ERR_DENIED);
    refuse = OS_OK;
    ck_assert(os_list_empty(&ports.ports));
    ck_ok(os_nic_open_with(&client.env, "", "", OS_KIB(64), 16, &nic));
    ck_err(os_nic_tx_connect(&tx, client.env.ep, nic.cap, OS_NIC_STREAM), OS_ERR_RAM);
    ck_ok(os_session_upgrade(&nic.base, OS_MIB(1), 0));
    ck_ok(os_nic_tx_connect(&tx, client.env.ep, nic.cap, OS_NIC_STREAM));
    os_nic_frames_source_fini(&tx);
    os_nic_close(&nic);
    ck_fini(&client);
    inproc_env_used(&server, &ram_after, &caps_after);
    ck_assert_uint_eq(ram, ram_after);
    ck_assert_uint_eq(caps, caps_after);
}
END_TEST

/* Whoever ends while frames are on their way; all that is left is well. */
START_TEST(a_client_dies)
{
    card_init(&a, "a", small);
    card_init(&b, "b", small);
    card_hold(&b, 1);
    for (uint32_t i = 0; i < 5; i++)
        card_send_test(&a, everybody, a.info.mac, 100, i);
    card_kill(&b);
    ck_assert_uint_eq(closed, 1);
    card_send_test(&a, everybody, a.info.mac, 100, 6);
    ck_assert_uint_eq(port_of("a")->tx.frames, 6);
    card_fini(&a);
}
END_TEST

START_TEST(a_client_breaks_the_protocol)
{
    card_init(&a, "a", small);
    card_init(&b, "b", small);
    card_hold(&b, 1);
    *b.tx.base.side.own_index += 1000;
    os_signal_submit(b.tx.base.side.peer);
    *b.rx.base.side.own_index += 1000;
    for (uint32_t i = 0; i < 20; i++)
        card_send_test(&a, everybody, a.info.mac, 100, i);
    ck_assert_ptr_nonnull(
        strstr(inproc_log(&server), "b: no more frames from it: the peer's index is wrong"));
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "b: no more frames to it: the peer's index is wrong"));
    ck_assert_uint_eq(port_of("a")->tx.frames, 20);
    card_fini(&b);
    card_fini(&a);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, frames_go_across);
    tcase_add_test(tcase, a_batch_wakes_once);
    tcase_add_test(tcase, lengths_are_checked);
    tcase_add_test(tcase, who_does_not_read_stops_nobody);
    tcase_add_test(tcase, a_session_without_streams);
    tcase_add_test(tcase, the_link_goes_down_and_up);
    tcase_add_test(tcase, an_uplink_says_what_it_is);
    tcase_add_test(tcase, clients_pay_for_themselves);
    tcase_add_test(tcase, a_client_dies);
    tcase_add_test(tcase, a_client_breaks_the_protocol);
}

int main(void)
{
    return suite_run_case("net-port", add);
}
