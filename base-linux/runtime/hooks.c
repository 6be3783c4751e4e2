/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hooks.c: socket pairs and pipes from core, which charges caps for them. Pairs come four at a time and wait
 * here; what is closed is told to core when as many have come together.
 */
#include "runtime.h"
#include <os/thread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { BATCH = 4 };

static struct os_mutex lock;
static int pairs[BATCH][2];
static unsigned npairs;
static _Atomic uint32_t closed;

/* Takes the descriptors out of COUNT handles; all or none. */
static os_err take_fds(const os_any_cap *caps, unsigned count, int *fds)
{
    int complete = 1;

    for (unsigned i = 0; i < count; i++) {
        fds[i] = transport_cap_take(caps[i].cap);
        complete &= fds[i] >= 0;
    }
    if (complete)
        return OS_OK;
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return OS_ERR_HANDLES;
}

static void give_back(uint32_t count)
{
    os_err err = linux_native_release(runtime_native, count);
    (void)err; /* core is gone, and so will this process be */
}

static os_err fetch_pairs(int fetched[BATCH][2])
{
    os_any_cap c[2 * BATCH];
    os_err err = linux_native_pairs(runtime_native, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7]);
    if (err)
        return err;
    err = take_fds(c, 2 * BATCH, &fetched[0][0]);
    if (err)
        give_back(BATCH);
    return err;
}

/* Keeps what fits of fetched pairs; another thread may have filled the store meanwhile. */
static void store_pairs(int fetched[BATCH][2], unsigned count)
{
    while (count && npairs < BATCH) {
        count--;
        pairs[npairs][0] = fetched[count][0];
        pairs[npairs][1] = fetched[count][1];
        npairs++;
    }
    atomic_fetch_add(&closed, count);
    while (count) {
        count--;
        close(fetched[count][0]);
        close(fetched[count][1]);
    }
}

static os_err take_pair(int fds[2])
{
    int fetched[BATCH][2];
    int found = 0;

    os_mutex_lock(&lock);
    if (npairs) {
        npairs--;
        fds[0] = pairs[npairs][0];
        fds[1] = pairs[npairs][1];
        found = 1;
    }
    os_mutex_unlock(&lock);
    if (found)
        return OS_OK;
    /* not under the lock: the call to core may close connections on its way */
    os_err err = fetch_pairs(fetched);
    if (err)
        return err;
    fds[0] = fetched[BATCH - 1][0];
    fds[1] = fetched[BATCH - 1][1];
    os_mutex_lock(&lock);
    store_pairs(fetched, BATCH - 1);
    os_mutex_unlock(&lock);
    return OS_OK;
}

/* One message to core for several, which is what an account can be off by. */
static void one_closed(void)
{
    uint32_t count = atomic_fetch_add(&closed, 1) + 1;

    if (count >= BATCH && atomic_compare_exchange_strong(&closed, &count, 0))
        give_back(count);
}

static os_err make_signal(int fds[2])
{
    os_any_cap ends[2];
    os_err err = linux_native_signal(runtime_native, &ends[0], &ends[1]);
    if (err)
        return err;
    err = take_fds(ends, 2, fds);
    if (err)
        give_back(1);
    return err;
}

static os_err make_channel(int fds[2])
{
    os_any_cap ends[2];
    os_err err = linux_native_channel(runtime_native, &ends[0], &ends[1]);
    return err ? err : take_fds(ends, 2, fds);
}

/* The descriptor becomes a handle for the time of the call. */
static os_err serve_channel(int fd)
{
    os_any_cap memory;
    os_err err = transport_cap_from_fd(fd, &memory.cap);
    if (err)
        return err;
    err = linux_native_serve(runtime_native, memory);
    fd = transport_cap_take(memory.cap);
    if (err && fd >= 0)
        close(fd);
    return err;
}

const struct transport_hooks runtime_hooks = {
    .pair = take_pair,
    .pair_closed = one_closed,
    .signal_pipe = make_signal,
    .signal_closed = one_closed,
    .channel = make_channel,
    .channel_serve = serve_channel,
    .thread_begins = runtime_fault_stack,
};
