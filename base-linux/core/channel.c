/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.c: the pages of the transport's fast lane, as far as they are core's business: they are made here,
 * at the expense of the client, and when a server has ended its clients are told, because they sleep on a
 * word that nobody else would change any more. When a client has ended, the server pays until it lets go.
 *
 * A channel is there until the kernel says that nobody has its memory attached. Who it belongs to is known by
 * the inode of the memory, which a server shows to prove that a client has introduced it.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

enum { BUCKETS = 256, CHANNEL_CAPS = 2 /* memory and doorbell */ };

struct linux_channel {
    struct os_list link;   /* of channels, by inode */
    struct os_list served; /* of core_process.channels */
    struct os_list own;    /* of core_process.own_channels: those that it calls on */
    struct core_memory *memory;
    ino_t inode;
    struct core_account *account; /* charged: of the client, after its end of the server */
    uint32_t client, server;      /* ids of processes; 0: none */
    uint32_t answered;            /* number of the last answer when it was looked at last */
    uint64_t calls;               /* answers until then */
};

static struct os_list channels[BUCKETS];

static struct os_list *bucket_of(ino_t inode)
{
    struct os_list *bucket = &channels[inode % BUCKETS];
    if (!bucket->next)
        os_list_init(bucket);
    return bucket;
}

static struct linux_channel *find(int fd)
{
    struct stat st;
    if (fstat(fd, &st))
        return NULL;
    struct os_list *bucket = bucket_of(st.st_ino);
    OS_LIST_FOR_EACH (link, bucket) {
        struct linux_channel *channel = OS_CONTAINER_OF(link, struct linux_channel, link);
        struct stat own;
        /* numbers of inodes are unique in one file system only */
        if (channel->inode == st.st_ino && !fstat(linux_memory_fd(channel->memory), &own) &&
            own.st_dev == st.st_dev)
            return channel;
    }
    return NULL;
}

static void give_space_back(uint32_t id)
{
    struct core_process *process = id ? linux_process_find(id) : NULL;
    if (process)
        linux_native_space(process, 0, OS_PAGE_SIZE);
}

/*
 * Answers have numbers, so nobody has to count them: it is enough to look at the last one from time to time.
 * The numbers begin anew after 2^30; who looks less often than that misses some.
 */
static uint64_t count_calls(struct linux_channel *channel)
{
    uint32_t seq;
    if (pread(linux_memory_fd(channel->memory), &seq, sizeof(seq), LINUX_CHANNEL_REPLY_SEQ) == sizeof(seq)) {
        seq &= LINUX_CHANNEL_NUMBERS;
        channel->calls += (seq - channel->answered) & LINUX_CHANNEL_NUMBERS;
        channel->answered = seq;
    }
    return channel->calls;
}

uint64_t linux_channels_calls(struct core_process *server)
{
    uint64_t calls = server->calls;
    OS_LIST_FOR_EACH (link, &server->channels)
        calls += count_calls(OS_CONTAINER_OF(link, struct linux_channel, served));
    return calls;
}

/* What is known of CHANNEL outlives it, so that the sum never gets less. */
static void keep_calls(struct linux_channel *channel)
{
    struct core_process *server = channel->server ? linux_process_find(channel->server) : NULL;
    if (server)
        server->calls += count_calls(channel);
}

void linux_channel_detached(struct linux_channel *channel)
{
    keep_calls(channel);
    os_list_remove(&channel->link);
    os_list_remove(&channel->served);
    os_list_remove(&channel->own);
    give_space_back(channel->client);
    give_space_back(channel->server);
    core_plat_memory_destroy(channel->memory);
    core_account_refund(channel->account, OS_PAGE_SIZE, CHANNEL_CAPS);
    free(channel);
}

/* The options are written before anybody else has the memory. */
static os_err make_memory(struct linux_channel *channel, int *fd)
{
    struct stat st;
    uint32_t options = linux_core.options->no_spin ? LINUX_CHANNEL_NO_SPIN : 0;
    os_err err = linux_memory_create(channel, OS_PAGE_SIZE, &channel->memory);
    if (err)
        return err;
    int own = linux_memory_fd(channel->memory);
    err = OS_ERR_IO;
    if (fstat(own, &st) || pwrite(own, &options, sizeof(options), LINUX_CHANNEL_OPTIONS) != sizeof(options))
        goto fail;
    err = linux_memory_open(channel->memory, 1, fd);
    if (err)
        goto fail;
    channel->inode = st.st_ino;
    return OS_OK;
fail:
    core_plat_memory_destroy(channel->memory);
    return err;
}

os_err linux_channel_create(struct core_process *client, int fds[2])
{
    struct core_account *account = client->pd->session.account;
    os_err err = core_account_charge(account, OS_PAGE_SIZE, CHANNEL_CAPS);
    if (err)
        return err;
    struct linux_channel *channel = calloc(1, sizeof(*channel));
    if (!channel) {
        err = OS_ERR_NO_MEMORY;
        goto refund;
    }
    err = OS_ERR_HANDLES;
    fds[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fds[1] < 0)
        goto free_channel;
    err = make_memory(channel, &fds[0]);
    if (err)
        goto close_doorbell;
    err = linux_native_space(client, OS_PAGE_SIZE, 0);
    if (err)
        goto destroy_memory;
    channel->account = account;
    channel->client = client->id;
    os_list_init(&channel->served);
    os_list_init(&channel->own);
    os_list_insert(&client->own_channels, &channel->own);
    os_list_insert(bucket_of(channel->inode), &channel->link);
    return OS_OK;

destroy_memory:
    close(fds[0]);
    core_plat_memory_destroy(channel->memory);
close_doorbell:
    close(fds[1]);
free_channel:
    free(channel);
refund:
    core_account_refund(account, OS_PAGE_SIZE, CHANNEL_CAPS);
    return err;
}

os_err linux_channel_serve(struct core_process *server, int fd)
{
    struct linux_channel *channel = fd >= 0 ? find(fd) : NULL;
    if (!channel || channel->server)
        return OS_ERR_BAD_CAP;
    os_err err = linux_native_space(server, OS_PAGE_SIZE, 0);
    if (err)
        return err;
    channel->server = server->id;
    os_list_insert(&server->channels, &channel->served);
    return OS_OK;
}

/* Whatever was in the word, it is another now, and whoever sleeps on it looks. */
static void end(struct linux_channel *channel)
{
    char *page =
        mmap(NULL, OS_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, linux_memory_fd(channel->memory), 0);
    if (page == MAP_FAILED) {
        linux_say("no memory to tell a client that its server has ended");
        return;
    }
    _Atomic uint32_t *word = (void *)(page + LINUX_CHANNEL_REPLY_SEQ);
    atomic_fetch_or(word, LINUX_CHANNEL_GONE);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    munmap(page, OS_PAGE_SIZE);
}

/*
 * The client has ended, and its account is to be whole again. The server lets go of the channel as soon as it
 * hears of that; until then it pays, so that one that does not is nobody's loss but its own. It need not have
 * so much: then the rest of the client's account waits for it.
 */
static void hand_over(struct linux_channel *channel)
{
    struct core_process *server = channel->server ? linux_process_find(channel->server) : NULL;
    channel->client = 0;
    if (!core_plat_memory_attached(channel->memory)) {
        linux_channel_detached(channel);
        return;
    }
    if (!server || core_account_charge(server->pd->session.account, OS_PAGE_SIZE, CHANNEL_CAPS))
        return;
    core_account_refund(channel->account, OS_PAGE_SIZE, CHANNEL_CAPS);
    channel->account = server->pd->session.account;
}

void linux_channels_end(struct core_process *process)
{
    while (!os_list_empty(&process->channels)) {
        struct linux_channel *channel = OS_CONTAINER_OF(process->channels.next, struct linux_channel, served);
        os_list_remove(&channel->served);
        process->calls += count_calls(channel);
        channel->server = 0;
        end(channel);
    }
    while (!os_list_empty(&process->own_channels)) {
        struct linux_channel *channel =
            OS_CONTAINER_OF(process->own_channels.next, struct linux_channel, own);
        os_list_remove(&channel->own);
        hand_over(channel);
    }
}
