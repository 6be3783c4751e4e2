/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c: a driver of no device, that tries what the service Machine has to refuse or to take back. Does
 * the step that its config names, and logs "STEP: ok" or what was wrong; some steps are to end in a fault.
 */
#include <os/component.h>
#include <os/config.h>
#include <os/host.h>
#include <os/rom.h>
#include <mach_base/machine.h>

#include <stdio.h>
#include <string.h>

#include "require.h"

OS_MANIFEST("requires: [Machine, Host]\n"
            "ram: 8M\n"
            "caps: 100\n"
            "config: { step: string }\n");

static struct os_env *env;

static os_err try_open(const char *args)
{
    struct machine_session machine = { .base.env = NULL };
    os_err err = machine_open(env, "", args, &machine);
    machine_close(&machine);
    return err;
}

/* A register of the adapter that tells what it is. */
static uint16_t adapter_id(void)
{
    uint16_t id;
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)0), "d"((uint16_t)0x1ce));
    __asm__ volatile("inw %1, %0" : "=a"(id) : "d"((uint16_t)0x1cf));
    return id;
}

/* Who has a device has it alone, and it is free again when he closes. */
static int do_sessions(void)
{
    struct machine_session vga, ps2;
    REQUIRE(try_open("") == OS_ERR_BAD_ARG);
    REQUIRE(try_open("device=") == OS_ERR_BAD_ARG);
    REQUIRE(try_open("device=disk") == OS_ERR_BAD_ARG);
    REQUIRE(try_open("device=vga0") == OS_ERR_BAD_ARG);
    REQUIRE(try_open("device=a-name-that-is-longer-than-that-of-any-device") == OS_ERR_BAD_ARG);
    for (int i = 0; i < 3; i++) {
        REQUIRE(machine_open(env, "", "device=vga", &vga) == OS_OK);
        REQUIRE(machine_open(env, "", "device=ps2", &ps2) == OS_OK);
        REQUIRE(try_open("device=vga") == OS_ERR_BUSY);
        REQUIRE(try_open("device=ps2") == OS_ERR_BUSY);
        machine_close(&vga);
        REQUIRE(try_open("device=vga") == OS_OK);
        machine_close(&ps2);
        REQUIRE(try_open("device=ps2") == OS_OK);
    }
    return 1;
}

/* A device has what it has. */
static int do_operations(void)
{
    struct machine_session vga, ps2;
    os_dataspace_cap ds;
    uint64_t size;
    uint8_t codes[64];
    size_t len;
    REQUIRE(machine_open(env, "", "device=vga", &vga) == OS_OK);
    REQUIRE(machine_open(env, "", "device=ps2", &ps2) == OS_OK);
    REQUIRE(machine_memory(ps2.cap, &ds, &size) == OS_ERR_UNSUPPORTED);
    REQUIRE(machine_keys(vga.cap, &codes, &len) == OS_ERR_UNSUPPORTED);
    REQUIRE(machine_keys_sigh(vga.cap, (os_signal_cap){ OS_NO_CAP }) == OS_ERR_UNSUPPORTED);
    REQUIRE(machine_interrupt_sigh(vga.cap, (os_signal_cap){ OS_NO_CAP }) == OS_ERR_UNSUPPORTED);
    REQUIRE(machine_acknowledge(vga.cap) == OS_OK);
    REQUIRE(machine_acknowledge(ps2.cap) == OS_OK);
    REQUIRE(machine_keys(ps2.cap, &codes, &len) == OS_OK && len == 0);
    /* what is no account of a component that runs */
    REQUIRE(machine_ports(vga.cap, (os_pd_cap){ OS_NO_CAP }) == OS_ERR_BAD_CAP);
    REQUIRE(machine_ports(vga.cap, (os_pd_cap){ vga.cap.cap }) == OS_ERR_BAD_CAP);
    REQUIRE(machine_ports(vga.cap, env->pd) == OS_OK);
    REQUIRE(machine_ports(vga.cap, env->pd) == OS_OK);
    REQUIRE((adapter_id() & 0xfff0) == 0xb0c0);
    machine_close(&ps2);
    machine_close(&vga);
    return 1;
}

/* Memory of a device is a dataspace like others, but for the ram; and it ends with the session. */
static int do_memory(void)
{
    struct machine_session vga;
    struct os_host_session host;
    struct os_region region = { NULL, 0 }, again = { NULL, 0 };
    os_dataspace_cap ds, more[16];
    uint64_t size, seen = 0;
    uint32_t writable = 0;
    os_err err = OS_OK;
    REQUIRE(machine_open(env, "", "device=vga", &vga) == OS_OK);
    REQUIRE(machine_memory(vga.cap, &ds, &size) == OS_OK);
    REQUIRE(size >= OS_MIB(4) && os_dataspace_info(ds, &seen, &writable) == OS_OK);
    REQUIRE(seen == size && writable);
    REQUIRE(os_region_attach_part(&region, ds, OS_ATTACH_WRITE, size, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    REQUIRE(os_region_attach_part(&region, ds, OS_ATTACH_WRITE, size - OS_PAGE_SIZE, OS_PAGE_SIZE) == OS_OK);
    REQUIRE(os_region_attach_part(&again, ds, OS_ATTACH_READ, size - OS_PAGE_SIZE, OS_PAGE_SIZE) == OS_OK);
    *(volatile uint32_t *)region.at = 0x12345678;
    REQUIRE(*(volatile uint32_t *)again.at == 0x12345678);
    /* core has it not in its own memory */
    REQUIRE(os_host_open(env, "", "", &host) == OS_OK);
    REQUIRE(os_host_save(host.cap, "memory.png", ds, 100) == OS_ERR_BAD_ARG);
    os_host_close(&host);
    /* a further dataspace costs a cap of the session, of which there are not many */
    int count = 0;
    while (count < 16 && !(err = machine_memory(vga.cap, &more[count], &seen)))
        count++;
    REQUIRE(count > 0 && count < 16 && err == OS_ERR_CAPS);
    while (count)
        os_cap_drop(more[--count].cap);
    REQUIRE(machine_memory(vga.cap, &more[0], &seen) == OS_OK);
    os_cap_drop(more[0].cap);
    machine_close(&vga);
    REQUIRE(os_dataspace_info(ds, &seen, &writable) == OS_ERR_REVOKED);
    os_region_detach(&again);
    os_region_detach(&region);
    REQUIRE(os_region_attach(&region, ds, OS_ATTACH_READ) == OS_ERR_BAD_CAP);
    os_cap_drop(ds.cap);
    return 1;
}

/* A card is where the machine has put it, and has no memory that could be attached. */
static int do_nic(void)
{
    struct machine_session nic;
    os_dataspace_cap ds;
    uint64_t size;
    uint16_t port = 0;
    uint8_t command;
    REQUIRE(machine_open(env, "", "device=nic", &nic) == OS_OK);
    REQUIRE(try_open("device=nic") == OS_ERR_BUSY);
    REQUIRE(machine_memory(nic.cap, &ds, &size) == OS_ERR_UNSUPPORTED);
    REQUIRE(machine_first_port(nic.cap, &port) == OS_OK && port >= 0x400);
    REQUIRE(machine_ports(nic.cap, env->pd) == OS_OK);
    __asm__ volatile("inb %1, %0" : "=a"(command) : "Nd"(port));
    REQUIRE(command != 0xff);
    machine_close(&nic);
    return 1;
}

/* Behind the card's ports is nothing for its driver. */
static int do_behind(void)
{
    struct machine_session nic;
    uint16_t port;
    uint8_t value;
    REQUIRE(machine_open(env, "", "device=nic", &nic) == OS_OK);
    REQUIRE(machine_ports(nic.cap, env->pd) == OS_OK);
    REQUIRE(machine_first_port(nic.cap, &port) == OS_OK);
    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"((uint16_t)(port + 32)));
    printf("%x\n", value);
    return 0;
}

static int do_no_nic(void)
{
    REQUIRE(try_open("device=nic") == OS_ERR_NOT_FOUND);
    return 1;
}

/* To end in a fault: no ports before they are allowed, those of another device, and none after the session.
 */
static int do_early(void)
{
    struct machine_session vga;
    REQUIRE(machine_open(env, "", "device=vga", &vga) == OS_OK);
    printf("%x\n", adapter_id());
    return 0;
}

static int do_other(void)
{
    struct machine_session ps2;
    REQUIRE(machine_open(env, "", "device=ps2", &ps2) == OS_OK);
    REQUIRE(machine_ports(ps2.cap, env->pd) == OS_OK);
    printf("%x\n", adapter_id());
    return 0;
}

static int do_late(void)
{
    struct machine_session vga;
    REQUIRE(machine_open(env, "", "device=vga", &vga) == OS_OK);
    REQUIRE(machine_ports(vga.cap, env->pd) == OS_OK);
    REQUIRE((adapter_id() & 0xfff0) == 0xb0c0);
    machine_close(&vga);
    printf("%x\n", adapter_id());
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} steps[] = { { "sessions", do_sessions }, { "operations", do_operations }, { "memory", do_memory },
              { "early", do_early },       { "other", do_other },           { "late", do_late },
              { "nic", do_nic },           { "behind", do_behind },         { "no-nic", do_no_nic } };

void component_construct(struct os_env *component)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = component;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *name = os_config_str(&config, os_config_root(&config), "step", "");
    for (size_t i = 0; i < OS_ARRAY_LEN(steps); i++)
        if (!strcmp(steps[i].name, name) && steps[i].run())
            printf("%s: ok\n", name);
    os_exit(env, 0);
}
