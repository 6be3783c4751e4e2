/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c: signal contexts on pipes. A signal is one byte, which nobody looks at; signals to one context
 * coalesce in its pipe, and a full pipe has something to tell already.
 */
#include "internal.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

struct plat_signal {
    struct source source; /* SOURCE_SIGNAL */
    struct plat_ep *ep;
    void *key;
    int fd;     /* read end */
    int orphan; /* nobody can submit any more */
};

static struct pool signal_pool = { .size = sizeof(struct plat_signal) };

os_err plat_signal_create(struct plat_ep *ep, void *key, struct plat_signal **signal, struct os_cap *cap)
{
    int ends[2];
    struct os_cap made;
    struct plat_signal *s = pool_get(&signal_pool);

    if (!s)
        return OS_ERR_NO_MEMORY;
    os_err err = transport_hooks->signal_pipe(ends);
    if (err)
        goto free_signal;
    *s = (struct plat_signal){ .source.kind = SOURCE_SIGNAL, .ep = ep, .key = key, .fd = ends[0] };
    err = transport_cap_from_fd(ends[1], &made);
    if (err)
        goto close_pipe;
    err = ep_add(ep, s->fd, EPOLLIN, s);
    if (err)
        goto drop_cap;
    *signal = s;
    *cap = made;
    return OS_OK;

drop_cap:
    plat_cap_unref(made);
close_pipe:
    close(ends[0]);
    transport_hooks->signal_closed();
free_signal:
    pool_put(&signal_pool, s);
    return err;
}

void plat_signal_destroy(struct plat_signal *signal)
{
    if (!signal->orphan)
        ep_remove(signal->ep, signal->fd);
    close(signal->fd);
    pool_put(&signal_pool, signal);
    transport_hooks->signal_closed();
}

/* One read empties the pipe but for a sender that floods it, whom the next rounds serve in turn with all
 * others. */
int signal_ready(struct plat_signal *signal, struct plat_event *event)
{
    char bytes[4096];
    ssize_t n = read(signal->fd, bytes, sizeof(bytes));

    if (n == 0) {
        ep_remove(signal->ep, signal->fd);
        signal->orphan = 1;
    }
    if (n <= 0)
        return 0;
    event->kind = PLAT_SIGNAL;
    event->key = signal->key;
    return 1;
}

/* Whoever gave us the capability may have lied: a descriptor that could block, or that is no pipe, is never
 * written to. */
static enum cap_signal check(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (fcntl(fd, F_GETPIPE_SZ) < 0) /* no pipe */
        return CAP_NO_SIGNAL;
    return flags >= 0 && (flags & O_NONBLOCK) ? CAP_SIGNAL : CAP_NO_SIGNAL;
}

void plat_signal_submit(struct os_cap cap)
{
    struct cap_entry *entry = cap_get(cap);

    if (!entry)
        return;
    if (entry->signal == CAP_UNCHECKED)
        entry->signal = check(entry->fd);
    if (entry->signal == CAP_SIGNAL) {
        ssize_t n = write(entry->fd, "", 1);
        (void)n; /* full: told already; broken: nobody to tell */
    }
    cap_put(entry);
}
