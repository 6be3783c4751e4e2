/* SPDX-License-Identifier: BSD-2-Clause */
/* transport.h: what the transport offers besides platform.h to core and to the runtime. */
#ifndef MACH_BASE_TRANSPORT_H
#define MACH_BASE_TRANSPORT_H

#include <platform/platform.h>
#include "kernel.h"

/*
 * A further port of an entrypoint, for messages that are no calls: RECEIVED is called on its thread by
 * plat_ep_wait, with the message, whose rights and memory are its to release. Memory of the caller's.
 */
struct transport_watch {
    uint32_t kind; /* private: must be first, the payload of the port is this structure */
    mach_port_t port;
    void (*received)(struct transport_watch *watch, struct mach_header *msg);
};
os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t queue_limit);
void transport_unwatch(struct transport_watch *watch);

/*
 * Has messages that come with the name of their port instead of its payload RECEIVED, which releases what
 * they bring. The kernel sends so, past its ordinary way, when a thread has an exception and the one that
 * serves EP is waiting already; others cannot.
 */
void transport_named(struct plat_ep *ep, void (*received)(struct mach_header *msg));

/* Makes the port that EP would make when it first waits for a time. */
os_err transport_prepare(struct plat_ep *ep);

/* Gives back the ports that EP keeps for its next calls, and for late callers of what is revoked. */
void transport_tidy(struct plat_ep *ep);

/* Makes a handle of a send right under NAME, which becomes the handle's; the name is the handle's id. */
struct os_cap transport_cap(mach_port_t name);

/* The name of the receive right of OBJECT: a send right can be made from it. */
mach_port_t transport_object_port(const struct plat_object *object);

/* Gives back all rights and out-of-line memory that a received message brought. */
void transport_discard(struct mach_header *msg);

#endif
