/* SPDX-License-Identifier: BSD-2-Clause */
/* packet_stream_sink.c: the side of a packet stream that reads packets and acknowledges them. */
#include <stdlib.h>

#include "packet_stream.h"

static struct os_packet_sink *sink_of(struct os_packet_side *side)
{
    return OS_CONTAINER_OF(side, struct os_packet_sink, side);
}

/* Delivers until there is nothing more to deliver; 0 when the sink is gone. */
static int deliver_all(struct os_packet_sink *sink)
{
    struct os_packet_side *side = &sink->side;
    while (!sink->paused && side->budget && packet_side_waiting(side, 1)) {
        switch (packet_side_deliver(side)) {
        case PACKET_GONE:
            return 0;
        case PACKET_NOTHING:
            sink->paused = 1;
            break;
        case PACKET_TAKEN:
            break;
        }
    }
    return 1;
}

/*
 * There may be packets, or not: anybody who was given the capability can signal. In any case at most a batch
 * is delivered and the sink sleeps, pauses, or goes to the end of the queue.
 */
static void on_event(struct os_packet_side *side)
{
    struct os_packet_sink *sink = sink_of(side);
    int more;
    side->budget = OS_PACKET_BATCH;
    do {
        if (!deliver_all(sink))
            return;
        packet_side_wake(side);
        more = !side->err && !sink->paused && packet_side_arm(side, 1);
    } while (more && side->budget);
    if (more)
        packet_side_again(side);
    side->budget = UINT32_MAX;
    if (side->err)
        packet_side_tell_end(side);
}

os_err packet_sink_private(struct os_packet_sink *sink)
{
    sink->held = calloc(sink->side.slots, 1);
    sink->side.event = on_event;
    sink->paused = 0;
    return sink->held ? OS_OK : OS_ERR_NO_MEMORY;
}

/* From now on the handler is called for packets; some may be there already. */
static void start(struct os_packet_sink *sink)
{
    if (sink->side.deliver && packet_side_arm(&sink->side, 1))
        packet_side_again(&sink->side);
}

os_err os_packet_sink_serve(struct os_packet_sink *sink, struct os_env *env, struct os_entrypoint *ep,
                            struct os_quota *quota, struct os_packet_size size, uint32_t desc,
                            os_signal_cap wake_peer, struct os_cap *stream, os_signal_cap *wake_self)
{
    os_err err =
        packet_side_serve(&sink->side, PACKET_SINK, env, ep, quota, size, desc, wake_peer, stream, wake_self);
    if (err)
        return err;
    err = packet_sink_private(sink);
    if (err) {
        os_cap_drop(*stream);
        os_cap_drop(wake_self->cap);
        os_packet_sink_fini(sink);
        return err;
    }
    start(sink);
    return OS_OK;
}

os_err os_packet_sink_begin(struct os_packet_sink *sink, struct os_entrypoint *ep,
                            struct os_packet_size *size, uint32_t desc, os_signal_cap *wake_self)
{
    return packet_side_begin(&sink->side, PACKET_SINK, ep, size, desc, wake_self);
}

os_err os_packet_sink_attach(struct os_packet_sink *sink, struct os_cap stream, os_signal_cap wake_peer,
                             struct os_cap session)
{
    os_err err = packet_side_attach(&sink->side, PACKET_SINK, stream, wake_peer, session);
    if (!err)
        err = packet_sink_private(sink);
    if (!err)
        start(sink);
    return err;
}

void os_packet_sink_fini(struct os_packet_sink *sink)
{
    packet_side_fini(&sink->side);
    free(sink->held);
    sink->held = NULL;
}

/* Non-zero when the words of an entry, in private memory, are for a packet that can be. */
static inline int entry_valid(struct os_packet_sink *sink, uint32_t id, uint32_t offset, uint32_t len)
{
    struct os_packet_side *side = &sink->side;
    if (id >= side->slots || sink->held[id]) {
        packet_side_fault(side, "the number of the packet is out of range or in use");
        return 0;
    }
    if (offset > side->bulk || len > side->bulk - offset || offset % OS_PACKET_ALIGN) {
        packet_side_fault(side, "the packet is not in the bulk buffer");
        return 0;
    }
    return 1;
}

int os_packet_sink_get(struct os_packet_sink *sink, struct os_packet *packet, void *desc)
{
    struct os_packet_side *side = &sink->side;
    if (!side->budget || !packet_side_waiting(side, 1))
        return 0;
    const _Atomic uint32_t *from = packet_side_next(side);
    uint32_t id = packet_word(from + SUBMIT_ID), offset = packet_word(from + SUBMIT_OFFSET);
    uint32_t len = packet_word(from + SUBMIT_LEN);
    if (!entry_valid(sink, id, offset, len))
        return 0;
    packet_load(desc, from + SUBMIT_WORDS, side->desc);
    *packet = (struct os_packet){ .data = side->data + offset, .len = len, .id = id };
    sink->held[id] = 1;
    side->taken++;
    side->budget -= side->gone != NULL;
    return 1;
}

void os_packet_sink_ack(struct os_packet_sink *sink, const struct os_packet *packet, const void *desc)
{
    struct os_packet_side *side = &sink->side;
    if (side->err || packet->id >= side->slots || !sink->held[packet->id])
        return;
    sink->held[packet->id] = 0;
    _Atomic uint32_t *to = packet_side_entry(side);
    packet_set_word(to + ACK_ID, packet->id);
    packet_store(to + ACK_WORDS, desc, side->desc);
    packet_side_publish(side);
}

void os_packet_sink_flush(struct os_packet_sink *sink)
{
    packet_side_wake(&sink->side);
}

void os_packet_sink_resume(struct os_packet_sink *sink)
{
    if (!sink->paused)
        return;
    sink->paused = 0;
    packet_side_again(&sink->side);
}

os_err os_packet_sink_wait(struct os_packet_sink *sink, os_time deadline)
{
    return packet_side_wait(&sink->side, 1, deadline);
}
