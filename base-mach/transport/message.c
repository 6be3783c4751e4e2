/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c: requests and replies as messages of the kernel, and what becomes of messages that are neither.
 * The kernel has looked at every descriptor of a message that it says is complex, so that rights and memory
 * are where they say; everything else in a message is what its sender wrote.
 */
#include "internal.h"

uint32_t wire_pack_caps(struct wire *wire, const struct os_msg *msg, uint32_t size)
{
    uint32_t *tail = (uint32_t *)((char *)wire + size);
    *tail++ = MACH_TYPE(MACH_TYPE_COPY_SEND, 32, msg->ncaps);
    for (unsigned i = 0; i < msg->ncaps; i++)
        *tail++ = msg->caps[i].id;
    wire->head.bits |= MACH_COMPLEX;
    return size + (1u + msg->ncaps) * 4;
}

/* The names of its rights, and their number; NULL if what follows the data is something else. */
static const mach_port_t *names_of(const struct wire *wire, unsigned *ncaps)
{
    uint32_t size = wire_size(wire->len), left = wire->head.size - size;
    const uint32_t *tail = (const uint32_t *)(const void *)((const char *)wire + size);
    if (wire->head.size < size || left < 8 || left > (1 + OS_MSG_CAPS) * 4 || left % 4)
        return NULL;
    *ncaps = left / 4 - 1;
    return *tail == MACH_TYPE(MACH_TYPE_MOVE_SEND, 32, *ncaps) ? tail + 1 : NULL;
}

os_err wire_unpack_caps(const struct wire *wire, struct os_msg *msg)
{
    unsigned ncaps;
    const mach_port_t *names = names_of(wire, &ncaps);
    if (!names)
        return OS_ERR_BAD_MSG;
    for (msg->ncaps = 0; msg->ncaps < ncaps; msg->ncaps++)
        if (cap_receive(names[msg->ncaps], &msg->caps[msg->ncaps]))
            goto fail;
    return OS_OK;
fail:
    for (unsigned i = msg->ncaps + 1; i < ncaps; i++)
        if (names[i] && names[i] != MACH_PORT_DEAD)
            ports_release(names[i], 1);
    while (msg->ncaps)
        plat_cap_unref(msg->caps[--msg->ncaps]);
    return OS_ERR_HANDLES;
}

void wire_unsend(struct wire *wire)
{
    if (MACH_BITS_REMOTE(wire->head.bits) == MACH_TYPE_MOVE_SEND)
        cap_regained(wire->head.remote);
    if (wire->head.bits & MACH_COMPLEX) {
        const uint32_t *tail = (const uint32_t *)(const void *)((const char *)wire + wire_size(wire->len));
        for (uint32_t i = 0; i < MACH_TYPE_NUMBER(*tail); i++)
            cap_regained(tail[1 + i]);
    }
    if (MACH_BITS_LOCAL(wire->head.bits) == MACH_TYPE_MOVE_SEND_ONCE && wire->head.local != MACH_PORT_DEAD)
        ports_release(wire->head.local, 1);
}

mach_err wire_send(struct mach_header *head, uint32_t size, uint32_t timeout)
{
    uint32_t options = MACH_SEND_MSG | (timeout == FOREVER ? 0 : MACH_SEND_TIMEOUT);
    mach_err err;
    mach_thread_answer(mach_thread());
    do /* what was interrupted is in memory in a form that can be sent again */
        err = mach_msg(head, options, size, 0, MACH_PORT_NULL, timeout);
    while (err == MACH_SEND_INTERRUPTED);
    return err;
}

void wire_refuse(mach_port_t reply, int32_t err)
{
    struct {
        struct mach_header head;
        uint32_t body[1 + WIRE_PRELUDE / 4];
    } wire = { .head = { .bits = MACH_BITS(MACH_TYPE_MOVE_SEND_ONCE, 0), .remote = reply, .id = ID_REPLY } };
    wire.body[0] = MACH_TYPE(MACH_TYPE_BYTE, 8, WIRE_PRELUDE);
    wire.body[(offsetof(struct wire, code) - offsetof(struct wire, type)) / 4] = (uint32_t)err;
    if (wire_send(&wire.head, sizeof wire, FOREVER))
        ports_release(reply, 1); /* nobody waits any more: the name of a dead right is left */
}

/* ---- what nobody wanted */

static void release(uint32_t type, mach_port_t name, uint32_t count)
{
    if (!name || name == MACH_PORT_DEAD)
        return;
    if (type == MACH_TYPE_MOVE_RECEIVE)
        ports_destroy(name);
    else
        ports_release(name, count);
}

static int is_right(uint32_t type)
{
    return type >= MACH_TYPE_MOVE_RECEIVE && type <= MACH_TYPE_MOVE_SEND_ONCE;
}

static void sift(mach_port_t *names, uint32_t at, uint32_t count)
{
    mach_port_t moved = names[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && names[child + 1] > names[child];
        if (names[child] <= moved)
            break;
        names[at] = names[child];
    }
    names[at] = moved;
}

/* Without memory, and as fast for whatever somebody has thought out. */
static void sort(mach_port_t *names, uint32_t count)
{
    for (uint32_t i = count / 2; i; i--)
        sift(names, i - 1, count);
    for (uint32_t i = count; i > 1; i--) {
        mach_port_t largest = names[0];
        names[0] = names[i - 1];
        names[i - 1] = largest;
        sift(names, 0, i - 1);
    }
}

/*
 * Gives back rights of which a message has brought so many that the kernel may have lost count: one by one
 * that would not be seen. Those that are left can be given back without looking.
 */
static void release_heaps(mach_port_t *names, uint32_t count)
{
    enum { HEAP = 4096 };
    sort(names, count);
    for (uint32_t i = 0, same; i < count; i += same) {
        same = 1;
        while (i + same < count && names[i + same] == names[i])
            same++;
        if (same <= HEAP)
            continue;
        release(MACH_TYPE_MOVE_SEND, names[i], same);
        __builtin_memset(names + i, 0, same * sizeof *names);
    }
}

/*
 * Destroys COUNT rights and the memory in which they lie. To give back each would take a component as many
 * calls, and who sends them needs one. So they go into a message to oneself, which is received where there is
 * no room for it: then the kernel destroys it with all that it brings.
 */
static void destroy_rights(uint32_t type, mach_port_t *names, uint32_t count)
{
    struct mach_thread *thread = mach_thread();
    struct {
        struct mach_header head;
        uint32_t type[3];
        const mach_port_t *names;
    } msg = { .type = { MACH_TYPE_LONG | MACH_TYPE_DEALLOCATE, type | 32 << 16, count }, .names = names };
    if (type == MACH_TYPE_MOVE_SEND)
        release_heaps(names, count);
    if (!thread->reply)
        thread->reply = mach_reply_port();
    msg.head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_MAKE_SEND_ONCE, 0) | MACH_COMPLEX,
                                     .remote = thread->reply };
    if (!mach_msg(&msg.head, MACH_SEND_MSG, sizeof msg, 0, MACH_PORT_NULL, 0))
        mach_msg(&msg.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof msg.head, thread->reply, 0);
}

/*
 * Frees what the descriptor AT describes; where the next one is. How many bytes that are is computed as the
 * kernel does it, also for items of some bits. What there was no room for has items of no size.
 */
static const uint32_t *discard_item(const uint32_t *at)
{
    uint32_t type = MACH_TYPE_NAME(*at), size = MACH_TYPE_SIZE(*at), number = MACH_TYPE_NUMBER(*at);
    int is_inline = (*at & MACH_TYPE_INLINE) != 0;
    if (*at & MACH_TYPE_LONG) {
        type = at[1] & 0xffff;
        size = at[1] >> 16;
        number = at[2];
        at += 2;
    }
    at++;
    uint32_t bytes = (uint32_t)(((uint64_t)size * number + 7) / 8);
    for (uint32_t i = 0; is_right(type) && is_inline && i < number; i++)
        release(type, at[i], 1);
    if (is_inline)
        return at + wire_padded(bytes) / 4;
    if (bytes && is_right(type))
        destroy_rights(type, (mach_port_t *)(uintptr_t)*at, number);
    else if (bytes)
        ports_unmap(*at, bytes);
    return at + 1;
}

void transport_discard(struct mach_header *msg)
{
    const uint32_t *at = (const uint32_t *)(msg + 1);
    const uint32_t *end = (const uint32_t *)((const char *)msg + msg->size);
    if (is_right(MACH_BITS_REMOTE(msg->bits)))
        release(MACH_BITS_REMOTE(msg->bits), msg->remote, 1);
    if (msg->bits & MACH_COMPLEX)
        while (at < end)
            at = discard_item(at);
}
