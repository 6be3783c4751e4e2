/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_rpc_server.c: answers bench_rpc, at its entrypoint and, on another thread, by the kernel's messages
 * alone. */
#include <os/component.h>
#include <os/thread.h>
#include <mach_base/transport.h>
#include "rpc.h"

OS_MANIFEST("provides: [BenchRpc]\n"
            "ram: 1M\n"
            "caps: 40\n");

static mach_port_t raw_port;

/* A component cannot ask the kernel for a send right to its own port; but a message to it can bring one. */
static mach_port_t make_send(mach_port_t port)
{
    union {
        struct {
            struct mach_header header;
            uint32_t type;
            mach_port_t right;
        } with;
        uint8_t room[64];
    } msg = { .with = { .header = { .bits = MACH_BITS(MACH_TYPE_MAKE_SEND, 0) | MACH_COMPLEX,
                                    .size = sizeof(msg.with),
                                    .remote = port },
                        .type = MACH_TYPE(MACH_TYPE_MAKE_SEND, 32, 1),
                        .right = port } };
    if (mach_msg(&msg.with.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(msg.with), sizeof(msg), port, 0))
        return MACH_PORT_NULL;
    return msg.with.right;
}

static void answer(struct os_thread *thread)
{
    union {
        struct raw_message raw;
        uint8_t room[64];
    } msg;
    uint32_t options = MACH_RCV_MSG;
    (void)thread;
    for (;;) {
        if (mach_msg(&msg.raw.header, options, sizeof(msg.raw), sizeof(msg), raw_port, 0)) {
            options = MACH_RCV_MSG;
            continue;
        }
        msg.raw.header.bits = MACH_BITS(MACH_TYPE_MOVE_SEND_ONCE, 0);
        msg.raw.header.local = MACH_PORT_NULL;
        options = MACH_SEND_MSG | MACH_RCV_MSG;
    }
}

static os_err echo(struct os_rpc *rpc, uint64_t value, uint64_t *same)
{
    (void)rpc;
    *same = value;
    return OS_OK;
}

static os_err raw(struct os_rpc *rpc, os_any_cap *port)
{
    static struct os_thread thread;
    (void)rpc;
    if (raw_port)
        return OS_ERR_EXISTS;
    raw_port = mach_reply_port();
    mach_port_t name = make_send(raw_port);
    if (!name)
        return OS_ERR_IO;
    port->cap = transport_cap(name);
    return os_thread_start(&thread, answer, 0);
}

static const struct bench_rpc_ops ops = { .echo = echo, .raw = raw };

static struct os_object object;
static struct os_root_session only;

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    bench_rpc_cap made;
    (void)request;
    os_err err = object.plat ? OS_ERR_BUSY : bench_rpc_object_init(&object, root->env->ep, &ops, &made);
    if (err)
        return err;
    *session = &only;
    cap->cap = made.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    (void)root;
    (void)session;
    os_object_fini(&object);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

void component_construct(struct os_env *env)
{
    static struct os_root_server root;
    os_require(env, os_root_server_init(&root, env, env->ep, "BenchRpc", &handlers), "cannot offer BenchRpc");
}
