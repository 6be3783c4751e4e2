/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.c: the kernel's traps: a far call through its gate with the number in %eax and the arguments of a C
 * call. */
#include <mach_base/kernel.h>

#define TRAP(NAME, NUMBER)                                                                                   \
    __asm__(".section .text." #NAME ", \"ax\"\n"                                                             \
            ".globl " #NAME "\n.type " #NAME ", @function\n" #NAME ":\n"                                     \
            "\tmovl $" #NUMBER ", %eax\n\tlcall $7, $0\n\tret\n"                                             \
            ".size " #NAME ", . - " #NAME "\n\t.text\n")

/* The kernel takes a seventh argument, the port to notify, but looks at it only if an option asks for it. */
TRAP(mach_msg, -25);
TRAP(mach_reply_port, -26);
TRAP(mach_thread_self, -27);
TRAP(mach_task_self, -28);
TRAP(mach_host_self, -29);
TRAP(mach_print, -30);
TRAP(mach_thread_switch, -61);

mach_err mach_thread_switch(mach_port_t thread, uint32_t option, uint32_t milliseconds);

void mach_yield(uint32_t milliseconds)
{
    /* Depressed, because a thread of higher priority would only be chosen again. */
    enum { DEPRESS = 1, WAIT = 2 };
    mach_thread_switch(MACH_PORT_NULL, milliseconds ? WAIT : DEPRESS, milliseconds);
}
