/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c: sessions of Nic and Uplink as ports of a server; see network/port.h. */
#include <network/port.h>
#include <os/parent.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(((struct net_port *)0)->label) >= OS_LABEL_MAX, "a label fits a port");

/* The object and the handler of link_sigh, or that of Uplink's further use. */
enum { PORT_CAPS = 2 };

static struct net_port *port_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct net_port, object);
}

/* ---- frames from the client */

static void take_frame(struct net_port *port, const struct os_nic_frames_packet *packet)
{
    if (!port->info.link) {
        port->tx.dropped++;
        return;
    }
    if (packet->len < OS_NIC_HEADER || packet->len > OS_NIC_HEADER + (uint32_t)port->info.mtu) {
        port->tx.refused++;
        return;
    }
    port->tx.frames++;
    port->tx.bytes += packet->len;
    port->server->handlers->frame(port, packet->data, packet->len, packet->desc.flags & OS_NIC_INTACT);
}

/* The acknowledgements are flushed by the stream on return. */
static void on_frames(struct os_nic_frames_sink *sink)
{
    struct net_port *port = OS_CONTAINER_OF(sink, struct net_port, from);
    struct os_nic_frames_packet packet;
    port->server->now = os_clock_now();
    while (os_nic_frames_sink_get(sink, &packet)) {
        take_frame(port, &packet);
        os_nic_frames_sink_ack(sink, &packet);
    }
    port->server->now = 0;
    net_port_flush_all(port->server);
}

/* The session stays: what its client does with it is its own business, and it pays until it closes it. */
static void on_tx_ended(struct os_nic_frames_sink *sink)
{
    struct net_port *port = OS_CONTAINER_OF(sink, struct net_port, from);
    printf("%s: no more frames from it: %s\n", port->label, os_nic_frames_sink_why(sink));
}

static void on_rx_ended(struct os_nic_frames_source *source)
{
    struct net_port *port = OS_CONTAINER_OF(source, struct net_port, to);
    printf("%s: no more frames to it: %s\n", port->label, os_nic_frames_source_why(source));
}

/* ---- frames to the client */

/*
 * Acknowledged packets are freed once for each batch, so that their memory is used again as long as it is in
 * the cache, and when there is no room. A source without a ring has none either.
 */
static int room(struct net_port *port, uint32_t len, struct os_nic_frames_packet *packet)
{
    if (!port->flush)
        os_nic_frames_source_reclaim(&port->to);
    if (!os_nic_frames_source_alloc(&port->to, len, packet))
        return 1;
    return os_nic_frames_source_reclaim(&port->to) && !os_nic_frames_source_alloc(&port->to, len, packet);
}

uint8_t *net_port_alloc(struct net_port *port, uint32_t len, struct os_nic_frames_packet *packet)
{
    if (len < OS_NIC_HEADER || len > OS_NIC_HEADER + (uint32_t)port->info.mtu) {
        port->rx.refused++;
        return NULL;
    }
    if (!port->info.link || !room(port, len, packet)) {
        port->rx.dropped++;
        return NULL;
    }
    return packet->data;
}

void net_port_submit(struct net_port *port, struct os_nic_frames_packet *packet, uint32_t len, uint32_t flags)
{
    packet->len = len;
    packet->desc.flags = flags;
    if (os_nic_frames_source_submit(&port->to, packet)) {
        os_nic_frames_source_free(&port->to, packet);
        port->rx.dropped++;
        return;
    }
    port->rx.frames++;
    port->rx.bytes += len;
    if (!port->flush) {
        port->flush = 1;
        os_list_insert(&port->server->dirty, &port->dirty);
    }
}

int net_port_send(struct net_port *port, const uint8_t *data, uint32_t len, uint32_t flags)
{
    struct os_nic_frames_packet packet;
    uint8_t *to = net_port_alloc(port, len, &packet);
    if (!to)
        return 0;
    memcpy(to, data, len);
    net_port_submit(port, &packet, len, flags);
    return 1;
}

static void make_clean(struct net_port *port)
{
    os_list_remove(&port->dirty);
    port->flush = 0;
}

void net_port_flush_all(struct net_port_server *server)
{
    while (!os_list_empty(&server->dirty)) {
        struct net_port *port = OS_CONTAINER_OF(server->dirty.next, struct net_port, dirty);
        make_clean(port);
        os_nic_frames_source_flush(&port->to);
    }
}

/* ---- what both kinds of session have */

static os_err serve_tx(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                       os_nic_frames_cap *stream, os_signal_cap *wake_server)
{
    struct net_port *port = port_of(rpc);
    struct net_port_server *server = port->server;
    port->from.handle = on_frames;
    port->from.ended = on_tx_ended;
    return os_nic_frames_sink_serve(&port->from, server->env, server->env->ep, &port->session.quota, size,
                                    wake_client, stream, wake_server);
}

static os_err serve_rx(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                       os_nic_frames_cap *stream, os_signal_cap *wake_server)
{
    struct net_port *port = port_of(rpc);
    struct net_port_server *server = port->server;
    port->to.ended = on_rx_ended;
    return os_nic_frames_source_serve(&port->to, server->env, server->env->ep, &port->session.quota, size,
                                      wake_client, stream, wake_server);
}

/* ---- Nic */

static os_err nic_info(struct os_rpc *rpc, struct os_nic_info *info)
{
    *info = port_of(rpc)->info;
    return OS_OK;
}

static os_err nic_link_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct net_port *port = port_of(rpc);
    os_cap_drop(port->link_sigh.cap);
    port->link_sigh.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

void net_port_set_link(struct net_port *port, int up)
{
    if (port->info.link == !!up)
        return;
    port->info.link = !!up;
    os_signal_submit(port->link_sigh);
}

static const struct os_nic_ops nic_ops = {
    .info = nic_info,
    .link_sigh = nic_link_sigh,
    .tx = serve_tx,
    .rx = serve_rx,
};

/* ---- Uplink */

static int info_valid(const struct os_nic_info *info)
{
    static const uint8_t none[OS_NIC_MAC];
    return !(info->mac[0] & 1) && memcmp(info->mac, none, sizeof(none)) && info->mtu >= OS_NIC_MTU_MIN &&
           info->mtu <= OS_NIC_MTU_MAX && info->link <= 1;
}

static os_err uplink_info(struct os_rpc *rpc, struct os_nic_info info)
{
    struct net_port *port = port_of(rpc);
    const struct os_nic_info *before = &port->info;
    if (!info_valid(&info))
        return OS_ERR_BAD_ARG;
    if (before->mtu && (before->mtu != info.mtu || memcmp(before->mac, info.mac, sizeof(info.mac))))
        return OS_ERR_BAD_ARG;
    memset(info.reserved, 0, sizeof(info.reserved));
    port->info = info;
    if (port->server->handlers->info)
        port->server->handlers->info(port);
    net_port_flush_all(port->server);
    return OS_OK;
}

static const struct os_uplink_ops uplink_ops = {
    .info = uplink_info,
    .tx = serve_tx,
    .rx = serve_rx,
};

/* ---- sessions */

static os_err make_object(struct net_port *port, os_any_cap *cap)
{
    struct os_entrypoint *ep = port->server->env->ep;
    os_uplink_cap uplink;
    os_nic_cap nic;
    os_err err;
    if (port->kind == NET_PORT_UPLINK) {
        err = os_uplink_object_init(&port->object, ep, &uplink_ops, &uplink);
        if (!err)
            cap->cap = uplink.cap;
    } else {
        err = os_nic_object_init(&port->object, ep, &nic_ops, &nic);
        if (!err)
            cap->cap = nic.cap;
    }
    return err;
}

static os_err open_port(struct net_port_server *server, enum net_port_kind kind,
                        struct os_session_request *request, struct os_root_session **session, os_any_cap *cap)
{
    os_err err = os_quota_charge(&request->quota, server->handlers->size, PORT_CAPS);
    if (err)
        return err;
    if (strlen(request->label) >= sizeof(((struct net_port *)0)->label))
        return OS_ERR_TOO_LARGE;
    struct net_port *port = calloc(1, server->handlers->size);
    if (!port)
        return OS_ERR_NO_MEMORY;
    port->server = server;
    port->kind = kind;
    port->session.quota = request->quota;
    strcpy(port->label, request->label);
    os_list_init(&port->dirty);
    err = make_object(port, cap);
    if (err)
        goto free_port;
    err = server->handlers->open(server, port, request->args);
    if (err)
        goto end_object;
    assert(kind == NET_PORT_UPLINK || info_valid(&port->info));
    request->quota = port->session.quota;
    os_list_insert(&server->ports, &port->link);
    *session = &port->session;
    return OS_OK;

end_object:
    os_object_fini(&port->object);
    os_cap_drop(cap->cap);
free_port:
    free(port);
    return err;
}

static os_err open_nic(struct os_root_server *root, struct os_session_request *request,
                       struct os_root_session **session, os_any_cap *cap)
{
    return open_port(OS_CONTAINER_OF(root, struct net_port_server, nic), NET_PORT_NIC, request, session, cap);
}

static os_err open_uplink(struct os_root_server *root, struct os_session_request *request,
                          struct os_root_session **session, os_any_cap *cap)
{
    return open_port(OS_CONTAINER_OF(root, struct net_port_server, uplink), NET_PORT_UPLINK, request, session,
                     cap);
}

/* What the server does in close may send to other ports, and no more to this one. */
static void close_port(struct os_root_server *root, struct os_root_session *session)
{
    struct net_port *port = OS_CONTAINER_OF(session, struct net_port, session);
    struct net_port_server *server = port->server;
    port->info.link = 0;
    os_list_remove(&port->link);
    server->handlers->close(port);
    make_clean(port);
    os_object_fini(&port->object);
    os_nic_frames_sink_fini(&port->from);
    os_nic_frames_source_fini(&port->to);
    os_cap_drop(port->link_sigh.cap);
    free(port);
    net_port_flush_all(server);
}

os_err net_port_server_init(struct net_port_server *server, struct os_env *env, int uplinks,
                            const struct net_port_handlers *handlers)
{
    static const struct os_root_handlers nic = { .open = open_nic, .close = close_port };
    static const struct os_root_handlers uplink = { .open = open_uplink, .close = close_port };
    os_err err;

    server->env = env;
    server->handlers = handlers;
    os_list_init(&server->ports);
    os_list_init(&server->dirty);
    err = os_root_server_init(&server->nic, env, env->ep, "Nic", &nic);
    if (err)
        goto fail;
    if (!uplinks)
        return OS_OK;
    err = os_root_server_init(&server->uplink, env, env->ep, "Uplink", &uplink);
    if (!err)
        return OS_OK;
    os_root_server_fini(&server->nic);
fail:
    *server = (struct net_port_server){ 0 };
    return err;
}

void net_port_server_fini(struct net_port_server *server)
{
    if (server->nic.env)
        os_root_server_fini(&server->nic);
    if (server->uplink.env)
        os_root_server_fini(&server->uplink);
    *server = (struct net_port_server){ 0 };
}
