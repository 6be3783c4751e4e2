/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: from the descriptors that a component is started with to its component_construct. */
#include <os/component.h>
#include <stdatomic.h>
#include "runtime.h"

linux_native_cap runtime_native;

static struct os_entrypoint entrypoint;
static struct os_env env = { .ep = &entrypoint };

static struct transport_hooks hooks;

/* The pair that the component was started with, then what core gives. */
static os_err first_pair(int fds[2])
{
    static _Atomic int taken;

    if (atomic_exchange(&taken, 1))
        return runtime_hooks.pair(fds);
    fds[0] = LINUX_FD_PAIR;
    fds[1] = LINUX_FD_PAIR + 1;
    return OS_OK;
}

static void die(const char *text, size_t len)
{
    plat_console(text, len);
    plat_exit(1);
}

static os_err take_descriptors(void)
{
    os_err err = transport_bind(LINUX_FD_CORE, LINUX_INDEX_NATIVE, -1, &runtime_native.cap);
    if (!err)
        err = transport_bind(LINUX_FD_CORE, LINUX_INDEX_PD, LINUX_FD_PD, &env.pd.cap);
    if (!err)
        err = transport_cap_from_fd(LINUX_FD_PARENT, &env.parent.cap);
    if (!err)
        err = os_entrypoint_init(&entrypoint);
    return err;
}

int main(void)
{
    static const char failed[] = "the component could not be set up\n";

    runtime_fault_init();
    hooks = runtime_hooks;
    hooks.pair = first_pair;
    transport_init(&hooks);
    if (take_descriptors())
        die(failed, sizeof(failed) - 1);
    /* output first: its two streams then lie in malloc's own arena, and a component that allocates nothing
     * asks core for no memory */
    runtime_output_init(&env);
    if (runtime_malloc_init)
        runtime_malloc_init(&env);
    component_construct(&env);
    os_entrypoint_run(&entrypoint);
    os_exit(&env, 0);
}
