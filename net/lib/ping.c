/* SPDX-License-Identifier: BSD-2-Clause */
/* ping.c: echo requests of network/socket.h. */
#include "private.h"

#include <string.h>

#include "../lwip/port.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/mem.h"
#include "lwip/raw.h"

#define REMEMBERED 64u /* requests whose answers are known by their time */
#define HEADER     8u

struct answer {
    os_err err;
    uint16_t sequence;
    struct net_addr from;
    os_time time;
    size_t len;
};

struct net_ping_private {
    struct net_event event;
    struct os_list link; /* in the stack's pings */
    struct net_stack_private *own;
    struct net_ping *ping;
    struct raw_pcb *pcb;
    ip_addr_t to;
    uint16_t id;
    struct {
        os_time at; /* 0: answered */
        uint16_t sequence;
    } sent[REMEMBERED];
    struct answer answers[REMEMBERED];
    uint32_t first, count;
};

static void deliver(struct net_event *event)
{
    struct net_ping_private *s = OS_CONTAINER_OF(event, struct net_ping_private, event);
    struct net_ping *ping = s->ping;
    struct answer answer = s->answers[s->first % REMEMBERED];
    if (!s->count)
        return;
    s->first++;
    if (--s->count)
        net_event_post(s->own, event);
    if (ping->answered)
        ping->answered(ping, answer.err, answer.sequence, &answer.from, answer.time, answer.len);
}

/* The request that has SEQUENCE is answered; says whether there was one. */
static void answered(struct net_ping_private *s, os_err err, uint16_t sequence, const ip_addr_t *from,
                     size_t len)
{
    for (uint32_t i = 0; i < REMEMBERED; i++) {
        if (!s->sent[i].at || s->sent[i].sequence != sequence || s->count == REMEMBERED)
            continue;
        struct answer *answer = &s->answers[(s->first + s->count) % REMEMBERED];
        *answer = (struct answer){
            .err = err, .sequence = sequence, .time = os_clock_now() - s->sent[i].at, .len = len
        };
        net_addr_from(&answer->from, from, 0);
        s->sent[i].at = 0;
        s->count++;
        net_event_post(s->own, &s->event);
        return;
    }
}

/* Of an ICMP message that begins at OFFSET of P: whether it is about an echo of ours, and which one. */
static int is_ours(const struct net_ping_private *s, const struct pbuf *p, uint16_t offset, uint8_t type,
                   uint16_t *sequence)
{
    uint8_t head[HEADER];
    if (pbuf_copy_partial(p, head, HEADER, offset) != HEADER || head[0] != type ||
        (uint16_t)(head[4] << 8 | head[5]) != s->id)
        return 0;
    *sequence = (uint16_t)(head[6] << 8 | head[7]);
    return 1;
}

static uint8_t on_received(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    struct net_ping_private *s = arg;
    int v6 = IP_IS_V6(&s->to);
    uint16_t offset = v6 ? ip_current_header_tot_len() : (uint16_t)(pbuf_get_at(p, 0) & 15) * 4;
    uint16_t sequence, inner;
    uint8_t type = pbuf_get_at(p, offset);
    (void)pcb;
    if (is_ours(s, p, offset, v6 ? ICMP6_TYPE_EREP : ICMP_ER, &sequence)) {
        answered(s, OS_OK, sequence, from, p->tot_len - offset - HEADER);
        pbuf_free(p);
        return 1;
    }
    /* who says that it cannot be reached, quotes our packet */
    if (type != (v6 ? ICMP6_TYPE_DUR : ICMP_DUR))
        return 0;
    inner = (uint16_t)(offset + HEADER);
    inner = (uint16_t)(inner + (v6 ? 40 : (pbuf_get_at(p, inner) & 15) * 4));
    if (is_ours(s, p, inner, v6 ? ICMP6_TYPE_EREQ : ICMP_ECHO, &sequence))
        answered(s, OS_ERR_UNREACHABLE, sequence, from, 0);
    return 0;
}

os_err net_ping_open(struct net_stack *stack, struct net_ping *ping, const struct net_addr *to)
{
    struct net_stack_private *own = stack->own;
    if (!own || ping->own || !to || !to->family)
        return OS_ERR_BAD_ARG;
    net_enter(own);
    struct net_ping_private *s = mem_calloc(1, sizeof(*s));
    if (!s)
        goto leave;
    net_addr_to(to, &s->to, own);
    int v6 = IP_IS_V6(&s->to);
    s->pcb = raw_new_ip_type(IP_GET_TYPE(&s->to), v6 ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP);
    if (!s->pcb)
        goto free;
    if (v6) {
        s->pcb->chksum_reqd = 1;
        s->pcb->chksum_offset = 2;
    }
    s->own = own;
    s->ping = ping;
    s->id = (uint16_t)net_lwip_random();
    s->event.deliver = deliver;
    raw_recv(s->pcb, on_received, s);
    os_list_insert(&own->pings, &s->link);
    ping->own = s;
    net_leave(own);
    return OS_OK;
free:
    mem_free(s);
leave:
    net_leave(own);
    return OS_ERR_RAM;
}

os_err net_ping_send(struct net_ping *ping, uint16_t sequence, size_t len)
{
    struct net_ping_private *s = ping->own;
    os_err err = OS_ERR_RAM;
    if (!s)
        return OS_ERR_BAD_ARG;
    if (len > 65500)
        return OS_ERR_TOO_LARGE;
    net_enter(s->own);
    struct pbuf *p = pbuf_alloc(PBUF_IP, (u16_t)(HEADER + len), PBUF_RAM);
    if (!p)
        goto leave;
    uint8_t *data = p->payload;
    int v6 = IP_IS_V6(&s->to);
    const uint8_t head[HEADER] = { v6 ? ICMP6_TYPE_EREQ : ICMP_ECHO,
                                   0,
                                   0,
                                   0,
                                   (uint8_t)(s->id >> 8),
                                   (uint8_t)s->id,
                                   (uint8_t)(sequence >> 8),
                                   (uint8_t)sequence };
    memcpy(data, head, HEADER);
    for (size_t i = 0; i < len; i++)
        data[HEADER + i] = (uint8_t)i;
    if (!v6) {
        uint16_t sum = inet_chksum(data, (u16_t)(HEADER + len));
        memcpy(data + 2, &sum, 2);
    }
    /* the oldest one is forgotten */
    uint32_t at = sequence % REMEMBERED;
    s->sent[at].at = os_clock_now();
    s->sent[at].sequence = sequence;
    err = net_err(raw_sendto(s->pcb, p, &s->to));
    if (err)
        s->sent[at].at = 0;
    pbuf_free(p);
leave:
    net_leave(s->own);
    return err;
}

void net_ping_close(struct net_ping *ping)
{
    struct net_ping_private *s = ping->own;
    if (!s)
        return;
    struct net_stack_private *own = s->own;
    net_enter(own);
    raw_remove(s->pcb);
    net_event_drop(&s->event);
    os_list_remove(&s->link);
    mem_free(s);
    ping->own = NULL;
    net_leave(own);
}

void net_ping_forget(struct net_stack_private *own)
{
    while (!os_list_empty(&own->pings))
        net_ping_close(OS_CONTAINER_OF(own->pings.next, struct net_ping_private, link)->ping);
}
