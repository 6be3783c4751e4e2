/* SPDX-License-Identifier: BSD-2-Clause */
/* desk.h: a service of which only the session counts. */
#ifndef DESK_H
#define DESK_H

#include <os/session.h>

/* nothing: does nothing. */
#define DESK_RPC(FN, I) FN(I, nothing)
OS_RPC_INTERFACE(desk, DESK_RPC)

#endif
