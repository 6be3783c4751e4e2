/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.h: memory in pieces, from dataspaces of one account. malloc of a component is a heap on its own
 * account; a server can have one for each client, so that what a client costs is seen and bounded.
 */
#ifndef OS_HEAP_H
#define OS_HEAP_H

#include <os/env.h>
#include <os/list.h>
#include <os/session.h>
#include <os/thread.h>

/* Free blocks are kept by size: four bins for each power of two from 32 bytes on. */
#define OS_HEAP_BINS 128

/* Memory of the caller's; private. */
struct os_heap {
    struct os_env *env;
    struct os_quota *quota; /* charged for each dataspace, or NULL */
    struct os_list chunks;
    struct os_list bins[OS_HEAP_BINS];
    uint32_t filled[OS_HEAP_BINS / 32]; /* a bit for each bin that is not empty */
    void *spare;                        /* the one chunk that is kept although it is empty, or NULL */
    struct os_mutex lock;
    uint64_t held; /* bytes of all chunks */
    uint64_t used; /* bytes handed out, without overhead */
};

/* An empty heap on the account of ENV. With QUOTA each dataspace is charged to it as well. Allocates nothing
 * yet. */
void os_heap_init(struct os_heap *heap, struct os_env *env, struct os_quota *quota);

/* Gives every dataspace back, used or not. */
void os_heap_fini(struct os_heap *heap);

/* SIZE bytes, zeroed, aligned to 16; NULL when account or quota is used up. Any thread. */
void *os_heap_alloc(struct os_heap *heap, size_t size);

/* Gives a block back; NULL is fine. A pointer that is no block of this heap stops the component with a
 * message. */
void os_heap_free(struct os_heap *heap, void *block);

/* Size of a block as it was asked for, rounded up to 16. */
size_t os_heap_size(const void *block);

#endif
