/* SPDX-License-Identifier: BSD-2-Clause */
/* test-host.c: pictures on the host: --shot, --for, a full disk, a folder that is not there. */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static const char screen[] = "start:\n"
                             "  timer:\n"
                             "  gui:\n"
                             "  screen:\n"
                             "    binary: headless\n"
                             "    route: { Host: parent }\n"
                             "    config: { width: 320, height: 200 }\n";

static char folder[256];

static void make_folder(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/shots-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    rmdir(folder);
}

static int files_in_folder(void)
{
    char command[300], line[64] = "";
    snprintf(command, sizeof(command), "ls -A '%s' | wc -l", folder);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), pipe));
    pclose(pipe);
    return atoi(line);
}

static int write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return errno;
    fputs(text, file);
    return fclose(file) ? errno : 0;
}

START_TEST(shot_at_the_end)
{
    struct run run;
    char path[300];
    unsigned char head[24] = { 0 };
    snprintf(path, sizeof(path), "%s/picture.png", folder);
    const char *const args[] = { "--headless", "--for", run_on_mach() ? "8" : "1", "--shot", path, NULL };
    run_start(&run, "run", screen, args);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_msg(strstr(run.text, "picture.png"), "%s", run.text);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "no picture:\n%s", run.text);
    ck_assert_uint_eq(fread(head, 1, sizeof(head), file), sizeof(head));
    fclose(file);
    ck_assert_mem_eq(head, "\x89PNG\r\n\x1a\n", 8);
    ck_assert_int_eq(head[18] << 8 | head[19], 320);
    ck_assert_int_eq(head[22] << 8 | head[23], 200);
    unlink(path);
    ck_assert_int_eq(files_in_folder(), 0);
}
END_TEST

/* A driver chooses names of pictures, but the folder is the user's. */
START_TEST(a_driver_replaces_no_file_but_pictures)
{
    struct run run;
    char path[300], file[300], line[16] = "", scenario[512];
    snprintf(path, sizeof(path), "%s/picture.png", folder);
    snprintf(file, sizeof(file), "%s/Makefile", folder);
    snprintf(scenario, sizeof(scenario), "%s", screen);
    snprintf(strstr(scenario, "200 }") + 3, 64, ", input: shot Makefile }\n");
    ck_assert_int_eq(write_file(file, "all:\n"), 0);
    const char *const args[] = { "--headless", "--for", run_on_mach() ? "8" : "1", "--shot", path, NULL };
    run_start(&run, "run", scenario, args);
    run_expect(&run, "cannot save the picture");
    run_end(&run);
    FILE *read = fopen(file, "re");
    ck_assert_ptr_nonnull(read);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), read));
    fclose(read);
    ck_assert_str_eq(line, "all:\n");
    unlink(file);
    unlink(path);
}
END_TEST

START_TEST(shot_into_no_folder)
{
    struct run run;
    char path[300];
    snprintf(path, sizeof(path), "%s/none/picture.png", folder);
    const char *const args[] = { "--headless", "--for", run_on_mach() ? "8" : "1", "--shot", path, NULL };
    run_start(&run, "run", screen, args);
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_msg(strstr(run.text, path) && strstr(run.text, "No such file or directory"), "%s", run.text);
}
END_TEST

/* A user namespace in which we are whom we were before: without that nobody can make files there. */
static int own_users(void)
{
    char uids[64], gids[64];
    snprintf(uids, sizeof(uids), "%u %u 1\n", geteuid(), geteuid());
    snprintf(gids, sizeof(gids), "%u %u 1\n", getegid(), getegid());
    if (unshare(CLONE_NEWUSER))
        return errno;
    int err = write_file("/proc/self/uid_map", uids);
    if (!err)
        err = write_file("/proc/self/setgroups", "deny");
    return err ? err : write_file("/proc/self/gid_map", gids);
}

/* A small file system of our own; in a user namespace where we are not root. */
static int mount_small(void)
{
    int err = geteuid() == 0 ? 0 : own_users();
    if (err)
        return err;
    if (unshare(CLONE_NEWNS))
        return errno;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("none", folder, "tmpfs", 0, "size=8k"))
        return errno;
    return 0;
}

static void fill(void)
{
    char path[300];
    static const char page[8192];
    snprintf(path, sizeof(path), "%s/full", folder);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    size_t written = fwrite(page, 1, sizeof(page), file);
    (void)written;
    fclose(file);
}

START_TEST(shot_to_a_full_disk)
{
    struct run run;
    char path[300];
    int err = mount_small();
    if (err) {
        fprintf(stderr, "no file system can be mounted here: %s\n", strerror(err));
        ck_assert(err == EPERM || err == EACCES);
        return;
    }
    fill();
    snprintf(path, sizeof(path), "%s/picture.png", folder);
    const char *const args[] = { "--headless", "--for", run_on_mach() ? "8" : "1", "--shot", path, NULL };
    run_start(&run, "run", screen, args);
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_msg(strcasestr(run.text, "no space"), "%s", run.text);
    ck_assert_int_eq(files_in_folder(), 1);
    ck_assert_int_eq(umount2(folder, MNT_DETACH), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pictures on the host");
    TCase *tcase = tcase_create("shots");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, shot_at_the_end);
    tcase_add_test(tcase, a_driver_replaces_no_file_but_pictures);
    tcase_add_test(tcase, shot_into_no_folder);
    tcase_add_test(tcase, shot_to_a_full_disk);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
