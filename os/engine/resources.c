/* SPDX-License-Identifier: BSD-2-Clause */
/* resources.c: quota that a child asks for or is asked for, and its signs of life. */
#include "internal.h"

os_err resources_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    return ram || caps ? OS_ERR_DENIED : OS_OK;
}

static os_err take_handler(os_signal_cap *kept, os_signal_cap handler)
{
    os_cap_drop(kept->cap);
    kept->cap = os_cap_copy(handler.cap);
    return OS_OK;
}

os_err resources_yield_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return take_handler(&child_of_rpc(rpc)->yield_sigh, handler);
}

os_err resources_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps)
{
    *ram = 0;
    *caps = 0;
    return OS_OK;
}

os_err resources_yield_response(struct os_rpc *rpc)
{
    return OS_OK;
}

os_err resources_heartbeat_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return take_handler(&child_of_rpc(rpc)->heartbeat_sigh, handler);
}

os_err resources_heartbeat_response(struct os_rpc *rpc)
{
    return OS_OK;
}

void resources_child_end(struct child *child)
{
    os_cap_drop(child->yield_sigh.cap);
    os_cap_drop(child->heartbeat_sigh.cap);
    child->yield_sigh.cap = child->heartbeat_sigh.cap = OS_NO_CAP;
}
