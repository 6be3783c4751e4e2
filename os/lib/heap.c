/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.c: an allocator on dataspaces. A chunk is one dataspace: a header, blocks without gaps, and an end
 * mark. Each block has a header with its own size and that of the block before it, so that neighbours merge
 * in constant time. Free blocks are in bins by size; a bitmap finds the first bin that surely fits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/heap.h>

/* Sizes are of the block with its header, multiples of ALIGN. */
#define ALIGN     16u
#define MIN_BLOCK (sizeof(struct block) + sizeof(struct os_list) + (ALIGN - 1)) / ALIGN *ALIGN
#define MIN_CHUNK OS_KIB(64)
#define MAX_CHUNK OS_MIB(1)
#define LARGE     OS_KIB(128) /* from here on a block has a chunk of its own, which goes when it is freed */
#define MAX_SIZE  ((uint64_t)SIZE_MAX / 2)

enum { BLOCK_USED = 0xa110c8ed, BLOCK_FREE = 0x00f7eeb1, BLOCK_END = 0x00e7d000 };

struct block {
    uint64_t size;
    uint32_t before; /* size of the block before, in units of ALIGN; 0 for the first of a chunk */
    uint32_t state;  /* a mark, which also finds pointers that are no blocks */
};

struct chunk {
    struct os_list link;
    struct os_region region;
    os_dataspace_cap ds;
    _Alignas(ALIGN) struct block first;
};

/* A chunk without its one block: header of the chunk up to the first block, and the end mark. */
#define CHUNK_OVERHEAD (offsetof(struct chunk, first) + sizeof(struct block))

static struct block *block_after(struct block *block)
{
    return (struct block *)(void *)((char *)block + block->size);
}

static struct block *block_before(struct block *block)
{
    return (struct block *)(void *)((char *)block - (uint64_t)block->before * ALIGN);
}

static void *payload(struct block *block)
{
    return block + 1;
}

static struct os_list *bin_link(struct block *block)
{
    return payload(block);
}

/* Bin of a size: the power of two and the two bits below it. */
static unsigned bin_of(uint64_t size)
{
    unsigned power = 63 - (unsigned)__builtin_clzll(size);
    unsigned quarter = (unsigned)(size >> (power - 2)) & 3;
    unsigned bin = (power - 5) * 4 + quarter;
    return bin < OS_HEAP_BINS ? bin : OS_HEAP_BINS - 1;
}

static void put_free(struct os_heap *heap, struct block *block)
{
    unsigned bin = bin_of(block->size);
    block->state = BLOCK_FREE;
    os_list_insert(&heap->bins[bin], bin_link(block));
    heap->filled[bin / 32] |= UINT32_C(1) << bin % 32;
}

static void take_free(struct os_heap *heap, struct block *block)
{
    unsigned bin = bin_of(block->size);
    os_list_remove(bin_link(block));
    if (os_list_empty(&heap->bins[bin]))
        heap->filled[bin / 32] &= ~(UINT32_C(1) << bin % 32);
}

static struct block *first_fit(struct os_heap *heap, unsigned bin, uint64_t size)
{
    OS_LIST_FOR_EACH (link, &heap->bins[bin]) {
        struct block *block = (struct block *)(void *)link - 1;
        if (block->size >= size)
            return block;
    }
    return NULL;
}

/* A free block of at least SIZE, or NULL: the own bin may hold too small ones, those above it do not. */
static struct block *find_free(struct os_heap *heap, uint64_t size)
{
    unsigned bin = bin_of(size);
    struct block *block = first_fit(heap, bin, size);
    if (block || ++bin >= OS_HEAP_BINS)
        return block;
    uint32_t word = heap->filled[bin / 32] & UINT32_MAX << bin % 32;
    for (unsigned i = bin / 32;;) {
        if (word)
            return first_fit(heap, i * 32 + (unsigned)__builtin_ctz(word), size);
        if (++i == OS_HEAP_BINS / 32)
            return NULL;
        word = heap->filled[i];
    }
}

static void set_size(struct block *block, uint64_t size)
{
    block->size = size;
    block_after(block)->before = (uint32_t)(size / ALIGN);
}

/* Cuts what BLOCK does not need off its end. */
static void split(struct os_heap *heap, struct block *block, uint64_t size)
{
    uint64_t rest = block->size - size;
    if (rest < MIN_BLOCK)
        return;
    set_size(block, size);
    struct block *cut = block_after(block);
    set_size(cut, rest);
    put_free(heap, cut);
}

static struct chunk *map_chunk(struct os_heap *heap, uint64_t size)
{
    os_dataspace_cap ds;
    struct os_region region = { 0 };
    if (heap->quota && os_quota_charge(heap->quota, size, 1))
        return NULL;
    if (os_ram_alloc(heap->env, size, &ds))
        goto refund;
    if (os_region_attach(&region, ds, OS_ATTACH_WRITE))
        goto release;
    struct chunk *chunk = region.at;
    chunk->region = region;
    chunk->ds = ds;
    os_list_insert(&heap->chunks, &chunk->link);
    heap->held += size;
    return chunk;
release:
    os_ram_free(heap->env, ds);
refund:
    if (heap->quota)
        os_quota_refund(heap->quota, size, 1);
    return NULL;
}

static void unmap_chunk(struct os_heap *heap, struct chunk *chunk)
{
    struct os_region region = chunk->region;
    os_dataspace_cap ds = chunk->ds;
    os_list_remove(&chunk->link);
    heap->held -= region.size;
    if (heap->quota)
        os_quota_refund(heap->quota, region.size, 1);
    os_region_detach(&region);
    os_ram_free(heap->env, ds);
}

/* Size of the next chunk of a heap that holds HELD bytes: chunks grow with the heap. */
static uint64_t chunk_size(uint64_t held)
{
    uint64_t wanted = os_page_up(held / 4);
    return wanted < MIN_CHUNK ? MIN_CHUNK : wanted > MAX_CHUNK ? MAX_CHUNK : wanted;
}

static void drop_spare(struct os_heap *heap)
{
    struct block *spare = heap->spare;
    if (!spare)
        return;
    heap->spare = NULL;
    take_free(heap, spare);
    unmap_chunk(heap, OS_CONTAINER_OF(spare, struct chunk, first));
}

/* A new chunk with one block that fits SIZE, in no bin yet; a small one when quota is short, which an empty
 * chunk is not to be the reason for. */
static struct block *grow(struct os_heap *heap, uint64_t size)
{
    uint64_t least = os_page_up(size + CHUNK_OVERHEAD);
    uint64_t wanted = chunk_size(heap->held);
    if (size >= LARGE || wanted < least)
        wanted = least;
    struct chunk *chunk = map_chunk(heap, wanted);
    if (!chunk && wanted > least)
        chunk = map_chunk(heap, wanted = least);
    if (!chunk && heap->spare) {
        drop_spare(heap);
        chunk = map_chunk(heap, wanted = least);
    }
    if (!chunk)
        return NULL;
    struct block *block = &chunk->first;
    block->before = 0;
    set_size(block, wanted - CHUNK_OVERHEAD);
    struct block *end = block_after(block);
    end->size = 0;
    end->state = BLOCK_END;
    return block;
}

void os_heap_init(struct os_heap *heap, struct os_env *env, struct os_quota *quota)
{
    memset(heap, 0, sizeof(*heap));
    heap->env = env;
    heap->quota = quota;
    os_list_init(&heap->chunks);
    for (unsigned i = 0; i < OS_HEAP_BINS; i++)
        os_list_init(&heap->bins[i]);
}

void os_heap_fini(struct os_heap *heap)
{
    while (!os_list_empty(&heap->chunks))
        unmap_chunk(heap, OS_CONTAINER_OF(heap->chunks.next, struct chunk, link));
}

void *os_heap_alloc(struct os_heap *heap, size_t size)
{
    if (size > MAX_SIZE)
        return NULL;
    uint64_t need = ((uint64_t)size + ALIGN - 1) / ALIGN * ALIGN + sizeof(struct block);
    int fresh = 0;
    if (need < MIN_BLOCK)
        need = MIN_BLOCK;
    os_mutex_lock(&heap->lock);
    struct block *block = find_free(heap, need);
    if (block) {
        take_free(heap, block);
        if (block == heap->spare)
            heap->spare = NULL;
    } else {
        block = grow(heap, need);
        fresh = 1;
    }
    if (block) {
        split(heap, block, need);
        block->state = BLOCK_USED;
        heap->used += block->size - sizeof(*block);
    }
    os_mutex_unlock(&heap->lock);
    if (!block)
        return NULL;
    /* dataspaces come zeroed */
    if (!fresh)
        memset(payload(block), 0, block->size - sizeof(*block));
    return payload(block);
}

static void bad_block(const char *what)
{
    fprintf(stderr, "heap: %s\n", what);
    abort();
}

static struct block *used_block(const void *at)
{
    struct block *block = (struct block *)(uintptr_t)at - 1;
    if ((uintptr_t)at % ALIGN)
        bad_block("a pointer that is no block was freed");
    if (block->state == BLOCK_FREE)
        bad_block("a block was freed twice");
    if (block->state != BLOCK_USED)
        bad_block("a pointer that is no block was freed");
    return block;
}

static int is_whole_chunk(const struct block *block)
{
    const struct block *next = (const void *)((const char *)block + block->size);
    return block->before == 0 && next->state == BLOCK_END;
}

/*
 * One empty chunk is kept, if it is none of those that a single large block had: what is allocated and freed
 * again and again where a chunk begins would go to core each time.
 */
static void chunk_is_empty(struct os_heap *heap, struct block *block)
{
    struct chunk *chunk = OS_CONTAINER_OF(block, struct chunk, first);
    if (heap->spare || chunk->region.size > chunk_size(heap->held)) {
        unmap_chunk(heap, chunk);
        return;
    }
    heap->spare = block;
    put_free(heap, block);
}

void os_heap_free(struct os_heap *heap, void *at)
{
    if (!at)
        return;
    os_mutex_lock(&heap->lock);
    struct block *block = used_block(at);
    struct block *after = block_after(block);
    heap->used -= block->size - sizeof(*block);
    block->state = BLOCK_FREE;
    if (after->state == BLOCK_FREE) {
        take_free(heap, after);
        set_size(block, block->size + after->size);
        after->state = 0;
    }
    if (block->before && block_before(block)->state == BLOCK_FREE) {
        struct block *before = block_before(block);
        take_free(heap, before);
        set_size(before, before->size + block->size);
        block->state = 0;
        block = before;
    }
    if (is_whole_chunk(block))
        chunk_is_empty(heap, block);
    else
        put_free(heap, block);
    os_mutex_unlock(&heap->lock);
}

size_t os_heap_size(const void *at)
{
    return (size_t)(used_block(at)->size - sizeof(struct block));
}
