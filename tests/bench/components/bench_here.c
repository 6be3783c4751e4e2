/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_here.c: a component that says that it was constructed, at the least cost there is (a line of raw
 * output instead of a LOG session, which is another figure), and stays. */
#include <os/component.h>
#include <platform/platform.h>

OS_MANIFEST("ram: 1M\n"
            "caps: 20\n");

void component_construct(struct os_env *env)
{
    plat_console("here\n", 5);
}
