/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.c: what a program file says about its place in memory, checked. The file comes from a component, so
 * nothing in it is believed, and what is looked at is copied first.
 */
#include <string.h>

#include "elf.h"

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

enum { TYPE_EXEC = 2, MACHINE_386 = 3, SEGMENT_LOAD = 1, SEGMENT_TLS = 7, HEADERS_MAX = 32 };
enum { FLAG_EXECUTE = 1, FLAG_WRITE = 2, FLAG_READ = 4 };

/* Where programs may lie: not at addresses that a null pointer leads to, and below what is attached. */
#define LOWEST  0x00010000u
#define HIGHEST 0x20000000u

static uint32_t page_down(uint32_t address)
{
    return address & ~(OS_PAGE_SIZE - 1);
}

static const char *check_header(const struct elf_header *header, uint64_t size)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 }; /* 32 bit, little endian, version 1 */
    if (memcmp(header->ident, ident, sizeof(ident)) != 0)
        return "it is no ELF file of 32 bit";
    if (header->type != TYPE_EXEC || header->machine != MACHINE_386)
        return "it is no program for this machine at a fixed address";
    if (header->phentsize != sizeof(struct elf_segment) || !header->phnum || header->phnum > HEADERS_MAX)
        return "its program headers are of an unknown kind";
    if (header->phoff % 4 || header->phoff > size ||
        size - header->phoff < (uint64_t)header->phnum * sizeof(struct elf_segment))
        return "its program headers are outside the file";
    return NULL;
}

static uint32_t protection_of(uint32_t flags)
{
    return (flags & FLAG_READ ? VM_READ : 0u) | (flags & FLAG_WRITE ? VM_WRITE : 0u) |
           (flags & FLAG_EXECUTE ? VM_EXECUTE : 0u);
}

static const char *take_segment(const struct elf_segment *found, uint64_t size, struct mach_program *program)
{
    if (program->count == OS_ARRAY_LEN(program->segments))
        return "it has too many segments";
    if (found->filesz > found->memsz || found->offset > size || size - found->offset < found->filesz)
        return "a segment is not within the file";
    if (found->vaddr < LOWEST || found->vaddr >= HIGHEST || found->memsz > HIGHEST - found->vaddr)
        return "a segment is outside the addresses for programs";
    if ((found->flags & (FLAG_WRITE | FLAG_EXECUTE)) == (FLAG_WRITE | FLAG_EXECUTE))
        return "a segment is writable and executable";
    struct mach_segment *made = &program->segments[program->count];
    uint32_t end = page_down(found->vaddr + found->memsz + OS_PAGE_SIZE - 1);
    *made = (struct mach_segment){ .at = page_down(found->vaddr),
                                   .size = end - page_down(found->vaddr),
                                   .offset = found->offset,
                                   .length = found->filesz,
                                   .start = found->vaddr,
                                   .protection = protection_of(found->flags) };
    made->shared = !(found->flags & FLAG_WRITE) && found->filesz == found->memsz &&
                   found->offset % OS_PAGE_SIZE == found->vaddr % OS_PAGE_SIZE;
    /* the linker sorts them; so nothing else needs to be looked for */
    if (program->count && made->at < made[-1].at + made[-1].size)
        return "its segments overlap, or are not in order";
    program->count++;
    return NULL;
}

static const char *check_entry(const struct mach_program *program)
{
    for (uint32_t i = 0; i < program->count; i++) {
        const struct mach_segment *segment = &program->segments[i];
        if (segment->protection & VM_EXECUTE && program->entry >= segment->start &&
            program->entry - segment->start < segment->length)
            return NULL;
    }
    return "its entry is not in its code";
}

static const char *take_file(const uint8_t *file, uint64_t size, struct mach_program *program)
{
    struct elf_header header;
    const char *why;
    if (size < sizeof(header))
        return "it is too short for a program";
    memcpy(&header, file, sizeof(header));
    if ((why = check_header(&header, size)))
        return why;
    for (uint32_t i = 0; i < header.phnum; i++) {
        struct elf_segment segment;
        memcpy(&segment, file + header.phoff + i * sizeof(segment), sizeof(segment));
        if (segment.type == SEGMENT_TLS)
            return "it has thread-local variables, which this platform does not have";
        if (segment.type == SEGMENT_LOAD && segment.memsz && (why = take_segment(&segment, size, program)))
            return why;
    }
    program->entry = header.entry;
    return check_entry(program);
}

os_err mach_elf_read(const void *file, uint64_t size, struct mach_program *program, const char **why)
{
    *program = (struct mach_program){ 0 };
    *why = take_file(file, size, program);
    return *why ? OS_ERR_BAD_ARG : OS_OK;
}
