/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c: a component's task, from the program that is loaded into it to its end, with all that was
 * charged for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/session.h>

#include "internal.h"

/*
 * Where things are in a component's address space, above its program and what it attaches. Around the stack
 * are holes that nothing else gets.
 */
#define STACK_SIZE OS_KIB(256)
#define STACK_AT   0xbf000000u
#define HOLE_SIZE  0x00010000u
#define STARTUP_AT (STACK_AT + (uint32_t)STACK_SIZE + HOLE_SIZE)

/* What the kernel needs for a task and its page tables. */
#define TASK_RAM OS_KIB(32)

/* The task, its exception port, its native object; and the rights that it starts with. */
#define PROCESS_CAPS 4u

/* Names of these rights in the component's name space. */
enum { NAME_PARENT = 1, NAME_PD, NAME_NATIVE };

#define CREATE_RAM (STACK_SIZE + OS_PAGE_SIZE + TASK_RAM + MACH_THREAD_RAM)

struct os_list mach_processes = { &mach_processes, &mach_processes };

os_err mach_process_charge(struct core_process *process, uint64_t ram, uint32_t caps)
{
    os_err err = core_account_charge(process->pd->session.account, ram, caps);
    if (err)
        return err;
    process->ram += ram;
    process->caps += caps;
    return OS_OK;
}

void mach_process_refund(struct core_process *process, uint64_t ram, uint32_t caps)
{
    process->ram -= ram;
    process->caps -= caps;
    core_account_refund(process->pd->session.account, ram, caps);
}

/* ---- what others are told: later, because they are in the middle of something */

static void tell(struct os_alarm *alarm)
{
    struct core_process *process = OS_CONTAINER_OF(alarm, struct core_process, telling);
    if (!process->told) {
        process->told = 1;
        if (process->state == PROCESS_ENDED)
            os_alarm_set(&mach_core.ep, alarm, os_clock_now());
        core_pd_started(process->pd, OS_OK, "");
        return;
    }
    core_pd_ended(process->pd, process->end, process->code, process->why);
}

static void tell_soon(struct core_process *process)
{
    os_alarm_set(&mach_core.ep, &process->telling, os_clock_now());
}

/* ---- making and ending */

/* Profiles select what an ambient authority is cut down to; here there is none, so all are the same. */
static os_err read_args(const char *args)
{
    char value[32] = "";
    os_err err = os_args_get(args, "profile", value, sizeof(value));
    if (err && err != OS_ERR_NOT_FOUND)
        return OS_ERR_BAD_ARG;
    *value = 0;
    err = os_args_get(args, "sandbox", value, sizeof(value));
    if ((err && err != OS_ERR_NOT_FOUND) || (*value && strcmp(value, "required") != 0))
        return OS_ERR_BAD_ARG;
    return OS_OK;
}

os_err core_plat_process_create(struct core_pd *pd, const char *args, struct core_process **process)
{
    struct core_account *account = pd->session.account;
    os_err err = read_args(args);
    if (err)
        return err;
    err = core_account_charge(account, CREATE_RAM, PROCESS_CAPS);
    if (err)
        return err;
    struct core_process *made = calloc(1, sizeof(*made));
    if (!made) {
        err = OS_ERR_NO_MEMORY;
        goto refund;
    }
    made->pd = pd;
    made->telling.handle = tell;
    os_list_init(&made->attachments);
    os_list_init(&made->names);
    os_list_insert(&mach_processes, &made->link);
    *process = made;
    return OS_OK;

refund:
    core_account_refund(account, CREATE_RAM, PROCESS_CAPS);
    return err;
}

static void drop_right(mach_port_t *name)
{
    if (*name)
        (void)mach_port_deallocate(mach_core.task, *name);
    *name = 0;
}

/* Ends the task, if there is one, and gives back what the run had. Its threads first: they have the memory.
 */
static void end_run(struct core_process *process)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(process->threads); i++) {
        if (process->threads[i])
            (void)thread_terminate(process->threads[i]);
        drop_right(&process->threads[i]);
    }
    mach_alarm_forget(process);
    mach_memory_forget(process);
    if (process->task)
        (void)task_terminate(process->task);
    drop_right(&process->task);
    if (process->exceptions.port)
        transport_unwatch(&process->exceptions);
    process->exceptions.port = 0;
    os_object_fini(&process->native);
    mach_native_forget(process);
    mach_process_refund(process, process->ram, process->caps);
}

void core_plat_process_destroy(struct core_process *process)
{
    end_run(process);
    os_alarm_clear(&process->telling);
    os_list_remove(&process->link);
    core_account_refund(process->pd->session.account, CREATE_RAM, PROCESS_CAPS);
    free(process);
}

void mach_process_end(struct core_process *process, enum os_pd_state end, int32_t code, const char *why)
{
    if (process->state != PROCESS_RUNNING)
        return;
    process->state = PROCESS_ENDED;
    process->end = end;
    process->code = code;
    snprintf(process->why, sizeof(process->why), "%s", why);
    if (process->line_len)
        core_log_line(process->pd->label, process->line, process->line_len);
    process->line_len = 0;
    end_run(process);
    tell_soon(process);
}

/* They are messages between ports, of which core knows nothing. */
os_err core_plat_process_calls(struct core_process *process, uint64_t *calls)
{
    (void)process;
    (void)calls;
    return OS_ERR_UNSUPPORTED;
}

void core_plat_process_kill(struct core_process *process)
{
    enum { SIGKILL = 9 }; /* as other platforms number this reason */
    mach_process_end(process, OS_PD_KILLED, SIGKILL, "killed");
}

/* ---- starting */

static void exception_received(struct transport_watch *watch, struct mach_header *msg)
{
    struct core_process *process = OS_CONTAINER_OF(watch, struct core_process, exceptions);
    char why[sizeof(process->why)];
    int32_t code;
    int ours = mach_fault_describe(process, msg, &code, &why);
    transport_discard(msg);
    if (ours)
        mach_process_end(process, OS_PD_FAULT, code, why);
}

/* The same, when the kernel had no time for the payload. */
static void exception_named(struct mach_header *msg)
{
    OS_LIST_FOR_EACH (link, &mach_processes) {
        struct core_process *process = OS_CONTAINER_OF(link, struct core_process, link);
        if (process->exceptions.port && process->exceptions.port == msg->local) {
            exception_received(&process->exceptions, msg);
            return;
        }
    }
    transport_discard(msg);
}

static os_err of_kernel(mach_err err)
{
    return !err                                                    ? OS_OK
           : err == KERN_NO_SPACE || err == KERN_RESOURCE_SHORTAGE ? OS_ERR_NO_MEMORY
                                                                   : OS_ERR_IO;
}

/* COUNT rights of core's become NAME and what follows in the task. */
static mach_err give_rights(struct core_process *process, mach_port_t parent)
{
    const struct core_pd *pd = process->pd;
    mach_port_t native = transport_object_port(process->native.plat);
    mach_err err = mach_port_insert_right(process->task, NAME_PARENT, parent, MACH_TYPE_COPY_SEND);
    if (!err)
        err = mach_port_insert_right(process->task, NAME_PD, pd->cap.cap.id, MACH_TYPE_COPY_SEND);
    if (!err)
        err = mach_port_insert_right(process->task, NAME_NATIVE, native, MACH_TYPE_MAKE_SEND);
    return err;
}

/*
 * An empty task that cannot do anything but what its rights allow: it has no right to itself, and nobody but
 * core is told of its faults.
 */
static os_err make_task(struct core_process *process, mach_port_t parent)
{
    mach_err err = task_create(mach_core.task, 0, &process->task);
    if (err)
        return of_kernel(err);
    transport_named(mach_core.ep.plat, exception_named);
    process->exceptions.received = exception_received;
    os_err watched = transport_watch(mach_core.ep.plat, &process->exceptions, MACH_THREADS_MAX);
    if (watched) {
        process->exceptions.port = 0;
        return watched;
    }
    mach_port_t port = process->exceptions.port;
    err = mach_port_insert_right(mach_core.task, port, port, MACH_TYPE_MAKE_SEND);
    if (err)
        return of_kernel(err);
    err = task_set_special_port(process->task, TASK_EXCEPTION_PORT, port);
    (void)mach_port_mod_refs(mach_core.task, port, MACH_RIGHT_SEND, -1);
    if (!err)
        err = task_set_special_port(process->task, TASK_KERNEL_PORT, MACH_PORT_NULL);
    if (!err)
        err = task_set_special_port(process->task, TASK_BOOTSTRAP_PORT, MACH_PORT_NULL);
    if (!err)
        err = give_rights(process, parent);
    return of_kernel(err);
}

/* Private memory of the task with LENGTH bytes of FROM at START, which lies in it, and zeroes around them. */
static mach_err copy_in(mach_port_t task, const struct mach_segment *segment, const void *from)
{
    uint32_t at = segment->at, copy, pages = segment->start - segment->at + segment->length;
    pages = (pages + OS_PAGE_SIZE - 1) & ~(OS_PAGE_SIZE - 1);
    mach_err err = vm_allocate(task, &at, segment->size, 0);
    if (err)
        return err;
    if (segment->length) {
        err = vm_allocate(mach_core.task, &copy, pages, 1);
        if (err)
            return err;
        memcpy((char *)(uintptr_t)copy + (segment->start - segment->at), from, segment->length);
        err = vm_write(task, segment->at, (void *)(uintptr_t)copy, pages);
        (void)vm_deallocate(mach_core.task, copy, pages);
    }
    /* the maximum first, or it could not be lowered below what is allowed now */
    if (!err)
        err = vm_protect(task, segment->at, segment->size, 1, segment->protection);
    return err;
}

/* Code and constants of a module, which does not change, are shared by all who run it. */
static os_err map_segment(struct core_process *process, const struct mach_segment *segment,
                          struct core_memory *binary)
{
    const char *file = mach_memory_at(binary);
    if (segment->shared && *process->binary)
        return mach_memory_map_text(process, binary, segment->offset & ~(OS_PAGE_SIZE - 1), segment->size,
                                    segment->at);
    os_err err = mach_process_charge(process, segment->size, 0);
    return err ? err : of_kernel(copy_in(process->task, segment, file + segment->offset));
}

static os_err map_program(struct core_process *process, const struct mach_program *program,
                          struct core_memory *binary)
{
    os_err err = OS_OK;
    for (uint32_t i = 0; i < program->count && !err; i++) {
        const struct mach_segment *segment = &program->segments[i];
        if (segment->protection & VM_EXECUTE) {
            process->text = segment->start;
            process->text_end = segment->start + segment->length;
        }
        err = map_segment(process, segment, binary);
    }
    return err;
}

/* Nothing is ever attached to these addresses. */
static mach_err make_hole(mach_port_t task, uint32_t at)
{
    return vm_map(task, &at, HOLE_SIZE, 0, MACH_PORT_NULL, 0, 0, 0, 0);
}

static os_err map_stack(struct core_process *process)
{
    const struct mach_startup startup = { .magic = MACH_STARTUP_MAGIC,
                                          .parent = NAME_PARENT,
                                          .pd = NAME_PD,
                                          .native = NAME_NATIVE,
                                          .stack = STACK_AT,
                                          .clock = mach_core.clock };
    const struct mach_segment page = { .at = STARTUP_AT,
                                       .size = OS_PAGE_SIZE,
                                       .start = STARTUP_AT,
                                       .length = sizeof(startup),
                                       .protection = VM_READ };
    uint32_t at = STACK_AT;
    mach_err err = make_hole(process->task, STACK_AT - HOLE_SIZE);
    if (!err)
        err = vm_map(process->task, &at, (uint32_t)STACK_SIZE, 0, MACH_PORT_NULL, 0, 0, VM_READ | VM_WRITE,
                     VM_READ | VM_WRITE);
    if (!err)
        err = make_hole(process->task, STACK_AT + (uint32_t)STACK_SIZE);
    if (!err)
        err = copy_in(process->task, &page, &startup);
    return of_kernel(err);
}

/* The module that BINARY is, if it is one. */
static void name_binary(struct core_process *process, const struct core_memory *binary)
{
    process->binary[0] = 0;
    OS_LIST_FOR_EACH (link, &mach_core.core.modules) {
        const struct core_module *module = OS_CONTAINER_OF(link, struct core_module, link);
        if (module->ds->memory == binary)
            snprintf(process->binary, sizeof(process->binary), "%s", module->name);
    }
}

os_err core_plat_process_start(struct core_process *process, struct core_memory *binary, uint64_t size,
                               os_parent_cap parent)
{
    struct mach_program program;
    const char *why;
    os_err err = mach_elf_read(mach_memory_at(binary), size, &program, &why);
    if (err) {
        core_log_line(process->pd->label, why, strlen(why));
        return err;
    }
    name_binary(process, binary);
    err = mach_native_init(process);
    if (!err)
        err = make_task(process, parent.cap.id);
    if (!err)
        err = map_program(process, &program, binary);
    if (!err)
        err = map_stack(process);
    if (!err)
        err = mach_thread_start(process, program.entry, STACK_AT + (uint32_t)STACK_SIZE, STARTUP_AT,
                                &process->threads[0]);
    if (err) {
        end_run(process);
        return err;
    }
    process->state = PROCESS_RUNNING;
    tell_soon(process);
    return OS_OK;
}
