/* SPDX-License-Identifier: BSD-2-Clause */
/* quota.c: charging a client's donation. */
#include <assert.h>

#include <os/session.h>

os_err os_quota_charge(struct os_quota *quota, uint64_t ram, uint32_t caps)
{
    if (ram > quota->ram - quota->ram_used)
        return OS_ERR_RAM;
    if (caps > quota->caps - quota->caps_used)
        return OS_ERR_CAPS;
    quota->ram_used += ram;
    quota->caps_used += caps;
    return OS_OK;
}

void os_quota_refund(struct os_quota *quota, uint64_t ram, uint32_t caps)
{
    assert(ram <= quota->ram_used && caps <= quota->caps_used);
    quota->ram_used -= ram;
    quota->caps_used -= caps;
}
