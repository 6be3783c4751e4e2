/* SPDX-License-Identifier: BSD-2-Clause */
/* dhcp.c: DHCP messages (RFC 2131, 2132), read and written. */
#include "router.h"

#include <string.h>

enum {
    OP = 0, /* offsets */
    XID = 4,
    FLAGS = 10,
    CLIENT = 12,
    YOURS = 16,
    MAC = 28,
    COOKIE = 236,

    MASK = 1, /* options */
    ROUTER = 3,
    DNS = 6,
    MTU = 26,
    REQUESTED = 50,
    LEASE = 51,
    TYPE = 53,
    SERVER = 54,
    PARAMETERS = 55,
    RENEW = 58,
    REBIND = 59,
    END = 255,
};

static void read_option(struct dhcp *dhcp, uint8_t kind, const uint8_t *at, uint8_t len)
{
    uint32_t word = len >= 4 ? net_get32(at) : 0;
    switch (kind) {
    case TYPE:
        dhcp->type = len ? at[0] : 0;
        break;
    case MTU:
        dhcp->mtu = len >= 2 ? net_get16(at) : 0;
        break;
    case DNS:
        for (dhcp->dns_count = 0; dhcp->dns_count < DNS_MAX && len >= 4; len -= 4, at += 4)
            dhcp->dns[dhcp->dns_count++] = net_get32(at);
        break;
    case MASK:
        dhcp->mask = word;
        break;
    case ROUTER:
        dhcp->router = word;
        break;
    case REQUESTED:
        dhcp->requested = word;
        break;
    case SERVER:
        dhcp->server = word;
        break;
    case LEASE:
        dhcp->lease = word;
        break;
    case RENEW:
        dhcp->renew = word;
        break;
    case REBIND:
        dhcp->rebind = word;
        break;
    default:
        break;
    }
}

int dhcp_read(const uint8_t *data, uint32_t len, struct dhcp *dhcp)
{
    if (len < DHCP_SIZE || net_get32(data + COOKIE) != 0x63825363 || data[1] != 1 || data[2] != 6 ||
        data[OP] < 1 || data[OP] > 2)
        return 0;
    *dhcp = (struct dhcp){ .reply = data[OP] == 2,
                           .xid = net_get32(data + XID),
                           .client = net_get32(data + CLIENT),
                           .yours = net_get32(data + YOURS),
                           .broadcast = net_get16(data + FLAGS) >> 15 };
    memcpy(dhcp->mac, data + MAC, 6);
    for (uint32_t at = DHCP_SIZE; at < len && data[at] != END;) {
        if (!data[at]) {
            at++;
            continue;
        }
        if (at + 2 > len || data[at + 1] > len - at - 2)
            return 0;
        read_option(dhcp, data[at], data + at + 2, data[at + 1]);
        at += 2u + data[at + 1];
    }
    return dhcp->type != 0;
}

static uint8_t *put_word(uint8_t *at, uint8_t kind, uint32_t word)
{
    if (!word)
        return at;
    at[0] = kind;
    at[1] = 4;
    net_put32(at + 2, word);
    return at + 6;
}

uint32_t dhcp_write(uint8_t *data, const struct dhcp *dhcp)
{
    static const uint8_t asked[] = { PARAMETERS, 4, MASK, ROUTER, DNS, MTU };
    uint8_t *at = data + DHCP_SIZE;
    memset(data, 0, 400);
    data[OP] = dhcp->reply ? 2 : 1;
    data[1] = 1;
    data[2] = 6;
    net_put32(data + XID, dhcp->xid);
    net_put16(data + FLAGS, dhcp->broadcast ? 0x8000 : 0);
    net_put32(data + CLIENT, dhcp->client);
    net_put32(data + YOURS, dhcp->yours);
    memcpy(data + MAC, dhcp->mac, 6);
    net_put32(data + COOKIE, 0x63825363);
    *at++ = TYPE;
    *at++ = 1;
    *at++ = dhcp->type;
    at = put_word(at, SERVER, dhcp->server);
    at = put_word(at, REQUESTED, dhcp->requested);
    at = put_word(at, LEASE, dhcp->lease);
    at = put_word(at, RENEW, dhcp->renew);
    at = put_word(at, REBIND, dhcp->rebind);
    at = put_word(at, MASK, dhcp->mask);
    at = put_word(at, ROUTER, dhcp->router);
    if (dhcp->dns_count) {
        *at++ = DNS;
        *at++ = (uint8_t)(4 * dhcp->dns_count);
        for (uint32_t i = 0; i < dhcp->dns_count; i++, at += 4)
            net_put32(at, dhcp->dns[i]);
    }
    if (dhcp->mtu) {
        *at++ = MTU;
        *at++ = 2;
        net_put16(at, dhcp->mtu);
        at += 2;
    }
    if (!dhcp->reply) {
        memcpy(at, asked, sizeof(asked));
        at += sizeof(asked);
    }
    *at++ = END;
    /* some do not take less than 300 bytes, the length of BOOTP */
    return at - data < 300 ? 300 : (uint32_t)(at - data);
}
