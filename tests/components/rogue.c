/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rogue.c: a component that does one thing that a component should not do, most of them below the library, as
 * its config names it, and goes on doing it until it is ended.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

#include "probe.h"

OS_MANIFEST("ram: 4M\n"
            "caps: 60\n"
            "config: { does: string }\n");

static struct os_env *env;

/* Raw output without end, faster than anybody reads it. */
static void flood(void)
{
    static char lines[4096];
    memset(lines, '\n', sizeof(lines));
    for (;;)
        (void)!write(1, lines, sizeof(lines));
}

/* The same by way of LOG, each line a call of core. */
static void chatter(void)
{
    for (;;)
        printf("chatter, chatter, chatter, chatter, chatter, chatter, chatter, chatter, chatter\n");
}

/* Single pages far from each other: each needs page tables of its own, three times its size. */
static void sparse(void)
{
    unsigned got = 0;
    for (uintptr_t at = UINT64_C(1) << 32; at < UINT64_C(1) << 46 && got < 100000; at += UINT64_C(1) << 30) {
        char *page = mmap((void *)at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            break;
        *page = 1;
        got += page == (char *)at;
    }
    printf("pages far apart: %u\n", got);
}

/* All sessions and all memory that there are to have, kept. */
static void hoard(void)
{
    static struct probe_session sessions[300];
    unsigned opened = 0, pieces = 0;
    os_dataspace_cap ds;
    while (opened < OS_ARRAY_LEN(sessions) && !probe_open_with(env, "", "", OS_KIB(4), 1, &sessions[opened]))
        opened++;
    while (!os_ram_alloc(env, OS_PAGE_SIZE, &ds))
        pieces++;
    printf("hoard: ends with %s sessions and %s\n", opened > 200 ? "many" : "few",
           pieces ? "memory" : "no memory");
}

/* Requests that lead nowhere, and some that do, faster than the parent has answered those of others. */
static void pester(void)
{
    struct os_session none;
    struct probe_session session;
    for (;;) {
        (void)!os_session_open(env, "Nothing", "", "", 0, 0, &none);
        if (!probe_open(env, "", "", &session))
            probe_close(&session);
    }
}

/* Somebody else's service. */
static void claim(void)
{
    static struct os_root_server root;
    static const struct os_root_handlers handlers;
    os_err err = os_root_server_init(&root, env, env->ep, "Probe", &handlers);
    printf("claim: %s\n", err ? os_err_name(err) : "ok");
}

static const struct {
    const char *name;
    void (*run)(void);
} deeds[] = { { "flood", flood }, { "chatter", chatter }, { "sparse", sparse },
              { "hoard", hoard }, { "pester", pester },   { "claim", claim } };

void component_construct(struct os_env *given)
{
    env = given;
    struct os_rom_module rom;
    struct os_config config = { 0 };
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *name = os_config_str(&config, os_config_root(&config), "does", "");
    for (unsigned i = 0; i < OS_ARRAY_LEN(deeds); i++) {
        if (strcmp(deeds[i].name, name))
            continue;
        printf("%s: begins\n", name);
        fflush(NULL);
        deeds[i].run();
        return;
    }
    os_require(env, OS_ERR_NOT_FOUND, name);
}
