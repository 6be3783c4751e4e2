/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-uplink.c: components and the host's network: what goes out, what comes in, what is not allowed, and
 * that drivers come back. The component is this test: it is at the other end of uplink-unix, and makes its
 * frames by hand.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <network/proto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"
#include "run.h"

enum { FRAME = 2048, IP = NET_ETH_HEADER, ABOVE = IP + NET_IPV4_HEADER };

static const uint8_t guest_mac[6] = { 2, 0, 0, 0, 0, 0x15 }, guest_ip[4] = { 10, 0, 2, 15 };
static const uint8_t host_ip[4] = { 10, 0, 2, 2 };

static char own_path[96], peer_path[96]; /* of the guest, and of the driver */

static void make_folder(void)
{
    peer_make_folder();
    snprintf(own_path, sizeof(own_path), "%s/guest", peer_folder);
    snprintf(peer_path, sizeof(peer_path), "%s/driver", peer_folder);
}

/* Fails if a driver has left its socket. */
static void remove_folder(void)
{
    unlink(own_path);
    ck_assert_msg(rmdir(peer_folder) == 0, "%s: %s", peer_folder, strerror(errno));
}

/* ---- the guest */

static int guest = -1;

static void guest_open(void)
{
    struct sockaddr_un own = { .sun_family = AF_UNIX };
    snprintf(own.sun_path, sizeof(own.sun_path), "%s", own_path);
    guest = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(guest, (struct sockaddr *)&own, sizeof(own)), 0);
}

static void guest_close(void)
{
    close(guest);
    unlink(own_path);
    guest = -1;
}

static void guest_send(const uint8_t *frame, size_t len)
{
    struct sockaddr_un peer = { .sun_family = AF_UNIX };
    snprintf(peer.sun_path, sizeof(peer.sun_path), "%s", peer_path);
    if (sendto(guest, frame, len, 0, (struct sockaddr *)&peer, sizeof(peer)) < 0)
        ck_assert_msg(errno == ECONNREFUSED || errno == ENOENT, "%s", strerror(errno)); /* lost */
}

static void put_ethernet(uint8_t *frame, const uint8_t *to, uint32_t type)
{
    memcpy(frame + NET_ETH_DST, to, 6);
    memcpy(frame + NET_ETH_SRC, guest_mac, 6);
    net_put16(frame + NET_ETH_TYPE, type);
}

static void send_arp(uint32_t operation, const uint8_t *to_mac, const uint8_t *to_ip)
{
    uint8_t frame[NET_ETH_HEADER + NET_ARP_SIZE] = { 0 }, *arp = frame + NET_ETH_HEADER;
    put_ethernet(frame, operation == NET_ARP_REQUEST ? net_mac_broadcast : to_mac, NET_ETH_ARP);
    net_put16(arp + NET_ARP_HARDWARE, 1);
    net_put16(arp + NET_ARP_PROTOCOL, NET_ETH_IPV4);
    arp[NET_ARP_HARDWARE_LEN] = 6;
    arp[NET_ARP_PROTOCOL_LEN] = 4;
    net_put16(arp + NET_ARP_OPERATION, operation);
    memcpy(arp + NET_ARP_SENDER_MAC, guest_mac, 6);
    memcpy(arp + NET_ARP_SENDER_IP, guest_ip, 4);
    memcpy(arp + NET_ARP_TARGET_MAC, to_mac, 6);
    memcpy(arp + NET_ARP_TARGET_IP, to_ip, 4);
    guest_send(frame, sizeof(frame));
}

/* The next frame of TYPE, and of PROTO if that is IPv4; who asks for the guest's address is answered. */
static size_t guest_take(uint8_t frame[FRAME], uint32_t type, uint8_t proto)
{
    for (;;) {
        ssize_t len = recv(guest, frame, FRAME, 0);
        ck_assert_int_ge(len, NET_ETH_HEADER);
        const uint8_t *above = frame + NET_ETH_HEADER;
        uint32_t has = net_get16(frame + NET_ETH_TYPE);
        if (has == type && (type != NET_ETH_IPV4 || above[NET_IPV4_PROTO] == proto))
            return (size_t)len;
        if (has == NET_ETH_ARP && net_get16(above + NET_ARP_OPERATION) == NET_ARP_REQUEST &&
            !memcmp(above + NET_ARP_TARGET_IP, guest_ip, 4))
            send_arp(NET_ARP_REPLY, above + NET_ARP_SENDER_MAC, above + NET_ARP_SENDER_IP);
    }
}

static uint8_t host_mac[6];

/* Asks until there is an answer, as a stack does: the drivers may not be connected yet. */
static void find_host(const uint8_t ip[4])
{
    static const uint8_t nobody[6];
    struct timeval patience = { .tv_usec = 20000 };
    uint8_t frame[FRAME];
    size_t len;
    setsockopt(guest, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    do {
        send_arp(NET_ARP_REQUEST, nobody, ip);
        ssize_t got = recv(guest, frame, FRAME, 0);
        len = got > 0 ? (size_t)got : 0;
    } while (len < IP + NET_ARP_SIZE || net_get16(frame + NET_ETH_TYPE) != NET_ETH_ARP ||
             net_get16(frame + IP + NET_ARP_OPERATION) != NET_ARP_REPLY);
    patience.tv_usec = 0;
    setsockopt(guest, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    memcpy(host_mac, frame + IP + NET_ARP_SENDER_MAC, 6);
}

/* ABOVE in FRAME has LEN bytes of PROTO, whose checksum is at CHECKSUM there and 0. */
static void send_ip(uint8_t frame[FRAME], uint8_t proto, size_t len, size_t checksum)
{
    uint8_t *ip = frame + IP;
    put_ethernet(frame, host_mac, NET_ETH_IPV4);
    memset(ip, 0, NET_IPV4_HEADER);
    ip[NET_IPV4_VERSION] = 0x45;
    net_put16(ip + NET_IPV4_LEN, (uint32_t)(NET_IPV4_HEADER + len));
    ip[NET_IPV4_TTL] = 64;
    ip[NET_IPV4_PROTO] = proto;
    memcpy(ip + NET_IPV4_SRC, guest_ip, 4);
    memcpy(ip + NET_IPV4_DST, host_ip, 4);
    net_put16(ip + NET_IPV4_CHECKSUM, net_checksum(0, ip, NET_IPV4_HEADER));
    net_put16(frame + ABOVE + checksum,
              net_checksum(net_sum_pseudo(guest_ip, host_ip, 4, proto, (uint32_t)len), frame + ABOVE, len));
    guest_send(frame, ABOVE + len);
}

static void send_udp(uint16_t port, const char *text)
{
    uint8_t frame[FRAME] = { 0 }, *udp = frame + ABOVE;
    size_t len = NET_UDP_HEADER + strlen(text);
    net_put16(udp + NET_UDP_SRC, 4000);
    net_put16(udp + NET_UDP_DST, port);
    net_put16(udp + NET_UDP_LEN, (uint32_t)len);
    memcpy(udp + NET_UDP_HEADER, text, strlen(text));
    send_ip(frame, NET_PROTO_UDP, len, NET_UDP_CHECKSUM);
}

static void expect_udp(const char *text)
{
    uint8_t frame[FRAME];
    do
        guest_take(frame, NET_ETH_IPV4, NET_PROTO_UDP);
    while (net_get16(frame + ABOVE + NET_UDP_DST) != 4000);
    ck_assert_mem_eq(frame + ABOVE + NET_UDP_HEADER, text, strlen(text));
}

static void send_tcp(uint16_t from, uint16_t to, uint32_t seq, uint32_t ack, uint8_t flags, const char *text)
{
    uint8_t frame[FRAME] = { 0 }, *tcp = frame + ABOVE;
    net_put16(tcp + NET_TCP_SRC, from);
    net_put16(tcp + NET_TCP_DST, to);
    net_put32(tcp + NET_TCP_SEQ, seq);
    net_put32(tcp + NET_TCP_ACK, ack);
    tcp[NET_TCP_OFFSET] = NET_TCP_HEADER / 4 << 4;
    tcp[NET_TCP_FLAGS] = flags;
    net_put16(tcp + NET_TCP_WINDOW, 8192);
    memcpy(tcp + NET_TCP_HEADER, text, strlen(text));
    send_ip(frame, NET_PROTO_TCP, NET_TCP_HEADER + strlen(text), NET_TCP_CHECKSUM);
}

struct segment {
    uint16_t from, to;
    uint32_t seq, ack;
    uint8_t flags;
    char text[256];
};

static struct segment take_tcp(void)
{
    uint8_t frame[FRAME], *tcp = frame + ABOVE;
    struct segment s = { 0 };
    guest_take(frame, NET_ETH_IPV4, NET_PROTO_TCP);
    s.from = net_get16(tcp + NET_TCP_SRC);
    s.to = net_get16(tcp + NET_TCP_DST);
    s.seq = net_get32(tcp + NET_TCP_SEQ);
    s.ack = net_get32(tcp + NET_TCP_ACK);
    s.flags = tcp[NET_TCP_FLAGS];
    size_t head = tcp[NET_TCP_OFFSET] >> 4, all = net_get16(frame + IP + NET_IPV4_LEN);
    snprintf(s.text, sizeof(s.text), "%.*s", (int)(all - NET_IPV4_HEADER - 4 * head), (char *)tcp + 4 * head);
    return s;
}

/* ---- the host */

static int host_socket(int type, uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* The errno of connecting there, or 0 with *FD. */
static int connect_there(unsigned port, int *fd)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_port = htons((uint16_t)port);
    return connect(*fd, (struct sockaddr *)&at, sizeof(at)) ? errno : 0;
}

static int host_connect(unsigned port)
{
    int fd;
    ck_assert_int_eq(connect_there(port, &fd), 0);
    return fd;
}

static int try_connect(unsigned port)
{
    int fd, error = connect_there(port, &fd);
    close(fd);
    return error;
}

#define LOST "there?" /* what comes late is not what is waited for */

/* A datagram there and back. */
static void exchange(int host, uint16_t port)
{
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    char text[16];
    send_udp(port, "ping");
    do {
        memset(text, 0, sizeof(text));
        ck_assert_int_gt(recvfrom(host, text, sizeof(text) - 1, 0, (struct sockaddr *)&from, &len), 0);
    } while (strcmp(text, LOST) == 0);
    ck_assert_str_eq(text, "ping");
    ck_assert_int_eq(sendto(host, "pong", 4, 0, (struct sockaddr *)&from, len), 4);
    expect_udp("pong");
}

/* ---- systems */

static void write_uplinks(char scenario[2048], const char *reach, const char *config)
{
    snprintf(scenario, 2048,
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  user:\n"
             "    binary: uplink-user\n"
             "    route: { Network: { to: parent, args: { reach: %s } } }\n"
             "    config: { %s }\n"
             "  unix:\n"
             "    binary: uplink-unix\n"
             "    route: { Network: { to: parent, args: { unix: '%s', peer: '%s' } } }\n"
             "    config: { retry: 20ms }\n",
             reach, config, peer_path, own_path);
}

static void start_uplinks(struct run *run, const char *reach, const char *config)
{
    char scenario[2048];
    write_uplinks(scenario, reach, config);
    run_start(run, "run", scenario, NULL);
}

/* Init follows the file. */
static void rewrite(struct run *run, const char *reach, const char *config)
{
    char scenario[2048];
    write_uplinks(scenario, reach, config);
    FILE *file = fopen(run->file, "we");
    ck_assert_ptr_nonnull(file);
    fputs(scenario, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void end(struct run *run)
{
    run_signal(run, SIGTERM);
    ck_assert_int_eq(run_end(run), 0);
    if (guest >= 0)
        guest_close();
}

/* With a guest whose frames the gateway has answered: it knows the gateway's address. */
static void start_with_guest(struct run *run, const char *reach)
{
    guest_open();
    start_uplinks(run, reach, "");
    run_expect(run, "connected");
    find_host(host_ip);
}

#define PORT "forward: [{ host: '127.0.0.1:0', guest: '10.0.2.15:80', scheme: http }]"

/* Port of the last "http://127.0.0.1:PORT/ leads to". */
static unsigned forwarded(struct run *run)
{
    const char *at = NULL;
    unsigned port = 0;
    run_expect(run, "/ leads to 10.0.2.15:80");
    for (const char *next = run->text; (next = strstr(next, "http://127.0.0.1:")); next++)
        at = next;
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "http://127.0.0.1:%u/", &port), 1);
    return port;
}

START_TEST(datagrams_go_out_and_come_back)
{
    struct run run;
    uint16_t port;
    int host = host_socket(SOCK_DGRAM, &port);
    start_with_guest(&run, "world host");
    exchange(host, port);
    exchange(host, port);
    close(host);
    end(&run);
}
END_TEST

START_TEST(connections_go_out_and_end_halfway)
{
    struct run run;
    struct segment s;
    uint16_t port;
    char text[16] = "";
    int host = host_socket(SOCK_STREAM, &port);
    start_with_guest(&run, "world host");
    send_tcp(4001, port, 1000, 0, NET_TCP_SYN, "");
    int fd = accept(host, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    do
        s = take_tcp();
    while (s.flags != (NET_TCP_SYN | NET_TCP_HAS_ACK));
    uint32_t seq = s.seq + 1;
    /* the guest says all that it has, and that it ends; the host's end sees that, and can still answer */
    send_tcp(4001, port, 1001, seq, NET_TCP_HAS_ACK | NET_TCP_FIN, "hello");
    ck_assert_int_eq(recv(fd, text, sizeof(text), MSG_WAITALL), 5);
    ck_assert_str_eq(text, "hello");
    ck_assert_int_eq(send(fd, "there", 5, 0), 5);
    do
        s = take_tcp();
    while (!*s.text);
    ck_assert_str_eq(s.text, "there");
    close(fd);
    close(host);
    end(&run);
}
END_TEST

/* A connection to PORT of the host is refused at once: by a reset, or as unreachable. */
static void expect_refusal(uint16_t port)
{
    uint8_t frame[FRAME];
    send_tcp(4001, port, 1000, 0, NET_TCP_SYN, "");
    for (;;) {
        recv(guest, frame, FRAME, 0);
        if (net_get16(frame + NET_ETH_TYPE) == NET_ETH_IPV4 && frame[IP + NET_IPV4_PROTO] == NET_PROTO_TCP) {
            ck_assert_uint_ne(frame[ABOVE + NET_TCP_FLAGS] & NET_TCP_RST, 0);
            return;
        }
        if (net_get16(frame + NET_ETH_TYPE) == NET_ETH_IPV4 && frame[IP + NET_IPV4_PROTO] == NET_PROTO_ICMP) {
            ck_assert_uint_eq(frame[ABOVE + NET_ICMP_TYPE], NET_ICMP_UNREACHABLE);
            return;
        }
    }
}

START_TEST(this_machine_is_not_reached_without_a_word)
{
    struct run run;
    uint16_t port;
    int host = host_socket(SOCK_STREAM, &port);
    start_with_guest(&run, "world");
    expect_refusal(port);
    ck_assert_int_eq(fcntl(host, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_lt(accept(host, NULL, NULL), 0);
    close(host);
    end(&run);
}
END_TEST

/* The host opens a connection, which arrives at the guest; both say a word. */
static void answer(unsigned port)
{
    struct segment s;
    char text[16] = "";
    int host = host_connect(port);
    do
        s = take_tcp();
    while (s.flags != NET_TCP_SYN);
    ck_assert_uint_eq(s.to, 80);
    uint16_t from = s.from;
    send_tcp(80, from, 5000, s.seq + 1, NET_TCP_SYN | NET_TCP_HAS_ACK, "");
    ck_assert_int_eq(send(host, "GET", 3, 0), 3);
    do
        s = take_tcp();
    while (!*s.text);
    ck_assert_str_eq(s.text, "GET");
    send_tcp(80, from, 5001, s.seq + 3, NET_TCP_HAS_ACK | NET_TCP_PSH, "body");
    ck_assert_int_eq(recv(host, text, sizeof(text), 0), 4);
    ck_assert_str_eq(text, "body");
    close(host);
    send_tcp(80, from, 5005, s.seq + 3, NET_TCP_RST | NET_TCP_HAS_ACK, "");
}

START_TEST(forwarded_ports_come_in)
{
    struct run run;
    guest_open();
    start_uplinks(&run, "ports", PORT);
    unsigned port = forwarded(&run);
    run.seen = 0; /* in whatever order */
    run_expect(&run, "connected");
    find_host(host_ip);
    answer(port);
    answer(port);
    end(&run);
}
END_TEST

START_TEST(a_taken_port_is_named)
{
    struct run run;
    uint16_t port;
    char config[256], line[128];
    int host = host_socket(SOCK_STREAM, &port);
    snprintf(line, sizeof(line), "cannot forward tcp 127.0.0.1:%u to 10.0.2.15:80: the port is taken", port);
    snprintf(config, sizeof(config), "forward: [{ host: '127.0.0.1:%u', guest: '10.0.2.15:80' }]", port);
    start_uplinks(&run, "ports", config);
    run_expect(&run, line);
    const char *place = strstr(run.text, run.file);
    ck_assert_ptr_nonnull(place);
    place += strlen(run.file);
    ck_assert_int_eq(strncmp(place, ":7:25: cannot forward", 21), 0);
    run_expect(&run, "user exited with status 1");
    end(&run);
    snprintf(config, sizeof(config),
             "forward: [{ host: '127.0.0.1:%u', guest: '10.0.2.15:80', required: false },"
             " { host: '127.0.0.1:0', guest: '10.0.2.15:80', scheme: http }]",
             port);
    start_uplinks(&run, "ports", config);
    run_expect(&run, line);
    forwarded(&run);
    ck_assert_uint_eq(run_count(&run, "exited"), 0);
    end(&run);
    /* on all addresses only if the route says so */
    start_uplinks(&run, "world", "forward: [{ host: '0.0.0.0:0', guest: '10.0.2.15:80', required: false }]");
    run_expect(&run, "cannot forward tcp 0.0.0.0:0 to 10.0.2.15:80: neither");
    end(&run);
    close(host);
}
END_TEST

/* The same system with other ports, while it runs. */
START_TEST(forwarded_ports_change_while_connections_go_on)
{
    struct run run;
    char config[256];
    guest_open();
    start_uplinks(&run, "ports", PORT);
    unsigned port = forwarded(&run), other;
    run.seen = 0;
    run_expect(&run, "connected");
    find_host(host_ip);
    int host = host_connect(port);
    struct segment syn = take_tcp();
    send_tcp(80, syn.from, 5000, syn.seq + 1, NET_TCP_SYN | NET_TCP_HAS_ACK, "");
    snprintf(config, sizeof(config), "forward: [{ host: '127.0.0.1:0', guest: '10.0.2.15:81' }]");
    rewrite(&run, "ports", config);
    run_expect(&run, "tcp 127.0.0.1:0 does not lead to 10.0.2.15:80 any more");
    run_expect(&run, " leads to 10.0.2.15:81");
    ck_assert_int_eq(
        sscanf(strstr(run.text, "tcp 127.0.0.1:0 does not"), "%*[^\n] [user] tcp 127.0.0.1:%u", &other), 1);
    ck_assert_uint_ne(other, port);
    ck_assert_int_eq(try_connect(port), ECONNREFUSED);
    close(host_connect(other));
    /* the connection of before is still there */
    ck_assert_int_eq(send(host, "still", 5, 0), 5);
    struct segment s;
    do
        s = take_tcp();
    while (strcmp(s.text, "still"));
    close(host);
    /* a mistake is told with its place, and ends nothing */
    snprintf(config, sizeof(config), "forward: [{ host: 'nowhere', guest: '10.0.2.15:81' }]");
    rewrite(&run, "ports", config);
    run_expect(&run, ":7:27: host 'nowhere' of a forwarded port");
    ck_assert_uint_eq(run_count(&run, "exited"), 0);
    end(&run);
}
END_TEST

/* A datagram to a port where nobody is comes back as ICMP, again and again; and the driver goes on. */
START_TEST(who_is_not_there_is_told)
{
    struct run run;
    uint16_t port, closed;
    uint8_t frame[FRAME];
    int host = host_socket(SOCK_DGRAM, &port), gone = host_socket(SOCK_DGRAM, &closed);
    close(gone);
    start_with_guest(&run, "world host");
    for (int i = 0; i < 3; i++) {
        send_udp(closed, "ping");
        guest_take(frame, NET_ETH_IPV4, NET_PROTO_ICMP);
        ck_assert_uint_eq(frame[ABOVE], 3);     /* unreachable */
        ck_assert_uint_eq(frame[ABOVE + 1], 3); /* port */
        const uint8_t *inner = frame + ABOVE + 8 + NET_IPV4_HEADER;
        ck_assert_uint_eq(net_get16(inner + NET_UDP_DST), closed);
        exchange(host, port);
    }
    close(host);
    end(&run);
}
END_TEST

START_TEST(wrong_settings_are_told)
{
    struct run run;
    start_uplinks(&run, "ports", "forward: [{ host: '127.0.0.1', guest: '10.0.2.15:80' }]");
    run_expect(&run, "host '127.0.0.1' of a forwarded port, expected an address with a port");
    end(&run);
    start_uplinks(&run, "ports", "network: 10.0.2.0");
    run_expect(&run, "network '10.0.2.0', expected addresses as 10.0.2.0/24");
    end(&run);
    start_uplinks(&run, "everything", "");
    run_expect(&run, "the route of Network says not what it leads to");
    end(&run);
}
END_TEST

/* The last ones wait outside until others have ended, and the driver lives. */
START_TEST(connections_beyond_its_ram_wait)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct run run;
    int sockets[170];
    char byte;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  switch:\n"
              "  user:\n"
              "    binary: uplink-user\n"
              "    ram: 48M\n"
              "    caps: 500\n"
              "    route: { Network: { to: parent, args: { reach: ports } } }\n"
              "    config: { connections: 400, " PORT " }\n"
              "  http: { config: { connections: 200 } }\n",
              NULL);
    run_expect(&run, "connections: 400 need 141 MiB of ram; there are 131 at a time");
    unsigned port = forwarded(&run);
    run.seen = 0; /* in whatever order */
    run_expect(&run, "[http] http://10.0.2.15:80/");
    for (unsigned i = 0; i < OS_ARRAY_LEN(sockets); i++)
        sockets[i] = host_connect(port);
    for (unsigned i = 0; i < OS_ARRAY_LEN(sockets); i++) {
        ck_assert_int_gt(write(sockets[i], request, strlen(request)), 0);
        ck_assert_int_eq(recv(sockets[i], &byte, 1, 0), 1);
        close(sockets[i]);
    }
    end(&run);
    ck_assert_ptr_null(strstr(run.text, "faulted"));
}
END_TEST

/* The guest connects from port FROM; the host's end. */
static int connect_out(int host, uint16_t from, uint16_t port)
{
    send_tcp(from, port, 1000, 0, NET_TCP_SYN, "");
    int fd = accept(host, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* A component that connects and connects is refused by name, and when one connection has ended has another.
 */
START_TEST(a_flood_of_connections_meets_a_bound)
{
    enum { MAX = 4 };
    struct run run;
    uint16_t port;
    int fds[MAX], host = host_socket(SOCK_STREAM, &port);
    uint8_t frame[FRAME];
    char byte;
    guest_open();
    start_uplinks(&run, "world host", "connections: 4");
    run_expect(&run, "connected");
    find_host(host_ip);
    for (uint16_t i = 0; i < MAX; i++)
        fds[i] = connect_out(host, 4010 + i, port);
    for (uint16_t i = 0; i < 10; i++) {
        send_tcp(4030 + i, port, 1000, 0, NET_TCP_SYN, "");
        guest_take(frame, NET_ETH_IPV4, NET_PROTO_ICMP);
        ck_assert_uint_eq(frame[ABOVE + NET_ICMP_TYPE], NET_ICMP_UNREACHABLE);
    }
    run_expect(&run, "connections: no more than the 4 that there are now (as many as allowed); 1 refused");
    run_expect(&run, "(as many as allowed); 10 refused so far");
    send_tcp(4010, port, 1001, 0, NET_TCP_RST, "");
    ck_assert_int_le(recv(fds[0], &byte, 1, 0), 0);
    close(fds[0]);
    fds[0] = connect_out(host, 4020, port);
    for (int i = 0; i < MAX; i++)
        close(fds[i]);
    close(host);
    end(&run);
    /* caps are what it can be short of, too */
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  switch:\n"
              "  user:\n"
              "    binary: uplink-user\n"
              "    ram: 200M\n"
              "    route: { Network: { to: parent, args: { reach: ports } } }\n"
              "    config: { connections: 400 }\n",
              NULL);
    run_expect(&run, "connections: 400 need ");
    ck_assert_ptr_nonnull(strstr(run.text, " caps; there are "));
    end(&run);
}
END_TEST

START_TEST(drivers_and_switch_come_back)
{
    static const char *const victims[] = { "user", "unix", "switch" };
    struct run run;
    uint16_t port;
    int host = host_socket(SOCK_DGRAM, &port);
    guest_open();
    start_uplinks(&run, "world host", PORT);
    run_expect(&run, "connected");
    run.seen = 0;
    forwarded(&run);
    find_host(host_ip);
    exchange(host, port);
    for (size_t i = 0; i < 3; i++) {
        char line[64];
        run_kill(&run, victims[i]);
        snprintf(line, sizeof(line), "%s was killed", victims[i]);
        run_expect(&run, line);
        if (i == 0)
            forwarded(&run);
        else if (i == 1)
            run_expect(&run, "connected");
        run.seen = i == 2 ? 0 : run.seen; /* the drivers may have said it before init did */
        for (int k = 0; i == 2 && k < 2; k++)
            run_expect(&run, "the server of Uplink is gone");
        find_host(host_ip);
        exchange(host, port);
    }
    close(host);
    end(&run);
}
END_TEST

START_TEST(a_peer_goes_and_comes)
{
    struct run run;
    start_uplinks(&run, "world host", "");
    run_expect(&run, "waiting for the peer (not found)");
    guest_open();
    run_expect(&run, "connected");
    find_host(host_ip);
    /* another one at the same path, of which the driver learns by a frame */
    guest_close();
    guest_open();
    find_host(host_ip);
    end(&run);
}
END_TEST

START_TEST(a_path_has_one_owner)
{
    struct run first, second;
    guest_open();
    start_uplinks(&first, "ports", "");
    run_expect(&first, "connected");
    start_uplinks(&second, "ports", "");
    run_expect(&second, "exists already");
    /* neither the second nor its end takes it away from the first */
    run_signal(&second, SIGTERM);
    ck_assert_int_eq(run_end(&second), 0);
    find_host(host_ip);
    /* what is left over after kill -9 is replaced */
    run_kill(&first, "core");
    run_end(&first);
    ck_assert_int_eq(access(peer_path, F_OK), 0);
    start_uplinks(&first, "ports", "");
    run_expect(&first, "connected");
    find_host(host_ip);
    end(&first);
}
END_TEST

START_TEST(a_route_is_all_that_can_be_had)
{
    static const char *const lines[] = {
        "connect to loopback: not allowed",
        "connect to any: not allowed",
        "connect to loopback in disguise: not allowed",
        "connect beyond the range: not allowed",
        "listen on loopback: done",
        "listen on all addresses: not allowed",
        "shut down a capability: no valid capability",
        "bind a capability: no valid capability",
        "frames: not allowed",
        "reconnect: bad argument",
        "session with reach=world host: not allowed",
        "session with tap=tap0: bad argument",
        "session with unix=/tmp/a,peer=/tmp/b: bad argument",
        "sockets until there are no caps: 3, caps quota used up",
        "sockets until there are no caps: 3, caps quota used up",
        "sockets until there are no caps: 8, caps quota used up",
        "sockets until there are no caps: 8, caps quota used up",
        "tried",
    };
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  network_probe:\n"
              "    route: { Network: { to: parent, args: { reach: 'world 203.0.113.0/24' } } }\n",
              NULL);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        run_expect(&run, lines[i]);
    end(&run);
}
END_TEST

/* ---- a network of our own, where there can be TAP devices */

static const char *no_tap(void)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return "the device /dev/net/tun is not for this user";
    close(fd);
    pid_t pid = fork();
    int status = 1;
    if (pid == 0)
        _exit(peer_separate() != 0);
    if (pid > 0)
        waitpid(pid, &status, 0);
    return status ? "this machine lets nobody have a network of his own" : NULL;
}

/*
 * A TAP device that stays, up and with addresses: always the same ones, as a person who takes care of it
 * does, for who knows the address of another card does not ask again for minutes.
 */
static void make_tap(void)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    struct sockaddr_in *addr = (struct sockaddr_in *)&request.ifr_addr;
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    strcpy(request.ifr_name, "tap7");
    ck_assert_int_eq(ioctl(fd, TUNSETIFF, &request), 0);
    ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, 1), 0);
    request.ifr_hwaddr = (struct sockaddr){ .sa_family = ARPHRD_ETHER, .sa_data = { 2, 0, 0, 0, 0, 7 } };
    ck_assert_int_eq(ioctl(fd, SIOCSIFHWADDR, &request), 0);
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *addr = (struct sockaddr_in){ .sin_family = AF_INET };
    memcpy(&addr->sin_addr, host_ip, 4);
    ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &request), 0);
    ck_assert_int_eq(ioctl(fd, SIOCGIFFLAGS, &request), 0);
    request.ifr_flags |= IFF_UP;
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static void start_tap(struct run *run, const char *device)
{
    char scenario[1024];
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  tap: { binary: uplink-tap, route: { Network: { to: parent, args: { tap: %s } } } }\n"
             "  unix:\n"
             "    binary: uplink-unix\n"
             "    route: { Network: { to: parent, args: { unix: '%s', peer: '%s' } } }\n"
             "    config: { retry: 20ms }\n",
             device, peer_path, own_path);
    run_start(run, "run", scenario, NULL);
}

START_TEST(a_device_of_the_host)
{
    struct run run, second;
    ck_assert_int_eq(peer_separate(), 0);
    make_tap();
    guest_open();
    start_tap(&run, "tap7");
    run_expect(&run, "connected with the device tap7");
    run.seen = 0;
    run_expect(&run, "connected: ");
    find_host(host_ip); /* the kernel answers */
    /* it is taken now; another one is not there */
    unlink(own_path);
    snprintf(peer_path, sizeof(peer_path), "%s/second", peer_folder);
    start_tap(&second, "tap7");
    run_expect(&second, "cannot open tap7: busy");
    run_signal(&second, SIGTERM);
    ck_assert_int_eq(run_end(&second), 0);
    start_tap(&second, "tap8");
    run_expect(&second, "cannot open tap8: not found");
    run_signal(&second, SIGTERM);
    ck_assert_int_eq(run_end(&second), 0);
    end(&run);
}
END_TEST

/*
 * The driver ends and the device is taken away while one connection of the host's carries all of a file: it
 * goes on when they are there again.
 */
START_TEST(a_device_is_taken_away)
{
    enum { MIB = 1 << 20, BIG = 24 * MIB };
    struct run run;
    struct peer curl;
    char scenario[1024];
    ck_assert_int_eq(peer_separate(), 0);
    make_tap();
    peer_make_file("big", BIG);
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  tap:\n"
             "    binary: uplink-tap\n"
             "    restart: { policy: always, delay: 20ms, delay-max: 20ms }\n"
             "    route: { Network: { to: parent, args: { tap: tap7 } } }\n"
             "  http:\n"
             "    ram: 50M\n"
             "    route: { ROM: [{ match: big, to: parent }] }\n"
             "    config: { network: { ipv4: 10.0.2.15/24, ipv6: none }, files: { /big: big } }\n"
             "files: { big: %s/big }\n",
             peer_folder);
    run_start(&run, "run", scenario, NULL);
    run_expect(&run, "connected with the device tap7");
    peer_start(&curl, "until curl -sf -m 5 -r 0-0 -o first http://10.0.2.15/big; do sleep 0.05; done; "
                      "exec curl -sS http://10.0.2.15/big");
    ck_assert_uint_eq(peer_compare(&curl, MIB), MIB);
    run_kill(&run, "tap");
    run_expect(&run, "connected with the device tap7");
    ck_assert_uint_eq(peer_compare(&curl, 8 * MIB), 9 * MIB);
    ck_assert_int_eq(peer_shell("PATH=$PATH:/sbin:/usr/sbin ip link del tap7"), 0);
    run_expect(&run, "the device tap7 is gone");
    make_tap();
    run_expect(&run, "connected with the device tap7");
    ck_assert_uint_eq(peer_compare(&curl, SIZE_MAX), BIG);
    ck_assert_int_eq(peer_end(&curl), 0);
    ck_assert_int_eq(peer_shell("rm big first"), 0);
    end(&run);
}
END_TEST

/* Sends datagrams until one of them is at HOST: those before may be lost. */
static void send_until_there(int host, uint16_t port)
{
    struct timeval patience = { .tv_usec = 20000 };
    char text[16];
    setsockopt(host, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    do
        send_udp(port, LOST);
    while (recv(host, text, sizeof(text), 0) < 0);
    patience.tv_usec = 0;
    setsockopt(host, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static void set_loopback(const char *state)
{
    ck_assert_int_eq(peer_shell("PATH=$PATH:/sbin:/usr/sbin ip link set lo %s", state), 0);
}

/* The host's network is not there, comes, goes and comes: who wants to go out is told, and the driver stays.
 */
START_TEST(the_network_of_the_host_vanishes)
{
    struct run run;
    uint16_t port = 4000;
    int host = -1;
    ck_assert_int_eq(peer_separate(), 0);
    start_with_guest(&run, "world host");
    for (int i = 0; i < 2; i++) {
        if (!i)
            expect_refusal(port);
        send_udp(port, LOST);
        set_loopback("up");
        if (!i)
            host = host_socket(SOCK_DGRAM, &port);
        send_until_there(host, port);
        exchange(host, port);
        set_loopback("down");
    }
    ck_assert_uint_eq(run_count(&run, "exited"), 0);
    close(host);
    end(&run);
}
END_TEST

/* ---- real peers: the host's own stack in a network of its own, and curl */

START_TEST(files_go_both_ways)
{
    struct run run;
    struct peer server, box;
    unsigned port;
    peer_make_file("data", 8 << 20);
    peer_start(&server, "exec python3 -u -m http.server 0 --bind 127.0.0.1 2>/dev/null");
    peer_expect(&server, "Serving HTTP on 127.0.0.1 port ");
    ck_assert_int_eq(sscanf(server.line, "Serving HTTP on 127.0.0.1 port %u", &port), 1);
    start_uplinks(&run, "world host", PORT);
    unsigned forward = forwarded(&run);
    /* out; then a server in there, which says that it is ready, and in */
    peer_start_box(&box, "guest", "driver",
                   "curl -sS -o out http://10.0.2.2:%u/data && exec python3 -u -m http.server 80 2>/dev/null",
                   port);
    peer_expect(&box, "Serving HTTP");
    ck_assert_int_eq(peer_shell("cmp data out && curl -sS http://127.0.0.1:%u/data | cmp - data", forward),
                     0);
    peer_stop(&box);
    peer_stop(&server);
    ck_assert_int_eq(peer_shell("rm -f data out guest"), 0);
    end(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uplink");
    TCase *tcase = tcase_create("uplink");
    const char *why = no_tap(), *no_box = peer_no_box();
    tcase_set_timeout(tcase, 0);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    if (access(UPLINK_USER, X_OK)) {
        suite_skip("uplink-user", "it was not built, because libslirp is not there");
    } else {
        tcase_add_test(tcase, datagrams_go_out_and_come_back);
        tcase_add_test(tcase, connections_go_out_and_end_halfway);
        tcase_add_test(tcase, this_machine_is_not_reached_without_a_word);
        tcase_add_test(tcase, forwarded_ports_come_in);
        tcase_add_test(tcase, a_taken_port_is_named);
        tcase_add_test(tcase, forwarded_ports_change_while_connections_go_on);
        tcase_add_test(tcase, who_is_not_there_is_told);
        tcase_add_test(tcase, wrong_settings_are_told);
        tcase_add_test(tcase, connections_beyond_its_ram_wait);
        tcase_add_test(tcase, a_flood_of_connections_meets_a_bound);
        tcase_add_test(tcase, drivers_and_switch_come_back);
        tcase_add_test(tcase, a_peer_goes_and_comes);
        tcase_add_test(tcase, a_path_has_one_owner);
    }
    tcase_add_test(tcase, a_route_is_all_that_can_be_had);
    if (why)
        suite_skip("a_device_of_the_host", why);
    else
        tcase_add_test(tcase, a_device_of_the_host);
    if (why || access("/usr/bin/curl", X_OK))
        suite_skip("a_device_is_taken_away", why ? why : "the package curl is not installed");
    else
        tcase_add_test(tcase, a_device_is_taken_away);
    if (no_box || access(UPLINK_USER, X_OK))
        suite_skip("the_network_of_the_host_vanishes", no_box ? no_box : "uplink-user was not built");
    else
        tcase_add_test(tcase, the_network_of_the_host_vanishes);
    if (no_box || access(UPLINK_USER, X_OK))
        suite_skip("files_go_both_ways", no_box ? no_box : "uplink-user was not built");
    else
        tcase_add_test(tcase, files_go_both_ways);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
