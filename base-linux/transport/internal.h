/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * internal.h: what the files of the transport share.
 *
 * Locking. One lock guards the table of handles, the bindings, and which object a socket belongs to. It is
 * never held across a hook or anything that can block. All else belongs to one thread: connections
 * of a client to the thread that made them (those that core made to whoever holds their mutex), objects,
 * signals and the server's ends of connections to the thread that serves their entrypoint.
 *
 * Memory. Nothing here calls malloc, for a component's malloc calls core through this very code. All
 * structures come from pools, whose memory stays what it is: see pool.c.
 */
#ifndef TRANSPORT_INTERNAL_H
#define TRANSPORT_INTERNAL_H

#include <linux_base/transport.h>
#include <os/list.h>
#include <pthread.h>
#include "channel.h"
#include "spin.h"
#include "wire.h"

extern const struct transport_hooks *transport_hooks;

void transport_lock(void);
void transport_unlock(void);

/* ---- pool.c ---- */

/* Items of one size, at most a page. */
struct pool {
    size_t size;
    struct pool_item *free;
};

/*
 * An item, or NULL when the host has no memory. But for its first word it is as its last user left it, zeroed
 * at first. Any thread.
 */
void *pool_get(struct pool *pool);
void pool_put(struct pool *pool, void *item);

/* ---- what an epoll set of an entrypoint refers to ---- */

enum source_kind {
    SOURCE_OBJECT,     /* server end of an object's socket: introductions */
    SOURCE_CONNECTION, /* server end of a private connection: requests */
    SOURCE_CLIENT,     /* client end of a private connection: replies to begun calls */
    SOURCE_SIGNAL,     /* read end of a signal's pipe */
    SOURCE_WATCH,      /* transport_watch */
    SOURCE_DOORBELL,   /* of a channel: a request while it was not polled */
};

struct source {
    enum source_kind kind;
};

struct plat_ep {
    int epoll;
    pthread_t thread;           /* that created it or served it last */
    struct os_list objects;     /* plat_object.ep_link */
    struct os_list connections; /* server_connection.ep_link */
    struct os_list clients;     /* connection.ep_link */
    struct os_list waiting;     /* call.ep_link of begun calls with a deadline, earliest first */
    struct os_list done;        /* call.ep_link of begun calls that have ended */
    struct os_list last;        /* plat_object.last_link of objects whose end of holders is to be told */
    struct os_list polled;      /* lane_server.link of channels that are looked at before sleeping */
    unsigned burst;             /* requests of channels since a source was looked at */
    int turn;                   /* whether done calls or sockets come first, in turns */
};

os_err ep_add(struct plat_ep *ep, int fd, uint32_t events, void *source);
void ep_remove(struct plat_ep *ep, int fd);

/* ---- cap.c: the table of handles ---- */

enum cap_signal { CAP_UNCHECKED, CAP_SIGNAL, CAP_NO_SIGNAL };

struct cap_entry {
    uint32_t id; /* the handle: place in the table and generation; 0 while free */
    uint32_t refs;
    int fd;                     /* -1 when the capability cannot be delegated */
    enum cap_signal signal;     /* whether a signal may be written to fd */
    int died;                   /* a connection to its server has ended by itself */
    struct plat_object *object; /* that it stands for, if it is served in this process */
    struct os_list bindings;    /* binding.cap_link */
    uint32_t next_free;
};

/* The entry of a handle, counted once more; NULL if there is none. */
struct cap_entry *cap_get(struct os_cap cap);
void cap_put(struct cap_entry *entry);

/*
 * A handle for FD, whose ownership passes even on failure; one of an object in this process gets the handle
 * that exists already. OS_ERR_HANDLES.
 */
os_err cap_receive(int fd, struct os_cap *cap);

/*
 * All of a message: takes the NFDS descriptors that the words of HEAD announce and writes handles to MSG.
 */
os_err cap_receive_all(const struct wire_head *head, const int *fds, unsigned nfds, struct os_msg *msg);

/* A handle for OBJECT of this process; it may have no descriptor, and then nobody else can be given it. */
os_err cap_own(struct plat_object *object, struct os_cap *cap);

/*
 * The way out: words and borrowed descriptors for the capabilities of MSG; those that CORE, a connection that
 * core made, has an index for go by that. CORE may be NULL. OS_ERR_BAD_CAP.
 */
struct connection;
os_err cap_send_all(const struct os_msg *msg, const struct connection *core, struct wire_head *head,
                    int fds[OS_MSG_CAPS], unsigned *nfds);

/* ---- connection.c: a client's end of a private connection ---- */

/* One object of a server, by the index that it has on a connection, for one handle. */
struct binding {
    struct os_list cap_link, connection_link;
    struct cap_entry *entry;
    struct connection *connection;
    uint32_t index;
    int watched; /* the server was asked to tell when the object is revoked */
};

struct client_thread {
    struct os_list connections; /* connection.thread_link */
    _Atomic int orphans;        /* some may have no binding */
};

/* The client's end of a channel. */
struct lane_client {
    enum { LANE_NONE, LANE_ASKED, LANE_OPEN, LANE_REFUSED } state;
    uint32_t calls; /* that could have used it so far */
    struct channel_page *page;
    int doorbell;
    int may_spin;
    uint32_t seq;     /* of the last request */
    uint64_t cap_ops; /* operations that were answered with capabilities, by hash */
    int owed;         /* nobody waits for its answer any more, but it has not come yet */
    struct spin spin;
};

struct connection {
    struct source source; /* SOURCE_CLIENT */
    int fd;               /* -1 once the connection has ended */
    os_err ended;         /* why */
    struct client_thread *thread;
    int shared; /* made by core: used by any thread, with the mutex held for the length of a call */
    pthread_mutex_t mutex; /* of shared ones */
    struct plat_ep *ep;    /* whose begun calls it carries, or NULL */
    struct os_list thread_link, ep_link;
    struct os_list bindings;  /* under the transport lock */
    struct os_list unbind;    /* bindings whose server was not told yet; under the transport lock */
    _Atomic uint32_t unbinds; /* of them; written under the lock */
    struct os_list calls;     /* call.link */
    uint32_t seq;
    uint32_t under_way; /* requests whose replies have not come, those that nobody waits for included */
    uint32_t watched;   /* bindings that are; under the transport lock */
    uint32_t declined;  /* capabilities of answers that nobody waited for, while unbind messages wait */
    uint32_t users;     /* functions that hold a pointer to it */
    int welcome;        /* the server has taken it */
    int channels;       /* the server serves channels */
    struct lane_client lane;
    int object_fd; /* that it was introduced on; borrowed; -1 when that handle is gone; under the lock */
};

/* A call under way; on the caller's stack for plat_call. */
struct call {
    struct os_list link;           /* of connection->calls while under way */
    struct connection *connection; /* NULL when the call has ended */
    struct cap_entry *entry;       /* counted */
    struct os_msg *msg;            /* receives the reply */
    os_err err;
    uint32_t seq;
    uint32_t index; /* of the object on the connection */
    int watch;      /* no request was sent; it ends when the object does */
    os_time deadline;
    struct plat_ep *ep; /* of a begun call, else NULL */
    void *key;
    struct os_list ep_link;
};

struct plat_call {
    struct call call;
    struct os_msg msg;
};

/*
 * A connection over which the calling thread can call ENTRY, for begun calls of EP or, with NULL, for whole
 * calls, and the object's index there; introduced if need be, which *FRESH says. Held until
 * connection_release.
 */
os_err connection_acquire(struct cap_entry *entry, struct plat_ep *ep, os_time deadline,
                          struct connection **connection, uint32_t *index, int *fresh);
void connection_release(struct connection *connection);

/* The binding of a handle on CONNECTION, or NULL. The lock is held. */
const struct binding *connection_binding(const struct cap_entry *entry, const struct connection *connection);

/* Ends a connection: its calls end with ERR, its bindings are gone. */
void connection_end(struct connection *connection, os_err err);

/*
 * Receives one message, if there is one or, with WAIT, when there is one, and ends the call that it answers.
 * SCRATCH is written. Zero when there was none.
 */
int connection_receive(struct connection *connection, int wait, struct os_msg *scratch);

/* Removes the bindings of a handle that is gone and tells the servers. The lock is held. */
void connection_unbind_all(struct cap_entry *entry);

/* Closes those of the calling thread's connections that name no object any more. */
void connection_reap(void);

/* Sends the unbind messages that wait. */
void connection_flush(struct connection *connection);

/* Unbind messages that wait, as far as this thread has heard: another one may drop handles at any time. */
static inline uint32_t connection_unbinds(const struct connection *connection)
{
    return atomic_load_explicit(&connection->unbinds, memory_order_relaxed);
}

/* 1 + the first index that waits to be unbound, or 0; and it went with a request. */
uint32_t connection_first_unbind(struct connection *connection);
void connection_unbound(struct connection *connection);

/* Asks the server, if it was not asked yet, to tell when the object INDEX is revoked; and it has told. */
os_err connection_watch(struct connection *connection, uint32_t index);
void connection_gone(struct connection *connection, uint32_t index);

/* Forgets an entrypoint. */
void connection_leave_ep(struct connection *connection);

/* Binds CAP, received from the server of CONNECTION, by the INDEX it named, or declines it. */
void connection_hint(struct connection *connection, struct os_cap cap, uint32_t index);

/* The server has ended the connection; what it sent before, such as the reason, is read first. */
os_err connection_read_to_end(struct connection *connection);

/* ---- lane.c: the fast lane ---- */

/*
 * Makes the call through a channel, if there is one that can be used now, and its result in *ERR; zero if
 * not, and nothing has happened.
 */
int lane_call(struct os_cap cap, struct os_msg *msg, os_time deadline, os_err *err);

/* A number that changes when something that lane_remember was told may not hold any more. */
uint32_t lane_epoch(void);
void lane_forget(void);

/* The calling thread reaches CAP over CONNECTION by INDEX; this was so when lane_epoch was EPOCH. */
void lane_remember(struct os_cap cap, struct connection *connection, uint32_t index, uint32_t epoch);

/* A call that a channel could have carried was made by the socket: time to ask for one? */
void lane_consider(struct connection *connection);

/* The server has answered that; zero if it was not asked. */
int lane_answered(struct connection *connection, os_err err);
void lane_close(struct connection *connection);

/* ---- call.c: calls under way ---- */

/* Waits for the reply SEQ, which comes by the socket although the request went by the channel. */
os_err call_await(struct connection *connection, uint32_t seq, struct os_msg *msg, os_time deadline);

/* Ends CALL with ERR; a begun one waits in its entrypoint's list until it is taken with call_next_done. */
void call_end(struct call *call, os_err err);
struct plat_call *call_next_done(struct plat_ep *ep);
void copy_reply(struct os_msg *to, const struct os_msg *from);
void call_free(struct plat_call *call);

/* The earliest deadline of the begun calls at EP; ends those whose deadline has passed. */
os_time call_first_deadline(struct plat_ep *ep);
void call_expire(struct plat_ep *ep);

void connection_init(void);

/* ---- object.c, server.c: objects and the server's end of a private connection ---- */

/* Objects that one connection can name, and connections that one object can be introduced to. */
enum { SLOTS_PER_CHUNK = 32, SLOT_CHUNKS = 128, CONNECTIONS_PER_OBJECT = 128 };

enum slot_state { SLOT_FREE, SLOT_OBJECT, SLOT_WATCHED, SLOT_REVOKED };

struct slot {
    struct os_list link;        /* of plat_object.slots */
    struct plat_object *object; /* SLOT_OBJECT, SLOT_WATCHED */
    struct server_connection *connection;
    enum slot_state state;
    uint32_t index; /* its own; SLOT_FREE: of the next free one, + 1, or 0 */
};

struct plat_object {
    struct source source; /* SOURCE_OBJECT */
    struct plat_ep *ep;
    void *key;
    int fd;          /* server end; -1: introduced by transport_preconnect only */
    uint64_t cookie; /* of the client end */
    struct plat_object *hash_next;
    struct cap_entry *entry; /* handle in this process, or NULL */
    struct os_list ep_link, last_link;
    struct os_list slots;       /* slot.link: where it is known */
    struct os_list connections; /* server_connection.object_link: introduced through it */
    uint32_t nconnections;
    int watched, abandoned; /* the end of the holders is wanted, was seen */
};

/* The server's end of a channel. */
struct lane_server {
    struct source source;      /* SOURCE_DOORBELL */
    struct channel_page *page; /* NULL: there is none */
    struct os_list link;       /* of plat_ep.polled */
    int doorbell;
    int may_spin;
    struct spin spin;    /* waits for the next request of this client */
    uint32_t seen;       /* the last request that was taken */
    int pending;         /* it has not been answered */
    uint32_t client_cpu; /* where the client says it runs */
    uint32_t own_cpu;    /* as last published */
    unsigned idle;       /* looks in vain since the last request */
};

struct server_connection {
    struct source source; /* SOURCE_CONNECTION */
    struct plat_ep *ep;
    int fd;
    int own_pair; /* from transport_preconnect */
    struct os_list ep_link, object_link;
    struct plat_object *object; /* that introduced it, or NULL */
    uint32_t generation;        /* differs from that of the connection which had this memory before */
    uint32_t owed;              /* requests without a reply */
    struct lane_server lane;
    uint32_t nslots, free_slot; /* slots ever used; index + 1 of the first free one */
    struct slot *slots[SLOT_CHUNKS];
};

/* cap.c, under the lock: the object in this process whose client end has COOKIE. */
struct plat_object *object_by_cookie(uint64_t cookie);

/* The object at EP that a handle stands for, or NULL. On the thread of EP. */
struct plat_object *object_of_handle(struct plat_ep *ep, struct os_cap cap);

/* Makes CLIENT_FD the first handle of OBJECT; and forgets the object. */
os_err object_register(struct plat_object *object, int client_fd, struct os_cap *cap);
void object_unregister(struct plat_object *object);

/* Each handles one event of its source; non-zero when *EVENT and *MSG have something to deliver. */
void object_ready(struct plat_object *object, uint32_t events);
int server_ready(struct server_connection *connection, struct plat_event *event, struct os_msg *msg);
int signal_ready(struct plat_signal *signal, struct plat_event *event);

/* Takes FD, the server's end of a connection, and gives OBJECT index 0 on it. */
os_err server_adopt(struct plat_object *object, int fd);
void server_close(struct server_connection *connection);
/* Revokes OBJECT on all connections. */
void server_revoke(struct plat_object *object);

/* The object of a request, or why it cannot be served. */
os_err server_find_object(struct server_connection *connection, uint32_t index, struct plat_object **object);

/* Sends a reply with capabilities; on failure nothing was sent. */
os_err server_send_reply(struct server_connection *connection, uint32_t seq, struct os_msg *msg);

/* ---- lane_server.c: the server's end of channels ---- */

/* Takes both descriptors of a channel that a client offers, and says whether it will be served. */
os_err lane_adopt(struct server_connection *connection, const int fds[2]);
void lane_leave(struct server_connection *connection);

/* The next request of the polled channels; non-zero if there is one in *EVENT and *MSG. */
int lane_serve(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg);

/* So many requests of channels are served before the sources get their turn. */
enum { LANE_BURST = 64 };

/* A doorbell has rung. */
void lane_ring(struct lane_server *lane);

/* Whether a request waits in a polled channel. */
int lane_any(const struct plat_ep *ep);

/*
 * The channel, of those that were called last, whose next request may come soon enough to wait for it awake,
 * at the expense of its own budget; or NULL. And whether this is still so.
 */
struct lane_server *lane_worth_waiting(const struct plat_ep *ep);
int lane_may_come(const struct lane_server *lane);

/* No channel is polled from now on; non-zero if a request has come just then. */
int lane_doze(struct plat_ep *ep);

/* As plat_reply, for a request that came through the channel of CONNECTION. */
void lane_reply(struct server_connection *connection, struct os_msg *msg);

/* Tokens: the connection's address, with LANE_TOKEN for requests of its channel; generation and number. */
#define LANE_TOKEN UINT64_C(1)

#endif
