/* SPDX-License-Identifier: BSD-2-Clause */
/* dataspace.c: attaching dataspaces. */
#include <os/dataspace.h>
#include <platform/platform.h>

os_err os_region_attach(struct os_region *region, os_dataspace_cap ds, int mode)
{
    return os_region_attach_part(region, ds, mode, 0, 0);
}

os_err os_region_attach_part(struct os_region *region, os_dataspace_cap ds, int mode, uint64_t offset,
                             uint64_t size)
{
    void *at;
    uint64_t attached;
    if (!ds.cap.id)
        return OS_ERR_BAD_CAP;
    if (offset % OS_PAGE_SIZE || size % OS_PAGE_SIZE)
        return OS_ERR_BAD_ARG;
    os_err err = plat_attach(ds.cap, offset, size, mode == OS_ATTACH_WRITE, &at, &attached);
    if (err)
        return err;
    *region = (struct os_region){ .at = at, .size = attached };
    return OS_OK;
}

void os_region_detach(struct os_region *region)
{
    if (region->at)
        plat_detach(region->at, region->size);
    *region = (struct os_region){ 0 };
}
