/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.h: the wall clock, by way of an Rtc session: what time it is for people and for other machines. It can
 * be set, forwards and backwards, and be wrong; what has to wait or measure takes timer.h, whose time nobody
 * sets.
 *
 *     err = os_rtc_open(env, "", "", &rtc);
 *     err = os_rtc_set_sigh(rtc.cap, os_signal_handler_cap(&handler));    somebody has set it
 *     err = os_rtc_now(rtc.cap, &now);
 *     printf("%s\n", os_rtc_format(now.us, text));                        2026-11-23T00:12:05Z
 */
#ifndef OS_RTC_H
#define OS_RTC_H

#include <os/session.h>
#include <os/signal.h>

/* The last time that there is, the end of the year 9999; the first is 0. */
#define OS_RTC_MAX INT64_C(253402300799999999)

/* Who has said what time it is. */
enum os_rtc_source {
    OS_RTC_PLATFORM = 1, /* the machine beneath, when the server started or now */
    OS_RTC_SET = 2,      /* a client that may */
};

struct os_rtc_time {
    int64_t us;      /* since 1970-01-01T00:00:00Z, leap seconds not counted; 0 to OS_RTC_MAX */
    uint32_t source; /* enum os_rtc_source */
    uint32_t sets;   /* how often it was set; another number: what was computed by it before is out of date */
};

/*
 * now: what time it is. OS_ERR_NOT_FOUND: nobody has said it yet. set: it is US now, 0 to OS_RTC_MAX; for
 * those that the server's policy allows, OS_ERR_DENIED for others; OS_ERR_BAD_ARG. set_sigh: HANDLER is
 * signalled when somebody has set it, this client included; replaces the one before.
 *
 * Core's session is the machine's clock, which nobody can set from here: set is OS_ERR_DENIED, and a change
 * by the machine's owner is not signalled.
 */
#define OS_RTC_RPC(FN, I)                                                                                    \
    FN(I, now, (out, struct os_rtc_time, now))                                                               \
    FN(I, set, (in, int64_t, us))                                                                            \
    FN(I, set_sigh, (in, os_cap(os_signal), handler))
OS_RPC_INTERFACE(os_rtc, OS_RTC_RPC)
OS_SESSION(os_rtc, "Rtc", OS_KIB(8), 4)

/* A time in the calendar, of UTC. */
struct os_rtc_date {
    int32_t year;       /* 1970 to 9999 */
    uint8_t month, day; /* from 1 */
    uint8_t hour;       /* 0 to 23 */
    uint8_t minute;     /* 0 to 59 */
    uint8_t second;     /* 0 to 59 */
    uint32_t us;        /* 0 to 999999 */
};

/* US, 0 to OS_RTC_MAX, in the calendar. Any thread. */
struct os_rtc_date os_rtc_date(int64_t us);

/* The other way round: *US. OS_ERR_BAD_ARG: there is no such date. Any thread. */
OS_MUST_CHECK os_err os_rtc_us(const struct os_rtc_date *date, int64_t *us);

#define OS_RTC_TEXT 24

/* Writes US as "2026-11-23T00:12:05Z", or "?" if it is no time; returns TEXT. Any thread. */
const char *os_rtc_format(int64_t us, char text[OS_RTC_TEXT]);

#endif
