/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_note.c: finds the manifest's note in an ELF file. The file is whatever someone named in a scenario, so
 * every offset is checked before it is used, and the tables are read byte by byte, in no byte order but
 * theirs.
 */
#include <os/manifest.h>
#include <string.h>
#include "manifest.h"

struct elf {
    const uint8_t *data;
    size_t size;
    int wide; /* ELF64 */
};

/* Where the fields are, in bytes: ELF specification 1.2 for 32 bit, ELF-64 object file format 1.5 for 64. */
struct layout {
    uint8_t header, phoff, shoff, word;           /* size of the header; offsets of two tables; word size */
    uint8_t phentsize, shentsize;                 /* offsets in the header; the counts follow each */
    uint8_t ph_size, p_offset, p_filesz, p_align; /* program header: smallest size, offsets */
    uint8_t sh_size, sh_offset, sh_filesz, sh_align; /* section header */
};

static const struct layout layouts[2] = {
    { 52, 28, 32, 4, 42, 46, 32, 4, 16, 28, 40, 16, 20, 32 },
    { 64, 32, 40, 8, 54, 58, 56, 8, 32, 48, 64, 24, 32, 48 },
};

enum { PT_NOTE = 4, SHT_NOTE = 7 };

/* SIZE bytes at OFFSET, little-endian. The caller has checked that they are there. */
static uint64_t take(const struct elf *elf, size_t offset, unsigned size)
{
    uint64_t value = 0;
    while (size--)
        value = value << 8 | elf->data[offset + size];
    return value;
}

static int inside(const struct elf *elf, uint64_t offset, uint64_t size)
{
    return offset <= elf->size && size <= elf->size - offset;
}

static uint64_t round_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* Walks the notes in SIZE bytes at OFFSET, which are inside. Non-zero when the manifest is among them. */
static int find_in_notes(const struct elf *elf, uint64_t offset, uint64_t size, uint64_t align,
                         uint32_t wanted, const char **text, size_t *length)
{
    align = align == 8 ? 8 : 4;
    while (size >= 12) {
        uint64_t name_size = take(elf, offset, 4), body_size = take(elf, offset + 4, 4);
        uint64_t type = take(elf, offset + 8, 4);
        uint64_t body = round_up(12 + name_size, align);
        if (body > size || body_size > size - body)
            return 0;
        if (type == wanted && name_size == sizeof(OS_MANIFEST_NOTE_NAME) &&
            !memcmp(elf->data + offset + 12, OS_MANIFEST_NOTE_NAME, name_size)) {
            *text = (const char *)elf->data + offset + body;
            *length = strnlen(*text, body_size);
            return 1;
        }
        uint64_t next = round_up(body + body_size, align);
        if (next > size)
            return 0;
        offset += next;
        size -= next;
    }
    return 0;
}

/* Looks at all notes that a table of program or section headers names. */
static int find_in_table(const struct elf *elf, int sections, uint32_t wanted, const char **text,
                         size_t *length)
{
    const struct layout *layout = &layouts[elf->wide];
    uint64_t table = take(elf, sections ? layout->shoff : layout->phoff, layout->word);
    unsigned sizes = sections ? layout->shentsize : layout->phentsize;
    uint64_t entry_size = take(elf, sizes, 2), count = take(elf, sizes + 2, 2);
    if (entry_size < (sections ? layout->sh_size : layout->ph_size) ||
        !inside(elf, table, entry_size * count))
        return 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = table + i * entry_size;
        uint64_t type = take(elf, at + (sections ? 4 : 0), 4);
        uint64_t offset = take(elf, at + (sections ? layout->sh_offset : layout->p_offset), layout->word);
        uint64_t size = take(elf, at + (sections ? layout->sh_filesz : layout->p_filesz), layout->word);
        uint64_t align = take(elf, at + (sections ? layout->sh_align : layout->p_align), layout->word);
        if (type == (sections ? SHT_NOTE : PT_NOTE) && inside(elf, offset, size) &&
            find_in_notes(elf, offset, size, align, wanted, text, length))
            return 1;
    }
    return 0;
}

/* Finds the note of type WANTED. NULL, or what is wrong with the file; *FOUND is 0 if nothing is but that. */
static const char *find(const void *data, size_t size, uint32_t wanted, const char **text, size_t *length,
                        int *found)
{
    static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
    struct elf elf = { .data = data, .size = size };
    *found = 0;
    if (size < 16 || memcmp(data, magic, sizeof(magic)))
        return "is no ELF file, expected a component";
    if (elf.data[4] < 1 || elf.data[4] > 2 || elf.data[5] != 1)
        return "is an ELF file of another kind, expected a little-endian one of 32 or 64 bit";
    elf.wide = elf.data[4] == 2;
    if (size < layouts[elf.wide].header)
        return "is a truncated ELF file, expected a component";
    *found = find_in_table(&elf, 0, wanted, text, length) || find_in_table(&elf, 1, wanted, text, length);
    return NULL;
}

const char *manifest_find(const void *data, size_t size, const char **text, size_t *length)
{
    int found;
    const char *why = find(data, size, OS_MANIFEST_NOTE_TYPE, text, length, &found);
    return why ? why : found ? NULL : "has no manifest, expected a component with OS_MANIFEST in its source";
}

int manifest_find_schema(const void *data, size_t size, const char **text, size_t *length)
{
    int found;
    return !find(data, size, OS_CONFIG_NOTE_TYPE, text, length, &found) && found;
}
