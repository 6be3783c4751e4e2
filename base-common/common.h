/* SPDX-License-Identifier: BSD-2-Clause */
/* common.h: the parts of a component's runtime that are the same for all kernels. Private to the base
 * folders. */
#ifndef COMMON_COMMON_H
#define COMMON_COMMON_H

#include <os/env.h>
#include <os/log.h>

/* From here on malloc takes memory from the account of ENV. A no-op with the malloc of a shared libc. */
void runtime_malloc_init(struct os_env *env) __attribute__((weak));

/* From here on stdout and stderr go to the LOG session of ENV, opened with the first line. */
void runtime_output_init(struct os_env *env);

/* The SIZE bytes of TEXT as lines to that session, or to plat_console while or if there is none. Any thread.
 */
void runtime_output(const char *text, size_t size);

/*
 * The platform's: gives what is printed to stdout and stderr to runtime_output, by lines, with these buffers
 * for the two.
 */
enum { RUNTIME_LINE = OS_LOG_MAX - 1 }; /* bytes of one; what is longer comes as several */
void runtime_output_redirect(char buffers[2][RUNTIME_LINE]);

#endif
