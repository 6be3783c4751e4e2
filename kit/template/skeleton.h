/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skeleton.h: the interface of skeleton, which is all that its clients know of it.
 *
 * One list declares the functions with the types and directions of their arguments. OS_RPC_INTERFACE makes of
 * it the capability type skeleton_cap, the client functions skeleton_add and skeleton_sum, and the table
 * skeleton_ops that the server fills in. OS_SESSION says that sessions are requested as "Skeleton", and what
 * ram and caps a client pays for one.
 */
#ifndef SKELETON_H
#define SKELETON_H

#include <os/session.h>

/*
 * add: adds AMOUNT to the session's sum, and gives the new one; OS_ERR_TOO_LARGE if that were above the limit
 *      of the config.
 * sum: what has been added in this session.
 */
#define SKELETON_RPC(FN, I)                                                                                  \
    FN(I, add, (in, uint32_t, amount), (out, uint64_t, total))                                               \
    FN(I, sum, (out, uint64_t, total))
OS_RPC_INTERFACE(skeleton, SKELETON_RPC)
OS_SESSION(skeleton, "Skeleton", OS_KIB(16), 4)

#endif
