/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: attaching dataspaces. Core gives a descriptor that allows exactly what the capability allows; it
 * is mapped and closed at once, and core sees from the outside when the last mapping is gone.
 */
#include "runtime.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void uncharge(uint64_t size)
{
    os_err err = linux_native_detach(runtime_native, size);
    (void)err; /* core is gone, and so will this process be */
}

static os_err map(int fd, uint64_t offset, uint64_t size, int writable, void **at)
{
    void *mapped =
        mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, (off_t)offset);

    if (mapped == MAP_FAILED)
        return errno == ENOMEM || errno == EAGAIN ? OS_ERR_RAM : OS_ERR_BAD_CAP;
    *at = mapped;
    return OS_OK;
}

os_err plat_attach(struct os_cap ds, uint64_t offset, uint64_t size, int writable, void **at,
                   uint64_t *attached)
{
    os_dataspace_cap dataspace = { ds };
    os_any_cap memory;
    uint64_t ds_size;
    uint32_t rw;

    if (offset % OS_PAGE_SIZE)
        return OS_ERR_BAD_ARG;
    os_err err = os_dataspace_info(dataspace, &ds_size, &rw);
    if (err)
        return err == OS_ERR_WRONG_KIND ? OS_ERR_BAD_CAP : err;
    if (offset >= ds_size || size > ds_size - offset)
        return OS_ERR_BAD_ARG;
    size = os_page_up(size ? size : ds_size - offset);
    err = linux_native_attach(runtime_native, dataspace, size, writable != 0, &ds_size, &memory);
    if (err)
        return err;
    int fd = transport_cap_take(memory.cap);
    err = fd >= 0 ? map(fd, offset, size, writable, at) : OS_ERR_BAD_CAP;
    if (fd >= 0)
        close(fd);
    if (err)
        uncharge(size);
    else
        *attached = size;
    return err;
}

void plat_detach(void *at, uint64_t size)
{
    munmap(at, size);
    uncharge(size);
}
