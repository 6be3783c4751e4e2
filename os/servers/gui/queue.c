/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.c: see internal.h. */
#include "internal.h"

static struct os_input_event *at(struct queue *queue, uint32_t i)
{
    return &queue->events[(queue->head + i) % QUEUE_SIZE];
}

static void remove_at(struct queue *queue, uint32_t i)
{
    for (; i + 1 < queue->count; i++)
        *at(queue, i) = *at(queue, i + 1);
    queue->count--;
}

/* Non-zero if one of KIND was there; the oldest is gone then. */
static int forget_kind(struct queue *queue, uint32_t kind)
{
    for (uint32_t i = 0; i < queue->count; i++)
        if (at(queue, i)->kind == kind) {
            remove_at(queue, i);
            return 1;
        }
    return 0;
}

/* Whoever missed a release would see a key stuck, so that releases go last. */
static void make_room(struct queue *queue)
{
    static const uint32_t dispensable[] = { OS_INPUT_MOVE, OS_INPUT_WHEEL, OS_INPUT_TEXT, OS_INPUT_PRESS };

    for (uint32_t i = 0; i < OS_ARRAY_LEN(dispensable); i++)
        if (forget_kind(queue, dispensable[i]))
            return;
    remove_at(queue, 0);
}

void queue_put(struct queue *queue, struct os_input_event event, int merge)
{
    merge |= queue->count > QUEUE_SIZE * 3 / 4;
    if (merge && event.kind == OS_INPUT_MOVE && queue->count &&
        at(queue, queue->count - 1)->kind == OS_INPUT_MOVE) {
        *at(queue, queue->count - 1) = event;
        return;
    }
    if (queue->count == QUEUE_SIZE)
        make_room(queue);
    *at(queue, queue->count++) = event;
}

uint32_t queue_take(struct queue *queue, struct os_input_event *events, uint32_t max)
{
    uint32_t taken = 0;

    for (; taken < max && queue->count; taken++) {
        events[taken] = queue->events[queue->head];
        queue->head = (queue->head + 1) % QUEUE_SIZE;
        queue->count--;
    }
    return taken;
}
