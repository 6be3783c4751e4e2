/* SPDX-License-Identifier: BSD-2-Clause */
/* io.h: the processor's input and output ports, for those parts of core that drive a device themselves. */
#ifndef MACH_CORE_IO_H
#define MACH_CORE_IO_H

#include "internal.h"

#include "../drivers/io.h"

/* Lets core reach the ports FIRST to LAST. */
static inline os_err io_allow(uint16_t first, uint16_t last)
{
    mach_port_t ports;
    if (i386_io_perm_create(mach_core.device, first, last, &ports))
        return OS_ERR_DENIED;
    mach_err err = i386_io_perm_modify(mach_core.task, ports, 1);
    mach_port_deallocate(mach_core.task, ports);
    return err ? OS_ERR_DENIED : OS_OK;
}

#endif
