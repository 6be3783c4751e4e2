/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task.c: one run of a test program: a task with the program's segments and a stack, and all messages that
 * come of it until its end: what it says, what it asks for, its exceptions, and what the kernel asks of the
 * pager of its memory. All these come to ports of one set, which ends with the task.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

#define STACK_TOP 0xbf000000u
enum { STACK_SIZE = 1024 * 1024, OUTPUT_MAX = 256 * 1024, WAIT = 1000 /* milliseconds */ };

enum { EXC_BAD_ACCESS = 1, EXC_BAD_INSTRUCTION = 2, EXC_ARITHMETIC = 3, EXC_BREAKPOINT = 6 };

/* ---- programs */

const char *program_init(struct program *program, const struct file *file)
{
    const char *why;

    *program = (struct program){ .file = *file };
    if (mach_elf_read(file->data, file->size, &program->elf, &why))
        return why;
    for (uint32_t i = 0; i < program->elf.count; i++) {
        const struct mach_segment *segment = &program->elf.segments[i];
        uint32_t at = 0;
        if (vm_allocate(loader_task, &at, segment->size, 1))
            return "there is no memory for it";
        program->segments[i].memory = (void *)(uintptr_t)at;
        program->segments[i].size = segment->size;
        memcpy((char *)program->segments[i].memory + (segment->start - segment->at),
               (const char *)file->data + segment->offset, segment->length);
    }
    return NULL;
}

void program_fini(struct program *program)
{
    for (uint32_t i = 0; i < program->elf.count; i++)
        if (program->segments[i].memory)
            vm_deallocate(loader_task, (uint32_t)(uintptr_t)program->segments[i].memory,
                          program->segments[i].size);
}

/* ---- a task */

struct task {
    mach_port_t task, thread, set;
    mach_port_t port; /* what it says and asks for, and its exceptions */
    uint32_t printed;
    int ended;
    const struct program *program;
    struct run *run;
};

static mach_err make_memory(const struct program *program, mach_port_t task)
{
    uint32_t stack = STACK_TOP - STACK_SIZE;
    mach_err err = vm_allocate(task, &stack, STACK_SIZE, 0);

    for (uint32_t i = 0; !err && i < program->elf.count; i++) {
        const struct mach_segment *segment = &program->elf.segments[i];
        uint32_t at = segment->at;
        err = vm_allocate(task, &at, segment->size, 0);
        if (!err)
            err = vm_write(task, at, program->segments[i].memory, segment->size);
        if (!err)
            err = vm_protect(task, at, segment->size, 0, segment->protection);
    }
    return err;
}

static mach_err make_thread(const struct program *program, uint32_t number, struct task *task)
{
    struct mach_thread_state state;
    mach_err err = thread_create(task->task, &task->thread);

    if (!err)
        err = thread_get_state(task->thread, &state);
    state.eip = program->elf.entry;
    state.uesp = STACK_TOP - 16;
    state.eax = number;
    if (!err)
        err = thread_set_state(task->thread, &state);
    return err ? err : thread_resume(task->thread);
}

/* A receive right in the task's set. */
static mach_err make_port(struct task *task, mach_port_t *port)
{
    mach_err err = mach_port_allocate(loader_task, MACH_RIGHT_RECEIVE, port);
    return err ? err : mach_port_move_member(loader_task, *port, task->set);
}

static mach_err start(struct task *task, uint32_t number)
{
    enum { QUEUE = 16 };
    mach_err err = mach_port_allocate(loader_task, MACH_RIGHT_SET, &task->set);

    if (!err)
        err = make_port(task, &task->port);
    if (!err)
        err = mach_port_set_qlimit(loader_task, task->port, QUEUE);
    if (!err)
        err = mach_port_insert_right(loader_task, task->port, task->port, MACH_TYPE_MAKE_SEND);
    if (!err)
        err = task_create(loader_task, 0, &task->task);
    if (!err)
        err = mach_port_insert_right(task->task, BARE_LOADER, task->port, MACH_TYPE_COPY_SEND);
    if (!err)
        err = task_set_special_port(task->task, TASK_EXCEPTION_PORT, task->port);
    if (!err)
        err = make_memory(task->program, task->task);
    return err ? err : make_thread(task->program, number, task);
}

/* Its ports, and those of its memory objects, are the members of the set. */
static void destroy_ports(struct task *task)
{
    enum { NAMES = 4096 };
    static mach_port_t names[NAMES];
    static uint32_t types[NAMES];
    uint32_t count = NAMES;

    if (mach_port_names(loader_task, names, types, &count))
        return;
    for (uint32_t i = 0; i < count; i++) {
        struct mach_port_status status;
        if (types[i] & 1u << (16 + MACH_RIGHT_RECEIVE) &&
            !mach_port_get_receive_status(loader_task, names[i], &status) && status.set == task->set)
            mach_port_destroy(loader_task, names[i]);
    }
    mach_port_destroy(loader_task, task->set);
}

static void end(struct task *task)
{
    if (task->task)
        task_terminate(task->task);
    if (task->thread)
        mach_port_deallocate(loader_task, task->thread);
    if (task->task)
        mach_port_deallocate(loader_task, task->task);
    if (task->set)
        destroy_ports(task);
}

static void ended(struct task *task, enum ended how, uint32_t status)
{
    task->ended = 1;
    task->run->ended = how;
    task->run->status = status;
}

/* ---- what it says and asks for */

static void copy_text(char *to, size_t room, const char *text, size_t len)
{
    size_t used = len < room ? len : room - 1;

    memcpy(to, text, used);
    to[used] = 0;
}

static void said(struct task *task, const struct bare_said *said)
{
    struct run *run = task->run;
    size_t len = MACH_TYPE_NUMBER(said->text_type);

    if (said->head.size < offsetof(struct bare_said, text) || len > BARE_TEXT_MAX)
        return;
    switch ((enum bare_say)said->what) {
    case BARE_TESTS:
        run->tests = said->a;
        break;
    case BARE_BEGINS:
        copy_text(run->name, sizeof(run->name), said->text, len);
        run->signal = said->a;
        run->exits = said->b;
        break;
    case BARE_OUTPUT:
        loader_print(said->text, len);
        task->printed += (uint32_t)len;
        break;
    case BARE_FAILED:
    case BARE_SKIPS:
        copy_text(run->why, sizeof(run->why), said->text, len);
        *(said->what == BARE_FAILED ? &run->failed : &run->skips) = 1;
        break;
    case BARE_ENDED:
        run->returned = said->b;
        ended(task, ENDED_EXITED, said->a);
        break;
    }
    if (task->printed > OUTPUT_MAX)
        ended(task, ENDED_OUTPUT, 0);
}

static void answer(const struct mach_header *request, struct bare_answer *reply, uint32_t size)
{
    reply->head =
        (struct mach_header){ .bits = MACH_BITS(MACH_BITS_REMOTE(request->bits), 0) |
                                      (size > offsetof(struct bare_answer, port) ? MACH_COMPLEX : 0),
                              .size = size,
                              .remote = request->remote,
                              .id = request->id + BARE_REPLY };
    reply->err_type = MACH_TYPE(MACH_TYPE_INTEGER_32, 32, 1);
    if (mach_msg(&reply->head, MACH_SEND_MSG, size, 0, MACH_PORT_NULL, 0))
        mach_port_deallocate(loader_task, request->remote);
}

static void give_memory(struct task *task, const struct mach_header *request)
{
    struct bare_answer reply = { .err = 0 };
    mach_err err = make_port(task, &reply.port.object);

    reply.err = (uint32_t)err;
    reply.port.type = MACH_TYPE(MACH_TYPE_MAKE_SEND, 32, 1);
    answer(request, &reply,
           err ? offsetof(struct bare_answer, port)
               : offsetof(struct bare_answer, port) + sizeof(reply.port));
}

static void give_file(const struct task *task, const struct bare_wanted *wanted)
{
    struct bare_answer reply = { .err = 0 };
    struct file file = task->program->file;
    char name[BARE_NAME_MAX + 1] = { 0 };

    if (wanted->head.size == sizeof(*wanted))
        memcpy(name, wanted->name, BARE_NAME_MAX);
    if (strcmp(name, BARE_SELF) != 0)
        reply.err = (uint32_t)archive_find(name, &file);
    if (reply.err) {
        answer(&wanted->head, &reply, offsetof(struct bare_answer, memory));
        return;
    }
    reply.memory.type = MACH_TYPE_LONG;
    reply.memory.name_and_size = MACH_TYPE_BYTE | 8 << 16;
    reply.memory.bytes = file.size;
    reply.memory.data = file.data;
    answer(&wanted->head, &reply, sizeof(reply));
}

/* ---- the kernel: exceptions, and pages of memory objects */

struct exception {
    struct mach_header head;
    uint32_t thread_type;
    mach_port_t thread;
    uint32_t task_type;
    mach_port_t task;
    uint32_t exception_type, exception, code_type, code, subcode_type, subcode;
};

/* Abort is an instruction that the processor refuses (base-mach/libc/abort.c). */
static int is_abort(const struct task *task, uint32_t at)
{
    const uint8_t hlt = 0xf4;
    uint32_t page = at & ~(OS_PAGE_SIZE - 1);
    void *data;

    if (vm_read(task->task, page, OS_PAGE_SIZE, &data))
        return 0;
    int is = ((const uint8_t *)data)[at - page] == hlt;
    vm_deallocate(loader_task, (uint32_t)(uintptr_t)data, OS_PAGE_SIZE);
    return is;
}

static uint32_t signal_of(const struct task *task, const struct exception *exception, uint32_t at)
{
    switch (exception->exception) {
    case EXC_BAD_ACCESS:
        return SIGSEGV;
    case EXC_ARITHMETIC:
        return SIGFPE;
    case EXC_BREAKPOINT:
        return SIGTRAP;
    default:
        return is_abort(task, at) ? SIGABRT : SIGILL;
    }
}

/* It is not answered: the task ends. */
static void raised(struct task *task, const struct exception *exception)
{
    struct mach_thread_state state = { 0 };

    thread_get_state(exception->thread, &state);
    task->run->at = state.eip;
    task->run->accessed = exception->subcode;
    ended(task, ENDED_SIGNAL, signal_of(task, exception, state.eip));
    mach_port_deallocate(loader_task, exception->thread);
    mach_port_deallocate(loader_task, exception->task);
}

struct object_message {
    struct mach_header head;
    uint32_t control_type;
    mach_port_t control;
    uint32_t second_type, second; /* init: the name port; data request: the offset */
    uint32_t third_type, third;   /* init: the page size; data request: the length */
};

/* All pages begin with zeroes, and none is ever written back. The memory object knows its control port by the
 * messages that bring it. */
static void page_wanted(const struct object_message *msg)
{
    enum { NO_CACHE = 0, COPY_NONE = 0 };

    if (msg->head.id == MACH_ID_OBJECT_INIT) {
        memory_object_ready(msg->control, NO_CACHE, COPY_NONE);
        mach_port_deallocate(loader_task, msg->second);
    } else {
        memory_object_data_unavailable(msg->control, msg->second, msg->third);
    }
    mach_port_deallocate(loader_task, msg->control);
}

/* ---- from start to end */

union message {
    struct mach_header head;
    struct bare_said said;
    struct bare_wanted wanted;
    struct exception exception;
    struct object_message object;
};

static void received(struct task *task, const union message *msg)
{
    switch (msg->head.id) {
    case BARE_SAY:
        said(task, &msg->said);
        break;
    case BARE_MEMORY:
        give_memory(task, &msg->head);
        break;
    case BARE_FILE:
        give_file(task, &msg->wanted);
        break;
    case MACH_ID_EXCEPTION_RAISE:
        raised(task, &msg->exception);
        break;
    case MACH_ID_OBJECT_INIT:
    case MACH_ID_DATA_REQUEST:
        page_wanted(&msg->object);
        break;
    }
}

void program_run(const struct program *program, uint32_t number, uint32_t limit, struct run *run)
{
    struct task task = { .program = program, .run = run };
    uint32_t waited = 0;
    union message msg;

    *run = (struct run){ .ended = ENDED_NOT_STARTED };
    if (start(&task, number))
        task.ended = 1;
    while (!task.ended) {
        mach_err err = mach_msg(&msg.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), task.set, WAIT);
        if (!err)
            received(&task, &msg);
        else if (err == MACH_RCV_TIMED_OUT && ++waited >= limit)
            ended(&task, ENDED_LIMIT, 0);
    }
    end(&task);
}
