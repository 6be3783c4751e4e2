/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap.c: see network/pcap.h. A tap has two halves of a buffer: while core copies one, the other is filled.
 * What came meanwhile is passed on when core has answered, so that a link with few frames is seen at once,
 * one with many in large batches, and no time-out is needed.
 */
#include <network/pcap.h>
#include <os/nic.h>
#include <os/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct net_tap {
    struct os_list link;
    struct net_pcap *pcap;
    uint32_t id; /* of the wish */
    int wanted;  /* while taps are compared with wishes */
    os_dataspace_cap ds;
    struct os_region region;
    uint32_t half, fill; /* the half that is being filled, and bytes in it */
    uint64_t dropped;    /* frames, since the last batch was begun */
    struct os_call call;
    char label[OS_LABEL_MAX];
};

/* ---- passing on */

static void pass_on(struct net_tap *tap)
{
    uint64_t offset = (uint64_t)tap->half * OS_PCAP_BATCH;
    if (os_call_pending(&tap->call) || !tap->fill)
        return;
    if (os_pcap_put_begin(tap->pcap->session.cap, &tap->call, tap->id, tap->label, tap->ds, offset, tap->fill,
                          tap->dropped)) {
        tap->fill = 0; /* core is at its end, and the system with it */
        return;
    }
    tap->half = !tap->half;
    tap->fill = 0;
    tap->dropped = 0;
}

/* A wish that is gone is heard of by signal. */
static void passed(struct os_call *call)
{
    struct net_tap *tap = OS_CONTAINER_OF(call, struct net_tap, call);
    os_err err = os_pcap_put_end(call);
    (void)err;
    pass_on(tap);
}

static void take(struct net_tap *tap, const uint8_t *head, const uint8_t *data, uint32_t len, uint32_t flags)
{
    uint8_t *at = (uint8_t *)tap->region.at + (uint64_t)tap->half * OS_PCAP_BATCH + tap->fill;
    if (os_pcap_record_size(len) > OS_PCAP_BATCH - tap->fill) {
        tap->dropped++;
        return;
    }
    struct os_pcap_record record = { .time = os_clock_now(), .len = len, .flags = flags };
    memcpy(at, &record, sizeof(record));
    memcpy(at + sizeof(record), head, OS_NIC_HEADER);
    memcpy(at + sizeof(record) + OS_NIC_HEADER, data + OS_NIC_HEADER, len - OS_NIC_HEADER);
    tap->fill += os_pcap_record_size(len);
    pass_on(tap);
}

void net_taps_frame(struct net_taps *taps, const uint8_t *head, const uint8_t *data, uint32_t len,
                    uint32_t flags)
{
    OS_LIST_FOR_EACH (link, &taps->list)
        take(OS_CONTAINER_OF(link, struct net_tap, link), head, data, len, flags);
}

/* ---- taps */

/* The last batch is waited for, and with it one that was begun: core takes them in their order. */
static void destroy(struct net_tap *tap)
{
    int begun = os_call_pending(&tap->call);
    os_call_cancel(&tap->call);
    if (tap->fill || begun) {
        os_err err = os_pcap_put(tap->pcap->session.cap, tap->id, tap->label, tap->ds,
                                 (uint64_t)tap->half * OS_PCAP_BATCH, tap->fill, tap->dropped);
        (void)err; /* nobody wants them any more */
    }
    os_list_remove(&tap->link);
    os_region_detach(&tap->region);
    os_ram_free(tap->pcap->env, tap->ds);
    free(tap);
}

static os_err create(struct net_pcap *pcap, struct net_taps *taps, const char *label, uint32_t id)
{
    struct net_tap *tap = calloc(1, sizeof(*tap));
    if (!tap)
        return OS_ERR_NO_MEMORY;
    os_err err = os_ram_alloc(pcap->env, 2 * OS_PCAP_BATCH, &tap->ds);
    if (err)
        goto free_tap;
    err = os_region_attach(&tap->region, tap->ds, OS_ATTACH_WRITE);
    if (err)
        goto free_ds;
    tap->pcap = pcap;
    tap->id = id;
    tap->wanted = 1;
    snprintf(tap->label, sizeof(tap->label), "%s", label);
    os_call_init(&tap->call, pcap->env->ep, passed);
    os_list_insert(&taps->list, &tap->link);
    return OS_OK;

free_ds:
    os_ram_free(pcap->env, tap->ds);
free_tap:
    free(tap);
    return err;
}

/* The tap for wish ID, or NULL. */
static struct net_tap *find(struct net_taps *taps, uint32_t id)
{
    OS_LIST_FOR_EACH (link, &taps->list) {
        struct net_tap *tap = OS_CONTAINER_OF(link, struct net_tap, link);
        if (tap->id == id)
            return tap;
    }
    return NULL;
}

void net_taps_update(struct net_pcap *pcap, struct net_taps *taps, const char *label)
{
    OS_LIST_FOR_EACH (link, &taps->list)
        OS_CONTAINER_OF(link, struct net_tap, link)->wanted = 0;
    for (uint32_t i = 0; i < pcap->count; i++) {
        struct net_tap *tap = find(taps, pcap->wishes[i].id);
        os_err err = OS_OK;
        if (tap)
            tap->wanted = 1;
        else if (os_policy_match(pcap->wishes[i].link, label))
            err = create(pcap, taps, label, pcap->wishes[i].id);
        if (err)
            printf("%s: its frames cannot be copied: %s\n", label, os_err_text(err));
    }
    OS_LIST_FOR_EACH_SAFE (link, &taps->list)
        if (!OS_CONTAINER_OF(link, struct net_tap, link)->wanted)
            destroy(OS_CONTAINER_OF(link, struct net_tap, link));
}

void net_taps_fini(struct net_taps *taps)
{
    OS_LIST_FOR_EACH_SAFE (link, &taps->list)
        destroy(OS_CONTAINER_OF(link, struct net_tap, link));
}

/* ---- the service */

static void read_wishes(struct net_pcap *pcap)
{
    uint32_t i = 0;
    while (i < NET_PCAP_WISHES &&
           !os_pcap_wish(pcap->session.cap, i, &pcap->wishes[i].id, &pcap->wishes[i].link))
        i++;
    pcap->count = i;
}

static void on_change(struct os_signal_handler *handler)
{
    struct net_pcap *pcap = OS_CONTAINER_OF(handler, struct net_pcap, handler);
    read_wishes(pcap);
    pcap->changed(pcap);
    os_err err = os_pcap_settled(pcap->session.cap);
    (void)err; /* core is at its end */
}

void net_pcap_init(struct net_pcap *pcap, struct os_env *env, void (*changed)(struct net_pcap *pcap))
{
    if (os_pcap_open(env, "", "optional=yes", &pcap->session))
        return;
    pcap->env = env;
    pcap->changed = changed;
    os_err err = os_signal_handler_init(&pcap->handler, env->ep, on_change, &pcap->signal);
    if (!err)
        err = os_pcap_sigh(pcap->session.cap, pcap->signal);
    if (!err) {
        read_wishes(pcap);
        return;
    }
    os_signal_handler_fini(&pcap->handler);
    os_cap_drop(pcap->signal.cap);
    os_pcap_close(&pcap->session);
    *pcap = (struct net_pcap){ 0 };
}
