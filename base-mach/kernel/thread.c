/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c: the block of a thread and the segment that leads to it. A thread's segment is set through its own
 * port, which needs no task port and which each thread can ask the kernel for.
 */
#include <reent.h>
#include <string.h>
#include <string.h>

#include <mach_base/thread.h>

enum { ID_SET_GDT = 3807, ANY = -1 };

struct set_gdt {
    struct mach_header head;
    uint32_t selector_type;
    int32_t selector;
    uint32_t descriptor_type;
    uint32_t descriptor[2];
};

struct set_gdt_reply {
    struct mach_header head;
    uint32_t result_type;
    mach_err result;
    uint32_t selector_type;
    int32_t selector;
};

/* Data, writable, for everybody, all 4 GiB from BASE on. */
static void describe(uint32_t base, uint32_t descriptor[2])
{
    const uint32_t present_user_data = 0xf3, pages_of_32_bits = 0xcf;

    descriptor[0] = 0xffff | base << 16;
    descriptor[1] =
        (base >> 16 & 0xff) | present_user_data << 8 | pages_of_32_bits << 16 | (base & 0xff000000);
}

/* By hand, because a kernel call waits at the reply port that %gs leads to; by moving it, the right to the
 * thread's port is given back. */
static mach_err set_segment(mach_port_t reply, uint32_t base, int32_t *selector)
{
    union {
        struct set_gdt call;
        struct set_gdt_reply reply;
    } msg = { .call = {
                  .head = { .bits = MACH_BITS(MACH_TYPE_MOVE_SEND, MACH_TYPE_MAKE_SEND_ONCE),
                            .size = sizeof(struct set_gdt),
                            .remote = mach_thread_self(),
                            .local = reply,
                            .id = ID_SET_GDT },
                  .selector_type = MACH_TYPE(MACH_TYPE_INTEGER_32, 32, 1),
                  .selector = ANY,
                  .descriptor_type = MACH_TYPE(MACH_TYPE_INTEGER_32, 32, 2),
              } };

    describe(base, msg.call.descriptor);
    mach_err err =
        mach_msg(&msg.call.head, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(msg.call), sizeof(msg), reply, 0);
    if (!err)
        err = msg.reply.result;
    if (!err)
        *selector = msg.reply.selector;
    return err;
}

/* Without a segment nothing works, and there is no way to say so but this. */
static void init(struct mach_thread *thread, struct _reent *reent)
{
    int32_t selector;

    thread->self = thread;
    thread->reent = reent;
    thread->reply = mach_reply_port();
    if (set_segment(thread->reply, (uint32_t)(uintptr_t)thread, &selector)) {
        mach_print("a thread could not be set up\n");
        __builtin_trap();
    }
    __asm__ volatile("movw %w0, %%gs" : : "r"(selector) : "memory");
}

void mach_thread_init(struct mach_thread *thread, struct _reent *reent)
{
    _REENT_INIT_PTR(reent);
    init(thread, reent);
}

void mach_first_thread_init(void)
{
    static struct mach_thread first;
    init(&first, _GLOBAL_REENT);
}
