/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: what an exception of a component was about, from the message in which the kernel tells of it. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct exception_message {
    struct mach_header header;
    uint32_t thread_type;
    mach_port_t thread;
    uint32_t task_type;
    mach_port_t task;
    uint32_t exception_type;
    uint32_t exception;
    uint32_t code_type;
    uint32_t code;
    uint32_t subcode_type;
    uint32_t subcode; /* the address of a bad access */
};

enum { EXC_BAD_ACCESS = 1, EXC_BAD_INSTRUCTION = 2, EXC_ARITHMETIC = 3, EXC_BREAKPOINT = 6 };
enum { EXC_I386_INVOP = 1, EXC_I386_GPFLT = 13 };
enum { MEMORY_FAILURE = 9, MEMORY_ERROR = 10 };

/* Reasons are numbered and called as on other platforms. */
struct reason {
    int32_t code;
    const char *name;
    int access; /* of memory */
};
static const struct reason reason_abort = { 6, "SIGABRT", 0 }, reason_illegal = { 4, "SIGILL", 0 },
                           reason_trap = { 5, "SIGTRAP", 0 }, reason_arithmetic = { 8, "SIGFPE", 0 },
                           reason_access = { 11, "SIGSEGV", 1 }, reason_memory = { 7, "SIGBUS", 1 };

enum { CALLERS_MAX = 8 };

/* ---- looking into the task */

/* Up to SIZE bytes from AT, as far as there is memory up to the end of that page. */
static size_t peek(mach_port_t task, uint32_t at, void *to, size_t size)
{
    uint32_t page = at & ~(OS_PAGE_SIZE - 1), skip = at - page;
    void *data;
    if (vm_read(task, page, OS_PAGE_SIZE, &data))
        return 0;
    if (size > OS_PAGE_SIZE - skip)
        size = OS_PAGE_SIZE - skip;
    memcpy(to, (const char *)data + skip, size);
    (void)vm_deallocate(mach_core.task, (uint32_t)(uintptr_t)data, OS_PAGE_SIZE);
    return size;
}

/* Whether the instruction before ADDRESS, which is in the program, can be a call. */
static int follows_call(const struct core_process *process, uint32_t address)
{
    enum { LONGEST = 7 };
    uint8_t before[LONGEST];
    if (peek(process->task, address - LONGEST, before, LONGEST) < LONGEST)
        return 0;
    const uint8_t *after = before + LONGEST;
    if (after[-5] == 0xe8) /* with an offset */
        return 1;
    for (int length = 2; length <= LONGEST; length++) /* through a register or memory */
        if (after[-length] == 0xff && (after[1 - length] & 0x38) == 0x10)
            return 1;
    return 0;
}

/*
 * What on the stack looks like the address after a call in the program, so that a fault in a function of the
 * C library is told by who called it. The stack may be what is broken.
 */
static unsigned find_callers(const struct core_process *process, uint32_t stack,
                             uint32_t callers[CALLERS_MAX])
{
    uint32_t words[256];
    unsigned found = 0;
    stack &= ~3u;
    for (unsigned part = 0; part < 4 && found < CALLERS_MAX; part++) {
        size_t count = peek(process->task, stack, words, sizeof(words)) / sizeof(*words);
        for (size_t i = 0; i < count && found < CALLERS_MAX; i++)
            if (words[i] > process->text && words[i] < process->text_end && follows_call(process, words[i]))
                callers[found++] = words[i] - 1;
        if (!count)
            break;
        stack += (uint32_t)(count * sizeof(*words));
    }
    return found;
}

/* ---- as a text */

/* abort() executes what only the kernel may. */
static int meant_abort(const struct core_process *process, uint32_t ip)
{
    const uint8_t hlt = 0xf4;
    uint8_t byte;
    return peek(process->task, ip, &byte, 1) == 1 && byte == hlt;
}

static const struct reason *reason_of(const struct core_process *process, const struct exception_message *msg,
                                      uint32_t ip)
{
    switch (msg->exception) {
    case EXC_BAD_ACCESS:
        return msg->code == MEMORY_FAILURE || msg->code == MEMORY_ERROR ? &reason_memory : &reason_access;
    case EXC_BAD_INSTRUCTION:
        if (msg->code == EXC_I386_GPFLT && meant_abort(process, ip))
            return &reason_abort;
        return msg->code == EXC_I386_INVOP ? &reason_illegal : &reason_access;
    case EXC_ARITHMETIC:
        return &reason_arithmetic;
    default:
        return &reason_trap;
    }
}

/* "@{PROGRAM ADDRESS CALLER...}", or without a program that the host knows the address alone. */
static void write_place(const struct core_process *process, uint32_t ip, uint32_t stack, char *text,
                        size_t size)
{
    uint32_t callers[CALLERS_MAX];
    int inside = ip >= process->text && ip < process->text_end;
    unsigned count = find_callers(process, stack, callers);
    if (!*process->binary || (!inside && !count)) {
        snprintf(text, size, "0x%08x", (unsigned)ip);
        return;
    }
    size_t len = (size_t)snprintf(text, size, "@{%s", process->binary);
    if (inside)
        len += (size_t)snprintf(text + len, size - len, " 0x%x", (unsigned)ip);
    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, size - len, " 0x%x", (unsigned)callers[i]);
    snprintf(text + len, size - len, "}");
}

static int is_thread(const struct core_process *process, mach_port_t name)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(process->threads); i++)
        if (name && process->threads[i] == name)
            return 1;
    return 0;
}

int mach_fault_describe(struct core_process *process, const struct mach_header *header, int32_t *code,
                        char (*why)[256])
{
    const struct exception_message *msg = (const struct exception_message *)(const void *)header;
    struct mach_thread_state state = { 0 };
    char where[192];
    if (header->id != MACH_ID_EXCEPTION_RAISE || header->size != sizeof(*msg))
        return 0;
    /* a thread can have the kernel call it by a port of its own, which must not be asked for anything */
    if (is_thread(process, msg->thread))
        (void)thread_get_state(msg->thread, &state);
    const struct reason *reason = reason_of(process, msg, state.eip);
    write_place(process, state.eip, state.uesp, where, sizeof(where));
    *code = reason->code;
    if (reason->access)
        snprintf(*why, sizeof(*why), "killed by %s accessing 0x%x in %s", reason->name,
                 msg->exception == EXC_BAD_ACCESS ? (unsigned)msg->subcode : 0, where);
    else
        snprintf(*why, sizeof(*why), "killed by %s in %s", reason->name, where);
    return 1;
}
