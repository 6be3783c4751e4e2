/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: faults that a test has asked for. */
#include "internal.h"

static struct {
    uint32_t after;
    os_err err;
} faults[INPROC_FAULTS];

void inproc_fail_next(enum inproc_fault kind, uint32_t n, os_err err)
{
    faults[kind].after = n;
    faults[kind].err = err;
}

os_err fault_take(enum inproc_fault kind)
{
    int by_mock = sched_self()->holder == &holder_mock && kind != INPROC_FAIL_RAM;
    if (!faults[kind].err || by_mock)
        return OS_OK;
    if (faults[kind].after) {
        faults[kind].after--;
        return OS_OK;
    }
    os_err err = faults[kind].err;
    faults[kind].err = OS_OK;
    return err;
}
