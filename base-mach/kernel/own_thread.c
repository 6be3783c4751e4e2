/* SPDX-License-Identifier: BSD-2-Clause */
/* own_thread.c: threads of programs that hold their task port: core, and tests without core. */
#include "stack_thread.h"

/* Lies at the end of the stack's memory. */
struct mach_own_thread {
    mach_port_t task, port;
    uint32_t memory, size; /* with the page that nobody may touch, at its beginning */
    struct mach_stack_thread *thread;
};

static uint32_t page_up(size_t size)
{
    return (uint32_t)((size + OS_PAGE_SIZE - 1) & ~(size_t)(OS_PAGE_SIZE - 1));
}

static mach_err make_stack(mach_port_t task, uint32_t size, uint32_t *memory)
{
    mach_err err = vm_allocate(task, memory, size, 1);
    if (err)
        return err;
    err = vm_protect(task, *memory, OS_PAGE_SIZE, 0, 0);
    if (err)
        vm_deallocate(task, *memory, size);
    return err;
}

static mach_err start(mach_port_t task, struct mach_own_thread *t)
{
    struct mach_thread_state state;
    mach_err err = thread_create(task, &t->port);
    if (err)
        return err;
    err = thread_get_state(t->port, &state);
    if (err)
        goto end;
    state.eip = (uint32_t)(uintptr_t)mach_stack_thread_start;
    state.uesp = (uint32_t)(uintptr_t)t->thread;
    err = thread_set_state(t->port, &state);
    if (!err)
        err = thread_resume(t->port);
    if (!err)
        return MACH_OK;
end:
    thread_terminate(t->port);
    mach_port_deallocate(task, t->port);
    return err;
}

os_err mach_own_thread_create(void (*entry)(void *arg), void *arg, size_t stack,
                              struct mach_own_thread **thread)
{
    mach_port_t task = mach_task_self();
    uint32_t memory;

    if (stack > INT32_MAX / 2)
        return OS_ERR_RAM;
    uint32_t size =
        OS_PAGE_SIZE + page_up(stack + sizeof(struct mach_stack_thread) + sizeof(struct mach_own_thread));
    if (make_stack(task, size, &memory))
        goto no_stack;
    struct mach_own_thread *t = (struct mach_own_thread *)(uintptr_t)(memory + size) - 1;
    *t = (struct mach_own_thread){ .task = task, .memory = memory, .size = size };
    t->thread = mach_stack_thread_prepare((void *)(uintptr_t)memory, size - sizeof(*t), entry, arg);
    if (start(task, t))
        goto no_thread;
    *thread = t;
    return OS_OK;

no_thread:
    vm_deallocate(task, memory, size);
    mach_port_deallocate(task, task);
    return OS_ERR_THREADS;
no_stack:
    mach_port_deallocate(task, task);
    return OS_ERR_RAM;
}

void mach_own_thread_join(struct mach_own_thread *thread)
{
    struct mach_own_thread t = *thread;

    mach_stack_thread_wait(t.thread);
    const mach_port_t ports[] = { t.thread->block.reply, t.thread->block.wake };
    thread_terminate(t.port);
    mach_port_deallocate(t.task, t.port);
    for (unsigned i = 0; i < OS_ARRAY_LEN(ports); i++)
        if (ports[i])
            mach_port_destroy(t.task, ports[i]);
    mach_stack_thread_fini(t.thread);
    vm_deallocate(t.task, t.memory, t.size);
    mach_port_deallocate(t.task, t.task);
}
