/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uplink.h: a driver's Uplink session (os/nic.h) with its two streams. When the server ends, the session is
 * opened anew, and the driver goes on. All at the main entrypoint.
 */
#ifndef DRIVERS_UPLINK_UPLINK_H
#define DRIVERS_UPLINK_UPLINK_H

#include <os/nic.h>

struct uplink {
    struct os_env *env;
    /* There are frames to go out: take them with uplink_next until it gives 0, or leave them and resume
     * later. */
    void (*outgoing)(struct uplink *uplink);
    /* There is room again, after uplink_want_room. */
    void (*room)(struct uplink *uplink);
    /* There is another server: frames that were not done are gone, and there is room. */
    void (*renewed)(struct uplink *uplink);
    struct os_nic_info info; /* what the server is told */
    uint64_t dropped;        /* frames from outside that did not fit */

    struct os_uplink_session session; /* private from here */
    struct os_nic_frames_source tx;
    struct os_nic_frames_sink rx;
    uint32_t under_way; /* submitted and not given back */
};

/* Opens the session; zeroed with functions and info set. Errors as of opening sessions and streams. */
OS_MUST_CHECK os_err uplink_open(struct uplink *uplink, struct os_env *env);

/* Tells the server whether the link is up. */
void uplink_set_link(struct uplink *uplink, int up);

/* The next frame to go out, which is in memory that the server can change; then uplink_done. */
int uplink_next(struct uplink *uplink, struct os_nic_frames_packet *packet);
void uplink_done(struct uplink *uplink, const struct os_nic_frames_packet *packet);
/* After some were done elsewhere than in outgoing. */
void uplink_flush_outgoing(struct uplink *uplink);
/* Outgoing had left all frames where they were: it is called again. */
void uplink_resume(struct uplink *uplink);

/* How many frames of full size can come in now. */
uint32_t uplink_space(struct uplink *uplink);
/* Room is called when there is space for a good deal of frames again. */
void uplink_want_room(struct uplink *uplink);

/*
 * A frame from outside is written to packet.data, at most LEN bytes, and submitted with its length, or given
 * back. Dropped and counted where there is no room: 0.
 */
int uplink_alloc(struct uplink *uplink, uint32_t len, struct os_nic_frames_packet *packet);
void uplink_submit(struct uplink *uplink, struct os_nic_frames_packet *packet, uint32_t len, uint32_t flags);
void uplink_free(struct uplink *uplink, struct os_nic_frames_packet *packet);
/* After some. */
void uplink_flush(struct uplink *uplink);

/*
 * Bytes of the "mac" of the driver's config, or what is made of the driver's label, so that two differ; says
 * so and ends the driver if it is wrong.
 */
struct os_config;
void uplink_read_mac(struct os_env *env, const struct os_config *config, const char *name,
                     uint8_t mac[OS_NIC_MAC]);

#endif
