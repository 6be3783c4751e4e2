/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.h: how the transport comes by ports. core has its own task port and asks the kernel (core/ports.c); a
 * component asks core (runtime/ports.c). Which one is decided by linking.
 */
#ifndef TRANSPORT_PORTS_H
#define TRANSPORT_PORTS_H

#include <os/types.h>
#include <mach_base/kernel.h>

/* As the operations of native.h with the same names; any thread. */
os_err ports_create(mach_port_t set, uint32_t payload, uint32_t limit, mach_port_t *name);
os_err ports_create_set(mach_port_t *set);
void ports_destroy(mach_port_t name);
int ports_holders(mach_port_t name);
void ports_release(mach_port_t name, uint32_t count);
void ports_unmap(uint32_t at, uint32_t size);
/* WHEN 0 clears. */
void ports_alarm(mach_port_t name, os_time when);

#endif
