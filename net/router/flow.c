/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.c: the table of connections between domains. Each has a key for either direction, as its packets come
 * in; a packet that has one of them gets the addresses of the other, turned around. So NAT, forwarded ports
 * and plain forwarding are the same.
 *
 * States have a limit of their own, the table is allocated once. They wait for their end in one list for each
 * kind of age, so the first of each list is the next one due; one that was used meanwhile goes to the end,
 * when its turn comes and not with each packet.
 */
#include "router.h"

#include <network/siphash.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct net_addr) == 20, "addresses have no gaps");
_Static_assert(offsetof(struct net_addr, bytes) == 4, "all of an IPv4 address and its port are in 8 bytes");

static struct flow *flow_of(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct flow, by_age);
}

static struct side **bucket(struct router *router, const struct domain *domain, uint8_t proto,
                            const struct net_addr *src, const struct net_addr *dst)
{
    uint64_t words[6] = { (uint64_t)domain->id << 8 | proto }, hash;
    if (src->family == NET_IPV4 && dst->family == NET_IPV4) {
        memcpy(&words[1], src, sizeof(words[1]));
        memcpy(&words[2], dst, sizeof(words[2]));
        hash = net_siphash13(router->secrets.table, words, 3);
    } else {
        memcpy(&words[1], src, sizeof(*src));
        memcpy((uint8_t *)&words[1] + sizeof(*src), dst, sizeof(*dst));
        hash = net_siphash13(router->secrets.table, words, OS_ARRAY_LEN(words));
    }
    return &router->buckets[hash & (router->bucket_count - 1)];
}

static struct flow *flow_with(struct router *router, const struct domain *domain, uint8_t proto,
                              const struct net_addr *src, const struct net_addr *dst, int *side)
{
    for (struct side *at = *bucket(router, domain, proto, src, dst); at; at = at->next) {
        if (at->domain != domain || !addr_equal(&at->src, src) || !addr_equal(&at->dst, dst))
            continue;
        struct flow *flow = OS_CONTAINER_OF(at - at->side, struct flow, side[0]);
        if (flow->proto != proto)
            continue;
        *side = (int)at->side;
        return flow;
    }
    return NULL;
}

struct flow *flow_find(struct router *router, const struct packet *packet, int *side)
{
    return flow_with(router, packet->domain, packet->proto, &packet->src, &packet->dst, side);
}

struct flow *flow_find_next(struct router *router, const struct packet *packet, int *side)
{
    struct side *last = packet->from->last;
    if (last && last->domain == packet->domain && addr_equal(&last->src, &packet->src) &&
        addr_equal(&last->dst, &packet->dst)) {
        struct flow *flow = OS_CONTAINER_OF(last - last->side, struct flow, side[0]);
        *side = (int)last->side;
        if (flow->proto == packet->proto)
            return flow;
    }
    struct flow *flow = flow_find(router, packet, side);
    if (flow)
        packet->from->last = &flow->side[*side];
    return flow;
}

static void link_side(struct router *router, struct flow *flow, struct side *side)
{
    struct side **head = bucket(router, side->domain, flow->proto, &side->src, &side->dst);
    side->next = *head;
    *head = side;
}

static void unlink_side(struct router *router, struct flow *flow, struct side *side)
{
    struct side **at = bucket(router, side->domain, flow->proto, &side->src, &side->dst);
    while (*at != side)
        at = &(*at)->next;
    *at = side->next;
    side->domain = NULL;
}

/* ---- ages */

/* In the list of its age and at its end: what is due comes first, for all of a list live as long. */
static void set_age(struct router *router, struct flow *flow, enum age age)
{
    os_list_remove(&flow->by_age);
    flow->age = (uint8_t)age;
    flow->due = flow->used + router->limits.age[age];
    os_list_insert(&router->ages[age], &flow->by_age);
    router_at(router, flow->due);
}

static enum age first_age(const struct flow *flow)
{
    return flow->proto == NET_PROTO_TCP ? AGE_TCP_OPENING : flow->proto == NET_PROTO_UDP ? AGE_UDP : AGE_ICMP;
}

/* What TCP's flags say about how long it may be silent. */
static void follow_tcp(struct router *router, struct flow *flow, int side, const struct packet *packet)
{
    uint8_t flags = packet->head[packet->l4 + NET_TCP_FLAGS];
    enum age age = flow->age;
    if (flags & NET_TCP_RST)
        age = AGE_TCP_CLOSING;
    else if (flags & NET_TCP_SYN) {
        if (!side && age == AGE_TCP_CLOSING) { /* the same ports once more */
            age = AGE_TCP_OPENING;
            flow->fins = 0;
            flow->answered = 0;
        }
    } else if (age == AGE_TCP_OPENING && flow->answered && !side)
        age = AGE_TCP;
    if (flags & NET_TCP_FIN)
        flow->fins |= (uint8_t)(1 << side);
    if (flow->fins == 3)
        age = AGE_TCP_CLOSING;
    if (age != flow->age)
        set_age(router, flow, age);
}

void flow_used(struct router *router, struct flow *flow, int side, const struct packet *packet)
{
    flow->used = router->now;
    flow->packets[side]++;
    flow->bytes[side] += packet->end - NET_ETH_HEADER;
    if (side)
        flow->answered = 1;
    if (flow->proto == NET_PROTO_TCP && !packet->offset)
        follow_tcp(router, flow, side, packet);
}

void flow_end(struct router *router, struct flow *flow)
{
    for (uint32_t i = 0; i < FRAGMENTS_MAX; i++)
        if (router->fragments[i].flow == flow)
            router->fragments[i] = (struct fragments){ 0 };
    unlink_side(router, flow, &flow->side[0]);
    unlink_side(router, flow, &flow->side[1]);
    os_list_remove(&flow->of_client);
    flow->client->flow_count--;
    os_list_remove(&flow->by_age);
    os_list_insert(&router->unused, &flow->by_age);
    router->flow_used--;
}

void flow_expire(struct router *router)
{
    for (int age = 0; age < AGES; age++)
        while (!os_list_empty(&router->ages[age])) {
            struct flow *flow = flow_of(router->ages[age].next);
            if (flow->due > router->now)
                break;
            if (flow->used + router->limits.age[age] > router->now)
                set_age(router, flow, age);
            else
                flow_end(router, flow);
        }
}

os_time flow_due(const struct router *router)
{
    os_time due = OS_NEVER;
    for (int age = 0; age < AGES; age++)
        if (!os_list_empty(&router->ages[age])) {
            os_time first = flow_of(router->ages[age].next)->due;
            if (first < due)
                due = first;
        }
    return due;
}

void flow_sweep(struct router *router, int (*keep)(struct router *router, struct flow *flow))
{
    for (int age = 0; age < AGES; age++)
        OS_LIST_FOR_EACH_SAFE (link, &router->ages[age])
            if (!keep(router, flow_of(link)))
                flow_end(router, flow_of(link));
}

void flow_end_client(struct router *router, struct client *client)
{
    while (!os_list_empty(&client->flows))
        flow_end(router, OS_CONTAINER_OF(client->flows.next, struct flow, of_client));
}

/* ---- new ones */

/*
 * Where there is no room a client loses what it has begun or ended itself, and nobody else loses anything.
 * Only some are looked at, for a client that asks for too much pays with its own older states.
 */
static int make_room(struct router *router, struct client *client)
{
    int looked = 0;
    OS_LIST_FOR_EACH (link, &client->flows) {
        struct flow *flow = OS_CONTAINER_OF(link, struct flow, of_client);
        if (flow->age == AGE_TCP_CLOSING || !flow->answered) {
            flow_end(router, flow);
            return 1;
        }
        if (++looked == 32)
            break;
    }
    return 0;
}

/* The id of echo requests is as a port. */
static uint16_t *own_port(struct flow *flow)
{
    return &flow->side[1].dst.port;
}

static int is_free(struct router *router, const struct flow *flow)
{
    int side;
    const struct side *back = &flow->side[1];
    return !flow_with(router, back->domain, flow->proto, &back->src, &back->dst, &side);
}

/*
 * The same port for the same port of the same machine as far as that is possible (RFC 4787), and one that
 * others cannot foresee. Two machines can have the same one if they talk to different peers.
 */
static int choose_port(struct router *router, struct flow *flow)
{
    uint32_t count = (uint32_t)router->limits.nat_last - router->limits.nat_first + 1;
    uint32_t tries = count < 512 ? count : 512;
    uint64_t words[4] = { 0 };
    memcpy(words, &flow->side[0].src, sizeof(struct net_addr));
    words[3] = (uint64_t)flow->side[1].domain->id << 8 | flow->proto;
    uint32_t start = (uint32_t)(router_sum(router, words, OS_ARRAY_LEN(words)) % count);
    for (uint32_t i = 0; i < tries; i++) {
        *own_port(flow) = (uint16_t)(router->limits.nat_first + (start + i) % count);
        if (is_free(router, flow))
            return 1;
    }
    return 0;
}

static struct client *client_of(struct port *port)
{
    return port->uplink ? &port->domain->outside : &port->client;
}

/* Whether there may be one more; what comes from outside never takes all. */
static int may_begin(struct router *router, struct port *from)
{
    struct client *client = client_of(from);
    uint32_t most = router->limits.states_per_client;
    if (from->uplink && most > router->flow_count / 2)
        most = router->flow_count / 2;
    if (client->flow_count >= most && !make_room(router, client)) {
        router_drop(router, DROP_client_full);
        return 0;
    }
    if (os_list_empty(&router->unused) && !make_room(router, client)) {
        router_drop(router, DROP_states_full);
        return 0;
    }
    return 1;
}

struct flow *flow_make(struct router *router, const struct packet *packet, struct domain *out,
                       const struct net_addr *to, int nat)
{
    struct client *client = client_of(packet->from);
    if (!may_begin(router, packet->from))
        return NULL;
    struct flow *flow = flow_of(router->unused.next);
    struct os_list by_age = flow->by_age;
    *flow = (struct flow){ .by_age = by_age, .proto = packet->proto, .nat = (uint8_t)nat, .client = client };
    flow->side[0] = (struct side){ .domain = packet->domain, .src = packet->src, .dst = packet->dst };
    flow->side[1] = (struct side){ .domain = out, .src = *to, .dst = packet->src, .side = 1 };
    if (nat) {
        struct net_addr *own = &flow->side[1].dst;
        *own = out->ipv4;
        own->port = packet->src.port;
    }
    if (!(nat ? choose_port(router, flow) : is_free(router, flow))) {
        flow->side[0].domain = flow->side[1].domain = NULL;
        router_drop(router, DROP_ports_full);
        return NULL;
    }
    link_side(router, flow, &flow->side[0]);
    link_side(router, flow, &flow->side[1]);
    os_list_init(&flow->of_client);
    os_list_insert(&client->flows, &flow->of_client);
    client->flow_count++;
    router->flow_used++;
    flow->used = router->now;
    set_age(router, flow, first_age(flow));
    return flow;
}

/* ---- the table */

/* To another table, at the same places of all lists; what comes behind TO. */
static struct flow *move(struct router *router, struct flow *flow, struct flow *to)
{
    struct os_list *by_age = flow->by_age.next, *of_client = flow->of_client.next;
    os_list_remove(&flow->by_age);
    os_list_remove(&flow->of_client);
    *to = *flow;
    os_list_insert(by_age, &to->by_age);
    os_list_insert(of_client, &to->of_client);
    link_side(router, to, &to->side[0]);
    link_side(router, to, &to->side[1]);
    for (uint32_t i = 0; i < FRAGMENTS_MAX; i++)
        if (router->fragments[i].flow == flow)
            router->fragments[i].flow = to;
    return to + 1;
}

os_err flow_init(struct router *router, uint32_t count)
{
    uint32_t buckets = 16;
    while (buckets < count)
        buckets *= 2;
    struct flow *flows = calloc(count, sizeof(*flows));
    struct side **table = calloc(buckets, sizeof(*table));
    if (!flows || !table) {
        free(flows);
        free(table);
        return OS_ERR_RAM;
    }
    while (router->flow_used > count)
        for (int age = 0; age < AGES; age++)
            if (router->flow_used > count && !os_list_empty(&router->ages[age]))
                flow_end(router, flow_of(router->ages[age].next));
    OS_LIST_FOR_EACH (domain, &router->domains)
        OS_LIST_FOR_EACH (port, &OS_CONTAINER_OF(domain, struct domain, link)->ports)
            OS_CONTAINER_OF(port, struct port, link)->last = NULL;
    struct flow *before = router->flows;
    struct side **table_before = router->buckets;
    router->flows = flows;
    router->buckets = table;
    router->bucket_count = buckets;
    router->flow_count = count;
    os_list_init(&router->unused);
    for (int age = 0; age < AGES; age++) {
        struct os_list *list = &router->ages[age];
        OS_LIST_FOR_EACH_SAFE (link, list)
            flows = move(router, flow_of(link), flows);
    }
    for (; flows < router->flows + count; flows++) {
        os_list_init(&flows->by_age);
        os_list_insert(&router->unused, &flows->by_age);
    }
    free(before);
    free(table_before);
    return OS_OK;
}

void flow_fini(struct router *router)
{
    free(router->flows);
    free(router->buckets);
    router->flows = NULL;
    router->buckets = NULL;
}
