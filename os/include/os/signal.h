/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.h: asynchronous signals. A signal says that something happened, at least once, and carries nothing
 * else. Signals to one context coalesce until its handler runs. Who holds the capability can submit, and
 * nothing else.
 */
#ifndef OS_SIGNAL_H
#define OS_SIGNAL_H

#include <os/types.h>

struct os_entrypoint;
struct plat_signal;

/* The right to submit signals to one context. */
OS_CAP_TYPE(os_signal)

/* A signal context: memory of the receiver's, served at one entrypoint, on whose thread it is touched. */
struct os_signal_handler {
    struct os_entrypoint *ep;
    void (*handle)(struct os_signal_handler *handler); /* may fini and free the handler */
    struct plat_signal *plat;
};

/*
 * Makes a context whose signals call HANDLE at EP. *CAP is the right to submit, owned by the caller, to be
 * handed to whoever shall signal. Errors: OS_ERR_CAPS, OS_ERR_HANDLES.
 */
OS_MUST_CHECK os_err os_signal_handler_init(struct os_signal_handler *handler, struct os_entrypoint *ep,
                                            void (*handle)(struct os_signal_handler *handler),
                                            os_signal_cap *cap);

/* Ends the context; signals under way are lost. Zeroed or ended is fine. */
void os_signal_handler_fini(struct os_signal_handler *handler);

/*
 * Submits a signal; never blocks, wakes the receiver if it waits. Any thread. No capability, one of another
 * kind, or a receiver that is gone: nothing happens, for there is nothing that a sender could do about it.
 */
void os_signal_submit(os_signal_cap cap);

#endif
