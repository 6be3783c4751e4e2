/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c: the machine's clock, a battery-backed chip of a PC (MC146818 and its like) that counts seconds. It
 * is read once; from then on the time stamp counter goes on from there, so that there are microseconds, and
 * nobody waits for the chip. The result is late by less than a second.
 */
#include <os/rtc.h>

#include "internal.h"
#include "io.h"

enum {
    INDEX = 0x70,
    DATA = 0x71,
    SECONDS = 0x00,
    MINUTES = 0x02,
    HOURS = 0x04,
    DAY = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    STATUS_A = 0x0a,
    STATUS_B = 0x0b,
    CENTURY = 0x32, /* where PCs have it */
    UPDATING = 0x80,
    BINARY = 0x04,
    HOURS_24 = 0x02,
    AFTERNOON = 0x80,
    LOOKS_MAX = 100000, /* an update takes 2 ms at most */
};

static uint8_t read_register(uint8_t index)
{
    io_write8(INDEX, index);
    return io_read8(DATA);
}

static uint8_t number(uint8_t value, uint8_t status)
{
    return status & BINARY ? value : (uint8_t)((value >> 4) * 10 + (value & 15));
}

static struct os_rtc_date read_date(void)
{
    static const uint8_t registers[] = { SECONDS, MINUTES, DAY, MONTH, YEAR, CENTURY };
    uint8_t value[OS_ARRAY_LEN(registers)], status = read_register(STATUS_B), hours = read_register(HOURS);
    for (size_t i = 0; i < OS_ARRAY_LEN(registers); i++)
        value[i] = number(read_register(registers[i]), status);
    uint8_t hour = number(hours & (status & HOURS_24 ? 0xff : 0x7f), status);
    if (!(status & HOURS_24))
        hour = (uint8_t)(hour % 12 + (hours & AFTERNOON ? 12 : 0));
    /* without a century it is this one */
    return (struct os_rtc_date){ .year = (value[5] >= 19 && value[5] < 100 ? value[5] : 20) * 100 + value[4],
                                 .month = value[3],
                                 .day = value[2],
                                 .hour = hour,
                                 .minute = value[1],
                                 .second = value[0] };
}

static int is_same(const struct os_rtc_date *a, const struct os_rtc_date *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

/* What was read twice alike, with no update between, is no mixture of two times. */
static os_err read_chip(int64_t *us)
{
    for (int looks = 0; looks < LOOKS_MAX; looks++) {
        if (read_register(STATUS_A) & UPDATING)
            continue;
        struct os_rtc_date first = read_date(), second = read_date();
        if (is_same(&first, &second))
            return os_rtc_us(&first, us) ? OS_ERR_NOT_FOUND : OS_OK;
    }
    return OS_ERR_NOT_FOUND;
}

os_err core_plat_rtc(int64_t *us)
{
    static int64_t base; /* of the clock at 0; 0: not read yet */
    int64_t now = (int64_t)(os_clock_now() / OS_US);
    if (!base) {
        int64_t chip;
        os_err err = io_allow(INDEX, DATA);
        if (!err)
            err = read_chip(&chip);
        if (err)
            return OS_ERR_NOT_FOUND;
        base = chip - now;
    }
    *us = base + now;
    return OS_OK;
}
