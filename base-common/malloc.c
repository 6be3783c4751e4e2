/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc.c: malloc of ordinary components: a heap on the component's own account, so that quota bounds it.
 * What the C library asks for before there is an account comes from a small static arena and stays there.
 */
#include "common.h"
#include <errno.h>
#include <malloc.h>
#include <os/heap.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, ARENA = 8 * 1024 };

static _Alignas(ALIGN) char arena[ARENA];
static struct os_heap heap;
/* With values other than zero they are where data is, and one page less is touched at the start. */
static size_t arena_left = ARENA;
static int before_heap = 1;

/*
 * Before each block that is aligned to more than ALIGN: where the block of the heap starts. The mark cannot
 * stand before an ordinary block, where the heap keeps its own.
 */
struct aligned {
    void *block;
    uint64_t mark;
};
#define ALIGNED_MARK UINT64_C(0xa11941edb10c0000)

void runtime_malloc_init(struct os_env *env)
{
    os_heap_init(&heap, env, NULL);
    before_heap = 0;
}

static int in_arena(const void *at)
{
    return (const char *)at >= arena && (const char *)at < arena + ARENA;
}

/* Before the account exists there is one thread. The size stands before the block. */
static void *arena_alloc(size_t size)
{
    size_t need = ((size + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + ALIGN;

    if (size > ARENA || need > arena_left)
        return NULL;
    char *at = arena + ARENA - arena_left;
    arena_left -= need;
    memcpy(at, &need, sizeof(need));
    return at + ALIGN;
}

/* The heap's memory is zeroed, that of the arena too. */
void *malloc(size_t size)
{
    void *at = before_heap ? arena_alloc(size) : os_heap_alloc(&heap, size);

    if (!at)
        errno = ENOMEM;
    return at;
}

static struct aligned *aligned_of(void *at)
{
    struct aligned *aligned = (struct aligned *)at - 1;
    return aligned->mark == ALIGNED_MARK ? aligned : NULL;
}

void free(void *at)
{
    if (!at || in_arena(at))
        return;
    struct aligned *aligned = aligned_of(at);
    void *block = aligned ? aligned->block : at;
    if (aligned)
        aligned->mark = 0;
    os_heap_free(&heap, block);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return malloc(bytes);
}

size_t malloc_usable_size(void *at)
{
    if (!at)
        return 0;
    if (in_arena(at)) {
        size_t need;
        memcpy(&need, (char *)at - ALIGN, sizeof(need));
        return need - ALIGN;
    }
    struct aligned *aligned = aligned_of(at);
    if (!aligned)
        return os_heap_size(at);
    return os_heap_size(aligned->block) - (size_t)((char *)at - (char *)aligned->block);
}

void *realloc(void *at, size_t size)
{
    if (!at)
        return malloc(size);
    if (!size) {
        free(at);
        return NULL;
    }
    size_t old = malloc_usable_size(at);
    if (size <= old && size >= old / 2)
        return at;
    void *moved = malloc(size);
    if (!moved)
        return size <= old ? at : NULL;
    memcpy(moved, at, old < size ? old : size);
    free(at);
    return moved;
}

void *memalign(size_t alignment, size_t size)
{
    if (alignment <= ALIGN)
        return malloc(size);
    if ((alignment & (alignment - 1)) || size > PTRDIFF_MAX - alignment - ALIGN) {
        errno = alignment & (alignment - 1) ? EINVAL : ENOMEM;
        return NULL;
    }
    char *block = malloc(size + alignment + ALIGN);
    if (!block)
        return NULL;
    char *at = (char *)(((uintptr_t)block + ALIGN + alignment - 1) & ~(alignment - 1));
    if (!in_arena(block))
        ((struct aligned *)(void *)at)[-1] = (struct aligned){ block, ALIGNED_MARK };
    else
        memcpy(at - ALIGN, &(size_t){ size + ALIGN }, sizeof(size_t));
    return at;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **at, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    void *block = memalign(alignment, size);
    if (!block)
        return ENOMEM;
    *at = block;
    return 0;
}

void *valloc(size_t size)
{
    return memalign(OS_PAGE_SIZE, size);
}

void *pvalloc(size_t size)
{
    return memalign(OS_PAGE_SIZE, (size + OS_PAGE_SIZE - 1) & ~(size_t)(OS_PAGE_SIZE - 1));
}
