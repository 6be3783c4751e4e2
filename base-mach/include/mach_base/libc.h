/* SPDX-License-Identifier: BSD-2-Clause */
/* libc.h: what programs can set of what base-mach/libc puts beneath newlib. */
#ifndef MACH_BASE_LIBC_H
#define MACH_BASE_LIBC_H

#include <stddef.h>

/*
 * Gives what is printed to stdout and stderr to WRITE, by lines, instead of to plat_console; OUT and ERR are
 * their buffers, of SIZE bytes. Called once, when there is one thread. What was printed before goes to
 * plat_console.
 */
void libc_output(void (*write)(const char *text, size_t size), char *out, char *err, size_t size);

/* Runs what the program's constructors do before main. */
void libc_constructors(void);

#endif
