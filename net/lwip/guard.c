/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard.c: what peers can do that lwIP holds for impossible and asserts: it is dropped, or set right, before
 * lwIP comes upon it. README.md says which assertion each is about. And what lwIP should know and does not.
 */
#include "port.h"

#include <network/proto.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

#include <string.h>

/* ---- a connection that ended, and another of the same ports */

/* Those that are remembered have an eighth of the memory at most: lwIP would let them have all of it. */
static void end_oldest(void)
{
    size_t most = net_lwip_memory_limit() / 8 / sizeof(struct tcp_pcb);
    struct tcp_pcb *pcb = tcp_tw_pcbs, *next;
    for (; pcb && most; pcb = pcb->next)
        most--;
    for (; pcb; pcb = next) {
        next = pcb->next;
        tcp_abort(pcb);
    }
}

/*
 * Who ended a connection first keeps what it was for two minutes. To a peer that comes by the same port again
 * meanwhile, which happens by chance after some hundred connections, lwIP says that nobody listens, or
 * nothing that helps. If the new numbers come after the old ones, it may be another connection (RFC
 * 1122, 4.2.2.13).
 */
static void end_old(const uint8_t *tcp, const uint8_t *src, const uint8_t *dst, size_t size)
{
    if ((tcp[NET_TCP_FLAGS] & (NET_TCP_SYN | NET_TCP_HAS_ACK | NET_TCP_RST)) != NET_TCP_SYN)
        return;
    end_oldest();
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
        if (pcb->remote_port != net_get16(tcp + NET_TCP_SRC) ||
            pcb->local_port != net_get16(tcp + NET_TCP_DST) || !!IP_IS_V6(&pcb->remote_ip) != (size == 16) ||
            memcmp(&pcb->remote_ip.u_addr, src, size) != 0 || memcmp(&pcb->local_ip.u_addr, dst, size) != 0)
            continue;
        if (TCP_SEQ_GEQ(net_get32(tcp + NET_TCP_SEQ), pcb->rcv_nxt))
            tcp_abort(pcb); /* without a word: it is over */
        return;
    }
}

/* ---- packets */

static int drop(struct pbuf *p)
{
    pbuf_free(p);
    return 1;
}

/* Fragments have a multiple of 8 bytes, but for the last, and at least one. */
static int is_sound_fragment(uint32_t len, int more)
{
    return len && (!more || len % 8 == 0);
}

int net_lwip_ip4(struct pbuf *p, struct netif *netif)
{
    const uint8_t *ip = p->payload;
    if (p->len < NET_IPV4_HEADER)
        return 0;
    uint32_t fragment = net_get16(ip + NET_IPV4_FRAGMENT), len = net_get16(ip + NET_IPV4_LEN);
    uint32_t head = (ip[NET_IPV4_VERSION] & 15u) * 4;
    int more = !!(fragment & NET_IPV4_MORE_FRAGMENTS);
    if (more || (fragment & NET_IPV4_FRAGMENT_OFFSET))
        return len >= head && is_sound_fragment(len - head, more) ? 0 : drop(p);
    if (ip[NET_IPV4_PROTO] == NET_PROTO_TCP && p->len >= head + NET_TCP_HEADER)
        end_old(ip + head, ip + NET_IPV4_SRC, ip + NET_IPV4_DST, 4);
    return 0;
}

/* Bytes of headers before a fragment that lwIP still has room to count with what all of them carry. */
#define HEADERS_MAX 256u

int net_lwip_ip6(struct pbuf *p, struct netif *netif)
{
    const uint8_t *ip = p->payload;
    struct net_upper upper;
    if (p->len < NET_IPV6_HEADER)
        return 0;
    uint32_t len = NET_IPV6_HEADER + net_get16(ip + NET_IPV6_LEN), known = p->len < len ? p->len : len;
    /* to what is shorter it answers with what lies behind */
    if (len < NET_IPV6_HEADER + 8 || !net_upper(ip, known, &upper))
        return drop(p);
    if (upper.passed && !(upper.passed & NET_PASSED_REST) && upper.proto == NET_PROTO_ICMPV6 &&
        (upper.at >= known || net_is_nd(ip[upper.at])))
        return drop(p); /* as routers do, which would not have seen it */
    if (upper.fragment) {
        const uint8_t *header = ip + upper.fragment;
        uint32_t size = len - upper.fragment - 8, start = net_get16(header + 2) & ~7u;
        int more = header[3] & 1;
        if ((more || start) && (!is_sound_fragment(size, more) || upper.fragment > HEADERS_MAX ||
                                start + size > UINT16_MAX - HEADERS_MAX))
            return drop(p);
    } else if (upper.proto == NET_PROTO_TCP && upper.at + NET_TCP_HEADER <= known) {
        end_old(ip + upper.at, ip + NET_IPV6_SRC, ip + NET_IPV6_DST, 16);
    }
    return 0;
}

/* ---- segments of TCP */

static struct tcp_seg *last_of(struct tcp_seg *seg)
{
    while (seg && seg->next)
        seg = seg->next;
    return seg;
}

/* Not beyond the window, unless it is the next one, which lwIP cuts; and not beyond the end that is known. */
static int is_within(const struct tcp_pcb *pcb, uint32_t seq, uint32_t len, int is_end)
{
    const struct tcp_seg *last = last_of(pcb->ooseq);
    if (TCP_SEQ_GT(seq, pcb->rcv_nxt) &&
        TCP_SEQ_GT(seq + len + (is_end ? 1 : 0), pcb->rcv_nxt + pcb->rcv_wnd))
        return 0;
    return !last || !(TCPH_FLAGS(last->tcphdr) & TCP_FIN) ||
           !TCP_SEQ_GT(seq + len, last->tcphdr->seqno + last->len);
}

err_t net_lwip_segment(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t options, u16_t options_first,
                       u8_t *options_rest, struct pbuf *p)
{
    uint8_t flags = TCPH_FLAGS(header);
    if (pcb->state == TIME_WAIT && flags & TCP_RST && header->seqno == pcb->rcv_nxt) {
        /* who begins another connection by these ports with lower numbers, was told of the old one and knows
         * nothing of it: a half-open connection (RFC 9293, 3.5.1), which lwIP would keep */
        tcp_abort(pcb);
        return ERR_VAL;
    }
    if (pcb->state == LISTEN || pcb->state == TIME_WAIT || pcb->state == SYN_SENT)
        return ERR_OK;
    if (flags & TCP_SYN)
        return flags & TCP_ACK ? ERR_VAL : ERR_OK;
    /* what lwIP reads of them is for the first segment only, but it takes it from any */
    if (options)
        *(options_first ? (u8_t *)(header + 1) : options_rest) = LWIP_TCP_OPT_EOL;
    return is_within(pcb, header->seqno, p->tot_len, flags & TCP_FIN) ? ERR_OK : ERR_VAL;
}

/* ---- time */

void net_lwip_before_tick(void)
{
    end_oldest();
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (!pcb->persist_backoff)
            continue;
        if (!pcb->unsent || pcb->unacked) {
            pcb->persist_backoff = 0;
        } else if (pcb->snd_wnd && !(u16_t)pcb->snd_wnd) {
            /* there is room, but there was no memory; of a window that large lwIP would make one of 0 */
            (void)tcp_output(pcb);
            pcb->persist_cnt = 0;
        }
    }
}
