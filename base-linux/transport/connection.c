/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.c: a client's end of private connections: how they come about by an introduction, which objects
 * they can name, and how they end.
 *
 * A connection is used and freed by the thread that made it, and by nobody else; other threads that drop the
 * last handle of an object only leave it without bindings, and its thread closes it when it comes by.
 */
#include "internal.h"
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static struct pool connection_pool = { .size = sizeof(struct connection) };
static struct pool binding_pool = { .size = sizeof(struct binding) };
static struct pool thread_pool = { .size = sizeof(struct client_thread) };
static struct os_list shared_connections = { &shared_connections, &shared_connections };
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static pthread_t first_thread;
static __thread struct client_thread *self;

const struct transport_hooks *transport_hooks;

/* Runs when a thread ends: what it had under way can have no end at an entrypoint of its own any more. */
static void thread_ends(void *arg)
{
    struct client_thread *thread = arg;

    while (!os_list_empty(&thread->connections))
        connection_end(OS_CONTAINER_OF(thread->connections.next, struct connection, thread_link),
                       OS_ERR_CANCELLED);
    self = NULL;
    pool_put(&thread_pool, thread);
}

static void make_thread_key(void)
{
    pthread_key_create(&thread_key, thread_ends);
}

void connection_init(void)
{
    first_thread = pthread_self();
}

/* The first thread ends with the process. Keys take a page, so who has no other thread should have none. */
static void notice_end(struct client_thread *thread)
{
    if (pthread_equal(pthread_self(), first_thread))
        return;
    pthread_once(&thread_key_once, make_thread_key);
    pthread_setspecific(thread_key, thread);
}

static struct client_thread *this_thread(void)
{
    if (!self && (self = pool_get(&thread_pool))) {
        self->orphans = 0;
        os_list_init(&self->connections);
        notice_end(self);
    }
    return self;
}

static struct connection *connection_create(int fd, struct client_thread *thread)
{
    struct connection *c = pool_get(&connection_pool);

    if (!c)
        return NULL;
    *c = (struct connection){
        .source.kind = SOURCE_CLIENT, .fd = fd, .thread = thread, .shared = !thread, .object_fd = -1
    };
    os_list_init(&c->ep_link);
    os_list_init(&c->bindings);
    os_list_init(&c->unbind);
    os_list_init(&c->calls);
    os_list_insert(thread ? &thread->connections : &shared_connections, &c->thread_link);
    if (c->shared)
        pthread_mutex_init(&c->mutex, NULL);
    return c;
}

static void connection_free(struct connection *c)
{
    os_list_remove(&c->thread_link);
    pool_put(&connection_pool, c);
}

void connection_release(struct connection *c)
{
    if (c->shared)
        pthread_mutex_unlock(&c->mutex);
    else if (--c->users == 0 && c->fd < 0)
        connection_free(c);
}

void connection_leave_ep(struct connection *c)
{
    if (!c->ep)
        return;
    if (c->fd >= 0)
        ep_remove(c->ep, c->fd);
    os_list_remove(&c->ep_link);
    c->ep = NULL;
}

static void free_bindings(struct os_list *list)
{
    while (!os_list_empty(list)) {
        struct binding *binding = OS_CONTAINER_OF(list->next, struct binding, connection_link);
        os_list_remove(&binding->cap_link);
        os_list_remove(&binding->connection_link);
        pool_put(&binding_pool, binding);
    }
}

void connection_end(struct connection *c, os_err err)
{
    c->ended = err;
    while (!os_list_empty(&c->calls))
        call_end(OS_CONTAINER_OF(c->calls.next, struct call, link), err);
    connection_leave_ep(c);
    transport_lock();
    if (err == OS_ERR_DEAD)
        OS_LIST_FOR_EACH (link, &c->bindings)
            OS_CONTAINER_OF(link, struct binding, connection_link)->entry->died = 1;
    free_bindings(&c->bindings);
    free_bindings(&c->unbind);
    c->unbinds = 0;
    int fd = c->fd;
    c->fd = -1; /* under the lock, for unbind messages of other threads */
    transport_unlock();
    lane_forget();
    lane_close(c);
    close(fd);
    if (c->shared)
        return;
    transport_hooks->pair_closed();
    if (!c->users)
        connection_free(c);
}

void connection_reap(void)
{
    struct os_list *at;

    if (!self || !self->orphans || !atomic_exchange(&self->orphans, 0))
        return;
again: /* from the start, for the hook may have changed the list */
    for (at = self->connections.next; at != &self->connections; at = at->next) {
        struct connection *c = OS_CONTAINER_OF(at, struct connection, thread_link);
        transport_lock();
        int unused = os_list_empty(&c->bindings) && c->fd >= 0 && !c->users;
        transport_unlock();
        if (unused) {
            connection_end(c, OS_ERR_CANCELLED);
            goto again;
        }
    }
}

/* ---- bindings ---- */

static os_err send_unbind(struct connection *c, uint32_t index)
{
    struct wire_head head = { .type = WIRE_UNBIND, .index = index };
    return wire_send(c->fd, &head, NULL, NULL, 0);
}

static void keep_unbind(struct binding *binding)
{
    os_list_insert(&binding->connection->unbind, &binding->connection_link);
    binding->connection->unbinds++;
}

static void forget_unbind(struct binding *binding)
{
    os_list_remove(&binding->connection_link);
    binding->connection->unbinds--;
    pool_put(&binding_pool, binding);
}

void connection_flush(struct connection *c)
{
    transport_lock();
    while (!os_list_empty(&c->unbind)) {
        struct binding *binding = OS_CONTAINER_OF(c->unbind.next, struct binding, connection_link);
        if (send_unbind(c, binding->index) == OS_ERR_BUSY)
            break;
        forget_unbind(binding);
    }
    transport_unlock();
}

uint32_t connection_first_unbind(struct connection *c)
{
    uint32_t index = 0;

    transport_lock();
    if (!os_list_empty(&c->unbind))
        index = OS_CONTAINER_OF(c->unbind.next, struct binding, connection_link)->index + 1;
    transport_unlock();
    return index;
}

void connection_unbound(struct connection *c)
{
    transport_lock();
    forget_unbind(OS_CONTAINER_OF(c->unbind.next, struct binding, connection_link));
    transport_unlock();
}

/* Tells the server as soon as it can be told. Under the lock. BINDING is in no list. */
static void unbind(struct binding *binding)
{
    struct connection *c = binding->connection;

    if (c->fd >= 0 && send_unbind(c, binding->index) == OS_ERR_BUSY)
        keep_unbind(binding);
    else
        pool_put(&binding_pool, binding);
}

/*
 * One can wait for the next request and go with it, for whoever gets a capability with each answer drops one
 * with each.
 */
static void unbind_soon(struct binding *binding)
{
    struct connection *c = binding->connection;

    if (c->fd >= 0 && os_list_empty(&c->unbind))
        keep_unbind(binding);
    else
        unbind(binding);
}

void connection_unbind_all(struct cap_entry *entry)
{
    if (!os_list_empty(&entry->bindings))
        lane_forget();
    while (!os_list_empty(&entry->bindings)) {
        struct binding *binding = OS_CONTAINER_OF(entry->bindings.next, struct binding, cap_link);
        struct connection *c = binding->connection;
        os_list_remove(&binding->cap_link);
        os_list_remove(&binding->connection_link);
        c->watched -= (uint32_t)binding->watched;
        if (c->object_fd == entry->fd)
            c->object_fd = -1;
        if (c->shared || !os_list_empty(&c->bindings)) {
            unbind_soon(binding);
        } else {
            c->thread->orphans = 1; /* the server forgets all of it when it is closed */
            pool_put(&binding_pool, binding);
        }
    }
}

static struct binding *new_binding(struct connection *c, uint32_t index)
{
    struct binding *binding = pool_get(&binding_pool);

    if (binding) {
        binding->connection = c;
        binding->index = index;
        binding->watched = 0;
        os_list_init(&binding->cap_link);
        os_list_init(&binding->connection_link);
    }
    return binding;
}

static void link_binding(struct binding *binding, struct cap_entry *entry)
{
    binding->entry = entry;
    os_list_insert(&entry->bindings, &binding->cap_link);
    os_list_insert(&binding->connection->bindings, &binding->connection_link);
}

void connection_hint(struct connection *c, struct os_cap cap, uint32_t index)
{
    struct binding *binding = new_binding(c, index);
    struct cap_entry *entry = cap.id ? cap_get(cap) : NULL;

    transport_lock();
    if (binding && entry && !entry->object)
        link_binding(binding, entry);
    else if (binding)
        unbind(binding);
    transport_unlock();
    if (entry)
        cap_put(entry);
}

/* Under the lock. */
static struct binding *binding_of_index(struct connection *c, uint32_t index)
{
    OS_LIST_FOR_EACH (link, &c->bindings) {
        struct binding *binding = OS_CONTAINER_OF(link, struct binding, connection_link);
        if (binding->index == index)
            return binding;
    }
    return NULL;
}

os_err connection_watch(struct connection *c, uint32_t index)
{
    struct wire_head head = { .type = WIRE_WATCH, .index = index };
    os_err err = OS_OK;

    transport_lock();
    struct binding *binding = binding_of_index(c, index);
    if (binding && !binding->watched) {
        err = c->watched < WIRE_WATCHED ? wire_send(c->fd, &head, NULL, NULL, 0) : OS_ERR_BUSY;
        binding->watched = !err;
        c->watched += !err;
    }
    transport_unlock();
    return err;
}

void connection_gone(struct connection *c, uint32_t index)
{
    transport_lock();
    struct binding *binding = binding_of_index(c, index);
    if (binding) {
        c->watched -= (uint32_t)binding->watched;
        binding->watched = 0;
    }
    transport_unlock();
}

/* ---- introduction ---- */

static os_err send_introduction(int object_fd, int server_end, int may_wait, os_time deadline)
{
    struct wire_head head = { .type = WIRE_INTRODUCE, .ncaps = 1, .caps = { WIRE_CAP_FD } };

    /* The buffer is that of all holders; when one of them has filled it, the others wait until there is room.
     */
    for (;;) {
        os_err err = wire_send(object_fd, &head, NULL, &server_end, 1);
        if (err == OS_ERR_DEAD)
            return err;
        if (err != OS_ERR_BUSY || !may_wait)
            return err;
        if (!wire_poll(object_fd, POLLOUT, deadline))
            return OS_ERR_DEADLINE;
    }
}

static os_err introduce(struct cap_entry *entry, struct client_thread *thread, int may_wait, os_time deadline,
                        struct connection **connection)
{
    int ends[2];
    struct binding *binding;
    struct connection *c;

    /* A peer can hand out anything as a capability: nothing is sent to what is no object's socket. */
    if (entry->fd < 0 || !wire_is_socket(entry->fd))
        return OS_ERR_BAD_CAP;
    os_err err = transport_hooks->pair(ends);
    if (err)
        return err;
    err = send_introduction(entry->fd, ends[1], may_wait, deadline);
    close(ends[1]); /* so that the end of the server is seen here */
    if (err == OS_ERR_DEAD && !entry->died)
        err = OS_ERR_REVOKED; /* nobody serves this object: README.md says why this is the better guess */
    if (err)
        goto fail;
    err = OS_ERR_NO_MEMORY;
    c = connection_create(ends[0], thread);
    if (!c)
        goto fail;
    binding = new_binding(c, 0);
    if (!binding) {
        connection_end(c, err); /* closes ends[0] */
        return err;
    }
    transport_lock();
    c->object_fd = entry->fd;
    link_binding(binding, entry);
    transport_unlock();
    *connection = c;
    return OS_OK;
fail:
    close(ends[0]);
    transport_hooks->pair_closed();
    return err;
}

const struct binding *connection_binding(const struct cap_entry *entry, const struct connection *c)
{
    OS_LIST_FOR_EACH (link, &entry->bindings) {
        const struct binding *binding = OS_CONTAINER_OF(link, struct binding, cap_link);
        if (binding->connection == c)
            return binding;
    }
    return NULL;
}

static struct binding *find_binding(struct cap_entry *entry, struct plat_ep *ep)
{
    OS_LIST_FOR_EACH (link, &entry->bindings) {
        struct binding *binding = OS_CONTAINER_OF(link, struct binding, cap_link);
        struct connection *c = binding->connection;
        if (c->shared ? !ep : c->thread == self && (!ep || !c->ep || c->ep == ep))
            return binding;
    }
    return NULL;
}

static os_err join_ep(struct connection *c, struct plat_ep *ep)
{
    os_err err = ep_add(ep, c->fd, POLLIN, c);

    if (err)
        return err;
    c->ep = ep;
    os_list_insert(&ep->clients, &c->ep_link);
    return OS_OK;
}

os_err connection_acquire(struct cap_entry *entry, struct plat_ep *ep, os_time deadline,
                          struct connection **connection, uint32_t *index, int *fresh)
{
    struct connection *c = NULL;
    struct client_thread *thread = this_thread();
    os_err err;

    if (!thread)
        return OS_ERR_NO_MEMORY;
    connection_reap();
    transport_lock();
    struct binding *binding = find_binding(entry, ep);
    if (binding) {
        c = binding->connection;
        *index = binding->index;
    }
    transport_unlock();
    *fresh = !c;
    if (!c) {
        err = introduce(entry, thread, !ep, deadline, &c);
        if (err)
            return err;
        *index = 0;
    }
    if (c->shared)
        pthread_mutex_lock(&c->mutex);
    else
        c->users++;
    if (ep && !c->ep && (err = join_ep(c, ep))) {
        connection_release(c);
        return err;
    }
    *connection = c;
    return OS_OK;
}

os_err transport_bind(int fd, uint32_t index, int delegate, struct os_cap *cap)
{
    struct connection *c = NULL;
    struct binding *binding;
    struct cap_entry *entry;
    struct os_cap made;

    OS_LIST_FOR_EACH (link, &shared_connections) {
        struct connection *known = OS_CONTAINER_OF(link, struct connection, thread_link);
        if (known->fd == fd)
            c = known;
    }
    if (!c && !(c = connection_create(fd, NULL)))
        return OS_ERR_NO_MEMORY;
    c->welcome = 1;
    binding = new_binding(c, index);
    if (!binding)
        return OS_ERR_NO_MEMORY;
    os_err err = transport_cap_from_fd(delegate, &made);
    if (err)
        return err; /* the binding's memory is lost; the process cannot start anyway */
    entry = cap_get(made);
    transport_lock();
    link_binding(binding, entry);
    transport_unlock();
    cap_put(entry);
    *cap = made;
    return OS_OK;
}

void transport_init(const struct transport_hooks *hooks)
{
    transport_hooks = hooks;
    connection_init();
    signal(SIGPIPE, SIG_IGN); /* a signal context whose receiver is gone */
}
