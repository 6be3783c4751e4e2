/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport.h: capabilities, connections and entrypoints on SOCK_SEQPACKET sockets: the part of the platform
 * that components and core share. Private to base-linux. It implements the capability, call, entrypoint and
 * signal functions of platform.h; what it cannot do itself (making sockets) it asks of the hooks below, which
 * the component runtime answers with calls to core, and core with system calls.
 */
#ifndef LINUX_BASE_TRANSPORT_H
#define LINUX_BASE_TRANSPORT_H

#include <platform/platform.h>

/* What the transport needs from the process that it is in. Descriptors are close-on-exec and the caller's. */
struct transport_hooks {
    os_err (*pair)(int fds[2]);        /* a SOCK_SEQPACKET pair */
    void (*pair_closed)(void);         /* a pair that was made here is closed */
    os_err (*signal_pipe)(int fds[2]); /* [0] to read, [1] to write; both non-blocking */
    void (*signal_closed)(void);
    /*
     * For a channel: shared memory of one page, which can neither grow nor shrink, and a non-blocking
     * eventfd. NULL: as a client this process has no fast lane.
     */
    os_err (*channel)(int fds[2]);
    /*
     * This process is going to serve the channel whose memory is FD, which stays the caller's. On failure, as
     * when it is no channel, FD is closed. From now on the end of the process sets LINUX_CHANNEL_GONE in it.
     * NULL: as a server this process has no fast lane.
     */
    os_err (*channel_serve)(int fd);
    /* Runs first on each thread of plat_thread_create, with memory for an alternate signal stack; or NULL. */
    void (*thread_begins)(void *stack, size_t size);
};

/* Once per process, before anything else. HOOKS stays the caller's and must stay. */
void transport_init(const struct transport_hooks *hooks);

/* A handle for descriptor FD, which it owns from now on. OS_ERR_HANDLES closes FD. */
os_err transport_cap_from_fd(int fd, struct os_cap *cap);

/* The descriptor of a handle, borrowed; -1 if it has none. */
int transport_cap_fd(struct os_cap cap);

/* Drops the handle and gives its descriptor to the caller; -1 if it has none or the handle is counted more
 * than once. */
int transport_cap_take(struct os_cap cap);

/*
 * A handle for object INDEX of the private connection FD of the calling thread, introduced by core before the
 * start; DELEGATE is the client end of the same object's socket, or -1 if it cannot be delegated. Both
 * descriptors are owned from now on. With the same FD more objects may be bound.
 */
os_err transport_bind(int fd, uint32_t index, int delegate, struct os_cap *cap);

/*
 * The server's half of that: makes a private connection whose server end is served at EP, with OBJECTS
 * introduced at the indices 0 to COUNT-1. *FD is the client end, the caller's, to be given to a new process.
 */
os_err transport_preconnect(struct plat_ep *ep, struct plat_object *const objects[], uint32_t count, int *fd);

/*
 * As plat_object_create, but without a socket, and so without a capability: nobody can have this object but
 * by transport_preconnect, nor delegate it, and the end of its holders is not told.
 */
os_err transport_object_create(struct plat_ep *ep, void *key, struct plat_object **object);

/*
 * Other descriptors that EP shall watch, for core and drivers: READY is called from plat_ep_wait, on the
 * entrypoint's thread, with the epoll EVENTS. The structure is the caller's and stays until
 * transport_unwatch.
 */
struct transport_watch {
    int kind; /* private */
    int fd;
    void (*ready)(struct transport_watch *watch, uint32_t events);
};
os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t events);
void transport_unwatch(struct plat_ep *ep, struct transport_watch *watch);
/* Other events from now on. */
void transport_watch_for(struct plat_ep *ep, struct transport_watch *watch, uint32_t events);

#endif
