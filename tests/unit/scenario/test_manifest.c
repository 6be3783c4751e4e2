/* SPDX-License-Identifier: BSD-2-Clause */
/* test_manifest.c: finding manifests in ELF files that are sound, odd, or made to do harm; reading them. */
#include <check.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/manifest.h>
#include <suite.h>
#include "made_elf.h"
#include <scenario/manifest.h>

OS_MANIFEST("ram: 1M\n"
            "caps: 7\n");

#define GOOD                                                                                                 \
    "provides: [Hello]\nrequires: [Timer, Gui]\nram: 1M\ncaps: 40\nsandbox: display\nconfig: {size: u32}\n"

static char told[1000];

static void tell(struct problems *problems, const char *line)
{
    size_t at = strlen(told);
    snprintf(told + at, sizeof(told) - at, "%s\n", line);
}

static int read_elf(struct manifest *manifest, const uint8_t *elf, size_t size)
{
    struct problems problems = { .file = "s.yaml", .report = tell };
    told[0] = 0;
    return manifest_read(manifest, &problems, NULL, "x", elf, size);
}

START_TEST(all_shapes_of_elf_are_read)
{
    uint8_t elf[ELF_MAX];
    struct manifest manifest;
    size_t size = elf_make(&elf, _i & 1, _i & 2 ? ELF_IN_SECTION : ELF_IN_SEGMENT, GOOD);
    ck_assert_msg(read_elf(&manifest, elf, size), "%s", told);
    ck_assert_uint_eq(manifest.ram, 1024 * 1024);
    ck_assert_uint_eq(manifest.caps, 40);
    ck_assert_str_eq(manifest.sandbox, "display");
    ck_assert(names_have(&manifest.provides, "Hello"));
    ck_assert(names_have(&manifest.requires, "Gui"));
    ck_assert_ptr_nonnull(manifest.schema.keys);
    manifest_fini(&manifest);
}
END_TEST

/* This program as a file; to be freed. */
static uint8_t *own_program(size_t *size)
{
    FILE *file = fopen("/proc/self/exe", "rb");
    size_t most = 16u << 20;
    uint8_t *elf = malloc(most);
    ck_assert_ptr_nonnull(file);
    *size = fread(elf, 1, most, file);
    fclose(file);
    return elf;
}

/* The macro of the public header, as the toolchain at hand links it. */
START_TEST(our_own_manifest_is_found)
{
    size_t size, length;
    uint8_t *elf = own_program(&size);
    const char *text;
    ck_assert_ptr_null(manifest_find(elf, size, &text, &length));
    ck_assert_uint_eq(length, strlen("ram: 1M\ncaps: 7\n"));
    ck_assert_int_eq(memcmp(text, "ram: 1M\ncaps: 7\n", length), 0);
    free(elf);
}
END_TEST

/* The schema that config_note.S makes part of a program, here of this one. */
START_TEST(our_own_schema_is_found)
{
    size_t size;
    uint8_t *elf = own_program(&size);
    struct manifest manifest;
    ck_assert_msg(read_elf(&manifest, elf, size), "%s", told);
    os_config_ref width = os_config_get(&manifest.schema.config, manifest.schema.keys, "width");
    ck_assert_str_eq(
        os_config_value(&manifest.schema.config, schema_property(&manifest.schema, width, "max")), "8192");
    ck_assert_ptr_nonnull(manifest.schema_tree);
    manifest_fini(&manifest);
    free(elf);
}
END_TEST

/* A field of the file is replaced; what is said then. */
static const struct {
    size_t at;
    unsigned size;
    uint64_t value;
    const char *told;
} broken[] = {
    { 0, 4, 0, "s.yaml:1:1: binary 'x' is no ELF file, expected a component\n" },
    { EI_CLASS, 1, 3,
      "s.yaml:1:1: binary 'x' is an ELF file of another kind, expected a little-endian one of 32 or 64 "
      "bit\n" },
    { EI_CLASS, 1, 0,
      "s.yaml:1:1: binary 'x' is an ELF file of another kind, expected a little-endian one of 32 or 64 "
      "bit\n" },
    { EI_DATA, 1, ELFDATA2MSB,
      "s.yaml:1:1: binary 'x' is an ELF file of another kind, expected a little-endian one of 32 or 64 "
      "bit\n" },
#define NO_MANIFEST                                                                                          \
    "s.yaml:1:1: binary 'x' has no manifest, expected a component with OS_MANIFEST in its source\n"
    { offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX - 55, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phoff), 8, ELF_MAX, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phnum), 2, 0, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phentsize), 2, 0, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phentsize), 2, 55, NO_MANIFEST },
    { offsetof(Elf64_Ehdr, e_phentsize), 2, 0xffff, NO_MANIFEST },
    { 64 + offsetof(Elf64_Phdr, p_type), 4, PT_LOAD, NO_MANIFEST },
    { 64 + offsetof(Elf64_Phdr, p_offset), 8, UINT64_MAX, NO_MANIFEST },
    { 64 + offsetof(Elf64_Phdr, p_offset), 8, ELF_MAX - 3, NO_MANIFEST },
    { 64 + offsetof(Elf64_Phdr, p_filesz), 8, UINT64_MAX, NO_MANIFEST },
    { 64 + offsetof(Elf64_Phdr, p_filesz), 8, 11, NO_MANIFEST },
    { 64 + offsetof(Elf64_Phdr, p_filesz), 8, 60, NO_MANIFEST },
    { 256, 4, UINT32_MAX, NO_MANIFEST }, /* size of a name */
    { 260, 4, UINT32_MAX, NO_MANIFEST }, /* size of a body */
    { 256 + 36, 4, UINT32_MAX, NO_MANIFEST },
    { 256 + 40, 4, UINT32_MAX, NO_MANIFEST },
    { 256 + 44, 4, 2, NO_MANIFEST },   /* another type of note */
    { 256 + 48, 1, 's', NO_MANIFEST }, /* another name */
};

START_TEST(broken_files_are_refused)
{
    uint8_t elf[ELF_MAX];
    struct manifest manifest;
    size_t size = elf_make(&elf, 1, ELF_IN_SEGMENT, GOOD);
    memcpy(elf + broken[_i].at, &broken[_i].value, broken[_i].size);
    ck_assert(!read_elf(&manifest, elf, size));
    ck_assert_str_eq(told, broken[_i].told);
    manifest_fini(&manifest);
}
END_TEST

/* Copied to memory of exactly that size, so that a read beyond it is seen by sanitizers and valgrind. */
START_TEST(truncated_files_are_refused)
{
    uint8_t elf[ELF_MAX];
    struct manifest manifest;
    size_t size = elf_make(&elf, _i & 1, _i & 2 ? ELF_IN_SECTION : ELF_IN_SEGMENT, "ram: 1M\ncaps: 40\n");
    for (size_t cut = 0; cut < size - 4; cut++) {
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, elf, cut);
        ck_assert(!read_elf(&manifest, part, cut));
        manifest_fini(&manifest);
        free(part);
    }
}
END_TEST

START_TEST(any_byte_may_be_wrong)
{
    static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
    uint8_t elf[ELF_MAX];
    size_t size = elf_make(&elf, _i & 1, _i & 2 ? ELF_IN_SECTION : ELF_IN_SEGMENT, GOOD);
    for (size_t at = 0; at < size; at++) {
        for (size_t i = 0; i < OS_ARRAY_LEN(values); i++) {
            struct manifest manifest;
            uint8_t *copy = malloc(size);
            memcpy(copy, elf, size);
            copy[at] = values[i];
            (void)read_elf(&manifest, copy, size);
            manifest_fini(&manifest);
            free(copy);
        }
    }
}
END_TEST

static const struct {
    const char *text, *told;
} bad_texts[] = {
    { "caps: 1\n", "manifest of x:1:1: no ram, expected ram and caps\n" },
    { "ram: 1M\n", "manifest of x:1:1: no caps, expected ram and caps\n" },
    { "ram: lots\ncaps: 1\n", "manifest of x:1:1: ram 'lots', expected a size as 4096, 64K, 8M or 1G\n" },
    { "ram: 1M\ncaps: 99999999999\n",
      "manifest of x:2:1: caps '99999999999', expected a number from 0 to 4294967295\n" },
    { "ram: 1M\ncaps: 1\nheartbeat: often\n",
      "manifest of x:3:1: heartbeat 'often', expected false or true\n" },
    { "ram: 1M\ncaps: 1\nprovide: [A]\n",
      "manifest of x:3:1: unknown key 'provide' of a manifest, expected 'provides'\n" },
    { "ram: 1M\ncaps: 1\nprovides: A\n", "manifest of x:3:1: provides is a value, expected a list\n" },
    { "ram: 1M\ncaps: 1\nconfig: {a: u31}\n",
      "manifest of x:3:10: type 'u31', expected u32, u64, i32, i64, size, time, string, name, bool, "
      "enum, map, list or any\n" },
    { "[1, 2]", "manifest of x:1:1: a manifest is a list, expected a map\n" },
    { "", "manifest of x:1:1: a manifest is a value, expected a map\n" },
    { "{",
      "manifest of x:2:1: did not find expected node content while parsing a flow node, expected well-formed "
      "YAML\n" },
};

START_TEST(bad_texts_are_refused)
{
    uint8_t elf[ELF_MAX];
    struct manifest manifest;
    size_t size = elf_make(&elf, 1, ELF_IN_SEGMENT, bad_texts[_i].text);
    ck_assert(!read_elf(&manifest, elf, size));
    ck_assert_str_eq(told, bad_texts[_i].told);
    manifest_fini(&manifest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manifest");
    TCase *tcase = tcase_create("manifest");
    tcase_add_loop_test(tcase, all_shapes_of_elf_are_read, 0, 4);
    tcase_add_test(tcase, our_own_manifest_is_found);
    tcase_add_test(tcase, our_own_schema_is_found);
    tcase_add_loop_test(tcase, broken_files_are_refused, 0, OS_ARRAY_LEN(broken));
    tcase_add_loop_test(tcase, truncated_files_are_refused, 0, 4);
    tcase_add_loop_test(tcase, any_byte_may_be_wrong, 0, 4);
    tcase_add_loop_test(tcase, bad_texts_are_refused, 0, OS_ARRAY_LEN(bad_texts));
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
