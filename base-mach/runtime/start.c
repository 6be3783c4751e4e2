/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: from a component's first instruction to its component_construct. */
#include <os/component.h>
#include <mach_base/libc.h>
#include <mach_base/startup.h>
#include <mach_base/thread.h>
#include <mach_base/transport.h>
#include <string.h>
#include "runtime.h"

mach_native_cap runtime_native;

static struct os_entrypoint entrypoint;
struct os_env runtime_env = { .ep = &entrypoint };

/* The startup page's address is in %eax; calls want the stack to be aligned to 16. */
__asm__(".text\n.globl _start\n.type _start, @function\n"
        "_start:\n"
        "\txorl %ebp, %ebp\n\tandl $-16, %esp\n\tsubl $12, %esp\n\tpushl %eax\n\tcall runtime_start\n"
        ".size _start, . - _start\n");

void runtime_start(const struct mach_startup *startup) __attribute__((noreturn, used));

void runtime_output_redirect(char buffers[2][RUNTIME_LINE])
{
    libc_output(runtime_output, buffers[0], buffers[1], RUNTIME_LINE);
}

static void set_up(void)
{
    static const char failed[] = "the component could not be set up\n";

    if (os_entrypoint_init(&entrypoint)) {
        plat_console(failed, sizeof(failed) - 1);
        plat_exit(1);
    }
    libc_constructors();
    /* output first: what it may need then lies in malloc's own arena, and a component that allocates nothing
     * asks core for no memory */
    runtime_output_init(&runtime_env);
    runtime_malloc_init(&runtime_env);
}

void runtime_start(const struct mach_startup *startup)
{
    if (startup->magic != MACH_STARTUP_MAGIC)
        __builtin_trap(); /* there is nobody to tell */
    mach_first_thread_init();
    mach_clock_set(&startup->clock);
    runtime_native.cap = transport_cap(startup->native);
    runtime_env.parent.cap = transport_cap(startup->parent);
    runtime_env.pd.cap = transport_cap(startup->pd);
    set_up();
    component_construct(&runtime_env);
    os_entrypoint_run(&entrypoint);
    os_exit(&runtime_env, 0);
}
