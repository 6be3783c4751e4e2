/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c: where addresses are. Of fixed size; nobody looks for old entries until they are in the way, so
 * that nothing wakes up for it.
 */
#include "switch.h"

#include <network/siphash.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 4 };

os_err table_init(struct table *table, uint32_t entries, os_time age, const uint64_t key[2])
{
    uint32_t sets = 1;
    while (sets * WAYS < entries)
        sets *= 2;
    struct table_entry *made = calloc((size_t)sets * WAYS, sizeof(*made));
    if (!made)
        return OS_ERR_NO_MEMORY;
    *table = (struct table){ .entries = made, .sets = sets, .age = age, .key = { key[0], key[1] } };
    return OS_OK;
}

void table_fini(struct table *table)
{
    free(table->entries);
    *table = (struct table){ 0 };
}

uint32_t table_size(const struct table *table)
{
    return table->sets * WAYS;
}

static struct table_entry *set_of(const struct table *table, const uint8_t mac[6])
{
    uint64_t word = (uint64_t)net_get16(mac) << 32 | net_get32(mac + 2);
    return &table->entries[(net_siphash13(table->key, &word, 1) & (table->sets - 1)) * WAYS];
}

int table_aged(const struct table *table, const struct table_entry *entry, os_time now)
{
    return !entry->fixed && now - entry->seen > table->age;
}

static int is_of(const struct table_entry *entry, const uint8_t mac[6])
{
    return entry->port && net_mac_equal(entry->mac, mac);
}

static struct table_entry *find(const struct table *table, const uint8_t mac[6])
{
    struct table_entry *set = set_of(table, mac);
    for (int i = 0; i < WAYS; i++)
        if (is_of(&set[i], mac))
            return &set[i];
    return NULL;
}

static void forget(struct table_entry *entry)
{
    if (entry->port && !entry->fixed)
        entry->port->learned--;
    *entry = (struct table_entry){ 0 };
}

struct port *table_find(struct table *table, const uint8_t mac[6], struct table_entry **last)
{
    struct table_entry *entry = *last && is_of(*last, mac) ? *last : find(table, mac);
    if (!entry)
        return NULL;
    *last = entry;
    if (!entry->fixed && table_aged(table, entry, net_port_now(&sw.server))) {
        forget(entry);
        return NULL;
    }
    return entry->port;
}

/* A place for MAC: a free one, else that of the address that was not seen for longest; NULL: all are fixed.
 */
static struct table_entry *place(struct table *table, const uint8_t mac[6])
{
    struct table_entry *set = set_of(table, mac), *oldest = NULL;
    for (int i = 0; i < WAYS; i++) {
        if (!set[i].port)
            return &set[i];
        if (!set[i].fixed && (!oldest || set[i].seen < oldest->seen))
            oldest = &set[i];
    }
    if (oldest)
        forget(oldest);
    return oldest;
}

/* Whether PORT may have one more; its aged ones are looked for now and then, since that takes a while. */
static int may_learn(struct table *table, struct port *port, os_time now)
{
    if (port->learned < port->policy.addresses)
        return 1;
    if (now - port->swept < OS_SEC)
        return 0;
    port->swept = now;
    for (uint32_t i = 0; i < table_size(table); i++)
        if (table->entries[i].port == port && table_aged(table, &table->entries[i], now))
            forget(&table->entries[i]);
    return port->learned < port->policy.addresses;
}

/* MAC is at PORT from now on: AS, at the entry BEFORE that it has, or a place for it; 0 when there is none.
 */
static int put(struct table *table, struct table_entry *before, const uint8_t mac[6], struct port *port,
               struct table_entry as)
{
    struct table_entry *entry = before;
    if (entry)
        forget(entry);
    else
        entry = place(table, mac);
    if (!entry)
        return 0;
    as.port = port;
    memcpy(as.mac, mac, sizeof(as.mac));
    *entry = as;
    return 1;
}

int table_learn(struct table *table, const uint8_t mac[6], struct port *port)
{
    struct table_entry *entry = find(table, mac);
    if (entry && entry->fixed)
        return entry->port == port;
    os_time now = net_port_now(&sw.server);
    if (entry && entry->port == port) {
        entry->seen = now;
        return 1;
    }
    if (may_learn(table, port, now) && put(table, entry, mac, port, (struct table_entry){ .seen = now })) {
        port->learned++;
        report_dirty(&sw);
    }
    return 1;
}

int table_fix(struct table *table, const uint8_t mac[6], struct port *port)
{
    struct table_entry *entry = find(table, mac);
    if (entry && entry->fixed)
        return entry->port == port;
    put(table, entry, mac, port, (struct table_entry){ .fixed = 1 });
    return 1;
}

void table_forget(struct table *table, struct port *port)
{
    for (uint32_t i = 0; i < table_size(table); i++)
        if (table->entries[i].port == port)
            forget(&table->entries[i]);
}
