/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: from the descriptors that a component is started with to its component_construct. */
#include <os/component.h>
#include "runtime.h"

linux_native_cap runtime_native;

static struct os_entrypoint entrypoint;
static struct os_env env = { .ep = &entrypoint };

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
    transport_init(&runtime_hooks);
    if (take_descriptors())
        die(failed, sizeof(failed) - 1);
    if (runtime_malloc_init)
        runtime_malloc_init(&env);
    runtime_output_init(&env);
    component_construct(&env);
    os_entrypoint_run(&entrypoint);
    os_exit(&env, 0);
}
