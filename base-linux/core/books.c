/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * books.c: whether all that was given came back. At the end of a run that shall tell, every component is
 * ended and every session closed, and then the accounts must be whole. When memory is let go of by those who
 * ended is heard from the kernel, a moment later.
 */
#include "internal.h"

/* For components to end, and for their memory to be seen to be gone. */
#define PATIENCE (5 * OS_SEC)

static int is_whole(const struct core *core)
{
    return core_accounts_whole(&core->accounts, core->account);
}

static int all_ended(const struct core *core)
{
    return os_list_empty(&linux_processes) && os_list_empty(&core->sessions);
}

/* Goes on until what is CHECKed holds, or there is no patience any more. */
static void wait_until(int (*check)(const struct core *core), os_time until)
{
    while (!check(&linux_core.core) && os_clock_now() < until)
        os_entrypoint_step(&linux_core.ep, until);
}

void linux_books_close(void)
{
    struct core *core = &linux_core.core;
    os_time until = os_clock_now() + PATIENCE;
    os_alarm_clear(&core->shot_alarm);
    core_close_all(core);
    wait_until(all_ended, until);
    if (all_ended(core)) { /* else somebody may run what is in them */
        core_modules_fini(core);
        os_list_init(&core->modules);
        wait_until(is_whole, until);
    }
    if (all_ended(core) && is_whole(core))
        linux_say("books: balanced");
    else
        linux_say("books: the accounts are not whole: %llu bytes and %u caps in use",
                  (unsigned long long)(core->accounts.ram - core->account->ram + core->account->ram_used),
                  (unsigned)(core->accounts.caps - core->account->caps + core->account->caps_used));
}
