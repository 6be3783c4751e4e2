/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c: lwIP on a Nic session, at an entrypoint.
 *
 * A frame that comes in is copied once, out of the stream, and is lwIP's from then on. It could be left where
 * it is until the application has read it, but its sender can change it there, after lwIP has checked a
 * header and before it relies on it. A frame that goes out is copied once, from lwIP's pieces to the stream.
 */
#include "private.h"

#include <network/secret.h>
#include <network/stack.h>
#include <os/resources.h>
#include <os/session.h>

#include <stdio.h>
#include <string.h>

#include "../lwip/port.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/ethip6.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"

#define RETRY_FIRST (100 * OS_MS)
#define RETRY_LAST  (5 * OS_SEC)

/* Bytes of the stream of frames that come in for each that it may hold: full ones have more, most have less.
 */
#define FRAME OS_KIB(1)

/* Rounds of telling the user before others at the entrypoint have their turn. */
#define EVENTS 512

void (*net_stack_switch)(struct net_stack_private *stack);
void (*net_stack_forget)(struct net_stack_private *stack);

static int in_use; /* there is a stack, and no switching between several */

/* ---- between lwIP and the rest ---- */

void net_enter(struct net_stack_private *own)
{
    if (net_stack_switch)
        net_stack_switch(own);
    net_timers_run(own);
}

void net_leave(struct net_stack_private *own)
{
    if (own->working || own->signalled)
        return;
    own->signalled = 1;
    os_signal_submit(own->work_signal);
}

void net_stack_begin(struct net_stack *stack)
{
    net_enter(stack->own);
}

void net_stack_end(struct net_stack *stack)
{
    net_leave(stack->own);
}

void net_event_post(struct net_stack_private *own, struct net_event *event)
{
    if (event->queued)
        return;
    event->queued = 1;
    os_list_insert(&own->events, &event->link);
}

void net_event_drop(struct net_event *event)
{
    if (event->queued)
        os_list_remove(&event->link);
    event->queued = 0;
}

static void flush(struct net_stack_private *own)
{
    if (own->unflushed)
        os_nic_frames_source_flush(&own->tx);
    own->unflushed = 0;
    if (!own->full || !own->session)
        return;
    /* when a quarter of it is free again, what was refused is tried again */
    own->full = 0;
    os_nic_frames_source_arm(&own->tx, OS_NIC_STREAM.slots / 4);
}

/* What lwIP has left for later. */
static void settle(struct net_stack_private *own)
{
    net_tcp_output(own);
    net_resolve_servers(own);
    netif_poll_all();
    PBUF_CHECK_FREE_OOSEQ();
    net_tcp_settle(own);
    flush(own);
}

static void arm(struct net_stack_private *own)
{
    os_time due = net_timers_due(own), now = os_clock_now();
    if (own->retry < due)
        due = own->retry;
    /* one that comes too early finds nothing to do and arms the right one: rarer than calling the timer each
     * time */
    if (due >= own->armed)
        return;
    if (os_timeout_arm(&own->timeout, due > now ? due - now : 0) == OS_OK)
        own->armed = due;
}

/* Begins a handler; GONE is set if the user ends the stack in one of his functions. */
static void begin_work(struct net_stack_private *own, int *gone)
{
    *gone = 0;
    own->gone = gone;
    own->working = 1;
    net_enter(own);
}

/* Ends it: tells the user what happened until nothing more does, and leaves nothing unsent. */
static void end_work(struct net_stack_private *own, const int *gone)
{
    settle(own);
    for (int i = 0; i < EVENTS && !os_list_empty(&own->events); i++) {
        struct net_event *event = OS_CONTAINER_OF(own->events.next, struct net_event, link);
        net_event_drop(event);
        event->deliver(event);
        if (*gone)
            return;
        if (os_list_empty(&own->events)) {
            net_enter(own);
            settle(own);
        }
    }
    net_enter(own);
    settle(own);
    arm(own);
    own->working = 0;
    own->gone = NULL;
    if (!os_list_empty(&own->events))
        net_leave(own);
}

static void handle_work(struct os_signal_handler *handler)
{
    struct net_stack_private *own = OS_CONTAINER_OF(handler, struct net_stack_private, work);
    int gone;
    own->signalled = 0;
    begin_work(own, &gone);
    end_work(own, &gone);
}

/* ---- frames ---- */

struct frame {
    struct pbuf_custom custom;
    uint8_t data[];
};

/*
 * lwIP 2.1.3 looks at some fields (the version of IPv6, the port of UDP behind 60 bytes of an IPv4 header)
 * before it looks whether they are there: what it finds beyond a short frame are zeros, and nothing of
 * others.
 */
#define READ_AHEAD 128u

static void free_frame(struct pbuf *p)
{
    net_lwip_receive_free(
        OS_CONTAINER_OF(OS_CONTAINER_OF(p, struct pbuf_custom, pbuf), struct frame, custom));
}

static struct frame *make_frame(uint32_t len)
{
    size_t size = offsetof(struct frame, data) + ETH_PAD_SIZE + (len < READ_AHEAD ? READ_AHEAD : len);
    struct frame *frame = net_lwip_receive_malloc(size);
    if (frame)
        return frame;
    /* what waits for something that was lost will be sent again */
    pbuf_free_ooseq();
    return net_lwip_receive_malloc(size);
}

/*
 * A server that offers and then refuses would have lwIP ask again at once, for ever.
 */
#define DHCP_ANSWERS 8 /* in a second */

static int is_too_much_dhcp(struct net_stack_private *own, const uint8_t *data, uint32_t len)
{
    uint32_t port = OS_NIC_HEADER + 4 * (data[OS_NIC_HEADER] & 15u) + 2;
    if (data[12] != 0x08 || data[13] != 0 || len < port + 2 || data[23] != 17 || data[port] != 0 ||
        data[port + 1] != 68)
        return 0;
    os_time now = os_clock_now();
    if (!own->dhcp_answers || now - own->dhcp_since >= OS_SEC) {
        own->dhcp_answers = 0;
        own->dhcp_since = now;
    }
    return ++own->dhcp_answers > DHCP_ANSWERS;
}

static void take_frame(struct net_stack_private *own, const struct os_nic_frames_packet *packet)
{
    uint32_t len = packet->len;
    if (len < OS_NIC_HEADER || len > OS_NIC_HEADER + (uint32_t)own->info.mtu ||
        !netif_is_link_up(&own->netif)) {
        own->dropped++;
        return;
    }
    struct frame *frame = make_frame(len);
    if (!frame) {
        own->dropped++;
        return;
    }
    memcpy(frame->data + ETH_PAD_SIZE, packet->data, len);
    if (len < READ_AHEAD)
        memset(frame->data + ETH_PAD_SIZE + len, 0, READ_AHEAD - len);
    if (is_too_much_dhcp(own, frame->data + ETH_PAD_SIZE, len)) {
        own->dropped++;
        net_lwip_receive_free(frame);
        return;
    }
    frame->custom.custom_free_function = free_frame;
    struct pbuf *p = pbuf_alloced_custom(PBUF_RAW, (u16_t)(ETH_PAD_SIZE + len), PBUF_REF, &frame->custom,
                                         frame->data, (u16_t)(ETH_PAD_SIZE + len));
    own->frames_in++;
    own->bytes_in += len;
    net_timers_note(own, frame->data + ETH_PAD_SIZE, len);
    NETIF_SET_CHECKSUM_CTRL(&own->netif, packet->desc.flags & OS_NIC_INTACT
                                             ? NETIF_CHECKSUM_ENABLE_ALL &
                                                   ~(NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_UDP |
                                                     NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_ICMP |
                                                     NETIF_CHECKSUM_CHECK_ICMP6)
                                             : NETIF_CHECKSUM_ENABLE_ALL);
    net_front_segment(own, frame->data + ETH_PAD_SIZE);
    if (own->netif.input(p, &own->netif) != ERR_OK)
        pbuf_free(p);
    net_tcp_settle(own);
}

static void handle_frames(struct os_nic_frames_sink *sink)
{
    struct net_stack_private *own = OS_CONTAINER_OF(sink, struct net_stack_private, rx);
    struct os_nic_frames_packet packet;
    int gone;
    begin_work(own, &gone);
    while (os_nic_frames_sink_get(sink, &packet)) {
        take_frame(own, &packet);
        os_nic_frames_sink_ack(sink, &packet);
    }
    end_work(own, &gone);
}

/* There is room in the stream again for what was refused. */
static void handle_room(struct os_nic_frames_source *source)
{
    struct net_stack_private *own = OS_CONTAINER_OF(source, struct net_stack_private, tx);
    int gone;
    begin_work(own, &gone);
    os_nic_frames_source_reclaim(source);
    tcp_txnow();
    end_work(own, &gone);
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    struct net_stack_private *own = netif->state;
    struct os_nic_frames_packet packet;
    if (!own->session || p->tot_len < ETH_PAD_SIZE + OS_NIC_HEADER ||
        p->tot_len > ETH_PAD_SIZE + OS_NIC_HEADER + (uint32_t)own->info.mtu) {
        own->dropped++;
        return own->session ? ERR_BUF : ERR_IF;
    }
    uint16_t len = (uint16_t)(p->tot_len - ETH_PAD_SIZE);
    /* once in each batch, so that the same memory is used again and again, which caches like */
    if (!own->unflushed)
        os_nic_frames_source_reclaim(&own->tx);
    os_err err = os_nic_frames_source_alloc(&own->tx, len, &packet);
    if (err == OS_ERR_BUSY && os_nic_frames_source_reclaim(&own->tx))
        err = os_nic_frames_source_alloc(&own->tx, len, &packet);
    if (err) {
        /* TCP tries again when there is room, others have lost it */
        own->full = err == OS_ERR_BUSY;
        own->dropped++;
        return ERR_MEM;
    }
    pbuf_copy_partial(p, packet.data, len, ETH_PAD_SIZE);
    uint8_t head[OS_NIC_HEADER + 8];
    u16_t known = pbuf_copy_partial(p, head, sizeof(head), ETH_PAD_SIZE);
    net_timers_note(own, head, known);
    packet.desc.flags = OS_NIC_INTACT;
    err = os_nic_frames_source_submit(&own->tx, &packet);
    if (err)
        return ERR_IF;
    own->unflushed = 1;
    own->frames_out++;
    own->bytes_out += len;
    return ERR_OK;
}

/* ---- the interface ---- */

static void deliver_ready(struct net_event *event)
{
    struct net_stack *stack = OS_CONTAINER_OF(event, struct net_stack_private, ready)->stack;
    if (stack->ready)
        stack->ready(stack);
}

/* The first IPv6 address is the one of the link. */
static void note_ready(struct net_stack_private *own)
{
    struct net_stack_state state;
    if (own->was_ready)
        return;
    net_stack_state(own->stack, &state);
    int never4 = !own->dhcp && !own->ipv4.family, never6 = !own->autoconf && !own->ipv6.family;
    int is_ready = ((own->stack->family != NET_IPV6 || never6) && state.ipv4.family != NET_ANY) ||
                   ((own->stack->family != NET_IPV4 || never4) && state.ipv6_count > 1);
    if (!state.link || !is_ready)
        return;
    own->was_ready = 1;
    net_event_post(own, &own->ready);
}

static void deliver_changed(struct net_event *event)
{
    struct net_stack_private *own = OS_CONTAINER_OF(event, struct net_stack_private, changed);
    note_ready(own);
    if (own->stack->changed)
        own->stack->changed(own->stack);
}

static void status_changed(struct netif *netif)
{
    struct net_stack_private *own = netif->state;
    net_event_post(own, &own->changed);
}

static err_t init_netif(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->hwaddr_len = OS_NIC_MAC;
    netif->mtu = OS_NIC_MTU;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = send_frame;
    netif->flags =
        NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    return ERR_OK;
}

static void set_static(struct net_stack_private *own)
{
    ip_addr_t ip, gateway;
    ip4_addr_t mask, none = { 0 };
    if (own->ipv4.family) {
        net_addr_to(&own->ipv4, &ip, own);
        net_addr_to(&own->gateway, &gateway, own);
        ip4_addr_set_u32(&mask, own->prefix4 ? PP_HTONL(UINT32_MAX << (32 - own->prefix4)) : 0);
        netif_set_addr(&own->netif, ip_2_ip4(&ip), &mask, own->gateway.family ? ip_2_ip4(&gateway) : &none);
    }
    if (own->ipv6.family) {
        s8_t index = -1;
        net_addr_to(&own->ipv6, &ip, own);
        if (netif_add_ip6_address(&own->netif, ip_2_ip6(&ip), &index) == ERR_OK && index > 0)
            netif_ip6_addr_set_state(&own->netif, index, IP6_ADDR_PREFERRED);
    }
}

const ip6_addr_t *net_lwip_gateway6(struct netif *netif, const ip6_addr_t *to)
{
    static ip6_addr_t gateway; /* lwIP copies it at once */
    struct net_stack_private *own = netif->state;
    ip_addr_t ip;
    (void)to;
    if (!own || netif != &own->netif || !own->gateway6.family)
        return NULL;
    net_addr_to(&own->gateway6, &ip, own);
    gateway = *ip_2_ip6(&ip);
    return &gateway;
}

void net_dhcp_start(struct net_stack_private *own)
{
    int waited = own->dhcp_waits;
    own->dhcp_waits = dhcp_start(&own->netif) != ERR_OK;
    if (own->dhcp_waits && !waited)
        fprintf(stderr, "network: no memory for DHCP, which waits for it\n");
}

/* The session is there, with another address than before perhaps. */
static void set_up(struct net_stack_private *own)
{
    int same = own->netif.flags & NETIF_FLAG_UP && memcmp(own->netif.hwaddr, own->info.mac, OS_NIC_MAC) == 0;
    own->netif.mtu = own->info.mtu;
    own->netif.mtu6 = own->info.mtu;
    if (same)
        return;
    memcpy(own->netif.hwaddr, own->info.mac, OS_NIC_MAC);
    netif_set_up(&own->netif);
    if (own->autoconf || own->ipv6.family) {
        netif_create_ip6_linklocal_address(&own->netif, 1);
        netif_set_ip6_autoconfig_enabled(&own->netif, own->autoconf != 0);
    }
    set_static(own);
    if (own->dhcp)
        net_dhcp_start(own);
}

static void set_link(struct net_stack_private *own, int up)
{
    if (up == !!netif_is_link_up(&own->netif))
        return;
    if (up)
        netif_set_link_up(&own->netif);
    else
        netif_set_link_down(&own->netif);
    net_event_post(own, &own->changed);
}

/* ---- the session ---- */

static void close_session(struct net_stack_private *own)
{
    if (!own->session)
        return;
    own->session = 0;
    own->unflushed = own->full = 0;
    os_nic_frames_source_fini(&own->tx);
    os_nic_frames_sink_fini(&own->rx);
    os_nic_close(&own->nic);
}

static void handle_lost(struct net_stack_private *own);

static void handle_rx_ended(struct os_nic_frames_sink *sink)
{
    handle_lost(OS_CONTAINER_OF(sink, struct net_stack_private, rx));
}

static void handle_tx_ended(struct os_nic_frames_source *source)
{
    handle_lost(OS_CONTAINER_OF(source, struct net_stack_private, tx));
}

/*
 * How large the stream of frames that come in is: an eighth of `memory`, rounded down to a power of two; as
 * much as one connection may have.
 *
 * Peers send as much as was announced to each, all at once if they like, and what the stream has no room for
 * is lost. The end of a burst is what is lost, behind which nothing comes that would tell its sender, so that
 * he stands still until a time-out. The stream that goes out needs no more than is usual: TCP waits for room.
 */
static struct os_packet_size receiving(const struct net_stack_private *own)
{
    struct os_packet_size size = OS_NIC_STREAM;
    while (size.bulk <= own->limit / 16 && size.bulk < OS_PACKET_MAX_SLOTS * FRAME)
        size.bulk *= 2;
    size.slots = size.bulk / FRAME;
    return size;
}

static os_err connect_rx(struct net_stack_private *own)
{
    const struct os_packet_size usual = OS_NIC_STREAM, size = receiving(own);
    uint64_t more = os_nic_frames_ram(size) - os_nic_frames_ram(usual);
    os_err err = os_nic_rx_connect(&own->rx, own->env->ep, own->nic.cap, size);
    if (err && !os_session_upgrade_after(&own->nic.base, err, more, 0))
        err = os_nic_rx_connect(&own->rx, own->env->ep, own->nic.cap, size);
    /* the quota is less than `memory` would have it */
    if (err == OS_ERR_RAM)
        err = os_nic_rx_connect(&own->rx, own->env->ep, own->nic.cap, usual);
    return err;
}

static os_err open_session(struct net_stack_private *own)
{
    struct os_nic_info info;
    os_err err = os_nic_open(own->env, own->label, "", &own->nic);
    if (err)
        return err;
    own->tx = (struct os_nic_frames_source){ .handle = handle_room, .ended = handle_tx_ended };
    own->rx = (struct os_nic_frames_sink){ .handle = handle_frames, .ended = handle_rx_ended };
    err = os_nic_tx_connect(&own->tx, own->env->ep, own->nic.cap, OS_NIC_STREAM);
    if (err)
        goto close;
    err = connect_rx(own);
    if (err)
        goto fini_tx;
    err = os_nic_link_sigh(own->nic.cap, own->link_signal);
    if (!err)
        err = os_nic_info(own->nic.cap, &info);
    if (!err && (info.mtu < OS_NIC_MTU_MIN || info.mtu > OS_NIC_MTU_MAX || (info.mac[0] & 1)))
        err = OS_ERR_BAD_MSG;
    if (err)
        goto fini_rx;
    own->info = info;
    own->session = 1;
    return OS_OK;
fini_rx:
    os_nic_frames_sink_fini(&own->rx);
fini_tx:
    os_nic_frames_source_fini(&own->tx);
close:
    os_nic_close(&own->nic);
    return err;
}

/* Tries it now, or a little later, each time later than before. */
static void reopen(struct net_stack_private *own)
{
    os_err err = open_session(own);
    own->retry = OS_NEVER;
    if (!err) {
        own->retry_after = RETRY_FIRST;
        return;
    }
    own->retry = os_clock_now() + own->retry_after;
    own->retry_after = own->retry_after * 2 < RETRY_LAST ? own->retry_after * 2 : RETRY_LAST;
}

/* With the session that there is now, or none. */
static void session_changed(struct net_stack_private *own)
{
    int gone;
    begin_work(own, &gone);
    if (own->session)
        set_up(own);
    set_link(own, own->session && own->info.link);
    end_work(own, &gone);
}

static void handle_lost(struct net_stack_private *own)
{
    if (!own->session)
        return;
    /* the user learns of the link before the new session is waited for */
    close_session(own);
    own->retry_after = RETRY_FIRST;
    own->retry = os_clock_now();
    session_changed(own);
}

static void handle_link(struct os_signal_handler *handler)
{
    struct net_stack_private *own = OS_CONTAINER_OF(handler, struct net_stack_private, link_handler);
    struct os_nic_info info;
    if (!own->session || os_nic_info(own->nic.cap, &info) != OS_OK)
        return;
    own->info.link = info.link;
    session_changed(own);
}

static void handle_timeout(struct os_timeout *timeout)
{
    struct net_stack_private *own = OS_CONTAINER_OF(timeout, struct net_stack_private, timeout);
    own->armed = OS_NEVER;
    if (own->retry <= os_clock_now())
        reopen(own);
    session_changed(own);
}

/* ---- what the config says ---- */

struct reader {
    const struct os_config *config;
    os_config_ref node;
    os_err err;
};

static void refuse(struct reader *reader, os_config_ref at, const char *key, const char *expected)
{
    fprintf(stderr, "%s:%u:%u: %s '%s', expected %s\n", os_config_file(reader->config), at->line, at->column,
            key, os_config_value(reader->config, at), expected);
    reader->err = OS_ERR_BAD_ARG;
}

static int is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* KEY as an address of FAMILY with a prefix; says whether it is one of the words instead. */
static const char *read_range(struct reader *reader, const char *key, const char *fallback, const char *word,
                              enum net_family family, struct net_addr *addr, uint8_t *prefix)
{
    os_config_ref at = os_config_get(reader->config, reader->node, key);
    const char *text = at ? os_config_value(reader->config, at) : fallback;
    struct net_range range;
    if (strcmp(text, "none") == 0 || strcmp(text, word) == 0)
        return text;
    if (net_range_parse(text, &range) || range.addr.family != family) {
        refuse(reader, at, key,
               family == NET_IPV4 ? "dhcp, none, or an address like 10.0.0.2/24"
                                  : "auto, none, or an address like fd00::2/64");
        return "none";
    }
    *addr = range.addr;
    *prefix = range.prefix;
    return "";
}

static void read_address(struct reader *reader, const char *key, enum net_family family,
                         struct net_addr *addr)
{
    os_config_ref at = os_config_get(reader->config, reader->node, key);
    if (!at)
        return;
    if (net_addr_parse(os_config_value(reader->config, at), addr) || addr->family != family || addr->port)
        refuse(reader, at, key, family == NET_IPV4 ? "an IPv4 address" : "an IPv6 address");
}

static void read_dns(struct reader *reader, struct net_stack_private *own)
{
    os_config_ref list = os_config_get(reader->config, reader->node, "dns");
    for (os_config_ref at = os_config_first(reader->config, list); at;
         at = os_config_next(reader->config, at)) {
        struct net_addr addr;
        if (net_addr_parse(os_config_value(reader->config, at), &addr) || !addr.family || addr.port) {
            refuse(reader, at, "dns", "addresses of name servers");
        } else if (own->dns_count == DNS_MAX_SERVERS) {
            refuse(reader, at, "dns", "3 at most");
        } else {
            net_addr_to(&addr, &own->dns[own->dns_count++], own);
        }
    }
}

/* What DHCP is told: letters, digits and hyphens only, whatever the component is called. */
static void default_hostname(struct net_stack_private *own)
{
    char label[OS_LABEL_MAX];
    if (os_pd_label(own->env->pd, &label))
        return;
    snprintf(own->hostname, sizeof(own->hostname), "%s", os_label_last(label));
    for (char *c = own->hostname; *c; c++)
        if (!is_of_name(*c))
            *c = '-';
}

static void read_hostname(struct reader *reader, struct net_stack_private *own)
{
    os_config_ref at = os_config_get(reader->config, reader->node, "hostname");
    const char *name = at ? os_config_value(reader->config, at) : "";
    size_t len = 0;
    default_hostname(own);
    if (!at)
        return;
    while (is_of_name(name[len]))
        len++;
    if (!len || name[len] || len >= sizeof(own->hostname))
        refuse(reader, at, "hostname", "1 to 63 letters, digits and '-'");
    else
        memcpy(own->hostname, name, len + 1);
}

static os_err read_config(struct net_stack_private *own, const struct os_config *config, os_config_ref node)
{
    static const struct os_config none;
    struct reader reader = { config ? config : &none, config ? node : NULL, OS_OK };
    const char *mode;
    snprintf(own->label, sizeof(own->label), "%s", os_config_str(reader.config, reader.node, "label", ""));
    read_hostname(&reader, own);
    mode = read_range(&reader, "ipv4", "dhcp", "dhcp", NET_IPV4, &own->ipv4, &own->prefix4);
    own->dhcp = strcmp(mode, "dhcp") == 0;
    mode = read_range(&reader, "ipv6", "auto", "auto", NET_IPV6, &own->ipv6, &own->prefix6);
    own->autoconf = strcmp(mode, "auto") == 0;
    read_address(&reader, "gateway", NET_IPV4, &own->gateway);
    read_address(&reader, "gateway6", NET_IPV6, &own->gateway6);
    os_config_ref at = os_config_get(reader.config, reader.node, "memory");
    own->limit = OS_MIB(1);
    if (at && (os_config_parse_size(os_config_value(reader.config, at), &own->limit) ||
               own->limit < OS_KIB(64) || own->limit > OS_MIB(1024)))
        refuse(&reader, at, "memory", "64K to 1G");
    return reader.err;
}

/* How much one connection may take: an eighth, and no less than a few segments. */
static uint32_t per_connection(uint64_t limit)
{
    uint64_t size = limit / 8;
    if (size < 4 * TCP_MSS)
        size = 4 * TCP_MSS;
    return size < 0x40000 ? (uint32_t)size : 0x40000;
}

/* ---- life ---- */

static void add_netif(struct net_stack_private *own)
{
    uint64_t secret[2];
    net_secret(own->env, secret, OS_ARRAY_LEN(secret));
    net_lwip_memory_init(own->limit);
    net_lwip_window = net_lwip_send_buffer = per_connection(own->limit);
    net_lwip_seed(secret);
    net_lwip_init();
    netif_add_noaddr(&own->netif, own, init_netif, ethernet_input);
    netif_set_default(&own->netif);
    netif_set_status_callback(&own->netif, status_changed);
    if (own->hostname[0])
        netif_set_hostname(&own->netif, own->hostname);
    net_timers_init(own);
    own->added = 1;
}

static os_err init_signals(struct net_stack_private *own)
{
    os_err err = os_signal_handler_init(&own->work, own->env->ep, handle_work, &own->work_signal);
    if (err)
        return err;
    err = os_signal_handler_init(&own->link_handler, own->env->ep, handle_link, &own->link_signal);
    if (err) {
        os_cap_drop(own->work_signal.cap);
        os_signal_handler_fini(&own->work);
    }
    return err;
}

static void fini_signals(struct net_stack_private *own)
{
    os_signal_handler_fini(&own->link_handler);
    os_cap_drop(own->link_signal.cap);
    os_signal_handler_fini(&own->work);
    os_cap_drop(own->work_signal.cap);
}

os_err net_stack_init(struct net_stack *stack, struct os_env *env, const struct os_config *config,
                      os_config_ref network)
{
    if (in_use && !net_stack_switch)
        return OS_ERR_EXISTS;
    struct net_stack_private *own = calloc(1, sizeof(*own));
    if (!own)
        return OS_ERR_RAM;
    stack->env = env;
    own->stack = stack;
    own->env = env;
    own->armed = own->retry = OS_NEVER;
    own->retry_after = RETRY_FIRST;
    own->changed.deliver = deliver_changed;
    own->ready.deliver = deliver_ready;
    os_list_init(&own->events);
    os_list_init(&own->sockets);
    net_front_init(own);
    os_list_init(&own->unsent);
    os_list_init(&own->listeners);
    os_list_init(&own->udps);
    os_list_init(&own->pings);
    os_list_init(&own->resolves);
    os_err err = read_config(own, config, network);
    if (err)
        goto free;
    err = os_timeouts_open(&own->timeouts, env, env->ep);
    if (err)
        goto free;
    os_timeout_init(&own->timeout, &own->timeouts, handle_timeout);
    err = init_signals(own);
    if (err)
        goto timeouts;
    err = open_session(own);
    if (err)
        goto signals;
    in_use = 1;
    stack->own = own;
    if (net_stack_switch)
        net_stack_switch(own);
    add_netif(own);
    struct reader reader = { config, network, OS_OK };
    /* what lwIP has to have, and has asked for once */
    if (!netif_igmp_data(&own->netif))
        reader.err = OS_ERR_RAM;
    else if (config)
        read_dns(&reader, own);
    if (reader.err) {
        net_stack_fini(stack);
        return reader.err;
    }
    session_changed(own);
    return OS_OK;
  signals:
    fini_signals(own);
timeouts:
    os_timeouts_close(&own->timeouts);
free:
    free(own);
    return err;
}

void net_stack_fini(struct net_stack *stack)
{
    struct net_stack_private *own = stack->own;
    if (!own)
        return;
    close_session(own); /* not a word to anyone */
    net_enter(own);     /* after that call, during which another stack may have had its turn */
    net_tcp_forget(own);
    net_udp_forget(own);
    net_ping_forget(own);
    net_resolve_forget(own);
    dhcp_stop(&own->netif);
    dhcp_cleanup(&own->netif);
    netif_remove(&own->netif);
    net_timers_fini(own);
    net_lwip_drop_spare();
    if (net_stack_forget)
        net_stack_forget(own);
    os_timeout_disarm(&own->timeout);
    os_timeouts_close(&own->timeouts);
    fini_signals(own);
    if (own->gone)
        *own->gone = 1;
    free(own);
    stack->own = NULL;
    in_use = 0;
}

void net_stack_state(const struct net_stack *stack, struct net_stack_state *state)
{
    struct net_stack_private *own = stack->own;
    size_t used, peak;
    *state = (struct net_stack_state){ 0 };
    if (!own)
        return;
    net_enter(own);
    state->link = netif_is_link_up(&own->netif) != 0;
    memcpy(state->mac, own->netif.hwaddr, OS_NIC_MAC);
    state->mtu = own->netif.mtu;
    net_addr_from(&state->ipv4, &own->netif.ip_addr, 0);
    if (ip4_addr_isany(netif_ip4_addr(&own->netif)))
        state->ipv4 = (struct net_addr){ 0 };
    if (!ip4_addr_isany(netif_ip4_gw(&own->netif)))
        net_addr_from(&state->gateway, &own->netif.gw, 0);
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES && state->ipv6_count < OS_ARRAY_LEN(state->ipv6); i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&own->netif, i)))
            net_addr_from(&state->ipv6[state->ipv6_count++], &own->netif.ip6_addr[i], 0);
    net_lwip_memory_state(&used, &peak);
    state->memory = used;
    state->memory_peak = peak;
    state->frames_in = own->frames_in;
    state->frames_out = own->frames_out;
    state->bytes_in = own->bytes_in;
    state->bytes_out = own->bytes_out;
    state->dropped = own->dropped;
}
