/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_probe.c: looks at the wall clock and, as its config says, sets it; says what time it was and each
 * time that somebody has set it, and that the Timer's time has not moved.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/rtc.h>
#include <os/timer.h>

#include <stdio.h>

OS_MANIFEST("requires: [Rtc, Timer]\n"
            "ram: 1M\n"
            "caps: 48\n"
            "config: { set: u64 }\n");

static struct os_rtc_session rtc;
static struct os_timer_session timer;
static struct os_signal_handler handler;

static void say(const char *when)
{
    struct os_rtc_time now;
    char text[OS_RTC_TEXT];
    os_err err = os_rtc_now(rtc.cap, &now);
    if (err)
        printf("%s: %s\n", when, os_err_text(err));
    else
        printf("%s: %s, source %u, sets %u\n", when, os_rtc_format(now.us, text), (unsigned)now.source,
               (unsigned)now.sets);
}

static void was_set(struct os_signal_handler *which)
{
    (void)which;
    say("told");
}

static void set(struct os_env *env, uint64_t seconds)
{
    os_time before, after;
    os_require(env, os_timer_now(timer.cap, &before), "no time");
    os_err err = os_rtc_set(rtc.cap, (int64_t)seconds * 1000000);
    os_require(env, os_timer_now(timer.cap, &after), "no time");
    printf("set: %s; the timer %s\n", err ? os_err_text(err) : "done",
           after >= before && after - before < 1000 * OS_SEC ? "goes on" : "has jumped");
}

void component_construct(struct os_env *env)
{
    struct os_config_rom config;
    os_signal_cap cap;
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    os_require(env, os_timer_open(env, "", "", &timer), "no Timer");
    os_require(env, os_rtc_open(env, "", "", &rtc), "no Rtc");
    os_require(env, os_signal_handler_init(&handler, env->ep, was_set, &cap), "no handler");
    os_require(env, os_rtc_set_sigh(rtc.cap, cap), "cannot be told");
    os_cap_drop(cap.cap);
    say("begins");
    if (os_config_get(&config.config, os_config_root(&config.config), "set"))
        set(env, os_config_u64(&config.config, os_config_root(&config.config), "set", 0));
}
