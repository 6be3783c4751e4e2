/* SPDX-License-Identifier: BSD-2-Clause */
/* uplink.c: see uplink.h. */
#include "uplink.h"

#include <os/component.h>
#include <os/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An eighth of the stream's slots, so that a burst goes in one go. */
enum { ROOM = 32 };

static void gone(struct uplink *uplink);

static void tx_handle(struct os_nic_frames_source *tx)
{
    struct uplink *uplink = OS_CONTAINER_OF(tx, struct uplink, tx);
    uplink->room(uplink);
}

static void tx_ended(struct os_nic_frames_source *tx)
{
    gone(OS_CONTAINER_OF(tx, struct uplink, tx));
}

static void rx_handle(struct os_nic_frames_sink *rx)
{
    struct uplink *uplink = OS_CONTAINER_OF(rx, struct uplink, rx);
    uplink->outgoing(uplink);
}

static void rx_ended(struct os_nic_frames_sink *rx)
{
    gone(OS_CONTAINER_OF(rx, struct uplink, rx));
}

static void close_all(struct uplink *uplink)
{
    os_nic_frames_source_fini(&uplink->tx);
    os_nic_frames_sink_fini(&uplink->rx);
    os_uplink_close(&uplink->session);
}

static os_err open_all(struct uplink *uplink)
{
    struct os_env *env = uplink->env;
    os_err err = os_uplink_open(env, "", "", &uplink->session);
    if (err)
        return err;
    uplink->tx = (struct os_nic_frames_source){ .handle = tx_handle, .ended = tx_ended };
    uplink->rx = (struct os_nic_frames_sink){ .handle = rx_handle, .ended = rx_ended };
    uplink->under_way = 0;
    err = os_uplink_tx_connect(&uplink->tx, env->ep, uplink->session.cap, OS_NIC_STREAM);
    if (!err)
        err = os_uplink_rx_connect(&uplink->rx, env->ep, uplink->session.cap, OS_NIC_STREAM);
    if (!err)
        err = os_uplink_info(uplink->session.cap, uplink->info);
    if (err)
        close_all(uplink);
    return err;
}

/* The server may be started again, and end again meanwhile. */
static void gone(struct uplink *uplink)
{
    const char *why = os_nic_frames_source_err(&uplink->tx) ? os_nic_frames_source_why(&uplink->tx)
                                                            : os_nic_frames_sink_why(&uplink->rx);
    os_err err;
    printf("the server of Uplink is gone (%s), looking for it again\n", why);
    close_all(uplink);
    do
        err = open_all(uplink);
    while (os_err_is_gone(err));
    os_require(uplink->env, err, "cannot connect with Uplink again");
    uplink->renewed(uplink);
}

os_err uplink_open(struct uplink *uplink, struct os_env *env)
{
    uplink->env = env;
    return open_all(uplink);
}

void uplink_set_link(struct uplink *uplink, int up)
{
    os_err err = OS_OK;
    if (uplink->info.link == (up != 0))
        return;
    uplink->info.link = up != 0;
    if (uplink->session.base.env)
        err = os_uplink_info(uplink->session.cap, uplink->info);
    if (err && !os_err_is_gone(err)) /* that one is told by the streams */
        printf("Uplink does not take the state of the link: %s\n", os_err_text(err));
}

int uplink_next(struct uplink *uplink, struct os_nic_frames_packet *packet)
{
    return os_nic_frames_sink_get(&uplink->rx, packet);
}

void uplink_done(struct uplink *uplink, const struct os_nic_frames_packet *packet)
{
    os_nic_frames_sink_ack(&uplink->rx, packet);
}

void uplink_flush_outgoing(struct uplink *uplink)
{
    os_nic_frames_sink_flush(&uplink->rx);
}

void uplink_resume(struct uplink *uplink)
{
    os_nic_frames_sink_resume(&uplink->rx);
}

static void reclaim(struct uplink *uplink)
{
    uint32_t count = os_nic_frames_source_reclaim(&uplink->tx);
    uplink->under_way -= count < uplink->under_way ? count : uplink->under_way;
}

uint32_t uplink_space(struct uplink *uplink)
{
    const uint32_t slots = OS_NIC_STREAM.slots;
    const uint32_t frame = OS_NIC_HEADER + uplink->info.mtu + OS_PACKET_ALIGN;
    uint32_t fit = OS_NIC_STREAM.bulk / frame;
    reclaim(uplink);
    fit = fit < slots ? fit : slots;
    return fit > uplink->under_way ? fit - uplink->under_way : 0;
}

void uplink_want_room(struct uplink *uplink)
{
    os_nic_frames_source_arm(&uplink->tx, ROOM);
}

int uplink_alloc(struct uplink *uplink, uint32_t len, struct os_nic_frames_packet *packet)
{
    os_err err = os_nic_frames_source_alloc(&uplink->tx, len, packet);
    if (err == OS_ERR_BUSY) {
        reclaim(uplink);
        err = os_nic_frames_source_alloc(&uplink->tx, len, packet);
    }
    if (err)
        uplink->dropped++;
    return !err;
}

void uplink_submit(struct uplink *uplink, struct os_nic_frames_packet *packet, uint32_t len, uint32_t flags)
{
    packet->len = len;
    packet->desc.flags = flags;
    if (os_nic_frames_source_submit(&uplink->tx, packet) == OS_OK)
        uplink->under_way++;
    else
        os_nic_frames_source_free(&uplink->tx, packet);
}

void uplink_free(struct uplink *uplink, struct os_nic_frames_packet *packet)
{
    os_nic_frames_source_free(&uplink->tx, packet);
}

void uplink_flush(struct uplink *uplink)
{
    os_nic_frames_source_flush(&uplink->tx);
}

static int parse_mac(const char *text, uint8_t mac[OS_NIC_MAC])
{
    static const uint8_t none[OS_NIC_MAC];
    for (int i = 0; i < OS_NIC_MAC; i++) {
        const char byte[] = { text[0], text[0] ? text[1] : 0, 0 };
        char *end;
        if (byte[0] < '0') /* neither a blank nor a sign, which strtoul takes */
            return 0;
        mac[i] = (uint8_t)strtoul(byte, &end, 16);
        if (end != byte + 2 || text[2] != (i < OS_NIC_MAC - 1 ? ':' : 0))
            return 0;
        text += 3;
    }
    return !(mac[0] & 1) && memcmp(mac, none, sizeof(none)) != 0;
}

void uplink_read_mac(struct os_env *env, const struct os_config *config, const char *name,
                     uint8_t mac[OS_NIC_MAC])
{
    const char *text = os_config_str(config, os_config_root(config), "mac", NULL);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    const uint8_t made[OS_NIC_MAC] = {
        0x02, 0x5b, (uint8_t)(hash >> 24), (uint8_t)(hash >> 16), (uint8_t)(hash >> 8), (uint8_t)hash
    };
    memcpy(mac, made, sizeof(made));
    if (!text || parse_mac(text, mac))
        return;
    printf("mac '%s', expected an address of one card, as 02:00:00:00:00:01\n", text);
    os_exit(env, 1);
}
