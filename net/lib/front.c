/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front.c: puts the connection of a segment at the front of lwIP's list before lwIP looks for it there.
 *
 * lwIP goes through the list of all connections for each segment, and puts the one that it has found at the
 * front. With many that have segments in turns, each is the last one: with 500 that was an eighth of all the
 * time. A connection is found by a table of ours here. The list has links in one direction only, so what is
 * needed in addition is the connection before it: they are kept in the order in which lwIP must have them.
 * That order is a guess: lwIP has connections that we do not know, and drops segments after they were seen
 * here. If the connection is not near where it should be, nothing is done, and lwIP finds it as ever.
 */
#include "private.h"

#include <network/proto.h>

#include <string.h>

#include "lwip/priv/tcp_priv.h"

/* How many connections that are not known here may stand between two that are. */
#define NEAR 8

static struct os_list *bucket_of(struct net_stack_private *own, uint32_t remote_port, uint32_t local_port,
                                 uint32_t address)
{
    uint32_t hash = ((remote_port << 16 | local_port) ^ address) * 2654435761u;
    return &own->buckets[(hash >> 16) % OS_ARRAY_LEN(own->buckets)];
}

void net_front_init(struct net_stack_private *own)
{
    os_list_init(&own->order);
    for (size_t i = 0; i < OS_ARRAY_LEN(own->buckets); i++)
        os_list_init(&own->buckets[i]);
}

void net_front_insert(struct net_stack_private *own, struct net_front *front, struct tcp_pcb *pcb)
{
    uint8_t address[16];
    size_t size = IP_IS_V6(&pcb->remote_ip) ? 16 : 4;
    memcpy(address, &pcb->remote_ip.u_addr, size);
    front->pcb = pcb;
    os_list_insert(own->order.next, &front->order);
    os_list_insert(bucket_of(own, pcb->remote_port, pcb->local_port, net_get32(address + size - 4)),
                   &front->bucket);
}

void net_front_remove(struct net_front *front)
{
    os_list_remove(&front->order);
    os_list_remove(&front->bucket);
    front->pcb = NULL;
}

static struct net_front *find(const struct os_list *bucket, uint32_t remote_port, uint32_t local_port,
                              const uint8_t *address, size_t size)
{
    OS_LIST_FOR_EACH (link, bucket) {
        struct net_front *front = OS_CONTAINER_OF(link, struct net_front, bucket);
        const struct tcp_pcb *pcb = front->pcb;
        if (pcb->remote_port == remote_port && pcb->local_port == local_port &&
            !!IP_IS_V6(&pcb->remote_ip) == (size == 16) && memcmp(&pcb->remote_ip.u_addr, address, size) == 0)
            return front;
    }
    return NULL;
}

/* As lwIP does when it has found it. */
static void move(struct tcp_pcb *pcb, struct tcp_pcb *before)
{
    struct tcp_pcb **at = before ? &before->next : &tcp_active_pcbs;
    for (int i = 0; i < NEAR && *at && *at != pcb; i++)
        at = &(*at)->next;
    if (*at != pcb)
        return;
    *at = pcb->next;
    pcb->next = tcp_active_pcbs;
    tcp_active_pcbs = pcb;
}

static void put_first(struct net_stack_private *own, const uint8_t *tcp, const uint8_t *address, size_t size)
{
    uint32_t remote_port = net_get16(tcp + NET_TCP_SRC), local_port = net_get16(tcp + NET_TCP_DST);
    const struct tcp_pcb *first = tcp_active_pcbs;
    if (!first || (first->remote_port == remote_port && first->local_port == local_port))
        return;
    struct net_front *front = find(bucket_of(own, remote_port, local_port, net_get32(address + size - 4)),
                                   remote_port, local_port, address, size);
    if (!front || front->pcb->state == TIME_WAIT) /* that is in another list */
        return;
    move(front->pcb, front->order.prev == &own->order
                         ? NULL
                         : OS_CONTAINER_OF(front->order.prev, struct net_front, order)->pcb);
    os_list_remove(&front->order);
    os_list_insert(own->order.next, &front->order);
}

void net_front_segment(struct net_stack_private *own, const uint8_t *data)
{
    const uint8_t *ip = data + NET_ETH_HEADER;
    uint32_t type = net_get16(data + NET_ETH_TYPE);
    if (type == NET_ETH_IPV4 && ip[NET_IPV4_PROTO] == NET_PROTO_TCP)
        put_first(own, ip + (ip[0] & 15u) * 4, ip + NET_IPV4_SRC, 4);
    else if (type == NET_ETH_IPV6 && ip[NET_IPV6_NEXT] == NET_PROTO_TCP)
        put_first(own, ip + NET_IPV6_HEADER, ip + NET_IPV6_SRC, 16);
}
