/* SPDX-License-Identifier: BSD-2-Clause */
/* io.h: the processor's input and output ports; those of a device may be used after machine_ports. */
#ifndef MACH_DRIVERS_IO_H
#define MACH_DRIVERS_IO_H

#include <stdint.h>

static inline void io_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t io_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void io_write16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint16_t io_read16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* COUNT words of 32 bits, all through one port. */
static inline void io_read32s(uint16_t port, void *to, uint32_t count)
{
    __asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void io_write32s(uint16_t port, const void *from, uint32_t count)
{
    __asm__ volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

#endif
