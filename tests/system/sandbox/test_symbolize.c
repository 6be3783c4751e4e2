/* SPDX-License-Identifier: BSD-2-Clause */
/* test_symbolize.c: addresses become source lines, and no file does harm. */
#include "sandbox.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux_base/symbolize.h>

static struct spawner *spawner;

static void setup(void)
{
    uint32_t missing;

    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
}

static void teardown(void)
{
    spawner_stop(spawner);
}

/* Address of a symbol of the crash program, from its symbol table: the test may parse what it has built. */
static uint64_t address_of(const char *name)
{
    off_t size = lseek(crash_fd, 0, SEEK_END);
    const char *file = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, crash_fd, 0);
    const Elf64_Ehdr *header = (const void *)file;
    const Elf64_Shdr *sections = (const void *)(file + header->e_shoff);
    uint64_t address = 0;

    for (int i = 0; i < header->e_shnum; i++) {
        const Elf64_Sym *symbols = (const void *)(file + sections[i].sh_offset);
        const char *names = file + sections[sections[i].sh_link].sh_offset;

        for (size_t j = 0; sections[i].sh_type == SHT_SYMTAB && j < sections[i].sh_size / sizeof *symbols;
             j++) {
            if (strcmp(names + symbols[j].st_name, name) == 0)
                address = symbols[j].st_value;
        }
    }
    munmap((void *)file, (size_t)size);
    ck_assert_uint_ne(address, 0);
    return address;
}

/* Of the function or of the one that is inlined at its first instruction: compilers differ. */
static const char found[] = "_target at tests/system/sandbox/crash.c:";

START_TEST(function_and_line_are_found)
{
    char text[SYMBOLIZE_TEXT_MAX];
    const char *at;

    symbolize(spawner, crash_fd, address_of("symbolize_target"), text, sizeof text);
    at = strstr(text, found);
    ck_assert_msg(at != NULL, "%s", text);
    ck_assert_int_gt(atoi(at + sizeof found - 1), 1);
}
END_TEST

START_TEST(answers_without_debug_information)
{
    static const char none[] = "no debug information";
    char text[SYMBOLIZE_TEXT_MAX];
    char junk[4096];
    int fd;

    symbolize(spawner, crash_fd, 0x7fffffff0000, text, sizeof text);
    ck_assert_str_eq(text, none);
    fd = file_with("", 0);
    symbolize(spawner, fd, 0x1000, text, sizeof text);
    ck_assert_str_eq(text, none);
    close(fd);
    memset(junk, 0xa5, sizeof junk);
    ck_assert_int_eq(pread(crash_fd, junk, 64, 0), 64);
    fd = file_with(junk, sizeof junk);
    symbolize(spawner, fd, 0x1000, text, sizeof text);
    ck_assert_str_eq(text, none);
    close(fd);
}
END_TEST

/* Every part of a valid file damaged in turn: an answer comes, whatever it says. */
START_TEST(damaged_files_do_no_harm)
{
    size_t size = (size_t)lseek(crash_fd, 0, SEEK_END);
    char *content = malloc(size), text[SYMBOLIZE_TEXT_MAX];
    uint64_t address = address_of("symbolize_target");

    for (unsigned i = 0; i < 24; i++) {
        int fd;

        ck_assert_int_eq(pread(crash_fd, content, size, 0), (ssize_t)size);
        for (size_t at = size / 24 * i + 64; at < size / 24 * (i + 1); at += 7)
            content[at] = (char)(content[at] + (char)(i * 31 + 1));
        fd = file_with(content, size);
        symbolize(spawner, fd, address, text, sizeof text);
        ck_assert_uint_gt(strlen(text), 0);
        close(fd);
    }
    free(content);
    symbolize(spawner, crash_fd, address, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, found));
}
END_TEST

START_TEST(answer_may_be_dropped)
{
    const uint64_t none[SYMBOLIZE_ADDRESSES_MAX] = { 0 };
    char text[SYMBOLIZE_TEXT_MAX];
    struct run run;
    int fd;

    run_start(spawner, &run, "strict", probe_fd, "nothing", OS_MIB(1), 1);
    run_finish(spawner, &run);
    ck_assert_int_eq(symbolize_begin(spawner, crash_fd, none, &fd), OS_OK);
    symbolize_end(fd, text, sizeof text);
    ck_assert_uint_gt(strlen(text), 0);
}
END_TEST

Suite *symbolize_suite(void)
{
    Suite *suite = suite_create("symbolize");
    TCase *lines = tcase_create("lines");

    tcase_add_checked_fixture(lines, setup, teardown);
    tcase_add_test(lines, function_and_line_are_found);
    tcase_add_test(lines, answers_without_debug_information);
    tcase_add_test(lines, damaged_files_do_no_harm);
    tcase_add_test(lines, answer_may_be_dropped);
    tcase_set_timeout(lines, 60);
    suite_add_tcase(suite, lines);
    return suite;
}
