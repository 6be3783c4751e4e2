/* SPDX-License-Identifier: BSD-2-Clause */
/* driver.c: a program that needs a library of the system, made with an installed kit. */
#include <os/component.h>

#include <math.h>
#include <stdio.h>

OS_MANIFEST("sandbox: display\n"
            "ram: 8M\n"
            "caps: 32\n");

void component_construct(struct os_env *env)
{
    volatile double zero = 0;

    printf("cos(0) is %.0f\n", cos(zero));
    os_exit(env, 0);
}
