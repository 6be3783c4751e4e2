/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c: frames of any kind into a TCP/IP stack with open ports, connections and questions, with time that
 * passes and links that fail between them. What it sends is well-formed, no more than its memory is taken,
 * and in the end it answers and gives everything back.
 *
 * The first byte chooses a config. The rest is records: a byte that says what happens, two bytes of length,
 * so many bytes.
 */
#include "fuzz.h"

#include <network/proto.h>
#include <os/nic.h>

#include "../unit/net-stack/wire.h"

enum {
    ADDRESS = 1, /* the frame gets sound MAC addresses */
    GROUP = 2,   /* and is for all */
    FOLLOW = 4,  /* what the stack has said last is answered: numbers in the frame are relative to that */
    INTACT = 8,  /* its checksums are not looked at, as if it came from the same machine */
    TIME = 16,   /* no frame: so many milliseconds pass as the length says */
    DO = 32,     /* no frame: the program does what the length says */
    EDGE = 64,   /* with FOLLOW: the number of a segment is relative to the edge of the stack's window */
    RECORDS = 400,
    SECONDS = 300, /* that pass in all, since ticks take time */
};

static const char *const configs[] = {
    "ipv4: 10.0.0.1/24\nipv6: fd00::1/64\ngateway: 10.0.0.2\ngateway6: fd00::2\nmemory: 64K\n"
    "dns:\n  - 10.0.0.2\n  - fd00::2",
    "memory: 128K\nhostname: fuzzed",
};

enum { MAC = 'h', TCPS = 4, UDPS = 2 };

static struct wire net;
static struct host host;
static struct net_tcp_listener listener;
static struct net_tcp tcps[TCPS];
static struct net_udp udps[UDPS];
static struct net_ping ping;
static struct net_resolve resolve;
static int lazy, resolving, answered; /* nobody reads; a name is being asked for; a question was answered */

/* What the stack has sent last. */
static struct {
    uint32_t seq, ack, window;
    uint16_t tcp_from, tcp_to, dns_port, dns_id, echo_id;
    uint32_t xid;
} said;

/* ---- what comes out */

static void note(uint8_t proto, const uint8_t *l4, uint32_t len)
{
    if (proto == NET_PROTO_TCP && len >= NET_TCP_HEADER) {
        uint32_t head = (uint32_t)(l4[NET_TCP_OFFSET] >> 4) * 4;
        MUST(head >= NET_TCP_HEADER && head <= len);
        said.seq = net_get32(l4 + NET_TCP_SEQ) + (len - head) + !!(l4[NET_TCP_FLAGS] & 3);
        said.ack = net_get32(l4 + NET_TCP_ACK);
        said.window = net_get16(l4 + NET_TCP_WINDOW);
        said.tcp_from = net_get16(l4 + NET_TCP_SRC);
        said.tcp_to = net_get16(l4 + NET_TCP_DST);
    } else if (proto == NET_PROTO_UDP && len >= NET_UDP_HEADER + 8) {
        if (net_get16(l4 + NET_UDP_DST) == 53) {
            said.dns_port = net_get16(l4 + NET_UDP_SRC);
            said.dns_id = net_get16(l4 + NET_UDP_HEADER);
        } else if (net_get16(l4 + NET_UDP_DST) == 67) {
            said.xid = net_get32(l4 + NET_UDP_HEADER + 4);
        }
    } else if ((proto == NET_PROTO_ICMP || proto == NET_PROTO_ICMPV6) && len >= NET_ICMP_HEADER) {
        said.echo_id = net_get16(l4 + NET_ICMP_ID);
    }
}

static void seen(const uint8_t *data, uint32_t len, uint32_t flags)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, MAC };
    const uint8_t *ip = data + NET_ETH_HEADER;
    uint32_t size = len - NET_ETH_HEADER;
    MUST(len >= NET_ETH_HEADER && len <= OS_NIC_HEADER + OS_NIC_MTU);
    MUST(!memcmp(data + NET_ETH_SRC, mac, 6));
    switch (net_get16(data + NET_ETH_TYPE)) {
    case NET_ETH_ARP:
        MUST(size >= NET_ARP_SIZE && !memcmp(ip + NET_ARP_SENDER_MAC, mac, 6));
        answered |= net_get16(ip + NET_ARP_OPERATION) == NET_ARP_REPLY;
        return;
    case NET_ETH_IPV4: {
        uint32_t head = (ip[0] & 15) * 4u, whole = net_get16(ip + NET_IPV4_LEN);
        MUST(size >= NET_IPV4_HEADER && head >= NET_IPV4_HEADER && head <= whole && whole <= size);
        MUST(!net_checksum(0, ip, head));
        if (!(net_get16(ip + NET_IPV4_FRAGMENT) & 0x1fff))
            note(ip[NET_IPV4_PROTO], ip + head, whole - head);
        return;
    }
    case NET_ETH_IPV6:
        MUST(size >= NET_IPV6_HEADER && net_get16(ip + NET_IPV6_LEN) + (uint32_t)NET_IPV6_HEADER <= size);
        note(ip[NET_IPV6_NEXT], ip + NET_IPV6_HEADER, net_get16(ip + NET_IPV6_LEN));
        return;
    default:
        MUST(!"a type of frame that it has no use for");
    }
}

/* ---- the program */

static void echo(struct net_tcp *tcp)
{
    uint8_t data[512];
    size_t len, taken;
    while (!lazy && !net_tcp_read(tcp, data, sizeof(data), &len)) {
        if (!len) {
            net_tcp_close(tcp);
            return;
        }
        if (net_tcp_write(tcp, data, len, &taken))
            return;
    }
}

static void tcp_closed(struct net_tcp *tcp, os_err err)
{
    MUST(err);
}

static struct net_tcp *free_tcp(void)
{
    for (int i = 0; i < TCPS; i++) {
        if (tcps[i].own)
            continue;
        tcps[i] = (struct net_tcp){ .readable = echo, .closed = tcp_closed };
        return &tcps[i];
    }
    return NULL;
}

static void incoming(struct net_tcp_listener *from)
{
    for (struct net_tcp *tcp; (tcp = free_tcp());)
        if (net_tcp_accept(from, tcp))
            return;
}

static void received(struct net_udp *udp, const void *data, size_t len, const struct net_addr *from,
                     const struct net_addr *to)
{
    void *copy = exact_copy(data, len);
    os_err err = net_udp_send(udp, from, copy, len);
    (void)err;
    free(copy);
}

static void echoed(struct net_ping *of, os_err err, uint16_t sequence, const struct net_addr *from,
                   os_time time, size_t len)
{
}

static void resolved(struct net_resolve *of, os_err err, const struct net_addr *addrs, uint32_t count)
{
    MUST(!err == !!count);
    resolving = 0;
}

static struct net_addr parse(const char *text)
{
    struct net_addr addr;
    MUST(!net_addr_parse(text, &addr));
    return addr;
}

static void open_all(void)
{
    struct net_addr http = { .port = 80 }, port = { .port = 7 };
    listener = (struct net_tcp_listener){ .incoming = incoming };
    MUST(!net_tcp_listen(&host.stack, &listener, &http, 3));
    for (int i = 0; i < UDPS; i++, port.port = 9) {
        udps[i] = (struct net_udp){ .received = received };
        MUST(!net_udp_open(&host.stack, &udps[i], &port));
    }
    struct net_addr peer = parse("10.0.0.2");
    ping = (struct net_ping){ .answered = echoed };
    MUST(!net_ping_open(&host.stack, &ping, &peer));
}

static void close_all(void)
{
    for (int i = 0; i < TCPS; i++)
        net_tcp_abort(&tcps[i]);
    for (int i = 0; i < UDPS; i++)
        net_udp_close(&udps[i]);
    net_tcp_listener_close(&listener);
    net_ping_close(&ping);
    if (resolving)
        net_resolve_cancel(&resolve);
    resolving = 0;
}

static void connect_to(const char *to)
{
    struct net_addr peer = parse(to);
    struct net_tcp *tcp = free_tcp();
    os_err err = tcp ? net_tcp_connect(&host.stack, tcp, &peer, NULL) : OS_OK;
    (void)err;
}

static void ask_name(uint32_t which, enum net_family family)
{
    static const char *const names[] = { "host.example", "a.b", "other" };
    if (resolving)
        return;
    resolve = (struct net_resolve){ .resolved = resolved };
    resolving = 1;
    if (net_resolve(&host.stack, &resolve, names[which % 3], family))
        resolving = 0;
}

static void act(uint32_t what)
{
    static uint8_t data[3000];
    struct net_addr group = parse(what & 256 ? "[ff02::fb]:9" : "224.0.0.251:9");
    struct net_tcp *tcp = &tcps[what >> 4 & 3];
    os_err err = OS_OK;
    size_t len;
    switch (what & 15) {
    case 0:
        connect_to(what & 16 ? "[fd00::2]:80" : "10.0.0.2:80");
        break;
    case 1:
        ask_name(what >> 6, what & 16 ? NET_IPV4 : what & 32 ? NET_IPV6 : NET_ANY);
        break;
    case 2:
        err = net_ping_send(&ping, 1, what & 16 ? 2000 : 8);
        break;
    case 3:
        lazy = !lazy;
        for (int i = 0; i < TCPS && !lazy; i++)
            if (tcps[i].own)
                echo(&tcps[i]);
        break;
    case 4:
        err = net_udp_join(&udps[1], &group);
        break;
    case 5:
        net_udp_leave(&udps[1], &group);
        break;
    case 6:
        net_tcp_close(tcp);
        break;
    case 7:
        net_tcp_abort(tcp);
        break;
    case 8:
        wire_set_link(&net, net.down);
        break;
    case 9:
        if (tcp->own)
            err = net_tcp_write(tcp, data, what >> 6 & 2047, &len);
        break;
    case 10:
        if (tcp->own)
            net_tcp_shutdown(tcp);
        break;
    case 11:
        err = net_udp_send(&udps[1], &group, data, what >> 5);
        break;
    default:
        break;
    }
    (void)err;
}

/* ---- what goes in */

static void add16(uint8_t *at, uint16_t value)
{
    net_put16(at, (uint16_t)(net_get16(at) + value));
}

/* The fields that a peer would have copied from what the stack has sent; what is there is added. */
static void follow(uint8_t proto, uint8_t *l4, uint32_t len, int at_edge)
{
    if (proto == NET_PROTO_TCP && len >= NET_TCP_HEADER) {
        /* offsets that are small, both ways */
        net_put32(l4 + NET_TCP_SEQ, said.ack + (at_edge ? said.window : 0) +
                                        (uint32_t)(int16_t)net_get16(l4 + NET_TCP_SEQ + 2));
        net_put32(l4 + NET_TCP_ACK, said.seq + (uint32_t)(int16_t)net_get16(l4 + NET_TCP_ACK + 2));
        if (!net_get16(l4 + NET_TCP_DST)) {
            net_put16(l4 + NET_TCP_DST, said.tcp_from);
            net_put16(l4 + NET_TCP_SRC, said.tcp_to);
        }
    } else if (proto == NET_PROTO_UDP && len >= NET_UDP_HEADER + 8) {
        if (net_get16(l4 + NET_UDP_SRC) == 53) {
            add16(l4 + NET_UDP_DST, said.dns_port);
            add16(l4 + NET_UDP_HEADER, said.dns_id);
        } else if (net_get16(l4 + NET_UDP_SRC) == 67) {
            uint8_t *xid = l4 + NET_UDP_HEADER + 4;
            net_put32(xid, said.xid + net_get32(xid));
        }
    } else if ((proto == NET_PROTO_ICMP || proto == NET_PROTO_ICMPV6) && len >= NET_ICMP_HEADER) {
        add16(l4 + NET_ICMP_ID, said.echo_id);
    }
}

static void inject(int what, const uint8_t *data, uint32_t len)
{
    uint8_t *frame = exact_copy(data, len), *ip = frame + NET_ETH_HEADER;
    static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
    if (what & ADDRESS && len >= NET_ETH_HEADER) {
        memcpy(frame + NET_ETH_DST, what & GROUP ? all : (const uint8_t[]){ 2, 0, 0, 0, 0, MAC }, 6);
        memcpy(frame + NET_ETH_SRC, (const uint8_t[]){ 2, 0, 0, 0, 0, 'p' }, 6);
    }
    if (what & FOLLOW && len >= NET_ETH_HEADER + NET_IPV4_HEADER) {
        uint32_t rest = len - NET_ETH_HEADER;
        if (net_get16(frame + NET_ETH_TYPE) == NET_ETH_IPV4)
            follow(ip[NET_IPV4_PROTO], ip + NET_IPV4_HEADER, rest - NET_IPV4_HEADER, what & EDGE);
        else if (rest >= NET_IPV6_HEADER)
            follow(ip[NET_IPV6_NEXT], ip + NET_IPV6_HEADER, rest - NET_IPV6_HEADER, what & EDGE);
    }
    wire_inject(&net, frame, len, what & INTACT ? OS_NIC_INTACT : 0);
    free(frame);
}

/* A peer asks who has 10.0.0.1. */
static void ask(void)
{
    uint8_t frame[NET_ETH_HEADER + NET_ARP_SIZE] = { 0 }, *arp = frame + NET_ETH_HEADER;
    net_put16(frame + NET_ETH_TYPE, NET_ETH_ARP);
    net_put16(arp, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, NET_ARP_REQUEST);
    memcpy(arp + NET_ARP_SENDER_MAC, (const uint8_t[]){ 2, 0, 0, 0, 0, 'p' }, 6);
    memcpy(arp + NET_ARP_SENDER_IP, (const uint8_t[]){ 10, 0, 0, 2 }, 4);
    memcpy(arp + NET_ARP_TARGET_IP, (const uint8_t[]){ 10, 0, 0, 1 }, 4);
    answered = 0;
    inject(ADDRESS | GROUP, frame, sizeof(frame));
}

static void feed(const uint8_t *data, size_t size)
{
    uint32_t left = SECONDS * 1000;
    for (int i = 0; i < RECORDS && size >= 3; i++) {
        int what = data[0];
        uint32_t len = net_get16(data + 1);
        data += 3;
        size -= 3;
        if (what & TIME) {
            len = len < left ? len : left;
            left -= len;
            inproc_advance(len * OS_MS);
        } else if (what & DO) {
            act(len);
            inproc_idle();
        } else {
            len = len > size ? (uint32_t)size : len;
            inject(what, data, len);
            data += len;
            size -= len;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int config = size ? data[0] % OS_ARRAY_LEN(configs) : 0;
    net = (struct wire){ .seed = 1, .seen = seen };
    memset(&said, 0, sizeof(said));
    lazy = 0;
    wire_init(&net);
    host_init(&host, "h", configs[config]);
    open_all();
    inproc_idle();
    if (size)
        feed(data + 1, size - 1);
    MUST(host_state(&host).memory_peak <= (config ? OS_KIB(128) : OS_KIB(64)));
    if (net.down)
        wire_set_link(&net, 1);
    close_all();
    inproc_advance(120 * OS_SEC);
    ask();
    MUST(config || answered);
    host_fini(&host);
    wire_fini(&net);
    return 0;
}
