/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c: memory of the transport. Items never change their type and never go back to the host, so that a
 * token of a reply may point to a connection that is gone and still find its generation. The first pages are
 * static, which is all that most components need.
 */
#include "internal.h"
#include <string.h>
#include <sys/mman.h>

enum { PAGE = OS_PAGE_SIZE, STATIC_PAGES = 12, GROW_PAGES = 4 };

struct pool_item {
    struct pool_item *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(PAGE) char first_pages[STATIC_PAGES * PAGE];
static char *pages = first_pages;
static size_t pages_left = STATIC_PAGES;

static char *take_page(void)
{
    if (!pages_left) {
        void *more =
            mmap(NULL, GROW_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED)
            return NULL;
        pages = more;
        pages_left = GROW_PAGES;
    }
    char *page = pages;
    pages += PAGE;
    pages_left--;
    return page;
}

static void push(struct pool *pool, void *at)
{
    struct pool_item *item = at;

    item->next = pool->free;
    pool->free = item;
}

void *pool_get(struct pool *pool)
{
    struct pool_item *item;
    char *page;

    pthread_mutex_lock(&lock);
    if (!pool->free && (page = take_page()))
        for (size_t at = 0; at + pool->size <= PAGE; at += pool->size)
            push(pool, page + at);
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
