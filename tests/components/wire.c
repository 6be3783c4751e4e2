/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.c: a server of Uplink without any wits, for tests of uplinks: what comes from one of two drivers goes
 * to the other. It says what they tell it.
 */
#include <os/component.h>
#include <os/nic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("provides: [Uplink]\n"
            "ram: 1M\n"
            "caps: 64\n");

struct end {
    struct os_root_session session;
    struct os_object object;
    struct os_list link;
    struct os_nic_frames_sink from;
    struct os_nic_frames_source to;
    char label[64];
};

static struct os_env *env;
static struct os_root_server root;
static struct os_list ends;

static struct end *end_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct end, object);
}

static void pass(struct end *to, const struct os_nic_frames_packet *frame)
{
    struct os_nic_frames_packet copy;
    os_nic_frames_source_reclaim(&to->to);
    if (os_nic_frames_source_alloc(&to->to, frame->len, &copy))
        return;
    memcpy(copy.data, frame->data, frame->len);
    copy.desc = frame->desc;
    if (os_nic_frames_source_submit(&to->to, &copy))
        os_nic_frames_source_free(&to->to, &copy);
}

static void handle_frames(struct os_nic_frames_sink *sink)
{
    struct end *end = OS_CONTAINER_OF(sink, struct end, from);
    struct os_nic_frames_packet frame;
    while (os_nic_frames_sink_get(sink, &frame)) {
        OS_LIST_FOR_EACH (link, &ends)
            if (link != &end->link)
                pass(OS_CONTAINER_OF(link, struct end, link), &frame);
        os_nic_frames_sink_ack(sink, &frame);
    }
    OS_LIST_FOR_EACH (link, &ends)
        os_nic_frames_source_flush(&OS_CONTAINER_OF(link, struct end, link)->to);
}

static os_err info(struct os_rpc *rpc, struct os_nic_info now)
{
    printf("%s: link %s, mtu %u\n", end_of(rpc)->label, now.link ? "up" : "down", (unsigned)now.mtu);
    return OS_OK;
}

static os_err tx(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                 os_nic_frames_cap *stream, os_signal_cap *wake_server)
{
    struct end *end = end_of(rpc);
    end->from.handle = handle_frames;
    return os_nic_frames_sink_serve(&end->from, env, env->ep, &end->session.quota, size, wake_client, stream,
                                    wake_server);
}

static os_err rx(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                 os_nic_frames_cap *stream, os_signal_cap *wake_server)
{
    struct end *end = end_of(rpc);
    return os_nic_frames_source_serve(&end->to, env, env->ep, &end->session.quota, size, wake_client, stream,
                                      wake_server);
}

static const struct os_uplink_ops ops = { .info = info, .tx = tx, .rx = rx };

static os_err open_end(struct os_root_server *server, struct os_session_request *request,
                       struct os_root_session **session, os_any_cap *cap)
{
    os_uplink_cap uplink;
    struct end *end = calloc(1, sizeof(*end));
    if (!end)
        return OS_ERR_NO_MEMORY;
    os_err err = os_uplink_object_init(&end->object, env->ep, &ops, &uplink);
    if (err) {
        free(end);
        return err;
    }
    snprintf(end->label, sizeof(end->label), "%s", request->label);
    os_list_insert(&ends, &end->link);
    *session = &end->session;
    cap->cap = uplink.cap;
    return OS_OK;
}

static void close_end(struct os_root_server *server, struct os_root_session *session)
{
    struct end *end = OS_CONTAINER_OF(session, struct end, session);
    os_nic_frames_sink_fini(&end->from);
    os_nic_frames_source_fini(&end->to);
    os_object_fini(&end->object);
    os_list_remove(&end->link);
    free(end);
}

static const struct os_root_handlers handlers = { .open = open_end, .close = close_end };

void component_construct(struct os_env *given)
{
    env = given;
    os_list_init(&ends);
    os_require(env, os_root_server_init(&root, env, env->ep, "Uplink", &handlers), "cannot offer Uplink");
}
