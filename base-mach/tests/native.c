/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.c: what core makes in a component's name, asked for with arguments that nobody would use who means
 * well. Does all its steps and logs "STEP: ok" or what was wrong; then it leaves everything open and ends as
 * its config says.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <mach_base/native.h>
#include <mach_base/thread.h>
#include <runtime/runtime.h>

#include "require.h"

OS_MANIFEST("ram: 4M\n"
            "caps: 300\n"
            "config: { end: string }\n");

enum { MANY = 400, NOBODYS = 0x7777 };

static struct os_env *env;

static uint32_t caps_used(void)
{
    uint64_t ram, ram_used;
    uint32_t caps, used;
    return os_pd_quota(env->pd, &ram, &ram_used, &caps, &used) ? 0 : used;
}

static uint64_t ram_used(void)
{
    uint64_t ram, used;
    uint32_t caps, caps_used;
    return os_pd_quota(env->pd, &ram, &used, &caps, &caps_used) ? 0 : used;
}

/* ---- ports */

static int wrong_names(void)
{
    const uint32_t names[] = { MACH_PORT_NULL,     MACH_PORT_DEAD,        NOBODYS,
                               env->parent.cap.id, runtime_native.cap.id, env->pd.cap.id };
    uint32_t any, before = caps_used();
    for (size_t i = 0; i < OS_ARRAY_LEN(names); i++) {
        REQUIRE(mach_native_destroy(runtime_native, names[i]) == OS_ERR_BAD_ARG);
        REQUIRE(mach_native_holders(runtime_native, names[i], &any) == OS_ERR_BAD_ARG);
        REQUIRE(mach_native_alarm(runtime_native, names[i], os_clock_now()) == OS_ERR_BAD_ARG);
    }
    REQUIRE(caps_used() == before);
    return 1;
}

static int wrong_ports(void)
{
    const uint32_t limits[] = { 0, 17, UINT32_MAX };
    const uint32_t sets[] = { MACH_PORT_DEAD, NOBODYS, runtime_native.cap.id, mach_thread()->reply };
    uint32_t name, before = caps_used();
    for (size_t i = 0; i < OS_ARRAY_LEN(limits); i++)
        REQUIRE(mach_native_port(runtime_native, 0, 1, limits[i], &name) == OS_ERR_BAD_ARG);
    for (size_t i = 0; i < OS_ARRAY_LEN(sets); i++)
        REQUIRE(mach_native_port(runtime_native, sets[i], 1, 1, &name) == OS_ERR_BAD_ARG);
    REQUIRE(caps_used() == before);
    return 1;
}

/* What was charged is given back once, and what was not is not. */
static int destroyed_twice(void)
{
    uint32_t port, set, trap = mach_reply_port(), before = caps_used();
    REQUIRE(!mach_native_port_set(runtime_native, &set));
    REQUIRE(!mach_native_port(runtime_native, set, 1, 1, &port));
    REQUIRE(caps_used() == before + 2);
    REQUIRE(!mach_native_destroy(runtime_native, port));
    REQUIRE(mach_native_destroy(runtime_native, port) == OS_ERR_BAD_ARG);
    REQUIRE(!mach_native_destroy(runtime_native, set));
    REQUIRE(mach_native_destroy(runtime_native, set) == OS_ERR_BAD_ARG);
    REQUIRE(caps_used() == before);
    REQUIRE(!mach_native_destroy(runtime_native, trap));
    REQUIRE(mach_native_destroy(runtime_native, trap) == OS_ERR_BAD_ARG);
    REQUIRE(caps_used() == before);
    return 1;
}

static int all_caps(void)
{
    static uint32_t names[MANY];
    uint32_t count = 0, before = caps_used();
    os_err err = OS_OK;
    while (!err && count < MANY)
        if (!(err = mach_native_port(runtime_native, 0, 1, 16, &names[count])))
            count++;
    REQUIRE(err == OS_ERR_CAPS && count > 0);
    REQUIRE(mach_native_port_set(runtime_native, &names[count]) == OS_ERR_CAPS);
    while (count)
        REQUIRE(!mach_native_destroy(runtime_native, names[--count]));
    REQUIRE(caps_used() == before);
    return 1;
}

static int wrong_releases(void)
{
    const uint32_t counts[] = { 0, 1000, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX };
    for (size_t i = 0; i < OS_ARRAY_LEN(counts); i++)
        REQUIRE(mach_native_release(runtime_native, env->parent.cap.id, counts[i]) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_release(runtime_native, NOBODYS, 1) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_release(runtime_native, mach_thread()->reply, 1) == OS_ERR_BAD_ARG);
    return 1;
}

/* Nobody pays for ports that come from a trap, so what core keeps for them is bounded. */
static int all_alarms(void)
{
    static uint32_t names[MANY];
    uint32_t count = 0;
    os_err err = OS_OK;
    for (; !err && count < MANY; count++) {
        names[count] = mach_reply_port();
        err = mach_native_alarm(runtime_native, names[count], OS_NEVER);
    }
    REQUIRE(err == OS_ERR_CAPS);
    while (count) {
        REQUIRE(!mach_native_alarm(runtime_native, names[--count], 0));
        REQUIRE(!mach_native_destroy(runtime_native, names[count]));
    }
    return 1;
}

/* ---- memory */

static int wrong_memory(void)
{
    static const struct {
        uint32_t at, size;
    } ranges[] = { { 0, 0 },          { 0x1000, 0 },       { 0xfffff000, 0x1000 }, { 0xfffff000, 0x2000 },
                   { 0, UINT32_MAX }, { 0x8, 0xfffffff8 }, { 0xc0000000, 0x1000 }, { 0xbffff000, 0x2000 } };
    uint32_t text = (uint32_t)(uintptr_t)wrong_memory & ~(OS_PAGE_SIZE - 1);
    for (size_t i = 0; i < OS_ARRAY_LEN(ranges); i++) {
        REQUIRE(mach_native_unmap(runtime_native, ranges[i].at, ranges[i].size) == OS_ERR_BAD_ARG);
        REQUIRE(mach_native_detach(runtime_native, ranges[i].at, ranges[i].size) == OS_ERR_BAD_ARG);
    }
    REQUIRE(mach_native_unmap(runtime_native, text, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_detach(runtime_native, text, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    return 1;
}

static int wrong_attachments(void)
{
    static const struct {
        uint64_t offset, size;
    } ranges[] = { { 1, 0 },
                   { 2 * OS_PAGE_SIZE, 0 },
                   { 0, 2 * OS_PAGE_SIZE + 1 },
                   { OS_PAGE_SIZE, 2 * OS_PAGE_SIZE },
                   { UINT64_MAX & ~UINT64_C(4095), 2 * OS_PAGE_SIZE },
                   { UINT64_C(1) << 32, OS_PAGE_SIZE },
                   { 0, UINT64_MAX },
                   { 0, (UINT64_C(1) << 32) + OS_PAGE_SIZE } };
    os_dataspace_cap ds, readonly;
    uint32_t at;
    uint64_t size, before = ram_used();
    REQUIRE(!os_pd_ram_alloc(env->pd, 2 * OS_PAGE_SIZE, &ds));
    REQUIRE(!os_dataspace_readonly(ds, &readonly));
    for (size_t i = 0; i < OS_ARRAY_LEN(ranges); i++)
        REQUIRE(mach_native_attach(runtime_native, ds, ranges[i].offset, ranges[i].size, 1, &at, &size) ==
                OS_ERR_BAD_ARG);
    REQUIRE(mach_native_attach(runtime_native, readonly, 0, 0, 1, &at, &size) == OS_ERR_DENIED);
    REQUIRE(mach_native_attach(runtime_native, (os_dataspace_cap){ env->pd.cap }, 0, 0, 0, &at, &size) ==
            OS_ERR_BAD_CAP);
    REQUIRE(!mach_native_attach(runtime_native, readonly, 0, 0, 0, &at, &size));
    REQUIRE(mach_native_detach(runtime_native, at, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_detach(runtime_native, at + OS_PAGE_SIZE, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_unmap(runtime_native, at, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    REQUIRE(!mach_native_detach(runtime_native, at, size));
    REQUIRE(mach_native_detach(runtime_native, at, size) == OS_ERR_BAD_ARG);
    os_cap_drop(readonly.cap);
    REQUIRE(!os_pd_ram_free(env->pd, ds));
    os_cap_drop(ds.cap);
    REQUIRE(ram_used() <= before + OS_PAGE_SIZE); /* the page table stays */
    return 1;
}

/* ---- threads */

static char stacks[MACH_THREADS_MAX][1024] __attribute__((aligned(16)));

/* Without the block that a thread needs for anything else. */
static void idle(void)
{
    for (;;)
        mach_yield(1000);
}

static os_err start_thread(unsigned i, uint32_t *id)
{
    uint32_t stack = (uint32_t)(uintptr_t)(stacks[i] + sizeof(stacks[i]) - 64);
    return mach_native_thread(runtime_native, (uint32_t)(uintptr_t)idle, stack, id);
}

static int all_threads(void)
{
    uint32_t ids[MACH_THREADS_MAX], count = 0;
    uint64_t before = ram_used();
    os_err err = OS_OK;
    while (!err && count < MACH_THREADS_MAX)
        if (!(err = start_thread(count, &ids[count])))
            count++;
    REQUIRE(err == OS_ERR_THREADS && count == MACH_THREADS_MAX - 1);
    REQUIRE(mach_native_end_thread(runtime_native, 0) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_end_thread(runtime_native, MACH_THREADS_MAX) == OS_ERR_BAD_ARG);
    REQUIRE(mach_native_end_thread(runtime_native, UINT32_MAX) == OS_ERR_BAD_ARG);
    while (count)
        REQUIRE(!mach_native_end_thread(runtime_native, ids[--count]));
    REQUIRE(mach_native_end_thread(runtime_native, ids[0]) == OS_ERR_BAD_ARG);
    REQUIRE(ram_used() == before);
    return 1;
}

/* ---- what a task without its own port cannot do */

static int own_task(void)
{
    uint32_t at = 0, name;
    mach_port_t made;
    REQUIRE(mach_task_self() == MACH_PORT_NULL);
    REQUIRE(vm_allocate(mach_task_self(), &at, OS_PAGE_SIZE, 1) != MACH_OK);
    REQUIRE(mach_port_allocate(mach_task_self(), MACH_RIGHT_RECEIVE, &name) != MACH_OK);
    REQUIRE(task_create(mach_task_self(), 0, &made) != MACH_OK);
    REQUIRE(thread_create(mach_task_self(), &made) != MACH_OK);
    REQUIRE(device_open(mach_host_self(), 1, "rd0", &made) != MACH_OK);
    REQUIRE(host_reboot(mach_host_self(), 0) != MACH_OK);
    return 1;
}

static const struct {
    const char *name;
    int (*run)(void);
} steps[] = { { "names", wrong_names },       { "ports", wrong_ports },
              { "twice", destroyed_twice },   { "caps", all_caps },
              { "releases", wrong_releases }, { "alarms", all_alarms },
              { "memory", wrong_memory },     { "attachments", wrong_attachments },
              { "threads", all_threads },     { "task", own_task } };

/* Ports, threads, alarms, memory and a half line, none of which is given back. */
static void leave_open(void)
{
    static const char half[] = "half a line";
    uint32_t port, id, at;
    uint64_t size;
    os_dataspace_cap ds;
    for (unsigned i = 0; i < 20; i++) {
        os_require(env, mach_native_port(runtime_native, 0, 1, 16, &port), "a port");
        os_require(env, mach_native_alarm(runtime_native, port, os_clock_now() + OS_SEC * (i + 1)),
                   "an alarm");
    }
    for (unsigned i = 0; i < 5; i++)
        os_require(env, start_thread(i, &id), "a thread");
    os_require(env, os_pd_ram_alloc(env->pd, OS_MIB(1), &ds), "memory");
    os_require(env, mach_native_attach(runtime_native, ds, 0, 0, 1, &at, &size), "an attachment");
    memset((void *)(uintptr_t)at, 0x55, (size_t)size);
    os_require(env, mach_native_console(runtime_native, half, sizeof(half) - 1), "the console");
}

void component_construct(struct os_env *component)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = component;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    for (size_t i = 0; i < OS_ARRAY_LEN(steps); i++)
        if (steps[i].run())
            printf("%s: ok\n", steps[i].name);
    leave_open();
    if (!strcmp(os_config_str(&config, os_config_root(&config), "end", "exit"), "fault"))
        __builtin_trap();
    os_exit(env, 0);
}
