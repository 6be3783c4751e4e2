/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * impair.c: bad lines, by chance from a seed. Frames that come later wait in memory of the switch, for it is
 * the scenario and no client that wants it so; how many is bounded. An alarm is set while some wait.
 */
#include "switch.h"

#include <stdlib.h>
#include <string.h>

struct waiting {
    struct os_list link;
    os_time due;
    uint32_t len, flags;
    uint8_t data[];
};

/* splitmix64 */
static uint64_t next_random(struct line *line)
{
    uint64_t value = line->random += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* Whether it happens that has this share of a million. */
static int chance(struct line *line, uint32_t share)
{
    return share && next_random(line) % 1000000 < share;
}

void line_init(struct line *line)
{
    os_list_init(&line->waiting);
}

void line_seed(struct line *line, uint32_t seed, enum direction direction)
{
    line->random = (uint64_t)seed << 1 | (direction == TO_CLIENT);
}

static struct waiting *first(struct line *line)
{
    return os_list_empty(&line->waiting) ? NULL : OS_CONTAINER_OF(line->waiting.next, struct waiting, link);
}

static void take_out(struct sw *of, struct line *line, struct waiting *frame)
{
    os_list_remove(&frame->link);
    line->bytes -= frame->len;
    of->waiting -= frame->len;
}

void line_fini(struct sw *of, struct line *line)
{
    struct waiting *frame;
    while ((frame = first(line))) {
        take_out(of, line, frame);
        free(frame);
    }
}

/* ---- what waits */

static void arm(struct sw *of, os_time due, os_time now)
{
    if (due >= of->due_at)
        return;
    /* without a timer it stays as it is, and the next frame that comes later tries again */
    if (!os_timeout_arm(&of->due, due > now ? due - now : 0))
        of->due_at = due;
}

static void wait_until(struct line *line, struct waiting *frame)
{
    struct os_list *at = line->waiting.prev;
    while (at != &line->waiting && OS_CONTAINER_OF(at, struct waiting, link)->due > frame->due)
        at = at->prev;
    os_list_insert(at->next, &frame->link);
}

static void turn_a_bit(struct line *line, struct waiting *frame)
{
    uint64_t bit = next_random(line) % ((uint64_t)frame->len * 8);
    frame->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    frame->flags &= ~(uint32_t)OS_NIC_INTACT;
}

static void pass_all(struct port *port, enum direction direction, os_time now)
{
    struct line *line = &port->lines[direction];
    struct waiting *frame;
    while ((frame = first(line)) && frame->due <= now) {
        uint8_t head[NET_ETH_HEADER];
        take_out(&sw, line, frame);
        memcpy(head, frame->data, sizeof(head));
        port_pass(port, direction, head, frame->data, frame->len, frame->flags);
        free(frame);
    }
}

static void on_due(struct os_timeout *timeout)
{
    os_time now = os_clock_now(), next = OS_NEVER;
    sw.due_at = OS_NEVER;
    for (int direction = FROM_CLIENT; direction < DIRECTIONS; direction++)
        OS_LIST_FOR_EACH (link, &sw.server.ports)
            pass_all(port_at(link), direction, now);
    net_port_flush_all(&sw.server);
    for (int direction = FROM_CLIENT; direction < DIRECTIONS; direction++)
        OS_LIST_FOR_EACH (link, &sw.server.ports) {
            struct waiting *frame = first(&port_at(link)->lines[direction]);
            if (frame && frame->due < next)
                next = frame->due;
        }
    arm(&sw, next, now);
}

void impair_init(struct sw *of)
{
    of->due_at = OS_NEVER;
    os_timeout_init(&of->due, &of->timeouts, on_due);
}

/* ---- what happens to a frame */

static struct waiting *copy_of(const uint8_t head[NET_ETH_HEADER], const uint8_t *data, uint32_t len,
                               uint32_t flags)
{
    struct waiting *frame = malloc(sizeof(*frame) + len);
    if (!frame)
        return NULL;
    frame->len = len;
    frame->flags = flags;
    memcpy(frame->data, head, NET_ETH_HEADER);
    memcpy(frame->data + NET_ETH_HEADER, data + NET_ETH_HEADER, len - NET_ETH_HEADER);
    return frame;
}

static int has_room(const struct line *line, const struct impair *impair, uint32_t len)
{
    return len <= impair->queue && line->bytes <= impair->queue - len && len <= sw.queue &&
           sw.waiting <= sw.queue - len;
}

/* When the frame is due: 0 for at once. */
static os_time due_of(struct port *port, struct line *line)
{
    const struct impair *impair = &port->policy.impair;
    os_time now, due;
    int late = chance(line, impair->reorder);
    if (!impair->delay && !impair->jitter && !late && !line->last)
        return 0;
    now = due = os_clock_now();
    due += impair->delay;
    if (impair->jitter) {
        os_time add = next_random(line) % (2 * impair->jitter + 1);
        due = due + add < now + impair->jitter ? now : due + add - impair->jitter;
    }
    if (late) {
        port->counters.reordered++;
        return due + impair->reorder_by;
    }
    if (due < line->last)
        due = line->last;
    line->last = due > now ? due : 0;
    return due > now ? due : 0;
}

static void one(struct port *port, enum direction direction, const uint8_t head[NET_ETH_HEADER],
                const uint8_t *data, uint32_t len, uint32_t flags)
{
    struct line *line = &port->lines[direction];
    const struct impair *impair = &port->policy.impair;
    int corrupt = chance(line, impair->corrupt);
    os_time due = due_of(port, line);
    struct waiting *frame;
    if (!corrupt && !due) {
        port_pass(port, direction, head, data, len, flags);
        return;
    }
    frame = has_room(line, impair, len) ? copy_of(head, data, len, flags) : NULL;
    if (!frame) {
        port->counters.overflow++;
        return;
    }
    if (corrupt) {
        port->counters.corrupted++;
        turn_a_bit(line, frame);
    }
    if (due) {
        frame->due = due;
        wait_until(line, frame);
        line->bytes += len;
        sw.waiting += len;
        arm(&sw, due, os_clock_now());
        return;
    }
    uint8_t changed[NET_ETH_HEADER];
    memcpy(changed, frame->data, sizeof(changed));
    port_pass(port, direction, changed, frame->data, len, frame->flags);
    free(frame);
}

void impair_frame(struct port *port, enum direction direction, const uint8_t head[NET_ETH_HEADER],
                  const uint8_t *data, uint32_t len, uint32_t flags)
{
    struct line *line = &port->lines[direction];
    if (chance(line, port->policy.impair.loss)) {
        port->counters.lost++;
        return;
    }
    int twice = chance(line, port->policy.impair.duplicate);
    one(port, direction, head, data, len, flags);
    if (twice) {
        port->counters.duplicated++;
        one(port, direction, head, data, len, flags);
    }
}
