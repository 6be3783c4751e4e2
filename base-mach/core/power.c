/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power.c: the end of the machine. Its emulator has a device that takes a status and ends it
 * (isa-debug-exit); a machine without one is halted.
 */
#include <platform/platform.h>

#include "internal.h"

/* The emulator ends with status 2 * N + 1 for the byte N, of which a process has 8 bits. */
enum { EXIT_PORT = 0x501, STATUS_MAX = 127 };

enum { REBOOT_HALT = 8 };

os_err mach_power_init(void)
{
    mach_port_t ports;
    if (i386_io_perm_create(mach_core.device, EXIT_PORT, EXIT_PORT, &ports))
        return OS_ERR_DENIED;
    return i386_io_perm_modify(mach_core.task, ports, 1) ? OS_ERR_DENIED : OS_OK;
}

void mach_power_off(int status)
{
    uint8_t byte = (uint8_t)(status < 0 || status > STATUS_MAX ? STATUS_MAX : status);
    __asm__ volatile("outb %0, %1" : : "a"(byte), "Nd"((uint16_t)EXIT_PORT));
    (void)host_reboot(mach_core.host, REBOOT_HALT);
    for (;;)
        mach_yield(1000);
}

/* Core itself has met something that it cannot go on with, as an assertion that does not hold. */
void plat_exit(int status)
{
    mach_power_off(status ? status : 1);
}

/* The last words of components are logged by messages that came before, so they are out. */
void core_plat_init_ended(enum os_pd_state state, int32_t status, const char *text)
{
    if (mach_core.ending)
        return;
    if (state == OS_PD_EXITED) {
        mach_core_end(status & 0xff);
        return;
    }
    mach_say("init has ended: %s", text);
    mach_core_end(1);
}
