/* SPDX-License-Identifier: BSD-2-Clause */
/* addresses.c: addresses and errors between lwIP's form and ours. */
#include "private.h"

#include <string.h>

void net_addr_from(struct net_addr *addr, const ip_addr_t *ip, uint16_t port)
{
    *addr = (struct net_addr){ .port = port };
    if (IP_IS_ANY_TYPE_VAL(*ip))
        return;
    if (IP_IS_V6(ip)) {
        addr->family = NET_IPV6;
        addr->zone = ip6_addr_zone(ip_2_ip6(ip));
        memcpy(addr->bytes, ip_2_ip6(ip)->addr, 16);
    } else {
        uint32_t word = ip4_addr_get_u32(ip_2_ip4(ip));
        addr->family = NET_IPV4;
        memcpy(addr->bytes, &word, 4);
    }
}

void net_addr_to(const struct net_addr *addr, ip_addr_t *ip, struct net_stack_private *own)
{
    memset(ip, 0, sizeof(*ip));
    if (!addr || addr->family == NET_ANY) {
        *ip = *IP_ANY_TYPE;
    } else if (addr->family == NET_IPV6) {
        IP_SET_TYPE(ip, IPADDR_TYPE_V6);
        memcpy(ip_2_ip6(ip)->addr, addr->bytes, 16);
        ip6_addr_clear_zone(ip_2_ip6(ip));
        /* there is one interface but the one to ourselves */
        if (ip6_addr_lacks_zone(ip_2_ip6(ip), IP6_UNKNOWN))
            ip6_addr_assign_zone(ip_2_ip6(ip), IP6_UNKNOWN, &own->netif);
    } else {
        uint32_t word;
        memcpy(&word, addr->bytes, 4);
        IP_SET_TYPE(ip, IPADDR_TYPE_V4);
        ip4_addr_set_u32(ip_2_ip4(ip), word);
    }
}

os_err net_err(err_t err)
{
    switch (err) {
    case ERR_OK:
        return OS_OK;
    case ERR_MEM:
    case ERR_BUF:
        return OS_ERR_RAM;
    case ERR_TIMEOUT:
    case ERR_ABRT: /* by lwIP, when the peer does not answer */
        return OS_ERR_DEADLINE;
    case ERR_RTE:
    case ERR_IF:
        return OS_ERR_UNREACHABLE;
    case ERR_USE:
        return OS_ERR_EXISTS;
    case ERR_INPROGRESS:
    case ERR_WOULDBLOCK:
    case ERR_ALREADY:
        return OS_ERR_BUSY;
    case ERR_RST:
    case ERR_CLSD:
    case ERR_CONN:
    case ERR_ISCONN:
        return OS_ERR_DEAD;
    default:
        return OS_ERR_BAD_ARG;
    }
}
