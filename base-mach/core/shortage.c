/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shortage.c: what happens when the kernel runs short of memory. Accounts never give away more than there is,
 * but there are ways around them that core cannot close, because the kernel has no limits of its own: a task
 * can send itself memory out of line and keep what it receives, make reply ports without end, and leave long
 * messages in queues. Honest components do none of this.
 *
 * The first sign is that the kernel tries to page out, or, because its own address space may end before, that
 * it has taken many pages since the start; core looks at that once a second. Then it looks for the component
 * that has most of what core did not give it, and ends it: first its memory and its ports, because a thread
 * of its own may wait for memory and cannot be ended before there is some; this thread and the pager's are
 * such that do not have to wait.
 */
#include <stdio.h>
#include <stdlib.h>

#include <platform/platform.h>

#include "internal.h"

enum {
    NAME_COST = 256,         /* bytes that a port takes, about */
    QUEUED_COST = 64 * 1024, /* of a message that waits: not known, but to be suspected */
    NAMES_MAX = 4096,        /* that are looked into at once */
    SUSPECT = 1024 * 1024,   /* nobody with less than this is to blame */
    KERNEL_PAGES = 6144,     /* more than what all ports, messages and threads that were paid for can take */
    BALLAST = 16,
    PROBE = 6 * 1024, /* bytes: with what the kernel adds as large as its room for an answer, 8 KiB */
    ID_SHORT = 0x5eed0007,
    KILLED = 9, /* as other platforms number this reason */
};
#define START_SIZE OS_MIB(1) /* that every component has: its stack and the holes around it */
#define USER_END   UINT32_C(0xc0000000)

static struct transport_watch watch;
static uint32_t at_start; /* others(), then */
static mach_port_t ballast, probe;
static unsigned loaded;

/* Names of one task at a time, and what they are. */
static mach_port_t names[NAMES_MAX];
static uint32_t types[NAMES_MAX];

static uint32_t list_names(mach_port_t task)
{
    uint32_t count = NAMES_MAX;
    return mach_port_names(task, names, types, &count) ? 0 : count;
}

/* Sends TO a message that takes as much of the kernel's memory as one can need to answer a call. */
static mach_err send_long(mach_port_t to)
{
    static struct {
        struct mach_header header;
        uint8_t data[PROBE];
    } msg;
    msg.header = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_MAKE_SEND_ONCE, 0),
                                       .size = sizeof(msg),
                                       .remote = to };
    return mach_msg(&msg.header, MACH_SEND_MSG, sizeof(msg), 0, MACH_PORT_NULL, 0);
}

/* Ends such a message, by receiving it where there is no room for it. */
static mach_err receive_long(mach_port_t from)
{
    struct mach_header header;
    return mach_msg(&header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(header), from, 0);
}

/*
 * Without memory the kernel cannot even answer who asks it to end a task. So there are some messages that
 * wait for nothing but to be ended when it comes to that; what they took is there for the next calls, because
 * the thread that makes them does not have to wait for anything.
 */
static void load_ballast(void)
{
    for (; loaded < BALLAST && !send_long(ballast); loaded++)
        ;
}

static void drop_ballast(void)
{
    for (; loaded; loaded--)
        receive_long(ballast);
}

/* Whether the kernel has no room any more for a message of some length. */
static int no_room(void)
{
    if (send_long(probe))
        return 1;
    receive_long(probe);
    return 0;
}

static uint64_t queued(mach_port_t task)
{
    uint64_t messages = 0;
    uint32_t count = list_names(task);
    for (uint32_t i = 0; i < count; i++) {
        struct mach_port_status status;
        if (types[i] & 1u << (16 + MACH_RIGHT_RECEIVE) &&
            !mach_port_get_receive_status(task, names[i], &status))
            messages += status.msgcount;
    }
    return messages;
}

/* Bytes that PROCESS takes and core did not give it, more or less. */
static uint64_t taken(const struct core_process *process)
{
    uint32_t size = 0, ports = 0;
    task_virtual_size(process->task, &size);
    mach_port_count(process->task, &ports);
    uint64_t given = mach_memory_attached(process) + process->ram + START_SIZE;
    uint64_t memory = size > given ? size - given : 0;
    return memory + (uint64_t)ports * NAME_COST + queued(process->task) * QUEUED_COST;
}

static struct core_process *worst(uint64_t *most)
{
    struct core_process *found = NULL;
    *most = SUSPECT;
    OS_LIST_FOR_EACH (link, &mach_processes) {
        struct core_process *process = OS_CONTAINER_OF(link, struct core_process, link);
        uint64_t size = process->task && process->state == PROCESS_RUNNING ? taken(process) : 0;
        if (size > *most) {
            *most = size;
            found = process;
        }
    }
    return found;
}

static void destroy_ports(mach_port_t task)
{
    uint32_t count;
    while ((count = list_names(task)))
        for (uint32_t i = 0; i < count; i++)
            mach_port_destroy(task, names[i]);
}

static void blame(struct core_process *process, uint64_t size)
{
    char why[128];
    snprintf(why, sizeof(why), "it took %u KiB of memory that it was not given, by messages or ports",
             (unsigned)(size / 1024));
    vm_deallocate(process->task, 0, USER_END);
    destroy_ports(process->task);
    mach_process_end(process, OS_PD_KILLED, KILLED, why);
}

static void received(struct transport_watch *of, struct mach_header *msg)
{
    static os_time blamed;
    uint64_t size;
    (void)of;
    transport_discard(msg);
    drop_ballast();
    struct core_process *process = worst(&size);
    if (process) {
        blame(process, size);
        blamed = plat_clock();
    } else if (plat_clock() - blamed > OS_SEC) /* else what was said before it helped */
        mach_say("the kernel is short of memory, and no component is to blame");
    load_ballast();
}

/* Pages that the kernel does not have for itself. */
static uint32_t others(void)
{
    struct mach_vm_statistics now;
    if (vm_statistics(mach_core.task, &now))
        return UINT32_MAX;
    return now.free_count + now.active_count + now.inactive_count + now.wire_count;
}

void mach_shortage_look(void)
{
    if (others() < at_start - KERNEL_PAGES || no_room())
        mach_shortage_tell();
}

os_err mach_shortage_init(void)
{
    at_start = others();
    watch.received = received;
    thread_wire(mach_core.host, 1);
    os_err err = ports_create(0, 0, BALLAST, &ballast);
    if (!err)
        err = ports_create(0, 0, 1, &probe);
    if (err)
        return err;
    load_ballast();
    return transport_watch(mach_core.ep.plat, &watch, 1);
}

/* One message that waits is enough. */
void mach_shortage_tell(void)
{
    struct mach_header msg = {
        .bits = MACH_BITS(MACH_TYPE_MAKE_SEND, 0), .size = sizeof(msg), .remote = watch.port, .id = ID_SHORT
    };
    if (mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, MACH_PORT_NULL, 0) ==
        MACH_SEND_TIMED_OUT)
        mach_port_deallocate(mach_core.task, watch.port);
}
