/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-top.c: what `seedbed top` does on a terminal, key by key. It looks once here and draws again for what
 * is typed only, so each picture is waited for as an answer to a key.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "run.h"

enum { TEXT_MAX = 16384, ROWS_MAX = 32 };

/* A terminal with top on it. */
struct screen {
    pid_t pid;
    int keyboard;          /* its other end, where what is shown comes out */
    int terminal;          /* kept, so that its settings can be looked at in the end */
    struct termios before; /* those at the start */
    char text[TEXT_MAX];   /* what was shown since the last picture that was taken */
    size_t len;
    char title[256], rows[ROWS_MAX][256]; /* of the last picture */
    unsigned count;
};

static struct run system_run;
static struct screen screen;

static void resize(unsigned short rows, unsigned short columns)
{
    struct winsize size = { .ws_row = rows, .ws_col = columns };
    ck_assert_int_eq(ioctl(screen.keyboard, TIOCSWINSZ, &size), 0);
}

/* The child's half of start_top. */
static void run_top(const char *system)
{
    setsid();
    ioctl(screen.terminal, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++)
        dup2(screen.terminal, fd);
    execl(run_command(), run_command(), "top", "--interval", "100000", "--system", system, NULL);
    _exit(127);
}

static void start_top(void)
{
    char name[64], system[16];
    snprintf(system, sizeof(system), "%d", (int)system_run.pid);
    screen.keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(screen.keyboard, 0);
    ck_assert_int_eq(grantpt(screen.keyboard), 0);
    ck_assert_int_eq(unlockpt(screen.keyboard), 0);
    ck_assert_int_eq(ptsname_r(screen.keyboard, name, sizeof(name)), 0);
    screen.terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(screen.terminal, 0);
    ck_assert_int_eq(tcgetattr(screen.terminal, &screen.before), 0);
    resize(24, 100);
    screen.pid = fork();
    ck_assert_int_ge(screen.pid, 0);
    if (!screen.pid)
        run_top(system);
}

/* Waits until TEXT is shown at or after FROM; where it begins. */
static char *shown(char *from, const char *text)
{
    for (;;) {
        char *found = strstr(from, text);
        if (found)
            return found;
        ck_assert_msg(screen.len + 1 < sizeof(screen.text), "no \"%s\" in:\n%s", text, screen.text);
        ssize_t got = read(screen.keyboard, screen.text + screen.len, sizeof(screen.text) - 1 - screen.len);
        ck_assert_msg(got > 0, "the end instead of \"%s\" after:\n%s", text, screen.text);
        screen.len += (size_t)got;
        screen.text[screen.len] = 0;
    }
}

static void copy_line(char line[256], const char *from, const char *end)
{
    ck_assert_int_lt(end - from, 256);
    memcpy(line, from, (size_t)(end - from));
    line[end - from] = 0;
}

/* Takes the next picture apart: a line about the system, the inverse title, rows, and the keys in the last
 * line. */
static void take_picture(void)
{
    static const char line_end[] = "\033[0m\033[K", inverse[] = "\033[7m";
    char *at = shown(screen.text, "\033[H");
    char *last = shown(at, "\033[J");
    char *rest = shown(shown(last, "\033[2m"), "\033[0m") + strlen("\033[0m");
    at = strstr(at, inverse) + strlen(inverse);
    char *end = strstr(at, line_end);
    copy_line(screen.title, at, end);
    for (screen.count = 0; (at = strchr(end, '\n') + 1) < last; screen.count++) {
        ck_assert_uint_lt(screen.count, ROWS_MAX);
        end = strstr(at, line_end);
        copy_line(screen.rows[screen.count], at, end);
    }
    screen.len -= (size_t)(rest - screen.text);
    memmove(screen.text, rest, screen.len + 1);
}

static void press(char key)
{
    ck_assert_int_eq(write(screen.keyboard, &key, 1), 1);
}

/* The status of top, or 128 plus the signal that has ended it; the terminal is then as it was. */
static int end_of_top(void)
{
    struct termios after;
    int status;
    shown(screen.text, "\033[?25h\033[?1049l");
    ck_assert_int_eq(waitpid(screen.pid, &status, 0), screen.pid);
    ck_assert_int_eq(tcgetattr(screen.terminal, &after), 0);
    ck_assert_uint_eq(after.c_lflag, screen.before.c_lflag);
    ck_assert_mem_eq(after.c_cc, screen.before.c_cc, sizeof(after.c_cc));
    close(screen.terminal);
    close(screen.keyboard);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Orders rows A and B by column NUMBER, 0 being the name; below 0: A has less. A rate that is not known is
 * "-". */
static int compare(const char *a, const char *b, unsigned number)
{
    double values[2] = { -1, -1 };
    for (unsigned side = 0; number && side < 2; side++) {
        const char *at = (side ? b : a) + 22; /* behind the name, which may have spaces in it */
        for (unsigned i = 1; i < number; i++) {
            at += strspn(at, " ");
            at += strcspn(at, " ");
        }
        (void)sscanf(at, "%lf", &values[side]);
    }
    return number ? (values[0] > values[1]) - (values[0] < values[1]) : strncmp(a, b, 22);
}

/* The rows are in the order of column NUMBER, the largest first but for names; or REVERSED. */
static void check_order(unsigned number, int reversed)
{
    for (unsigned i = 1; i < screen.count; i++) {
        const char *a = screen.rows[i - 1], *b = screen.rows[i];
        int order = compare(a, b, number);
        if (order == 0)
            order = number ? -compare(a, b, 0) : 0; /* equal ones by their names */
        if (number)
            order = -order;
        ck_assert_msg(reversed ? order >= 0 : order <= 0, "column %u%s:\n%s\n%s", number,
                      reversed ? ", the other way" : "", a, b);
    }
}

static void setup(void)
{
    static const char *const args[] = { "--headless", NULL };
    screen = (struct screen){ 0 };
    run_start(
        &system_run, "run",
        "start:\n"
        "  hello-server: { ram: 2M, caps: 60 }\n"
        "  big: { binary: hello-server, ram: 4M, caps: 70 }\n"
        "  client: { binary: hello-client, restart: never, route: { Hello: { child: hello-server } } }\n",
        args);
    run_expect(&system_run, "[client] server says: Hello, world! (call 1)");
    start_top();
    take_picture();
}

static void teardown(void)
{
    run_signal(&system_run, SIGTERM);
    ck_assert_int_eq(run_end(&system_run), 0);
}

START_TEST(keys_choose_the_column)
{
    /* another column than the one before, each, and then the same once more */
    static const struct {
        char key;
        const char *title;
        unsigned number;
    } keys[] = { { 'n', "COMPONENT*", 0 }, { 'm', "RAM KiB*", 4 }, { 'k', "CAPS*", 5 },
                 { 'r', "CALLS/S*", 2 },   { 'w', "WAKES/S*", 3 }, { 'c', "CPU %*", 1 } };
    unsigned count = screen.count;
    ck_assert_ptr_nonnull(strstr(screen.title, "CPU %*"));
    ck_assert_uint_ge(count, 4); /* core, init, hello-server, big; the client may have gone */
    check_order(1, 0);
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (int reversed = 0; reversed < 2; reversed++) {
            press(keys[i].key);
            take_picture();
            ck_assert_msg(strstr(screen.title, keys[i].title) != NULL, "'%c' is pressed: %s", keys[i].key,
                          screen.title);
            ck_assert_ptr_eq(strchr(screen.title, '*'), strrchr(screen.title, '*'));
            ck_assert_uint_eq(screen.count, count);
            check_order(keys[i].number, reversed);
        }
    }
    press('q');
    ck_assert_int_eq(end_of_top(), 0);
}
END_TEST

START_TEST(other_keys_change_nothing)
{
    static const char keys[] =
        "x \033\r\t\032Z"; /* Ctrl-Z too, after which nobody would restore the screen */
    char title[256], row[256];
    press('n');
    take_picture();
    memcpy(title, screen.title, sizeof(title));
    memcpy(row, screen.rows[0], sizeof(row));
    for (const char *key = keys; *key; key++) {
        press(*key);
        take_picture();
        ck_assert_str_eq(screen.title, title);
        ck_assert_str_eq(screen.rows[0], row);
    }
    press('Q');
    ck_assert_int_eq(end_of_top(), 0);
}
END_TEST

START_TEST(the_picture_follows_the_size)
{
    unsigned count = screen.count;
    ck_assert_uint_gt(count, 2);
    resize(6, 30); /* a line for the system, the title, the keys, and one between */
    take_picture();
    ck_assert_uint_eq(screen.count, 2);
    ck_assert_uint_eq(strlen(screen.title), 30);
    ck_assert_uint_le(strlen(screen.rows[0]), 30);
    resize(1, 1);
    take_picture();
    ck_assert_uint_eq(screen.count, 0);
    ck_assert_uint_eq(strlen(screen.title), 1);
    resize(60, 200);
    take_picture();
    ck_assert_uint_eq(screen.count, count);
    press('q');
    ck_assert_int_eq(end_of_top(), 0);
}
END_TEST

START_TEST(ctrl_c_leaves_the_terminal_as_it_was)
{
    press(3);
    ck_assert_int_eq(end_of_top(), 128 + SIGINT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("top on a terminal");
    TCase *tcase = tcase_create("top");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, keys_choose_the_column);
    tcase_add_test(tcase, other_keys_change_nothing);
    tcase_add_test(tcase, the_picture_follows_the_size);
    tcase_add_test(tcase, ctrl_c_leaves_the_terminal_as_it_was);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
