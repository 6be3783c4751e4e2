/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello.h: the interface of the hello server, which is all that its clients know of it.
 *
 * One list declares the functions with the types and directions of their arguments. OS_RPC_INTERFACE makes
 * from it the capability type hello_cap, the client functions hello_greet and hello_count, and the table
 * hello_ops that a server fills in. OS_SESSION says that sessions of this interface are requested as "Hello",
 * and what they cost.
 */
#ifndef HELLO_H
#define HELLO_H

#include <os/session.h>

/*
 * greet: a greeting for NAME; OS_ERR_BAD_ARG if it is empty.
 * count: how often this session has called greet.
 */
#define HELLO_RPC(FN, I)                                                                                     \
    FN(I, greet, (in, os_str(32), name), (out, os_str(64), greeting))                                        \
    FN(I, count, (out, uint32_t, calls))
OS_RPC_INTERFACE(hello, HELLO_RPC)
OS_SESSION(hello, "Hello", OS_KIB(16), 4)

#endif
