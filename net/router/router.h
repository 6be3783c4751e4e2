/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * router.h: the parts of the router, which forwards packets between domains. All of it but main.c is a state
 * machine without sessions: frames come in by router_frame with the time at which they came, frames go out by
 * struct router_io. So a test or a fuzzer needs neither a Nic session nor a clock.
 *
 * A frame's header is copied before anything is decided (struct packet); the copy is changed and written to
 * the outgoing stream, the payload goes from stream to stream.
 */
#ifndef NET_ROUTER_H
#define NET_ROUTER_H

#include <network/address.h>
#include <network/proto.h>
#include <os/config.h>
#include <os/config_writer.h>
#include <os/list.h>

#include <string.h>

enum {
    NAME_SIZE = 64,     /* of a domain's name, with its NUL */
    DOMAINS_MAX = 32,   /* what a config can have */
    RULES_MAX = 32,     /* of one domain: `nat` and `allow` together */
    RANGES_MAX = 16,    /* of ports in one rule */
    FORWARDS_MAX = 32,  /* of one domain */
    ROUTES_MAX = 16,    /* the same */
    STATICS_MAX = 32,   /* the same */
    DNS_MAX = 3,        /* servers */
    LEASES_MAX = 1024,  /* of one domain */
    HEAD_MAX = 192,     /* bytes of a frame that are copied before they are looked at */
    LOCAL_MAX = 2048,   /* the same of a frame to the router itself */
    MTU_DEFAULT = 1500, /* of a domain without ports */
    BUCKETS = 64,       /* of a domain's neighbors */
    PENDING_MAX = 64,   /* frames that wait for a neighbor, all together */
    FRAGMENTS_MAX = 64, /* packets in fragments that are under way */
};

struct router;
struct domain;
struct port;

/* ---- what the config says: config.c */

struct ports {
    int all;
    uint32_t count;
    struct {
        uint16_t first, last;
    } range[RANGES_MAX];
};

/* Connections from the domain that has it to another. */
struct rule {
    char to[NAME_SIZE];
    int nat; /* behind the router's address there; else as they are */
    int icmp;
    struct ports tcp, udp;
};

/* Connections from another domain to a port of the router's there are to a machine of the domain that has it.
 */
struct forward {
    char from[NAME_SIZE];
    uint8_t proto;
    uint16_t port;
    struct net_addr to; /* with port */
};

struct route {
    struct net_range to;
    struct net_addr via;
};

struct static_neighbor {
    struct net_addr ip;
    uint8_t mac[6];
};

struct domain_config {
    char name[NAME_SIZE];
    struct net_range ipv4, ipv6; /* the router's address there; family NET_ANY: none */
    int client;                  /* the IPv4 address comes by DHCP */
    int isolated;                /* its machines do not see each other */
    int relay;                   /* the router answers name queries there, by asking */
    struct net_addr gateway, gateway6;
    struct rule rules[RULES_MAX];
    struct forward forwards[FORWARDS_MAX];
    struct route routes[ROUTES_MAX];
    struct static_neighbor statics[STATICS_MAX];
    uint32_t rule_count, forward_count, route_count, static_count;
    struct {
        uint32_t first, last; /* 0: no server */
        uint32_t lease;       /* s */
        struct net_addr dns[DNS_MAX];
        uint32_t dns_count; /* 0: the router itself, if it relays */
    } dhcp;
};

/* How long a state stays without a packet. */
enum age { AGE_TCP_OPENING, AGE_TCP, AGE_TCP_CLOSING, AGE_UDP, AGE_ICMP, AGES };

struct limits {
    uint32_t states, states_per_client;
    uint32_t leases_per_client; /* of an uplink's port; a Nic client has one */
    uint32_t neighbors;         /* of a domain */
    uint32_t queries;           /* name queries under way, a quarter of them for one client */
    uint32_t errors;            /* ICMP errors per second and domain */
    uint16_t nat_first, nat_last;
    os_time age[AGES];
};

struct router_config {
    uint32_t domain_count;
    struct domain_config *domains;
    struct limits limits;
    struct net_addr dns[DNS_MAX]; /* who is asked for names; without any: whom DHCP has named */
    uint32_t dns_count;
};

/* Reads a config; what is wrong is said on stderr with its place: OS_ERR_BAD_ARG. OS_ERR_RAM. */
OS_MUST_CHECK os_err router_config_read(const struct os_config *config, struct router_config *read);
void router_config_free(struct router_config *read);
int ports_have(const struct ports *ports, uint16_t port);

/* ---- frames in and out */

/* Why packets were dropped. */
#define ROUTER_DROPS(D)                                                                                      \
    D(malformed, "malformed")                                                                                \
    D(spoofed, "spoofed")                                                                                    \
    D(unknown, "unknown")                                                                                    \
    D(options, "options")                                                                                    \
    D(fragments, "fragments")                                                                                \
    D(overlaps, "overlaps")                                                                                  \
    D(denied, "denied")                                                                                      \
    D(no_route, "no-route")                                                                                  \
    D(no_state, "no-state")                                                                                  \
    D(no_neighbor, "no-neighbor")                                                                            \
    D(too_long, "too-long")                                                                                  \
    D(expired, "expired")                                                                                    \
    D(states_full, "states-full")                                                                            \
    D(client_full, "client-full")                                                                            \
    D(ports_full, "ports-full")                                                                              \
    D(no_room, "no-room")                                                                                    \
    D(no_address, "no-address")                                                                              \
    D(limited, "limited")                                                                                    \
    D(neighbors_full, "neighbors-full")                                                                      \
    D(queries_full, "queries-full")
enum drop {
#define ROUTER_DROP_ENUM(name, text) DROP_##name,
    ROUTER_DROPS(ROUTER_DROP_ENUM)
#undef ROUTER_DROP_ENUM
        DROPS
};

/* Who states are counted for: a Nic session, or all that is behind a domain's uplinks. */
struct client {
    struct os_list flows; /* of struct flow.of_client, oldest first */
    uint32_t flow_count, query_count, lease_count, neighbor_count;
};

/* A place where frames come in and go out; memory of the user's. */
struct port {
    struct os_list link;   /* in domain.ports */
    struct domain *domain; /* NULL: none, and nothing goes on here */
    int uplink;            /* a way out, with any number of machines; else one machine */
    int up;
    uint8_t mac[6]; /* the machine's; of an uplink: the router's own */
    uint16_t mtu;
    uint32_t address; /* the one of IPv4 that DHCP gives it, or 0 */
    struct client client;
    struct side *last; /* which a frame from here was of, or NULL */
};

/* What the user of the state machine has to provide. */
struct router_io {
    /* LEN bytes that go to PORT with the next submit, or NULL; one at a time. */
    uint8_t *(*alloc)(struct port *port, uint32_t len, uint32_t flags);
    void (*submit)(struct port *port, uint32_t len);
};

/* A frame under way: the copy of its header and what is known of it. */
struct packet {
    struct port *from;
    struct domain *domain;
    const uint8_t *data; /* all of it, where others can change it */
    uint32_t len, flags;
    uint8_t head[HEAD_MAX];
    uint32_t head_len;
    uint8_t family, proto;
    uint8_t is_fragment;      /* part of a packet */
    uint8_t more;             /* not the last one */
    uint32_t offset;          /* bytes before it, of the packet's payload */
    uint32_t l4, end;         /* offsets in the frame: after the IP header, after the payload */
    struct net_addr src, dst; /* with ports, or the echo's id in the initiator's */
};

/* ---- states of connections: flow.c */

/*
 * As a packet of one direction comes in. What was found out about such packets is known as long as nothing
 * has changed that it depends on: where one may come from, who is next, and what becomes of checksums.
 */
struct side {
    struct side *next;     /* in the bucket */
    struct domain *domain; /* NULL: in no use */
    uint32_t side;         /* 0 or 1: which one of its flow's */
    struct net_addr src, dst;
    uint16_t ip_change, l4_change; /* to be added to the sums; l4_change 0: none */
    uint64_t generation;           /* the router's, when it was found out; 0: it was not */
    struct port *from;
    struct neighbor *to;
};

struct flow {
    struct side side[2]; /* of who began, and of who answers */
    uint8_t proto;       /* the same on both */
    uint8_t age;         /* enum age */
    uint8_t nat, answered;
    uint8_t fins;          /* bit for each side */
    struct os_list by_age; /* in router.ages, or router.unused */
    struct os_list of_client;
    struct client *client;
    os_time used, due;
    uint64_t packets[2], bytes[2];
};

struct flow *flow_find(struct router *router, const struct packet *packet, int *side);
/* The same, for one that came in by a port: it is mostly of the same connection as the one before. */
struct flow *flow_find_next(struct router *router, const struct packet *packet, int *side);
/*
 * A state for PACKET, whose destination is TO in domain OUT from now on, behind the router's address there if
 * NAT. NULL: counted as dropped.
 */
struct flow *flow_make(struct router *router, const struct packet *packet, struct domain *out,
                       const struct net_addr *to, int nat);
void flow_used(struct router *router, struct flow *flow, int side, const struct packet *packet);
void flow_end(struct router *router, struct flow *flow);
/* Ends those for which KEEP is 0. */
void flow_sweep(struct router *router, int (*keep)(struct router *router, struct flow *flow));
void flow_end_client(struct router *router, struct client *client);
void flow_expire(struct router *router);
os_time flow_due(const struct router *router);
OS_MUST_CHECK os_err flow_init(struct router *router, uint32_t count);
void flow_fini(struct router *router);

/* ---- neighbors: neighbor.c */

struct neighbor {
    struct neighbor *next; /* in the bucket */
    struct os_list link;   /* in domain.neighbors, the one learned last at the end */
    struct net_addr ip;
    uint8_t mac[6];
    uint8_t known, fixed, tries;
    struct port *port; /* NULL: not known */
    os_time refresh;   /* when to ask again: while unknown, and of a known one that is in use */
    os_time expires;
    uint8_t *pending; /* a frame that waits, or NULL */
    uint32_t pending_len;
};

/* A frame of the router's that is being made: what follows the Ethernet header is at data + NET_ETH_HEADER.
 */
struct out {
    struct router *router;
    struct port *port; /* NULL: it waits for a neighbor */
    struct neighbor *neighbor;
    uint8_t *data;
    uint32_t len;
};

/* Room for LEN bytes of payload to NEXT in DOMAIN, or 0. Between it and out_end nothing else is sent. */
int out_begin(struct domain *domain, const struct net_addr *next, uint32_t len, uint32_t flags,
              struct out *out);
/* The same to a neighbor that is known to be next. */
int out_begin_to(struct domain *domain, struct neighbor *neighbor, uint32_t type, uint32_t len,
                 uint32_t flags, struct out *out);
/* The same to a MAC address at a port. */
int out_begin_at(struct port *port, const uint8_t *mac, uint32_t type, uint32_t len, struct out *out);
void out_end(struct out *out);

/* The one with address IP, or NULL; it lives as long as the router's generation. */
struct neighbor *neighbor_find(const struct domain *domain, const struct net_addr *ip);
/* Whether frames can be sent to it. */
int neighbor_is_known(const struct domain *domain, const struct neighbor *neighbor);
/* IP is at MAC behind PORT: says whether that is taken. MAY_ADD: although nobody has asked. */
int neighbor_learn(struct domain *domain, const struct net_addr *ip, const uint8_t *mac, struct port *port,
                   int may_add);
void neighbor_forget_port(struct domain *domain, const struct port *port);
void neighbor_forget_all(struct domain *domain);
void neighbor_set_static(struct domain *domain);
os_time neighbor_tick(struct domain *domain);
void arp_input(struct router *router, struct packet *packet);

/* ---- domains: domain.c */

enum dhcp_phase { DHCP_OFF, DHCP_SELECTING, DHCP_REQUESTING, DHCP_BOUND, DHCP_RENEWING, DHCP_REBINDING };

struct dhcp_client {
    enum dhcp_phase phase;
    uint32_t xid, tries;
    uint32_t address, server;
    os_time next;                   /* when to send again */
    os_time renew, rebind, expires; /* of the lease */
};

struct lease {
    uint8_t mac[6];
    uint8_t given, taken; /* taken: by a machine that has not asked for it */
    struct client *client;
    os_time expires;
};

struct domain {
    struct os_list link; /* in router.domains */
    struct router *router;
    uint32_t id;
    uint8_t mac[6]; /* the router's at Nic ports */
    int wanted;     /* while the config changes */
    struct domain_config config;
    struct net_addr ipv4, gateway; /* now: of the config or by DHCP */
    uint8_t prefix4;
    struct net_addr dns[DNS_MAX]; /* named by DHCP */
    uint32_t dns_count;
    struct os_list ports;
    uint32_t mtu; /* the smallest of its ports */
    struct client outside;
    struct neighbor *buckets[BUCKETS];
    struct os_list neighbors;
    uint32_t neighbor_count, unknown_count;
    struct lease *leases;
    uint32_t lease_count;
    struct dhcp_client dhcp;
    struct net_addr local6; /* the router's link-local address */
    os_time next_advert;
    uint32_t adverts; /* to be sent soon after each other */
    uint32_t tokens;  /* ICMP errors that may be sent now */
    os_time tokens_at;
    uint64_t in, out, bytes_in, bytes_out;
};

struct domain *domain_find(struct router *router, const char *name);
int domain_is_own(const struct domain *domain, const struct net_addr *addr);
/* A packet from ADDR can come from DOMAIN: no other one is a better way to it. */
int domain_may_have(struct domain *domain, const struct net_addr *addr);
/* The address of the router's in DOMAIN that goes with ADDR, or NULL. */
const struct net_addr *domain_address(const struct domain *domain, const struct net_addr *addr);
/* Broadcast to all of the domain's network. */
int domain_is_broadcast(const struct domain *domain, const struct net_addr *addr);
int domain_on_link(const struct domain *domain, const struct net_addr *addr);
/* Where ADDR is: the domain, and the address that it is reached by there. NULL: nowhere. */
struct domain *domain_route(struct router *router, const struct net_addr *addr, struct net_addr *next);
/* What the config says of a connection from one to another: RULE_... */
enum verdict { RULE_DENY, RULE_ALLOW, RULE_NAT };
enum verdict domain_verdict(const struct domain *from, const struct domain *to, uint8_t family, uint8_t proto,
                            uint16_t port);
/* Who gets what comes to PORT of the router's in FROM, or NULL; OUT is the domain. */
const struct forward *domain_forward(struct router *router, const struct domain *from, uint8_t proto,
                                     uint16_t port, struct domain **out);
/* A token of the limit of ICMP errors. */
int domain_may_complain(struct domain *domain);
/* The IPv4 address is another one, by DHCP. */
void domain_set_ipv4(struct domain *domain, const struct net_addr *addr, uint8_t prefix,
                     const struct net_addr *gateway);

/* ---- packets: forward.c, icmp.c, nd.c */

void ip_input(struct router *router, struct packet *packet);
/* An IPv4 header of the router's for LEN bytes of payload, at AT. */
void ipv4_header(struct router *router, uint8_t *at, uint8_t proto, const struct net_addr *src,
                 const struct net_addr *dst, uint32_t len);
void ipv6_header(uint8_t *at, uint8_t proto, const struct net_addr *src, const struct net_addr *dst,
                 uint32_t len, uint8_t hops);
/* Sends LEN bytes at DATA as UDP; the addresses have ports. */
void udp_send(struct domain *domain, const struct net_addr *src, const struct net_addr *dst,
              const uint8_t *data, uint32_t len);

/* The same to MAC at PORT, whatever DST is. */
void udp_send_at(struct port *port, const uint8_t *mac, const struct net_addr *src,
                 const struct net_addr *dst, const uint8_t *data, uint32_t len);

enum complaint { NO_NET, NO_HOST, NO_PORT, PROHIBITED, TOO_BIG, HOPS };
/* Says to the sender what is wrong with PACKET; OF_MTU for TOO_BIG. */
void icmp_complain(struct router *router, const struct packet *packet, enum complaint what, uint32_t of_mtu);
/* Echo requests to the router. */
void icmp_echo(struct router *router, const struct packet *packet);
int icmp_is_error(const struct packet *packet);
/* An error about what was sent on behalf of a flow goes to who is behind that. */
void icmp_translate(struct router *router, struct packet *packet);
void tcp_reset(struct router *router, const struct packet *packet);
/* Sends PACKET with the header as it is in its copy. */
void forward_out(struct router *router, struct packet *packet, struct domain *out, const struct net_addr *to);

/* IPv6 neighbor discovery; says whether it was that. */
int nd_input(struct router *router, struct packet *packet);
void nd_solicit(struct domain *domain, const struct net_addr *target, const struct neighbor *known);
void nd_advertise_soon(struct domain *domain);
os_time nd_tick(struct domain *domain);
void nd_local_address(struct domain *domain);

/* ---- DHCP: dhcp.c, dhcp_server.c, dhcp_client.c */

enum {
    DHCP_SIZE = 240, /* bytes before the options */
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM,
};

/* A message as it was read, or is to be written. */
struct dhcp {
    uint8_t type, reply;
    uint32_t xid;
    uint32_t client, yours; /* addresses, 0: none */
    uint8_t mac[6];
    uint32_t requested, server, mask, lease, renew, rebind;
    uint32_t router;
    uint32_t dns[DNS_MAX], dns_count;
    uint32_t mtu;
    int broadcast;
};
int dhcp_read(const uint8_t *data, uint32_t len, struct dhcp *dhcp);
/* Writes at most 400 bytes; their number. */
uint32_t dhcp_write(uint8_t *data, const struct dhcp *dhcp);

void dhcp_server_input(struct router *router, const struct packet *packet, const uint8_t *data, uint32_t len);
/* The range is another one, before config says so; 0: there is no server. OS_ERR_RAM: nothing has changed. */
OS_MUST_CHECK os_err dhcp_server_configure(struct domain *domain, uint32_t first, uint32_t last);
/* The one that has the IPv4 address IP now, or NULL. */
const struct lease *dhcp_server_lease(const struct domain *domain, uint32_t ip);
void dhcp_server_forget(struct domain *domain, const struct client *client);

void dhcp_client_start(struct domain *domain);
void dhcp_client_stop(struct domain *domain);
void dhcp_client_input(struct router *router, struct domain *domain, const uint8_t *data, uint32_t len);
os_time dhcp_client_tick(struct domain *domain);

/* ---- the relay of name queries: dns.c */

struct query {
    struct domain *domain, *out;
    struct client *client;
    struct net_addr from, server;
    uint16_t id, own_id, own_port;
    uint32_t question; /* sum of it */
    os_time expires;   /* 0: not in use */
};
void dns_query(struct router *router, const struct packet *packet, const uint8_t *data, uint32_t len);
/* An answer to a port of the relay's; says whether it was that. */
int dns_answer(struct router *router, const struct packet *packet, const uint8_t *data, uint32_t len);
void dns_forget(struct router *router, const struct domain *domain, const struct client *client);

/* ---- the whole: router.c */

struct fragments {
    struct domain *domain;
    struct net_addr src, dst;
    uint8_t proto;
    uint16_t id, own_id;
    uint32_t next; /* offset of the one that comes next */
    struct flow *flow;
    int side;
    os_time expires; /* 0: not in use */
};

/* Keys of SipHash: of tables, of numbers that others see, and of MAC addresses. */
struct router_secrets {
    uint64_t table[2], numbers[2], macs[2];
};

struct router {
    const struct router_io *io;
    os_time now;         /* of what is being done */
    uint64_t generation; /* from 1; of all that decides about packets of connections that are */
    struct os_list domains;
    uint32_t last_id;
    struct limits limits;
    struct net_addr dns[DNS_MAX];
    uint32_t dns_count;
    struct flow *flows;
    uint32_t flow_count, flow_used;
    struct side **buckets;
    uint32_t bucket_count; /* a power of two */
    struct os_list ages[AGES], unused;
    struct query *queries;
    struct fragments fragments[FRAGMENTS_MAX];
    uint32_t pending; /* frames that wait */
    struct router_secrets secrets;
    uint64_t random; /* how many there were */
    uint64_t drops[DROPS];
    uint64_t forwarded;
    os_time due; /* the next thing to do */
};

/* Something is to be done at AT. */
static inline void router_at(struct router *router, os_time at)
{
    if (at < router->due)
        router->due = at;
}

/* What was found out about packets of connections may be otherwise now. */
static inline void router_changed(struct router *router)
{
    router->generation++;
}

/* Zeroed before. SECRETS are copied. */
void router_init(struct router *router, const struct router_io *io, const struct router_secrets *secrets);
void router_fini(struct router *router);
/*
 * Takes READ, whose domains it copies. Connections, neighbors, leases and ports stay where the new one allows
 * them; ports whose domain is gone have none afterwards. OS_ERR_RAM: it is as before.
 */
OS_MUST_CHECK os_err router_configure(struct router *router, const struct router_config *read, os_time now);

/* PORT, filled in but for link, domain and client, is in DOMAIN from now on; NULL: in none. */
void router_add(struct router *router, struct port *port, struct domain *domain, os_time now);
void router_remove(struct router *router, struct port *port, os_time now);
/* port->up, mac or mtu have changed. */
void router_link(struct router *router, struct port *port, os_time now);

/* A frame of LEN bytes at DATA, which is not trusted to stay as it is. */
void router_frame(struct router *router, struct port *port, const uint8_t *data, uint32_t len, uint32_t flags,
                  os_time now);

/* Does what is due, and says when to be called again, at the latest: OS_NEVER when there is nothing. */
os_time router_tick(struct router *router, os_time now);
/* When that is after other functions were called. */
os_time router_due(struct router *router);

uint64_t router_random(struct router *router);
/* A sum of WORDS that nobody can foresee: for tables, and for what others see. */
uint64_t router_hash(const struct router *router, const uint64_t *words, size_t count);
/* The attempt that is for domains: no session gets there. */
#define DOMAIN_MAC UINT32_MAX
uint64_t router_sum(const struct router *router, const uint64_t *words, size_t count);
/* The MAC address of NAME, number ATTEMPT of them, if the one before is taken. */
void router_mac(const struct router *router, const char *name, uint32_t attempt, uint8_t mac[6]);
void router_drop(struct router *router, enum drop why);

/* The report. */
void router_report(const struct router *router, struct os_config_writer *writer);

/* ---- small things */

static inline struct net_addr addr4_of(const uint8_t *bytes)
{
    return (struct net_addr){ .family = NET_IPV4, .bytes = { bytes[0], bytes[1], bytes[2], bytes[3] } };
}

static inline struct net_addr addr4_from(uint32_t ip)
{
    uint8_t bytes[4];
    net_put32(bytes, ip);
    return addr4_of(bytes);
}

static inline uint32_t addr4(const struct net_addr *addr)
{
    return net_get32(addr->bytes);
}

/* Whether they are the same with their ports and zones: 20 bytes without a loop. */
static inline int addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    uint64_t a_words[2], b_words[2];
    memcpy(a_words, a, sizeof(a_words));
    memcpy(b_words, b, sizeof(b_words));
    return a_words[0] == b_words[0] && a_words[1] == b_words[1] &&
           net_get32(a->bytes + 12) == net_get32(b->bytes + 12);
}

static inline struct net_addr addr6_of(const uint8_t *bytes)
{
    struct net_addr addr = { .family = NET_IPV6 };
    for (int i = 0; i < 16; i++)
        addr.bytes[i] = bytes[i];
    return addr;
}

/* Without port and zone. */
int addr_same(const struct net_addr *a, const struct net_addr *b);
int addr_is_group(const struct net_addr *addr);
int addr_is_link_local(const struct net_addr *addr);

static inline const uint8_t *port_mac(const struct port *port)
{
    return port->uplink ? port->mac : port->domain->mac;
}

#endif
