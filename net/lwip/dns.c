/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.c: lwIP's resolver, unchanged, but that it is told only of answers from the port that it asks. It
 * compares the address, and has the port as an argument that it does not look at: whoever can send from
 * another port of that machine, or through the same NAT, needs no more than the number of the question then.
 */
#include "lwip/udp.h"

static void dns_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr, u16_t port);

enum { SERVER_PORT = 53 };

static void receive(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr, u16_t port)
{
    if (port == SERVER_PORT)
        dns_recv(arg, pcb, p, addr, port);
    else
        pbuf_free(p);
}

#define udp_recv(pcb, function, arg) (udp_recv)(pcb, receive, arg)

#include <lwip/../../core/dns.c>
