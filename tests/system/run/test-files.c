/* SPDX-License-Identifier: BSD-2-Clause */
/* test-files.c: ROM modules from files of the user's, and that they follow them. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <unistd.h>

#include "run.h"

static char path[300], other[320];

static const char *file_path(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof(path), "%s/text-%d", folder ? folder : "/tmp", (int)getpid());
    snprintf(other, sizeof(other), "%s.new", path);
    return path;
}

static void put(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int open_for_writing(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void write_file(const char *name, const char *text)
{
    int fd = open_for_writing(name);
    put(fd, text);
    close(fd);
}

static void start(struct run *run)
{
    char scenario[1000];
    snprintf(scenario, sizeof(scenario),
             "files: { text: '%s' }\n"
             "start:\n"
             "  reader: { binary: rom_reader, config: { text: true },\n"
             "            route: { ROM: [{ match: text, to: parent }] } }\n",
             path);
    run_start(run, "run", scenario, NULL);
}

static void end(struct run *run)
{
    run_signal(run, 2);
    ck_assert_int_eq(run_end(run), 0);
    unlink(path);
}

START_TEST(a_module_follows_its_file)
{
    struct run run;
    write_file(file_path(), "one");
    start(&run);
    run_expect(&run, "text: one");
    write_file(other, "two");
    ck_assert_int_eq(rename(other, path), 0);
    run_expect(&run, "text: two");
    /* what is half written is not there yet */
    int fd = open_for_writing(path);
    put(fd, "thr");
    ck_assert_int_eq(fsync(fd), 0);
    put(fd, "ee");
    close(fd);
    run_expect(&run, "text: three");
    ck_assert_uint_eq(run_count(&run, "text: thr\n"), 0);
    ck_assert_int_eq(unlink(path), 0);
    run_expect(&run, "ROM module text: not found; its last content stays");
    run_expect(&run, "text: three");
    write_file(path, "four");
    run_expect(&run, "text: four");
    end(&run);
}
END_TEST

/* No change is lost, however soon core looks after the kernel has said that the file was closed. */
START_TEST(each_of_many_changes_arrives)
{
    struct run run;
    char text[32], said[40];
    write_file(file_path(), "none");
    start(&run);
    run_expect(&run, "text: none");
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "change %d.", i);
        snprintf(said, sizeof(said), "text: %s", text);
        write_file(path, text);
        run_expect(&run, said);
    }
    ck_assert_uint_eq(run_count(&run, "its last content stays"), 0);
    end(&run);
}
END_TEST

START_TEST(a_module_follows_a_link)
{
    struct run run;
    char first[340], second[340];
    file_path();
    snprintf(first, sizeof(first), "%s.first", path);
    snprintf(second, sizeof(second), "%s.second", path);
    write_file(first, "first");
    write_file(second, "second");
    ck_assert_int_eq(symlink(first, path), 0);
    start(&run);
    run_expect(&run, "text: first");
    write_file(first, "changed");
    run_expect(&run, "text: changed");
    ck_assert_int_eq(symlink(second, other), 0);
    ck_assert_int_eq(rename(other, path), 0);
    run_expect(&run, "text: second");
    end(&run);
    unlink(first);
    unlink(second);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    struct run run;
    file_path();
    start(&run);
    run_expect(&run, "cannot open the module: not found");
    end(&run);
}
END_TEST

START_TEST(a_name_of_inits_is_refused)
{
    struct run run;
    run_start(&run, "run", "files: { config: x }\nstart:\n  timer:\n", NULL);
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_ptr_nonnull(strstr(run.text, "file 'config' has the name of a module of init's"));
}
END_TEST

/* The scenario is such a file, too. */
START_TEST(the_scenario_changes_while_it_runs)
{
    struct run run;
    run_start(&run, "run",
              "start:\n  hello-server:\n  hello-client:\n"
              "  inner: { binary: init, ram: 20M, caps: 300, route: { PD: parent, ROM: parent },\n"
              "    config: { start: { hello-server: {} } } }\n",
              (const char *const[]){ "--headless", NULL });
    run_expect(&run, "[init] hello-client exited with status 0");
    write_file(run.file, "start:\n  hello-server:\n  broken: { rum: 5M }\n");
    run_expect(&run, "unknown key 'rum'");
    run_expect(&run, "nothing was changed");
    /* one after the other, for who of two is first cannot be known */
    write_file(run.file, "start:\n  hello-server:\n  second: { binary: hello-client }\n"
                         "  inner: { binary: init, ram: 20M, caps: 300, route: { PD: parent, ROM: parent },\n"
                         "    config: { start: { hello-server: {} } } }\n");
    run_expect(&run, "[init] second exited with status 0");
    write_file(run.file, "start:\n  hello-server:\n  second: { binary: hello-client }\n"
                         "  inner: { binary: init, ram: 20M, caps: 300, route: { PD: parent, ROM: parent },\n"
                         "    config: { start: { hello-server: {}, third: { binary: hello-client } } } }\n");
    run_expect(&run, "third exited with status 0");
    run_signal(&run, 2);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "[init] second exited with status 0"), 1);
    ck_assert_uint_eq(run_count(&run, "[inner] third exited with status 0"), 1);
    ck_assert_uint_eq(run_count(&run, "restarted: "), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("files");
    TCase *tcase = tcase_create("files");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_scenario_changes_while_it_runs);
    tcase_add_test(tcase, a_module_follows_its_file);
    tcase_add_test(tcase, each_of_many_changes_arrives);
    tcase_add_test(tcase, a_module_follows_a_link);
    tcase_add_test(tcase, a_file_that_is_not_there);
    tcase_add_test(tcase, a_name_of_inits_is_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
