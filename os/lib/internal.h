/* SPDX-License-Identifier: BSD-2-Clause */
/* internal.h: what the files of the library need of one another and nobody else needs. */
#ifndef OS_LIB_INTERNAL_H
#define OS_LIB_INTERNAL_H

#include <os/rpc.h>

/* rpc.c, for the entrypoint: a request has come, a begun call has ended. Both may free what they are called
 * for. */
void os_object_serve(struct os_object *object, const uint64_t token[2], struct os_msg *msg);
void os_call_ended(struct os_call *call, os_err transport, struct os_msg *msg);

#endif
