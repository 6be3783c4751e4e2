/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top.c: the command top: what each component uses, again and again. On a terminal it fills the screen, and
 * the terminal is as it was before whatever ends it; else it writes one table, or one line of JSON, per
 * interval.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <yaml/printable.h>

#include "client.h"
#include "sample.h"

enum { LINE_MAX_SHOWN = 512 };

struct top {
    unsigned pid, left; /* left: looks to go; 0 for any number */
    int json;
    os_time interval;
    enum sample_column column;
    int reverse;
    struct sample now, last;
};

/* ---- the terminal */

static struct termios before;
static int keys; /* the keyboard was changed */
static volatile sig_atomic_t caught;
static sigset_t unblocked;

static void catch_signal(int number)
{
    if (number != SIGWINCH)
        caught = number;
}

/* Signals come while top waits, and at no other time. */
static void take_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
    struct sigaction action = { .sa_handler = catch_signal };
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < OS_ARRAY_LEN(numbers); i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, &unblocked);
    for (unsigned i = 0; i < OS_ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &action, NULL);
}

static void enter_screen(void)
{
    take_signals();
    if (isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &before)) {
        struct termios raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* nobody would restore the screen */
        keys = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs("\033[?1049h\033[?25l", stdout);
}

static void leave_screen(void)
{
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    if (keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
}

static void screen_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;
    int known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col;
    *rows = known ? size.ws_row : 24;
    *columns = known ? size.ws_col : 80;
    if (*columns > LINE_MAX_SHOWN)
        *columns = LINE_MAX_SHOWN;
}

static void put_line(const char *style, const char *text)
{
    printf("%s%s\033[0m\033[K\r\n", style, text);
}

static void draw(struct top *top)
{
    unsigned rows, columns;
    char line[LINE_MAX_SHOWN + 1], name[512];
    screen_size(&rows, &columns);
    fputs("\033[H", stdout);
    memcpy(name, top->now.scenario, sizeof(name));
    make_printable(name);
    snprintf(line, columns + 1, "system %u  %s", top->pid, name);
    put_line("", line);
    sample_title(line, columns, top->column);
    put_line("\033[7m", line);
    for (unsigned i = 0; i < top->now.count && i + 4 < rows; i++) {
        sample_line(line, columns, &top->now.rows[i]);
        put_line("", line);
    }
    snprintf(line, columns + 1,
             "c cpu, r calls, w wake-ups, m ram, k caps, n name (again: the other way); q quit");
    printf("\033[J\033[%u;1H\033[2m%s\033[0m", rows, line);
    fflush(stdout);
}

/* Non-zero when it is the end. */
static int take_key(struct top *top, char key)
{
    static const char column_keys[SAMPLE_COLUMNS + 1] = "crwmkn";
    const char *found = key ? strchr(column_keys, key) : NULL;
    if (key == 'q' || key == 'Q')
        return 1;
    if (!found)
        return 0;
    enum sample_column column = (enum sample_column)(found - column_keys);
    top->reverse = column == top->column && !top->reverse;
    top->column = column;
    return 0;
}

static int take_keys(struct top *top)
{
    char typed[16];
    ssize_t len = read(STDIN_FILENO, typed, sizeof(typed));
    if (len <= 0) { /* hung up */
        keys = 0;
        return 0;
    }
    for (ssize_t i = 0; i < len; i++)
        if (take_key(top, typed[i]))
            return 1;
    return 0;
}

/* Draws until the next look is due; non-zero when it is the end. */
static int wait_and_draw(struct top *top)
{
    os_time due = os_clock_now() + top->interval;
    for (os_time now; (now = os_clock_now()) < due;) {
        struct pollfd input = { .fd = keys ? STDIN_FILENO : -1, .events = POLLIN };
        struct timespec span = { .tv_sec = (time_t)((due - now) / OS_SEC),
                                 .tv_nsec = (long)((due - now) % OS_SEC) };
        sample_sort(&top->now, top->column, top->reverse);
        draw(top);
        int ready = ppoll(&input, 1, &span, &unblocked);
        if (caught || ferror(stdout) || (ready > 0 && take_keys(top)))
            return 1;
    }
    return 0;
}

/* ---- looking again and again */

static int look(struct top *top)
{
    struct sample now;
    if (sample_take(&now, top->pid, top->now.rows ? &top->now : NULL))
        return -1;
    sample_fini(&top->last);
    top->last = top->now;
    top->now = now;
    return 0;
}

/* The status; a signal ends the command as it would have without this. */
static int run_screen(struct top *top)
{
    int failed = 0;
    enter_screen();
    do
        failed = look(top);
    while (!failed && !wait_and_draw(top) && (!top->left || --top->left));
    leave_screen();
    if (failed)
        fprintf(stderr, "seedbed: system %u has ended, or cannot be asked any more\n", top->pid);
    if (caught) {
        signal(caught, SIG_DFL);
        raise(caught);
    }
    return failed ? STATUS_FAILED : 0;
}

static void print_table(struct top *top)
{
    char line[LINE_MAX_SHOWN + 1];
    sample_title(line, LINE_MAX_SHOWN, top->column);
    printf("%s\n", line);
    for (unsigned i = 0; i < top->now.count; i++) {
        sample_line(line, LINE_MAX_SHOWN, &top->now.rows[i]);
        printf("%s\n", line);
    }
}

/* Rates need two looks, so the first one is not shown. */
static int run_plain(struct top *top)
{
    struct timespec span = { .tv_sec = (time_t)(top->interval / OS_SEC),
                             .tv_nsec = (long)(top->interval % OS_SEC) };
    if (look(top))
        return STATUS_FAILED;
    do {
        while (nanosleep(&span, &span) && errno == EINTR)
            ;
        span = (struct timespec){ .tv_sec = (time_t)(top->interval / OS_SEC),
                                  .tv_nsec = (long)(top->interval % OS_SEC) };
        if (look(top))
            return STATUS_FAILED;
        sample_sort(&top->now, top->column, top->reverse);
        if (top->json)
            sample_json(&top->now);
        else
            print_table(top);
        if (fflush(stdout) || ferror(stdout))
            return STATUS_FAILED;
    } while (!top->left || --top->left);
    return 0;
}

/* ---- the call */

static int read_options(struct top *top, const struct command_line *line)
{
    const char *sort = command_option(line, "--sort"), *interval = command_option(line, "--interval");
    const char *count = command_option(line, "--count");
    char *end;
    int status = interval ? command_seconds(interval, &top->interval) : 0;
    top->json = command_option(line, "--json") != NULL;
    if (count) {
        unsigned long number = strtoul(count, &end, 10);
        if (!*count || *end || !number || number > 1000000000)
            return command_mistake("expected a number from 1 after --count, found",
                                   *count ? count : "nothing");
        top->left = (unsigned)number;
    }
    for (int i = 0; sort && i < SAMPLE_COLUMNS; i++) {
        if (!strcmp(sort, sample_names[i])) {
            top->column = (enum sample_column)i;
            return status;
        }
    }
    return sort ? command_unknown("column", sort, sample_names, SAMPLE_COLUMNS) : status;
}

int command_top(const struct command_line *line)
{
    struct top top = { .interval = 2 * OS_SEC };
    int status = read_options(&top, line);
    if (!status)
        status = client_select(line, &top.pid);
    if (!status)
        status = isatty(STDOUT_FILENO) && !top.json ? run_screen(&top) : run_plain(&top);
    sample_fini(&top.now);
    sample_fini(&top.last);
    return status;
}
