/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c: memory of the transport. Items never change their type and never go back to the host, so that a
 * token of a reply may point to a connection that is gone and still find its generation. The first pages are
 * static, which is all that most components need.
 *
 * The very first items share pages, whatever their size, each in lines of cache of its own: most components
 * need only few of each kind, and with a page for every kind would touch three times as many pages.
 * For the same reason what is counted here counts down: so it starts with the data of the program.
 */
#include "internal.h"
#include <string.h>
#include <sys/mman.h>

enum { PAGE = OS_PAGE_SIZE, SHARED_PAGES = 4, STATIC_PAGES = 12, GROW_PAGES = 4, LINE = 64 };

struct pool_item {
    struct pool_item *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(LINE) char first_pages[STATIC_PAGES * PAGE];
static char *memory = first_pages;
static size_t memory_left = sizeof(first_pages), shared_left = SHARED_PAGES * PAGE;

static char *take(size_t size)
{
    if (size > memory_left) {
        void *more =
            mmap(NULL, GROW_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED)
            return NULL;
        memory = more;
        memory_left = GROW_PAGES * PAGE;
    }
    char *taken = memory;
    memory += size;
    memory_left -= size;
    return taken;
}

static void push(struct pool *pool, void *at)
{
    struct pool_item *item = at;

    item->next = pool->free;
    pool->free = item;
}

static void refill(struct pool *pool)
{
    size_t lines = (pool->size + LINE - 1) / LINE * LINE;
    size_t room = lines <= shared_left ? lines : PAGE;
    char *at = take(room);

    if (!at)
        return;
    if (lines <= shared_left)
        shared_left -= lines;
    for (size_t used = 0; used + pool->size <= room; used += pool->size)
        push(pool, at + used);
}

void *pool_get(struct pool *pool)
{
    struct pool_item *item;

    pthread_mutex_lock(&lock);
    if (!pool->free)
        refill(pool);
    item = pool->free;
    if (item)
        pool->free = item->next;
    pthread_mutex_unlock(&lock);
    return item;
}

void pool_put(struct pool *pool, void *item)
{
    pthread_mutex_lock(&lock);
    push(pool, item);
    pthread_mutex_unlock(&lock);
}
