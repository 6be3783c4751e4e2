/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h: the router without sessions and clock, for tests and fuzzing: machines that send frames and keep
 * what they get.
 */
#ifndef TESTS_NET_ROUTER_WIRE_H
#define TESTS_NET_ROUTER_WIRE_H

#include <router.h>

enum { WIRE_KEEPS = 64, WIRE_FRAME = 2048 };

/* Parts of configs: the domain `lan`; names and addresses in it; its way out; its way in. */
#define WIRE_LAN                                                                                             \
    "domains:\n"                                                                                             \
    "  lan:\n"                                                                                               \
    "    ipv4: 10.0.1.1/24\n"
#define WIRE_LAN_SERVICES                                                                                    \
    "    ipv6: fd01::1/64\n"                                                                                 \
    "    dhcp:\n"                                                                                            \
    "      range:\n"                                                                                         \
    "        - 10.0.1.2\n"                                                                                   \
    "        - 10.0.1.9\n"
#define WIRE_LAN_OUT                                                                                         \
    "    nat:\n"                                                                                             \
    "      -\n"                                                                                              \
    "        to: wan\n"                                                                                      \
    "        tcp: all\n"                                                                                     \
    "        udp: all\n"                                                                                     \
    "        icmp: true\n"
#define WIRE_LAN_IN                                                                                          \
    "    forward:\n"                                                                                         \
    "      -\n"                                                                                              \
    "        from: wan\n"                                                                                    \
    "        tcp: 8080\n"                                                                                    \
    "        to: 10.0.1.2:80\n"

struct wire_frame {
    uint32_t len;
    uint8_t data[WIRE_FRAME];
};

/* A machine at a port. Zeroed before wire_add. */
struct machine {
    struct port port;
    uint8_t mac[6]; /* its own, also behind an uplink */
    struct net_addr ip;
    struct net_addr via;     /* the router's address, once it has asked for it */
    uint8_t via_mac[6];      /* the router's there */
    int full;                /* takes no frames */
    struct wire_frame *last; /* the youngest that came, or NULL */
    struct wire_frame next;
    uint32_t count; /* frames that came */
    struct wire_frame *got[WIRE_KEEPS];
};

extern struct router wire;
extern os_time wire_now;

/* A router with the config TEXT (lines as of inproc_config_set); wire_configure: another one for it. */
void wire_init(const char *text);
os_err wire_configure(const char *text);
void wire_fini(void);

/* A machine with address TEXT (or NULL) in a domain; N makes its MAC address. The other one is behind an
 * uplink. */
void wire_add(struct machine *machine, const char *domain, uint8_t n, const char *ip);
void wire_add_uplink(struct machine *machine, const char *domain, uint8_t n, const char *ip);
void wire_remove(struct machine *machine);

/* Forgets what came. */
void wire_drop(struct machine *machine);
void wire_send(struct machine *machine, const void *frame, uint32_t len);
/* Time goes by, and the router does what is due meanwhile. */
void wire_advance(os_time time);

/* Machine and router ask each other who they are. */
void wire_arp(struct machine *machine, const char *router);

/* A packet that is being made, or looked at: an Ethernet frame. */
struct wire_packet {
    uint8_t data[2000];
    uint32_t len;
};

/* An IPv4 packet with LEN bytes at L4 from the machine to the router as next hop. */
void wire_ipv4(struct wire_packet *packet, const struct machine *from, const struct net_addr *to,
               uint8_t proto, const void *l4, uint32_t len);
/* UDP and TCP with sound checksums; PORTs in FROM and TO. */
void wire_udp(struct wire_packet *packet, const struct machine *machine, uint16_t port,
              const struct net_addr *to, const void *data, uint32_t len);
void wire_tcp(struct wire_packet *packet, const struct machine *machine, uint16_t port,
              const struct net_addr *to, uint8_t flags, uint32_t seq);
void wire_echo(struct wire_packet *packet, const struct machine *machine, const struct net_addr *to,
               uint16_t id, uint16_t sequence, uint32_t len);
/* The checksums of an IPv4 or IPv6 packet are right. */
int wire_is_sound(const uint8_t *frame, uint32_t len);
void wire_fix(uint8_t *frame, uint32_t len); /* makes them so */

struct net_addr wire_addr(const char *text);

static inline uint8_t *wire_l3(struct machine *machine)
{
    return machine->last->data + NET_ETH_HEADER;
}

static inline uint8_t *wire_l4(struct machine *machine)
{
    return wire_l3(machine) + NET_IPV4_HEADER;
}

#endif
