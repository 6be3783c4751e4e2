/* SPDX-License-Identifier: BSD-2-Clause */
/* test-file.c: files of ROM modules are watched, and those of modules that there are not are forgotten. */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <suite.h>
#include "../../../base-linux/core/internal.h"

struct linux_core linux_core;
static struct transport_watch *inotify, *again;
static char folder[] = "/tmp/core-file-XXXXXX", path[64];
static unsigned changes;
static int being_written; /* the file of any module */
static char changed[64];

/* What file.c calls. */
os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t events)
{
    (void)ep;
    (void)events;
    again = inotify; /* the watch before the last */
    inotify = watch;
    return OS_OK;
}

int linux_module_is_written(const char *name)
{
    (void)name;
    return being_written;
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
    close(again->fd);
}

static unsigned tell(void)
{
    changes = 0;
    inotify->ready(inotify, 0);
    return changes;
}

static void write_to(const char *name)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs("text", file);
    ck_assert_int_eq(fclose(file), 0);
}

/* How many changes the kernel tells of when the file is written. */
static unsigned write_file(void)
{
    write_to(path);
    return tell();
}

/* Whether core would wake up. */
static int has_events(void)
{
    struct pollfd fd = { .fd = inotify->fd, .events = POLLIN };
    return poll(&fd, 1, 0);
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

START_TEST(another_file_in_its_place_is_told)
{
    char other[80];
    snprintf(other, sizeof(other), "%s.new", path);
    write_to(path);
    linux_file_watch(path, "font");
    for (int i = 0; i < 3; i++) {
        write_to(other);
        ck_assert_int_eq(rename(other, path), 0);
        ck_assert_uint_eq(tell(), 1);
    }
    ck_assert_uint_eq(write_file(), 1);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(tell(), 1);
    ck_assert_uint_eq(write_file(), 1);
    ck_assert_uint_eq(write_file(), 1);
    ck_assert_int_eq(rename(path, other), 0);
    ck_assert_uint_eq(tell(), 1);
    write_to(other); /* not its file any more */
    ck_assert_uint_eq(tell(), 0);
    ck_assert_int_eq(rename(other, path), 0);
    ck_assert_uint_eq(tell(), 1);
    ck_assert_int_eq(unlink(path), 0); /* and is another one when core looks */
    ck_assert_uint_eq(write_file(), 1);
}
END_TEST

START_TEST(what_a_link_leads_to_is_told)
{
    char first[80], second[80];
    snprintf(first, sizeof(first), "%s.first", path);
    snprintf(second, sizeof(second), "%s.second", path);
    write_to(first);
    write_to(second);
    ck_assert_int_eq(symlink(first, path), 0);
    linux_file_watch(path, "font");
    write_to(first);
    ck_assert_uint_eq(tell(), 1);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink(second, path), 0);
    ck_assert_uint_eq(tell(), 1);
    linux_file_watch(path, "font"); /* as core does when it reads it */
    write_to(second);
    ck_assert_uint_eq(tell(), 1);
    write_to(first);
    ck_assert_uint_eq(tell(), 0);
    unlink(first);
    ck_assert_uint_eq(tell(), 0);
    unlink(second);
}
END_TEST

/* What happens to other files of its folder does not wake core: there is no event at all. */
START_TEST(a_busy_folder_is_not_noticed)
{
    char other[80];
    write_to(path);
    linux_file_watch(path, "font");
    linux_file_watch(path, "config");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(other, sizeof(other), "%s.%u", path, i % 10);
        write_to(other);
        ck_assert_int_eq(unlink(other), 0);
    }
    ck_assert_int_eq(has_events(), 0);
    /* nor after the file was missed for a time, or another name in the folder was */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(tell(), 2);
    ck_assert_uint_eq(write_file(), 2);
    snprintf(other, sizeof(other), "%s.other", path);
    linux_file_watch(other, "other");
    linux_file_unwatch("other");
    ck_assert_uint_eq(tell(), 0);
    write_to(other);
    ck_assert_int_eq(unlink(other), 0);
    ck_assert_int_eq(has_events(), 0);
    ck_assert_uint_eq(write_file(), 2);
}
END_TEST

/* Waits for the timer; how many changes are told then. */
static unsigned tell_again(void)
{
    struct pollfd fd = { .fd = again->fd, .events = POLLIN };
    ck_assert_int_eq(poll(&fd, 1, -1), 1);
    changes = 0;
    again->ready(again, 0);
    return changes;
}

static int looks_again(void)
{
    struct itimerspec left;
    ck_assert_int_eq(timerfd_gettime(again->fd, &left), 0);
    return left.it_value.tv_sec || left.it_value.tv_nsec;
}

/* The kernel says that it was closed while it still counts as open, and says nothing afterwards. */
START_TEST(what_is_being_written_is_told_later)
{
    linux_file_watch(path, "font");
    being_written = 1;
    ck_assert_uint_eq(write_file(), 0);
    ck_assert_uint_eq(tell_again(), 0);
    ck_assert_uint_eq(tell_again(), 0);
    being_written = 0;
    ck_assert_uint_eq(tell_again(), 1);
    ck_assert_str_eq(changed, "font");
    ck_assert_int_eq(looks_again(), 0);
    /* once, also if an event comes meanwhile */
    being_written = 1;
    ck_assert_uint_eq(write_file(), 0);
    being_written = 0;
    ck_assert_uint_eq(write_file(), 1);
    ck_assert_uint_eq(tell_again(), 0);
    ck_assert_int_eq(looks_again(), 0);
}
END_TEST

/* Core says then that it has the content before; and is told when there is another one. */
START_TEST(that_it_takes_long_is_told_once)
{
    unsigned told = 0;
    linux_file_watch(path, "font");
    being_written = 1;
    for (int i = 0; i < 40; i++)
        told += write_file();
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(tell_again(), 0);
    being_written = 0;
    ck_assert_uint_eq(tell_again(), 1);
}
END_TEST

START_TEST(what_is_forgotten_is_not_looked_at_again)
{
    linux_file_watch(path, "font");
    being_written = 1;
    ck_assert_uint_eq(write_file(), 0);
    linux_file_unwatch("font");
    ck_assert_uint_eq(tell_again(), 0);
    ck_assert_int_eq(looks_again(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core-file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_written_file_is_told);
    tcase_add_test(tcase, of_what_is_not_there_nothing_is_kept);
    tcase_add_test(tcase, another_file_in_its_place_is_told);
    tcase_add_test(tcase, what_a_link_leads_to_is_told);
    tcase_add_test(tcase, a_busy_folder_is_not_noticed);
    tcase_add_test(tcase, what_is_being_written_is_told_later);
    tcase_add_test(tcase, that_it_takes_long_is_told_once);
    tcase_add_test(tcase, what_is_forgotten_is_not_looked_at_again);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
