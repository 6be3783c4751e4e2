/* SPDX-License-Identifier: BSD-2-Clause */
/* made_elf.c: writes ELF files by hand, so that tests do not depend on what the toolchain makes. */
#include <elf.h>
#include <os/manifest.h>
#include <string.h>
#include "made_elf.h"

static size_t put_note(uint8_t *at, const char *name, uint32_t type, const void *body, uint32_t size)
{
    uint32_t head[3] = { (uint32_t)strlen(name) + 1, size, type };
    size_t used = sizeof(head);
    memcpy(at, head, sizeof(head));
    memcpy(at + used, name, head[0]);
    used = (used + head[0] + 3) & ~(size_t)3;
    memcpy(at + used, body, size);
    return (used + size + 3) & ~(size_t)3;
}

static size_t put_notes(uint8_t *at, const char *text)
{
    size_t used = put_note(at, "GNU", 3, "some build identifier", 20);
    return used + put_note(at + used, OS_MANIFEST_NOTE_NAME, OS_MANIFEST_NOTE_TYPE, text,
                           (uint32_t)strlen(text) + 1);
}

#define NOTES_AT 256

static void put_wide(uint8_t *at, enum elf_place place, size_t size)
{
    Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB } };
    Elf64_Phdr segment = { .p_type = PT_NOTE, .p_offset = NOTES_AT, .p_filesz = size, .p_align = 4 };
    Elf64_Shdr section = { .sh_type = SHT_NOTE, .sh_offset = NOTES_AT, .sh_size = size, .sh_addralign = 4 };
    header.e_phentsize = sizeof(segment);
    header.e_shentsize = sizeof(section);
    if (place == ELF_IN_SEGMENT) {
        header.e_phoff = sizeof(header);
        header.e_phnum = 1;
        memcpy(at + sizeof(header), &segment, sizeof(segment));
    } else {
        header.e_shoff = sizeof(header);
        header.e_shnum = 1;
        memcpy(at + sizeof(header), &section, sizeof(section));
    }
    memcpy(at, &header, sizeof(header));
}

static void put_narrow(uint8_t *at, enum elf_place place, size_t size)
{
    Elf32_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB } };
    Elf32_Phdr segment = {
        .p_type = PT_NOTE, .p_offset = NOTES_AT, .p_filesz = (Elf32_Word)size, .p_align = 4
    };
    Elf32_Shdr section = {
        .sh_type = SHT_NOTE, .sh_offset = NOTES_AT, .sh_size = (Elf32_Word)size, .sh_addralign = 4
    };
    header.e_phentsize = sizeof(segment);
    header.e_shentsize = sizeof(section);
    if (place == ELF_IN_SEGMENT) {
        header.e_phoff = sizeof(header);
        header.e_phnum = 1;
        memcpy(at + sizeof(header), &segment, sizeof(segment));
    } else {
        header.e_shoff = sizeof(header);
        header.e_shnum = 1;
        memcpy(at + sizeof(header), &section, sizeof(section));
    }
    memcpy(at, &header, sizeof(header));
}

size_t elf_make(uint8_t (*at)[ELF_MAX], int wide, enum elf_place place, const char *text)
{
    memset(*at, 0, sizeof(*at));
    size_t size = put_notes(*at + NOTES_AT, text);
    if (wide)
        put_wide(*at, place, size);
    else
        put_narrow(*at, place, size);
    return NOTES_AT + size;
}
