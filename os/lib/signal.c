/* SPDX-License-Identifier: BSD-2-Clause */
/* signal.c: signal contexts, a thin layer over those of the platform. */
#include <os/entrypoint.h>
#include <os/signal.h>
#include <platform/platform.h>

os_err os_signal_handler_init(struct os_signal_handler *handler, struct os_entrypoint *ep,
                              void (*handle)(struct os_signal_handler *handler), os_signal_cap *cap)
{
    struct plat_signal *plat;
    struct os_cap made;
    os_err err = plat_signal_create(ep->plat, handler, &plat, &made);
    if (err)
        return err;
    *handler = (struct os_signal_handler){ .ep = ep, .handle = handle, .plat = plat };
    cap->cap = made;
    return OS_OK;
}

void os_signal_handler_fini(struct os_signal_handler *handler)
{
    if (handler->plat)
        plat_signal_destroy(handler->plat);
    handler->plat = NULL;
}

void os_signal_submit(os_signal_cap cap)
{
    if (cap.cap.id)
        plat_signal_submit(cap.cap);
}
