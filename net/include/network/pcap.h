/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap.h: taps of links, for servers whose ports somebody may want to look at (os/pcap.h). While nobody does,
 * a tap costs the look at a list that is empty, and a system without the service Pcap has none.
 *
 *     net_pcap_init(&pcap, env, changed);              changed: net_taps_update of all links
 *     net_taps_init(&port->taps);                      when a link comes
 *     net_taps_update(&pcap, &port->taps, label);
 *     if (net_taps_any(&port->taps))
 *         net_taps_frame(&port->taps, head, data, len, OS_PCAP_RECEIVED);
 *     net_taps_fini(&port->taps);                      when it goes
 *
 * All at the entrypoint. Frames are copied into a buffer of the component's own account, OS_PCAP_BATCH twice
 * for each tap; those for which it has no room are counted, and nobody is waited for.
 */
#ifndef NETWORK_PCAP_H
#define NETWORK_PCAP_H

#include <os/env.h>
#include <os/pcap.h>

enum { NET_PCAP_WISHES = 16 }; /* that are looked at */

struct net_pcap {
    struct os_env *env; /* NULL: there is no such service; private, like all that follows */
    struct os_pcap_session session;
    struct os_signal_handler handler;
    os_signal_cap signal;
    void (*changed)(struct net_pcap *pcap);
    uint32_t count; /* of wishes */
    struct {
        uint32_t id;
        char link[OS_LABEL_MAX];
    } wishes[NET_PCAP_WISHES];
};

/* Those of a link. */
struct net_taps {
    struct os_list list; /* of struct net_tap, private */
};

/* Opens the service; without one, PCAP is zeroed and there never are taps. Zeroed before. */
void net_pcap_init(struct net_pcap *pcap, struct os_env *env, void (*changed)(struct net_pcap *pcap));

static inline void net_taps_init(struct net_taps *taps)
{
    os_list_init(&taps->list);
}

static inline int net_taps_any(const struct net_taps *taps)
{
    return !os_list_empty(&taps->list);
}

/* Makes TAPS those that are wished for the link LABEL. */
void net_taps_update(struct net_pcap *pcap, struct net_taps *taps, const char *label);
/* What was not passed on yet is; ends all. */
void net_taps_fini(struct net_taps *taps);

/*
 * A frame of LEN bytes: the first OS_NIC_HEADER bytes are at HEAD, what follows them at DATA + OS_NIC_HEADER.
 * FLAGS: enum os_pcap_flags.
 */
void net_taps_frame(struct net_taps *taps, const uint8_t *head, const uint8_t *data, uint32_t len,
                    uint32_t flags);

#endif
