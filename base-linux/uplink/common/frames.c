/* SPDX-License-Identifier: BSD-2-Clause */
/* frames.c: see frames.h. A frame is copied by the kernel only, right from and to the streams. */
#include "frames.h"

#include <errno.h>
#include <os/component.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Frames of one event; then others at the entrypoint have their turn. */
enum { BATCH = 64 };

static void watch(struct frames *f, struct transport_watch *w, int *watched, int wanted)
{
    if (*watched == wanted)
        return;
    *watched = wanted;
    if (!wanted)
        transport_unwatch(f->uplink.env->ep->plat, w);
    else
        os_require(f->uplink.env,
                   transport_watch(f->uplink.env->ep->plat, w, w == &f->receive ? EPOLLIN : EPOLLOUT),
                   "cannot wait for the host");
}

static void failed(struct frames *f, int error)
{
    f->lost++;
    if (f->failed)
        f->failed(f, error);
}

/* ---- in */

/* 1: a frame; 0: none now, or none that is right; -1: no more. */
static int take_one(struct frames *f)
{
    struct os_nic_frames_packet packet;
    ssize_t len;
    if (!uplink_alloc(&f->uplink, f->size + 1, &packet))
        return -1;
    len = read(f->receive.fd, packet.data, f->size + 1);
    if (len >= OS_NIC_HEADER && len <= (ssize_t)f->size) {
        uplink_submit(&f->uplink, &packet, (uint32_t)len, 0);
        f->in++;
        return 1;
    }
    uplink_free(&f->uplink, &packet);
    if (len >= 0) { /* a frame of a length that there is not */
        f->lost++;
        return 0;
    }
    if (errno != EAGAIN && errno != EINTR)
        failed(f, errno);
    return -1;
}

static void receive_ready(struct transport_watch *w, uint32_t events)
{
    struct frames *f = OS_CONTAINER_OF(w, struct frames, receive);
    int count = 0, got = 0, took = 0;
    while (count++ < BATCH && uplink_space(&f->uplink) && (got = take_one(f)) >= 0)
        took |= got;
    uplink_flush(&f->uplink);
    if (took && f->came)
        f->came(f);
    if (!uplink_space(&f->uplink)) {
        watch(f, &f->receive, &f->receiving, 0);
        uplink_want_room(&f->uplink);
    }
}

static void room(struct uplink *uplink)
{
    struct frames *f = OS_CONTAINER_OF(uplink, struct frames, uplink);
    watch(f, &f->receive, &f->receiving, 1);
}

/* ---- out */

/* 0: the host's buffer is full; send_ready will follow. */
static int give(struct frames *f, const struct os_nic_frames_packet *packet)
{
    ssize_t sent = packet->len > f->size ? 0 : write(f->send.fd, packet->data, packet->len);
    if (sent < 0 && errno == EAGAIN) {
        watch(f, &f->send, &f->sending, 1);
        return 0;
    }
    if (sent < 0)
        failed(f, errno);
    else
        f->out++;
    return 1;
}

static void outgoing(struct uplink *uplink)
{
    struct frames *f = OS_CONTAINER_OF(uplink, struct frames, uplink);
    while (!f->sending && (f->holds || uplink_next(uplink, &f->held))) {
        f->holds = !give(f, &f->held);
        if (!f->holds)
            uplink_done(uplink, &f->held);
    }
}

/* What was held was in memory that is gone. */
static void renewed(struct uplink *uplink)
{
    struct frames *f = OS_CONTAINER_OF(uplink, struct frames, uplink);
    f->holds = 0;
    watch(f, &f->send, &f->sending, 0);
    watch(f, &f->receive, &f->receiving, 1);
}

static void send_ready(struct transport_watch *w, uint32_t events)
{
    struct frames *f = OS_CONTAINER_OF(w, struct frames, send);
    watch(f, &f->send, &f->sending, 0);
    outgoing(&f->uplink);
    uplink_flush_outgoing(&f->uplink);
    uplink_resume(&f->uplink);
}

/* ---- start */

static int descriptor(struct os_env *env, os_any_cap cap)
{
    int fd = transport_cap_take(cap.cap);
    if (fd < 0)
        os_fail(env, OS_ERR_HANDLES, "no descriptor has come");
    return fd;
}

void frames_start(struct frames *f, struct os_env *env, uint16_t mtu)
{
    os_any_cap receive, send;
    uint32_t has;
    os_err err = linux_network_open(env, "", "", &f->network);
    if (err == OS_ERR_BAD_ARG) {
        printf("the route of Network does not say what it leads to, as in README.md of this driver\n");
        os_exit(env, 1);
    }
    os_require(env, err, "cannot open Network");
    os_require(env, linux_network_name(f->network.cap, &f->name), "cannot ask Network");
    err = linux_network_frames(f->network.cap, &receive, &send, &has);
    if (err) {
        printf("cannot open %s: %s\n", f->name, os_err_text(err));
        os_exit(env, 1);
    }
    f->receive = (struct transport_watch){ .fd = descriptor(env, receive), .ready = receive_ready };
    f->send = (struct transport_watch){ .fd = descriptor(env, send), .ready = send_ready };
    f->uplink.info.mtu = has ? (uint16_t)has : mtu;
    f->size = OS_NIC_HEADER + f->uplink.info.mtu;
    f->uplink.outgoing = outgoing;
    f->uplink.room = room;
    f->uplink.renewed = renewed;
    os_require(env, uplink_open(&f->uplink, env), "cannot open Uplink");
    watch(f, &f->receive, &f->receiving, 1);
}
