/* SPDX-License-Identifier: BSD-2-Clause */
/* packet_stream_ring.c: the rings of a packet stream, and who is woken when; see packet_stream.h. */
#include <stdatomic.h>
#include <string.h>

#include <platform/platform.h>

#include "packet_stream.h"

/*
 * Looks before a side says that it is about to sleep: a peer on another processor often has something within
 * the time of a few loads, and to sleep and be woken takes longer than all of them.
 */
enum { LOOKS = 16 };

void packet_side_fault(struct os_packet_side *side, const char *why)
{
    if (side->err)
        return;
    side->err = OS_ERR_BAD_MSG;
    side->why = why;
    packet_side_again(side); /* there the user is told */
}

/* An honest peer cannot have put more than what is under way and not taken. */
void packet_side_look(struct os_packet_side *side)
{
    uint32_t index = atomic_load(side->peer_index);
    if (index - side->taken > side->window + side->put - side->taken)
        packet_side_fault(side, "the peer's index is wrong");
    else
        side->seen = index;
}

int packet_side_arm(struct os_packet_side *side, uint32_t n)
{
    for (int i = 0; i < LOOKS && !side->err; i++)
        if (packet_side_waiting(side, n) >= n)
            return 1;
    atomic_store_explicit(side->own_wake + WAKE_CPU, plat_cpu() + 1, memory_order_relaxed);
    atomic_store(side->own_wake, side->taken + n);
    return packet_side_waiting(side, n) >= n || side->err;
}

int packet_side_flush(struct os_packet_side *side)
{
    uint32_t fresh = side->put - side->told;
    side->tried = side->put;
    if (!fresh)
        return 0;
    /* the same value as published, but in one order with the look at the wake word */
    atomic_store(side->own_index, side->put);
    side->told = side->put;
    return side->put - atomic_load(side->peer_wake) < fresh;
}

void packet_side_wake(struct os_packet_side *side)
{
    if (!packet_side_flush(side))
        return;
    side->signals++;
    os_signal_submit(side->peer);
}

void packet_side_wake_early(struct os_packet_side *side)
{
    uint32_t peer = atomic_load_explicit(side->peer_wake + WAKE_CPU, memory_order_relaxed);
    side->tried = side->put;
    if (!peer || peer != plat_cpu() + 1)
        packet_side_wake(side);
}
