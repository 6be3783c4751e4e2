/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret.h: keys of components of the network, for what others must not foresee: sequence numbers, ports,
 * ids, places in tables, MAC addresses. They come from the service Random.
 *
 * Where a scenario does not route Random, the component works all the same, and says in its log, once, that
 * its numbers can be guessed: they are made of the addresses at which program and memory are, and the time,
 * which differ from run to run, but which who is on the same machine may find out.
 */
#ifndef NETWORK_SECRET_H
#define NETWORK_SECRET_H

#include <os/env.h>

/* COUNT words at KEY that are others each time. */
void net_secret(struct os_env *env, uint64_t *key, size_t count);

/*
 * COUNT words at KEY, 1 to 4, that are the same for this component and PURPOSE as long as the system runs, so
 * also when the component was started again, and others in the next system. Without Random the same for all:
 * made of PURPOSE.
 */
void net_secret_stable(struct os_env *env, const char *purpose, uint64_t *key, size_t count);

#endif
