/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: core from the first instruction of the machine's first task to its end: what it needs is made step
 * by step, and init is started. When a step fails, the console says which, and the machine ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach_base/thread.h>

#include "internal.h"

struct mach_core mach_core;

/* What core's own structures take, bytes. */
#define OWN_RAM OS_MIB(4)
/* What is kept back for ROM modules at least, and beside those that there are. */
#define MODULE_RAM_MIN    OS_MIB(32)
#define MODULE_RAM_BESIDE OS_MIB(16)
/* Ports of the kernel that components may have at once, and what core keeps of them. */
enum { ALL_CAPS = 20000, OWN_CAPS = 1000 };

/* ---- the end */

static int end_status;

void mach_core_end(int status)
{
    if (!mach_core.ending)
        end_status = status;
    mach_core.ending = 1;
    os_entrypoint_stop(&mach_core.ep);
}

/* ---- steps of the start */

static uint64_t ram;

/* A scenario's own files may be large. */
static uint64_t module_ram(void)
{
    uint64_t size = mach_archive_ram() + MODULE_RAM_BESIDE;
    return size > MODULE_RAM_MIN ? size : MODULE_RAM_MIN;
}

static os_err start_transport(void)
{
    return os_entrypoint_init(&mach_core.ep);
}

static os_err start_accounts(void)
{
    uint64_t available = mach_memory_available();
    if (available < OWN_RAM + module_ram())
        return OS_ERR_NO_MEMORY;
    ram = (available - OWN_RAM) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    return core_init(&mach_core.core, &mach_core.ep, ram, ALL_CAPS);
}

static os_err start_init(void)
{
    return core_start_init(&mach_core.core, "init", module_ram(), OWN_CAPS);
}

static const struct step {
    const char *what;
    os_err (*start)(void);
} steps[] = {
    { "the console", mach_output_init },
    { "the way to end the machine", mach_power_init },
    { "the clock", mach_clock_calibrate },
    { "the boot archive", mach_archive_init },
    { "random numbers", mach_random_init },
    { "the transport", start_transport },
    { "memory", mach_memory_init },
    { "alarms", mach_alarm_init },
    { "accounts", start_accounts },
    { "the line to the host", mach_host_init },
    { "devices", mach_machine_init },
    { "the books", mach_books_open },
    { "init", start_init },
};

static void start(void)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(steps) && !mach_core.ending; i++) {
        os_err err = steps[i].start();
        if (err) {
            mach_say("%s cannot be started: %s", steps[i].what, os_err_text(err));
            mach_power_off(1);
        }
    }
}

/* ---- from the kernel: the arguments of the boot script, host=PORT and device=PORT */

static mach_port_t argument(char **argv, const char *name)
{
    size_t len = strlen(name);
    for (; *argv; argv++)
        if (!strncmp(*argv, name, len) && (*argv)[len] == '=')
            return (mach_port_t)strtoul(*argv + len + 1, NULL, 10);
    return MACH_PORT_NULL;
}

/* STACK is as the kernel left it: argc, the arguments, NULL. */
void core_main(char **stack) __attribute__((noreturn));
void core_main(char **stack)
{
    mach_first_thread_init();
    mach_core.task = mach_task_self();
    mach_core.host = argument(stack + 1, "host");
    mach_core.device = argument(stack + 1, "device");
    if (!mach_core.host || !mach_core.device)
        mach_say("the boot script gives no host=PORT and device=PORT");
    start();
    if (!mach_core.ending)
        os_entrypoint_run(&mach_core.ep);
    mach_books_close();
    mach_power_off(end_status);
}

__asm__(".globl _start\n"
        "_start:\n"
        "    xorl %ebp, %ebp\n"
        "    movl %esp, %eax\n"
        "    andl $-16, %esp\n"
        "    subl $12, %esp\n"
        "    pushl %eax\n"
        "    call core_main\n");
