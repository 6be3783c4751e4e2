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

/* Frees COUNT rights of one kind. Equal send rights together: each time costs a component a call. */
static void release_all(uint32_t type, const mach_port_t *names, uint32_t count)
{
    for (uint32_t i = 0, same; i < count; i += same) {
        same = 1;
        while (type == MACH_TYPE_MOVE_SEND && i + same < count && names[i + same] == names[i])
            same++;
        release(type, names[i], same);
    }
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
    if (is_right(type))
        release_all(type, is_inline ? at : (const mach_port_t *)(uintptr_t)*at, bytes / sizeof(mach_port_t));
    if (is_inline)
        return at + wire_padded(bytes) / 4;
    if (bytes)
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
