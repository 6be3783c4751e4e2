/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.c: what the config says of a port, and limits of its rate. */
#include "switch.h"

#include <network/address.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000, QUEUE = 256 * 1024 };

static void complain(const struct os_config *config, os_config_ref node, const char *expected)
{
    fprintf(stderr, "%s:%u:%u: %s '%s', expected %s\n", os_config_file(config), node->line, node->column,
            os_config_key(config, node), os_config_value(config, node), expected);
}

/* "5%", "0.01%" as a number of a million; 0 if it is none. */
static int read_share(const char *text, uint32_t *share)
{
    uint32_t value = 0, unit = MILLION / 100;
    const char *at = text;
    if (*at < '0' || *at > '9')
        return 0;
    for (; *at >= '0' && *at <= '9' && value <= 100; at++)
        value = value * 10 + (uint32_t)(*at - '0');
    value *= unit;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9' && unit > 1; at++) {
            unit /= 10;
            value += unit * (uint32_t)(*at - '0');
        }
    if (strcmp(at, "%") != 0 || value > MILLION)
        return 0;
    *share = value;
    return 1;
}

static uint32_t share_of(const struct os_config *config, os_config_ref map, const char *key)
{
    os_config_ref node = os_config_get(config, map, key);
    uint32_t share = 0;
    if (node && !read_share(os_config_value(config, node), &share))
        complain(config, node, "a share from 0% to 100%, with at most 4 places, 0.5%");
    return share;
}

static uint64_t size_of(const struct os_config *config, os_config_ref map, const char *key, uint64_t fallback)
{
    os_config_ref node = os_config_get(config, map, key);
    uint64_t size = fallback;
    if (node && os_config_parse_size(os_config_value(config, node), &size))
        complain(config, node, "a size");
    return size;
}

static void read_impair(const struct os_config *config, os_config_ref map, struct impair *impair)
{
    const char *direction = os_config_str(config, map, "direction", "both");
    impair->seed = (uint32_t)os_config_u64(config, map, "seed", 1);
    if (strcmp(direction, "to") != 0)
        impair->directions |= 1 << FROM_CLIENT;
    if (strcmp(direction, "from") != 0)
        impair->directions |= 1 << TO_CLIENT;
    impair->loss = share_of(config, map, "loss");
    impair->duplicate = share_of(config, map, "duplicate");
    impair->corrupt = share_of(config, map, "corrupt");
    impair->reorder = share_of(config, map, "reorder");
    impair->delay = os_config_time(config, map, "delay", 0);
    impair->jitter = os_config_time(config, map, "jitter", 0);
    impair->reorder_by = os_config_time(config, map, "reorder-by", 10 * OS_MS);
    impair->queue = size_of(config, map, "queue", QUEUE);
}

void policy_read(const struct os_config *config, const char *label, enum net_port_kind kind,
                 struct policy *policy)
{
    os_config_ref item = os_policy_find(config, label), mac = os_config_get(config, item, "mac");
    os_config_ref impair = os_config_get(config, item, "impair");
    *policy = (struct policy){ .impair.queue = QUEUE };
    policy->allow = os_config_bool(config, item, "allow", 1);
    policy->link = policy->allow && os_config_bool(config, item, "link", 1);
    policy->isolated = os_config_bool(config, item, "isolated", 0);
    policy->other_macs = os_config_bool(config, item, "other-macs", kind == NET_PORT_UPLINK);
    policy->mtu = (uint16_t)os_config_u64(config, item, "mtu", OS_NIC_MTU);
    policy->addresses = (uint32_t)os_config_u64(config, item, "addresses", 256);
    policy->rate[FROM_CLIENT] = size_of(config, item, "rate", 0);
    policy->burst[FROM_CLIENT] = size_of(config, item, "burst", 0);
    policy->rate[TO_CLIENT] = size_of(config, item, "rate-to", 0);
    policy->burst[TO_CLIENT] = size_of(config, item, "burst-to", 0);
    if (policy->mtu < OS_NIC_MTU_MIN || policy->mtu > OS_NIC_MTU_MAX)
        policy->mtu = OS_NIC_MTU;
    if (mac) {
        policy->has_mac = !net_mac_parse(os_config_value(config, mac), policy->mac) &&
                          !net_mac_is_group(policy->mac) &&
                          memcmp(policy->mac, (const uint8_t[6]){ 0 }, sizeof(policy->mac)) != 0;
        if (!policy->has_mac)
            complain(config, mac, "an address of one card, 02:00:00:00:00:01");
    }
    if (impair)
        read_impair(config, impair, &policy->impair);
}

/* ---- limits: a bucket that fills with time, up to the burst */

void limit_set(struct limit *limit, uint64_t rate, uint64_t burst, uint32_t mtu)
{
    uint64_t least = OS_NIC_HEADER + mtu, most = OS_MIB(1024);
    int fresh = !limit->rate;
    if (!burst)
        burst = rate / 10;
    limit->rate = rate;
    limit->burst = burst < least ? least : burst > most ? most : burst;
    if (fresh || limit->level > limit->burst)
        limit->level = limit->burst;
    if (fresh)
        limit->last = os_clock_now();
}

/* No product overflows: a time that fills the bucket is not multiplied. */
static void fill(struct limit *limit, os_time now)
{
    os_time passed = now - limit->last;
    if (passed / OS_SEC > limit->burst / limit->rate) {
        limit->level = limit->burst;
        limit->last = now;
        return;
    }
    uint64_t seconds = passed / OS_SEC, rest = passed % OS_SEC;
    uint64_t rate = limit->rate < UINT64_MAX / OS_SEC ? limit->rate : UINT64_MAX / OS_SEC;
    uint64_t bytes = seconds * rate + rest * rate / OS_SEC;
    if (!bytes)
        return;
    limit->level = bytes > limit->burst - limit->level ? limit->burst : limit->level + bytes;
    limit->last = now;
}

int limit_take(struct limit *limit, uint32_t len, os_time now)
{
    fill(limit, now);
    if (len > limit->level)
        return 0;
    limit->level -= len;
    return 1;
}
