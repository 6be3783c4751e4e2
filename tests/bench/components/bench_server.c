/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_server.c: serves what the benchmarks call, and does as little as can be for it. */
#include <stdlib.h>

#include <os/component.h>

#include "bench.h"
#include "payload.h"

OS_MANIFEST("provides: [Bench]\n"
            "ram: 2M\n"
            "caps: 100\n");

static struct os_env *env;
static struct os_root_server root;
static struct os_object given; /* what cap_out gives */
static bench_cap given_cap;

struct session {
    struct os_root_session session;
    struct os_object object;
    struct os_signal_handler handler;
    os_signal_cap back;
    os_dataspace_cap page;
    struct os_region region; /* of page */
    struct bench_data_sink sink;
};

static struct session *session_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct session, object);
}

static os_err echo(struct os_rpc *rpc, uint64_t value, uint64_t *same)
{
    *same = value;
    return OS_OK;
}

static os_err put(struct os_rpc *rpc, const void *data, size_t len)
{
    return OS_OK;
}

static os_err cap_in(struct os_rpc *rpc, os_any_cap cap)
{
    return OS_OK;
}

static os_err cap_out(struct os_rpc *rpc, os_any_cap *cap)
{
    cap->cap = os_cap_copy(given_cap.cap);
    return OS_OK;
}

static void signalled(struct os_signal_handler *handler)
{
    struct session *session = OS_CONTAINER_OF(handler, struct session, handler);
    __atomic_store_n((os_time *)session->region.at, os_clock_now(), __ATOMIC_RELAXED);
    os_signal_submit(session->back);
}

/* Ends what signals has made; what is zeroed is fine. */
static void signals_end(struct session *session)
{
    os_signal_handler_fini(&session->handler);
    os_cap_drop(session->back.cap);
    os_region_detach(&session->region);
    if (session->page.cap.id)
        os_ram_free(env, session->page);
    session->back.cap = session->page.cap = OS_NO_CAP;
}

static os_err signals(struct os_rpc *rpc, os_signal_cap back, os_signal_cap *there, os_dataspace_cap *page)
{
    struct session *session = session_of(rpc);
    os_signal_cap made;
    signals_end(session);
    os_err err = os_quota_charge(&session->session.quota, OS_PAGE_SIZE, 2);
    if (!err)
        err = os_ram_alloc(env, OS_PAGE_SIZE, &session->page);
    if (!err)
        err = os_region_attach(&session->region, session->page, OS_ATTACH_WRITE);
    if (!err)
        err = os_signal_handler_init(&session->handler, env->ep, signalled, &made);
    if (err) {
        signals_end(session);
        return err;
    }
    session->back.cap = os_cap_copy(back.cap);
    page->cap = os_cap_copy(session->page.cap);
    *there = made;
    return OS_OK;
}

static void packets_came(struct bench_data_sink *sink)
{
    struct bench_data_packet packet;
    while (bench_data_sink_get(sink, &packet)) {
        payload_read(packet.data, packet.len < PAYLOAD_MAX ? packet.len : PAYLOAD_MAX);
        bench_data_sink_ack(sink, &packet);
    }
}

static os_err stream(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                     bench_data_cap *data, os_signal_cap *wake_server)
{
    struct session *session = session_of(rpc);
    session->sink.handle = packets_came;
    return bench_data_sink_serve(&session->sink, env, env->ep, &session->session.quota, size, wake_client,
                                 data, wake_server);
}

static const struct bench_ops ops = {
    .echo = echo, .put = put, .cap_in = cap_in, .cap_out = cap_out, .signals = signals, .stream = stream
};

static os_err open_session(struct os_root_server *server, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    bench_cap made;
    os_err err = os_quota_charge(&request->quota, sizeof(struct session), 1);
    if (err)
        return err;
    struct session *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return OS_ERR_NO_MEMORY;
    err = bench_object_init(&opened->object, env->ep, &ops, &made);
    if (err) {
        free(opened);
        return err;
    }
    *session = &opened->session;
    cap->cap = made.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *server, struct os_root_session *closed)
{
    struct session *session = OS_CONTAINER_OF(closed, struct session, session);
    signals_end(session);
    bench_data_sink_fini(&session->sink);
    os_object_fini(&session->object);
    free(session);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

void component_construct(struct os_env *given_env)
{
    env = given_env;
    os_require(env, bench_object_init(&given, env->ep, &ops, &given_cap), "an object to give");
    os_require(env, os_root_server_init(&root, env, env->ep, "Bench", &handlers), "Bench");
}
