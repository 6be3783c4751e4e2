/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.h: what lwIP stands on, and what net/lib sets of it. There is one lwIP in a component, and so one of
 * all that is here. On the thread of the stack's entrypoint.
 */
#ifndef NET_LWIP_PORT_H
#define NET_LWIP_PORT_H

#include "lwip/err.h"
#include "lwip/ip_addr.h"

/* Bytes that TCP takes from a peer before the application has, and from the application before the peer has.
 */
extern uint32_t net_lwip_window, net_lwip_send_buffer;

/*
 * Memory. LIMIT bytes in all, of which one quarter is kept for what comes in, and one for what lwIP itself
 * needs, so that neither side can starve the other: what is not acknowledged would never be, if no
 * acknowledgement could be received.
 */
void net_lwip_memory_init(size_t limit);
size_t net_lwip_memory_limit(void);
/* What was freed and is kept for the next time goes. Blocks may be in use. */
void net_lwip_drop_spare(void);
void net_lwip_memory_state(size_t *used, size_t *peak);

/* Memory for what comes in. The last eighth of what it may have is for small frames, such as
 * acknowledgements. */
void *net_lwip_receive_malloc(size_t size);
void net_lwip_receive_free(void *block);

/* lwip_init, the first time. */
void net_lwip_init(void);

/*
 * The secret that all numbers are made with, before net_lwip_init and whenever a stack begins: lwIP takes its
 * first port there.
 */
void net_lwip_seed(const uint64_t secret[2]);

/*
 * Binds PCB by BIND to IP and PORT. 0 is any port, but not the one after the last, as lwIP would take: who
 * sends blindly, or answers without having seen a question, is not to know which (RFC 6056).
 */
typedef err_t net_lwip_bind_fn(void *pcb, const ip_addr_t *ip, u16_t port);
err_t net_lwip_bind(net_lwip_bind_fn *bind, void *pcb, const ip_addr_t *ip, uint16_t port);

/* The first sequence number of a connection: not to be guessed by who does not see it (RFC 6528). */
uint32_t net_lwip_isn(const ip_addr_t *local_ip, uint16_t local_port, const ip_addr_t *remote_ip,
                      uint16_t remote_port);

/* Whether lwIP may see a segment of a connection; its options may be changed. In guard.c, as what follows. */
struct tcp_pcb;
struct tcp_hdr;
struct pbuf;
err_t net_lwip_segment(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t options, u16_t options_first,
                       u8_t *options_rest, struct pbuf *p);
/* Whether it has taken a packet, which lwIP is not to see then. */
struct netif;
int net_lwip_ip4(struct pbuf *p, struct netif *netif);
int net_lwip_ip6(struct pbuf *p, struct netif *netif);
/* Before each tcp_tmr. */
void net_lwip_before_tick(void);

/* The gateway that the config names for IPv6, or NULL. In net/lib/stack.c. */
const ip6_addr_t *net_lwip_gateway6(struct netif *netif, const ip6_addr_t *to);

#endif
