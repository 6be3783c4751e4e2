/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.c: lwIP's timers, without their running for ever. lwIP wants to be called each so many milliseconds
 * by each of its parts. Here each part is looked at for when it has something to do next; until then nothing
 * wakes up, and the ticks that have passed are made up for before lwIP is used again, so that what ages in
 * its tables has aged.
 */
#include "private.h"

#include "lwip/dhcp.h"
#include "lwip/prot/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mem.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"

/* Ticks until there is something to do; NONE: nothing that does not begin with a frame or a call. */
#define NONE UINT32_MAX

/* No part has anything left that ages after so many ticks, but names, which have days. */
#define MOST 700000u

/* A frame of fragments, and a question for an address, are forgotten after so long. */
#define REASSEMBLY (20 * OS_SEC)
#define ARP        (8 * OS_SEC)

static struct net_stack_private *stack_of(struct netif *netif)
{
    return netif->state;
}

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- what each part waits for ---- */

/* Slow ticks, every other of the fast ones, until NOW - SINCE is more than SPAN milliseconds. */
static uint32_t slow_ticks(uint32_t since, uint32_t span)
{
    uint32_t passed = tcp_ticks - since, wanted = span / TCP_SLOW_INTERVAL + 1;
    return passed < wanted ? 2 * (wanted - passed) : 1;
}

static uint32_t connection_due(const struct tcp_pcb *pcb)
{
    if (pcb->poll || pcb->unsent || pcb->unacked || pcb->ooseq || pcb->refused_data || pcb->persist_backoff ||
        (pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_NAGLEMEMERR)))
        return 1;
    switch (pcb->state) {
    case ESTABLISHED:
    case CLOSE_WAIT:
        if (!ip_get_option(pcb, SOF_KEEPALIVE))
            return NONE;
        return slow_ticks(pcb->tmr, pcb->keep_idle + pcb->keep_cnt_sent * pcb->keep_intvl);
    case FIN_WAIT_2:
        return pcb->flags & TF_RXCLOSED ? slow_ticks(pcb->tmr, TCP_FIN_WAIT_TIMEOUT) : NONE;
    default:
        return 1;
    }
}

static uint32_t tcp_due(struct net_stack_private *own)
{
    uint32_t due = own->starving ? 2 : NONE;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb && due > 1; pcb = pcb->next)
        due = less(due, connection_due(pcb));
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb && due > 1; pcb = pcb->next)
        due = less(due, slow_ticks(pcb->tmr, 2 * TCP_MSL));
    return due;
}

static uint32_t reassembly_due(struct net_stack_private *own)
{
    return os_clock_now() < own->reassembly_until ? 1 : NONE;
}

static uint32_t arp_due(struct net_stack_private *own)
{
    return os_clock_now() < own->arp_until ? 1 : NONE;
}

static uint32_t dhcp_fine_due(struct net_stack_private *own)
{
    struct dhcp *dhcp = netif_dhcp_data(&own->netif);
    if (own->dhcp_waits)
        return 1;
    return dhcp && dhcp->request_timeout ? dhcp->request_timeout : NONE;
}

static uint32_t dhcp_coarse_due(struct net_stack_private *own)
{
    struct dhcp *dhcp = netif_dhcp_data(&own->netif);
    uint32_t due = NONE;
    if (!dhcp || dhcp->state == DHCP_STATE_OFF)
        return NONE;
    if (dhcp->t0_timeout > dhcp->lease_used)
        due = (uint32_t)(dhcp->t0_timeout - dhcp->lease_used);
    if (dhcp->t1_renew_time)
        due = less(due, dhcp->t1_renew_time);
    if (dhcp->t2_rebind_time)
        due = less(due, dhcp->t2_rebind_time);
    return due;
}

static uint32_t igmp_due(struct net_stack_private *own)
{
    uint32_t due = NONE;
    for (struct igmp_group *group = netif_igmp_data(&own->netif); group; group = group->next)
        if (group->timer)
            due = less(due, group->timer);
    return due;
}

static uint32_t mld_due(struct net_stack_private *own)
{
    uint32_t due = NONE;
    for (struct mld_group *group = netif_mld6_data(&own->netif); group; group = group->next)
        if (group->timer)
            due = less(due, group->timer);
    return due;
}

static uint32_t dns_due(struct net_stack_private *own)
{
    return own->resolving ? 1 : NONE;
}

static uint32_t addresses_due(struct net_stack_private *own)
{
    uint32_t due = own->netif.rs_count && netif_is_link_up(&own->netif) ? 1 : NONE;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        uint8_t state = netif_ip6_addr_state(&own->netif, i);
        if (ip6_addr_istentative(state))
            return 1;
        if (ip6_addr_isinvalid(state) || netif_ip6_addr_isstatic(&own->netif, i))
            continue;
        uint32_t preferred = netif_ip6_addr_pref_life(&own->netif, i);
        uint32_t valid = netif_ip6_addr_valid_life(&own->netif, i);
        if (ip6_addr_ispreferred(state) && preferred != IP6_ADDR_LIFE_INFINITE)
            due = less(due, preferred ? preferred : 1);
        if (valid != IP6_ADDR_LIFE_INFINITE)
            due = less(due, valid ? valid : 1);
    }
    return due;
}

static uint32_t nd6_due(struct net_stack_private *own)
{
    uint32_t due = netif_is_link_up(&own->netif) ? addresses_due(own) : NONE;
    for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS && due > 1; i++)
        if (neighbor_cache[i].state == ND6_INCOMPLETE || neighbor_cache[i].state == ND6_DELAY ||
            neighbor_cache[i].state == ND6_PROBE)
            due = 1;
    return due;
}

static void tick_tcp(void)
{
    net_tcp_tick();
}

static void tick_dhcp(void)
{
    struct net_stack_private *own = stack_of(netif_default);
    if (own->dhcp_waits)
        net_dhcp_start(own);
    else
        dhcp_fine_tmr();
}

/*
 * ages: ticks count although nothing waits for them. Of the others there is nothing to make up for when
 * nothing was due.
 */
static const struct {
    os_time period;
    uint32_t (*due)(struct net_stack_private *own);
    void (*tick)(void);
    int ages;
} cycles[NET_CYCLES] = {
    { TCP_TMR_INTERVAL * OS_MS, tcp_due, tick_tcp, 1 },
    { IP_TMR_INTERVAL * OS_MS, reassembly_due, ip_reass_tmr, 1 },
    { IP6_REASS_TMR_INTERVAL * OS_MS, reassembly_due, ip6_reass_tmr, 1 },
    { ARP_TMR_INTERVAL * OS_MS, arp_due, etharp_tmr, 1 },
    { DHCP_FINE_TIMER_MSECS * OS_MS, dhcp_fine_due, tick_dhcp, 0 },
    { DHCP_COARSE_TIMER_SECS * OS_SEC, dhcp_coarse_due, dhcp_coarse_tmr, 1 },
    { IGMP_TMR_INTERVAL * OS_MS, igmp_due, igmp_tmr, 0 },
    { MLD6_TMR_INTERVAL * OS_MS, mld_due, mld6_tmr, 0 },
    { DNS_TMR_INTERVAL * OS_MS, dns_due, net_resolve_tick, 1 },
    { ND6_TMR_INTERVAL * OS_MS, nd6_due, nd6_tmr, 1 },
};

/* N ticks of cycle I, of which the last DUE and later ones have something to do. */
static void run(struct net_stack_private *own, int i, uint64_t n)
{
    if (cycles[i].tick == tick_tcp) {
        /* nothing but its clock moves while no connection waits for anything */
        uint32_t due = cycles[i].due(own);
        uint64_t idle = due > n ? n : due - 1;
        tcp_ticks += (uint32_t)(idle / 2);
        n -= idle / 2 * 2;
    }
    if (n > MOST)
        n = MOST;
    while (n--)
        cycles[i].tick();
}

/* ---- sys_timeout ---- */

struct net_timeo {
    struct net_timeo *next;
    os_time due;
    sys_timeout_handler handle;
    void *arg;
};

void sys_timeout(u32_t ms, sys_timeout_handler handle, void *arg)
{
    struct net_stack_private *own = stack_of(netif_default);
    struct net_timeo *timeo = mem_malloc(sizeof(*timeo)), **at = &own->timeos;
    if (!timeo)
        return;
    *timeo = (struct net_timeo){ .due = os_clock_now() + ms * OS_MS, .handle = handle, .arg = arg };
    while (*at && (*at)->due <= timeo->due)
        at = &(*at)->next;
    timeo->next = *at;
    *at = timeo;
}

void sys_untimeout(sys_timeout_handler handle, void *arg)
{
    struct net_stack_private *own = stack_of(netif_default);
    for (struct net_timeo **at = &own->timeos; *at; at = &(*at)->next) {
        struct net_timeo *timeo = *at;
        if (timeo->handle == handle && timeo->arg == arg) {
            *at = timeo->next;
            mem_free(timeo);
            return;
        }
    }
}

static void run_timeos(struct net_stack_private *own)
{
    os_time now = os_clock_now();
    while (own->timeos && own->timeos->due <= now) {
        struct net_timeo *timeo = own->timeos;
        sys_timeout_handler handle = timeo->handle;
        void *arg = timeo->arg;
        own->timeos = timeo->next;
        mem_free(timeo);
        handle(arg);
    }
}

/* lwIP starts its timers; ours are looked at after whatever was done. */
void sys_timeouts_init(void)
{
}

/* ---- all of them ---- */

void net_timers_init(struct net_stack_private *own)
{
    os_time now = os_clock_now();
    for (int i = 0; i < NET_CYCLES; i++)
        own->cycles[i].base = now;
}

void net_timers_fini(struct net_stack_private *own)
{
    while (own->timeos)
        sys_untimeout(own->timeos->handle, own->timeos->arg);
}

void net_timers_run(struct net_stack_private *own)
{
    os_time now = os_clock_now();
    int fed = 0;
    for (int i = 0; i < NET_CYCLES; i++) {
        uint64_t n = (now - own->cycles[i].base) / cycles[i].period;
        if (!n)
            continue;
        own->cycles[i].base += n * cycles[i].period;
        if (cycles[i].ages || cycles[i].due(own) != NONE)
            run(own, i, n);
        fed |= cycles[i].tick == tick_tcp;
    }
    run_timeos(own);
    /* once a tick: who gets nothing again would be asked again at once, for ever */
    if (own->starving && fed)
        net_tcp_feed(own);
}

os_time net_timers_due(struct net_stack_private *own)
{
    os_time due = own->timeos ? own->timeos->due : OS_NEVER;
    for (int i = 0; i < NET_CYCLES; i++) {
        uint32_t ticks = cycles[i].due(own);
        if (ticks == NONE)
            continue;
        os_time at = own->cycles[i].base + ticks * cycles[i].period;
        if (at < due)
            due = at;
    }
    return due;
}

void net_timers_note(struct net_stack_private *own, const uint8_t *data, size_t len)
{
    if (len < OS_NIC_HEADER)
        return;
    uint32_t type = (uint32_t)data[12] << 8 | data[13];
    /* a fragment, or an IPv6 packet whose next header says so */
    if ((type == 0x0800 && len > 21 && ((data[20] & 0x3f) | data[21])) ||
        (type == 0x86dd && len > 20 && (data[20] == 44 || data[20] == 0 || data[20] == 60 || data[20] == 43)))
        own->reassembly_until = os_clock_now() + REASSEMBLY;
    /* who asks for an address asks again; so does lwIP, if it wants an old one confirmed */
    if (type == 0x0806)
        own->arp_until = os_clock_now() + ARP;
}
