/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h: frames between an Uplink session and descriptors of the host of which each read and write is one,
 * which core gives as the route of Network says. Without a loop of its own: the entrypoint watches the
 * descriptors.
 */
#ifndef UPLINK_FRAMES_H
#define UPLINK_FRAMES_H

#include <linux_base/network.h>
#include <linux_base/transport.h>

#include <drivers/uplink/uplink.h>

struct frames {
    struct uplink uplink; /* with info */
    /* Sending or receiving does not work: errno of the host. May be NULL: frames are dropped. */
    void (*failed)(struct frames *frames, int error);
    /* A frame has come in. May be NULL. */
    void (*came)(struct frames *frames);
    struct linux_network_session network;
    char name[256];   /* of the device or socket, for people */
    uint64_t in, out; /* frames */
    uint64_t lost;    /* that the host did not take */

    struct transport_watch receive, send; /* private from here */
    uint32_t size;                        /* of the longest frame, bytes */
    int receiving, sending;               /* watched for */
    struct os_nic_frames_packet held;     /* the host had no room for it */
    int holds;
};

/* Opens Network and then Uplink; MTU says how long frames are unless the device knows. Ends the driver if
 * that cannot be. */
void frames_start(struct frames *frames, struct os_env *env, uint16_t mtu);

#endif
