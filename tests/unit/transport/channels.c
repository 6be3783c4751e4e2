/* SPDX-License-Identifier: BSD-2-Clause */
/* channels.c: see channels.h. */
#include "channels.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <leak.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 96 };

/* Shared by all processes. */
struct shared {
    _Atomic int asked, served;
    _Atomic os_err refuse_make, refuse_serve;
    struct {
        _Atomic pid_t user;   /* that is at work here just now */
        _Atomic pid_t server; /* 0: none */
    } slots[SLOTS];
};

static struct shared *shared;
static int memory[SLOTS];
static struct channel_page *pages[SLOTS];
static uint32_t channel_options;

static __thread int last_slot = -1, last_doorbell = -1;

static void make_slot(int i)
{
    memory[i] = memfd_create("probe-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_ge(memory[i], 0);
    ck_assert_int_eq(ftruncate(memory[i], OS_PAGE_SIZE), 0);
    ck_assert_int_eq(fcntl(memory[i], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    pages[i] = mmap(NULL, OS_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory[i], 0);
    ck_assert_ptr_ne(pages[i], MAP_FAILED);
}

void channels_init(uint32_t options)
{
    channel_options = options;
    if (!shared) {
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(shared, MAP_FAILED);
        for (int i = 0; i < SLOTS; i++)
            make_slot(i);
        leak_mark();
    }
    channels_refuse(OS_OK, OS_OK);
    shared->asked = shared->served = 0;
    last_slot = last_doorbell = -1;
}

void channels_refuse(os_err make, os_err serve)
{
    shared->refuse_make = make;
    shared->refuse_serve = serve;
}

int channels_asked(void)
{
    return shared->asked;
}

int channels_served(void)
{
    return shared->served;
}

/* Processes are killed at any moment, so who is gone is at work no more. */
static void slot_lock(int i)
{
    pid_t user = 0;

    while (!atomic_compare_exchange_strong(&shared->slots[i].user, &user, getpid())) {
        if (kill(user, 0) < 0 && atomic_compare_exchange_strong(&shared->slots[i].user, &user, getpid()))
            return;
        user = 0;
        sched_yield();
    }
}

static void slot_unlock(int i)
{
    shared->slots[i].user = 0;
}

/* Every description of a channel that was given out has a shared lock, until its last mapping is gone. */
static int is_attached(int i)
{
    if (flock(memory[i], LOCK_EX | LOCK_NB))
        return 1;
    flock(memory[i], LOCK_UN);
    return 0;
}

static void clear(struct channel_page *page)
{
    _Atomic uint32_t *words = (void *)page;

    for (unsigned i = 0; i < OS_PAGE_SIZE / sizeof(*words); i++)
        atomic_store_explicit(&words[i], 0, memory_order_relaxed);
    atomic_store(&page->options, channel_options);
}

static int open_slot(int i)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", memory[i]);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        flock(fd, LOCK_SH | LOCK_NB);
    return fd;
}

static int take_slot(int *fd)
{
    for (int i = 0; i < SLOTS; i++) {
        slot_lock(i);
        int is_free = !is_attached(i);
        if (is_free) {
            clear(pages[i]);
            shared->slots[i].server = 0;
            *fd = open_slot(i);
        }
        slot_unlock(i);
        if (is_free)
            return i;
    }
    return -1;
}

os_err channels_make(int fds[2])
{
    shared->asked++;
    if (shared->refuse_make)
        return shared->refuse_make;
    int slot = take_slot(&fds[0]);
    if (slot < 0)
        return OS_ERR_RAM;
    if (fds[0] < 0)
        return OS_ERR_HANDLES;
    fds[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fds[1] < 0) {
        close(fds[0]);
        return OS_ERR_HANDLES;
    }
    last_slot = slot;
    last_doorbell = fds[1];
    return OS_OK;
}

static int slot_of(int fd)
{
    struct stat st, own;

    if (fstat(fd, &st))
        return -1;
    for (int i = 0; i < SLOTS; i++)
        if (!fstat(memory[i], &own) && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
            return i;
    return -1;
}

os_err channels_serve(int fd)
{
    int slot = slot_of(fd);
    pid_t none = 0;
    os_err err = shared->refuse_serve;

    shared->served++;
    if (!err && (slot < 0 || !atomic_compare_exchange_strong(&shared->slots[slot].server, &none, getpid())))
        err = OS_ERR_BAD_CAP;
    if (err)
        close(fd);
    return err;
}

int channels_attached(void)
{
    int n = 0;

    for (int i = 0; shared && i < SLOTS; i++) {
        slot_lock(i);
        n += is_attached(i);
        slot_unlock(i);
    }
    return n;
}

int channels_mapped(void)
{
    char line[512];
    int n = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof(line), maps))
        n += strstr(line, "probe-channel") != NULL;
    fclose(maps);
    return n - (shared ? SLOTS : 0);
}

struct channel_page *channels_last_page(void)
{
    return last_slot < 0 ? NULL : pages[last_slot];
}

struct channel_page *channels_page_of(int fd)
{
    int slot = slot_of(fd);
    return slot < 0 ? NULL : pages[slot];
}

int channels_last_doorbell(void)
{
    return last_doorbell;
}

static void server_has_ended(pid_t server)
{
    for (int i = 0; i < SLOTS; i++)
        if (shared->slots[i].server == server)
            channel_end(pages[i]);
}

/* Closes all descriptors but ALIVE: whatever this process keeps open would not end for others. */
static void keep_only(int alive)
{
    for (int fd = 3; fd < 1024; fd++)
        if (fd != alive)
            close(fd);
}

pid_t channels_guard(pid_t server, int alive)
{
    char byte;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    keep_only(alive);
    while (read(alive, &byte, 1) < 0 && errno == EINTR)
        ;
    server_has_ended(server);
    _exit(0);
}
