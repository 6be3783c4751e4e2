/* SPDX-License-Identifier: BSD-2-Clause */
/* first.c: a program whose very first instruction is a forbidden system call. No C library. */

__asm__(".globl _start\n"
        "_start:\n"
        "    syscall\n"       /* the kernel starts a program with rax = 0: read */
        "    mov $41, %eax\n" /* socket */
        "    syscall\n"
        "    hlt\n");
