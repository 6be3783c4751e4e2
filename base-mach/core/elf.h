/* SPDX-License-Identifier: BSD-2-Clause */
/* elf.h: programs as files, and what is to be in memory of them. */
#ifndef MACH_CORE_ELF_H
#define MACH_CORE_ELF_H

#include <mach_base/kernel.h>
#include <os/types.h>

/* A program as it is to be in memory; all addresses and sizes checked. */
struct mach_program {
    uint32_t entry;
    uint32_t count;
    struct mach_segment {
        uint32_t at, size;       /* whole pages */
        uint32_t offset, length; /* of the file: LENGTH bytes from OFFSET are at START, the rest is zero */
        uint32_t start;
        uint32_t protection; /* VM_READ and so on */
        int shared;          /* can be mapped from the file: read-only, and aligned as its pages */
    } segments[8];
};

/*
 * Reads the headers of the ELF file of SIZE bytes at FILE, which others may write to: what is checked is a
 * copy. OS_ERR_BAD_ARG with *WHY, a constant, if it is no program for this platform.
 */
os_err mach_elf_read(const void *file, uint64_t size, struct mach_program *program, const char **why);

#endif
