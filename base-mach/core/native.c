/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.c: what components ask of core because they have no right to their own task (native.h). A component
 * can harm itself with any of it, and nobody else: each operation works on its own name space and address
 * space, and what it was given is written down here, not believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { QUEUE_MAX = 16 };

static struct core_process *process_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct core_process, native);
}

/* ---- ports */

/* A receive right or port set that was made for a component, and charged. */
struct charged_name {
    struct os_list link;   /* process->names */
    struct os_list bucket; /* of those with the same hash */
    struct core_process *process;
    mach_port_t name;
};

enum { BUCKETS = 1024 };
static struct os_list buckets[BUCKETS];

static struct os_list *bucket_of(const struct core_process *process, mach_port_t name)
{
    struct os_list *bucket = &buckets[((uintptr_t)process / 64 + name) % BUCKETS];
    if (!bucket->next)
        os_list_init(bucket);
    return bucket;
}

static struct charged_name *find_name(const struct core_process *process, mach_port_t name)
{
    const struct os_list *bucket = bucket_of(process, name);
    OS_LIST_FOR_EACH (link, bucket) {
        struct charged_name *found = OS_CONTAINER_OF(link, struct charged_name, bucket);
        if (found->process == process && found->name == name)
            return found;
    }
    return NULL;
}

static void forget_name(struct charged_name *name)
{
    os_list_remove(&name->link);
    os_list_remove(&name->bucket);
    free(name);
}

void mach_native_forget(struct core_process *process)
{
    while (!os_list_empty(&process->names))
        forget_name(OS_CONTAINER_OF(process->names.next, struct charged_name, link));
}

/* For what is about to be made in PROCESS, charged. */
static os_err begin_name(struct core_process *process, struct charged_name **made)
{
    struct charged_name *name = malloc(sizeof(*name));
    if (!name)
        return OS_ERR_NO_MEMORY;
    os_err err = mach_process_charge(process, 0, 1);
    if (err) {
        free(name);
        return err;
    }
    name->process = process;
    *made = name;
    return OS_OK;
}

/*
 * It was made, unless ERR says something else. The component may have given away what it had under the same
 * name; what that was charged with stays so, for whoever has it now has it at this component's expense.
 */
static os_err finish_name(struct charged_name *made, os_err err, uint32_t *name)
{
    if (err) {
        mach_process_refund(made->process, 0, 1);
        free(made);
        return err;
    }
    os_list_insert(&made->process->names, &made->link);
    os_list_insert(bucket_of(made->process, made->name), &made->bucket);
    *name = made->name;
    return OS_OK;
}

static os_err native_port(struct os_rpc *rpc, uint32_t set, uint32_t payload, uint32_t limit, uint32_t *name)
{
    struct core_process *process = process_of(rpc);
    struct charged_name *made;
    if (!limit || limit > QUEUE_MAX)
        return OS_ERR_BAD_ARG;
    os_err err = begin_name(process, &made);
    if (err)
        return err;
    return finish_name(made, mach_ports_create(process->task, set, payload, limit, &made->name), name);
}

static os_err native_port_set(struct os_rpc *rpc, uint32_t *name)
{
    struct core_process *process = process_of(rpc);
    struct charged_name *made;
    os_err err = begin_name(process, &made);
    return err ? err : finish_name(made, mach_ports_create_set(process->task, &made->name), name);
}

static os_err native_destroy(struct os_rpc *rpc, uint32_t name)
{
    struct core_process *process = process_of(rpc);
    os_err err = mach_ports_destroy(process->task, name);
    struct charged_name *charged = err ? NULL : find_name(process, name);
    if (charged) {
        forget_name(charged);
        mach_process_refund(process, 0, 1);
    }
    return err;
}

static os_err native_holders(struct os_rpc *rpc, uint32_t name, uint32_t *any)
{
    int found;
    os_err err = mach_ports_holders(process_of(rpc)->task, name, &found);
    if (!err)
        *any = found != 0;
    return err;
}

/* Of what a component has from its start too: then it has it no more. */
static os_err native_release(struct os_rpc *rpc, uint32_t name, uint32_t count)
{
    return mach_ports_release(process_of(rpc)->task, name, count);
}

/* ---- memory */

static os_err native_unmap(struct os_rpc *rpc, uint32_t at, uint32_t size)
{
    return mach_memory_unmap(process_of(rpc), at, size);
}

static os_err native_attach(struct os_rpc *rpc, os_dataspace_cap ds, uint64_t offset, uint64_t size,
                            uint32_t writable, uint32_t *at, uint64_t *attached)
{
    return mach_memory_attach(process_of(rpc), ds, offset, size, writable != 0, at, attached);
}

static os_err native_detach(struct os_rpc *rpc, uint32_t at, uint64_t size)
{
    return mach_memory_detach(process_of(rpc), at, size);
}

/* ---- threads */

static os_err of_kernel(mach_err err)
{
    return !err ? OS_OK : err == KERN_RESOURCE_SHORTAGE ? OS_ERR_NO_MEMORY : OS_ERR_BAD_ARG;
}

os_err mach_thread_start(struct core_process *process, uint32_t entry, uint32_t stack, uint32_t arg,
                         mach_port_t *thread)
{
    struct mach_thread_state state;
    mach_port_t made;
    mach_err err = thread_create(process->task, &made);
    if (err)
        return of_kernel(err);
    err = thread_get_state(made, &state);
    if (!err) {
        state.eip = entry;
        state.uesp = stack;
        state.eax = arg;
        err = thread_set_state(made, &state);
    }
    if (!err)
        err = thread_resume(made);
    if (err) {
        (void)thread_terminate(made);
        (void)mach_port_deallocate(mach_core.task, made);
        return of_kernel(err);
    }
    *thread = made;
    return OS_OK;
}

static os_err native_thread(struct os_rpc *rpc, uint32_t entry, uint32_t stack, uint32_t *id)
{
    struct core_process *process = process_of(rpc);
    uint32_t free_id = 1;
    while (free_id < MACH_THREADS_MAX && process->threads[free_id])
        free_id++;
    if (free_id == MACH_THREADS_MAX)
        return OS_ERR_THREADS;
    os_err err = mach_process_charge(process, MACH_THREAD_RAM, 0);
    if (err)
        return err;
    err = mach_thread_start(process, entry, stack, 0, &process->threads[free_id]);
    if (err) {
        mach_process_refund(process, MACH_THREAD_RAM, 0);
        return err;
    }
    *id = free_id;
    return OS_OK;
}

/* The first thread ends with the component. */
static os_err native_end_thread(struct os_rpc *rpc, uint32_t id)
{
    struct core_process *process = process_of(rpc);
    if (!id || id >= MACH_THREADS_MAX || !process->threads[id])
        return OS_ERR_BAD_ARG;
    (void)thread_terminate(process->threads[id]);
    (void)mach_port_deallocate(mach_core.task, process->threads[id]);
    process->threads[id] = 0;
    mach_process_refund(process, MACH_THREAD_RAM, 0);
    return OS_OK;
}

/* ---- the rest */

static os_err native_alarm(struct os_rpc *rpc, uint32_t name, os_time when)
{
    return mach_alarm_set(process_of(rpc), name, when);
}

static void flush_line(struct core_process *process)
{
    core_log_line(process->pd->label, process->line, process->line_len);
    process->line_len = 0;
}

static os_err native_console(struct os_rpc *rpc, const void *text, size_t len)
{
    struct core_process *process = process_of(rpc);
    for (size_t i = 0; i < len; i++) {
        char c = ((const char *)text)[i];
        if (c != '\n')
            process->line[process->line_len++] = c;
        if (c == '\n' || process->line_len == sizeof(process->line) - 1)
            flush_line(process);
    }
    return OS_OK;
}

static os_err native_exit(struct os_rpc *rpc, int32_t status)
{
    char why[64];
    snprintf(why, sizeof(why), "exited with status %d", (int)(status & 0xff));
    mach_process_end(process_of(rpc), OS_PD_EXITED, status & 0xff, why);
    return OS_OK;
}

static const struct mach_native_ops ops = { .port = native_port,
                                            .port_set = native_port_set,
                                            .destroy = native_destroy,
                                            .holders = native_holders,
                                            .release = native_release,
                                            .unmap = native_unmap,
                                            .attach = native_attach,
                                            .detach = native_detach,
                                            .thread = native_thread,
                                            .end_thread = native_end_thread,
                                            .alarm = native_alarm,
                                            .console = native_console,
                                            .exit = native_exit };

/*
 * For one run: with its end the object is revoked, so that nobody else who has got the right asks for
 * something in the name of what is not there any more. The task gets its right when it is made.
 */
os_err mach_native_init(struct core_process *process)
{
    mach_native_cap cap;
    os_err err = mach_native_object_init(&process->native, &mach_core.ep, &ops, &cap);
    if (!err)
        os_cap_drop(cap.cap);
    return err;
}
