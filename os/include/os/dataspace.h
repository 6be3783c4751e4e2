/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dataspace.h: dataspaces, the unit of memory that is allocated, attached and shared. A dataspace has a fixed
 * size, is charged to the account it was allocated from until its last holder and attachment are gone, and is
 * writable or read-only by the capability that one holds; the kernel enforces it.
 */
#ifndef OS_DATASPACE_H
#define OS_DATASPACE_H

#include <os/rpc.h>

/*
 * size: bytes, a multiple of OS_PAGE_SIZE.  writable: 1 if this capability allows writing, else 0.
 * readonly: a capability to the same memory that does not allow writing; costs its account one cap, once.
 */
#define OS_DATASPACE_RPC(FN, I)                                                                              \
    FN(I, info, (out, uint64_t, size), (out, uint32_t, writable))                                            \
    FN(I, readonly, (out, os_cap(os_dataspace), copy))
OS_RPC_INTERFACE(os_dataspace, OS_DATASPACE_RPC)

/* An attachment: the memory of a dataspace at an address of this component. Zeroed means none. */
struct os_region {
    void *at;
    uint64_t size; /* bytes */
};

enum { OS_ATTACH_READ = 0, OS_ATTACH_WRITE = 1 };

/*
 * Attaches all of dataspace DS with MODE. The capability may be dropped afterwards. Errors: OS_ERR_DENIED
 * (write to a read-only one), OS_ERR_BAD_CAP (no dataspace), OS_ERR_RAM (page tables are charged to the
 * component). Any thread.
 */
OS_MUST_CHECK os_err os_region_attach(struct os_region *region, os_dataspace_cap ds, int mode);

/* Attaches SIZE bytes from OFFSET, both multiples of OS_PAGE_SIZE. */
OS_MUST_CHECK os_err os_region_attach_part(struct os_region *region, os_dataspace_cap ds, int mode,
                                           uint64_t offset, uint64_t size);

/* Ends the attachment; zeroed is fine. */
void os_region_detach(struct os_region *region);

#endif
