/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-pictures.c: whole systems without a display, and the pictures that they make, exact to the pixel. What
 * paint shows here is compared with the same golden pictures as in its unit suite. Scripts wait for what is
 * seen, and for applications to have dealt with their input, never for time.
 */
#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <unistd.h>

#include "../system/run/run.h"
#include "golden.h"

static char folder[256]; /* of the pictures */

static void set_up(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/pictures-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* With what a test that failed has left in it. */
static void tear_down(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
}

/* A text that grows, for scenarios. */
static char text[8192];
static size_t text_len;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text + text_len, sizeof(text) - text_len, format, args);
    va_end(args);
    ck_assert_int_lt(len, (int)(sizeof(text) - text_len));
    text_len += (size_t)len;
}

/* One command of the script, which is what comes last in the scenario. */
#define SCRIPT(...) (add("        "), add(__VA_ARGS__), add("\n"))

/* A scenario with a screen of W by H, up to where its script begins; CLIENTS are further entries. */
static void begin(const char *clients, int w, int h)
{
    text_len = 0;
    add("start:\n  timer:\n  gui:\n%s", clients);
    add("  screen:\n    binary: headless\n    route: { Host: parent }\n"
        "    config:\n      width: %d\n      height: %d\n      input: |\n",
        w, h);
}

/* Runs the scenario to the status that its script ends with; --shot names the picture "shot.png". */
static void run_script(int status)
{
    struct run run;
    char shot[300];
    snprintf(shot, sizeof(shot), "%s/shot.png", folder);
    const char *const args[] = { "--headless", "--shot", shot, NULL };
    SCRIPT("quit %d", status);
    run_start(&run, "run", text, args);
    ck_assert_int_eq(run_end(&run), status);
}

/* Compares the picture FILE of the run with a golden one, and takes it away. */
static void check(const char *file, const char *golden)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    golden_check_file(path, golden);
    ck_assert_int_eq(unlink(path), 0);
}

/* ---- paint */

enum { W = 640, H = 400 };

/* The desk beside the sheet: when it is there, all of paint's first picture is. */
#define PAINT_IS_SHOWN "until 2 2 e7e3da"

START_TEST(paint_starts)
{
    begin("  paint:\n", W, H);
    SCRIPT(PAINT_IS_SHOWN);
    SCRIPT("settle");
    SCRIPT("shot start.png");
    run_script(0);
    check("start.png", "paint-start");
    check("shot.png", "paint-start");
}
END_TEST

START_TEST(paint_draws_strokes)
{
    begin("  paint: { config: { sketch: false } }\n", W, H);
    SCRIPT(PAINT_IS_SHOWN);
    for (int i = 0; i < 8; i++) {
        int x = 60 + i * 60;
        SCRIPT("key %d", i + 1);
        SCRIPT("move %d 60", x);
        SCRIPT("press button-left");
        for (int j = 1; j < 8; j++)
            SCRIPT("move %d %d", x + (j & 1) * 40, 60 + j * 22);
        SCRIPT("move %d 250", x);
        SCRIPT("release button-left");
        if (i & 1)
            SCRIPT("key rightbrace");
    }
    SCRIPT("settle");
    SCRIPT("shot strokes.png");
    /* colour by key, and clear by key: what is left is the choice in the bar */
    SCRIPT("key 1");
    SCRIPT("key c");
    SCRIPT("settle");
    run_script(3);
    check("strokes.png", "paint-strokes");
    check("shot.png", "paint-cleared");
}
END_TEST

/* ---- two clients, one above the other */

#define PANELS                                                                                               \
    "  red:  { binary: panel, config: { x: 20, y: 20, w: 160, h: 110, colour: 14245198 } }\n"                \
    "  blue: { binary: panel, config: { x: 110, y: 70, w: 180, h: 110, colour: 3049131 } }\n"
#define RED_IS_SHOWN  "until 40 40 d95d4e"
#define BLUE_IS_SHOWN "until 260 160 2e86ab"

START_TEST(clients_are_stacked)
{
    begin(PANELS, 320, 200);
    SCRIPT(RED_IS_SHOWN);
    SCRIPT(BLUE_IS_SHOWN);
    /* which one was first is chance; a click on its own part brings red to the front */
    SCRIPT("move 60 60");
    SCRIPT("press button-left");
    SCRIPT("release button-left");
    SCRIPT("settle");
    SCRIPT("shot red.png");
    /* the pointer over both is red's, until red goes to the back; then blue has it */
    SCRIPT("move 150 100");
    SCRIPT("settle");
    SCRIPT("shot both.png");
    SCRIPT("press button-right");
    SCRIPT("release button-right");
    SCRIPT("settle");
    SCRIPT("shot blue.png");
    /* red still has the focus; its colour turns */
    SCRIPT("key space");
    SCRIPT("settle");
    SCRIPT("shot focus.png");
    SCRIPT("move 310 190");
    SCRIPT("settle");
    run_script(0);
    check("red.png", "panels-red");
    check("both.png", "panels-both");
    check("blue.png", "panels-blue");
    check("focus.png", "panels-focus");
    check("shot.png", "panels-apart");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pictures");
    TCase *tcase = tcase_create("headless");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, paint_starts);
    tcase_add_test(tcase, paint_draws_strokes);
    tcase_add_test(tcase, clients_are_stacked);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
