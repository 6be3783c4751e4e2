/* SPDX-License-Identifier: BSD-2-Clause */
/* card.c: see card.h. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"

static void keep(struct card *card, const struct os_nic_frames_packet *packet)
{
    if (card->count == card->capacity) {
        card->capacity = card->capacity ? card->capacity * 2 : 64;
        card->frames = realloc(card->frames, card->capacity * sizeof(*card->frames));
        ck_assert_ptr_nonnull(card->frames);
    }
    struct card_frame *frame = &card->frames[card->count++];
    *frame = (struct card_frame){ .len = packet->len, .flags = packet->desc.flags, .at = os_clock_now() };
    frame->data = malloc(packet->len);
    ck_assert_ptr_nonnull(frame->data);
    memcpy(frame->data, packet->data, packet->len);
}

static void on_frames(struct os_nic_frames_sink *sink)
{
    struct card *card = OS_CONTAINER_OF(sink, struct card, rx);
    struct os_nic_frames_packet packet;
    while (!card->hold && os_nic_frames_sink_get(sink, &packet)) {
        keep(card, &packet);
        os_nic_frames_sink_ack(sink, &packet);
    }
}

static void on_link(struct os_signal_handler *handler)
{
    struct card *card = OS_CONTAINER_OF(handler, struct card, link);
    card->link_changes++;
    ck_ok(os_nic_info(card->nic.cap, &card->info));
}

void card_init(struct card *card, const char *label, struct os_packet_size size)
{
    uint64_t ram = 2 * os_nic_frames_ram(size) + OS_KIB(64);
    card->rx.handle = on_frames;
    inproc_env_init(&card->env, label);
    inproc_env_serve(&card->env);
    ck_ok(os_nic_open_with(&card->env.env, "", "", ram, 16, &card->nic));
    ck_ok(os_nic_tx_connect(&card->tx, card->env.env.ep, card->nic.cap, size));
    ck_ok(os_nic_rx_connect(&card->rx, card->env.env.ep, card->nic.cap, size));
    ck_ok(os_signal_handler_init(&card->link, card->env.env.ep, on_link, &card->link_cap));
    ck_ok(os_nic_link_sigh(card->nic.cap, card->link_cap));
    ck_ok(os_nic_info(card->nic.cap, &card->info));
}

void card_init_uplink(struct card *card, const char *label, struct os_packet_size size,
                      struct os_nic_info info)
{
    uint64_t ram = 2 * os_nic_frames_ram(size) + OS_KIB(64);
    card->rx.handle = on_frames;
    card->info = info;
    inproc_env_init(&card->env, label);
    inproc_env_serve(&card->env);
    ck_ok(os_uplink_open_with(&card->env.env, "", "", ram, 16, &card->uplink));
    ck_ok(os_uplink_tx_connect(&card->tx, card->env.env.ep, card->uplink.cap, size));
    ck_ok(os_uplink_rx_connect(&card->rx, card->env.env.ep, card->uplink.cap, size));
    if (info.mtu)
        ck_ok(os_uplink_info(card->uplink.cap, info));
}

void card_fini(struct card *card)
{
    card_drop(card);
    free(card->frames);
    os_nic_frames_source_fini(&card->tx);
    os_nic_frames_sink_fini(&card->rx);
    os_signal_handler_fini(&card->link);
    os_cap_drop(card->link_cap.cap);
    os_nic_close(&card->nic);
    os_uplink_close(&card->uplink);
    ck_fini(&card->env);
    *card = (struct card){ 0 };
}

/* What the test's process has of a dead side. */
static void bury(struct os_packet_side *side)
{
    os_region_detach(&side->region);
    os_cap_drop(side->self.cap);
    os_cap_drop(side->peer.cap);
}

void card_kill(struct card *card)
{
    inproc_env_kill(&card->env);
    inproc_idle();
    bury(&card->tx.base.side);
    bury(&card->rx.base.side);
    free(card->tx.base.records);
    free(card->rx.base.held);
    os_cap_drop(card->link_cap.cap);
    os_cap_drop(card->nic.cap.cap);
    os_cap_drop(card->uplink.cap.cap);
    card_drop(card);
    free(card->frames);
    ck_fini(&card->env);
    *card = (struct card){ 0 };
}

void card_send_later(struct card *card, const void *data, uint32_t len)
{
    struct os_nic_frames_packet packet;
    os_nic_frames_source_reclaim(&card->tx);
    ck_ok(os_nic_frames_source_alloc(&card->tx, len, &packet));
    memcpy(packet.data, data, len);
    packet.desc.flags = OS_NIC_INTACT;
    ck_ok(os_nic_frames_source_submit(&card->tx, &packet));
}

void card_send(struct card *card, const void *data, uint32_t len)
{
    card_send_later(card, data, len);
    os_nic_frames_source_flush(&card->tx);
    inproc_idle();
}

void card_make_test(uint8_t *data, const uint8_t *to, const uint8_t *from, uint32_t len, uint32_t number)
{
    memcpy(data, to, 6);
    memcpy(data + 6, from, 6);
    data[12] = 0x88;
    data[13] = 0xb5;
    for (uint32_t i = 14; i < len; i++)
        data[i] = (uint8_t)(number >> (i - 14) % 4 * 8) ^ (uint8_t)((i - 14) / 4);
}

void card_send_test(struct card *card, const uint8_t *to, const uint8_t *from, uint32_t len, uint32_t number)
{
    uint8_t *data = malloc(len);
    ck_assert_ptr_nonnull(data);
    card_make_test(data, to, from, len, number);
    card_send(card, data, len);
    free(data);
}

int card_got(const struct card *card, uint32_t i, const uint8_t *from, uint32_t len, uint32_t number)
{
    int same = 0;
    if (i >= card->count || card->frames[i].len != len)
        return 0;
    uint8_t *data = malloc(len);
    ck_assert_ptr_nonnull(data);
    card_make_test(data, card->frames[i].data, from, len, number);
    same = !memcmp(data, card->frames[i].data, len);
    free(data);
    return same;
}

void card_drop(struct card *card)
{
    for (uint32_t i = 0; i < card->count; i++)
        free(card->frames[i].data);
    card->count = 0;
}

void card_hold(struct card *card, int hold)
{
    card->hold = hold;
    if (!hold)
        os_nic_frames_sink_resume(&card->rx);
    inproc_idle();
}

/* ---- one that has been taken over */

static uint32_t any(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*random >> 33);
}

/* Numbers that matter are small, or as large as can be, or near to what is there. */
static uint32_t any_word(uint32_t old, uint64_t *random)
{
    uint32_t small = any(random) % 40;
    switch (any(random) % 6) {
    case 0:
        return small;
    case 1:
        return 0 - small;
    case 2:
    case 3:
        return old + small % 3;
    case 4:
        return old ^ 1u << small % 32;
    default:
        return any(random) * 2 + small % 2;
    }
}

static void attack_stream(struct os_packet_side *side, uint64_t *random)
{
    if (!side->own_ring)
        return;
    for (uint32_t n = any(random) % 4; n--;) {
        _Atomic uint32_t *word = side->own_ring + any(random) % (side->slots * side->own_words);
        *word = any_word(*word, random);
    }
    if (any(random) % 2)
        *side->own_index = any_word(*side->own_index, random);
    if (any(random) % 4 == 0)
        *side->own_wake = any_word(*side->own_wake, random);
    for (uint32_t n = any(random) % 64; n--;)
        side->data[any(random) % side->bulk] = (uint8_t)any(random);
    os_signal_submit(side->peer);
}

/* Streams once more, the card's state, or what is the other service's; errors are as good as success. */
static void attack_session(struct card *card, uint64_t *random)
{
    struct os_packet_size size = { .slots = any_word(16, random), .bulk = any_word(OS_KIB(32), random) };
    struct os_nic_info info = { .mtu = (uint16_t)any_word(1500, random), .link = (uint8_t)any(random) };
    struct os_nic_frames_source tx = { 0 };
    for (int i = 0; i < OS_NIC_MAC; i++)
        info.mac[i] = (uint8_t)any(random);
    os_err err = OS_OK;
    switch (any(random) % 4) {
    case 0:
        err = os_nic_tx_connect(&tx, card->env.env.ep, card->nic.cap, size);
        break;
    case 1:
        err = os_uplink_tx_connect(&tx, card->env.env.ep, card->uplink.cap, size);
        break;
    case 2:
        err = os_uplink_info(card->uplink.cap, info);
        break;
    default:
        err = os_nic_info(card->nic.cap, &info);
    }
    if (!err)
        os_nic_frames_source_fini(&tx);
}

void card_attack(struct card *card, uint64_t seed)
{
    for (int i = 0; i < 20; i++) {
        attack_stream(&card->tx.base.side, &seed);
        attack_stream(&card->rx.base.side, &seed);
        if (any(&seed) % 8 == 0)
            attack_session(card, &seed);
        inproc_idle();
    }
}
