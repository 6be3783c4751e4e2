/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c: how fast the time stamp counter runs. Channel 2 of the timer chip, which the kernel does not use,
 * counts down at a known frequency; its count and the time stamp counter are read together at the beginning
 * and at the end of 40 ms. Another thread or the emulator can come between the two readings, so each is the
 * best of several.
 *
 *     error: 1 of 47727 counts, and half of the best reading's span, some microseconds in 40 ms: about 0.01 %
 */
#include "io.h"

enum {
    CHANNEL_2 = 0x42,
    COMMAND = 0x43,
    CONTROL = 0x61, /* bit 0: channel 2 counts; bit 1: it drives the speaker */
    ONE_SHOT = 0xb0,
    LATCH = 0x80,
    FREQUENCY = 1193182, /* Hz */
    SPAN = 47727,        /* counts in 40 ms */
    START = 0xffff,
    TRIES = 16,
};

struct reading {
    uint64_t stamp;
    uint32_t elapsed; /* counts since the start */
};

static uint32_t elapsed(void)
{
    io_write8(COMMAND, LATCH);
    uint32_t count = io_read8(CHANNEL_2);
    count |= (uint32_t)io_read8(CHANNEL_2) << 8;
    return START - count;
}

static struct reading read_both(void)
{
    struct reading best = { 0, 0 };
    uint64_t span = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = __builtin_ia32_rdtsc();
        uint32_t counts = elapsed();
        uint64_t after = __builtin_ia32_rdtsc();
        if (after - before >= span)
            continue;
        span = after - before;
        best = (struct reading){ before + span / 2, counts };
    }
    return best;
}

static os_err measure(uint64_t *ticks, uint32_t *counts)
{
    enum { LOOKS_MAX = 10000000 };
    uint8_t control = io_read8(CONTROL) & 0xfc;
    io_write8(CONTROL, control);
    io_write8(COMMAND, ONE_SHOT);
    io_write8(CHANNEL_2, START & 0xff);
    io_write8(CHANNEL_2, START >> 8);
    io_write8(CONTROL, control | 1);
    struct reading first = read_both();
    for (int looks = 0; elapsed() - first.elapsed < SPAN; looks++)
        if (looks == LOOKS_MAX)
            return OS_ERR_IO;
    struct reading last = read_both();
    io_write8(CONTROL, control);
    /* beyond its end it counts on from the start */
    if (last.elapsed <= first.elapsed || last.stamp <= first.stamp)
        return OS_ERR_IO;
    *ticks = last.stamp - first.stamp;
    *counts = last.elapsed - first.elapsed;
    return OS_OK;
}

/* Nanoseconds of a tick as MULT >> SHIFT, with as many bits of MULT as there are. */
static void set_clock(uint64_t hertz)
{
    uint32_t shift = 32;
    while ((OS_SEC << shift) / hertz > UINT32_MAX || (OS_SEC << shift >> shift) != OS_SEC)
        shift--;
    mach_core.clock = (struct mach_clock){ .base = __builtin_ia32_rdtsc(),
                                           .mult = (uint32_t)((OS_SEC << shift) / hertz),
                                           .shift = shift };
}

os_err mach_clock_calibrate(void)
{
    enum { TRIES_ALL = 3, HERTZ_MIN = 1000000 };
    uint64_t ticks;
    uint32_t counts;
    os_err err = io_allow(CHANNEL_2, COMMAND);
    if (!err)
        err = io_allow(CONTROL, CONTROL);
    if (err)
        return err;
    for (int i = 0; i < TRIES_ALL; i++) {
        err = measure(&ticks, &counts);
        if (err)
            continue;
        uint64_t hertz = ticks * FREQUENCY / counts;
        if (hertz < HERTZ_MIN)
            return OS_ERR_IO;
        set_clock(hertz);
        mach_clock_set(&mach_core.clock);
        return OS_OK;
    }
    return err;
}
