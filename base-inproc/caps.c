/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * caps.c: the table of what capabilities stand for, with exact counts of handles by holder. A number is not
 * used again soon, and dropping more handles than there are stops the test, so mistakes in counting show.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_SLOTS 65535u

struct slot {
    struct target *target;
    uint32_t generation;
};

static struct slot *slots;
static uint32_t nslots, next_slot;
static struct os_list holders = { &holders, &holders };

struct holder holder_test, holder_mock;

void holder_init(struct holder *holder, struct inproc_component *component)
{
    memset(holder, 0, sizeof(*holder));
    holder->component = component;
    os_list_insert(&holders, &holder->link);
}

static uint32_t slot_of(const struct target *target)
{
    return (target->id & 0xffff) - 1;
}

static int32_t *count_of(struct holder *holder, uint32_t slot)
{
    if (slot >= holder->slots) {
        uint32_t size = slot + 64;
        holder->counts = realloc(holder->counts, size * sizeof(*holder->counts));
        if (!holder->counts)
            inproc_stop("out of memory");
        memset(holder->counts + holder->slots, 0, (size - holder->slots) * sizeof(*holder->counts));
        holder->slots = size;
    }
    return &holder->counts[slot];
}

void holder_fini(struct holder *holder)
{
    for (uint32_t slot = 0; slot < holder->slots; slot++)
        while (holder->counts[slot] > 0 && slots[slot].target)
            target_unref(slots[slot].target, holder);
    free(holder->counts);
    holder->counts = NULL;
    holder->slots = 0;
    os_list_remove(&holder->link);
}

int64_t holder_caps(const struct holder *holder)
{
    int64_t sum = 0;
    for (uint32_t slot = 0; slot < holder->slots; slot++)
        sum += holder->counts[slot];
    return sum;
}

uint32_t inproc_caps_in_use(void)
{
    int64_t sum = 0;
    for (uint32_t slot = 0; slot < nslots; slot++)
        if (slots[slot].target)
            sum += slots[slot].target->count;
    return (uint32_t)(sum - holder_caps(&holder_mock));
}

/* Free slots are taken in turn, so that a number comes back as late as possible. */
static uint32_t free_slot(void)
{
    for (uint32_t i = 0; i < nslots; i++) {
        uint32_t slot = (next_slot + i) % nslots;
        if (!slots[slot].target) {
            next_slot = slot + 1;
            return slot;
        }
    }
    uint32_t size = nslots ? nslots * 2 : 256;
    if (size > MAX_SLOTS)
        inproc_stop("more than %u capabilities", nslots);
    slots = realloc(slots, size * sizeof(*slots));
    if (!slots)
        inproc_stop("out of memory");
    memset(slots + nslots, 0, (size - nslots) * sizeof(*slots));
    next_slot = nslots + 1;
    nslots = size;
    return next_slot - 1;
}

struct os_cap target_add(struct target *target, enum target_kind kind)
{
    uint32_t slot = free_slot();
    slots[slot].target = target;
    target->kind = kind;
    target->id = (++slots[slot].generation & 0x7fff) << 16 | (slot + 1);
    target->count = 0;
    target_ref(target, sched_self()->holder);
    return (struct os_cap){ target->id };
}

static void target_free(struct target *target)
{
    uint32_t slot = slot_of(target);
    slots[slot].target = NULL;
    OS_LIST_FOR_EACH (link, &holders)
        *count_of(OS_CONTAINER_OF(link, struct holder, link), slot) = 0;
    free(target);
}

void target_end(struct target *target)
{
    target->ended = 1;
    if (!target->count)
        target_free(target);
}

struct target *target_of(struct os_cap cap)
{
    uint32_t slot = (cap.id & 0xffff) - 1;
    if (!cap.id || slot >= nslots || !slots[slot].target || slots[slot].target->id != cap.id)
        return NULL;
    return slots[slot].target;
}

void target_ref(struct target *target, struct holder *holder)
{
    target->count++;
    if (holder)
        ++*count_of(holder, slot_of(target));
}

void target_unref(struct target *target, struct holder *holder)
{
    if (!target->count)
        inproc_stop("capability %#x was dropped more often than it was held", (unsigned)target->id);
    if (holder)
        --*count_of(holder, slot_of(target));
    if (--target->count)
        return;
    if (target->ended)
        target_free(target);
    else
        target_unused(target);
}

static struct target *must_be_held(struct os_cap cap, const char *what)
{
    struct target *target = target_of(cap);
    if (!target)
        inproc_stop("capability %#x is %s, but it is not held any more", (unsigned)cap.id, what);
    return target;
}

void plat_cap_ref(struct os_cap cap)
{
    if (cap.id)
        target_ref(must_be_held(cap, "copied"), sched_self()->holder);
}

void plat_cap_unref(struct os_cap cap)
{
    if (cap.id)
        target_unref(must_be_held(cap, "dropped"), sched_self()->holder);
}

/* ---- messages */

os_err message_ref(const struct os_msg *msg)
{
    for (uint32_t i = 0; i < msg->ncaps; i++)
        if (msg->caps[i].id && !target_of(msg->caps[i]))
            return OS_ERR_BAD_CAP;
    for (uint32_t i = 0; i < msg->ncaps; i++)
        if (msg->caps[i].id)
            target_ref(target_of(msg->caps[i]), NULL);
    return OS_OK;
}

/* The handles of the message become the holder's; the number of them does not change. */
void message_take(const struct os_msg *msg, struct holder *holder)
{
    for (uint32_t i = 0; i < msg->ncaps; i++) {
        struct target *target = target_of(msg->caps[i]);
        if (target)
            ++*count_of(holder, slot_of(target));
    }
}

void message_drop(struct os_msg *msg)
{
    for (uint32_t i = 0; i < msg->ncaps; i++) {
        struct target *target = target_of(msg->caps[i]);
        if (target)
            target_unref(target, NULL);
    }
    msg->ncaps = 0;
}

/* What is beyond the message is filled with noise, so that nobody relies on it. */
void message_copy(struct os_msg *to, const struct os_msg *from)
{
    to->fingerprint = from->fingerprint;
    to->op = from->op;
    to->err = from->err;
    to->len = from->len;
    to->ncaps = from->ncaps;
    for (uint32_t i = 0; i < OS_MSG_CAPS; i++)
        to->caps[i] = i < from->ncaps ? from->caps[i] : (struct os_cap){ 0xdeadbeef };
    memcpy(to->data, from->data, from->len);
    memset(to->data + from->len, 0xa5, sizeof(to->data) - from->len);
}
