/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * switch.c: frames of three clients into the switch, two of them machines and one the driver of a way out.
 * Nobody gets what is for another's address, or comes from an address of his own or of one who has not sent
 * it, and no frame changes on its way. The first byte chooses a config; each frame has two bytes before it:
 * which client and how it begins, and its length.
 */
#include <inproc/inproc.h>

#include "../../net/switch/switch.h"
#include "fuzz.h"

void switch_construct(struct os_env *env);

enum { CLIENTS = 3, DRIVER = 2, FRAMES = 200 };

static const struct os_packet_size size = { .slots = 16, .bulk = OS_KIB(32) };
static const char *const configs[] = {
    "table: 4\n",
    "default-policy:\n  isolated: true\n  rate: 1000\n",
    "queue: 4000\ndefault-policy:\n  impair:\n    loss: 10%\n    duplicate: 10%\n    delay: 1ms\n",
    "default-policy:\n  mtu: 576\n  other-macs: true\n  addresses: 2\n",
};

struct client {
    struct inproc_env env;
    struct os_nic_session nic;
    struct os_uplink_session uplink;
    struct os_nic_info info;
    struct os_nic_frames_source tx;
    struct os_nic_frames_sink rx;
};

static struct inproc_env server;
static struct client clients[CLIENTS];

static void check(const struct client *client, const struct os_nic_frames_packet *packet)
{
    const uint8_t *data = packet->data;
    MUST(packet->len >= OS_NIC_HEADER && packet->len <= OS_NIC_HEADER + (uint32_t)client->info.mtu);
    MUST(!net_mac_equal(data + NET_ETH_SRC, client->info.mac));
    for (int i = 0; i < CLIENTS; i++)
        if (&clients[i] != client)
            MUST(!net_mac_equal(data + NET_ETH_DST, clients[i].info.mac));
    for (uint32_t at = OS_NIC_HEADER; at < packet->len; at++)
        MUST(data[at] == (uint8_t)at);
}

static void take(struct os_nic_frames_sink *sink)
{
    struct os_nic_frames_packet packet;
    while (os_nic_frames_sink_get(sink, &packet)) {
        check(OS_CONTAINER_OF(sink, struct client, rx), &packet);
        os_nic_frames_sink_ack(sink, &packet);
    }
}

static void open_client(struct client *client, const char *label, int driver)
{
    struct os_entrypoint *ep;
    inproc_env_init(&client->env, label);
    inproc_env_serve(&client->env);
    ep = client->env.env.ep;
    client->rx.handle = take;
    if (driver) {
        client->info = (struct os_nic_info){ .mac = { 2, 9, 9, 9, 9, 9 }, .mtu = 1500, .link = 1 };
        MUST(!os_uplink_open(&client->env.env, "", "", &client->uplink));
        MUST(!os_uplink_tx_connect(&client->tx, ep, client->uplink.cap, size));
        MUST(!os_uplink_rx_connect(&client->rx, ep, client->uplink.cap, size));
        MUST(!os_uplink_info(client->uplink.cap, client->info));
        return;
    }
    MUST(!os_nic_open(&client->env.env, "", "", &client->nic));
    MUST(!os_nic_tx_connect(&client->tx, ep, client->nic.cap, size));
    MUST(!os_nic_rx_connect(&client->rx, ep, client->nic.cap, size));
    MUST(!os_nic_info(client->nic.cap, &client->info));
}

static void close_client(struct client *client)
{
    os_nic_frames_source_fini(&client->tx);
    os_nic_frames_sink_fini(&client->rx);
    os_nic_close(&client->nic);
    os_uplink_close(&client->uplink);
    MUST(!inproc_env_fini(&client->env));
    *client = (struct client){ 0 };
}

/* Addresses that matter, by three bits; others are made up. */
static void choose_mac(uint8_t *mac, unsigned which)
{
    static const uint8_t others[4][6] = { { 255, 255, 255, 255, 255, 255 }, { 1 }, { 2, 1 }, { 2, 2 } };
    memcpy(mac, which % 8 < CLIENTS ? clients[which % 8].info.mac : others[which % 4], 6);
}

static void send(const uint8_t head[2])
{
    struct client *client = &clients[(head[0] & 3) % CLIENTS];
    struct os_nic_frames_packet packet;
    uint32_t len = head[1] < 32 ? head[1] : (uint32_t)head[1] * 7;
    os_nic_frames_source_reclaim(&client->tx);
    if (os_nic_frames_source_alloc(&client->tx, len, &packet))
        return;
    uint8_t *data = packet.data;
    for (uint32_t at = 0; at < len; at++)
        data[at] = (uint8_t)at;
    if (len >= OS_NIC_HEADER) {
        choose_mac(data + NET_ETH_DST, head[0] >> 2);
        choose_mac(data + NET_ETH_SRC, head[0] >> 5);
    }
    MUST(!os_nic_frames_source_submit(&client->tx, &packet));
    os_nic_frames_source_flush(&client->tx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (!bytes)
        return 0;
    inproc_env_init(&server, "switch");
    inproc_config_set(&server, configs[data[0] % OS_ARRAY_LEN(configs)]);
    inproc_env_construct(&server, switch_construct);
    for (int i = 0; i < CLIENTS; i++)
        open_client(&clients[i], i == 0 ? "a" : i == 1 ? "b" : "c", i == DRIVER);
    for (size_t at = 1; at + 1 < bytes && at < 2 * FRAMES; at += 2) {
        send(data + at);
        if (data[at] & 1)
            inproc_idle();
    }
    inproc_advance(20 * OS_MS);
    MUST(!sw.waiting);
    for (int i = CLIENTS - 1; i >= 0; i--)
        close_client(&clients[i]);
    net_port_server_fini(&sw.server);
    os_timeouts_close(&sw.timeouts);
    os_config_rom_close(&sw.config);
    table_fini(&sw.table);
    MUST(!inproc_env_fini(&server));
    return 0;
}
