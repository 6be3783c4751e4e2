/* SPDX-License-Identifier: BSD-2-Clause */
/* reent.c: the state that newlib keeps for each thread, and its own names of malloc, which are given it. */
#include <reent.h>
#include <stdlib.h>
#include <mach_base/thread.h>

struct _reent *__getreent(void)
{
    return mach_thread()->reent;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    return malloc(size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    return calloc(count, size);
}

void *_realloc_r(struct _reent *reent, void *at, size_t size)
{
    return realloc(at, size);
}

void _free_r(struct _reent *reent, void *at)
{
    free(at);
}
