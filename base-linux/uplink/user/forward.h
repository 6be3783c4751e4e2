/* SPDX-License-Identifier: BSD-2-Clause */
/* forward.h: ports of the host that lead to a component. */
#ifndef USER_FORWARD_H
#define USER_FORWARD_H

#include <libslirp.h>
#include <os/config.h>
#include <os/env.h>

/*
 * All of LIST, which may be NULL, and no others: what was there before and is not in LIST ends, connections
 * that it has let in do not; each with a line in the log. Ends the driver for a required one that cannot be,
 * unless that was STARTED before.
 */
void forward_all(struct os_env *env, Slirp *slirp, const struct os_config *config, os_config_ref list,
                 int started);

#endif
