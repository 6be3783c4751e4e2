/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c: what base-inproc needs, on Mach: see base-inproc/host.h. Threads are the kernel's, which does not
 * know whose turn it is, so tests of locks run in parallel here too. Memory is a memory object of the
 * loader's.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <host.h>
#include <mach_base/thread.h>
#include <kernel/stack_thread.h>

#include "bare.h"

static mach_port_t task(void)
{
    static mach_port_t self; /* set by any thread to rights under one and the same name */

    if (!self)
        self = mach_task_self();
    return self;
}

/* ---- the lock: nobody has it, one has it, one has it and others may wait; as in os/lib/thread.c */

enum { FREE, HELD, CONTENDED };

static _Atomic uint32_t lock;

void host_lock(void)
{
    uint32_t before = FREE;

    if (atomic_compare_exchange_strong(&lock, &before, HELD))
        return;
    while (atomic_exchange(&lock, CONTENDED) != FREE)
        mach_block(&lock, CONTENDED, OS_NEVER);
}

void host_unlock(void)
{
    if (atomic_exchange(&lock, FREE) == CONTENDED)
        mach_wake(&lock, 1);
}

/* ---- threads */

enum { SELF }; /* in mach_thread.private: what host_self returns */

struct host_thread {
    _Atomic uint32_t turn; /* 1: given, and not taken yet */
    struct mach_own_thread *own;
};

const char *host_thread_start(void (*main)(void *arg), void *arg, size_t stack, struct host_thread **thread)
{
    struct host_thread *made = calloc(1, sizeof(*made));
    if (!made)
        return "out of memory";
    if (mach_own_thread_create(main, arg, stack, &made->own)) {
        free(made);
        return "the kernel makes none";
    }
    *thread = made;
    return NULL;
}

/* The block of each thread but the first is a part of its mach_stack_thread. */
void host_thread_exit(void)
{
    mach_stack_thread_exit(OS_CONTAINER_OF(mach_thread(), struct mach_stack_thread, block));
}

void host_thread_join(struct host_thread *thread)
{
    mach_own_thread_join(thread->own);
    free(thread);
}

struct host_thread *host_thread_first(void)
{
    static struct host_thread first;
    return &first;
}

void host_turn_await(struct host_thread *me)
{
    host_unlock();
    mach_block(&me->turn, 0, OS_NEVER);
    host_lock();
    atomic_store(&me->turn, 0);
}

void host_turn_give(struct host_thread *thread)
{
    atomic_store(&thread->turn, 1);
    mach_wake(&thread->turn, 1);
}

void host_set_self(void *self)
{
    mach_thread()->private[SELF] = self;
}

void *host_self(void)
{
    return mach_thread()->private[SELF];
}

/* ---- memory */

struct host_memory {
    mach_port_t object;
    void *at; /* mapped as long as this exists: pages that nobody maps are lost */
    uint64_t size;
};

os_err host_memory_create(uint64_t size, struct host_memory **memory)
{
    os_err err = OS_ERR_NO_MEMORY;
    struct host_memory *made = calloc(1, sizeof(*made));
    if (!made)
        return err;
    made->size = size;
    made->object = size < INT32_MAX ? bare_memory() : MACH_PORT_NULL;
    if (made->object)
        err = host_memory_map(made, 0, size, 1, &made->at);
    if (err) {
        if (made->object)
            mach_port_deallocate(task(), made->object);
        free(made);
        return OS_ERR_NO_MEMORY;
    }
    *memory = made;
    return OS_OK;
}

void host_memory_destroy(struct host_memory *memory)
{
    host_memory_unmap(memory->at, memory->size);
    mach_port_deallocate(task(), memory->object);
    free(memory);
}

os_err host_memory_write(struct host_memory *memory, const void *data, size_t size)
{
    if (size > memory->size)
        return OS_ERR_IO;
    memcpy(memory->at, data, size);
    return OS_OK;
}

os_err host_memory_map(struct host_memory *memory, uint64_t offset, uint64_t size, int writable, void **at)
{
    uint32_t mapped = 0, protection = writable ? VM_READ | VM_WRITE : VM_READ;
    size = (size + OS_PAGE_SIZE - 1) & ~(uint64_t)(OS_PAGE_SIZE - 1);
    if (size > INT32_MAX || vm_map(task(), &mapped, (uint32_t)size, 1, memory->object, (uint32_t)offset, 0,
                                   protection, protection))
        return OS_ERR_RAM;
    *at = (void *)(uintptr_t)mapped;
    return OS_OK;
}

void host_memory_unmap(void *at, uint64_t size)
{
    vm_deallocate(task(), (uint32_t)(uintptr_t)at, (uint32_t)size);
}

/* ---- output */

void host_write(int fd, const char *text, size_t len)
{
    bare_say(BARE_OUTPUT, 0, 0, text, len);
}

const char *host_output_catch(void (*print)(int fd, const char *text, size_t len))
{
    static int is_unbuffered;

    fflush(NULL);
    if (!is_unbuffered)
        setvbuf(stdout, NULL, _IONBF, 0);
    is_unbuffered = 1;
    bare_printed = print;
    return NULL;
}

void host_output_release(void)
{
    fflush(NULL);
    bare_printed = NULL;
}
