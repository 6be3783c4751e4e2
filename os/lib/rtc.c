/* SPDX-License-Identifier: BSD-2-Clause */
/* rtc.c: the calendar of rtc.h. Days are counted from 1970-01-01, years begin in March. */
#include <os/rtc.h>

#include <stdio.h>

enum {
    SECOND_US = 1000000,
    DAY = 24 * 60 * 60,
    ERA_DAYS = 146097, /* of 400 years */
    TO_MARCH = 719468, /* days from 0000-03-01 to 1970-01-01 */
};

/*
 * No table is needed: the months from March on have 153 days in each five.
 * https://howardhinnant.github.io/date_algorithms.html
 */
static uint32_t days_from(uint32_t year, uint32_t month, uint32_t day)
{
    year -= month <= 2;
    uint32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + of_year - TO_MARCH;
}

static void date_from(uint32_t days, struct os_rtc_date *date)
{
    days += TO_MARCH;
    uint32_t era = days / ERA_DAYS, rest = days % ERA_DAYS;
    uint32_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    uint32_t of_year = rest - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    date->day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1);
    date->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    date->year = (int32_t)(era * 400 + year + (date->month <= 2));
}

struct os_rtc_date os_rtc_date(int64_t us)
{
    struct os_rtc_date date;
    int64_t seconds = us / SECOND_US;
    uint32_t of_day = (uint32_t)(seconds % DAY);
    date_from((uint32_t)(seconds / DAY), &date);
    date.hour = (uint8_t)(of_day / 3600);
    date.minute = (uint8_t)(of_day / 60 % 60);
    date.second = (uint8_t)(of_day % 60);
    date.us = (uint32_t)(us % SECOND_US);
    return date;
}

/* A date that there is not comes back as another one. */
os_err os_rtc_us(const struct os_rtc_date *date, int64_t *us)
{
    if (date->year < 1970 || date->year > 9999 || date->month < 1 || date->month > 12 || date->day < 1 ||
        date->hour > 23 || date->minute > 59 || date->second > 59 || date->us >= SECOND_US)
        return OS_ERR_BAD_ARG;
    struct os_rtc_date same;
    uint32_t days = days_from((uint32_t)date->year, date->month, date->day);
    date_from(days, &same);
    if (same.year != date->year || same.month != date->month || same.day != date->day)
        return OS_ERR_BAD_ARG;
    int64_t seconds = (int64_t)days * DAY + date->hour * 3600 + date->minute * 60 + date->second;
    *us = seconds * SECOND_US + date->us;
    return OS_OK;
}

const char *os_rtc_format(int64_t us, char text[OS_RTC_TEXT])
{
    if (us < 0 || us > OS_RTC_MAX) {
        snprintf(text, OS_RTC_TEXT, "?");
        return text;
    }
    struct os_rtc_date date = os_rtc_date(us);
    snprintf(text, OS_RTC_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)date.year % 10000u,
             date.month % 100u, date.day % 100u, date.hour % 100u, date.minute % 100u, date.second % 100u);
    return text;
}
