/* SPDX-License-Identifier: BSD-2-Clause */
/* test-elf.c: what a program file says about memory is believed only where it can be true. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "elf.h"

enum { TEXT = 0x08048000, FILE_SIZE = 0x3000, HEADERS = 52, LOAD = 1, TLS = 7, NOTE = 4 };
enum { X = 1, W = 2, R = 4 };

struct header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

static _Alignas(8) uint8_t file[FILE_SIZE];
static struct header *const header = (void *)file;
static struct segment *const segments = (void *)(file + HEADERS);

/* Code, and data with zeroes behind it. */
static void setup(void)
{
    memset(file, 0x90, sizeof(file));
    *header = (struct header){ .ident = { 0x7f, 'E', 'L', 'F', 1, 1, 1 },
                               .type = 2,
                               .machine = 3,
                               .version = 1,
                               .entry = TEXT + 0x1010,
                               .phoff = HEADERS,
                               .ehsize = HEADERS,
                               .phentsize = sizeof(struct segment),
                               .phnum = 2 };
    segments[0] = (struct segment){ .type = LOAD,
                                    .offset = 0x1000,
                                    .vaddr = TEXT + 0x1000,
                                    .filesz = 0x800,
                                    .memsz = 0x800,
                                    .flags = R | X };
    segments[1] = (struct segment){ .type = LOAD,
                                    .offset = 0x2010,
                                    .vaddr = TEXT + 0x3010,
                                    .filesz = 0x100,
                                    .memsz = 0x2000,
                                    .flags = R | W };
}

static const char *read_file(struct mach_program *program)
{
    const char *why = "";
    os_err err = mach_elf_read(file, sizeof(file), program, &why);
    ck_assert_int_eq(err, why ? OS_ERR_BAD_ARG : OS_OK);
    return why;
}

START_TEST(a_program)
{
    struct mach_program program;
    ck_assert_ptr_null(read_file(&program));
    ck_assert_uint_eq(program.entry, TEXT + 0x1010);
    ck_assert_uint_eq(program.count, 2);
    const struct mach_segment *code = &program.segments[0], *data = &program.segments[1];
    ck_assert_uint_eq(code->at, TEXT + 0x1000);
    ck_assert_uint_eq(code->size, 0x1000);
    ck_assert_uint_eq(code->protection, VM_READ | VM_EXECUTE);
    ck_assert(code->shared);
    ck_assert_uint_eq(data->at, TEXT + 0x3000);
    ck_assert_uint_eq(data->start, TEXT + 0x3010);
    ck_assert_uint_eq(data->size, 0x3000);
    ck_assert_uint_eq(data->length, 0x100);
    ck_assert_uint_eq(data->protection, VM_READ | VM_WRITE);
    ck_assert(!data->shared);
}
END_TEST

/* Read-only, but with zeroes behind the file's bytes, or not aligned as in memory: a copy. */
START_TEST(what_cannot_be_mapped_from_the_file)
{
    struct mach_program program;
    segments[0].memsz++;
    ck_assert_ptr_null(read_file(&program));
    ck_assert(!program.segments[0].shared);
    setup();
    segments[0].offset += 4;
    ck_assert_ptr_null(read_file(&program));
    ck_assert(!program.segments[0].shared);
}
END_TEST

START_TEST(other_headers_are_skipped)
{
    struct mach_program program;
    header->phnum = 4;
    segments[2] = (struct segment){ .type = NOTE, .offset = UINT32_MAX, .filesz = UINT32_MAX };
    segments[3] = (struct segment){ .type = LOAD, .vaddr = 3, .offset = UINT32_MAX };
    ck_assert_ptr_null(read_file(&program));
    ck_assert_uint_eq(program.count, 2);
}
END_TEST

/* One word or byte of the file is another one. */
#define AT(field)    offsetof(struct header, field), sizeof(((struct header *)0)->field)
#define IN(n, field) HEADERS + (n) * sizeof(struct segment) + offsetof(struct segment, field), 4
static const struct {
    size_t at, size;
    uint32_t value;
    const char *why;
} wrong[] = {
    { 0, 1, 0, "ELF" },
    { 4, 1, 2, "32 bit" },
    { 5, 1, 2, "32 bit" },
    { 6, 1, 0, "32 bit" },
    { AT(type), 3, "fixed address" },
    { AT(machine), 62, "this machine" },
    { AT(phentsize), 56, "headers" },
    { AT(phnum), 0, "headers" },
    { AT(phnum), 33, "headers" },
    { AT(phnum), 0xffff, "headers" },
    { AT(phoff), 0xfffffffc, "outside" },
    { AT(phoff), FILE_SIZE, "outside" },
    { AT(phoff), FILE_SIZE - 60, "outside" },
    { AT(phoff), HEADERS + 1, "outside" },
    { AT(entry), 0, "entry" },
    { AT(entry), TEXT, "entry" },
    { AT(entry), TEXT + 0x1800, "entry" },
    { AT(entry), TEXT + 0x3010, "entry" },
    { IN(0, flags), R | W | X, "writable and executable" },
    { IN(0, flags), R, "entry" },
    { IN(0, type), TLS, "thread-local" },
    { IN(0, offset), FILE_SIZE, "within the file" },
    { IN(0, offset), 0xfffff000, "within the file" },
    { IN(0, filesz), 0x801, "within the file" },
    { IN(0, filesz), 0xffffffff, "within the file" },
    { IN(0, vaddr), 0, "addresses" },
    { IN(0, vaddr), 0xf000, "addresses" },
    { IN(0, vaddr), 0x20000000, "addresses" },
    { IN(0, vaddr), 0xfffff000, "addresses" },
    { IN(0, vaddr), TEXT + 0x3000, "overlap" },
    { IN(0, vaddr), TEXT + 0x8000, "overlap" },
    { IN(1, memsz), 0xffffffff, "addresses" },
    { IN(1, memsz), 0x18000000, "addresses" },
    { IN(1, filesz), 0x1000, "within the file" },
    { IN(1, vaddr), TEXT + 0x17f0, "overlap" },
};

START_TEST(what_cannot_be)
{
    struct mach_program program;
    memcpy(file + wrong[_i].at, &wrong[_i].value, wrong[_i].size);
    const char *why = read_file(&program);
    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, wrong[_i].why) != NULL, "%s, not: %s", why, wrong[_i].why);
}
END_TEST

START_TEST(too_many_segments)
{
    struct mach_program program;
    header->phnum = (uint16_t)(OS_ARRAY_LEN(program.segments) + 1);
    for (unsigned i = 1; i < header->phnum; i++)
        segments[i] = (struct segment){
            .type = LOAD, .vaddr = TEXT + 0x3000 + i * 0x1000, .filesz = 16, .memsz = 16, .flags = R
        };
    ck_assert_str_eq(read_file(&program), "it has too many segments");
    header->phnum--;
    ck_assert_ptr_null(read_file(&program));
}
END_TEST

/* A file that ends anywhere in its headers: copied to where nothing can be read beyond its end. */
START_TEST(cut_off_anywhere)
{
    struct mach_program program;
    const char *why;
    for (uint64_t size = 0; size < HEADERS + 2 * sizeof(struct segment); size++) {
        uint8_t *part = malloc(size ? size : 1);
        memcpy(part, file, size);
        ck_assert_int_eq(mach_elf_read(part, size, &program, &why), OS_ERR_BAD_ARG);
        free(part);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("programs");
    TCase *tcase = tcase_create("programs");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, a_program);
    tcase_add_test(tcase, what_cannot_be_mapped_from_the_file);
    tcase_add_test(tcase, other_headers_are_skipped);
    tcase_add_loop_test(tcase, what_cannot_be, 0, (int)OS_ARRAY_LEN(wrong));
    tcase_add_test(tcase, too_many_segments);
    tcase_add_test(tcase, cut_off_anywhere);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
