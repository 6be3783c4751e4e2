/* SPDX-License-Identifier: BSD-2-Clause */
/* forward.h: ports of the host that lead to a component. */
#ifndef USER_FORWARD_H
#define USER_FORWARD_H

#include <libslirp.h>
#include <os/config.h>
#include <os/env.h>

/* All of LIST, which may be NULL, each with a line in the log. Ends the driver for a required one that cannot
 * be. */
void forward_all(struct os_env *env, Slirp *slirp, const struct os_config *config, os_config_ref list);

#endif
