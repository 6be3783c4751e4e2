/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parent.h: what every component gets at start, the capability to its parent; and what a service gives to its
 * parent, the capability to its root. Components use session.h and component.h, which are built on these.
 */
#ifndef OS_PARENT_H
#define OS_PARENT_H

#include <os/rpc.h>
#include <os/signal.h>

/* Bounds of texts, in bytes with the NUL. */
#define OS_SERVICE_MAX 32  /* name of a service: letters, digits, _ */
#define OS_LABEL_MAX   160 /* label, parts joined by " -> " */
#define OS_ARGS_MAX    256 /* arguments of a session: key=value pairs separated by ',' */

/*
 * Root of a service, called by the server's parent.
 *
 * open: makes a session for the client LABEL with the donation RAM (bytes), CAPS, which is in the server's
 * account already; ID names the session from now on. Errors give the donation back: OS_ERR_RAM and
 * OS_ERR_CAPS mean that the donation is too small, OS_ERR_DENIED, OS_ERR_BAD_ARG that the server refuses
 * label or arguments. close: ends the session and returns how much of its donation the server gives back.
 * upgrade: adds to the donation.
 */
#define OS_ROOT_RPC(FN, I)                                                                                   \
    FN(I, open, (in, uint32_t, id), (in, os_str(OS_LABEL_MAX), label), (in, os_str(OS_ARGS_MAX), args),      \
       (in, uint64_t, ram), (in, uint32_t, caps), (out, os_cap(os_any), session))                            \
    FN(I, close, (in, uint32_t, id))                                                                         \
    FN(I, upgrade, (in, uint32_t, id), (in, uint64_t, ram), (in, uint32_t, caps))
OS_RPC_INTERFACE(os_root, OS_ROOT_RPC)

/*
 * The parent, called by its child.
 *
 * session: requests a session of SERVICE; the donation is taken from the child's account. ID names the
 * session towards the parent. Waits until the service is there. OS_ERR_NO_SERVICE: the parent has no route
 * for it; OS_ERR_RAM, OS_ERR_CAPS: the child's account or the donation does not suffice, or it has as many
 * sessions and requests that wait as the caps of its entry allow; otherwise the server's answer. close: ends
 * the session; RAM and CAPS are what is back in the account of the donation: all of it but what the server
 * does not give up, or what others still hold of the memory of a component that has ended. upgrade: adds to
 * the donation of a session, or fails, and the account is what it was. announce: offers SERVICE, whose
 * sessions ROOT makes. OS_ERR_DENIED if the parent does not allow it. exit: the component wants to end with
 * STATUS; it does not return to its work.
 *
 * resource_request: asks for so much more in the child's account, and is answered when it is there, or when
 * it will not be: OS_ERR_DENIED by the parent's policy, OS_ERR_RAM, OS_ERR_CAPS when it is beyond what the
 * policy allows in all. The parent may let it wait for as long as it likes, so it is for calls that are begun
 * or have a deadline. A child has one request at a time: another one takes its place, the first is answered
 * OS_ERR_CANCELLED, and one of nothing only calls it off.
 *
 * yield_sigh: HANDLER is signalled when the parent wants some of the account back; yield_request: how much it
 * wants (0: nothing any more); yield_response: the child gives so much, or as much of it as is unused and the
 * parent wants. If that was something and does not suffice, the child is asked again; once it gives nothing,
 * not until there is a new request. Nothing is taken of a child that does not answer. resources.h has
 * helpers.
 *
 * heartbeat_sigh: HANDLER is signalled from time to time, and heartbeat_response is the sign of life that the
 * parent then waits for; see os_heartbeat_init.
 */
#define OS_PARENT_RPC(FN, I)                                                                                 \
    FN(I, session, (in, os_str(OS_SERVICE_MAX), service), (in, os_str(OS_LABEL_MAX), label),                 \
       (in, os_str(OS_ARGS_MAX), args), (in, uint64_t, ram), (in, uint32_t, caps), (out, uint32_t, id),      \
       (out, os_cap(os_any), session))                                                                       \
    FN(I, close, (in, uint32_t, id), (out, uint64_t, ram), (out, uint32_t, caps))                            \
    FN(I, upgrade, (in, uint32_t, id), (in, uint64_t, ram), (in, uint32_t, caps))                            \
    FN(I, announce, (in, os_str(OS_SERVICE_MAX), service), (in, os_cap(os_root), root))                      \
    FN(I, exit, (in, int32_t, status))                                                                       \
    FN(I, resource_request, (in, uint64_t, ram), (in, uint32_t, caps))                                       \
    FN(I, yield_sigh, (in, os_cap(os_signal), handler))                                                      \
    FN(I, yield_request, (out, uint64_t, ram), (out, uint32_t, caps))                                        \
    FN(I, yield_response, (in, uint64_t, ram), (in, uint32_t, caps))                                         \
    FN(I, heartbeat_sigh, (in, os_cap(os_signal), handler))                                                  \
    FN(I, heartbeat_response)
OS_RPC_INTERFACE(os_parent, OS_PARENT_RPC)

#endif
