/* SPDX-License-Identifier: BSD-2-Clause */
/* resolve.c: names of network/socket.h. */
#include "private.h"

#include <string.h>

#include "lwip/dns.h"
#include "lwip/mem.h"

struct net_resolve_private;

/* A question for addresses of one family; lwIP knows it until it is answered, however early the user has lost
 * interest. */
struct question {
    struct net_resolve_private *of; /* NULL: nobody waits any more */
    struct net_stack_private *own;
};

/* lwIP says of a name that it did not find it. Whether that is an answer is to be seen from where it says so.
 */
static int ticking;

struct net_resolve_private {
    struct net_event event;
    struct os_list link; /* in the stack's resolves */
    struct net_stack_private *own;
    struct net_resolve *resolve;
    struct question *questions[2];
    struct net_addr addrs[2];
    uint32_t count, open;
    os_err err;
};

static void release(struct net_resolve_private *s)
{
    for (int i = 0; i < 2; i++)
        if (s->questions[i])
            s->questions[i]->of = NULL;
    net_event_drop(&s->event);
    os_list_remove(&s->link);
    s->resolve->own = NULL;
    mem_free(s);
}

/* IPv6 addresses first if we can reach one that is not on our own link. */
static void sort(struct net_resolve_private *s)
{
    int v6 = 0;
    for (int i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        v6 |= ip6_addr_isvalid(netif_ip6_addr_state(&s->own->netif, i)) != 0;
    if (s->count == 2 && v6 == (s->addrs[0].family == NET_IPV4)) {
        struct net_addr first = s->addrs[0];
        s->addrs[0] = s->addrs[1];
        s->addrs[1] = first;
    }
}

static void deliver(struct net_event *event)
{
    struct net_resolve_private *s = OS_CONTAINER_OF(event, struct net_resolve_private, event);
    struct net_resolve *resolve = s->resolve;
    struct net_addr addrs[2];
    uint32_t count = s->count;
    os_err err = count ? OS_OK : s->err;
    net_enter(s->own);
    sort(s);
    memcpy(addrs, s->addrs, sizeof(addrs));
    release(s);
    if (resolve->resolved)
        resolve->resolved(resolve, err, addrs, count);
}

static void answer(struct net_resolve_private *s, const ip_addr_t *ip)
{
    if (ip && s->count < 2)
        net_addr_from(&s->addrs[s->count++], ip, 0);
    if (--s->open == 0)
        net_event_post(s->own, &s->event);
}

static void on_found(const char *name, const ip_addr_t *ip, void *arg)
{
    struct question *q = arg;
    struct net_resolve_private *s = q->of;
    (void)name;
    q->own->resolving--;
    if (s) {
        for (int i = 0; i < 2; i++)
            if (s->questions[i] == q)
                s->questions[i] = NULL;
        if (ticking && !ip)
            s->err = OS_ERR_DEADLINE;
        answer(s, ip);
    }
    mem_free(q);
}

static void ask(struct net_resolve_private *s, const char *name, int i, u8_t type)
{
    ip_addr_t ip;
    struct question *q = mem_calloc(1, sizeof(*q));
    if (!q) {
        s->err = OS_ERR_RAM;
        answer(s, NULL);
        return;
    }
    q->of = s;
    q->own = s->own;
    err_t err = dns_gethostbyname_addrtype(name, &ip, on_found, q, type);
    if (err == ERR_INPROGRESS) {
        s->questions[i] = q;
        s->own->resolving++;
        return;
    }
    mem_free(q);
    if (err != ERR_OK)
        s->err = err == ERR_VAL ? OS_ERR_NOT_FOUND : net_err(err); /* ERR_VAL: there is no name server */
    answer(s, err == ERR_OK ? &ip : NULL);
}

os_err net_resolve(struct net_stack *stack, struct net_resolve *resolve, const char *name,
                   enum net_family family)
{
    struct net_stack_private *own = stack->own;
    struct net_addr addr;
    if (!own || resolve->own || !name || !name[0] || strlen(name) >= DNS_MAX_NAME_LENGTH)
        return OS_ERR_BAD_ARG;
    net_enter(own);
    struct net_resolve_private *s = mem_calloc(1, sizeof(*s));
    if (!s) {
        net_leave(own);
        return OS_ERR_RAM;
    }
    s->own = own;
    s->resolve = resolve;
    s->event.deliver = deliver;
    s->err = OS_ERR_NOT_FOUND;
    resolve->own = s;
    os_list_insert(&own->resolves, &s->link);
    if (net_addr_parse(name, &addr) == OS_OK && addr.family) {
        s->open = 1;
        if (family == NET_ANY || addr.family == family)
            s->addrs[s->count++] = addr;
        answer(s, NULL);
    } else {
        s->open = family == NET_ANY ? 2 : 1;
        if (family != NET_IPV6)
            ask(s, name, 0, LWIP_DNS_ADDRTYPE_IPV4);
        if (family != NET_IPV4)
            ask(s, name, 1, LWIP_DNS_ADDRTYPE_IPV6);
    }
    net_leave(own);
    return OS_OK;
}

void net_resolve_cancel(struct net_resolve *resolve)
{
    struct net_resolve_private *s = resolve->own;
    if (!s)
        return;
    struct net_stack_private *own = s->own;
    net_enter(own);
    release(s);
    net_leave(own);
}

void net_resolve_tick(void)
{
    ticking = 1;
    dns_tmr();
    ticking = 0;
}

void net_resolve_servers(struct net_stack_private *own)
{
    const ip_addr_t none = { 0 };
    for (uint8_t i = 0; own->dns_count && i < DNS_MAX_SERVERS; i++)
        dns_setserver(i, i < own->dns_count ? &own->dns[i] : &none);
}

void net_resolve_forget(struct net_stack_private *own)
{
    while (!os_list_empty(&own->resolves))
        release(OS_CONTAINER_OF(own->resolves.next, struct net_resolve_private, link));
    /* lwIP gives up what it still asks for */
    for (int i = 0; i < 64 && own->resolving; i++)
        dns_tmr();
}
