/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * one_page.c: both sides of a channel attach it at the same address, if both are threads of this process. It
 * is linked with --wrap for the functions that attach; without it ThreadSanitizer, which knows memory by its
 * address, would not notice that two threads use the same.
 */
#include <check.h>
#include <pthread.h>
#include "channels.h"

enum { MAPPINGS = 256 };

struct channel_page *__real_channel_map(int fd, uint32_t *options);
void __real_channel_unmap(struct channel_page *page);
struct channel_page *__wrap_channel_map(int fd, uint32_t *options);
void __wrap_channel_unmap(struct channel_page *page);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping {
    struct channel_page *own, *shown;
} mappings[MAPPINGS];

/* The first that shows PAGE; with NULL one that is free. */
static struct mapping *find(const struct channel_page *page)
{
    for (int i = 0; i < MAPPINGS; i++)
        if (mappings[i].shown == page)
            return &mappings[i];
    ck_abort_msg("more mappings than expected, or none of ours");
}

struct channel_page *__wrap_channel_map(int fd, uint32_t *options)
{
    struct channel_page *own = __real_channel_map(fd, options), *shown = channels_page_of(fd);

    if (!own || !shown)
        return own;
    pthread_mutex_lock(&lock);
    *find(NULL) = (struct mapping){ own, shown };
    pthread_mutex_unlock(&lock);
    return shown;
}

void __wrap_channel_unmap(struct channel_page *page)
{
    pthread_mutex_lock(&lock);
    struct mapping *mapping = find(page);
    struct channel_page *own = mapping->own;
    *mapping = (struct mapping){ 0 };
    pthread_mutex_unlock(&lock);
    __real_channel_unmap(own);
}
