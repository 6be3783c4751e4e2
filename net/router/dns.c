/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.c: passes name queries of machines on to a server that the router knows, and the answers back. Each
 * query goes out from a port and with an id that cannot be foreseen, and an answer counts only if it comes
 * from the server that was asked, to that port, with that id and the same question. There is no cache: the
 * machines have their own.
 */
#include "router.h"

#include <string.h>

#define PATIENCE (8 * OS_SEC)
enum {
    PORT_FIRST = 1024, /* of the router's own, below those of NAT */
    PORT_LAST = 9999,
    HEADER = 12,
    RESPONSE = 0x80, /* in byte 2 */
};

static const struct net_addr *server_of(struct router *router, struct domain **out)
{
    struct net_addr next;
    const struct net_addr *server = NULL;
    uint64_t any =
        router_random(router); /* who gets no answer asks again, and maybe somebody else is asked */
    if (router->dns_count)
        server = &router->dns[any % router->dns_count];
    OS_LIST_FOR_EACH (link, &router->domains) {
        struct domain *domain = OS_CONTAINER_OF(link, struct domain, link);
        if (!server && domain->dns_count)
            server = &domain->dns[any % domain->dns_count];
    }
    *out = server ? domain_route(router, server, &next) : NULL;
    return *out && (*out)->ipv4.family ? server : NULL;
}

static struct client *client_of(const struct packet *packet)
{
    return packet->from->uplink ? &packet->domain->outside : &packet->from->client;
}

static void end(struct query *query)
{
    if (query->client)
        query->client->query_count--;
    *query = (struct query){ 0 };
}

void dns_forget(struct router *router, const struct domain *domain, const struct client *client)
{
    for (uint32_t i = 0; i < router->limits.queries; i++) {
        struct query *query = &router->queries[i];
        if (query->client && ((domain && (query->domain == domain || query->out == domain)) ||
                              (client && query->client == client)))
            end(query);
    }
}

/* A place for a query: nobody has more than a quarter of all, his own oldest gives way. */
static struct query *get_query(struct router *router, struct client *client)
{
    struct query *free_one = NULL, *oldest = NULL;
    for (uint32_t i = 0; i < router->limits.queries; i++) {
        struct query *query = &router->queries[i];
        if (query->client && query->expires <= router->now)
            end(query);
        if (!query->client)
            free_one = query;
        else if (query->client == client && (!oldest || query->expires < oldest->expires))
            oldest = query;
    }
    if (oldest && (client->query_count >= router->limits.queries / 4 || !free_one)) {
        end(oldest);
        return oldest;
    }
    if (!free_one)
        router_drop(router, DROP_queries_full);
    return free_one;
}

/* Bytes of the header and the one question, or 0 if it is not that. */
static uint32_t question_end(const uint8_t *data, uint32_t len)
{
    uint32_t at = HEADER;
    if (len < HEADER || net_get16(data + 4) != 1)
        return 0;
    while (at < len && data[at]) {
        if (data[at] > 63)
            return 0;
        at += 1u + data[at];
    }
    return at + 5 <= len ? at + 5 : 0;
}

/* Of the question, without regard to letters' case, which servers may change. */
static uint32_t question_sum(const struct router *router, const uint8_t *data, uint32_t end_at)
{
    uint64_t word = 0;
    for (uint32_t i = HEADER; i < end_at; i++) {
        uint64_t words[2] = { word, data[i] >= 'A' && data[i] <= 'Z' ? data[i] | 0x20u : data[i] };
        word = router_hash(router, words, 2);
    }
    return (uint32_t)word;
}

static void send(struct domain *domain, const struct net_addr *src, const struct net_addr *dst,
                 const uint8_t *data, uint32_t len, uint16_t id)
{
    static uint8_t copy[LOCAL_MAX];
    memcpy(copy, data, len);
    net_put16(copy, id);
    udp_send(domain, src, dst, copy, len);
}

void dns_query(struct router *router, const struct packet *packet, const uint8_t *data, uint32_t len)
{
    struct domain *out;
    uint32_t question = question_end(data, len);
    if (!question || data[2] & RESPONSE) {
        router_drop(router, DROP_malformed);
        return;
    }
    const struct net_addr *server = server_of(router, &out);
    if (!server) {
        router_drop(router, DROP_no_route);
        icmp_complain(router, packet, NO_PORT, 0);
        return;
    }
    struct client *client = client_of(packet);
    struct query *query = get_query(router, client);
    if (!query)
        return;
    uint64_t random = router_random(router);
    *query =
        (struct query){ .domain = packet->domain,
                        .out = out,
                        .client = client,
                        .from = packet->src,
                        .server = *server,
                        .id = net_get16(data),
                        .own_id = (uint16_t)random,
                        .own_port = (uint16_t)(PORT_FIRST + (random >> 16) % (PORT_LAST - PORT_FIRST + 1)),
                        .question = question_sum(router, data, question),
                        .expires = router->now + PATIENCE };
    client->query_count++;
    query->server.port = 53;
    struct net_addr src = out->ipv4;
    src.port = query->own_port;
    send(out, &src, &query->server, data, len, query->own_id);
}

static int is_answer(const struct router *router, const struct query *query, const struct packet *packet,
                     const uint8_t *data, uint32_t len)
{
    uint32_t question = question_end(data, len);
    return question && data[2] & RESPONSE && net_get16(data) == query->own_id &&
           question_sum(router, data, question) == query->question &&
           net_addr_equal(&query->server, &packet->src);
}

int dns_answer(struct router *router, const struct packet *packet, const uint8_t *data, uint32_t len)
{
    int is_ours = 0;
    for (uint32_t i = 0; i < router->limits.queries; i++) {
        struct query *query = &router->queries[i];
        if (!query->client || query->out != packet->domain || query->own_port != packet->dst.port)
            continue;
        is_ours = 1;
        if (query->expires <= router->now || !is_answer(router, query, packet, data, len))
            continue;
        struct net_addr src = query->domain->ipv4, dst = query->from;
        src.port = 53;
        uint16_t id = query->id;
        struct domain *domain = query->domain;
        end(query);
        if (src.family)
            send(domain, &src, &dst, data, len, id);
        return 1;
    }
    if (is_ours)
        router_drop(router, DROP_spoofed);
    return is_ours;
}
