/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * books.c: whether all that was given came back. At the end of a run every component is ended and every
 * session closed, and then the accounts must be whole, and core must have the ports that it had before init
 * was started.
 */
#include <stdlib.h>
#include <string.h>

#include <mach_base/thread.h>

#include "internal.h"

static struct {
    uint32_t ports;
    int wanted; /* to be told in any case */
} before;

/* Rights that core has, without those that its transport keeps for the next call or for late callers. */
static uint32_t count_ports(void)
{
    uint32_t count = 0;
    transport_tidy(mach_core.ep.plat);
    return mach_port_count(mach_core.task, &count) ? 0 : count;
}

/* What happens by itself now, and what follows from that. */
static void settle(void)
{
    enum { QUIET = 50, STEPS = 100000 };
    for (int quiet = 0, steps = 0; quiet < QUIET && steps < STEPS; steps++)
        quiet = os_entrypoint_step(&mach_core.ep, 0) ? 0 : quiet + 1;
}

/* A line "books: true" of the ROM run. */
static int is_wanted(struct core *core)
{
    static const char line[] = "books: true\n";
    struct core_module *module;
    if (core_module_get(core, "run", &module))
        return 0;
    return memmem(mach_memory_at(module->ds->memory), (size_t)module->size, line, sizeof(line) - 1) != NULL;
}

os_err mach_books_open(void)
{
    struct core *core = &mach_core.core;
    before.wanted = is_wanted(core);
    mach_block_prepare();    /* whether this thread ever finds a lock taken is chance */
    core_modules_fini(core); /* whoever wants one again reads it again */
    os_list_init(&core->modules);
    os_err err = transport_prepare(mach_core.ep.plat);
    settle();
    before.ports = count_ports();
    return err;
}

static void end_everything(struct core *core)
{
    OS_LIST_FOR_EACH_SAFE (link, &mach_processes)
        core_plat_process_kill(OS_CONTAINER_OF(link, struct core_process, link));
    settle();
    core_close_all(core);
    core_modules_fini(core);
    os_list_init(&core->modules);
    settle();
}

/* Ports of memory that nobody has any more go when the kernel has told the pager, in its own time. */
static int extra_ports(void)
{
    enum { ATTEMPTS = 100 };
    int ports = (int)(count_ports() - before.ports);
    for (int i = 0; i < ATTEMPTS && ports; i++) {
        (void)os_entrypoint_step(&mach_core.ep, os_clock_now() + 10 * OS_MS);
        settle();
        ports = (int)(count_ports() - before.ports);
    }
    return ports;
}

void mach_books_close(void)
{
    struct core *core = &mach_core.core;
    end_everything(core);
    int whole = core_accounts_whole(&core->accounts, core->account);
    int ports = extra_ports();
    if (!whole)
        mach_say("books: the accounts are not whole: %llu bytes and %u caps in use",
                 (unsigned long long)core->account->ram_used, (unsigned)core->account->caps_used);
    if (ports)
        mach_say("books: core has %d ports more than at the start", ports);
    if (whole && !ports && before.wanted)
        mach_say("books: balanced");
}
