/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c: a watch is a call that was begun without a request: it ends with the object. */
#include <os/entrypoint.h>
#include <os/watch.h>
#include <platform/platform.h>

static void ended(struct os_call *call)
{
    struct os_watch *watch = OS_CONTAINER_OF(call, struct os_watch, call);

    watch->why = call->err;
    watch->gone(watch);
}

os_err os_watch_begin(struct os_watch *watch, struct os_entrypoint *ep, struct os_cap cap,
                      void (*gone)(struct os_watch *watch))
{
    if (os_call_pending(&watch->call))
        return OS_ERR_BUSY;
    os_call_init(&watch->call, ep, ended);
    watch->gone = gone;
    watch->why = OS_OK;
    return plat_watch_begin(ep->plat, cap, &watch->call, &watch->call.plat);
}

void os_watch_cancel(struct os_watch *watch)
{
    os_call_cancel(&watch->call);
}
