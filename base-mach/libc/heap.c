/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.c: malloc of programs that hold their task port: core, and tests without core. Blocks of a page and
 * more are the kernel's; smaller ones are cut from such, in classes of sizes, and wait in a list of their
 * class when freed. (Components have base-common/malloc.c, on their own account.)
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/lock.h>
#include <mach_base/kernel.h>

enum { PAGE = 4096, SLAB = 16 * PAGE };

/* Sizes of the classes, two for each power of two: 32, 48, 64, 96 to 4096 bytes. */
enum { CLASSES = 15, KERNELS = CLASSES, ALIGNED };

/* Stands before each block, and is as large as what it is aligned to. */
struct block {
    uint32_t size;      /* with this */
    uint32_t number;    /* of the class, or one of these */
    struct block *next; /* that is free; ALIGNED: what it is a part of */
    uint32_t state;     /* a mark, which also finds pointers that are no blocks */
};
#define BLOCK_USED UINT32_C(0xa110c8ed)
#define BLOCK_FREE UINT32_C(0x00f7eeb1)

extern struct __lock __lock___malloc_recursive_mutex;
static _LOCK_T lock = &__lock___malloc_recursive_mutex;

static struct block *unused[CLASSES];
static char *slab;
static uint32_t slab_left;
static mach_port_t task;

static uint32_t size_of_class(uint32_t number)
{
    return (2 + number % 2) << (4 + number / 2);
}

static void *from_kernel(uint32_t size)
{
    uint32_t at = 0;

    if (!task)
        task = mach_task_self();
    return vm_allocate(task, &at, size, 1) ? NULL : (void *)(uintptr_t)at;
}

/* A block that was never used; what is left of the last slab is too small for it, and lost. */
static struct block *cut(uint32_t size)
{
    if (slab_left < size) {
        char *memory = from_kernel(SLAB);
        if (!memory)
            return NULL;
        slab = memory;
        slab_left = SLAB;
    }
    struct block *block = (struct block *)(void *)slab;
    slab += size;
    slab_left -= size;
    return block;
}

static struct block *take(uint32_t need)
{
    uint32_t number = 0;

    while (number < CLASSES && size_of_class(number) < need)
        number++;
    uint32_t size = number < CLASSES ? size_of_class(number) : (need + PAGE - 1) & ~(uint32_t)(PAGE - 1);
    struct block *block = number < CLASSES ? unused[number] : from_kernel(size);
    if (block && number < CLASSES)
        unused[number] = block->next;
    else if (!block && number < CLASSES)
        block = cut(size);
    if (block)
        *block = (struct block){ .size = size, .number = number, .state = BLOCK_USED };
    return block;
}

/* Not malloc itself, or the compiler makes of calloc's malloc and memset a call of calloc. */
static void *allocate(size_t size)
{
    struct block *block = NULL;

    if (size < INT32_MAX) {
        __lock_acquire_recursive(lock);
        block = take((uint32_t)(size + sizeof(*block)));
        __lock_release_recursive(lock);
    }
    if (!block)
        errno = ENOMEM;
    return block ? block + 1 : NULL;
}

void *malloc(size_t size)
{
    return allocate(size);
}

static struct block *block_of(void *at)
{
    struct block *block = (struct block *)at - 1;

    if ((uintptr_t)at % sizeof(*block) || block->state != BLOCK_USED)
        abort(); /* what is no block was freed, or one twice */
    return block;
}

static void give_back(struct block *block)
{
    block->state = BLOCK_FREE;
    if (block->number == KERNELS) {
        vm_deallocate(task, (uint32_t)(uintptr_t)block, block->size);
    } else {
        block->next = unused[block->number];
        unused[block->number] = block;
    }
}

void free(void *at)
{
    if (!at)
        return;
    struct block *block = block_of(at);
    __lock_acquire_recursive(lock);
    if (block->number == ALIGNED) {
        block->state = BLOCK_FREE;
        block = block->next;
    }
    give_back(block);
    __lock_release_recursive(lock);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *at = allocate(bytes);
    return at ? memset(at, 0, bytes) : NULL;
}

size_t malloc_usable_size(void *at)
{
    return at ? block_of(at)->size - sizeof(struct block) : 0;
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
    if (size <= old && size >= old / 4)
        return at;
    void *moved = malloc(size);
    if (!moved)
        return size <= old ? at : NULL;
    memcpy(moved, at, old < size ? old : size);
    free(at);
    return moved;
}

int posix_memalign(void **at, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    if (size > INT32_MAX || alignment > INT32_MAX)
        return ENOMEM;
    char *memory = allocate(size + alignment + sizeof(struct block));
    if (!memory)
        return ENOMEM;
    struct block *block = (struct block *)(void *)memory - 1;
    uintptr_t aligned = ((uintptr_t)memory + sizeof(*block) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    uint32_t left = (uint32_t)((uintptr_t)block + block->size - aligned);
    *at = (void *)aligned;
    ((struct block *)aligned)[-1] = (struct block){
        .size = left + sizeof(*block), .number = ALIGNED, .next = block, .state = BLOCK_USED
    };
    return 0;
}
