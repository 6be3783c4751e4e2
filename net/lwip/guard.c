/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard.c: what peers can do to a TCP connection that lwIP holds for impossible and asserts: it is dropped,
 * or set right, before lwIP comes upon it. README.md says which assertion each is about.
 */
#include "port.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

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
    if (pcb->state == LISTEN || pcb->state == TIME_WAIT || pcb->state == SYN_SENT)
        return ERR_OK;
    if (flags & TCP_SYN)
        return flags & TCP_ACK ? ERR_VAL : ERR_OK;
    /* what lwIP reads of them is for the first segment only, but it takes it from any */
    if (options)
        *(options_first ? (u8_t *)(header + 1) : options_rest) = LWIP_TCP_OPT_EOL;
    return is_within(pcb, header->seqno, p->tot_len, flags & TCP_FIN) ? ERR_OK : ERR_VAL;
}

void net_lwip_before_tick(void)
{
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
