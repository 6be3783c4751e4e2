/* SPDX-License-Identifier: BSD-2-Clause */
/* channel.c: see channel.h. */
#include "channel.h"
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct channel_page *channel_map(int fd, uint32_t *options)
{
    void *at = mmap(NULL, OS_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED)
        return NULL;
    struct channel_page *page = at;
    *options = atomic_load_explicit(&page->options, memory_order_relaxed);
    return page;
}

void channel_unmap(struct channel_page *page)
{
    munmap(page, OS_PAGE_SIZE);
}

/*
 * The other side can change the data at any time, so what is copied is loaded exactly once: by a volatile
 * access, as wide as every processor of this architecture has. The thread sanitizer takes atomic words only.
 */
#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif
typedef uint64_t wide __attribute__((vector_size(16), may_alias));

static void copy_in(void *to, const _Atomic uint64_t *from, size_t len)
{
    size_t i = 0, words = (len + 7) / 8;
    uint64_t *at = to;

    for (; !TSAN && i + 1 < words; i += 2) {
        wide two = *(const volatile wide *)(const void *)&from[i];
        memcpy(&at[i], &two, sizeof(two));
    }
    for (; i < words; i++)
        at[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
}

static void copy_out(_Atomic uint64_t *to, const void *from, size_t len)
{
    size_t i = 0, words = len / 8;
    const uint64_t *at = from;

    for (; !TSAN && i + 1 < words; i += 2) {
        wide two;
        memcpy(&two, &at[i], sizeof(two));
        *(volatile wide *)(void *)&to[i] = two;
    }
    for (; i < words; i++)
        atomic_store_explicit(&to[i], at[i], memory_order_relaxed);
    if (len % 8) {
        uint64_t last = 0; /* nothing of what is behind the message gets out */
        memcpy(&last, at + i, len % 8);
        atomic_store_explicit(&to[i], last, memory_order_relaxed);
    }
}

/*
 * The store of [1] and [3] in channel.h, and the barrier before the load that follows. An exchange would be
 * the same in one step, but it is not made before all other stores are, and by then the peer, which polls,
 * has taken the cache line away again; so is it one transfer of the line instead of two.
 */
static inline void publish_word(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
}

/* ---- client ---- */

int channel_post(struct channel_page *page, uint32_t seq, uint32_t index, const struct os_msg *msg,
                 uint32_t cpu)
{
    atomic_store_explicit(&page->request.index, index, memory_order_relaxed);
    atomic_store_explicit(&page->request.op, msg->op, memory_order_relaxed);
    atomic_store_explicit(&page->request.len, msg->len, memory_order_relaxed);
    atomic_store_explicit(&page->request.fingerprint, msg->fingerprint, memory_order_relaxed);
    atomic_store_explicit(&page->request.cpu, cpu, memory_order_relaxed);
    copy_out(page->request.data, msg->data, msg->len);
    publish_word(&page->request.seq, seq);
    return !atomic_load_explicit(&page->awake, memory_order_relaxed);
}

/* Zero after the deadline. */
static int sleep_on(_Atomic uint32_t *word, uint32_t expected, os_time deadline)
{
    struct timespec at = { (time_t)(deadline / OS_SEC), (long)(deadline % OS_SEC) };

    if (deadline == OS_NEVER)
        syscall(SYS_futex, word, FUTEX_WAIT, expected, NULL, NULL, 0);
    else
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &at, NULL, FUTEX_BITSET_MATCH_ANY);
    return deadline == OS_NEVER || plat_clock() < deadline;
}

uint32_t channel_sleep(struct channel_page *page, uint32_t seq, os_time deadline)
{
    uint32_t reply;
    int in_time = 1;

    atomic_store(&page->request.asleep, 1);
    while (!channel_answered(reply = atomic_load(&page->reply.seq), seq) && in_time)
        in_time = sleep_on(&page->reply.seq, reply, deadline);
    atomic_store_explicit(&page->request.asleep, 0, memory_order_relaxed);
    return reply;
}

int channel_take_reply(struct channel_page *page, struct os_msg *msg)
{
    uint32_t len = atomic_load_explicit(&page->reply.len, memory_order_relaxed);

    if (len > OS_MSG_BYTES)
        return 0;
    msg->err = atomic_load_explicit(&page->reply.err, memory_order_relaxed);
    msg->len = (uint16_t)len;
    msg->ncaps = 0;
    copy_in(msg->data, page->reply.data, len);
    return 1;
}

/* ---- server ---- */

int channel_take_request(struct channel_page *page, uint32_t seen, struct channel_request *request,
                         struct os_msg *msg)
{
    uint32_t seq = atomic_load_explicit(&page->request.seq, memory_order_acquire);

    if (seq == seen)
        return 0;
    uint32_t len = atomic_load_explicit(&page->request.len, memory_order_relaxed);
    if (seq > CHANNEL_SEQ || len > OS_MSG_BYTES)
        return -1;
    request->seq = seq;
    request->index = atomic_load_explicit(&page->request.index, memory_order_relaxed);
    request->cpu = atomic_load_explicit(&page->request.cpu, memory_order_relaxed);
    msg->op = atomic_load_explicit(&page->request.op, memory_order_relaxed);
    msg->fingerprint = atomic_load_explicit(&page->request.fingerprint, memory_order_relaxed);
    msg->err = OS_OK;
    msg->len = (uint16_t)len;
    msg->ncaps = 0;
    copy_in(msg->data, page->request.data, len);
    return 1;
}

void channel_write_reply(struct channel_page *page, const struct os_msg *msg)
{
    atomic_store_explicit(&page->reply.err, msg->err, memory_order_relaxed);
    atomic_store_explicit(&page->reply.len, msg->len, memory_order_relaxed);
    copy_out(page->reply.data, msg->data, msg->len);
}

static void wake_client(struct channel_page *page)
{
    if (atomic_load_explicit(&page->request.asleep, memory_order_relaxed))
        syscall(SYS_futex, &page->reply.seq, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void channel_publish(struct channel_page *page, uint32_t seq, uint32_t cpu)
{
    atomic_store_explicit(&page->reply.cpu, cpu, memory_order_relaxed);
    publish_word(&page->reply.seq, seq);
    wake_client(page);
}

int channel_doze(struct channel_page *page, uint32_t seen)
{
    atomic_store(&page->awake, 0);
    if (atomic_load(&page->request.seq) == seen)
        return 0;
    channel_wake(page);
    return 1;
}

void channel_wake(struct channel_page *page)
{
    atomic_store_explicit(&page->awake, 1, memory_order_relaxed);
}

void channel_end(struct channel_page *page)
{
    atomic_fetch_or(&page->reply.seq, CHANNEL_GONE);
    /* not only when it says so: whatever else it was told, this is the last word */
    syscall(SYS_futex, &page->reply.seq, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
