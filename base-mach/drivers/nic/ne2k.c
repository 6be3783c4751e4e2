/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ne2k.c: see ne2k.h. The registers are those of National's DP8390; the data sheet has all of them. The
 * card's memory is in pages of 256 bytes: the first six are for the frame that is sent, the others are a ring
 * for those that come.
 */
#include "ne2k.h"

#include <string.h>

enum {
    COMMAND = 0x00, /* all banks */
    DATA = 0x10,
    RESET = 0x1f,

    RING_START = 0x01, /* bank 0 */
    RING_STOP = 0x02,
    BOUNDARY = 0x03, /* the page before which the card stops to write */
    SEND_PAGE = 0x04,
    SEND_LEN = 0x05,
    EVENTS = 0x07,
    ADDRESS = 0x08,
    LEN = 0x0a,
    RECEIVE_MODE = 0x0c,
    SEND_MODE = 0x0d,
    DATA_MODE = 0x0e,
    INTERRUPTS = 0x0f, /* of EVENTS, those that interrupt */

    OWN_ADDRESS = 0x01, /* bank 1 */
    CURRENT = 0x07,     /* the page where the card writes next */
    GROUPS = 0x08,
};

enum {
    COMMAND_STOP = 0x01,
    COMMAND_START = 0x02,
    COMMAND_SEND = 0x04,
    COMMAND_READ = 0x08,
    COMMAND_WRITE = 0x10,
    COMMAND_IDLE = 0x20, /* no access to its memory */
    COMMAND_BANK1 = 0x40,

    EVENT_RECEIVED = 0x01,
    EVENT_SENT = 0x02,
    EVENT_RECEIVE_ERROR = 0x04,
    EVENT_SEND_ERROR = 0x08,
    EVENT_OVERRUN = 0x10,
    EVENT_STOPPED = 0x80,
    EVENT_ALL = 0xff,
    WANTED = EVENT_RECEIVED | EVENT_RECEIVE_ERROR | EVENT_OVERRUN,

    RECEIVE_ALL = 0x1c,     /* whoever they are for: the server of Uplink has many addresses */
    RECEIVE_NOTHING = 0x20, /* it only watches */
    SEND_NORMAL = 0x00,
    SEND_BACK = 0x02,  /* to itself */
    DATA_WORDS = 0x49, /* 16 bits and more at a time, no loop, a queue of 8 bytes */

    FRAME_GOOD = 0x01,
};

enum {
    PAGE = 256,
    SEND = 0x40, /* the first page */
    RING = 0x46,
    STOP_16K = 0x80,
    STOP_32K = 0xc0,
    HEADER = 4,     /* bytes before a frame in the ring: status, next page, length with itself */
    FRAME_PAD = 60, /* bytes; the network has no shorter frames */
    TRIES = 10000,  /* reads of a register until something must have happened */
    ABSENT = 0xff,  /* what is read where no card is */
};

static uint8_t get(const struct ne2k *card, unsigned reg)
{
    return card->bus->read(card->bus, reg);
}

static void set(const struct ne2k *card, unsigned reg, uint8_t value)
{
    card->bus->write(card->bus, reg, value);
}

static void set16(const struct ne2k *card, unsigned reg, uint32_t value)
{
    set(card, reg, (uint8_t)value);
    set(card, reg + 1, (uint8_t)(value >> 8));
}

/* The next LEN bytes through the data port, whole words of 32 bits, are those at ADDRESS of its memory. */
static void begin(const struct ne2k *card, uint32_t address, uint32_t len, uint8_t way)
{
    set16(card, LEN, (len + 3) & ~3u);
    set16(card, ADDRESS, address);
    set(card, COMMAND, COMMAND_START | way);
}

static void read_memory(const struct ne2k *card, uint32_t address, void *to, uint32_t len)
{
    const uint32_t words = len / 4, rest = len % 4;
    uint32_t last;
    begin(card, address, len, COMMAND_READ);
    card->bus->read_words(card->bus, to, words);
    if (!rest)
        return;
    card->bus->read_words(card->bus, &last, 1);
    memcpy((uint8_t *)to + 4 * words, &last, rest);
}

/* With zeros up to PADDED bytes. */
static void write_memory(const struct ne2k *card, uint32_t address, const void *from, uint32_t len,
                         uint32_t padded)
{
    static const uint32_t zeros[FRAME_PAD / 4];
    const uint32_t words = len / 4, rest = len % 4, used = words + (rest != 0), all = (padded + 3) / 4;
    uint32_t last = 0;
    begin(card, address, padded, COMMAND_WRITE);
    card->bus->write_words(card->bus, from, words);
    if (rest) {
        memcpy(&last, (const uint8_t *)from + 4 * words, rest);
        card->bus->write_words(card->bus, &last, 1);
    }
    if (all > used)
        card->bus->write_words(card->bus, zeros, all - used);
}

/* ---- start */

static int wait_for(const struct ne2k *card, uint8_t event)
{
    for (int i = 0; i < TRIES; i++) {
        uint8_t events = get(card, EVENTS);
        if (events != ABSENT && events & event)
            return 1;
    }
    return 0;
}

/* It interrupts from now on; what was in its memory is forgotten. */
static void start(struct ne2k *card)
{
    static const uint8_t all_groups[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    set(card, COMMAND, COMMAND_STOP | COMMAND_IDLE);
    set(card, DATA_MODE, DATA_WORDS);
    set16(card, LEN, 0);
    set(card, RECEIVE_MODE, RECEIVE_NOTHING);
    set(card, SEND_MODE, SEND_BACK);
    set(card, RING_START, RING);
    set(card, RING_STOP, card->stop);
    set(card, BOUNDARY, (uint8_t)(card->stop - 1));
    set(card, EVENTS, EVENT_ALL);
    set(card, INTERRUPTS, WANTED);
    set(card, COMMAND, COMMAND_STOP | COMMAND_IDLE | COMMAND_BANK1);
    for (unsigned i = 0; i < NE2K_MAC; i++)
        set(card, OWN_ADDRESS + i, card->mac[i]);
    for (unsigned i = 0; i < sizeof(all_groups); i++)
        set(card, GROUPS + i, all_groups[i]);
    set(card, CURRENT, RING);
    set(card, COMMAND, COMMAND_START | COMMAND_IDLE);
    set(card, SEND_MODE, SEND_NORMAL);
    set(card, RECEIVE_MODE, RECEIVE_ALL);
    card->next = card->end = RING;
    card->sending = 0;
    card->left = 0;
}

static void restart(struct ne2k *card)
{
    card->counters.restarts++;
    start(card);
}

/* Cards have 16 KiB, and QEMU's 32; it may be that these are the same twice. */
static uint8_t find_stop(const struct ne2k *card)
{
    static const uint32_t low = 0x6f4c3a21, high = 0x5ea7bed5;
    const uint32_t low_at = (STOP_16K - 1) * PAGE, high_at = (STOP_32K - 1) * PAGE;
    uint32_t low_now, high_now;
    write_memory(card, high_at, &high, 4, 4);
    write_memory(card, low_at, &low, 4, 4);
    read_memory(card, low_at, &low_now, 4);
    read_memory(card, high_at, &high_now, 4);
    return low_now != low ? 0 : high_now == high ? STOP_32K : STOP_16K;
}

/* The address is at the beginning of the memory, each byte twice. */
static int read_mac(struct ne2k *card)
{
    uint8_t prom[2 * NE2K_MAC], any = 0;
    read_memory(card, 0, prom, sizeof(prom));
    for (unsigned i = 0; i < NE2K_MAC; i++)
        any |= card->mac[i] = prom[2 * i];
    return any && !(card->mac[0] & 1);
}

int ne2k_open(struct ne2k *card, struct ne2k_bus *bus)
{
    *card = (struct ne2k){ .bus = bus };
    set(card, RESET, get(card, RESET));
    if (!wait_for(card, EVENT_STOPPED))
        return 0;
    set(card, COMMAND, COMMAND_STOP | COMMAND_IDLE);
    set(card, INTERRUPTS, 0);
    set(card, DATA_MODE, DATA_WORDS);
    set(card, RECEIVE_MODE, RECEIVE_NOTHING);
    set(card, SEND_MODE, SEND_BACK);
    card->stop = find_stop(card);
    if (!card->stop || !read_mac(card))
        return 0;
    start(card);
    return 1;
}

/* ---- frames that come */

static uint8_t current(const struct ne2k *card)
{
    set(card, COMMAND, COMMAND_START | COMMAND_IDLE | COMMAND_BANK1);
    uint8_t page = get(card, CURRENT);
    set(card, COMMAND, COMMAND_START | COMMAND_IDLE);
    return page;
}

static int in_ring(const struct ne2k *card, uint8_t page)
{
    return page >= RING && page < card->stop;
}

int ne2k_events(struct ne2k *card)
{
    uint8_t events = get(card, EVENTS);
    if (events == ABSENT && get(card, COMMAND) == ABSENT)
        return 0;
    set(card, EVENTS, events);
    if (events & (EVENT_SENT | EVENT_SEND_ERROR)) {
        card->counters.errors += (events & EVENT_SEND_ERROR) != 0;
        card->sending = 0;
        set(card, INTERRUPTS, WANTED);
    }
    card->counters.errors += (events & EVENT_RECEIVE_ERROR) != 0;
    if (events & EVENT_OVERRUN) {
        card->counters.overruns++;
        restart(card);
    }
    card->end = current(card);
    if (!in_ring(card, card->end))
        restart(card);
    card->left = (uint8_t)(card->stop - RING);
    return 1;
}

/* The card may write from AFTER on: the page behind what it may use is the one before. */
static void give_back(struct ne2k *card, uint8_t after)
{
    card->next = after;
    set(card, BOUNDARY, (uint8_t)(after == RING ? card->stop - 1 : after - 1));
}

/* Pages from one to another, forwards in the ring. */
static unsigned distance(const struct ne2k *card, uint8_t from, uint8_t to)
{
    return to > from ? to - from : to + card->stop - RING - from;
}

static void read_header(const struct ne2k *card, uint8_t header[HEADER])
{
    read_memory(card, card->next * (uint32_t)PAGE, header, HEADER);
}

/* How many pages a frame takes, cards do not agree upon: its check sequence may count. */
static int is_right(const struct ne2k *card, const uint8_t header[HEADER], uint32_t len)
{
    const unsigned pages = (len + HEADER + PAGE - 1) / PAGE;
    unsigned taken;
    if (!(header[0] & FRAME_GOOD) || len < NE2K_FRAME_MIN || len > NE2K_FRAME_MAX ||
        !in_ring(card, header[1]))
        return 0;
    taken = distance(card, card->next, header[1]);
    return taken - pages <= 1 && taken <= distance(card, card->next, card->end);
}

static uint32_t length(const uint8_t header[HEADER])
{
    uint32_t with_header = header[2] | (uint32_t)header[3] << 8;
    return with_header < HEADER ? 0 : with_header - HEADER;
}

uint32_t ne2k_waiting(struct ne2k *card)
{
    uint8_t header[HEADER];
    uint32_t len;
    if (!card->left)
        return 0;
    if (card->next == card->end) {
        card->end = current(card);
        if (card->next == card->end)
            return 0;
    }
    read_header(card, header);
    len = length(header);
    if (in_ring(card, card->end) && is_right(card, header, len)) {
        card->length = (uint16_t)len;
        card->after = header[1];
        return len;
    }
    card->counters.errors++;
    restart(card);
    return 0;
}

int ne2k_more(const struct ne2k *card)
{
    return !card->left && card->next != card->end;
}

void ne2k_receive(struct ne2k *card, void *to)
{
    if (to)
        read_memory(card, card->next * (uint32_t)PAGE + HEADER, to, card->length);
    give_back(card, card->after);
    card->left--;
    card->counters.received++;
}

/* ---- frames that go */

int ne2k_ready(const struct ne2k *card)
{
    return !card->sending;
}

/*
 * QEMU's card has sent the frame when the command returns, so one look saves an interrupt for each; another's
 * interrupts later.
 */
void ne2k_send(struct ne2k *card, const void *data, uint32_t len)
{
    const uint32_t padded = len < FRAME_PAD ? FRAME_PAD : len;
    write_memory(card, SEND * PAGE, data, len, padded);
    set(card, SEND_PAGE, SEND);
    set16(card, SEND_LEN, padded);
    set(card, COMMAND, COMMAND_START | COMMAND_IDLE | COMMAND_SEND);
    card->counters.sent++;
    if (get(card, EVENTS) & EVENT_SENT) {
        set(card, EVENTS, EVENT_SENT);
        return;
    }
    card->sending = 1;
    set(card, INTERRUPTS, WANTED | EVENT_SENT | EVENT_SEND_ERROR);
}
