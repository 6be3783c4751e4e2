/* SPDX-License-Identifier: BSD-2-Clause */
/* test-front.c: the connection of a segment is the first in lwIP's list, and the list has all of them. */
#include <network/proto.h>
#include <string.h>

#include "../lib/suite.h"
#include "lwip/priv/tcp_priv.h"
#include "private.h"

enum { MANY = 40, FAR = 20 }; /* FAR: more than may stand in between */

static struct net_stack_private own;
static struct tcp_pcb pcbs[MANY], strangers[FAR];
static struct net_front fronts[MANY];
static uint8_t frame[128];

/* All have the same ports; every second one has the same last four bytes as the one before, by IPv6. */
static void address(int i, uint8_t bytes[16])
{
    memset(bytes, 0, 16);
    bytes[i % 2 ? 12 : 0] = 10;
    bytes[i % 2 ? 15 : 3] = (uint8_t)(i / 2);
}

static void register_first(struct tcp_pcb *pcb)
{
    pcb->next = tcp_active_pcbs;
    tcp_active_pcbs = pcb;
}

static void setup(void)
{
    uint8_t bytes[16];
    memset(&own, 0, sizeof(own));
    memset(pcbs, 0, sizeof(pcbs));
    memset(strangers, 0, sizeof(strangers));
    tcp_active_pcbs = NULL;
    net_front_init(&own);
    for (int i = 0; i < MANY; i++) {
        struct tcp_pcb *pcb = &pcbs[i];
        address(i, bytes);
        IP_SET_TYPE_VAL(pcb->remote_ip, i % 2 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
        memcpy(&pcb->remote_ip.u_addr, bytes, i % 2 ? 16 : 4);
        pcb->remote_port = 50000;
        pcb->local_port = 80;
        pcb->state = ESTABLISHED;
        register_first(pcb);
        os_list_init(&fronts[i].order);
        os_list_init(&fronts[i].bucket);
        net_front_insert(&own, &fronts[i], pcb);
    }
}

static void teardown(void)
{
    tcp_active_pcbs = tcp_tw_pcbs = NULL;
}

/* From the peer of pcb I, to its port or another. */
static void see_segment(int i, uint16_t port)
{
    uint8_t bytes[16], *ip = frame + NET_ETH_HEADER, *tcp = ip + (i % 2 ? NET_IPV6_HEADER : 24);
    address(i, bytes);
    memset(frame, 0, sizeof(frame));
    net_put16(frame + NET_ETH_TYPE, i % 2 ? NET_ETH_IPV6 : NET_ETH_IPV4);
    ip[0] = i % 2 ? 0x60 : 0x46; /* with an option */
    ip[i % 2 ? NET_IPV6_NEXT : NET_IPV4_PROTO] = NET_PROTO_TCP;
    memcpy(ip + (i % 2 ? NET_IPV6_SRC : NET_IPV4_SRC), bytes, i % 2 ? 16 : 4);
    net_put16(tcp + NET_TCP_SRC, 50000);
    net_put16(tcp + NET_TCP_DST, port);
    net_front_segment(&own, frame);
}

static int length(const struct tcp_pcb *list)
{
    int n = 0;
    for (; list && n <= MANY + FAR; list = list->next)
        n++;
    return n;
}

/* The connections have the same ports, which is what the first one is known by. */
static void other_ports(void)
{
    for (int i = 0; i < MANY; i++) {
        net_front_remove(&fronts[i]);
        pcbs[i].local_port = (u16_t)(1000 + i);
        net_front_insert(&own, &fronts[i], &pcbs[i]);
    }
}

START_TEST(whoever_has_a_segment_is_first)
{
    uint32_t seed = 1;
    other_ports();
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1664525u + 1013904223u;
        int at = (int)((seed >> 16) % MANY);
        see_segment(at, (uint16_t)(1000 + at));
        ck_assert_ptr_eq(tcp_active_pcbs, &pcbs[at]);
        ck_assert_int_eq(length(tcp_active_pcbs), MANY);
    }
}
END_TEST

START_TEST(addresses_tell_connections_of_the_same_ports_apart)
{
    strangers[0].state = ESTABLISHED;
    for (int i = 0; i < MANY; i++) {
        register_first(&strangers[0]); /* so that none is first by its ports */
        see_segment(i, 80);
        ck_assert_ptr_eq(tcp_active_pcbs, &pcbs[i]);
        ck_assert_int_eq(length(tcp_active_pcbs), MANY + 1);
        TCP_RMV(&tcp_active_pcbs, &strangers[0]);
    }
}
END_TEST

START_TEST(what_is_of_nobody_changes_nothing)
{
    struct tcp_pcb *first = tcp_active_pcbs;
    see_segment(3, 81);
    ck_assert_ptr_eq(tcp_active_pcbs, first);
    other_ports();
    see_segment(3, 80);
    ck_assert_ptr_eq(tcp_active_pcbs, first);
    net_front_remove(&fronts[3]);
    see_segment(3, 1003);
    ck_assert_ptr_eq(tcp_active_pcbs, first);
    ck_assert_int_eq(length(tcp_active_pcbs), MANY);
    memset(frame, 0xff, sizeof(frame));
    net_front_segment(&own, frame);
    tcp_active_pcbs = NULL;
    see_segment(4, 1004);
    ck_assert_ptr_null(tcp_active_pcbs);
}
END_TEST

START_TEST(connections_that_are_not_known_may_stand_between)
{
    other_ports();
    for (int i = 0; i < 3; i++)
        register_first(&strangers[i]);
    see_segment(MANY - 1, 1000 + MANY - 1);
    ck_assert_ptr_eq(tcp_active_pcbs, &pcbs[MANY - 1]);
    ck_assert_int_eq(length(tcp_active_pcbs), MANY + 3);
    for (int i = 3; i < FAR; i++)
        register_first(&strangers[i]);
    struct tcp_pcb *first = tcp_active_pcbs;
    see_segment(MANY - 1, 1000 + MANY - 1);
    ck_assert_ptr_eq(tcp_active_pcbs, first); /* too many: it is for lwIP to find */
    ck_assert_int_eq(length(tcp_active_pcbs), MANY + FAR);
    TCP_RMV(&tcp_active_pcbs, &pcbs[MANY - 1]);
    register_first(&pcbs[MANY - 1]); /* as it does */
    see_segment(7, 1007);
    ck_assert_ptr_eq(tcp_active_pcbs, &pcbs[7]);
    see_segment(MANY - 1, 1000 + MANY - 1);
    ck_assert_ptr_eq(tcp_active_pcbs, &pcbs[MANY - 1]);
    ck_assert_int_eq(length(tcp_active_pcbs), MANY + FAR);
}
END_TEST

START_TEST(one_that_has_ended_stays_in_its_own_list)
{
    other_ports();
    for (int i = 5; i < 7; i++) {
        TCP_RMV(&tcp_active_pcbs, &pcbs[i]);
        pcbs[i].state = TIME_WAIT;
        TCP_REG(&tcp_tw_pcbs, &pcbs[i]);
    }
    see_segment(5, 1005);
    see_segment(6, 1006);
    see_segment(4, 1004); /* behind them as far as is known here */
    ck_assert_int_eq(length(tcp_active_pcbs), MANY - 2);
    ck_assert_int_eq(length(tcp_tw_pcbs), 2);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, whoever_has_a_segment_is_first);
    tcase_add_test(tcase, addresses_tell_connections_of_the_same_ports_apart);
    tcase_add_test(tcase, what_is_of_nobody_changes_nothing);
    tcase_add_test(tcase, connections_that_are_not_known_may_stand_between);
    tcase_add_test(tcase, one_that_has_ended_stays_in_its_own_list);
}

int main(void)
{
    return suite_run_case("net-front", add);
}
