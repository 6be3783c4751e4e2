/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: attaching dataspaces, by core. It puts a page that nobody may touch before each. */
#include <platform/platform.h>
#include "runtime.h"

os_err plat_attach(struct os_cap ds, uint64_t offset, uint64_t size, int writable, void **at,
                   uint64_t *attached)
{
    os_dataspace_cap dataspace = { ds };
    uint32_t address;

    if (offset % OS_PAGE_SIZE)
        return OS_ERR_BAD_ARG;
    os_err err =
        mach_native_attach(runtime_native, dataspace, offset, size, writable != 0, &address, attached);
    if (err)
        return err;
    *at = (void *)(uintptr_t)address;
    return OS_OK;
}

void plat_detach(void *at, uint64_t size)
{
    os_err err = mach_native_detach(runtime_native, (uint32_t)(uintptr_t)at, size);
    (void)err; /* core is gone, and so will this task be */
}
