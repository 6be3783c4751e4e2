/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bomb.c: a component that starts two more of its kind, and these again, for as many generations as its
 * config says. The first one does it in rounds, and looks after each whether all is back that it had; it
 * stays when they are over.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/engine.h>
#include <os/rom.h>

OS_MANIFEST("requires: [PD]\n"
            "ram: 1536K\n"
            "caps: 40\n"
            "config: { generations: u32, rounds: u32 }\n");

/* What one needs for itself: its process, and an engine. */
#define OWN_RAM  OS_KIB(5632)
#define OWN_CAPS 60

struct account {
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
};

static struct os_env *env;
static struct os_engine *engine;
static unsigned generations, rounds, round_now;
static struct account before;

static void destroyed(struct os_engine_handlers *handlers);
static void ended(struct os_engine_handlers *handlers, int status);
static struct os_engine_handlers handlers = { .ended = ended, .destroyed = destroyed };

static struct account look(void)
{
    struct account account;
    os_require(env, os_pd_quota(env->pd, &account.ram, &account.ram_used, &account.caps, &account.caps_used),
               "bomb: account");
    return account;
}

/* Two of the next generation, with what that and all after it need. */
static void explode(void)
{
    char scenario[512];
    uint64_t ram = OS_KIB(1536);
    uint32_t caps = 40;
    for (unsigned i = 1; i < generations; i++) {
        ram = 2 * ram + OWN_RAM;
        caps = 2 * caps + OWN_CAPS;
    }
    int len = snprintf(scenario, sizeof(scenario), "start:\n");
    for (const char *name = "ab"; *name; name++)
        len += snprintf(scenario + len, sizeof(scenario) - (size_t)len,
                        "  %c: { binary: bomb, ram: %lluK, caps: %u, restart: never,\n"
                        "    route: { PD: parent, ROM: parent, LOG: parent },\n"
                        "    config: { generations: %u, rounds: 1 } }\n",
                        *name, (unsigned long long)(ram / 1024), (unsigned)caps, generations - 1);
    const struct os_engine_options options = { .file = "bomb", .nested = 1, .handlers = &handlers };
    os_require(env, os_engine_create(env, &options, &engine), "bomb: engine");
    os_require(env, os_engine_apply(engine, scenario, (size_t)len), "bomb: children");
}

static void ended(struct os_engine_handlers *told, int status)
{
    if (status) {
        printf("bomb: a child has failed with status %d\n", status);
        os_exit(env, status);
    }
    os_engine_destroy(engine);
}

/*
 * A dataspace that was given back is charged until core has seen that nobody has it attached, and what
 * connections and signals are made of comes from a stock that is filled four at a time.
 */
#define ON_ITS_WAY_RAM  OS_KIB(64)
#define ON_ITS_WAY_CAPS 8u

/* The first round leaves in the heap what the further ones use again. */
static void destroyed(struct os_engine_handlers *told)
{
    struct account now = look();
    if (!round_now++) {
        before.ram_used = now.ram_used;
        before.caps_used = now.caps_used;
    }
    if (now.ram != before.ram || now.caps != before.caps || now.ram_used > before.ram_used + ON_ITS_WAY_RAM ||
        now.caps_used > before.caps_used + ON_ITS_WAY_CAPS) {
        printf("bomb: has %llu bytes and %u caps, %llu and %u used; had %llu and %u, %llu and %u\n",
               (unsigned long long)now.ram, (unsigned)now.caps, (unsigned long long)now.ram_used,
               (unsigned)now.caps_used, (unsigned long long)before.ram, (unsigned)before.caps,
               (unsigned long long)before.ram_used, (unsigned)before.caps_used);
        os_exit(env, 1);
    }
    if (rounds > 1)
        printf("bomb: round %u of %u, all is back\n", round_now, rounds);
    if (round_now < rounds)
        explode();
    else if (rounds == 1) /* else it stays, so that somebody can look at all processes */
        os_exit(env, 0);
}

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "bomb: config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "bomb: config");
    generations = (unsigned)os_config_u64(&config, os_config_root(&config), "generations", 0);
    rounds = (unsigned)os_config_u64(&config, os_config_root(&config), "rounds", 1);
    os_rom_module_close(&rom);
    if (!generations)
        os_exit(env, 0);
    printf("bomb: %u generations, %u rounds\n", generations, rounds); /* now it has its LOG session, too */
    memset(&before, 0, sizeof(before));
    before = look();
    explode();
}
