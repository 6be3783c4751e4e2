/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: a PC's network card as an uplink. Everything happens when a signal says so: core's, that the card
 * has interrupted; the server's, that there are frames to go out. A frame is copied once each way, between
 * the card and the server's stream. One that does not fit, here or there, is lost and counted, as on any
 * wire.
 */
#include <drivers/uplink/uplink.h>
#include <mach_base/machine.h>
#include <os/component.h>
#include <os/config_rom.h>

#include "../io.h"
#include "ne2k.h"

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Uplink, Machine]\n"
            "ram: 8M\n"
            "caps: 64\n");

enum { DATA_PORT = 0x10 };

static struct {
    struct os_env *env;
    struct os_config_rom config;
    struct uplink uplink;
    struct machine_session machine;
    struct ne2k card;
    uint16_t port;
    struct os_signal_handler interrupt;
    os_signal_cap interrupt_cap;
    uint64_t refused; /* frames to go out that are no frames, or came while the card was not there */
} nic;

/* ---- registers */

static uint8_t read_register(struct ne2k_bus *bus, unsigned reg)
{
    return io_read8((uint16_t)(nic.port + reg));
}

static void write_register(struct ne2k_bus *bus, unsigned reg, uint8_t value)
{
    io_write8((uint16_t)(nic.port + reg), value);
}

static void read_words(struct ne2k_bus *bus, void *to, uint32_t count)
{
    io_read32s((uint16_t)(nic.port + DATA_PORT), to, count);
}

static void write_words(struct ne2k_bus *bus, const void *from, uint32_t count)
{
    io_write32s((uint16_t)(nic.port + DATA_PORT), from, count);
}

static struct ne2k_bus bus = { read_register, write_register, read_words, write_words };

/* ---- frames */

static void receive(void)
{
    struct os_nic_frames_packet packet;
    uint32_t len;
    while ((len = ne2k_waiting(&nic.card))) {
        if (len > OS_NIC_HEADER + (uint32_t)nic.uplink.info.mtu || !uplink_alloc(&nic.uplink, len, &packet)) {
            ne2k_receive(&nic.card, NULL);
            continue;
        }
        ne2k_receive(&nic.card, packet.data);
        uplink_submit(&nic.uplink, &packet, len, 0);
    }
    uplink_flush(&nic.uplink);
}

/* While the card sends, frames wait where they are. */
static void send_waiting(struct uplink *uplink)
{
    struct os_nic_frames_packet packet;
    while (ne2k_ready(&nic.card) && uplink_next(uplink, &packet)) {
        if (uplink->info.link && packet.len >= OS_NIC_HEADER &&
            packet.len <= OS_NIC_HEADER + (uint32_t)uplink->info.mtu)
            ne2k_send(&nic.card, packet.data, packet.len);
        else
            nic.refused++;
        uplink_done(uplink, &packet);
    }
    uplink_flush_outgoing(uplink);
}

static void no_wait(struct uplink *uplink)
{
}

/* Frames that were under way to the server before are lost. */
static void renewed(struct uplink *uplink)
{
    os_signal_submit(nic.interrupt_cap);
}

/*
 * Acknowledged is what was taken down by ne2k_events, so whatever comes during this interrupts again. Without
 * the card there is no acknowledgement, since its line may stay as it is for ever.
 */
static void handle_interrupt(struct os_signal_handler *from)
{
    int busy = !ne2k_ready(&nic.card);
    if (!ne2k_events(&nic.card)) {
        if (nic.uplink.info.link)
            printf("the card is gone\n");
        uplink_set_link(&nic.uplink, 0);
        return;
    }
    receive();
    if (busy && ne2k_ready(&nic.card))
        uplink_resume(&nic.uplink);
    if (ne2k_more(&nic.card))
        os_signal_submit(nic.interrupt_cap);
    os_require(nic.env, machine_acknowledge(nic.machine.cap), "cannot acknowledge an interrupt");
}

/* ---- start */

static void log_counters(void)
{
    const struct ne2k_counters *c = &nic.card.counters;
    printf("frames: %llu received, %llu sent; %llu dropped, %llu refused, %llu errors, %llu overruns, %llu "
           "restarts of the card\n",
           (unsigned long long)c->received, (unsigned long long)c->sent,
           (unsigned long long)nic.uplink.dropped, (unsigned long long)nic.refused,
           (unsigned long long)c->errors, (unsigned long long)c->overruns, (unsigned long long)c->restarts);
}

/* Of the config the network's part is for who starts the machine; it cannot change while that runs. */
static void configure(struct os_config_rom *config)
{
    log_counters();
}

static void open_card(struct os_env *env)
{
    os_err err = machine_open(env, "", "device=nic", &nic.machine);
    if (err == OS_ERR_NOT_FOUND)
        printf("this machine has no network card that is known\n");
    os_require(env, err, "cannot open the network card");
    os_require(env, machine_first_port(nic.machine.cap, &nic.port), "cannot find the network card");
    os_require(env, machine_ports(nic.machine.cap, env->pd), "cannot use the network card");
    if (!ne2k_open(&nic.card, &bus)) {
        printf("the network card does not answer as one should\n");
        os_exit(env, 1);
    }
}

/* After all else, for the card may have interrupted long ago. */
static void watch_card(struct os_env *env)
{
    os_require(env, os_signal_handler_init(&nic.interrupt, env->ep, handle_interrupt, &nic.interrupt_cap),
               "cannot make a signal handler");
    os_require(env, machine_interrupt_sigh(nic.machine.cap, nic.interrupt_cap), "cannot watch the card");
    os_signal_submit(nic.interrupt_cap);
}

static uint16_t read_mtu(void)
{
    const struct os_config *config = &nic.config.config;
    uint64_t mtu = os_config_u64(config, os_config_root(config), "mtu", OS_NIC_MTU);
    if (mtu > OS_NIC_MTU)
        printf("mtu: %u, but this card has frames of %d bytes at most\n", (unsigned)mtu, OS_NIC_MTU);
    return (uint16_t)(mtu < OS_NIC_MTU ? mtu : OS_NIC_MTU);
}

void component_construct(struct os_env *env)
{
    nic.env = env;
    os_require(env, os_config_rom_open(&nic.config, env, "config", configure), "no config");
    open_card(env);
    nic.uplink.info = (struct os_nic_info){ .mtu = read_mtu(), .link = 1 };
    memcpy(nic.uplink.info.mac, nic.card.mac, sizeof(nic.card.mac));
    nic.uplink.outgoing = send_waiting;
    nic.uplink.room = no_wait;
    nic.uplink.renewed = renewed;
    os_require(env, uplink_open(&nic.uplink, env), "cannot open Uplink");
    watch_card(env);
}
