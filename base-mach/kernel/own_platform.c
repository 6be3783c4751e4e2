/* SPDX-License-Identifier: BSD-2-Clause */
/* own_platform.c: threads of platform.h for core; apart from what they call, as in platform.c. */
#include <platform/platform.h>
#include <mach_base/thread.h>

os_err plat_thread_create(void (*entry)(void *arg), void *arg, size_t stack, struct plat_thread **thread)
{
    return mach_own_thread_create(entry, arg, stack, (struct mach_own_thread **)thread);
}

void plat_thread_join(struct plat_thread *thread)
{
    mach_own_thread_join((struct mach_own_thread *)thread);
}
