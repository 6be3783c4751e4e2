/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: the memory of dataspaces, and who uses it. It is freed when its maker has released it and neither
 * object nor attachment refers to it.
 */
#include <stdlib.h>

#include "internal.h"

struct inproc_memory {
    struct host_memory *host;
    uint64_t size;
    uint32_t users; /* maker, objects and attachments */
    void (*gone)(void *arg);
    void *arg;
};

struct region {
    struct os_list link;
    struct inproc_memory *memory;
    void *at;
    uint64_t size;
    struct holder *holder;
};

static struct os_list regions = { &regions, &regions };
static uint32_t memories;

uint32_t inproc_dataspaces_in_use(void)
{
    return memories;
}

uint32_t inproc_regions_in_use(void)
{
    uint32_t count = 0;
    OS_LIST_FOR_EACH (link, &regions)
        count += OS_CONTAINER_OF(link, struct region, link)->holder != &holder_mock;
    return count;
}

os_err inproc_memory_create(uint64_t size, void (*gone)(void *arg), void *arg, struct inproc_memory **memory)
{
    if (!size || size % OS_PAGE_SIZE)
        return OS_ERR_BAD_ARG;
    struct host_memory *host;
    os_err err = host_memory_create(size, &host);
    if (err)
        return err;
    *memory = inproc_zalloc(sizeof(**memory));
    **memory = (struct inproc_memory){ .host = host, .size = size, .users = 1, .gone = gone, .arg = arg };
    memories++;
    return OS_OK;
}

static void unuse(struct inproc_memory *memory)
{
    if (--memory->users)
        return;
    memories--;
    host_memory_destroy(memory->host);
    if (memory->gone)
        memory->gone(memory->arg);
    free(memory);
}

void inproc_memory_release(struct inproc_memory *memory)
{
    if (memory)
        unuse(memory);
}

uint32_t inproc_memory_attached(const struct inproc_memory *memory)
{
    uint32_t count = 0;
    OS_LIST_FOR_EACH (link, &regions)
        count += OS_CONTAINER_OF(link, struct region, link)->memory == memory;
    return count;
}

void memory_unbind(struct inproc_memory *memory)
{
    unuse(memory);
}

void inproc_memory_bind(struct inproc_memory *memory, struct os_cap cap, int writable)
{
    struct target *target = target_of(cap);
    if (!target || target->kind != TARGET_OBJECT || !target->ep)
        inproc_stop("memory is bound to what is no object");
    struct plat_object *object = OS_CONTAINER_OF(target, struct plat_object, target);
    object->memory = memory;
    object->writable = writable;
    memory->users++;
}

os_err memory_write(struct inproc_memory *memory, const void *data, size_t size)
{
    return host_memory_write(memory->host, data, size);
}

os_err plat_attach(struct os_cap ds, uint64_t offset, uint64_t size, int writable, void **at,
                   uint64_t *attached)
{
    struct target *target = target_of(ds);
    os_err err = fault_take(INPROC_FAIL_ATTACH);
    if (err)
        return err;
    if (!target || target->kind != TARGET_OBJECT)
        return OS_ERR_BAD_CAP;
    struct plat_object *object = OS_CONTAINER_OF(target, struct plat_object, target);
    struct inproc_memory *memory = object->memory;
    if (!target->ep)
        return object->gone;
    if (!memory)
        return OS_ERR_BAD_CAP;
    if (offset >= memory->size || size > memory->size - offset || offset % OS_PAGE_SIZE)
        return OS_ERR_BAD_ARG;
    if (writable && !object->writable)
        return OS_ERR_DENIED;
    if (!size)
        size = memory->size - offset;
    void *mapped;
    err = host_memory_map(memory->host, offset, size, writable, &mapped);
    if (err)
        return err;
    struct region *region = inproc_zalloc(sizeof(*region));
    *region = (struct region){ .memory = memory, .at = mapped, .size = size, .holder = sched_self()->holder };
    os_list_insert(&regions, &region->link);
    region->holder->regions++;
    memory->users++;
    *at = mapped;
    *attached = size;
    return OS_OK;
}

static void detach(struct region *region)
{
    os_list_remove(&region->link);
    region->holder->regions--;
    host_memory_unmap(region->at, region->size);
    unuse(region->memory);
    free(region);
}

void plat_detach(void *at, uint64_t size)
{
    OS_LIST_FOR_EACH (link, &regions) {
        struct region *region = OS_CONTAINER_OF(link, struct region, link);
        if (region->at == at && region->size == size) {
            detach(region);
            return;
        }
    }
    inproc_stop("%p is detached, but not attached", at);
}

void memory_detach_holder(struct holder *holder)
{
    OS_LIST_FOR_EACH_SAFE (link, &regions)
        if (OS_CONTAINER_OF(link, struct region, link)->holder == holder)
            detach(OS_CONTAINER_OF(link, struct region, link));
}
