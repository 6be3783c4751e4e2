/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_stream_source.c: the side of a packet stream that allocates packets, writes and submits them.
 *
 * What it knows of the bulk buffer is in private memory: a record for each packet, those in use in a circular
 * list in the order of their offsets, headed by one more record at offset 0 whose size is 0. The gap behind a
 * packet is what lies between its end and the next one's offset. A new packet is put into the first gap, from
 * the one behind the youngest packet on, that is large enough; but as soon as there is as much room before
 * all packets as all of them have, it is put there. So the part of the buffer that is used is at most some
 * two times as large as what is in use, and stays in the cache, however large the buffer is. When packets are
 * freed in the order in which they were allocated and there is room to spare, the gap is the first one but
 * where the packets from before such a return are in the way; these are passed at most once for each return.
 */
#include <stdlib.h>

#include "packet_stream.h"

static struct os_packet_source *source_of(struct os_packet_side *side)
{
    return OS_CONTAINER_OF(side, struct os_packet_source, side);
}

/* The head of the list is behind the records of packets. */
static uint32_t head_of(const struct os_packet_source *source)
{
    return source->side.slots;
}

/* ---- setting up, events */

/*
 * Acknowledgements may be there, or not: anybody who was given the capability can signal. In any case at most
 * a batch is delivered.
 */
static void on_event(struct os_packet_side *side)
{
    struct os_packet_source *source = source_of(side);
    enum packet_delivered delivered = PACKET_TAKEN;
    if (!source->wanted || packet_side_waiting(side, source->wanted) < source->wanted)
        goto end;
    source->wanted = 0;
    side->budget = OS_PACKET_BATCH;
    while (delivered == PACKET_TAKEN && !source->wanted && side->budget && packet_side_waiting(side, 1)) {
        delivered = packet_side_deliver(side);
        if (delivered == PACKET_GONE)
            return;
    }
    if (!side->budget && !source->wanted && packet_side_waiting(side, 1)) {
        source->wanted = 1;
        packet_side_again(side);
    }
    side->budget = UINT32_MAX;
    packet_side_wake(side);
end:
    if (side->err)
        packet_side_tell_end(side);
}

os_err packet_source_private(struct os_packet_source *source)
{
    uint32_t slots = source->side.slots;
    struct os_packet_record *records = calloc(slots + 1, sizeof(*records));
    if (!records)
        return OS_ERR_NO_MEMORY;
    for (uint32_t i = 0; i < slots; i++)
        records[i].next = (uint16_t)(i + 1);
    records[slots].next = records[slots].prev = (uint16_t)slots;
    source->records = records;
    source->cursor = slots;
    source->unused = 0;
    source->spare = source->side.bulk;
    source->wanted = 0;
    source->side.event = on_event;
    return OS_OK;
}

os_err os_packet_source_serve(struct os_packet_source *source, struct os_env *env, struct os_entrypoint *ep,
                              struct os_quota *quota, struct os_packet_size size, uint32_t desc,
                              os_signal_cap wake_peer, struct os_cap *stream, os_signal_cap *wake_self)
{
    os_err err = packet_side_serve(&source->side, PACKET_SOURCE, env, ep, quota, size, desc, wake_peer,
                                   stream, wake_self);
    if (err)
        return err;
    err = packet_source_private(source);
    if (err) {
        os_cap_drop(*stream);
        os_cap_drop(wake_self->cap);
        os_packet_source_fini(source);
    }
    return err;
}

os_err os_packet_source_begin(struct os_packet_source *source, struct os_entrypoint *ep,
                              struct os_packet_size *size, uint32_t desc, os_signal_cap *wake_self)
{
    return packet_side_begin(&source->side, PACKET_SOURCE, ep, size, desc, wake_self);
}

os_err os_packet_source_attach(struct os_packet_source *source, struct os_cap stream, os_signal_cap wake_peer,
                               struct os_cap session)
{
    os_err err = packet_side_attach(&source->side, PACKET_SOURCE, stream, wake_peer, session);
    return err ? err : packet_source_private(source);
}

void os_packet_source_fini(struct os_packet_source *source)
{
    packet_side_fini(&source->side);
    free(source->records);
    source->records = NULL;
}

/* ---- the bulk buffer */

/* Bytes between the record I and the next one. */
static uint32_t gap_behind(const struct os_packet_source *source, uint32_t i)
{
    const struct os_packet_record *record = &source->records[i];
    uint32_t next = record->next;
    uint32_t end = next == head_of(source) ? source->side.bulk : source->records[next].offset;
    return end - (record->offset + record->size);
}

static os_err find_gap(const struct os_packet_source *source, uint32_t size, uint32_t *behind)
{
    uint32_t used = source->side.bulk - source->spare, first = gap_behind(source, head_of(source));
    uint32_t start = first >= used && first >= size ? head_of(source) : source->cursor, i = start;
    if (source->spare < size)
        return OS_ERR_BUSY;
    do {
        if (gap_behind(source, i) >= size) {
            *behind = i;
            return OS_OK;
        }
        i = source->records[i].next;
    } while (i != start);
    return OS_ERR_BUSY;
}

static uint32_t record_use(struct os_packet_source *source, uint32_t behind, uint32_t size)
{
    struct os_packet_record *records = source->records, *before = &records[behind];
    uint32_t id = source->unused;
    source->unused = records[id].next;
    records[id] = (struct os_packet_record){ .offset = before->offset + before->size,
                                             .size = size,
                                             .next = before->next,
                                             .prev = (uint16_t)behind,
                                             .state = PACKET_ALLOCATED };
    records[before->next].prev = (uint16_t)id;
    before->next = (uint16_t)id;
    source->cursor = id;
    source->spare -= size;
    return id;
}

static void record_release(struct os_packet_source *source, uint32_t id)
{
    struct os_packet_record *records = source->records, *record = &records[id];
    records[record->prev].next = record->next;
    records[record->next].prev = record->prev;
    if (source->cursor == id)
        source->cursor = record->prev;
    source->spare += record->size;
    record->state = PACKET_UNUSED;
    record->next = (uint16_t)source->unused;
    source->unused = id;
}

static uint32_t size_for(uint32_t len)
{
    uint32_t size = (len + OS_PACKET_ALIGN - 1) / OS_PACKET_ALIGN * OS_PACKET_ALIGN;
    return size ? size : OS_PACKET_ALIGN;
}

os_err os_packet_source_alloc(struct os_packet_source *source, uint32_t len, struct os_packet *packet)
{
    struct os_packet_side *side = &source->side;
    uint32_t behind, size = size_for(len);
    if (side->err)
        return side->err;
    if (!source->records)
        return OS_ERR_BAD_ARG;
    if (len > side->bulk)
        return OS_ERR_TOO_LARGE;
    if (source->unused == side->slots)
        return OS_ERR_BUSY;
    os_err err = find_gap(source, size, &behind);
    if (err)
        return err;
    uint32_t id = record_use(source, behind, size);
    source->records[id].len = len;
    *packet = (struct os_packet){ .data = side->data + source->records[id].offset, .len = len, .id = id };
    return OS_OK;
}

void os_packet_source_free(struct os_packet_source *source, const struct os_packet *packet)
{
    if (!source->records || packet->id >= source->side.slots)
        return;
    uint32_t state = source->records[packet->id].state;
    if (state == PACKET_ALLOCATED || state == PACKET_ACKED)
        record_release(source, packet->id);
}

/* ---- the rings */

os_err os_packet_source_submit(struct os_packet_source *source, const struct os_packet *packet,
                               const void *desc)
{
    struct os_packet_side *side = &source->side;
    if (side->err)
        return side->err;
    if (!source->records || packet->id >= side->slots)
        return OS_ERR_BAD_ARG;
    struct os_packet_record *record = &source->records[packet->id];
    if (record->state != PACKET_ALLOCATED || packet->len > record->len)
        return OS_ERR_BAD_ARG;
    record->state = PACKET_UNDER_WAY;
    if (packet->len != record->len) { /* what is left over is for others */
        uint32_t size = size_for(packet->len);
        source->spare += record->size - size;
        record->size = size;
        record->len = packet->len;
    }

    _Atomic uint32_t *to = packet_side_entry(side);
    packet_set_word(to + SUBMIT_ID, packet->id);
    packet_set_word(to + SUBMIT_OFFSET, record->offset);
    packet_set_word(to + SUBMIT_LEN, record->len);
    packet_store(to + SUBMIT_WORDS, desc, side->desc);
    packet_side_publish(side);
    return OS_OK;
}

void os_packet_source_flush(struct os_packet_source *source)
{
    packet_side_wake(&source->side);
}

/* Takes the next acknowledgement; its words, or NULL. */
static const _Atomic uint32_t *take(struct os_packet_source *source, uint32_t *id)
{
    struct os_packet_side *side = &source->side;
    if (!side->budget || !packet_side_waiting(side, 1))
        return NULL;
    const _Atomic uint32_t *from = packet_side_next(side);
    *id = packet_word(from + ACK_ID);
    if (*id >= side->slots || source->records[*id].state != PACKET_UNDER_WAY) {
        packet_side_fault(side, "an acknowledgement of what is not under way");
        return NULL;
    }
    source->records[*id].state = PACKET_ACKED;
    side->taken++;
    side->budget -= side->gone != NULL;
    return from;
}

int os_packet_source_acked(struct os_packet_source *source, struct os_packet *packet, void *desc)
{
    uint32_t id;
    const _Atomic uint32_t *from = take(source, &id);
    if (!from)
        return 0;
    packet_load(desc, from + ACK_WORDS, source->side.desc);
    *packet = (struct os_packet){ .data = source->side.data + source->records[id].offset,
                                  .len = source->records[id].len,
                                  .id = id };
    return 1;
}

uint32_t os_packet_source_reclaim(struct os_packet_source *source)
{
    uint32_t id, count = 0;
    while (count < source->side.slots && take(source, &id)) {
        record_release(source, id);
        count++;
    }
    return count;
}

void os_packet_source_arm(struct os_packet_source *source, uint32_t acks)
{
    struct os_packet_side *side = &source->side;
    uint32_t under_way = side->put - side->taken;
    packet_side_wake(side);
    if (!acks)
        acks = 1;
    source->wanted = acks < under_way ? acks : under_way;
    if (source->wanted && packet_side_arm(side, source->wanted))
        packet_side_again(side);
}

os_err os_packet_source_wait(struct os_packet_source *source, uint32_t acks, os_time deadline)
{
    struct os_packet_side *side = &source->side;
    uint32_t under_way = side->put - side->taken;
    if (side->err)
        return side->err;
    if (!under_way)
        return OS_ERR_BAD_ARG;
    if (!acks)
        acks = 1;
    return packet_side_wait(side, acks < under_way ? acks : under_way, deadline);
}
