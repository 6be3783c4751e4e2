/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cap.c: handles. The id of a handle is the name of a send right, and the kernel has one name for all rights
 * to one port in a task; so equal capabilities are equal handles, and those of own objects are found by name.
 * Each receipt of a right adds a reference in the kernel. They are given back together with the last handle,
 * because that costs a component a call.
 *
 * The kernel gives out the lowest free name, so a table by name is dense. Its first part is static, because a
 * component's memory comes by calls that bring capabilities; for the same reason there is a spare part.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include "internal.h"

enum { CHUNK = CAP_CHUNK, CHUNKS = 128, MANY = 1000 };

struct cap_entry cap_first[CHUNK];
int cap_wants_spare;
static struct cap_entry *chunks[CHUNKS] = { cap_first }, *spare;
static _Atomic uint32_t locked;

/* Held for a few instructions; who finds it taken, on the one processor, lets its holder run. */
static void lock(void)
{
    while (atomic_exchange_explicit(&locked, 1, memory_order_acquire))
        mach_yield(0);
}

static void unlock(void)
{
    atomic_store_explicit(&locked, 0, memory_order_release);
}

struct cap_entry *cap_far_entry(mach_port_t name)
{
    struct cap_entry *chunk = name < CHUNK * CHUNKS ? chunks[name / CHUNK] : NULL;
    return chunk ? &chunk[name % CHUNK] : NULL;
}

void cap_prepare(void)
{
    struct cap_entry *made = spare ? NULL : calloc(CHUNK, sizeof *made);
    lock();
    if (!spare) {
        spare = made;
        made = NULL;
    }
    cap_wants_spare = !spare;
    unlock();
    free(made);
}

int cap_room(mach_port_t name, int may_allocate)
{
    if (cap_entry(name))
        return 1;
    if (name >= CHUNK * CHUNKS)
        return 0;
    if (may_allocate)
        cap_prepare();
    lock();
    if (!chunks[name / CHUNK]) {
        chunks[name / CHUNK] = spare;
        spare = NULL;
        cap_wants_spare = 1;
    }
    unlock();
    return cap_entry(name) != NULL;
}

/* Counts a reference of ENTRY, under the lock; how many are to be given back, because the kernel's counter
 * has an end. */
static uint32_t gain(struct cap_entry *entry)
{
    if (++entry->references <= MANY)
        return 0;
    uint32_t surplus = entry->references - 1;
    entry->references = 1;
    return surplus;
}

os_err cap_receive(mach_port_t name, struct os_cap *cap)
{
    cap->id = name;
    if (!name || name == MACH_PORT_DEAD)
        return OS_OK;
    if (name > CHUNK / 2 && !spare)
        cap_wants_spare = 1; /* before it is needed */
    if (!cap_room(name, 0)) {
        ports_release(name, 1);
        return OS_ERR_HANDLES;
    }
    struct cap_entry *entry = cap_entry(name);
    lock();
    entry->handles++;
    uint32_t surplus = gain(entry);
    unlock();
    if (surplus)
        ports_release(name, surplus);
    return OS_OK;
}

struct os_cap transport_cap(mach_port_t name)
{
    struct os_cap cap;
    cap_room(name, 1);
    return cap_receive(name, &cap) ? OS_NO_CAP : cap;
}

void cap_regained(mach_port_t name)
{
    struct cap_entry *entry = cap_entry(name);
    uint32_t surplus = 1;
    if (!name || name == MACH_PORT_DEAD)
        return;
    if (entry) {
        lock();
        if (entry->handles)
            surplus = gain(entry);
        unlock();
    }
    if (surplus)
        ports_release(name, surplus);
}

int cap_spend(mach_port_t name)
{
    struct cap_entry *entry = cap_entry(name);
    int spent = 0;
    if (!entry)
        return 0;
    lock();
    if (entry->references > 1) {
        entry->references--;
        spent = 1;
    }
    unlock();
    return spent;
}

void plat_cap_ref(struct os_cap cap)
{
    struct cap_entry *entry = cap_entry(cap.id);
    if (!entry)
        return;
    lock();
    if (entry->handles)
        entry->handles++;
    unlock();
}

void plat_cap_unref(struct os_cap cap)
{
    struct cap_entry *entry = cap_entry(cap.id);
    uint32_t references = 0;
    if (!entry)
        return;
    lock();
    if (entry->handles && !--entry->handles) {
        references = entry->references;
        entry->references = 0;
    }
    unlock();
    if (references)
        ports_release(cap.id, references);
}

/* ---- own objects */

void cap_bind(mach_port_t name, struct plat_object *object)
{
    struct cap_entry *entry = cap_entry(name);
    lock();
    if (entry)
        entry->object = object;
    unlock();
}

os_err cap_own_object_error(struct os_cap cap)
{
    const struct cap_entry *entry = cap_entry(cap.id);
    os_err err = OS_OK;
    lock();
    if (entry->object && entry->object->revoked)
        err = OS_ERR_REVOKED;
    else if (entry->object && entry->object->ep->thread == mach_thread())
        err = OS_ERR_DEADLOCK;
    unlock();
    return err;
}

void *plat_object_find(struct plat_ep *ep, struct os_cap cap)
{
    struct cap_entry *entry = cap_entry(cap.id);
    void *key = NULL;
    if (!entry)
        return NULL;
    lock();
    if (entry->handles && entry->object && entry->object->ep == ep && !entry->object->revoked)
        key = entry->object->key;
    unlock();
    return key;
}
