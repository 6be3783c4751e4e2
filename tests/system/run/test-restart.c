/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-restart.c: servers that are killed while their clients wait for nothing but signals: the clients
 * notice, and go on at the next server with what they had.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

#define SYSTEM(input)                                                                                        \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  gui:\n"                                                                                               \
    "  screen:\n"                                                                                            \
    "    binary: headless\n"                                                                                 \
    "    route: { Host: parent }\n"                                                                          \
    "    config:\n"                                                                                          \
    "      width: 640\n"                                                                                     \
    "      height: 400\n"                                                                                    \
    "      input: |\n" input "  paint: { config: { sketch: false } }\n"

/* A stroke in the middle of paint's sheet, which is white by now, and another colour chosen. */
#define DRAW                                                                                                 \
    "        until 320 150 fffdf8\n"                                                                         \
    "        move 200 100\n"                                                                                 \
    "        press button-left\n"                                                                            \
    "        move 300 180\n"                                                                                 \
    "        move 400 100\n"                                                                                 \
    "        release button-left\n"                                                                          \
    "        key 2\n"                                                                                        \
    "        settle\n"

static char folder[256];

static void make_folder(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/restart-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    ck_assert_int_eq(rmdir(folder), 0);
}

static void path_of(const char *name, char path[300])
{
    snprintf(path, 300, "%s/%s", folder, name);
}

static void start(struct run *run, const char *scenario)
{
    char shot[300];
    const char *args[] = { "--headless", "--shot", shot, NULL };
    path_of("last.png", shot);
    run_start(run, "run", scenario, args);
}

/* A picture is there as a whole or not at all. */
static void wait_for_picture(const char *name)
{
    char path[300];
    path_of(name, path);
    while (access(path, R_OK))
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

/* Reads a picture and removes it. */
static char *take_picture(const char *name, size_t *size)
{
    static const size_t most = 4 << 20;
    char path[300], *data = malloc(most);
    path_of(name, path);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "no picture %s", path);
    *size = fread(data, 1, most, file);
    fclose(file);
    unlink(path);
    return data;
}

static void expect_same_pictures(const char *first, const char *second)
{
    size_t size, other_size;
    char *data = take_picture(first, &size), *other = take_picture(second, &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_msg(memcmp(data, other, size) == 0, "%s and %s differ", first, second);
    free(data);
    free(other);
}

/* Killed once, and twice in a row. */
START_TEST(gui_is_killed)
{
    struct run run;
    start(&run, SYSTEM(DRAW "        shot before.png\n"));
    wait_for_picture("before.png");
    for (int i = 0; i <= _i; i++) {
        run_kill(&run, "gui");
        run_expect(&run, "[paint] the gui was restarted");
    }
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    expect_same_pictures("before.png", "last.png");
}
END_TEST

/* A script that waits for a pixel, or for an application, goes on. */
START_TEST(gui_is_killed_under_a_script)
{
    struct run run;
    start(&run, SYSTEM(DRAW "        shot before.png\n"
                            "        until 320 150 123456\n"));
    wait_for_picture("before.png");
    run_kill(&run, "gui");
    run_expect(&run, "[paint] the gui was restarted");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    expect_same_pictures("before.png", "last.png");
}
END_TEST

/* The end of the wait comes all the same, from the next timer. There is time enough to kill the first one. */
START_TEST(timer_is_killed)
{
    struct run run;
    size_t size;
    start(&run, SYSTEM(DRAW "        shot before.png\n"
                            "        wait 5000\n"
                            "        shot after.png\n"
                            "        quit 7\n"));
    wait_for_picture("before.png");
    run_kill(&run, "timer");
    ck_assert_int_eq(run_end(&run), 7);
    expect_same_pictures("before.png", "after.png");
    free(take_picture("last.png", &size));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("servers that are restarted");
    TCase *tcase = tcase_create("restarts");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_loop_test(tcase, gui_is_killed, 0, 2);
    tcase_add_test(tcase, gui_is_killed_under_a_script);
    tcase_add_test(tcase, timer_is_killed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
