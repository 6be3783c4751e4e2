/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: the first instructions of a program without core, and of the loader, which gets them started. */

/* %eax and the stack pointer of the beginning, as arguments of a C function; calls want an aligned stack. */
__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n"
        "\tmovl %esp, %edx\n\txorl %ebp, %ebp\n\tandl $-16, %esp\n\tsubl $8, %esp\n"
        "\tpushl %edx\n\tpushl %eax\n\tcall bare_start\n.size _start, . - _start\n");
