/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-lwip.c: runs the suites that lwIP's authors have written for it, against lwIP as we build it, on our
 * port with its memory that is counted. It stands in for their lwip_unittests.c.
 */
#include "lwip_check.h"

#include "core/test_def.h"
#include "core/test_mem.h"
#include "core/test_netif.h"
#include "core/test_pbuf.h"
#include "dhcp/test_dhcp.h"
#include "etharp/test_etharp.h"
#include "ip4/test_ip4.h"
#include "ip6/test_ip6.h"
#include "tcp/test_tcp.h"
#include "tcp/test_tcp_oos.h"
#include "udp/test_udp.h"

#include <os/types.h>

#include <stdlib.h>
#include <string.h>

#include "../../../net/lwip/port.h"
#include "../../runner/suite.h"

#include "lwip/init.h"
#include "lwip/memp.h"
#include "lwip/netif.h"
#include "lwip/stats.h"
#include "lwip/timeouts.h"

/* Milliseconds, which the tests set; what the port calls its clock. */
u32_t lwip_sys_now;
os_time lwip_suite_clock(void);

os_time lwip_suite_clock(void)
{
    return lwip_sys_now * OS_MS;
}

const ip6_addr_t *net_lwip_gateway6(struct netif *netif, const ip6_addr_t *to)
{
    return NULL;
}

/* With threads, one message to lwIP's. Without, what was sent to ourselves waits for this only. */
int tcpip_thread_poll_one(void);

int tcpip_thread_poll_one(void)
{
    netif_poll_all();
    return 0;
}

/* Nothing is due: the suites call what a timer would. */
void sys_timeouts_init(void)
{
}

static Suite *all;

/* What does not hold with our options, of suites that do. Other suites are not built: net/lwip/README.md. */
static struct {
    const char *name;
    int seen;
} left_out[] = {
    /* they free what is not allocated, which the C library's free, beneath our port, does not live through */
    { .name = "test_mem_invalid_free" },
    { .name = "test_mem_double_free" },
};

static int is_left_out(const char *name)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(left_out); i++) {
        if (strcmp(left_out[i].name, name) == 0) {
            left_out[i].seen = 1;
            return 1;
        }
    }
    return 0;
}

/* What each of their suites calls to make itself: here all tests are of one. */
Suite *create_suite(const char *name, testfunc *tests, size_t count, SFun setup, SFun teardown)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(all, tcase);
    for (size_t i = 0; i < count; i++)
        if (!is_left_out(tests[i]->name))
            tcase_add_test(tcase, tests[i]);
    return all;
}

/* Nothing is allocated, but what SKIP says. */
void lwip_check_ensure_no_alloc(unsigned int skip)
{
    if (!(skip & SKIP_HEAP))
        ck_assert_uint_eq(lwip_stats.mem.used, 0);
    for (unsigned i = 0; i < MEMP_MAX; i++)
        if (!(skip & SKIP_POOL(i)))
            ck_assert_uint_eq(lwip_stats.memp[i]->used, 0);
}

int main(void)
{
    static suite_getter_fn *const suites[] = {
        ip4_suite, ip6_suite,   udp_suite,  tcp_suite,    tcp_oos_suite, def_suite,
        mem_suite, netif_suite, pbuf_suite, etharp_suite, dhcp_suite,
    };
    all = suite_create("lwip");
    net_lwip_memory_init(OS_MIB(1));
    net_lwip_init();
    for (size_t i = 0; i < OS_ARRAY_LEN(suites); i++)
        suites[i]();
    for (size_t i = 0; i < OS_ARRAY_LEN(left_out); i++) {
        if (!left_out[i].seen)
            abort(); /* there is no such test: the list is wrong */
    }
    return suite_run(all);
}
