/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h: output for people. A component just uses printf; it appears in its LOG session line by line, with
 * its label.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <os/session.h>

#define OS_LOG_MAX 512

/* write: TEXT without a newline is one line; control characters are replaced when it is shown. */
#define OS_LOG_RPC(FN, I) FN(I, write, (in, os_str(OS_LOG_MAX), text))
OS_RPC_INTERFACE(os_log, OS_LOG_RPC)
OS_SESSION(os_log, "LOG", OS_KIB(8), 4)

#endif
