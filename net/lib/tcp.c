/* SPDX-License-Identifier: BSD-2-Clause */
/* tcp.c: TCP connections and who listens for them, of network/socket.h. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "../lwip/port.h"
#include "lwip/mem.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

/* What the user is to be told, in this order. */
enum {
    TELL_CONNECTED = 1,
    TELL_READABLE = 2,
    TELL_WRITABLE = 4,
    TELL_DRAINED = 8,
    TELL_CLOSED = 16,
};

struct net_tcp_private {
    struct net_event event;
    struct os_list link;        /* in the stack's sockets */
    struct os_list unsent_link; /* in its unsent ones, from a write to the next output */
    struct net_front front;     /* as long as there is a pcb */
    struct net_stack_private *own;
    struct net_tcp *tcp;                      /* the user's; NULL while it waits to be accepted */
    struct net_tcp_listener_private *waiting; /* at this listener */
    struct tcp_pcb *pcb;                      /* NULL when the connection has ended */
    struct net_addr local, peer;              /* of the connection, also when it has ended */
    struct pbuf *head, *tail;                 /* what has come, cut into single pieces */
    size_t offset;                            /* bytes of head that are consumed */
    uint32_t bits;
    os_err err;     /* why it has ended */
    int connecting; /* not connected yet */
    int peer_ended; /* no more will come */
    int shut;       /* we have said that no more will come */
    int want_write; /* the user waits for room */
    int want_drain; /* something was written that is not known to have arrived */
    int lingering;  /* the user has closed it; what was written is still being sent */
};

struct net_tcp_listener_private {
    struct net_event event;
    struct os_list link; /* in the stack's listeners */
    struct net_stack_private *own;
    struct net_tcp_listener *listener;
    struct tcp_pcb *pcb;
    struct os_list waiting; /* of struct net_tcp_private.link */
};

/* ---- telling the user ---- */

static void post(struct net_tcp_private *s, uint32_t bits)
{
    s->bits |= bits;
    if (s->tcp)
        net_event_post(s->own, &s->event);
}

static void release(struct net_tcp_private *s);
static void let_go(struct net_tcp_private *s, int abort);

/* One at a time, because each may be the end of the socket. */
static void deliver(struct net_event *event)
{
    struct net_tcp_private *s = OS_CONTAINER_OF(event, struct net_tcp_private, event);
    struct net_tcp *tcp = s->tcp;
    uint32_t bit = s->bits & (~s->bits + 1);
    os_err err = s->err;
    s->bits &= ~bit;
    if (s->bits)
        net_event_post(s->own, &s->event);
    switch (bit) {
    case TELL_CONNECTED:
        if (tcp->connected)
            tcp->connected(tcp);
        break;
    case TELL_READABLE:
        if (tcp->readable)
            tcp->readable(tcp);
        break;
    case TELL_WRITABLE:
        s->want_write = 0;
        if (tcp->writable)
            tcp->writable(tcp);
        break;
    case TELL_DRAINED:
        if (tcp->drained)
            tcp->drained(tcp);
        break;
    case TELL_CLOSED:
        release(s);
        tcp->own = NULL;
        if (tcp->closed)
            tcp->closed(tcp, err);
        break;
    default:
        break;
    }
}

/* ---- what lwIP tells ---- */

static void append(struct net_tcp_private *s, struct pbuf *p)
{
    while (p) {
        struct pbuf *next = p->next;
        p->next = NULL;
        p->tot_len = p->len;
        if (p->len == 0) {
            pbuf_free(p);
        } else {
            if (s->tail)
                s->tail->next = p;
            else
                s->head = p;
            s->tail = p;
        }
        p = next;
    }
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct net_tcp_private *s = arg;
    (void)err;
    if (!s || s->lingering) {
        if (p) {
            tcp_recved(pcb, p->tot_len);
            pbuf_free(p);
        }
        return ERR_OK;
    }
    if (p)
        append(s, p);
    else
        s->peer_ended = 1;
    post(s, TELL_READABLE);
    return ERR_OK;
}

/* Whether there is room that is worth being told of. Not by tcp_sndbuf, which says no more than 65535. */
static int has_room(const struct net_tcp_private *s)
{
    return s->pcb && !s->shut && s->pcb->snd_buf >= net_lwip_send_buffer / 4 &&
           tcp_sndqueuelen(s->pcb) < TCP_SND_QUEUELEN * 3 / 4;
}

static int all_sent(const struct net_tcp_private *s)
{
    return !s->pcb->unsent && !s->pcb->unacked;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct net_tcp_private *s = arg;
    (void)pcb;
    (void)len;
    if (!s)
        return ERR_OK;
    if (s->want_write && has_room(s))
        post(s, TELL_WRITABLE);
    if (s->want_drain && !s->shut && all_sent(s)) {
        s->want_drain = 0;
        post(s, TELL_DRAINED);
    }
    return ERR_OK;
}

static void forget_pcb(struct net_tcp_private *s)
{
    s->pcb = NULL;
    net_front_remove(&s->front);
    if (s->shut)
        s->own->half_closed--;
}

/* To lwIP a connection whose peer does not answer is aborted, and one whose address is not ours any more. */
static int ticking;

void net_tcp_tick(void)
{
    ticking = 1;
    net_lwip_before_tick();
    tcp_tmr();
    ticking = 0;
}

static void on_err(void *arg, err_t err)
{
    struct net_tcp_private *s = arg;
    if (!s)
        return;
    forget_pcb(s);
    if (s->lingering) {
        release(s);
        return;
    }
    if (err == ERR_CLSD) { /* in good order: our end was acknowledged, the peer's was there before */
        if (s->want_drain)
            post(s, TELL_DRAINED);
        s->want_drain = 0;
        return;
    }
    s->err = err == ERR_ABRT && !ticking ? OS_ERR_DEAD : net_err(err);
    if (s->connecting && err == ERR_RST)
        s->err = OS_ERR_REFUSED;
    post(s, TELL_CLOSED);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct net_tcp_private *s = arg;
    (void)pcb;
    (void)err;
    s->connecting = 0;
    post(s, s->want_write ? TELL_CONNECTED | TELL_WRITABLE : TELL_CONNECTED);
    return ERR_OK;
}

static void attach(struct net_tcp_private *s, struct tcp_pcb *pcb)
{
    s->pcb = pcb;
    net_addr_from(&s->local, &pcb->local_ip, pcb->local_port);
    net_addr_from(&s->peer, &pcb->remote_ip, pcb->remote_port);
    net_front_insert(s->own, &s->front, pcb);
    tcp_arg(pcb, s);
    tcp_recv(pcb, on_recv);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_err);
}

static void detach(struct net_tcp_private *s)
{
    struct tcp_pcb *pcb = s->pcb;
    forget_pcb(s);
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
}

/* ---- the structure ---- */

static struct net_tcp_private *make(struct net_stack_private *own)
{
    struct net_tcp_private *s = mem_calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->own = own;
    s->event.deliver = deliver;
    os_list_init(&s->unsent_link);
    os_list_init(&s->front.order);
    os_list_init(&s->front.bucket);
    return s;
}

static void drop_queue(struct net_tcp_private *s)
{
    while (s->head) {
        struct pbuf *p = s->head;
        s->head = p->next;
        p->next = NULL;
        pbuf_free(p);
    }
    s->tail = NULL;
    s->offset = 0;
}

/* Frees it; there is no pcb any more. */
static void release(struct net_tcp_private *s)
{
    drop_queue(s);
    net_event_drop(&s->event);
    os_list_remove(&s->unsent_link);
    os_list_remove(&s->link);
    mem_free(s);
}

/* The window opens by LEN. */
static void open_window(struct net_tcp_private *s, size_t len)
{
    while (s->pcb && len) {
        u16_t part = len < 0xffff ? (u16_t)len : 0xffff;
        tcp_recved(s->pcb, part);
        len -= part;
    }
}

static size_t queued(const struct net_tcp_private *s)
{
    size_t sum = 0;
    for (const struct pbuf *p = s->head; p; p = p->next)
        sum += p->len;
    return sum - s->offset;
}

/* Lets go of the connection, in good order or not. */
static void let_go(struct net_tcp_private *s, int abort)
{
    struct tcp_pcb *pcb = s->pcb;
    if (!pcb)
        return;
    /* with bytes that nobody has read lwIP would send a reset instead of what was written */
    if (!abort)
        open_window(s, queued(s));
    detach(s);
    if (abort || tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

void net_tcp_settle(struct net_stack_private *own)
{
    struct os_list *next;
    if (!own->half_closed)
        return;
    for (struct os_list *at = own->sockets.next; at != &own->sockets; at = next) {
        struct net_tcp_private *s = OS_CONTAINER_OF(at, struct net_tcp_private, link);
        next = at->next;
        if (!s->shut || !s->pcb)
            continue;
        int over = s->pcb->state == TIME_WAIT;
        if (s->lingering) {
            if (over || s->pcb->state == FIN_WAIT_2) {
                let_go(s, 0);
                release(s);
            }
            continue;
        }
        if (s->want_drain && (over || s->pcb->state == FIN_WAIT_2)) {
            s->want_drain = 0;
            post(s, TELL_DRAINED);
        }
        /* lwIP forgets it some time from now without a word */
        if (over)
            detach(s);
    }
}

void net_tcp_output(struct net_stack_private *own)
{
    while (!os_list_empty(&own->unsent)) {
        struct net_tcp_private *s = OS_CONTAINER_OF(own->unsent.next, struct net_tcp_private, unsent_link);
        os_list_remove(&s->unsent_link);
        if (s->pcb)
            tcp_output(s->pcb);
    }
}

void net_tcp_feed(struct net_stack_private *own)
{
    own->starving = 0;
    for (struct os_list *at = own->sockets.next; at != &own->sockets; at = at->next) {
        struct net_tcp_private *s = OS_CONTAINER_OF(at, struct net_tcp_private, link);
        if (s->want_write && s->pcb && all_sent(s))
            post(s, TELL_WRITABLE);
    }
}

void net_tcp_forget(struct net_stack_private *own)
{
    while (!os_list_empty(&own->listeners)) {
        struct net_tcp_listener_private *l =
            OS_CONTAINER_OF(own->listeners.next, struct net_tcp_listener_private, link);
        net_tcp_listener_close(l->listener);
    }
    while (!os_list_empty(&own->sockets)) {
        struct net_tcp_private *s = OS_CONTAINER_OF(own->sockets.next, struct net_tcp_private, link);
        if (s->tcp)
            s->tcp->own = NULL;
        let_go(s, 1);
        release(s);
    }
    /* those that were closed and are still being ended */
    while (tcp_active_pcbs)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs)
        tcp_abort(tcp_tw_pcbs);
}

/* ---- connections ---- */

static err_t bind_tcp(void *pcb, const ip_addr_t *ip, u16_t port)
{
    return tcp_bind(pcb, ip, port);
}

static os_err bind_from(struct net_stack_private *own, struct tcp_pcb *pcb, const struct net_addr *from)
{
    ip_addr_t ip;
    if (from)
        net_addr_to(from, &ip, own);
    if (!from || !from->family)
        ip_addr_copy(ip, pcb->local_ip);
    return net_err(net_lwip_bind(bind_tcp, pcb, &ip, from ? from->port : 0));
}

os_err net_tcp_connect(struct net_stack *stack, struct net_tcp *tcp, const struct net_addr *to,
                       const struct net_addr *from)
{
    struct net_stack_private *own = stack->own;
    ip_addr_t ip;
    os_err err = OS_ERR_RAM;
    if (!own || tcp->own || !to || !to->port || !to->family)
        return OS_ERR_BAD_ARG;
    net_enter(own);
    struct net_tcp_private *s = make(own);
    if (!s)
        goto leave;
    struct tcp_pcb *pcb = tcp_new_ip_type(to->family == NET_IPV6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
    if (!pcb)
        goto free;
    err = bind_from(own, pcb, from);
    if (err)
        goto close;
    net_addr_to(to, &ip, own);
    err = net_err(tcp_connect(pcb, &ip, to->port, on_connected));
    if (err)
        goto close;
    attach(s, pcb);
    s->connecting = 1;
    s->tcp = tcp;
    tcp->own = s;
    os_list_insert(&own->sockets, &s->link);
    net_leave(own);
    return OS_OK;
close:
    tcp_abort(pcb);
free:
    mem_free(s);
leave:
    net_leave(own);
    return err;
}

os_err net_tcp_peek(struct net_tcp *tcp, const void **data, size_t *len)
{
    struct net_tcp_private *s = tcp->own;
    if (!s)
        return OS_ERR_DEAD;
    if (!s->head) {
        if (!s->peer_ended)
            return s->pcb ? OS_ERR_BUSY : OS_ERR_DEAD;
        *data = NULL;
        *len = 0;
        return OS_OK;
    }
    *data = (const uint8_t *)s->head->payload + s->offset;
    *len = s->head->len - s->offset;
    return OS_OK;
}

void net_tcp_consume(struct net_tcp *tcp, size_t len)
{
    struct net_tcp_private *s = tcp->own;
    size_t taken = 0;
    if (!s || !len)
        return;
    net_enter(s->own);
    while (s->head && taken < len) {
        struct pbuf *p = s->head;
        size_t left = p->len - s->offset;
        if (left > len - taken) {
            s->offset += len - taken;
            taken = len;
            break;
        }
        taken += left;
        s->offset = 0;
        s->head = p->next;
        if (!s->head)
            s->tail = NULL;
        p->next = NULL;
        pbuf_free(p);
    }
    open_window(s, taken);
    net_leave(s->own);
}

os_err net_tcp_read(struct net_tcp *tcp, void *data, size_t size, size_t *len)
{
    struct net_tcp_private *s = tcp->own;
    const void *piece;
    size_t n = 0, done = 0;
    os_err err = net_tcp_peek(tcp, &piece, &n);
    if (err || !n || !size) {
        if (!err)
            *len = 0;
        return err;
    }
    size_t offset = s->offset;
    for (const struct pbuf *p = s->head; p && done < size; p = p->next, offset = 0) {
        size_t part = p->len - offset < size - done ? p->len - offset : size - done;
        memcpy((uint8_t *)data + done, (const uint8_t *)p->payload + offset, part);
        done += part;
    }
    net_tcp_consume(tcp, done);
    *len = done;
    return OS_OK;
}

/* As much of SIZE bytes as there is room for, in segments no larger than lwIP's counters. */
static size_t write_some(struct net_tcp_private *s, const uint8_t *data, size_t size, u8_t flags)
{
    size_t done = 0;
    /* segments are made for half of it at most, and those that there are must not be longer
     * (net/lwip/README.md) */
    if (s->pcb->snd_wnd_max < 2u * s->pcb->mss)
        s->pcb->snd_wnd_max = 2u * s->pcb->mss;
    while (done < size) {
        size_t part = size - done;
        if (part > tcp_sndbuf(s->pcb))
            part = tcp_sndbuf(s->pcb);
        if (part > 0x8000)
            part = 0x8000;
        err_t err = ERR_MEM;
        /* less may do when memory is short */
        while (part && (err = tcp_write(s->pcb, data + done, (u16_t)part, flags)) == ERR_MEM &&
               part > TCP_MSS)
            part /= 4;
        if (!part || err != ERR_OK)
            break;
        done += part;
    }
    return done;
}

static os_err write(struct net_tcp *tcp, const void *data, size_t size, size_t *len, u8_t flags)
{
    struct net_tcp_private *s = tcp->own;
    if (!s || !s->pcb || s->shut)
        return OS_ERR_DEAD;
    net_enter(s->own);
    size_t done = s->pcb && !s->connecting ? write_some(s, data, size, flags) : 0;
    if (done) {
        s->want_drain = 1;
        os_list_remove(&s->unsent_link);
        os_list_insert(&s->own->unsent, &s->unsent_link);
    }
    if (done < size) {
        s->want_write = 1;
        /* no acknowledgement will come to say when there is memory again */
        if (s->pcb && !s->connecting && all_sent(s))
            s->own->starving = 1;
    }
    net_leave(s->own);
    *len = done;
    return OS_OK;
}

os_err net_tcp_write(struct net_tcp *tcp, const void *data, size_t size, size_t *len)
{
    return write(tcp, data, size, len, TCP_WRITE_FLAG_COPY);
}

os_err net_tcp_write_static(struct net_tcp *tcp, const void *data, size_t size, size_t *len)
{
    return write(tcp, data, size, len, 0);
}

void net_tcp_flush(struct net_tcp *tcp)
{
    struct net_tcp_private *s = tcp->own;
    if (!s || !s->pcb)
        return;
    net_enter(s->own);
    if (s->pcb)
        tcp_output(s->pcb);
    os_list_remove(&s->unsent_link);
    net_leave(s->own);
}

/* We send no more. */
static void shut(struct net_tcp_private *s)
{
    if (s->shut)
        return;
    s->shut = 1;
    s->own->half_closed++;
    /* without memory it marks the connection and tries again by itself */
    (void)tcp_shutdown(s->pcb, 0, 1);
}

void net_tcp_shutdown(struct net_tcp *tcp)
{
    struct net_tcp_private *s = tcp->own;
    if (!s || !s->pcb || s->shut)
        return;
    net_enter(s->own);
    if (s->pcb) {
        s->want_drain = 1;
        s->want_write = 0;
        shut(s);
    }
    net_leave(s->own);
}

/*
 * To lwIP, a connection that was closed and gets more bytes is one to be reset at once. As long as something
 * of ours is under way it is only shut.
 */
static int has_to_linger(const struct net_tcp_private *s)
{
    return s->pcb && !s->peer_ended && !all_sent(s) && s->pcb->state >= SYN_RCVD;
}

static void linger(struct net_tcp_private *s)
{
    open_window(s, queued(s));
    drop_queue(s);
    net_event_drop(&s->event);
    s->tcp = NULL;
    s->lingering = 1;
    shut(s);
}

static void end(struct net_tcp *tcp, int abort)
{
    struct net_tcp_private *s = tcp->own;
    if (!s)
        return;
    struct net_stack_private *own = s->own;
    net_enter(own);
    if (!abort && has_to_linger(s)) {
        linger(s);
    } else {
        let_go(s, abort);
        release(s);
    }
    tcp->own = NULL;
    net_leave(own);
}

void net_tcp_close(struct net_tcp *tcp)
{
    end(tcp, 0);
}

void net_tcp_abort(struct net_tcp *tcp)
{
    end(tcp, 1);
}

void net_tcp_local(const struct net_tcp *tcp, struct net_addr *addr)
{
    *addr = tcp->own ? tcp->own->local : (struct net_addr){ 0 };
}

void net_tcp_peer(const struct net_tcp *tcp, struct net_addr *addr)
{
    *addr = tcp->own ? tcp->own->peer : (struct net_addr){ 0 };
}

void net_tcp_set_nodelay(struct net_tcp *tcp, int on)
{
    if (!tcp->own || !tcp->own->pcb)
        return;
    if (on)
        tcp_nagle_disable(tcp->own->pcb);
    else
        tcp_nagle_enable(tcp->own->pcb);
}

void net_tcp_set_keepalive(struct net_tcp *tcp, uint32_t seconds)
{
    struct net_tcp_private *s = tcp->own;
    if (!s || !s->pcb)
        return;
    net_enter(s->own);
    if (s->pcb && seconds) {
        uint32_t ms = seconds < 0x100000 ? seconds * 1000 : 0x100000 * 1000u;
        s->pcb->keep_idle = ms;
        s->pcb->keep_intvl = ms / 4 ? ms / 4 : 1;
        s->pcb->keep_cnt = 4;
        ip_set_option(s->pcb, SOF_KEEPALIVE);
    } else if (s->pcb) {
        ip_reset_option(s->pcb, SOF_KEEPALIVE);
    }
    net_leave(s->own);
}

/* ---- listeners ---- */

static void deliver_incoming(struct net_event *event)
{
    struct net_tcp_listener_private *l = OS_CONTAINER_OF(event, struct net_tcp_listener_private, event);
    if (l->listener->incoming && !os_list_empty(&l->waiting))
        l->listener->incoming(l->listener);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct net_tcp_listener_private *l = arg;
    if (err != ERR_OK || !pcb)
        return ERR_VAL;
    struct net_tcp_private *s = l ? make(l->own) : NULL;
    if (!s)
        return ERR_MEM; /* lwIP aborts it */
    attach(s, pcb);
    tcp_backlog_delayed(pcb);
    s->waiting = l;
    os_list_insert(&l->waiting, &s->link);
    net_event_post(l->own, &l->event);
    return ERR_OK;
}

os_err net_tcp_listen(struct net_stack *stack, struct net_tcp_listener *listener, const struct net_addr *addr,
                      uint32_t backlog)
{
    struct net_stack_private *own = stack->own;
    ip_addr_t ip;
    err_t failed = ERR_MEM;
    os_err err = OS_ERR_RAM;
    if (!own || listener->own || !addr || !addr->port || backlog < 1 || backlog > 255)
        return OS_ERR_BAD_ARG;
    net_enter(own);
    struct net_tcp_listener_private *l = mem_calloc(1, sizeof(*l));
    if (!l)
        goto leave;
    net_addr_to(addr, &ip, own);
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(&ip));
    if (!pcb)
        goto free;
    /* connections that ended a minute ago are in nobody's way */
    ip_set_option(pcb, SOF_REUSEADDR);
    err = net_err(tcp_bind(pcb, &ip, addr->port));
    if (err)
        goto close;
    struct tcp_pcb *listening = tcp_listen_with_backlog_and_err(pcb, (u8_t)backlog, &failed);
    err = net_err(failed);
    if (!listening)
        goto close;
    l->own = own;
    l->listener = listener;
    l->pcb = listening;
    l->event.deliver = deliver_incoming;
    os_list_init(&l->waiting);
    tcp_arg(listening, l);
    tcp_accept(listening, on_accept);
    os_list_insert(&own->listeners, &l->link);
    listener->own = l;
    net_leave(own);
    return OS_OK;
close:
    tcp_abort(pcb);
free:
    mem_free(l);
leave:
    net_leave(own);
    return err;
}

os_err net_tcp_accept(struct net_tcp_listener *listener, struct net_tcp *tcp)
{
    struct net_tcp_listener_private *l = listener->own;
    if (!l || tcp->own)
        return OS_ERR_BAD_ARG;
    while (!os_list_empty(&l->waiting)) {
        struct net_tcp_private *s = OS_CONTAINER_OF(l->waiting.next, struct net_tcp_private, link);
        net_enter(l->own);
        if (s->pcb)
            tcp_backlog_accepted(s->pcb);
        s->waiting = NULL;
        if (s->bits & TELL_CLOSED) { /* over before anyone cared */
            release(s);
            net_leave(l->own);
            continue;
        }
        os_list_remove(&s->link);
        os_list_insert(&l->own->sockets, &s->link);
        s->tcp = tcp;
        tcp->own = s;
        if (s->bits)
            net_event_post(s->own, &s->event);
        net_leave(l->own);
        return OS_OK;
    }
    return OS_ERR_BUSY;
}

void net_tcp_listener_close(struct net_tcp_listener *listener)
{
    struct net_tcp_listener_private *l = listener->own;
    if (!l)
        return;
    struct net_stack_private *own = l->own;
    net_enter(own);
    while (!os_list_empty(&l->waiting)) {
        struct net_tcp_private *s = OS_CONTAINER_OF(l->waiting.next, struct net_tcp_private, link);
        let_go(s, 1);
        release(s);
    }
    tcp_accept(l->pcb, NULL);
    tcp_arg(l->pcb, NULL);
    (void)tcp_close(l->pcb);
    net_event_drop(&l->event);
    os_list_remove(&l->link);
    mem_free(l);
    listener->own = NULL;
    net_leave(own);
}
