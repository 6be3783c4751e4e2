/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_client.c: does the steps that its config names, in order, and logs "STEP: RESULT" for each. RESULT is
 * "ok", or what went wrong; steps that provoke an error log the error's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/random.h>
#include <os/rom.h>
#include <os/timer.h>

#include "probe.h"

OS_MANIFEST("requires: [Probe]\n"
            "ram: 2M\n"
            "caps: 60\n"
            "config: { steps: any, exit: bool }\n");

static struct os_env *env;
static struct probe_session session;
static struct os_rom_module rom;
static struct os_config config;
static os_config_ref step; /* the next one */

/* What a step gives instead of an error when it goes on at the entrypoint. */
#define LATER OS_REPLY_LATER

static void next_steps(void);

static void result(const char *name, os_err err)
{
    printf("%s: %s\n", name, err ? os_err_name(err) : "ok");
}

static os_err check(int holds)
{
    return holds ? OS_OK : OS_ERR_BAD_MSG;
}

static os_err do_open(void)
{
    return probe_open(env, "", "", &session);
}

static os_err do_open_refused(void)
{
    struct probe_session refused;
    return probe_open(env, "refused", "", &refused);
}

static os_err do_open_poor(void)
{
    struct probe_session poor;
    return probe_open_with(env, "", "", 16, 0, &poor);
}

static os_err do_open_unknown(void)
{
    struct os_session unknown;
    return os_session_open(env, "Nonesuch", "", "", 4096, 1, &unknown);
}

static os_err do_close(void)
{
    probe_close(&session);
    return OS_OK;
}

static os_err do_add(void)
{
    uint32_t sum;
    os_err err = probe_add(session.cap, 20, 22, &sum);
    return err ? err : check(sum == 42);
}

static os_err do_text(void)
{
    char reversed[64];
    os_err err = probe_text(session.cap, "seedbed", &reversed);
    return err ? err : check(strcmp(reversed, "debdees") == 0);
}

static os_err do_own_error(void)
{
    char reversed[64] = "untouched";
    os_err err = probe_text(session.cap, "refuse", &reversed);
    if (err != probe_ERR_REFUSED)
        return err ? err : OS_ERR_BAD_MSG;
    return check(strcmp(reversed, "untouched") == 0 && strcmp(probe_err_text(err), "the probe refuses") == 0);
}

static os_err do_too_large(void)
{
    char longer[80], reversed[64];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    return probe_text(session.cap, longer, &reversed);
}

static os_err do_blob(void)
{
    static uint8_t data[1024], same[1024];
    size_t len;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t size = 0; size <= sizeof(data); size += 128) {
        os_err err = probe_blob(session.cap, data, size, &same, &len);
        if (err)
            return err;
        if (len != size || memcmp(data, same, size))
            return OS_ERR_BAD_MSG;
    }
    return OS_OK;
}

static os_err do_many(void)
{
    uint64_t s = 100;
    char name[16] = "abc";
    struct probe_point q;
    os_err err =
        probe_many(session.cap, 1, 2, 3, 4, -1, -2, -3, -4, (struct probe_point){ 7, 9 }, &s, &name, &q);
    return err ? err : check(s == 100 && strcmp(name, "bbc") == 0 && q.x == 9 && q.y == 7);
}

static os_err do_make(void)
{
    probe_cap child;
    uint32_t sum = 0, yes = 0;
    os_err err = probe_make(session.cap, &child);
    if (err)
        return err;
    err = probe_add(child, 1, 2, &sum);
    if (!err)
        err = probe_is_mine(session.cap, child, &yes);
    os_cap_drop(child.cap);
    return err ? err : check(sum == 3 && yes == 1);
}

static os_err do_not_mine(void)
{
    uint32_t yes = 1;
    os_err err = probe_is_mine(session.cap, (probe_cap){ env->pd.cap }, &yes);
    return err ? err : check(yes == 0);
}

static os_err do_wrong_kind(void)
{
    uint64_t ram, used;
    uint32_t caps, caps_used;
    return os_pd_quota((os_pd_cap){ session.cap.cap }, &ram, &used, &caps, &caps_used);
}

static os_err do_no_cap(void)
{
    uint32_t sum;
    return probe_add((probe_cap){ OS_NO_CAP }, 1, 2, &sum);
}

static os_err do_revoke(void)
{
    probe_cap child;
    uint32_t sum;
    os_err err = probe_make(session.cap, &child);
    if (err)
        return err;
    err = probe_add(child, 1, 2, &sum);
    if (!err)
        err = probe_revoke(session.cap, child);
    if (!err)
        err = check(probe_add(child, 1, 2, &sum) == OS_ERR_REVOKED);
    os_cap_drop(child.cap);
    return err;
}

static os_err do_revoke_unused(void)
{
    probe_cap child;
    uint32_t sum;
    os_err err = probe_make(session.cap, &child);
    if (err)
        return err;
    err = probe_revoke(session.cap, child);
    if (!err)
        err = check(probe_add(child, 1, 2, &sum) == OS_ERR_REVOKED);
    os_cap_drop(child.cap);
    return err;
}

/* A second session's capability as peer: the server calls itself, which it can since it does not wait. */
static os_err do_relay(void)
{
    struct probe_session peer;
    uint32_t sum = 0;
    os_err err = probe_open(env, "peer", "", &peer);
    if (err)
        return err;
    err = probe_relay(session.cap, peer.cap, 30, 3, &sum);
    probe_close(&peer);
    return err ? err : check(sum == 33);
}

static os_err do_last_holder(void)
{
    probe_cap child;
    uint32_t before, lost;
    os_err err = probe_holders(session.cap, &before);
    if (!err)
        err = probe_make(session.cap, &child);
    if (err)
        return err;
    os_cap_drop(child.cap);
    do
        err = probe_holders(session.cap, &lost);
    while (!err && lost == before);
    return err;
}

static os_err do_deadline(void)
{
    return probe_never_by(session.cap, os_clock_now() + 20 * OS_MS);
}

static os_err do_never(void)
{
    return probe_never(session.cap);
}

static os_err do_share(void)
{
    os_dataspace_cap rw, ro;
    struct os_region writable = { 0 }, readable = { 0 }, refused = { 0 };
    os_err err = probe_share(session.cap, 0x5eedbed, &rw, &ro);
    if (err)
        return err;
    err = os_region_attach(&writable, rw, OS_ATTACH_WRITE);
    if (!err)
        err = os_region_attach(&readable, ro, OS_ATTACH_READ);
    if (!err && os_region_attach(&refused, ro, OS_ATTACH_WRITE) != OS_ERR_DENIED)
        err = OS_ERR_BAD_MSG;
    if (!err) {
        volatile uint32_t *seen = readable.at;
        volatile uint32_t *written = writable.at;
        err = check(*seen == 0x5eedbed);
        *written = 7;
        if (!err)
            err = check(*seen == 7);
    }
    os_region_detach(&writable);
    os_region_detach(&readable);
    os_cap_drop(rw.cap);
    os_cap_drop(ro.cap);
    return err;
}

static os_err do_write_readonly(void)
{
    os_dataspace_cap rw, ro;
    struct os_region readable;
    os_err err = probe_share(session.cap, 1, &rw, &ro);
    if (!err)
        err = os_region_attach(&readable, ro, OS_ATTACH_READ);
    if (!err)
        *(volatile uint32_t *)readable.at = 2;
    return err;
}

static os_err do_crash(uint32_t how)
{
    os_err err = probe_crash(session.cap, how);
    return err;
}

static os_err do_crash_null(void)
{
    return do_crash(PROBE_NULL);
}

static os_err do_crash_illegal(void)
{
    return do_crash(PROBE_ILLEGAL);
}

static os_err do_crash_divide(void)
{
    return do_crash(PROBE_DIVIDE);
}

static os_err do_crash_abort(void)
{
    return do_crash(PROBE_ABORT);
}

static os_err do_crash_stack(void)
{
    return do_crash(PROBE_STACK);
}

static os_err do_crash_assert(void)
{
    return do_crash(PROBE_ASSERT);
}

static os_err do_server_exit(void)
{
    return probe_exit(session.cap, 3);
}

static os_err do_ram(void)
{
    os_dataspace_cap ds;
    os_err err;
    unsigned pages = 0;
    while (!(err = os_ram_alloc(env, OS_KIB(64), &ds)) && pages < 4096)
        pages++;
    printf("ram: %u pieces of 64 KiB\n", pages);
    return err;
}

static os_err do_malloc(void)
{
    size_t got = 0;
    while (got < OS_MIB(64) && malloc(OS_KIB(32)))
        got += OS_KIB(32);
    printf("malloc: stopped below the quota: %s\n", got > 0 && got <= OS_MIB(2) ? "yes" : "no");
    return OS_OK;
}

/* Numbers differ each time, and a label's key stays. */
static os_err do_random(void)
{
    uint8_t numbers[2][600] = { { 0 } }, keys[3][OS_RANDOM_KEY];
    os_err err = OS_OK;
    for (int i = 0; !err && i < 2; i++)
        err = os_random_bytes(env, numbers[i], sizeof(numbers[i]));
    for (int i = 0; !err && i < 3; i++)
        err = os_random_stable(env, i < 2 ? "one" : "other", keys[i], sizeof(keys[i]));
    if (err)
        return err;
    return check(memcmp(numbers[0], numbers[1], sizeof(numbers[0])) &&
                 memcmp(numbers[0], numbers[0] + 300, 300) && !memcmp(keys[0], keys[1], sizeof(keys[0])) &&
                 memcmp(keys[0], keys[2], sizeof(keys[0])));
}

static void ignore(struct os_signal_handler *handler)
{
}

static os_err do_caps(void)
{
    struct os_signal_handler *handler;
    os_signal_cap cap;
    os_err err = OS_OK;
    for (unsigned i = 0; !err && i < 2000; i++) {
        handler = calloc(1, sizeof(*handler));
        if (!handler)
            return OS_ERR_RAM;
        err = os_signal_handler_init(handler, env->ep, ignore, &cap);
    }
    return err;
}

static void signalled(struct os_signal_handler *handler)
{
    os_signal_handler_fini(handler);
    result("signal", OS_OK);
    next_steps();
}

static os_err do_signal(void)
{
    static struct os_signal_handler handler;
    os_signal_cap cap;
    os_err err = os_signal_handler_init(&handler, env->ep, signalled, &cap);
    if (err)
        return err;
    for (unsigned i = 0; !err && i < 100; i++)
        err = probe_signal(session.cap, cap);
    os_cap_drop(cap.cap);
    return err ? err : LATER;
}

static void timed_out(struct os_timeout *timeout)
{
    result("timeout", OS_OK);
    next_steps();
}

static os_err do_timeout(void)
{
    static struct os_timeouts timer;
    static struct os_timeout timeout;
    os_err err = timer.session.base.env ? OS_OK : os_timeouts_open(&timer, env, env->ep);
    if (err)
        return err;
    os_timeout_init(&timeout, &timer, timed_out);
    err = os_timeout_arm(&timeout, 10 * OS_MS);
    return err ? err : LATER;
}

static void added(struct os_call *call)
{
    uint32_t sum = 0;
    os_err err = probe_add_end(call, &sum);
    result("begin", err ? err : check(sum == 9));
    next_steps();
}

static os_err do_begin(void)
{
    static struct os_call call;
    os_call_init(&call, env->ep, added);
    os_err err = probe_add_begin(session.cap, &call, 4, 5);
    return err ? err : LATER;
}

static void printed(const char *word)
{
    printf("printf of %s\n", word);
    fprintf(stderr, "stderr of %s\n", word);
}

static os_err do_print(void)
{
    printed("the client");
    return OS_OK;
}

/* As many as a component's own descriptors allow, all kept open and called. */
static os_err do_sessions(void)
{
    static struct probe_session many[150];
    uint32_t sum;
    for (unsigned i = 0; i < OS_ARRAY_LEN(many); i++) {
        os_err err = probe_open_with(env, "", "", 4096, 4, &many[i]);
        if (!err)
            err = probe_add(many[i].cap, i, 1, &sum);
        if (!err)
            err = check(sum == i + 1);
        if (err)
            return err;
    }
    return OS_OK;
}

static os_err do_wait(void)
{
    return LATER; /* for ever: the step for tests that act from outside */
}

static const struct {
    const char *name;
    os_err (*run)(void);
} steps[] = {
    { "open", do_open },
    { "open-refused", do_open_refused },
    { "open-poor", do_open_poor },
    { "open-unknown", do_open_unknown },
    { "close", do_close },
    { "add", do_add },
    { "text", do_text },
    { "own-error", do_own_error },
    { "too-large", do_too_large },
    { "blob", do_blob },
    { "many", do_many },
    { "make", do_make },
    { "not-mine", do_not_mine },
    { "wrong-kind", do_wrong_kind },
    { "no-cap", do_no_cap },
    { "revoke", do_revoke },
    { "revoke-unused", do_revoke_unused },
    { "relay", do_relay },
    { "last-holder", do_last_holder },
    { "deadline", do_deadline },
    { "never", do_never },
    { "share", do_share },
    { "write-readonly", do_write_readonly },
    { "crash-null", do_crash_null },
    { "crash-illegal", do_crash_illegal },
    { "crash-divide", do_crash_divide },
    { "crash-abort", do_crash_abort },
    { "crash-stack", do_crash_stack },
    { "crash-assert", do_crash_assert },
    { "server-exit", do_server_exit },
    { "ram", do_ram },
    { "malloc", do_malloc },
    { "caps", do_caps },
    { "signal", do_signal },
    { "timeout", do_timeout },
    { "begin", do_begin },
    { "print", do_print },
    { "random", do_random },
    { "sessions", do_sessions },
    { "wait", do_wait },
};

static os_err run_step(const char *name)
{
    for (unsigned i = 0; i < OS_ARRAY_LEN(steps); i++)
        if (strcmp(steps[i].name, name) == 0)
            return steps[i].run();
    return OS_ERR_NOT_FOUND;
}

static void next_steps(void)
{
    while (step) {
        const char *name = os_config_value(&config, step);
        step = os_config_next(&config, step);
        os_err err = run_step(name);
        if (err == LATER)
            return;
        result(name, err);
    }
    printf("done\n");
    if (os_config_bool(&config, os_config_root(&config), "exit", 1))
        os_exit(env, 0);
}

void component_construct(struct os_env *given)
{
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    step = os_config_first(&config, os_config_get(&config, os_config_root(&config), "steps"));
    next_steps();
}
