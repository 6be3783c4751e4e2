/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap.h: copies of frames for people who want to see what goes over a link. A service of core, where the
 * platform has it; whoever has links (switch, router) opens it, and is told which of them somebody looks at.
 * The files are written by core, as pcapng. network/pcap.h is the usual client.
 */
#ifndef OS_PCAP_H
#define OS_PCAP_H

#include <os/dataspace.h>
#include <os/parent.h>
#include <os/session.h>
#include <os/signal.h>

/* Bits of a record's flags; its direction as the link's client sees it. */
enum os_pcap_flags {
    OS_PCAP_RECEIVED = 1, /* it got the frame; else it sent it */
    OS_PCAP_DROPPED = 2,  /* the frame went no further */
};

/* A record, at a multiple of 8 bytes; the frame follows, and the next record. */
struct os_pcap_record {
    os_time time; /* of the monotonic clock */
    uint32_t len; /* bytes of the frame, at most OS_PCAP_FRAME */
    uint32_t flags;
};

#define OS_PCAP_FRAME 65536                  /* bytes */
#define OS_PCAP_BATCH (uint32_t) OS_KIB(128) /* bytes of records */

static inline uint32_t os_pcap_record_size(uint32_t len)
{
    return (uint32_t)sizeof(struct os_pcap_record) + ((len + 7) & ~7u);
}

/*
 * sigh: HANDLER is signalled when wishes come or go. wish: number INDEX of those that there are now, in the
 * order in which they came; OS_ERR_NOT_FOUND beyond the last. A wish has an ID, which no other one has while
 * the system runs, and is for all links whose label LINK describes (os_policy_match):
 * labels as the component knows them; where it is in an init within the system's, core takes the names of
 * inits off wishes, and puts them before labels. put: SIZE bytes of
 * records at OFFSET of DATA, for wish ID, of the link LABEL; DROPPED frames were lost before them for lack of
 * room. Core has copied them when it answers. OS_ERR_NOT_FOUND: the wish is gone; OS_ERR_BAD_CAP;
 * OS_ERR_BAD_ARG: what is there are no records. settled: all has been put for wishes that were gone when they
 * were read last; at the end of the system there are none any more, and core waits for this.
 */
#define OS_PCAP_RPC(FN, I)                                                                                   \
    FN(I, sigh, (in, os_cap(os_signal), handler))                                                            \
    FN(I, wish, (in, uint32_t, index), (out, uint32_t, id), (out, os_str(OS_LABEL_MAX), link))               \
    FN(I, put, (in, uint32_t, id), (in, os_str(OS_LABEL_MAX), label), (in, os_cap(os_dataspace), data),      \
       (in, uint64_t, offset), (in, uint32_t, size), (in, uint64_t, dropped))                                \
    FN(I, settled)
OS_RPC_INTERFACE(os_pcap, OS_PCAP_RPC)
OS_SESSION(os_pcap, "Pcap", OS_KIB(8), 4)

#endif
