/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sensor: a source of reports for demos and tests: a temperature that rises and falls. It knows of nobody who
 * reads it.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/report.h>
#include <os/timer.h>

#include <stdio.h>

OS_MANIFEST("requires: [Report, Timer]\n"
            "ram: 1M\n"
            "caps: 48\n");

static struct os_config_rom config;
static struct os_reporter reporter;
static struct os_timeouts timeouts;
static struct os_timeout tick;
static int64_t low, high, step, degrees;

/* A server that is being restarted has the next one. */
static void report(void)
{
    struct os_config_writer writer;

    os_config_writer_init(&writer, "sensor");
    os_config_writer_map(&writer, "");
    os_config_writer_i64(&writer, "degrees", degrees);
    os_config_writer_text(&writer, "trend", step > 0 ? "rising" : "falling");
    os_config_writer_end(&writer);
    os_err err = os_reporter_submit_tree(&reporter, &writer);
    if (err)
        printf("no report: %s\n", os_err_text(err));
}

static void handle_tick(struct os_timeout *timeout)
{
    if ((step > 0 && degrees >= high) || (step < 0 && degrees <= low))
        step = -step;
    degrees += step;
    report();
}

static void configure(struct os_config_rom *rom)
{
    os_config_ref root = os_config_root(&rom->config);

    low = os_config_i64(&rom->config, root, "low", 20);
    high = os_config_i64(&rom->config, root, "high", 80);
    step = os_config_i64(&rom->config, root, "step", 10);
    if (!step)
        step = 1;
    degrees = low;
    os_err err = os_timeout_repeat(&tick, os_config_time(&rom->config, root, "every", 500 * OS_MS));
    if (err)
        printf("no time: %s\n", os_err_text(err));
}

void component_construct(struct os_env *env)
{
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_require(env, os_reporter_init(&reporter, env, ""), "cannot open Report");
    os_require(env, os_config_rom_open(&config, env, "config", configure), "no config");
    os_timeout_init(&tick, &timeouts, handle_tick);
    configure(&config);
    report();
}
