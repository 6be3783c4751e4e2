/* SPDX-License-Identifier: BSD-2-Clause */
/* stream_server.c: takes packets of its clients and checks them, and sends others, without end. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <os/component.h>

#include "stream.h"

OS_MANIFEST("provides: [Stream]\n"
            "ram: 2M\n"
            "caps: 100\n");

struct client {
    struct os_root_session session;
    struct os_object object;
    struct stream_up_sink up;
    struct stream_down_source down;
    uint32_t next; /* packet to be sent */
};

static struct os_env *env;

static void take(struct stream_up_sink *sink)
{
    struct stream_up_packet packet;
    while (stream_up_sink_get(sink, &packet)) {
        packet.desc.sum = stream_sum(packet.data, packet.len);
        stream_up_sink_ack(sink, &packet);
    }
}

static void send(struct stream_down_source *source)
{
    struct client *client = OS_CONTAINER_OF(source, struct client, down);
    struct stream_down_packet packet;
    stream_down_source_reclaim(source);
    while (!stream_down_source_alloc(source, stream_len(client->next), &packet)) {
        packet.desc.n = client->next;
        packet.desc.sum = stream_fill(packet.data, packet.len, client->next++);
        if (stream_down_source_submit(source, &packet))
            break;
    }
    stream_down_source_arm(source, 4);
}

static os_err up(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                 stream_up_cap *stream, os_signal_cap *wake_server)
{
    struct client *client = OS_CONTAINER_OF(rpc->object, struct client, object);
    client->up.handle = take;
    return stream_up_sink_serve(&client->up, env, env->ep, &client->session.quota, size, wake_client, stream,
                                wake_server);
}

static os_err down(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                   stream_down_cap *stream, os_signal_cap *wake_server)
{
    struct client *client = OS_CONTAINER_OF(rpc->object, struct client, object);
    client->down.handle = send;
    os_err err = stream_down_source_serve(&client->down, env, env->ep, &client->session.quota, size,
                                          wake_client, stream, wake_server);
    if (!err)
        send(&client->down);
    return err;
}

static const struct stream_ops ops = { .up = up, .down = down };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    stream_cap made;
    os_err err = os_quota_charge(&request->quota, sizeof(struct client), 1);
    if (err)
        return err;
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    err = stream_object_init(&client->object, env->ep, &ops, &made);
    if (err) {
        free(client);
        return err;
    }
    *session = &client->session;
    cap->cap = made.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);
    stream_up_sink_fini(&client->up);
    stream_down_source_fini(&client->down);
    assert(session->quota.ram_used == sizeof(*client) && session->quota.caps_used == 1);
    os_object_fini(&client->object);
    free(client);
    printf("a session has ended\n");
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

void component_construct(struct os_env *the_env)
{
    static struct os_root_server root;
    env = the_env;
    os_require(env, os_root_server_init(&root, env, env->ep, "Stream", &handlers), "Stream");
}
