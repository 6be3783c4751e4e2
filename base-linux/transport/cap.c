/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cap.c: the table of handles, and how capabilities enter and leave messages.
 *
 * A descriptor that is received gets a handle of its own, even if the same socket is known already: a server
 * may give out a copy of somebody else's capability together with a hint, and calls by that handle then reach
 * this server and not the other one. Handles that were got elsewhere must not be touched by that. The
 * exception are objects of this process, whose hints are ignored: they are recognised by the cookie of their
 * socket.
 */
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PER_CHUNK = 64, CHUNKS = 512, BUCKETS = 256 };
enum { INDEX_BITS = 16, INDEX_MASK = (1 << INDEX_BITS) - 1 };
_Static_assert(PER_CHUNK *CHUNKS < INDEX_MASK, "an index + 1 fits");
_Static_assert(PER_CHUNK * sizeof(struct cap_entry) <= OS_PAGE_SIZE, "a chunk fits into a pool's page");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pool chunk_pool = { .size = PER_CHUNK * sizeof(struct cap_entry) };
static struct cap_entry *chunks[CHUNKS];
static uint32_t nchunks, free_entry; /* free_entry: index + 1 */
static struct plat_object *objects[BUCKETS];
static _Atomic uint32_t nobjects;

void transport_lock(void)
{
    pthread_mutex_lock(&lock);
}

void transport_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static struct cap_entry *entry_at(uint32_t index)
{
    return &chunks[index / PER_CHUNK][index % PER_CHUNK];
}

static int add_chunk(void)
{
    struct cap_entry *chunk = nchunks < CHUNKS ? pool_get(&chunk_pool) : NULL;

    if (!chunk)
        return 0;
    memset(chunk, 0, chunk_pool.size);
    chunks[nchunks] = chunk;
    for (uint32_t i = PER_CHUNK; i-- > 0;) {
        chunk[i].next_free = free_entry;
        free_entry = nchunks * PER_CHUNK + i + 1;
    }
    nchunks++;
    return 1;
}

/* While an entry is free, refs keeps its generation. */
static struct cap_entry *take_entry(int fd)
{
    if (!free_entry && !add_chunk())
        return NULL;
    struct cap_entry *entry = entry_at(free_entry - 1);
    uint32_t id = free_entry | (entry->refs + 1) << INDEX_BITS;
    free_entry = entry->next_free;
    *entry = (struct cap_entry){ .id = id, .refs = 1, .fd = fd };
    os_list_init(&entry->bindings);
    return entry;
}

static void free_the_entry(struct cap_entry *entry)
{
    uint32_t index = (entry->id & INDEX_MASK) - 1;

    entry->refs = entry->id >> INDEX_BITS;
    entry->id = 0;
    entry->next_free = free_entry;
    free_entry = index + 1;
}

static struct cap_entry *find_entry(struct os_cap cap)
{
    uint32_t index = (cap.id & INDEX_MASK) - 1;

    if (!cap.id || index >= nchunks * PER_CHUNK)
        return NULL;
    struct cap_entry *entry = entry_at(index);
    return entry->id == cap.id ? entry : NULL;
}

struct cap_entry *cap_get(struct os_cap cap)
{
    transport_lock();
    struct cap_entry *entry = find_entry(cap);
    if (entry)
        entry->refs++;
    transport_unlock();
    return entry;
}

void cap_put(struct cap_entry *entry)
{
    int fd = -1;

    transport_lock();
    if (--entry->refs == 0) {
        fd = entry->fd;
        if (entry->object)
            entry->object->entry = NULL;
        connection_unbind_all(entry);
        free_the_entry(entry);
    }
    transport_unlock();
    if (fd >= 0)
        close(fd);
}

void plat_cap_ref(struct os_cap cap)
{
    struct cap_entry *entry = cap_get(cap);
    (void)entry; /* the count is what was wanted */
}

void plat_cap_unref(struct os_cap cap)
{
    transport_lock();
    struct cap_entry *entry = find_entry(cap);
    transport_unlock();
    if (entry)
        cap_put(entry);
    connection_reap(); /* here and not in cap_put, which may be called while a shared connection is in use */
}

os_err transport_cap_from_fd(int fd, struct os_cap *cap)
{
    transport_lock();
    struct cap_entry *entry = take_entry(fd);
    transport_unlock();
    if (!entry) {
        close(fd);
        return OS_ERR_HANDLES;
    }
    cap->id = entry->id;
    return OS_OK;
}

int transport_cap_fd(struct os_cap cap)
{
    transport_lock();
    struct cap_entry *entry = find_entry(cap);
    int fd = entry ? entry->fd : -1;
    transport_unlock();
    return fd;
}

int transport_cap_take(struct os_cap cap)
{
    transport_lock();
    struct cap_entry *entry = find_entry(cap);
    int fd = -1;
    if (entry && entry->refs == 1 && !entry->object) {
        fd = entry->fd;
        entry->fd = -1;
    }
    transport_unlock();
    if (entry)
        cap_put(entry);
    return fd;
}

static struct plat_object **bucket_of(uint64_t cookie)
{
    return &objects[cookie % BUCKETS];
}

struct plat_object *object_by_cookie(uint64_t cookie)
{
    struct plat_object *object = *bucket_of(cookie);

    while (object && object->cookie != cookie)
        object = object->hash_next;
    return object;
}

os_err object_register(struct plat_object *object, int client_fd, struct os_cap *cap)
{
    transport_lock();
    struct cap_entry *entry = take_entry(client_fd);
    if (entry) {
        struct plat_object **bucket = bucket_of(object->cookie);
        entry->object = object;
        object->entry = entry;
        object->hash_next = *bucket;
        *bucket = object;
        nobjects++;
        cap->id = entry->id;
    }
    transport_unlock();
    return entry ? OS_OK : OS_ERR_HANDLES;
}

void object_unregister(struct plat_object *object)
{
    transport_lock();
    struct plat_object **at = bucket_of(object->cookie);
    while (*at && *at != object)
        at = &(*at)->hash_next;
    if (*at) { /* one without a socket is in none */
        *at = object->hash_next;
        nobjects--;
    }
    if (object->entry)
        object->entry->object = NULL;
    transport_unlock();
}

struct plat_object *object_of_handle(struct plat_ep *ep, struct os_cap cap)
{
    transport_lock();
    struct cap_entry *entry = find_entry(cap);
    struct plat_object *object = entry && entry->object && entry->object->ep == ep ? entry->object : NULL;
    transport_unlock();
    return object;
}

void *plat_object_find(struct plat_ep *ep, struct os_cap cap)
{
    struct plat_object *object = object_of_handle(ep, cap);
    return object ? object->key : NULL;
}

os_err cap_receive(int fd, struct os_cap *cap)
{
    uint64_t cookie = nobjects ? wire_cookie(fd) : 0; /* who has no objects need not ask */

    transport_lock();
    struct plat_object *object = cookie ? object_by_cookie(cookie) : NULL;
    struct cap_entry *entry = object ? object->entry : NULL;
    int surplus = entry || !(entry = take_entry(fd));
    if (entry && surplus) {
        entry->refs++;
    } else if (entry && object) {
        entry->object = object;
        object->entry = entry;
    }
    transport_unlock();
    if (surplus)
        close(fd);
    if (!entry)
        return OS_ERR_HANDLES;
    cap->id = entry->id;
    return OS_OK;
}

os_err cap_own(struct plat_object *object, struct os_cap *cap)
{
    transport_lock();
    struct cap_entry *entry = object->entry;
    if (entry) {
        entry->refs++;
    } else if ((entry = take_entry(-1))) {
        entry->object = object;
        object->entry = entry;
    }
    if (entry)
        cap->id = entry->id;
    transport_unlock();
    return entry ? OS_OK : OS_ERR_HANDLES;
}

os_err cap_receive_all(const struct wire_head *head, const int *fds, unsigned nfds, struct os_msg *msg)
{
    unsigned used = 0;
    os_err err = OS_OK;

    for (msg->ncaps = 0; msg->ncaps < head->ncaps; msg->ncaps++) {
        struct os_cap *cap = &msg->caps[msg->ncaps];
        *cap = OS_NO_CAP;
        if (!wire_has_fd(head->caps[msg->ncaps]))
            continue;
        err = cap_receive(fds[used++], cap);
        if (err)
            goto fail;
    }
    return OS_OK;
fail:
    wire_close(fds + used, nfds - used);
    while (msg->ncaps) {
        struct cap_entry *entry = find_entry(msg->caps[--msg->ncaps]);
        if (entry)
            cap_put(entry);
    }
    return err;
}

/* The word and, perhaps, descriptor for one of them. */
static os_err send_one(struct os_cap cap, const struct connection *core, uint32_t *word, int *fd)
{
    os_err err = OS_ERR_BAD_CAP;

    transport_lock();
    struct cap_entry *entry = find_entry(cap);
    const struct binding *binding = entry && core ? connection_binding(entry, core) : NULL;
    if (binding) {
        *word = WIRE_CAP_INDEX | binding->index;
        err = OS_OK;
    } else if (entry && entry->fd >= 0) {
        *word = WIRE_CAP_FD;
        *fd = entry->fd;
        err = OS_OK;
    }
    transport_unlock();
    return err;
}

os_err cap_send_all(const struct os_msg *msg, const struct connection *core, struct wire_head *head,
                    int fds[OS_MSG_CAPS], unsigned *nfds)
{
    unsigned n = 0;

    for (unsigned i = 0; i < msg->ncaps; i++) {
        head->caps[i] = WIRE_CAP_NONE;
        if (!msg->caps[i].id)
            continue;
        os_err err = send_one(msg->caps[i], core, &head->caps[i], &fds[n]);
        if (err)
            return err;
        n += (unsigned)wire_has_fd(head->caps[i]);
    }
    head->ncaps = msg->ncaps;
    *nfds = n;
    return OS_OK;
}
