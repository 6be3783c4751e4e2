/* SPDX-License-Identifier: BSD-2-Clause */
/* udp.c: UDP of network/socket.h. */
#include "private.h"

#include "../lwip/port.h"
#include "lwip/igmp.h"
#include "lwip/ip.h"
#include "lwip/mem.h"
#include "lwip/mld6.h"
#include "lwip/udp.h"

/* Datagrams that wait for the user's function, which is called after each batch of frames. */
#define WAITING 256u

struct datagram {
    struct datagram *next;
    struct pbuf *p;
    struct net_addr from, to;
};

struct group {
    struct group *next;
    ip_addr_t ip;
};

struct net_udp_private {
    struct net_event event;
    struct os_list link; /* in the stack's udps */
    struct net_stack_private *own;
    struct net_udp *udp;
    struct udp_pcb *pcb;
    struct datagram *first, **last;
    uint32_t waiting;
    struct group *groups;
};

static void free_datagram(struct datagram *d)
{
    pbuf_free(d->p);
    mem_free(d);
}

/* One datagram; in one piece, for which one that was in fragments is copied. */
static void deliver(struct net_event *event)
{
    struct net_udp_private *s = OS_CONTAINER_OF(event, struct net_udp_private, event);
    struct net_stack_private *own = s->own;
    struct net_udp *udp = s->udp;
    struct datagram *d = s->first;
    if (!d)
        return;
    s->first = d->next;
    if (!s->first)
        s->last = &s->first;
    s->waiting--;
    if (s->first)
        net_event_post(own, event);
    struct pbuf *p = d->p->next ? pbuf_clone(PBUF_RAW, PBUF_RAM, d->p) : d->p;
    if (p != d->p) {
        pbuf_free(d->p);
        d->p = p;
    }
    if (!p) {
        own->dropped++;
        mem_free(d);
        return;
    }
    int gone = 0, *outer = own->gone;
    if (udp->received)
        udp->received(udp, p->payload, p->len, &d->from, &d->to);
    gone = outer && *outer;
    if (gone) /* with the stack; its memory is counted no more, but for this */
        return;
    net_enter(own);
    free_datagram(d);
}

static void on_received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    struct net_udp_private *s = arg;
    struct datagram *d = s->waiting < WAITING ? mem_malloc(sizeof(*d)) : NULL;
    if (!d) {
        s->own->dropped++;
        pbuf_free(p);
        return;
    }
    d->next = NULL;
    d->p = p;
    net_addr_from(&d->from, from, port);
    net_addr_from(&d->to, ip_current_dest_addr(), pcb->local_port);
    *s->last = d;
    s->last = &d->next;
    s->waiting++;
    net_event_post(s->own, &s->event);
}

static err_t bind_udp(void *pcb, const ip_addr_t *ip, u16_t port)
{
    return udp_bind(pcb, ip, port);
}

os_err net_udp_open(struct net_stack *stack, struct net_udp *udp, const struct net_addr *addr)
{
    struct net_stack_private *own = stack->own;
    ip_addr_t ip;
    os_err err = OS_ERR_RAM;
    if (!own || udp->own)
        return OS_ERR_BAD_ARG;
    net_enter(own);
    struct net_udp_private *s = mem_calloc(1, sizeof(*s));
    if (!s)
        goto leave;
    net_addr_to(addr, &ip, own);
    s->pcb = udp_new_ip_type(IP_GET_TYPE(&ip));
    if (!s->pcb)
        goto free;
    err = net_err(net_lwip_bind(bind_udp, s->pcb, &ip, addr ? addr->port : 0));
    if (err)
        goto remove;
    s->own = own;
    s->udp = udp;
    s->last = &s->first;
    s->event.deliver = deliver;
    udp_recv(s->pcb, on_received, s);
    os_list_insert(&own->udps, &s->link);
    udp->own = s;
    net_leave(own);
    return OS_OK;
remove:
    udp_remove(s->pcb);
free:
    mem_free(s);
leave:
    net_leave(own);
    return err;
}

os_err net_udp_send(struct net_udp *udp, const struct net_addr *to, const void *data, size_t len)
{
    struct net_udp_private *s = udp->own;
    ip_addr_t ip;
    os_err err = OS_ERR_RAM;
    if (!s || !to || !to->family || !to->port)
        return OS_ERR_BAD_ARG;
    if (len > 65507)
        return OS_ERR_TOO_LARGE;
    net_enter(s->own);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
    if (p) {
        net_addr_to(to, &ip, s->own);
        if (len)
            (void)pbuf_take(p, data, (u16_t)len);
        err = net_err(udp_sendto(s->pcb, p, &ip, to->port));
        pbuf_free(p);
    }
    net_leave(s->own);
    return err;
}

static err_t join(struct net_stack_private *own, const ip_addr_t *ip)
{
    if (IP_IS_V6(ip))
        return mld6_joingroup_netif(&own->netif, ip_2_ip6(ip));
    return igmp_joingroup_netif(&own->netif, ip_2_ip4(ip));
}

static void leave(struct net_stack_private *own, const ip_addr_t *ip)
{
    if (IP_IS_V6(ip))
        (void)mld6_leavegroup_netif(&own->netif, ip_2_ip6(ip));
    else
        (void)igmp_leavegroup_netif(&own->netif, ip_2_ip4(ip));
}

os_err net_udp_join(struct net_udp *udp, const struct net_addr *group)
{
    struct net_udp_private *s = udp->own;
    os_err err = OS_ERR_RAM;
    if (!s || !group || !group->family)
        return OS_ERR_BAD_ARG;
    net_enter(s->own);
    struct group *g = mem_calloc(1, sizeof(*g));
    if (!g)
        goto leave;
    net_addr_to(group, &g->ip, s->own);
    err = ip_addr_ismulticast(&g->ip) ? net_err(join(s->own, &g->ip)) : OS_ERR_BAD_ARG;
    if (err)
        goto free;
    g->next = s->groups;
    s->groups = g;
    net_leave(s->own);
    return OS_OK;
free:
    mem_free(g);
leave:
    net_leave(s->own);
    return err;
}

void net_udp_leave(struct net_udp *udp, const struct net_addr *group)
{
    struct net_udp_private *s = udp->own;
    ip_addr_t ip;
    if (!s || !group || !group->family)
        return;
    net_enter(s->own);
    net_addr_to(group, &ip, s->own);
    for (struct group **at = &s->groups; *at; at = &(*at)->next) {
        struct group *g = *at;
        if (!ip_addr_cmp(&g->ip, &ip))
            continue;
        *at = g->next;
        leave(s->own, &g->ip);
        mem_free(g);
        break;
    }
    net_leave(s->own);
}

void net_udp_local(const struct net_udp *udp, struct net_addr *addr)
{
    *addr = (struct net_addr){ 0 };
    if (udp->own)
        net_addr_from(addr, &udp->own->pcb->local_ip, udp->own->pcb->local_port);
}

void net_udp_close(struct net_udp *udp)
{
    struct net_udp_private *s = udp->own;
    if (!s)
        return;
    struct net_stack_private *own = s->own;
    net_enter(own);
    while (s->groups) {
        struct group *g = s->groups;
        s->groups = g->next;
        leave(own, &g->ip);
        mem_free(g);
    }
    while (s->first) {
        struct datagram *d = s->first;
        s->first = d->next;
        free_datagram(d);
    }
    udp_remove(s->pcb);
    net_event_drop(&s->event);
    os_list_remove(&s->link);
    mem_free(s);
    udp->own = NULL;
    net_leave(own);
}

void net_udp_forget(struct net_stack_private *own)
{
    while (!os_list_empty(&own->udps))
        net_udp_close(OS_CONTAINER_OF(own->udps.next, struct net_udp_private, link)->udp);
}
