/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.c: see capture.h. As in writer.c the thread exchanges two buffers and writes without the lock. What
 * does not fit while it writes is dropped, counted, and said in the statistics at the end of the file.
 *
 * The format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html, in this machine's byte order.
 */
#include "capture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum {
    CAPTURES = 16,       /* those that are still written included */
    INTERFACES = 64,     /* of a capture */
    ROOM = 1 << 20,      /* of each buffer, bytes */
    RESERVE = 16 * 1024, /* of it, for what is said at the end */
    BLOCK_MAX = 512,     /* bytes of a block without a frame */
};

enum {
    SECTION_HEADER = 0x0a0d0d0a,
    INTERFACE_DESCRIPTION = 1,
    INTERFACE_STATISTICS = 5,
    ENHANCED_PACKET = 6,
    MAGIC = 0x1a2b3c4d,
    ETHERNET = 1,
    OPTION_COMMENT = 1,
    OPTION_INTERFACE_NAME = 2,
    OPTION_FLAGS = 2,
    OPTION_APPLICATION = 4,
    OPTION_RECEIVED = 4,
    OPTION_DROPPED = 5,
    OPTION_RESOLUTION = 9,
    INBOUND = 1,
    OUTBOUND = 2,
};

struct interface {
    char label[OS_LABEL_MAX];
    uint64_t frames, dropped;
};

struct capture {
    struct os_list list; /* of captures or of dying */
    uint32_t id;
    char link[OS_LABEL_MAX];
    int fd;
    uint64_t limit, frames; /* limit 0: none */
    uint64_t epoch;         /* ns to be added to the monotonic clock */
    void (*ended)(void *arg), (*done)(void *arg);
    void *arg;
    struct interface interfaces[INTERFACES];
    unsigned count;

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int closing; /* it ends when all is written */
    int over;    /* the thread has ended */
    unsigned filling;
    size_t len;
    uint8_t buffers[2][ROOM];
};

void (*capture_changed)(void);

static struct os_list captures = { &captures, &captures };
static struct os_list dying = { &dying, &dying };
static unsigned total;
static uint32_t last_id;
static struct transport_watch over = { .fd = -1 };

/* ---- the thread */

static int write_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n >= 0) {
            data += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
        } else if (errno != EINTR) {
            return 0;
        }
    }
    return 1;
}

static void *run(void *arg)
{
    struct capture *capture = arg;
    const uint64_t one = 1;
    int good = 1;
    pthread_mutex_lock(&capture->lock);
    while (good && (capture->len || !capture->closing)) {
        if (!capture->len) {
            pthread_cond_wait(&capture->changed, &capture->lock);
            continue;
        }
        const uint8_t *data = capture->buffers[capture->filling];
        size_t size = capture->len;
        capture->filling = !capture->filling;
        capture->len = 0;
        pthread_mutex_unlock(&capture->lock);
        good = write_all(capture->fd, data, size);
        pthread_mutex_lock(&capture->lock);
    }
    capture->over = 1;
    pthread_cond_broadcast(&capture->changed);
    pthread_mutex_unlock(&capture->lock);
    ssize_t n = write(over.fd, &one, sizeof(one)); /* it counts, so it cannot be full */
    (void)n;
    return NULL;
}

/* Zero when there is no room but for KEEP bytes. */
static int append(struct capture *capture, const void *data, size_t size, size_t keep)
{
    pthread_mutex_lock(&capture->lock);
    int fits = !capture->over && size <= ROOM - keep && capture->len <= ROOM - keep - size;
    if (fits) {
        memcpy(capture->buffers[capture->filling] + capture->len, data, size);
        capture->len += size;
        pthread_cond_broadcast(&capture->changed);
    }
    pthread_mutex_unlock(&capture->lock);
    return fits;
}

/* ---- blocks */

struct block {
    uint8_t bytes[BLOCK_MAX];
    size_t len;
};

static void add(struct block *block, const void *data, size_t size)
{
    memcpy(block->bytes + block->len, data, size);
    block->len += size;
}

static void add32(struct block *block, uint32_t value)
{
    add(block, &value, sizeof(value));
}

static void add_option(struct block *block, uint16_t code, const void *data, uint16_t size)
{
    static const uint8_t zeros[4];
    add(block, &code, sizeof(code));
    add(block, &size, sizeof(size));
    add(block, data, size);
    add(block, zeros, -size & 3u);
}

static void begin(struct block *block, uint32_t type)
{
    block->len = 0;
    add32(block, type);
    add32(block, 0); /* its length, when that is known */
}

/* The options end, and the block, which has EXTRA bytes that are somewhere else. */
static void end(struct block *block, uint32_t extra)
{
    add32(block, 0);
    uint32_t len = (uint32_t)block->len + 4 + extra;
    add32(block, len);
    memcpy(block->bytes + 4, &len, sizeof(len));
}

static void add_time(struct block *block, uint64_t time)
{
    add32(block, (uint32_t)(time >> 32));
    add32(block, (uint32_t)time);
}

static uint64_t now_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * OS_SEC + (uint64_t)time.tv_nsec;
}

static void put_section(struct capture *capture)
{
    static const char application[] = "Seedbed";
    const int64_t unknown = -1;
    struct block block;
    begin(&block, SECTION_HEADER);
    add32(&block, MAGIC);
    add32(&block, 1); /* version 1.0 */
    add(&block, &unknown, sizeof(unknown));
    add_option(&block, OPTION_APPLICATION, application, sizeof(application) - 1);
    end(&block, 0);
    append(capture, block.bytes, block.len, 0);
}

static int put_interface(struct capture *capture, const char *label)
{
    static const uint8_t nanoseconds = 9;
    struct block block;
    begin(&block, INTERFACE_DESCRIPTION);
    add32(&block, ETHERNET);
    add32(&block, 0); /* frames are whole */
    add_option(&block, OPTION_INTERFACE_NAME, label, (uint16_t)strlen(label));
    add_option(&block, OPTION_RESOLUTION, &nanoseconds, 1);
    end(&block, 0);
    return append(capture, block.bytes, block.len, RESERVE);
}

static void put_statistics(struct capture *capture, uint32_t number)
{
    const struct interface *interface = &capture->interfaces[number];
    struct block block;
    begin(&block, INTERFACE_STATISTICS);
    add32(&block, number);
    add_time(&block, now_of(CLOCK_REALTIME));
    add_option(&block, OPTION_RECEIVED, &interface->frames, sizeof(interface->frames));
    add_option(&block, OPTION_DROPPED, &interface->dropped, sizeof(interface->dropped));
    end(&block, 0);
    append(capture, block.bytes, block.len, 0);
}

static int put_frame(struct capture *capture, uint32_t number, const struct os_pcap_record *record,
                     const uint8_t *frame)
{
    static const char dropped[] = "dropped: it went no further";
    static uint8_t bytes[OS_PCAP_FRAME + BLOCK_MAX];
    uint32_t flags = record->flags & OS_PCAP_RECEIVED ? INBOUND : OUTBOUND;
    uint32_t padded = (record->len + 3) & ~3u;
    struct block block, options = { .len = 0 };
    begin(&block, ENHANCED_PACKET);
    add32(&block, number);
    add_time(&block, record->time + capture->epoch);
    add32(&block, record->len);
    add32(&block, record->len);
    size_t head = block.len;
    if (record->flags & OS_PCAP_DROPPED)
        add_option(&options, OPTION_COMMENT, dropped, sizeof(dropped) - 1);
    add_option(&options, OPTION_FLAGS, &flags, sizeof(flags));
    add(&block, options.bytes, options.len);
    end(&block, padded);
    memcpy(bytes, block.bytes, head);
    memcpy(bytes + head, frame, record->len);
    memset(bytes + head + record->len, 0, padded - record->len);
    memcpy(bytes + head + padded, block.bytes + head, block.len - head);
    return append(capture, bytes, block.len + padded, RESERVE);
}

/* ---- what comes */

static int records_valid(const uint8_t *data, uint32_t size)
{
    struct os_pcap_record record;
    for (uint32_t at = 0, whole; at < size; at += whole) {
        if (size - at < sizeof(record))
            return 0;
        memcpy(&record, data + at, sizeof(record));
        if (record.len > OS_PCAP_FRAME)
            return 0;
        whole = os_pcap_record_size(record.len);
        if (whole > size - at)
            return 0;
    }
    return 1;
}

/* NULL when there are too many, or there is no room to say that it is there. */
static struct interface *interface_of(struct capture *capture, const char *label)
{
    for (unsigned i = 0; i < capture->count; i++)
        if (!strcmp(capture->interfaces[i].label, label))
            return &capture->interfaces[i];
    if (capture->count == INTERFACES || !put_interface(capture, label))
        return NULL;
    struct interface *interface = &capture->interfaces[capture->count++];
    snprintf(interface->label, sizeof(interface->label), "%s", label);
    return interface;
}

static int is_full(const struct capture *capture)
{
    return capture->limit && capture->frames >= capture->limit;
}

os_err capture_put(struct capture *capture, const char *label, const uint8_t *data, uint32_t size,
                   uint64_t dropped)
{
    struct os_pcap_record record;
    if (!records_valid(data, size))
        return OS_ERR_BAD_ARG;
    struct interface *interface = interface_of(capture, label);
    if (!interface)
        return OS_OK;
    interface->frames += dropped;
    interface->dropped += dropped;
    for (uint32_t at = 0; at < size && !is_full(capture); at += os_pcap_record_size(record.len)) {
        memcpy(&record, data + at, sizeof(record));
        interface->frames++;
        if (put_frame(capture, (uint32_t)(interface - capture->interfaces), &record,
                      data + at + sizeof(record)))
            capture->frames++;
        else
            interface->dropped++;
    }
    if (is_full(capture) && capture->ended)
        capture->ended(capture->arg);
    return OS_OK;
}

/* ---- captures */

static void release(struct capture *capture)
{
    void (*done)(void *) = capture->done;
    void *arg = capture->arg;
    os_list_remove(&capture->list);
    pthread_join(capture->thread, NULL);
    pthread_mutex_destroy(&capture->lock);
    pthread_cond_destroy(&capture->changed);
    close(capture->fd);
    free(capture);
    total--;
    if (done)
        done(arg);
}

static int is_over(struct capture *capture)
{
    pthread_mutex_lock(&capture->lock);
    int is = capture->over;
    pthread_mutex_unlock(&capture->lock);
    return is;
}

/* Threads have ended: because they were to, or because nobody reads any more. */
static void threads_over(struct transport_watch *watch, uint32_t events)
{
    uint64_t count;
    ssize_t n = read(watch->fd, &count, sizeof(count));
    (void)n;
    (void)events;
    OS_LIST_FOR_EACH_SAFE (link, &dying) {
        struct capture *capture = OS_CONTAINER_OF(link, struct capture, list);
        if (is_over(capture))
            release(capture);
    }
    OS_LIST_FOR_EACH_SAFE (link, &captures) {
        struct capture *capture = OS_CONTAINER_OF(link, struct capture, list);
        if (!is_over(capture))
            continue;
        if (capture->ended)
            capture->ended(capture->arg);
        else
            capture_destroy(capture, NULL, NULL);
    }
}

os_err capture_init(void)
{
    over.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    over.ready = threads_over;
    return over.fd < 0 ? OS_ERR_HANDLES : transport_watch(linux_core.ep.plat, &over, EPOLLIN);
}

os_err capture_create(const char *link, int fd, uint64_t limit, void (*ended)(void *arg), void *arg,
                      struct capture **created)
{
    os_err err = OS_ERR_BUSY;
    struct capture *capture = total < CAPTURES ? malloc(sizeof(*capture)) : NULL;
    if (!capture)
        goto refuse;
    memset(capture, 0, offsetof(struct capture, buffers));
    snprintf(capture->link, sizeof(capture->link), "%s", link);
    capture->id = ++last_id;
    capture->fd = fd;
    capture->limit = limit;
    capture->ended = ended;
    capture->arg = arg;
    capture->epoch = now_of(CLOCK_REALTIME) - now_of(CLOCK_MONOTONIC);
    pthread_mutex_init(&capture->lock, NULL);
    pthread_cond_init(&capture->changed, NULL);
    put_section(capture);
    err = pthread_create(&capture->thread, NULL, run, capture) ? OS_ERR_NO_MEMORY : OS_OK;
    if (err)
        goto refuse;
    os_list_insert(&captures, &capture->list);
    total++;
    *created = capture;
    if (capture_changed)
        capture_changed();
    return OS_OK;

refuse:
    free(capture);
    close(fd);
    return err;
}

void capture_destroy(struct capture *capture, void (*done)(void *arg), void *arg)
{
    const uint64_t one = 1;
    for (unsigned i = 0; i < capture->count; i++)
        put_statistics(capture, i);
    os_list_remove(&capture->list);
    os_list_insert(&dying, &capture->list);
    capture->done = done;
    capture->arg = arg;
    pthread_mutex_lock(&capture->lock);
    capture->closing = 1;
    pthread_cond_broadcast(&capture->changed);
    pthread_mutex_unlock(&capture->lock);
    ssize_t n = write(over.fd, &one, sizeof(one)); /* its thread may have ended before */
    (void)n;
    if (capture_changed)
        capture_changed();
}

void capture_forget(void *arg)
{
    OS_LIST_FOR_EACH (link, &dying) {
        struct capture *capture = OS_CONTAINER_OF(link, struct capture, list);
        if (capture->arg == arg)
            capture->done = NULL;
    }
}

struct capture *capture_at(uint32_t index)
{
    OS_LIST_FOR_EACH (link, &captures)
        if (!index--)
            return OS_CONTAINER_OF(link, struct capture, list);
    return NULL;
}

struct capture *capture_find(uint32_t id)
{
    OS_LIST_FOR_EACH (link, &captures)
        if (OS_CONTAINER_OF(link, struct capture, list)->id == id)
            return OS_CONTAINER_OF(link, struct capture, list);
    return NULL;
}

uint32_t capture_id(const struct capture *capture)
{
    return capture->id;
}

const char *capture_link(const struct capture *capture)
{
    return capture->link;
}

void capture_summary(const struct capture *capture, char *text, size_t size)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i < capture->count; i++)
        lost += capture->interfaces[i].dropped;
    snprintf(text, size, "%llu frames of %u links, %llu lost", (unsigned long long)capture->frames,
             capture->count, (unsigned long long)lost);
}

void capture_finish(unsigned seconds)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    capture_changed = NULL;
    while (!os_list_empty(&captures))
        capture_destroy(OS_CONTAINER_OF(captures.next, struct capture, list), NULL, NULL);
    OS_LIST_FOR_EACH (link, &dying) {
        struct capture *capture = OS_CONTAINER_OF(link, struct capture, list);
        pthread_mutex_lock(&capture->lock);
        while (!capture->over && !late)
            late = pthread_cond_timedwait(&capture->changed, &capture->lock, &until);
        pthread_mutex_unlock(&capture->lock);
    }
}
