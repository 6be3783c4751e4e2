/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: dataspaces are sealed memfds. Whoever attaches one gets a description of his own, read-only or
 * writable, maps it and closes it; a mapping keeps its description.
 *
 * core has to know when the last of these descriptions is gone. inotify tells when one is closed, but not
 * whether it was the last, and may tell of two as if they were one. So each has a shared flock, which goes
 * with it, and core tries for the exclusive one. The kernel tells of the close just before it drops the lock,
 * hence the second look a moment later.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC        0x0010U
#endif

enum { BUCKETS = 256, RETRIES = 3 };

static struct os_list watched[BUCKETS]; /* of struct core_memory.link, by watch */
static struct transport_watch inotify = { .fd = -1 };

static os_err error_of(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOSPC ? OS_ERR_HANDLES : OS_ERR_NO_MEMORY;
}

/* Kernels before 6.3 do not know the flags about execution, and need none. */
static int make_memfd(const char *name, unsigned flags)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

static void path_of(int fd, char path[32])
{
    snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static os_err create(uint64_t size, struct core_memory **memory)
{
    struct core_memory *made = calloc(1, sizeof(*made));
    if (!made)
        return OS_ERR_NO_MEMORY;
    made->size = size;
    made->watch = -1;
    os_list_init(&made->link);
    made->fd = make_memfd("dataspace", MFD_NOEXEC_SEAL);
    if (made->fd < 0 || ftruncate(made->fd, (off_t)size) ||
        fcntl(made->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
        os_err err = error_of(errno);
        core_plat_memory_destroy(made);
        return err;
    }
    *memory = made;
    return OS_OK;
}

os_err core_plat_memory_create(struct core_ds *ds, uint64_t size, struct core_memory **memory)
{
    os_err err = create(size, memory);
    if (!err)
        (*memory)->ds = ds;
    return err;
}

os_err linux_memory_create(struct linux_channel *channel, uint64_t size, struct core_memory **memory)
{
    os_err err = create(size, memory);
    if (!err)
        (*memory)->channel = channel;
    return err;
}

int linux_memory_fd(const struct core_memory *memory)
{
    return memory->fd;
}

static void unwatch(struct core_memory *memory)
{
    os_list_remove(&memory->link);
    os_alarm_clear(&memory->retry);
    if (memory->watch >= 0)
        inotify_rm_watch(inotify.fd, memory->watch);
    memory->watch = -1;
    memory->attached = 0;
}

void core_plat_memory_destroy(struct core_memory *memory)
{
    unwatch(memory);
    if (memory->fd >= 0)
        close(memory->fd);
    free(memory);
}

/* Asks the kernel, which knows of an end before it has told of it. */
int core_plat_memory_attached(struct core_memory *memory)
{
    if (memory->runs)
        return 1;
    if (!memory->attached || flock(memory->fd, LOCK_EX | LOCK_NB))
        return memory->attached;
    flock(memory->fd, LOCK_UN);
    unwatch(memory);
    return 0;
}

void linux_memory_run(struct core_memory *memory)
{
    memory->runs++;
}

void linux_memory_ran(struct core_memory *memory)
{
    if (!--memory->runs)
        core_ds_detached(memory->ds);
}

os_err linux_memory_open(struct core_memory *memory, int writable, int *fd)
{
    char path[32];
    path_of(memory->fd, path);
    int opened = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (opened < 0)
        return error_of(errno);
    if (flock(opened, LOCK_SH | LOCK_NB))
        goto fail;
    if (memory->watch < 0) {
        memory->watch = inotify_add_watch(inotify.fd, path, IN_CLOSE);
        if (memory->watch < 0)
            goto fail;
        os_list_insert(&watched[memory->watch % BUCKETS], &memory->link);
    }
    memory->attached = 1;
    *fd = opened;
    return OS_OK;

fail:
    close(opened);
    return OS_ERR_HANDLES;
}

/* Tells the dataspace if nobody has the memory attached; zero if somebody has. MEMORY may be gone then. */
static int check_detached(struct core_memory *memory)
{
    if (flock(memory->fd, LOCK_EX | LOCK_NB))
        return 0;
    flock(memory->fd, LOCK_UN);
    unwatch(memory);
    if (memory->channel)
        linux_channel_detached(memory->channel);
    else
        core_ds_detached(memory->ds);
    return 1;
}

static void set_retry(struct core_memory *memory)
{
    static const os_time after[RETRIES] = { 10 * OS_MS, 100 * OS_MS, OS_SEC };
    if (memory->tries < RETRIES)
        os_alarm_set(&linux_core.ep, &memory->retry, os_clock_now() + after[memory->tries++]);
}

static void retry(struct os_alarm *alarm)
{
    struct core_memory *memory = OS_CONTAINER_OF(alarm, struct core_memory, retry);
    if (!check_detached(memory))
        set_retry(memory);
}

static void closed(struct core_memory *memory)
{
    if (check_detached(memory))
        return;
    memory->tries = 0;
    memory->retry.handle = retry;
    set_retry(memory);
}

static void closed_watch(int watch)
{
    OS_LIST_FOR_EACH (link, &watched[watch % BUCKETS]) {
        struct core_memory *memory = OS_CONTAINER_OF(link, struct core_memory, link);
        if (memory->watch == watch) {
            closed(memory);
            return;
        }
    }
}

/* So much happened that the kernel lost track: any of them may be meant. */
static void closed_any(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        OS_LIST_FOR_EACH_SAFE (link, &watched[i])
            closed(OS_CONTAINER_OF(link, struct core_memory, link));
}

void linux_memory_update(void)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t len;
    while ((len = read(inotify.fd, buffer, sizeof(buffer))) > 0) {
        for (char *at = buffer; at < buffer + len;) {
            const struct inotify_event *event = (const void *)at;
            if (event->mask & IN_Q_OVERFLOW)
                closed_any();
            else if (event->mask & IN_CLOSE)
                closed_watch(event->wd);
            at += sizeof(*event) + event->len;
        }
    }
}

static void inotify_ready(struct transport_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    linux_memory_update();
}

os_err linux_memory_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        os_list_init(&watched[i]);
    inotify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify.ready = inotify_ready;
    if (inotify.fd < 0)
        return error_of(errno);
    return transport_watch(linux_core.ep.plat, &inotify, 1 /* EPOLLIN */);
}

/* ---- sealed copies */

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The number of bytes copied, or -1 with errno. */
static int64_t copy_in(int fd, ssize_t (*read_from)(void *from, void *buffer, size_t size), void *from,
                       uint64_t max)
{
    char buffer[16384]; /* core's stack keeps the pages */
    uint64_t done = 0;
    while (done < max) {
        size_t want = max - done < sizeof(buffer) ? (size_t)(max - done) : sizeof(buffer);
        ssize_t n = read_from(from, buffer, want);
        if (n < 0 || (n > 0 && write_all(fd, buffer, (size_t)n)))
            return -1;
        if (n == 0)
            break;
        done += (uint64_t)n;
    }
    return (int64_t)done;
}

os_err linux_memory_seal_copy(ssize_t (*read_from)(void *from, void *buffer, size_t size), void *from,
                              uint64_t max, int *fd, uint64_t *size)
{
    char path[32];
    int made = make_memfd("module", MFD_EXEC);
    if (made < 0)
        return error_of(errno);
    os_err err = OS_ERR_IO;
    int64_t len = copy_in(made, read_from, from, max);
    if (len < 0)
        goto out;
    /* an empty dataspace cannot be attached, so there is always a page */
    uint64_t pages = len ? ((uint64_t)len + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE : 1;
    if (ftruncate(made, (off_t)(pages * OS_PAGE_SIZE)) ||
        fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
        goto out;
    /* the kernel executes nothing that is open for writing */
    path_of(made, path);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    err = *fd < 0 ? error_of(errno) : OS_OK;
    *size = (uint64_t)len;
out:
    close(made);
    return err;
}
