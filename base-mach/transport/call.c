/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.c: calls that wait: one trap that sends the request and receives the answer. The answer comes to the
 * thread's own port by a send-once right that is made for this call, so that nothing else can come there. As
 * soon as one such right may still exist when the call is over, the port is replaced.
 */
#include "internal.h"

os_err call_check_caps(const struct os_msg *msg)
{
    for (unsigned i = 0; i < msg->ncaps; i++)
        if (msg->caps[i].id && !cap_is_known(msg->caps[i]))
            return OS_ERR_BAD_CAP;
    return OS_OK;
}

os_err call_send_error(mach_err err)
{
    switch (err) {
    case MACH_SEND_INVALID_DEST: /* the right has become a dead name */
        return OS_ERR_DEAD;
    case MACH_SEND_INVALID_RIGHT:
        return OS_ERR_BAD_CAP;
    default:
        return OS_ERR_NO_MEMORY;
    }
}

/* Milliseconds until DEADLINE as the kernel counts them; it may be up to 10 early. */
static uint32_t left(os_time deadline)
{
    os_time now = plat_clock();
    os_time ms = deadline > now ? (deadline - now + OS_MS - 1) / OS_MS : 0;
    return ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

static mach_err exchange_by(struct wire *wire, uint32_t size, mach_port_t reply, os_time deadline)
{
    mach_err err;
    do /* what there was no room for is in memory in a form that can be sent again */
        err = wire_send(&wire->head, size, left(deadline));
    while (err == MACH_SEND_TIMED_OUT && plat_clock() < deadline);
    if (err)
        return err;
    do
        err = mach_msg(&wire->head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *wire, reply, left(deadline));
    while ((err == MACH_RCV_TIMED_OUT || err == MACH_RCV_INTERRUPTED) && plat_clock() < deadline);
    return err == MACH_RCV_INTERRUPTED ? MACH_RCV_TIMED_OUT : err;
}

static mach_err exchange(struct wire *wire, uint32_t size, mach_port_t reply)
{
    uint32_t options = MACH_SEND_MSG | MACH_RCV_MSG;
    mach_err err;
    do {
        err = mach_msg(&wire->head, options, size, sizeof *wire, reply, 0);
        options = err == MACH_RCV_INTERRUPTED ? MACH_RCV_MSG : options;
    } while (err == MACH_RCV_INTERRUPTED || err == MACH_SEND_INTERRUPTED);
    return err;
}

/* Something may still come to the thread's port. */
static void abandon(struct mach_thread *thread)
{
    mach_port_t port = thread->reply;
    thread->reply = MACH_PORT_NULL; /* the next line may be a call */
    ports_destroy(port);
}

/* Why there is no answer. */
static os_err failed(struct wire *wire, mach_err err)
{
    if (err == MACH_SEND_INVALID_DEST) /* nothing was done with it */
        return call_send_error(err);
    if (err == MACH_SEND_TIMED_OUT)
        wire_unsend(wire);
    if (err == MACH_RCV_TOO_LARGE)
        return OS_ERR_BAD_MSG;
    if ((err & ~MACH_RCV_NO_ROOM) == MACH_RCV_BODY_ERROR) {
        transport_discard(&wire->head);
        return OS_ERR_HANDLES;
    }
    abandon(mach_thread());
    if (err == MACH_SEND_TIMED_OUT || err == MACH_RCV_TIMED_OUT)
        return OS_ERR_DEADLINE;
    return call_send_error(err);
}

static os_err take_reply(struct wire *wire, struct os_msg *msg)
{
    int32_t code;
    if (wire->head.id == MACH_NOTIFY_SEND_ONCE) {
        transport_discard(&wire->head);
        return OS_ERR_DEAD;
    }
    os_err err = wire->head.id == ID_REPLY ? wire_unpack(wire, msg, &code) : OS_ERR_BAD_MSG;
    if (err == OS_ERR_BAD_MSG)
        transport_discard(&wire->head);
    else if (!err)
        msg->err = code;
    return err;
}

os_err plat_call(struct os_cap cap, struct os_msg *msg, os_time deadline)
{
    struct mach_thread *thread = mach_thread();
    struct wire wire;
    os_err err = cap_is_known(cap) ? call_check(msg) : OS_ERR_BAD_CAP;
    if (!err)
        err = cap_own_error(cap);
    if (!err && deadline != OS_NEVER && plat_clock() >= deadline)
        err = OS_ERR_DEADLINE;
    if (err)
        return err;

    mach_thread_answer(thread);
    if (!thread->reply)
        thread->reply = mach_reply_port();
    wire.head = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_COPY_SEND, MACH_TYPE_MAKE_SEND_ONCE),
                                      .remote = cap.id,
                                      .local = thread->reply,
                                      .id = ID_REQUEST };
    uint32_t size = wire_pack(&wire, msg, (int32_t)msg->op);
    mach_err result = deadline == OS_NEVER ? exchange(&wire, size, thread->reply)
                                           : exchange_by(&wire, size, thread->reply, deadline);
    err = result ? failed(&wire, result) : take_reply(&wire, msg);
    if (err)
        msg->ncaps = 0;
    return err;
}
