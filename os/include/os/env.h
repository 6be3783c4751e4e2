/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env.h: the environment of a component, passed to component_construct. All that a component can reach, it
 * reaches from here.
 */
#ifndef OS_ENV_H
#define OS_ENV_H

#include <os/entrypoint.h>
#include <os/parent.h>
#include <os/pd.h>

struct os_env {
    struct os_entrypoint *ep; /* the main entrypoint; it runs when component_construct has returned */
    os_parent_cap parent;     /* borrowed */
    os_pd_cap pd;             /* own account; borrowed */
};

/* A dataspace of SIZE bytes from the component's own account; the capability is the caller's. Any thread. */
OS_MUST_CHECK os_err os_ram_alloc(struct os_env *env, uint64_t size, os_dataspace_cap *ds);

/* Revokes the dataspace and drops the capability. */
void os_ram_free(struct os_env *env, os_dataspace_cap ds);

#endif
