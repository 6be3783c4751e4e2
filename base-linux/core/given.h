/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * given.h: what core makes for a driver and gives away as a descriptor: sockets, devices. Each costs a cap of
 * the session's donation for as long as anybody has it, the driver or whoever it was passed on to.
 */
#ifndef LINUX_CORE_GIVEN_H
#define LINUX_CORE_GIVEN_H

#include "internal.h"

struct given;

/* OS_ERR_HANDLES, OS_ERR_NO_MEMORY. */
OS_MUST_CHECK os_err given_create(struct given **given);

/*
 * FD, which can be polled, is to be given away: charges ACCOUNT, always the same one, a cap. FD stays the
 * caller's. OS_ERR_CAPS: so many are still there as are paid for; OS_ERR_HANDLES.
 */
OS_MUST_CHECK os_err given_add(struct given *given, struct core_account *account, int fd);

/* The session ends; what is still there is charged until given_update finds it gone. NULL is fine. */
void given_destroy(struct given *given);

/* A process has ended, and with it maybe what it had of sessions that are closed. */
void given_update(void);

#endif
