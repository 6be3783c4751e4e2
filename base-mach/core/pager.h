/* SPDX-License-Identifier: BSD-2-Clause */
/* pager.h: the thread that answers the kernel when memory of a dataspace is touched for the first time. */
#ifndef MACH_CORE_PAGER_H
#define MACH_CORE_PAGER_H

#include <os/types.h>
#include <mach_base/kernel.h>

/* Starts the thread. */
os_err pager_init(void);

/*
 * Makes a memory object of SIZE bytes, whole pages, zeroed, and maps all of it into core at *AT. CONTROL is
 * what the kernel calls its use of it.
 */
os_err pager_create(uint32_t size, mach_port_t *object, mach_port_t *control, uint32_t *at);

/* Ends it; nobody else may have it mapped. Its pages are free when this returns. */
void pager_destroy(mach_port_t object, mach_port_t control, uint32_t at, uint32_t size);

#endif
