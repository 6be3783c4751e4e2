/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.c: ports of a component, made by core, which charges caps for them. What cannot fail but by core's
 * end, which is this component's too, says nothing.
 */
#include "../transport/ports.h"
#include "runtime.h"

os_err ports_create(mach_port_t set, uint32_t payload, uint32_t limit, mach_port_t *name)
{
    return mach_native_port(runtime_native, set, payload, limit, name);
}

os_err ports_create_set(mach_port_t *set)
{
    return mach_native_port_set(runtime_native, set);
}

void ports_destroy(mach_port_t name)
{
    os_err err = mach_native_destroy(runtime_native, name);
    (void)err;
}

int ports_holders(mach_port_t name)
{
    uint32_t any;
    return mach_native_holders(runtime_native, name, &any) ? 0 : any != 0;
}

void ports_release(mach_port_t name, uint32_t count)
{
    os_err err = mach_native_release(runtime_native, name, count);
    (void)err;
}

void ports_unmap(uint32_t at, uint32_t size)
{
    os_err err = mach_native_unmap(runtime_native, at, size);
    (void)err;
}

void ports_alarm(mach_port_t name, os_time when)
{
    os_err err = mach_native_alarm(runtime_native, name, when);
    (void)err;
}
