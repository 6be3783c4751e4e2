/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: a datagram socket of the host as an uplink, one frame a datagram: another Seedbed system, QEMU
 * (-netdev dgram), User-mode Linux. While nobody is at the peer's path the link is down, and is looked after
 * again and again; that is the only time when this driver wakes up by itself.
 */
#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/timer.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../common/frames.h"

OS_MANIFEST("requires: [Uplink, Network, Timer]\n"
            "ram: 2M\n"
            "caps: 52\n");

static struct frames frames;
static struct os_timeouts timeouts;
static struct os_timeout retry;
static os_time period;

static void set_connected(void)
{
    os_timeout_disarm(&retry);
    if (!frames.uplink.info.link)
        printf("connected: %s\n", frames.name);
    uplink_set_link(&frames.uplink, 1);
}

static void set_waiting(os_err why)
{
    if (frames.uplink.info.link)
        printf("the peer is gone (%s), waiting for it: %s\n", os_err_text(why), frames.name);
    uplink_set_link(&frames.uplink, 0);
    os_require(frames.uplink.env, os_timeout_arm(&retry, period), "cannot wait for the peer");
}

static void connect_peer(void)
{
    os_err err = linux_network_reconnect(frames.network.cap);
    if (err == OS_OK)
        set_connected();
    else
        set_waiting(err);
}

static void handle_retry(struct os_timeout *timeout)
{
    connect_peer();
}

/* A peer that was started anew has another socket at the same path. */
static void failed(struct frames *f, int error)
{
    if (error == ECONNREFUSED || error == ENOTCONN || error == ENOENT || error == ECONNRESET)
        connect_peer();
}

static void came(struct frames *f)
{
    if (!f->uplink.info.link)
        connect_peer();
}

void component_construct(struct os_env *env)
{
    struct os_rom_module rom;
    struct os_config config;
    os_config_ref root;
    os_err err;

    os_require(env, os_rom_module_open(&rom, env, "config"), "no config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "the config");
    root = os_config_root(&config);
    period = os_config_time(&config, root, "retry", OS_SEC);
    uplink_read_mac(env, &config, "unix", frames.uplink.info.mac);
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&retry, &timeouts, handle_retry);
    frames.failed = failed;
    frames.came = came;
    frames_start(&frames, env, (uint16_t)os_config_u64(&config, root, "mtu", OS_NIC_MTU));
    err = linux_network_reconnect(frames.network.cap);
    if (err) {
        printf("waiting for the peer (%s): %s\n", os_err_text(err), frames.name);
        os_require(env, os_timeout_arm(&retry, period), "cannot wait for the peer");
        return;
    }
    set_connected();
}
