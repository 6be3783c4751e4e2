/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rogue.c: a component that does one thing below the library that a component should not do, as its config
 * names it, and goes on doing it until it is ended.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>

OS_MANIFEST("ram: 4M\n"
            "caps: 60\n"
            "config: { does: string }\n");

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

static const struct {
    const char *name;
    void (*run)(void);
} deeds[] = { { "flood", flood }, { "chatter", chatter }, { "sparse", sparse } };

void component_construct(struct os_env *env)
{
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
