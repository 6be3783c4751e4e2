/* SPDX-License-Identifier: BSD-2-Clause */
/* test-cpio.c: boot archives, whole, cut off anywhere, and damaged in any byte of their headers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "cpio.h"

enum { HEADER = 110 };

static uint8_t archive[4096];
static uint32_t archive_size, furthest;

static os_err read_archive(const struct cpio *cpio, uint32_t at, void *to, uint32_t size)
{
    ck_assert_uint_le(at, cpio->size);
    ck_assert_uint_le(size, cpio->size - at);
    if (at + size > furthest)
        furthest = at + size;
    memcpy(to, archive + at, size);
    return OS_OK;
}

static void pad(void)
{
    while (archive_size % 4)
        archive[archive_size++] = 0;
}

static void add_sized(const char *name, uint32_t name_size, const char *text, uint32_t size)
{
    char header[HEADER + 1];
    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1u,
             0100644u, 0u, 0u, 1u, 0u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)name_size, 0u);
    memcpy(archive + archive_size, header, HEADER);
    archive_size += HEADER;
    memcpy(archive + archive_size, name, strlen(name) + 1);
    archive_size += (uint32_t)strlen(name) + 1;
    pad();
    memcpy(archive + archive_size, text, strlen(text));
    archive_size += (uint32_t)strlen(text);
    pad();
}

static void add(const char *name, const char *text)
{
    add_sized(name, (uint32_t)strlen(name) + 1, text, (uint32_t)strlen(text));
}

static void begin(void)
{
    memset(archive, 0, sizeof(archive));
    archive_size = furthest = 0;
}

/* "first", "empty", and a third whose name leaves the content unaligned but for padding. */
static void begin_three(void)
{
    begin();
    add("first", "content of the first");
    add("empty", "");
    add("third-one", "x");
    add("TRAILER!!!", "");
}

/* Reads all of it; NULL if it is whole. */
static const char *read_all(uint32_t size, unsigned *count)
{
    struct cpio cpio = { .size = size, .read = read_archive };
    struct cpio_file file;
    uint32_t at = 0;
    for (*count = 0;; (*count)++) {
        const char *wrong = cpio_next(&cpio, &at, &file);
        if (wrong || !*file.name)
            return wrong;
        ck_assert_uint_le(file.at, size);
        ck_assert_uint_le(file.size, size - file.at);
        ck_assert_uint_lt(*count, 100);
    }
}

START_TEST(files_are_found)
{
    struct cpio cpio = { .size = 0, .read = read_archive };
    struct cpio_file file;
    uint32_t at = 0;
    begin_three();
    cpio.size = archive_size;
    ck_assert_ptr_null(cpio_next(&cpio, &at, &file));
    ck_assert_str_eq(file.name, "first");
    ck_assert_uint_eq(file.size, strlen("content of the first"));
    ck_assert_mem_eq(archive + file.at, "content of the first", file.size);
    ck_assert_ptr_null(cpio_next(&cpio, &at, &file));
    ck_assert_str_eq(file.name, "empty");
    ck_assert_uint_eq(file.size, 0);
    ck_assert_ptr_null(cpio_next(&cpio, &at, &file));
    ck_assert_str_eq(file.name, "third-one");
    ck_assert_uint_eq(archive[file.at], 'x');
    ck_assert_ptr_null(cpio_next(&cpio, &at, &file));
    ck_assert_str_eq(file.name, "");
}
END_TEST

/* The device is a few bytes longer than the archive. */
START_TEST(what_follows_the_end_does_not_matter)
{
    unsigned count;
    begin_three();
    memset(archive + archive_size, 0xff, 512);
    ck_assert_ptr_null(read_all(archive_size + 512, &count));
    ck_assert_uint_eq(count, 3);
}
END_TEST

/* Whatever is left of it, an archive without its end is refused, and nothing beyond what is left is read. */
START_TEST(cut_off_anywhere)
{
    unsigned count;
    begin_three();
    uint32_t needed = archive_size;
    while (!archive[needed - 2]) /* what is only padding */
        needed--;
    for (uint32_t size = 0; size < needed; size++) {
        furthest = 0;
        ck_assert_msg(read_all(size, &count) != NULL, "%u bytes of %u are no archive", (unsigned)size,
                      (unsigned)archive_size);
        ck_assert_uint_le(furthest, size);
    }
}
END_TEST

/* Any byte of it may be anything: an error or other files, but never a read outside, or no end. */
START_TEST(damaged_anywhere)
{
    static const uint8_t values[] = { 0, 1, '0', '9', 'f', 'F', 'g', 0x7f, 0xff };
    unsigned count, refused = 0;
    begin_three();
    for (uint32_t at = 0; at < archive_size; at++) {
        uint8_t was = archive[at];
        for (size_t i = 0; i < OS_ARRAY_LEN(values); i++) {
            archive[at] = values[i];
            refused += read_all(archive_size, &count) != NULL;
        }
        archive[at] = was;
    }
    ck_assert_uint_gt(refused, 100);
}
END_TEST

static const struct {
    uint32_t name_size, size;
    const char *name, *what;
} wrong_sizes[] = {
    { 0, 0, "name", "name" },
    { 1, 0, "name", "name" },
    { 0xffffffff, 0, "name", "name" },
    { 0x7fffffff, 0, "name", "name" },
    { 4, 0, "name", "name" },
    { 65, 0, "name", "name" },
    { 6, 0, "name", "name" },
    { 5, 0xffffffff, "name", "ends" },
    { 5, 0x80000000, "name", "ends" },
    { 5, 4096, "name", "ends" },
    { 1, 0, "", "name" },
};

START_TEST(sizes_that_cannot_be)
{
    unsigned count;
    begin();
    add_sized(wrong_sizes[_i].name, wrong_sizes[_i].name_size, "", wrong_sizes[_i].size);
    add("TRAILER!!!", "");
    const char *wrong = read_all(archive_size, &count);
    ck_assert_ptr_nonnull(wrong);
    ck_assert_msg(strstr(wrong, wrong_sizes[_i].what) != NULL, "%s", wrong);
    ck_assert_uint_eq(count, 0);
}
END_TEST

static os_err read_nothing(const struct cpio *cpio, uint32_t at, void *to, uint32_t size)
{
    (void)cpio;
    (void)at;
    (void)to;
    (void)size;
    return OS_ERR_IO;
}

START_TEST(what_cannot_be_read)
{
    struct cpio cpio = { .size = 4096, .read = read_nothing };
    struct cpio_file file;
    uint32_t at = 0;
    ck_assert_str_eq(cpio_next(&cpio, &at, &file), "it cannot be read");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boot archives");
    TCase *tcase = tcase_create("archives");
    tcase_add_test(tcase, files_are_found);
    tcase_add_test(tcase, what_follows_the_end_does_not_matter);
    tcase_add_test(tcase, cut_off_anywhere);
    tcase_add_test(tcase, damaged_anywhere);
    tcase_add_loop_test(tcase, sizes_that_cannot_be, 0, (int)OS_ARRAY_LEN(wrong_sizes));
    tcase_add_test(tcase, what_cannot_be_read);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
