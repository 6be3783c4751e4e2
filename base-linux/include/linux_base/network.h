/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.h: the service Network of core: what uplinks may ask of the network of the machine that Seedbed
 * runs on. Private to base-linux.
 *
 * A driver is in a sandbox without any network, whose filter has no call that makes, binds or connects a
 * socket. core does that, and gives it the socket; sending and receiving is then the driver's own. So what a
 * driver can reach is what the route of its session says, in one of these arguments, of which there has to be
 * exactly one; a driver that adds another one is refused, and cannot replace that of the route:
 *
 *     reach="WORD ..."   sockets of the internet. Ports on loopback addresses can always be listened on; and
 *         ports              nothing else,
 *         world              connections to others than this machine,
 *         RANGE              "10.0.0.0/8", "fd00::/8": only to addresses in one of these, up to 8,
 *         host               and to this machine itself as well,
 *         open               ports on all addresses of this machine, for others to connect to;
 *     tap=NAME           the TAP device NAME, which the user has prepared;
 *     unix=PATH          a datagram socket at PATH, which core makes and the end of the session removes, and
 *     peer=PATH          one to send to that at this PATH.
 *
 * docs/decisions/network.md says why, and what remains.
 */
#ifndef LINUX_BASE_NETWORK_H
#define LINUX_BASE_NETWORK_H

#include <os/session.h>

enum linux_network_type { LINUX_NETWORK_TCP, LINUX_NETWORK_UDP, LINUX_NETWORK_PING, LINUX_NETWORK_TYPES };

/* An address with a port, as on this machine. */
struct linux_network_addr {
    uint16_t family; /* 4, 6 */
    uint16_t port;   /* native byte order */
    uint32_t scope;  /* of a link-local address */
    uint8_t bytes[16];
};

/* Connections that wait to be accepted. */
enum { LINUX_NETWORK_BACKLOG = 128 };

/*
 * socket: a non-blocking socket of TYPE and FAMILY (4, 6), close-on-exec. It costs a cap of the session's
 * donation until nobody has it any more; closing it is all that has to be done for that. OS_ERR_CAPS asks
 * for an upgrade. OS_ERR_DENIED if the route lets nobody have such, OS_ERR_UNSUPPORTED if the machine has
 * none, OS_ERR_HANDLES. ERROR of the others is the
 * operating system's errno, or 0. bind: SOCKET, which is any of these, gets the address; one of TCP listens
 * at once. BOUND has the port. connect: begins to. shutdown: HOW is 0 to 2. permits: whether a connection
 * there would be allowed. A driver asks it for datagrams, which it sends itself. resolver: the machine's
 * resolver number INDEX; OS_ERR_NOT_FOUND. name: of the device or the paths, for people. frames: descriptors
 * of the TAP device, or of two Unix sockets, to RECEIVE and SEND one frame each time, non-blocking, which
 * cost a cap each as sockets do; MTU is that of the device, else 0. OS_ERR_EXISTS: another system has the
 * path. OS_ERR_BUSY: another has the device. OS_ERR_NOT_FOUND: there is no such device, or folder.
 * OS_ERR_DENIED: it is not the user's. OS_ERR_WRONG_KIND: it is no TAP device. The socket to send with has no
 * peer yet. reconnect: connects the socket to send with to its peer, anew if need be. OS_ERR_NOT_FOUND:
 * nothing is at its path. OS_ERR_REFUSED is told as OS_ERR_DEAD: nobody is there any more. OS_ERR_DENIED,
 * OS_ERR_WRONG_KIND: it is no datagram socket.
 */
#define LINUX_NETWORK_RPC(FN, I)                                                                             \
    FN(I, socket, (in, uint32_t, type), (in, uint32_t, family), (out, os_cap(os_any), socket))               \
    FN(I, bind, (in, os_cap(os_any), socket), (in, struct linux_network_addr, addr), (out, int32_t, error))  \
    FN(I, connect, (in, os_cap(os_any), socket), (in, struct linux_network_addr, addr),                      \
       (out, int32_t, error))                                                                                \
    FN(I, shutdown, (in, os_cap(os_any), socket), (in, uint32_t, how))                                       \
    FN(I, permits, (in, struct linux_network_addr, addr), (out, uint32_t, yes))                              \
    FN(I, resolver, (in, uint32_t, index), (out, struct linux_network_addr, addr))                           \
    FN(I, name, (out, os_str(256), name))                                                                    \
    FN(I, frames, (out, os_cap(os_any), receive), (out, os_cap(os_any), send), (out, uint32_t, mtu))         \
    FN(I, reconnect)
OS_RPC_INTERFACE(linux_network, LINUX_NETWORK_RPC)
OS_SESSION(linux_network, "Network", OS_KIB(16), 4)

#endif
