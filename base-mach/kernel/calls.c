/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.c: the kernel calls of kernel.h: number and arguments of each operation, in the order of its .defs
 * file. */
#include <mach_base/kernel.h>
#include "call.h"

/* The memory of an answer is this task's. */
static void drop(void *memory, uint32_t bytes)
{
    static mach_port_t self; /* set by any thread to rights under one and the same name */
    if (!self)
        self = mach_task_self();
    if (bytes)
        vm_deallocate(self, (uint32_t)(uintptr_t)memory, bytes);
}

/* ---- ports */

mach_err mach_port_allocate(mach_port_t task, uint32_t right, mach_port_t *name)
{
    return kernel_call(task, 3204, "i>i", right, name);
}

mach_err mach_port_destroy(mach_port_t task, mach_port_t name)
{
    return kernel_call(task, 3205, "n", name);
}

mach_err mach_port_deallocate(mach_port_t task, mach_port_t name)
{
    return kernel_call(task, 3206, "n", name);
}

mach_err mach_port_get_refs(mach_port_t task, mach_port_t name, uint32_t right, uint32_t *refs)
{
    return kernel_call(task, 3207, "ni>i", name, right, refs);
}

mach_err mach_port_mod_refs(mach_port_t task, mach_port_t name, uint32_t right, int32_t delta)
{
    return kernel_call(task, 3208, "nii", name, right, delta);
}

mach_err mach_port_set_qlimit(mach_port_t task, mach_port_t name, uint32_t limit)
{
    return kernel_call(task, 3210, "ni", name, limit);
}

mach_err mach_port_set_protected_payload(mach_port_t task, mach_port_t name, uint32_t payload)
{
    return kernel_call(task, 3221, "ni", name, payload);
}

mach_err mach_port_move_member(mach_port_t task, mach_port_t name, mach_port_t set)
{
    return kernel_call(task, 3213, "nn", name, set);
}

mach_err mach_port_request_notification(mach_port_t task, mach_port_t name, int32_t kind, uint32_t sync,
                                        mach_port_t notify, uint32_t notify_type, mach_port_t *previous)
{
    return kernel_call(task, 3214, "niir>p", name, kind, sync, notify, notify_type, previous);
}

mach_err mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right, uint32_t type)
{
    return kernel_call(task, 3215, "nr", name, right, type);
}

mach_err mach_port_extract_right(mach_port_t task, mach_port_t name, uint32_t type, mach_port_t *right)
{
    return kernel_call(task, 3216, "ni>p", name, type, right);
}

mach_err mach_port_get_receive_status(mach_port_t task, mach_port_t name, struct mach_port_status *status)
{
    uint32_t words = sizeof *status / 4;
    return kernel_call(task, 3217, "n>a", name, status, &words);
}

mach_err mach_port_names(mach_port_t task, mach_port_t *names, uint32_t *types, uint32_t *count)
{
    uint32_t *all_names, *all_types, names_bytes, types_bytes, room = *count;
    mach_err err = kernel_call(task, 3200, ">mm", &all_names, &names_bytes, &all_types, &types_bytes);
    if (err)
        return err;
    *count = names_bytes / 4 < room ? names_bytes / 4 : room;
    for (uint32_t i = 0; i < *count; i++) {
        names[i] = all_names[i];
        types[i] = all_types[i];
    }
    drop(all_names, names_bytes);
    drop(all_types, types_bytes);
    return MACH_OK;
}

mach_err mach_port_count(mach_port_t task, uint32_t *count)
{
    uint32_t *names, *types, names_bytes, types_bytes;
    mach_err err = kernel_call(task, 3200, ">mm", &names, &names_bytes, &types, &types_bytes);
    if (err)
        return err;
    *count = names_bytes / 4;
    drop(names, names_bytes);
    drop(types, types_bytes);
    return MACH_OK;
}

/* ---- memory */

mach_err vm_allocate(mach_port_t task, uint32_t *address, uint32_t size, int anywhere)
{
    return kernel_call(task, 2021, "iib>i", *address, size, anywhere, address);
}

mach_err vm_deallocate(mach_port_t task, uint32_t address, uint32_t size)
{
    return kernel_call(task, 2023, "ii", address, size);
}

mach_err vm_protect(mach_port_t task, uint32_t address, uint32_t size, int set_maximum, uint32_t protection)
{
    return kernel_call(task, 2024, "iibi", address, size, set_maximum, protection);
}

mach_err vm_map(mach_port_t task, uint32_t *address, uint32_t size, int anywhere, mach_port_t object,
                uint32_t offset, int copy, uint32_t protection, uint32_t max_protection)
{
    enum { MASK = 0, INHERIT_NONE = 2 };
    return kernel_call(task, 2089, "iiibpibiii>i", *address, size, MASK, anywhere, object, offset, copy,
                       protection, max_protection, INHERIT_NONE, address);
}

mach_err vm_write(mach_port_t task, uint32_t address, const void *data, uint32_t size)
{
    return kernel_call(task, 2027, "im", address, data, size);
}

mach_err vm_read(mach_port_t task, uint32_t address, uint32_t size, void **data)
{
    uint32_t bytes;
    return kernel_call(task, 2026, "ii>m", address, size, data, &bytes);
}

mach_err vm_statistics(mach_port_t task, struct mach_vm_statistics *statistics)
{
    uint32_t words = sizeof *statistics / 4;
    return kernel_call(task, 2030, ">a", statistics, &words);
}

mach_err memory_object_ready(mach_port_t control, int may_cache, uint32_t copy_strategy)
{
    return kernel_call(control, 2094, "!bi", may_cache, copy_strategy);
}

mach_err memory_object_data_unavailable(mach_port_t control, uint32_t offset, uint32_t size)
{
    return kernel_call(control, 2039, "!ii", offset, size);
}

mach_err memory_object_data_error(mach_port_t control, uint32_t offset, uint32_t size, mach_err error)
{
    return kernel_call(control, 2090, "!iii", offset, size, error);
}

mach_err memory_object_data_supply(mach_port_t control, uint32_t offset, void *data, uint32_t size,
                                   int precious)
{
    return kernel_call(control, 2093, "!igibr", offset, data, size, 0, precious, MACH_PORT_NULL,
                       MACH_TYPE_MAKE_SEND_ONCE);
}

mach_err memory_object_destroy(mach_port_t control, mach_err reason)
{
    return kernel_call(control, 2092, "!i", reason);
}

/* ---- tasks and threads */

mach_err task_create(mach_port_t parent, int inherit, mach_port_t *task)
{
    return kernel_call(parent, 2007, "b>p", inherit, task);
}

mach_err task_terminate(mach_port_t task)
{
    return kernel_call(task, 2008, "");
}

mach_err task_set_special_port(mach_port_t task, uint32_t which, mach_port_t port)
{
    return kernel_call(task, 2059, "ip", which, port);
}

mach_err task_virtual_size(mach_port_t task, uint32_t *size)
{
    enum { BASIC_INFO = 1, VIRTUAL_SIZE = 2, WORDS = 10 };
    uint32_t info[WORDS], words = WORDS;
    mach_err err = kernel_call(task, 2012, "ii>a", BASIC_INFO, words, info, &words);
    if (!err)
        *size = info[VIRTUAL_SIZE];
    return err;
}

mach_err task_threads_count(mach_port_t task, uint32_t *count)
{
    mach_port_t *threads, self;
    uint32_t bytes;
    mach_err err = kernel_call(task, 2011, ">m", &threads, &bytes);
    if (err)
        return err;
    self = mach_task_self();
    *count = bytes / 4;
    for (uint32_t i = 0; i < *count; i++)
        mach_port_deallocate(self, threads[i]);
    mach_port_deallocate(self, self);
    drop(threads, bytes);
    return MACH_OK;
}

mach_err thread_wire(mach_port_t host, int wired)
{
    mach_port_t thread = mach_thread_self(), self = mach_task_self();
    mach_err err = kernel_call(host, 2637, "pb", thread, wired);
    mach_port_deallocate(self, thread);
    mach_port_deallocate(self, self);
    return err;
}

mach_err thread_create(mach_port_t task, mach_port_t *thread)
{
    return kernel_call(task, 2061, ">p", thread);
}

mach_err thread_terminate(mach_port_t thread)
{
    return kernel_call(thread, 2016, "");
}

mach_err thread_resume(mach_port_t thread)
{
    return kernel_call(thread, 2063, "");
}

mach_err thread_suspend(mach_port_t thread)
{
    return kernel_call(thread, 2062, "");
}

enum { REGISTERS_AND_SEGMENTS = 1, STATE_WORDS = sizeof(struct mach_thread_state) / 4 };

mach_err thread_get_state(mach_port_t thread, struct mach_thread_state *state)
{
    uint32_t words = STATE_WORDS;
    return kernel_call(thread, 2017, "ii>a", REGISTERS_AND_SEGMENTS, words, state, &words);
}

mach_err thread_set_state(mach_port_t thread, const struct mach_thread_state *state)
{
    return kernel_call(thread, 2018, "ia", REGISTERS_AND_SEGMENTS, state, STATE_WORDS);
}

/* ---- the machine */

mach_err device_open(mach_port_t device, uint32_t mode, const char *name, mach_port_t *opened)
{
    return kernel_call(device, 2800, "is>p", mode, name, opened);
}

mach_err device_write_inband(mach_port_t opened, const void *data, uint32_t size)
{
    uint32_t written;
    return kernel_call(opened, 2803, "iic>i", 0, 0, data, size, &written);
}

mach_err device_read(mach_port_t opened, uint32_t record, uint32_t size, void **data, uint32_t *read)
{
    return kernel_call(opened, 2804, "iii>m", 0, record, size, data, read);
}

mach_err device_read_request_inband(mach_port_t opened, mach_port_t reply, uint32_t record, uint32_t size)
{
    return kernel_call_at(reply, opened, 2805, "!iii", 0, record, size);
}

mach_err device_set_status(mach_port_t opened, uint32_t flavor, const uint32_t *status, uint32_t count)
{
    return kernel_call(opened, 2810, "ia", flavor, status, count);
}

mach_err device_get_status(mach_port_t opened, uint32_t flavor, uint32_t *status, uint32_t *count)
{
    return kernel_call(opened, 2811, "ii>a", flavor, *count, status, count);
}

mach_err device_map(mach_port_t opened, uint32_t protection, uint32_t offset, uint32_t size,
                    mach_port_t *object)
{
    return kernel_call(opened, 2809, "iiii>p", protection, offset, size, 0, object);
}

mach_err device_intr_register(mach_port_t irq_device, uint32_t number, uint32_t flags, mach_port_t notify)
{
    return kernel_call(irq_device, 2813, "iir", number, flags, notify, MACH_TYPE_MAKE_SEND);
}

mach_err device_intr_ack(mach_port_t irq_device, mach_port_t notify)
{
    return kernel_call(irq_device, 2814, "r", notify, MACH_TYPE_MAKE_SEND);
}

mach_err i386_io_perm_create(mach_port_t device, uint32_t from, uint32_t to, mach_port_t *perm)
{
    return kernel_call(device, 3805, "hh>p", from, to, perm);
}

mach_err i386_io_perm_modify(mach_port_t task, mach_port_t perm, int enable)
{
    return kernel_call(task, 3806, "pb", perm, enable);
}

mach_err host_reboot(mach_port_t host, uint32_t options)
{
    return kernel_call(host, 2635, "i", options);
}
