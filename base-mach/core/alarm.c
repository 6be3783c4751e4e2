/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alarm.c: messages at a time, finer than the kernel's tick of 10 ms. A thread waits for the next alarm: with
 * a time-out of the kernel while it is far, and for the last ticks with the interrupts of the real-time
 * clock, 1024 a second. Without alarms the thread sleeps and the clock is quiet.
 *
 * Time itself is the time stamp counter's, so an interrupt that is lost or late delays an alarm, but the next
 * is right again; and a time-out takes the place of interrupts that do not come at all.
 *
 * Core's entrypoint sets and clears alarms, the thread sends and removes those that are due, both under one
 * lock, which is held for a walk of the list and a few kernel calls that do not wait. Memory is the
 * entrypoint's: what the thread has removed it puts on a list for it to free.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <mach_base/thread.h>
#include <os/thread.h>
#include <platform/platform.h>

#include "io.h"

enum {
    RTC_INDEX = 0x70,
    RTC_DATA = 0x71,
    RTC_A = 0x0a, /* rate */
    RTC_B = 0x0b, /* which interrupts */
    RTC_C = 0x0c, /* which have come; reading allows the next */
    RATE_MASK = 0x0f,
    RATE_1024_HZ = 6,
    PERIODIC = 0x40,
    RTC_IRQ = 8,
    THREAD_STACK = 16 * 1024,
    ID_LOOK = 0x5eed0006, /* another alarm is the first */
    EACH_MAX = 64,        /* of one component, which needs one for each entrypoint */
};
#define TICK (10 * OS_MS) /* the kernel's */
#define LOOK OS_SEC       /* after that time at most the thread looks whether memory is short */

struct alarm {
    struct os_list link; /* of alarms, by time, or of spent */
    struct core_process *process;
    mach_port_t port; /* a send right; one port has one name here */
    os_time when;
};

static struct os_mutex lock;
static struct os_list alarms = { &alarms, &alarms };
static struct os_list spent = { &spent, &spent };
static mach_port_t irq, wake; /* the device; where interrupts and ID_LOOK come to */

/* ---- the clock's interrupts: the thread's alone, after mach_alarm_init */

static uint8_t rtc_read(uint8_t index)
{
    io_write8(RTC_INDEX, index);
    return io_read8(RTC_DATA);
}

static void rtc_write(uint8_t index, uint8_t value)
{
    io_write8(RTC_INDEX, index);
    io_write8(RTC_DATA, value);
}

static void interrupts(int on)
{
    static int are_on;
    if (are_on == on)
        return;
    are_on = on;
    uint8_t b = rtc_read(RTC_B);
    rtc_write(RTC_B, on ? b | PERIODIC : b & ~PERIODIC);
    rtc_read(RTC_C);
}

static os_err rtc_init(void)
{
    os_err err = io_allow(RTC_INDEX, RTC_DATA);
    if (err)
        return err;
    rtc_write(RTC_A, (rtc_read(RTC_A) & ~RATE_MASK) | RATE_1024_HZ);
    rtc_write(RTC_B, rtc_read(RTC_B) & ~PERIODIC);
    rtc_read(RTC_C);
    enum { READ_WRITE = 3 };
    if (device_open(mach_core.device, READ_WRITE, "irq", &irq) || device_intr_register(irq, RTC_IRQ, 0, wake))
        return OS_ERR_IO;
    return OS_OK;
}

/* ---- the thread */

static _Atomic int has_ports;

/* A queue that is full has something else for its owner to wake up for. */
static void send_alarm(mach_port_t port)
{
    struct mach_header msg = {
        .bits = MACH_BITS(MACH_TYPE_COPY_SEND, 0), .size = sizeof(msg), .remote = port, .id = MACH_ID_ALARM
    };
    mach_err err = mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, MACH_PORT_NULL, 0);
    if (err == MACH_SEND_TIMED_OUT)
        mach_port_deallocate(mach_core.task, port); /* the right of the message has come back */
    mach_port_deallocate(mach_core.task, port);
}

/* Sends what is due; when the next alarm is, OS_NEVER for none. */
static os_time fire(void)
{
    os_time next = OS_NEVER;
    os_mutex_lock(&lock);
    while (!os_list_empty(&alarms)) {
        struct alarm *alarm = OS_CONTAINER_OF(alarms.next, struct alarm, link);
        if (alarm->when > plat_clock()) {
            next = alarm->when;
            break;
        }
        os_list_remove(&alarm->link);
        os_list_insert(&spent, &alarm->link);
        send_alarm(alarm->port);
    }
    os_mutex_unlock(&lock);
    return next;
}

/* Milliseconds to wait for anything. A time-out of the kernel is up to a tick longer. */
static uint32_t time_out(os_time next)
{
    os_time now = plat_clock();
    os_time left = next > now ? next - now : 0;
    if (left <= 3 * TICK) {
        interrupts(1);
        return 2 * TICK / OS_MS;
    }
    interrupts(0);
    left = left > LOOK ? LOOK : left;
    return (uint32_t)((left - 2 * TICK) / OS_MS);
}

static void run(void *arg)
{
    union {
        struct mach_header header;
        uint8_t room[128];
    } msg;
    os_time looked = 0;
    (void)arg;
    mach_block_prepare(); /* which of two threads finds the lock taken is chance, and the books count ports */
    thread_wire(mach_core.host, 1);
    atomic_store(&has_ports, 1);
    for (;;) {
        os_time now = plat_clock();
        if (now - looked >= LOOK / 2) {
            looked = now;
            mach_shortage_look();
        }
        if (mach_msg(&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), wake, time_out(fire()))) {
            rtc_read(RTC_C); /* an interrupt that was not seen would be the last */
            continue;
        }
        if (msg.header.id == MACH_ID_INTERRUPT) {
            rtc_read(RTC_C);
            device_intr_ack(irq, wake);
        }
        transport_discard(&msg.header);
    }
}

/* A message that is there already does the same. */
static void look(void)
{
    struct mach_header msg = {
        .bits = MACH_BITS(MACH_TYPE_MAKE_SEND, 0), .size = sizeof(msg), .remote = wake, .id = ID_LOOK
    };
    if (mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, MACH_PORT_NULL, 0) ==
        MACH_SEND_TIMED_OUT)
        mach_port_deallocate(mach_core.task, wake);
}

os_err mach_alarm_init(void)
{
    static struct plat_thread *thread;
    os_err err = ports_create(0, 0, 4, &wake);
    if (!err)
        err = rtc_init();
    if (!err)
        err = plat_thread_create(run, NULL, THREAD_STACK, &thread);
    while (!err && !atomic_load(&has_ports)) /* all that it ever has, before they are counted */
        mach_yield(1);
    return err;
}

/* ---- the entrypoint */

static void free_spent(void)
{
    while (!os_list_empty(&spent)) {
        struct alarm *alarm = OS_CONTAINER_OF(spent.next, struct alarm, link);
        os_list_remove(&alarm->link);
        free(alarm);
    }
}

/* The alarm of PORT, not in the list any more, or NULL. */
static struct alarm *take(mach_port_t port)
{
    OS_LIST_FOR_EACH (link, &alarms) {
        struct alarm *alarm = OS_CONTAINER_OF(link, struct alarm, link);
        if (alarm->port == port) {
            os_list_remove(link);
            return alarm;
        }
    }
    return NULL;
}

/* Whether it is the first. */
static int insert(struct alarm *alarm)
{
    struct os_list *next = alarms.next;
    while (next != &alarms && OS_CONTAINER_OF(next, struct alarm, link)->when <= alarm->when)
        next = next->next;
    os_list_insert(next, &alarm->link);
    return alarms.next == &alarm->link;
}

/* Alarms are charged to nobody, and a component can make ports for them without end. */
static int has_room(const struct core_process *process)
{
    unsigned count = 0;
    OS_LIST_FOR_EACH (link, &alarms)
        count += OS_CONTAINER_OF(link, struct alarm, link)->process == process;
    return count < EACH_MAX;
}

static void drop(struct alarm *alarm)
{
    if (!alarm)
        return;
    mach_port_deallocate(mach_core.task, alarm->port);
    free(alarm);
}

os_err mach_alarm_set(struct core_process *process, mach_port_t name, os_time when)
{
    struct alarm *made = NULL;
    mach_port_t port;
    int first = 0;
    if (when) {
        made = malloc(sizeof(*made));
        if (!made)
            return OS_ERR_NO_MEMORY;
    }
    if (mach_port_extract_right(process ? process->task : mach_core.task, name, MACH_TYPE_MAKE_SEND, &port)) {
        free(made);
        return OS_ERR_BAD_ARG;
    }
    os_mutex_lock(&lock);
    struct alarm *old = take(port);
    int set = made && has_room(process);
    if (set) {
        *made = (struct alarm){ .process = process, .port = port, .when = when };
        os_list_init(&made->link);
        first = insert(made);
    }
    free_spent();
    os_mutex_unlock(&lock);
    drop(old);
    if (first)
        look();
    if (set)
        return OS_OK;
    mach_port_deallocate(mach_core.task, port);
    free(made);
    return when ? OS_ERR_CAPS : OS_OK;
}

void mach_alarm_forget(struct core_process *process)
{
    os_mutex_lock(&lock);
    OS_LIST_FOR_EACH_SAFE (link, &alarms) {
        struct alarm *alarm = OS_CONTAINER_OF(link, struct alarm, link);
        if (alarm->process != process)
            continue;
        os_list_remove(link);
        drop(alarm);
    }
    free_spent();
    os_mutex_unlock(&lock);
}
