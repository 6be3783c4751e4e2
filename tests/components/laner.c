/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * laner.c: a client that calls often enough to have a channel to its server, and then does what its config
 * names. "NAME: RESULT" says how it went.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "probe.h"

OS_MANIFEST("requires: [Probe]\n"
            "ram: 2M\n"
            "caps: 60\n"
            "config: { does: string }\n");

static struct os_env *env;
static struct probe_session session;

static void result(const char *name, os_err err)
{
    printf("%s: %s\n", name, err ? os_err_name(err) : "ok");
}

/* More calls than it takes until there is a channel. */
static os_err calls(void)
{
    os_err err = OS_OK;
    for (uint32_t i = 0; !err && i < 60; i++) {
        uint32_t sum = 0;
        err = probe_add(session.cap, i, 5, &sum);
        if (!err && sum != i + 5)
            err = OS_ERR_BAD_MSG;
    }
    return err;
}

static os_err open_and_call(void)
{
    os_err err = probe_open(env, "", "", &session);
    if (err)
        return err;
    err = calls();
    if (err)
        probe_close(&session);
    return err;
}

/* The server is ended from outside while this waits; its next life serves too. */
static void wait_for_its_end(void)
{
    os_require(env, open_and_call(), "open");
    result("never", probe_never(session.cap));
    probe_close(&session);
    while (open_and_call())
        ;
    result("again", calls());
}

static void crash_it(void)
{
    os_require(env, open_and_call(), "open");
    result("crash", probe_crash(session.cap, PROBE_NULL));
    probe_close(&session);
    while (open_and_call())
        ;
    result("again", calls());
}

struct books {
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
};

static struct books books(void)
{
    struct books now;
    os_require(env, os_pd_quota(env->pd, &now.ram, &now.ram_used, &now.caps, &now.caps_used), "quota");
    return now;
}

/* Sessions with a channel each, one after the other; what they cost comes back, in core's own time. */
static void cycles(void)
{
    /* after some, there is a channel to the parent as well, which stays; and the runtime keeps socket pairs
     * for later, or tells of their end in batches */
    enum { CYCLES = 240, SETTLED = 40, KEPT = 8 };
    struct books before = books(), with;
    for (unsigned i = 0; i < CYCLES; i++) {
        if (i == SETTLED)
            before = books();
        os_require(env, open_and_call(), "open");
        with = books();
        probe_close(&session);
        if (i != SETTLED)
            continue;
        printf("a channel is charged: %s\n", with.ram_used >= before.ram_used + OS_PAGE_SIZE ? "yes" : "no");
        printf("cycles: %u\n", i);
    }
    struct books after;
    do {
        after = books();
    } while (after.ram_used > before.ram_used || after.caps_used > before.caps_used + KEPT);
    result("balance", OS_OK);
}

static void ignore(struct os_signal_handler *handler)
{
}

/* No cap is left when it is time to ask for a channel. */
static void poor(void)
{
    static struct os_signal_handler handlers[200];
    os_signal_cap cap;
    uint32_t sum;
    unsigned n = 0;
    os_err err = OS_OK;
    os_require(env, probe_open(env, "", "", &session), "open");
    os_require(env, probe_add(session.cap, 1, 2, &sum), "add");
    while (!err && n < OS_ARRAY_LEN(handlers))
        err = os_signal_handler_init(&handlers[n++], env->ep, ignore, &cap);
    struct books all = books();
    printf("nothing left: %s %s\n", os_err_name(err), all.caps - all.caps_used < 2 ? "yes" : "no");
    err = calls();
    printf("nothing taken: %s\n", books().ram_used <= all.ram_used ? "yes" : "no");
    result("poor", err ? err : calls());
}

/* Ends with a channel open. */
static void fault(void)
{
    os_require(env, open_and_call(), "open");
    __builtin_trap();
}

static const struct {
    const char *name;
    void (*run)(void);
} deeds[] = {
    { "wait", wait_for_its_end }, { "crash", crash_it }, { "cycles", cycles }, { "poor", poor },
    { "fault", fault },
};

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *name = os_config_str(&config, os_config_root(&config), "does", "");
    for (unsigned i = 0; i < OS_ARRAY_LEN(deeds); i++)
        if (strcmp(deeds[i].name, name) == 0)
            deeds[i].run();
}
