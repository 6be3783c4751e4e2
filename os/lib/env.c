/* SPDX-License-Identifier: BSD-2-Clause */
/* env.c: small conveniences on the environment: memory, the clock, and ways to end. */
#include <stdio.h>
#include <stdlib.h>

#include <os/component.h>
#include <platform/platform.h>

os_time os_clock_now(void)
{
    return plat_clock();
}

os_err os_ram_alloc(struct os_env *env, uint64_t size, os_dataspace_cap *ds)
{
    return os_pd_ram_alloc(env->pd, size, ds);
}

void os_ram_free(struct os_env *env, os_dataspace_cap ds)
{
    os_err err = os_pd_ram_free(env->pd, ds);
    (void)err; /* not ours or gone already: dropping the capability is all that is left to do */
    os_cap_drop(ds.cap);
}

void os_exit(struct os_env *env, int status)
{
    fflush(NULL);
    /* the parent usually ends the component before this returns; if it does not answer, end anyway */
    os_err err = os_parent_exit(env->parent, status);
    (void)err;
    plat_exit(status);
}

void os_fail(struct os_env *env, os_err err, const char *message)
{
    fprintf(stderr, "%s: %s\n", message, os_err_text(err));
    os_exit(env, 1);
}
