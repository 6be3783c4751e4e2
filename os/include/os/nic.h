/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nic.h: the services of a network: Nic for who wants to be on it, Uplink for the drivers that connect it
 * with something outside. Both carry Ethernet frames on two packet streams (os/packet_stream.h), one each
 * way.
 *
 * A Nic client is a network card: its server says which MAC address it has, how long packets may be, and
 * whether the link is up. An Uplink client is the driver of a real card or of the host's network: it tells
 * these to the server, which is a client of nobody, so that the driver can end and be started again while all
 * others go on. A server may offer both, as switch and router do.
 *
 *     err = os_nic_open(env, "", "", &nic);
 *     err = os_nic_tx_connect(&tx, env->ep, nic.cap, OS_NIC_STREAM);       we are the source
 *     err = os_nic_rx_connect(&rx, env->ep, nic.cap, OS_NIC_STREAM);       we are the sink
 *     err = os_nic_info(nic.cap, &info);
 *     err = os_nic_link_sigh(nic.cap, os_signal_handler_cap(&handler));
 *
 * A frame is what is on the wire without preamble and without frame check sequence: destination, source,
 * EtherType or length, payload; OS_NIC_HEADER to OS_NIC_HEADER + mtu bytes, not padded. A server drops a
 * frame that is shorter or longer and counts it. Bytes in a stream can be changed by the peer at any time:
 * who decides by what is in a header copies the header first.
 *
 * Frames may be lost. A sink that does not take its frames loses those that do not fit its stream any more,
 * and nobody waits for it: a server never blocks on one client.
 */
#ifndef OS_NIC_H
#define OS_NIC_H

#include <os/packet_stream.h>

#define OS_NIC_MAC     6     /* bytes of an address */
#define OS_NIC_HEADER  14    /* bytes before the payload */
#define OS_NIC_MTU     1500  /* bytes of payload, unless said otherwise */
#define OS_NIC_MTU_MIN 576   /* a server refuses less (IPv6 needs 1280) */
#define OS_NIC_MTU_MAX 65520 /* and more */

/*
 * What is said of a frame besides its bytes; no other bits are set, those that are unknown are ignored.
 *
 * OS_NIC_INTACT: since the checksums in it were made the frame has been in memory only, so that there is no
 * need to check them. They are there in any case. Who changes a frame makes the checksums fit or clears the
 * flag; an Uplink driver sets it only for what its network has checked. It is a hint for speed: a peer that
 * lies about it harms who believes it no more than with a wrong frame that has a right checksum.
 */
enum os_nic_flags {
    OS_NIC_INTACT = 1,
};

struct os_nic_frame {
    uint32_t flags; /* enum os_nic_flags */
};

OS_PACKET_STREAM(os_nic_frames, struct os_nic_frame)

/* What a stream is made for if there is no reason for another size: 256 full frames of the usual MTU. */
#define OS_NIC_STREAM ((struct os_packet_size){ .slots = 256, .bulk = OS_KIB(512) })

struct os_nic_info {
    uint8_t mac[OS_NIC_MAC]; /* an individual address (lowest bit of the first byte 0), not all 0 */
    uint16_t mtu;            /* bytes of payload, OS_NIC_MTU_MIN to OS_NIC_MTU_MAX */
    uint8_t link;            /* 1 up, 0 down: then frames are dropped */
    uint8_t reserved[3];     /* 0 */
};

/*
 * Nic. info: what the client is now; mac and mtu stay the same as long as the session is open. link_sigh:
 * HANDLER is signalled when link has changed. tx: frames from the client. rx: frames to the client.
 * Both streams are charged to the session (os_nic_frames_ram of the size, OS_PACKET_STREAM_CAPS each);
 * OS_ERR_RAM and OS_ERR_CAPS ask for an upgrade.
 */
#define OS_NIC_RPC(FN, I)                                                                                    \
    FN(I, info, (out, struct os_nic_info, info))                                                             \
    FN(I, link_sigh, (in, os_cap(os_signal), handler))                                                       \
    OS_PACKET_STREAM_FN(FN, I, tx, os_nic_frames)                                                            \
    OS_PACKET_STREAM_FN(FN, I, rx, os_nic_frames)
OS_RPC_INTERFACE(os_nic, OS_NIC_RPC)
/* enough for two streams of OS_NIC_STREAM */
OS_SESSION(os_nic, "Nic", 2 * OS_KIB(512 + 32) + OS_KIB(16), 10)
OS_PACKET_CLIENT(os_nic, tx, os_nic_frames, source)
OS_PACKET_CLIENT(os_nic, rx, os_nic_frames, sink)

/*
 * Uplink. info: what the driver's card is now; before the first call the link is down, and mac and mtu of
 * later calls must be those of the first one: OS_ERR_BAD_ARG. tx: frames from the driver, that have come in
 * from outside. rx: frames to the driver, that are to go out. Charges as of Nic. A driver that does not run
 * is a link that is down.
 */
#define OS_UPLINK_RPC(FN, I)                                                                                 \
    FN(I, info, (in, struct os_nic_info, info))                                                              \
    OS_PACKET_STREAM_FN(FN, I, tx, os_nic_frames)                                                            \
    OS_PACKET_STREAM_FN(FN, I, rx, os_nic_frames)
OS_RPC_INTERFACE(os_uplink, OS_UPLINK_RPC)
OS_SESSION(os_uplink, "Uplink", 2 * OS_KIB(512 + 32) + OS_KIB(16), 10)
OS_PACKET_CLIENT(os_uplink, tx, os_nic_frames, source)
OS_PACKET_CLIENT(os_uplink, rx, os_nic_frames, sink)

#endif
