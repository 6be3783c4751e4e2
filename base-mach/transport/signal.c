/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c: signal contexts: ports with a queue of one message, so that the kernel coalesces signals that
 * wait. Whatever comes there counts as a signal, or a holder could fill the queue with something else.
 */
#include <stdlib.h>
#include "internal.h"

struct plat_signal {
    struct source source;
    void *key;
};

os_err plat_signal_create(struct plat_ep *ep, void *key, struct plat_signal **signal, struct os_cap *cap)
{
    struct plat_signal *made = malloc(sizeof *made);
    if (!made)
        return OS_ERR_NO_MEMORY;
    *made = (struct plat_signal){ .source.kind = SOURCE_SIGNAL, .key = key };
    os_err err = object_port(ep, &made->source, 1, cap);
    if (err) {
        free(made);
        return err;
    }
    *signal = made;
    return OS_OK;
}

void plat_signal_destroy(struct plat_signal *signal)
{
    ports_destroy(signal->source.port);
    free(signal);
}

int signal_receive(struct plat_signal *signal, struct wire *wire, struct plat_event *event)
{
    if (wire->head.id == ID_REQUEST && wire_answerable(wire)) {
        wire_refuse(wire->head.remote, OS_ERR_BAD_CAP);
        wire->head.bits &= MACH_COMPLEX;
    }
    transport_discard(&wire->head);
    event->kind = PLAT_SIGNAL;
    event->key = signal->key;
    return 1;
}

/*
 * A message that finds the queue full comes back as a further reference to the port. The next signal spends
 * it, so that who signals all the time owes at most one.
 */
void plat_signal_submit(struct os_cap cap)
{
    int spent = cap_spend(cap.id);
    struct mach_header head = { .bits = MACH_BITS(spent ? MACH_TYPE_MOVE_SEND : MACH_TYPE_COPY_SEND, 0),
                                .remote = cap.id,
                                .id = ID_SIGNAL };
    if (!cap_is_known(cap))
        return;
    mach_err err = wire_send(&head, sizeof head, 0);
    if (err == MACH_SEND_TIMED_OUT || (err && spent))
        cap_regained(cap.id);
}
