/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: the memory behind dataspaces, and where components have it attached. Only core can map anything
 * into a component, so it knows all attachments, and which was the last.
 *
 * What it costs core and the kernel to have something attached is charged to the component: a fixed sum for
 * the entry in the task's map and the structure here, and a page for each page table that it is the first to
 * need. The kernel gives page tables back when the task ends, so that is when they are refunded.
 */
#include <stdlib.h>

#include <platform/platform.h>

#include "internal.h"
#include "pager.h"

enum {
    ATTACHMENT_COST = 256,    /* bytes */
    TABLE_SIZE = 4096 * 1024, /* that one page table maps */
    GUARD = OS_PAGE_SIZE,     /* at least, between any two attachments */
    SEARCH_STEP = 64 * 1024,  /* when the kernel has something else there; then twice as far, and so on */
};
#define ATTACH_FIRST UINT32_C(0x20000000)
#define ATTACH_END   UINT32_C(0xb0000000)
#define USER_END     UINT32_C(0xc0000000)
#define SIZE_MAX_ONE OS_MIB(1024) /* of one dataspace; core has all of them mapped */

struct core_memory {
    struct core_ds *ds;         /* whose memory it is */
    struct os_list attachments; /* attachment.of_memory */
    uint32_t size;              /* bytes, whole pages */
    uint32_t at;                /* in core; 0: not mapped */
    mach_port_t object;         /* the pager's receive right and a send right, or a device's send right */
    mach_port_t control;        /* 0: a device's */
};

struct attachment {
    struct os_list link; /* of the process, or of core's own */
    struct os_list of_memory;
    struct core_memory *memory;
    uint32_t at, size;
    uint32_t cost; /* bytes charged, without page tables */
};

static struct os_list own = { &own, &own }; /* what core itself has attached */

/* ---- memory */

os_err mach_memory_init(void)
{
    os_err err = mach_shortage_init();
    return err ? err : pager_init();
}

/*
 * The kernel begins to page out when less than 6 % of the memory above 16 MiB or 600 pages of that below are
 * free, and does not stop before it is 10 % or 1000 pages. It has nowhere to page out to, so it must never
 * begin. What is not given away is also what the kernel needs for ports, messages and threads.
 */
uint64_t mach_memory_available(void)
{
    enum { LOW_PAGES = 4096, LOW_RESERVE = 1000, KERNEL_RESERVE = 1024 };
    struct mach_vm_statistics statistics;
    if (vm_statistics(mach_core.task, &statistics))
        return 0;
    uint32_t all =
        statistics.free_count + statistics.active_count + statistics.inactive_count + statistics.wire_count;
    uint32_t high = all > LOW_PAGES ? all - LOW_PAGES : 0;
    uint32_t reserve = high / 10 + LOW_RESERVE + KERNEL_RESERVE;
    return statistics.free_count > reserve ? (uint64_t)(statistics.free_count - reserve) * OS_PAGE_SIZE : 0;
}

static struct core_memory *new_memory(struct core_ds *ds, uint32_t size)
{
    struct core_memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return NULL;
    memory->ds = ds;
    memory->size = size;
    os_list_init(&memory->attachments);
    return memory;
}

os_err core_plat_memory_create(struct core_ds *ds, uint64_t size, struct core_memory **memory)
{
    if (size > SIZE_MAX_ONE)
        return OS_ERR_NO_MEMORY;
    struct core_memory *made = new_memory(ds, (uint32_t)size);
    if (!made)
        return OS_ERR_NO_MEMORY;
    os_err err = pager_create(made->size, &made->object, &made->control, &made->at);
    if (err) {
        free(made);
        return err;
    }
    *memory = made;
    return OS_OK;
}

os_err mach_memory_device(struct core_ds *ds, mach_port_t object, uint64_t size, struct core_memory **memory)
{
    if (size > SIZE_MAX_ONE || size % OS_PAGE_SIZE || !size)
        return OS_ERR_BAD_ARG;
    struct core_memory *made = new_memory(ds, (uint32_t)size);
    if (!made)
        return OS_ERR_NO_MEMORY;
    made->object = object;
    *memory = made;
    return OS_OK;
}

void core_plat_memory_destroy(struct core_memory *memory)
{
    if (memory->control)
        pager_destroy(memory->object, memory->control, memory->at, memory->size);
    else
        mach_port_deallocate(mach_core.task, memory->object);
    free(memory);
}

int core_plat_memory_attached(struct core_memory *memory)
{
    return !os_list_empty(&memory->attachments);
}

void *mach_memory_at(const struct core_memory *memory)
{
    return (void *)(uintptr_t)memory->at;
}

void mach_memory_seal(struct core_memory *memory)
{
    vm_protect(mach_core.task, memory->at, memory->size, 1, VM_READ);
}

/* ---- attachments */

/* Whether SIZE bytes (0: all that there are) from OFFSET are within MEMORY; then *BYTES is their number. */
static os_err check_range(const struct core_memory *memory, uint64_t offset, uint64_t size, uint32_t *bytes)
{
    if (offset % OS_PAGE_SIZE || offset >= memory->size)
        return OS_ERR_BAD_ARG;
    uint32_t rest = memory->size - (uint32_t)offset;
    if (size > rest)
        return OS_ERR_BAD_ARG;
    *bytes = size ? ((uint32_t)size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE : rest;
    return OS_OK;
}

static struct attachment *new_attachment(struct core_memory *memory, uint32_t size)
{
    struct attachment *made = calloc(1, sizeof(*made));
    if (!made)
        return NULL;
    made->memory = memory;
    made->size = size;
    os_list_init(&made->link);
    os_list_insert(&memory->attachments, &made->of_memory);
    return made;
}

/* It is not mapped any more. Its memory may be gone when this returns. */
static void free_attachment(struct attachment *attachment)
{
    struct core_memory *memory = attachment->memory;
    os_list_remove(&attachment->link);
    os_list_remove(&attachment->of_memory);
    free(attachment);
    if (os_list_empty(&memory->attachments))
        core_ds_detached(memory->ds);
}

/*
 * The first gap of PROCESS from FROM on that takes SIZE bytes with a hole before and after; 0 if there is
 * none. *NEXT is the attachment behind it.
 */
static uint32_t find_gap(struct core_process *process, uint32_t from, uint32_t size, struct os_list **next)
{
    uint32_t at = from;
    OS_LIST_FOR_EACH (link, &process->attachments) {
        const struct attachment *other = OS_CONTAINER_OF(link, struct attachment, link);
        *next = link;
        if (other->at >= at && other->at - at >= size + GUARD)
            return at;
        if (other->at + other->size + GUARD > at)
            at = other->at + other->size + GUARD;
    }
    *next = &process->attachments;
    return at < ATTACH_END && ATTACH_END - at >= size ? at : 0;
}

/* Marks the page tables that an attachment needs, and returns how many of them nothing needed so far. */
static uint32_t mark_tables(struct core_process *process, uint32_t at, uint32_t size)
{
    uint32_t count = 0;
    for (uint32_t table = at / TABLE_SIZE; table <= (at + size - 1) / TABLE_SIZE; table++) {
        uint32_t bit = 1u << table % 32;
        count += !(process->tables[table / 32] & bit);
        process->tables[table / 32] |= bit;
    }
    return count;
}

static uint32_t count_tables(const struct core_process *process, uint32_t at, uint32_t size)
{
    uint32_t count = 0;
    for (uint32_t table = at / TABLE_SIZE; table <= (at + size - 1) / TABLE_SIZE; table++)
        count += !(process->tables[table / 32] & 1u << table % 32);
    return count;
}

/* Maps ATTACHMENT where the process has room, at its expense, and lists it there. */
static os_err place(struct core_process *process, struct attachment *attachment, uint32_t offset,
                    uint32_t protection)
{
    uint32_t size = attachment->size, at = ATTACH_FIRST, step = SEARCH_STEP;
    struct os_list *next;
    for (;;) {
        at = find_gap(process, at, size, &next);
        if (!at)
            return OS_ERR_RAM;
        uint32_t cost = ATTACHMENT_COST + count_tables(process, at, size) * OS_PAGE_SIZE;
        os_err err = mach_process_charge(process, cost, 0);
        if (err)
            return err;
        mach_err failed = vm_map(process->task, &at, size, 0, attachment->memory->object, offset, 0,
                                 protection, protection);
        if (!failed)
            break;
        mach_process_refund(process, cost, 0);
        if (failed != KERN_NO_SPACE)
            return OS_ERR_RAM;
        at = at < ATTACH_END - step ? at + step : ATTACH_END; /* memory that came out of line is there */
        step = step < ATTACH_FIRST ? 2 * step : step;
    }
    attachment->at = at;
    attachment->cost = ATTACHMENT_COST;
    mark_tables(process, at, size);
    os_list_insert(next, &attachment->link);
    return OS_OK;
}

/* The checks of an attachment of FOUND, NULL if there is no such dataspace, and its structure, which has no
 * place yet. */
static os_err begin_attachment(struct core_ds *found, int denied, uint64_t offset, uint64_t size,
                               struct attachment **made)
{
    uint32_t bytes;
    if (!found)
        return OS_ERR_BAD_CAP;
    if (denied)
        return OS_ERR_DENIED;
    os_err err = check_range(found->memory, offset, size, &bytes);
    if (err)
        return err;
    *made = new_attachment(found->memory, bytes);
    return *made ? OS_OK : OS_ERR_NO_MEMORY;
}

os_err mach_memory_attach(struct core_process *process, os_dataspace_cap ds, uint64_t offset, uint64_t size,
                          int writable, uint32_t *at, uint64_t *attached)
{
    int may_write;
    struct attachment *made;
    struct core_ds *found = core_ds_of(&mach_core.core, ds, &may_write);
    os_err err = begin_attachment(found, writable && !may_write, offset, size, &made);
    if (err)
        return err;
    err = place(process, made, (uint32_t)offset, writable ? VM_READ | VM_WRITE : VM_READ);
    if (err) {
        os_list_remove(&made->of_memory); /* and whoever asks holds the dataspace */
        free(made);
        return err;
    }
    *at = made->at;
    *attached = made->size;
    return OS_OK;
}

os_err mach_memory_map_text(struct core_process *process, struct core_memory *memory, uint64_t offset,
                            uint32_t size, uint32_t at)
{
    uint32_t bytes;
    os_err err = check_range(memory, offset, size, &bytes);
    if (err)
        return err;
    struct attachment *made = new_attachment(memory, bytes);
    if (!made)
        return OS_ERR_NO_MEMORY;
    if (vm_map(process->task, &at, bytes, 0, memory->object, (uint32_t)offset, 0, VM_READ | VM_EXECUTE,
               VM_READ | VM_EXECUTE)) {
        os_list_remove(&made->of_memory);
        free(made);
        return OS_ERR_NO_MEMORY;
    }
    made->at = at;
    struct os_list *next = process->attachments.next;
    while (next != &process->attachments && OS_CONTAINER_OF(next, struct attachment, link)->at < at)
        next = next->next;
    os_list_insert(next, &made->link);
    return OS_OK;
}

static struct attachment *find(struct os_list *list, uint32_t at)
{
    OS_LIST_FOR_EACH (link, list) {
        struct attachment *attachment = OS_CONTAINER_OF(link, struct attachment, link);
        if (attachment->at == at)
            return attachment;
    }
    return NULL;
}

/* What costs nothing is the program's text, which stays. */
os_err mach_memory_detach(struct core_process *process, uint32_t at, uint64_t size)
{
    struct attachment *attachment = find(&process->attachments, at);
    if (!attachment || attachment->size != size || !attachment->cost)
        return OS_ERR_BAD_ARG;
    vm_deallocate(process->task, at, attachment->size);
    mach_process_refund(process, attachment->cost, 0);
    free_attachment(attachment);
    return OS_OK;
}

os_err mach_memory_unmap(struct core_process *process, uint32_t at, uint32_t size)
{
    uint32_t last = at + (size - 1);
    if (!size || last < at || last >= USER_END)
        return OS_ERR_BAD_ARG;
    OS_LIST_FOR_EACH (link, &process->attachments) {
        const struct attachment *attachment = OS_CONTAINER_OF(link, struct attachment, link);
        if (attachment->at <= last && attachment->at + (attachment->size - 1) >= at)
            return OS_ERR_BAD_ARG;
    }
    return vm_deallocate(process->task, at, size) ? OS_ERR_BAD_ARG : OS_OK;
}

void mach_memory_forget(struct core_process *process)
{
    if (process->task)
        vm_deallocate(process->task, 0, USER_END);
    while (!os_list_empty(&process->attachments))
        free_attachment(OS_CONTAINER_OF(process->attachments.next, struct attachment, link));
    for (unsigned i = 0; i < OS_ARRAY_LEN(process->tables); i++)
        process->tables[i] = 0;
}

uint64_t mach_memory_attached(const struct core_process *process)
{
    uint64_t size = 0;
    OS_LIST_FOR_EACH (link, &process->attachments)
        size += OS_CONTAINER_OF(link, struct attachment, link)->size;
    return size;
}

/* ---- core's own attachments: core has all memory mapped anyway */

os_err plat_attach(struct os_cap ds, uint64_t offset, uint64_t size, int writable, void **at,
                   uint64_t *attached)
{
    int may_write;
    struct attachment *made;
    struct core_ds *found = core_ds_of(&mach_core.core, (os_dataspace_cap){ ds }, &may_write);
    if (found && !found->memory->at)
        return OS_ERR_BAD_CAP;
    os_err err = begin_attachment(found, writable && !may_write, offset, size, &made);
    if (err)
        return err;
    made->at = found->memory->at + (uint32_t)offset;
    os_list_insert(&own, &made->link);
    *at = (void *)(uintptr_t)made->at;
    *attached = made->size;
    return OS_OK;
}

void plat_detach(void *at, uint64_t size)
{
    struct attachment *attachment = find(&own, (uint32_t)(uintptr_t)at);
    (void)size;
    if (attachment)
        free_attachment(attachment);
}
