/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c: threads of a component: made by core, on a stack from the component's own account. The page
 * before the stack belongs to nobody, so that an overflow is a fault.
 */
#include "../kernel/stack_thread.h"
#include "../transport/ports.h"
#include <platform/platform.h>
#include "runtime.h"

/* Lies at the end of the stack's memory. */
struct plat_thread {
    os_dataspace_cap ds;
    void *memory;
    uint64_t size;
    uint32_t id;
    struct mach_stack_thread *thread;
};

static os_err make_stack(size_t stack, os_dataspace_cap *ds, void **memory, uint64_t *size)
{
    uint64_t need = (uint64_t)stack + sizeof(struct mach_stack_thread) + sizeof(struct plat_thread);
    os_err err = os_ram_alloc(&runtime_env, need, ds);
    if (err)
        return err;
    err = plat_attach(ds->cap, 0, 0, 1, memory, size);
    if (err)
        os_ram_free(&runtime_env, *ds);
    return err;
}

os_err plat_thread_create(void (*entry)(void *arg), void *arg, size_t stack, struct plat_thread **thread)
{
    struct plat_thread made;
    os_err err = make_stack(stack, &made.ds, &made.memory, &made.size);
    if (err)
        return err;
    struct plat_thread *t = (struct plat_thread *)(void *)((char *)made.memory + made.size) - 1;
    made.thread =
        mach_stack_thread_prepare(made.memory, (size_t)((char *)t - (char *)made.memory), entry, arg);
    *t = made;
    err = mach_native_thread(runtime_native, (uint32_t)(uintptr_t)mach_stack_thread_start,
                             (uint32_t)(uintptr_t)t->thread, &t->id);
    if (err)
        goto free_stack;
    *thread = t;
    return OS_OK;

free_stack:
    plat_detach(made.memory, made.size);
    os_ram_free(&runtime_env, made.ds);
    return err;
}

static void destroy(mach_port_t port)
{
    if (port)
        ports_destroy(port);
}

void plat_thread_join(struct plat_thread *thread)
{
    struct plat_thread t = *thread;

    mach_stack_thread_wait(t.thread);
    os_err err = mach_native_end_thread(runtime_native, t.id);
    (void)err; /* core is gone, and so will this task be */
    destroy(t.thread->block.reply);
    destroy(t.thread->block.wake);
    mach_stack_thread_fini(t.thread);
    plat_detach(t.memory, t.size);
    os_ram_free(&runtime_env, t.ds);
}
