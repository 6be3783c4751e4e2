/* SPDX-License-Identifier: BSD-2-Clause */
/* test-file.c: files of ROM modules are watched, and those of modules that there are not are forgotten. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <suite.h>
#include "../../../base-linux/core/internal.h"

struct linux_core linux_core;
static struct transport_watch *inotify;
static char folder[] = "/tmp/core-file-XXXXXX", path[64];
static unsigned changes;
static char changed[64];

/* What file.c calls. */
os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t events)
{
    (void)ep;
    (void)events;
    inotify = watch;
    return OS_OK;
}

void core_module_changed(struct core *core, const char *name)
{
    (void)core;
    changes++;
    snprintf(changed, sizeof(changed), "%s", name);
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/font", folder);
    ck_assert_int_eq(linux_files_init(), OS_OK);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(folder);
    close(inotify->fd);
}

/* How many changes the kernel tells of when the file is written. */
static unsigned write_file(void)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("text", file);
    fclose(file);
    changes = 0;
    inotify->ready(inotify, 0);
    return changes;
}

START_TEST(a_written_file_is_told)
{
    linux_file_watch(path, "font");
    linux_file_watch(path, "font"); /* once is enough */
    ck_assert_uint_eq(write_file(), 1);
    ck_assert_str_eq(changed, "font");
}
END_TEST

START_TEST(of_what_is_not_there_nothing_is_kept)
{
    linux_file_watch(path, "font");
    linux_file_watch(path, "fond");
    linux_file_unwatch("fond");
    ck_assert_uint_eq(write_file(), 1);
    ck_assert_str_eq(changed, "font");
    linux_file_unwatch("font");
    ck_assert_uint_eq(write_file(), 0);
    linux_file_watch(path, "font");
    ck_assert_uint_eq(write_file(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core-file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_written_file_is_told);
    tcase_add_test(tcase, of_what_is_not_there_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
