/* SPDX-License-Identifier: BSD-2-Clause */
/* packet_stream.c: making and attaching a packet stream, the events of its sides, and waiting for them. */
#include <string.h>

#include "packet_stream.h"

/* Bytes between words that different sides write, or at different times: two lines of common caches. */
#define LINE 128u

/* Words of an area before its ring. */
#define HEAD (2 * LINE / 4)

/*
 * A ring of so many entries or more is flushed by itself after each quarter: the other side can then work on
 * these while this one goes on. In a smaller one the wake-ups would cost more than that gains.
 */
#define STRIDE_SLOTS 16u

static uint32_t words_of(uint32_t bytes)
{
    return (bytes + 3) / 4;
}

static uint32_t area(uint32_t slots, uint32_t words)
{
    return ((HEAD + slots * words) * 4 + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
}

static uint32_t source_area(struct os_packet_size size, uint32_t desc)
{
    return area(size.slots, SUBMIT_WORDS + words_of(desc));
}

static uint32_t sink_area(struct os_packet_size size, uint32_t desc)
{
    return area(size.slots, ACK_WORDS + words_of(desc));
}

uint64_t packet_memory(struct os_packet_size size, uint32_t desc)
{
    return (uint64_t)source_area(size, desc) + sink_area(size, desc) + size.bulk;
}

static int size_valid(struct os_packet_size size, uint32_t desc)
{
    return size.slots && size.slots <= OS_PACKET_MAX_SLOTS && !(size.slots & (size.slots - 1)) && size.bulk &&
           size.bulk <= OS_PACKET_MAX_BULK && size.bulk % OS_PAGE_SIZE == 0 && desc <= OS_PACKET_MAX_DESC;
}

uint64_t os_packet_stream_ram(struct os_packet_size size, uint32_t desc)
{
    if (!size_valid(size, desc))
        return 0;
    return packet_memory(size, desc) + (size.slots + 1) * sizeof(struct os_packet_record);
}

/* What the two sides must agree on besides the size: the client's role and the descriptor. */
static uint32_t kind_of(enum packet_role client, uint32_t desc)
{
    return (uint32_t)client << 16 | desc;
}

void packet_side_map(struct os_packet_side *side, enum packet_role role, void *memory)
{
    struct os_packet_size size = { .slots = side->slots, .bulk = side->bulk };
    _Atomic uint32_t *source = memory;
    _Atomic uint32_t *sink = source + source_area(size, side->desc) / 4;
    _Atomic uint32_t *own = role == PACKET_SOURCE ? source : sink;
    _Atomic uint32_t *peer = role == PACKET_SOURCE ? sink : source;
    uint32_t submit = SUBMIT_WORDS + words_of(side->desc), ack = ACK_WORDS + words_of(side->desc);

    side->own_index = own;
    side->own_wake = own + LINE / 4;
    side->own_ring = own + HEAD;
    side->own_words = role == PACKET_SOURCE ? submit : ack;
    side->peer_index = peer;
    side->peer_wake = peer + LINE / 4;
    side->peer_ring = peer + HEAD;
    side->peer_words = role == PACKET_SOURCE ? ack : submit;
    side->data = (uint8_t *)memory + source_area(size, side->desc) + sink_area(size, side->desc);
    side->window = role == PACKET_SOURCE ? 0 : side->slots;
    side->budget = UINT32_MAX;
    side->stride = side->slots >= STRIDE_SLOTS ? side->slots / 4 : UINT32_MAX;
}

/* ---- events */

void packet_side_tell_end(struct os_packet_side *side)
{
    if (side->end_told)
        return;
    side->end_told = 1;
    if (side->end)
        side->end(side);
}

void packet_side_again(struct os_packet_side *side)
{
    os_signal_submit(side->self);
}

static void on_signal(struct os_signal_handler *handler)
{
    struct os_packet_side *side = OS_CONTAINER_OF(handler, struct os_packet_side, handler);
    if (side->err)
        packet_side_tell_end(side);
    else if (side->deliver && side->event)
        side->event(side);
}

static void on_gone(struct os_watch *watch)
{
    struct os_packet_side *side = OS_CONTAINER_OF(watch, struct os_packet_side, watch);
    if (!side->err)
        side->err = watch->why;
    packet_side_tell_end(side);
}

enum packet_delivered packet_side_deliver(struct os_packet_side *side)
{
    uint32_t before = side->taken;
    int gone = 0;
    side->gone = &gone;
    side->deliver(side);
    if (gone)
        return PACKET_GONE;
    side->gone = NULL;
    return side->taken == before ? PACKET_NOTHING : PACKET_TAKEN;
}

os_err packet_side_wait(struct os_packet_side *side, uint32_t n, os_time deadline)
{
    if (!side->ep)
        return OS_ERR_BAD_ARG;
    packet_side_wake(side);
    while (!side->err && packet_side_waiting(side, n) < n) {
        if (packet_side_arm(side, n))
            continue;
        os_entrypoint_step(side->ep, deadline);
        if (!side->ep)
            return OS_ERR_CANCELLED;
        /* whether it delivered something or not: a peer can see to it that it always does */
        if (deadline != OS_NEVER && packet_side_waiting(side, n) < n && os_clock_now() >= deadline)
            return side->err ? side->err : OS_ERR_DEADLINE;
    }
    return side->err;
}

/* ---- setting up */

static os_err handler_init(struct os_packet_side *side, struct os_entrypoint *ep)
{
    os_err err = os_signal_handler_init(&side->handler, ep, on_signal, &side->self);
    if (!err)
        side->ep = ep;
    return err;
}

/* The memory, from what the client has donated. */
static os_err memory_init(struct os_packet_side *side, struct os_env *env, struct os_quota *quota,
                          struct os_packet_size size, uint32_t desc)
{
    uint64_t ram = os_packet_stream_ram(size, desc);
    os_err err = os_quota_charge(quota, ram, OS_PACKET_STREAM_CAPS);
    if (err)
        return err;
    err = os_ram_alloc(env, packet_memory(size, desc), &side->ds);
    if (err)
        goto refund;
    err = os_region_attach(&side->region, side->ds, OS_ATTACH_WRITE);
    if (err)
        goto release;
    side->env = env;
    side->quota = quota;
    side->charged = ram;
    return OS_OK;

release:
    os_ram_free(env, side->ds);
refund:
    os_quota_refund(quota, ram, OS_PACKET_STREAM_CAPS);
    return err;
}

os_err packet_side_serve(struct os_packet_side *side, enum packet_role role, struct os_env *env,
                         struct os_entrypoint *ep, struct os_quota *quota, struct os_packet_size size,
                         uint32_t desc, os_signal_cap wake_peer, struct os_cap *stream,
                         os_signal_cap *wake_self)
{
    if (side->ep)
        return OS_ERR_EXISTS;
    if (!size_valid(size, desc))
        return OS_ERR_BAD_ARG;
    if (size.kind != kind_of(role == PACKET_SOURCE ? PACKET_SINK : PACKET_SOURCE, desc))
        return OS_ERR_WRONG_KIND;
    os_err err = memory_init(side, env, quota, size, desc);
    if (!err)
        err = handler_init(side, ep);
    if (err) {
        packet_side_fini(side);
        return err;
    }
    side->slots = size.slots;
    side->bulk = size.bulk;
    side->desc = desc;
    packet_side_map(side, role, side->region.at);
    side->peer.cap = os_cap_copy(wake_peer.cap);
    *stream = os_cap_copy(side->ds.cap);
    wake_self->cap = os_cap_copy(side->self.cap);
    return OS_OK;
}

os_err packet_side_begin(struct os_packet_side *side, enum packet_role role, struct os_entrypoint *ep,
                         struct os_packet_size *size, uint32_t desc, os_signal_cap *wake_self)
{
    if (side->ep)
        return OS_ERR_EXISTS;
    if (!size_valid(*size, desc))
        return OS_ERR_BAD_ARG;
    os_err err = handler_init(side, ep);
    if (err)
        return err;
    size->kind = kind_of(role, desc);
    side->slots = size->slots;
    side->bulk = size->bulk;
    side->desc = desc;
    *wake_self = side->self;
    return OS_OK;
}

os_err packet_side_attach(struct os_packet_side *side, enum packet_role role, struct os_cap stream,
                          os_signal_cap wake_peer, struct os_cap session)
{
    struct os_packet_size size = { .slots = side->slots, .bulk = side->bulk };
    os_dataspace_cap ds = { stream };
    os_err err = OS_ERR_BAD_ARG;

    side->peer = wake_peer;
    if (side->ep)
        err = os_region_attach_part(&side->region, ds, OS_ATTACH_WRITE, 0, packet_memory(size, side->desc));
    os_cap_drop(stream);
    if (!err && session.id)
        err = os_watch_begin(&side->watch, side->ep, session, on_gone);
    if (!err)
        packet_side_map(side, role, side->region.at);
    return err;
}

void packet_side_fini(struct os_packet_side *side)
{
    if (side->gone)
        *side->gone = 1;
    os_watch_cancel(&side->watch);
    os_signal_handler_fini(&side->handler);
    os_region_detach(&side->region);
    if (side->env) {
        os_ram_free(side->env, side->ds);
        os_quota_refund(side->quota, side->charged, OS_PACKET_STREAM_CAPS);
    }
    os_cap_drop(side->self.cap);
    os_cap_drop(side->peer.cap);
    *side = (struct os_packet_side){ 0 };
}
