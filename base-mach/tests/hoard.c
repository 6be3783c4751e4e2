/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hoard.c: gets at memory that nobody gave it, by the ways that the kernel leaves to a task: memory that it
 * sends to itself and keeps, ports for replies without end, and long messages that wait in queues. Config
 * names which. It says "hoarding" at the beginning, and never ends by itself.
 */
#include <stdio.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <mach_base/kernel.h>

OS_MANIFEST("ram: 4M\n"
            "caps: 60\n"
            "config: { step: string }\n");

enum { PIECE = 512 * 1024, LONG_MESSAGE = 4096 };

static uint8_t piece[PIECE] __attribute__((aligned(4096))) = { 1 };

struct with_memory {
    struct mach_header header;
    uint32_t type[3];
    void *memory;
    uint32_t room[8];
};

/* Copies of PIECE come back to the same task, and are written to, so that they get pages of their own. */
static void hoard_memory(void)
{
    mach_port_t port = mach_reply_port();
    for (;;) {
        struct with_memory msg = { .header = { .bits = MACH_BITS(MACH_TYPE_MAKE_SEND, 0) | MACH_COMPLEX,
                                               .size = offsetof(struct with_memory, room),
                                               .remote = port },
                                   .type = { MACH_TYPE_LONG, MACH_TYPE_BYTE | 8 << 16, PIECE },
                                   .memory = piece };
        if (mach_msg(&msg.header, MACH_SEND_MSG | MACH_RCV_MSG, msg.header.size, sizeof(msg), port, 0))
            continue;
        for (uint32_t at = 0; at < PIECE; at += OS_PAGE_SIZE)
            ((volatile uint8_t *)msg.memory)[at] = 1;
    }
}

static void hoard_ports(void)
{
    for (;;)
        mach_reply_port();
}

static void hoard_queues(void)
{
    struct mach_header *msg = (struct mach_header *)(void *)piece;
    for (;;) {
        mach_port_t port = mach_reply_port();
        do
            *msg = (struct mach_header){ .bits = MACH_BITS(MACH_TYPE_MAKE_SEND, 0),
                                         .size = LONG_MESSAGE,
                                         .remote = port };
        while (mach_msg(msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, LONG_MESSAGE, 0, MACH_PORT_NULL, 0) ==
               MACH_OK);
    }
}

/* What one may do: allocate and use all that there is, until it is refused. */
static void use_all(struct os_env *env)
{
    enum { MANY = 1024, SIZE = 256 * 1024 };
    static os_dataspace_cap ds;
    struct os_region region;
    unsigned count = 0;
    os_err err;
    while (count < MANY && !(err = os_ram_alloc(env, SIZE, &ds))) {
        os_require(env, os_region_attach(&region, ds, OS_ATTACH_WRITE), "attach");
        for (uint32_t at = 0; at < SIZE; at += OS_PAGE_SIZE)
            *(volatile uint32_t *)((uint8_t *)region.at + at) = at + count;
        count++;
    }
    printf("used %u pieces, then: %s\n", count, os_err_name(err));
    os_exit(env, 0);
}

void component_construct(struct os_env *env)
{
    struct os_rom_module rom;
    struct os_config config;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *step = os_config_str(&config, os_config_root(&config), "step", "");
    if (!strcmp(step, "all"))
        use_all(env);
    printf("hoarding\n");
    fflush(stdout);
    if (!strcmp(step, "memory"))
        hoard_memory();
    else if (!strcmp(step, "ports"))
        hoard_ports();
    else if (!strcmp(step, "queues"))
        hoard_queues();
    os_exit(env, 1);
}
