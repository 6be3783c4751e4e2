/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_child.c: a component that does nothing but to exit, by which its parent learns that it was
 * constructed. */
#include <os/component.h>

OS_MANIFEST("ram: 1M\n"
            "caps: 20\n");

void component_construct(struct os_env *env)
{
    os_exit(env, 0);
}
