/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader.c: the first task of a machine that runs unit tests: runs each test of each program of the archive's
 * plan as a task of its own, says in TAP on the console how it was, and ends the machine.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mach_base/libc.h>
#include <mach_base/thread.h>

#include "loader.h"

/* Seconds for a test; five times those of Check on Linux (tests/runner/meson.build), for the processor is
 * emulated. */
static uint32_t limit = 300;

mach_port_t loader_task;
int bare_test_has_returned;
static mach_port_t host;

static uint32_t reported, failures;

void bare_start(uint32_t number, uint32_t *stack) __attribute__((noreturn));

static void end(int failed) __attribute__((noreturn));

/* ---- output */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    mach_print(text);
}

/* A program's output, as comments. */
void loader_print(const char *text, size_t len)
{
    static int within_line;

    for (size_t at = 0; at < len;) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t part = newline ? (size_t)(newline - (text + at)) + 1 : len - at;
        say("%s%.*s", within_line ? "" : "# ", (int)part, text + at);
        within_line = !newline;
        at += part;
    }
}

/* ---- verdicts */

static void report(const char *verdict, const char *program, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void report(const char *verdict, const char *program, const char *name, const char *format, ...)
{
    char text[1500];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    failures += *verdict == 'n';
    say("%s %u - %s%s%s%s\n", verdict, (unsigned)++reported, program, *name ? ":" : "", name, text);
}

static void report_signal(const char *program, const char *name, const struct run *run)
{
    char accessed[32] = "";

    if (run->status == SIGSEGV)
        snprintf(accessed, sizeof(accessed), " accessing 0x%x", (unsigned)run->accessed);
    report("not ok", program, name, ": received signal %u at @{test-%s 0x%x}%s", (unsigned)run->status,
           program, (unsigned)run->at, accessed);
}

static void report_end(const char *program, const struct run *run)
{
    const char *name = *run->name ? run->name : "?";

    if (run->ended == ENDED_NOT_STARTED)
        report("not ok", program, name, ": it could not be started");
    else if (run->ended == ENDED_LIMIT)
        report("not ok", program, name, ": did not end within its time limit of %u s", (unsigned)limit);
    else if (run->ended == ENDED_OUTPUT)
        report("not ok", program, name, ": prints without end");
    else if (run->failed)
        report("not ok", program, name, ": %s", run->why);
    else if (run->skips)
        report("ok", program, name, " # SKIP %s", run->why);
    else if (run->ended == ENDED_SIGNAL && run->status != run->signal)
        report_signal(program, name, run);
    else if (run->ended == ENDED_EXITED && run->signal)
        report("not ok", program, name, ": ended with status %u, not by signal %u", (unsigned)run->status,
               (unsigned)run->signal);
    else if (run->ended == ENDED_EXITED && (run->status != run->exits || (!run->exits && !run->returned)))
        report("not ok", program, name, ": ended early with exit value %u", (unsigned)run->status);
    else
        report("ok", program, name, ": Passed");
}

/* ---- all of a program's tests */

static void run_tests(const char *name, const struct program *program)
{
    static struct run run;

    program_run(program, BARE_COUNT_TESTS, limit, &run);
    uint32_t tests = run.tests;
    if (run.ended != ENDED_EXITED || !tests)
        report("not ok", name, "",
               ": did not say how many tests it has: end %u, status %u at @{test-%s 0x%x}",
               (unsigned)run.ended, (unsigned)run.status, name, (unsigned)run.at);
    for (uint32_t i = 0; i < tests; i++) {
        program_run(program, i, limit, &run);
        report_end(name, &run);
    }
}

static void run_program(const char *name)
{
    struct program program;
    char file_name[BARE_NAME_MAX];
    struct file file;

    snprintf(file_name, sizeof(file_name), "test-%s", name);
    if (archive_find(file_name, &file)) {
        report("not ok", name, "", ": is not in the archive");
        return;
    }
    const char *why = program_init(&program, &file);
    if (why)
        report("not ok", name, "", ": %s", why);
    else
        run_tests(name, &program);
    program_fini(&program);
}

/* One line of the plan: "run NAME", "skip NAME REASON" or "limit SECONDS". */
static void follow(char *line)
{
    char *name = strchr(line, ' '), *why = name ? strchr(name + 1, ' ') : NULL;

    if (!*line)
        return;
    if (why)
        *why++ = 0;
    if (name && !strncmp(line, "run ", 4))
        run_program(name + 1);
    else if (name && !strncmp(line, "limit ", 6))
        limit = (uint32_t)strtoul(name + 1, NULL, 10);
    else if (why && !strncmp(line, "skip ", 5))
        report("ok", name + 1, "", " # SKIP %s", why);
    else
        report("not ok", line, "", ": is no line of a plan");
}

static void follow_plan(void)
{
    struct file file;

    if (archive_find("plan", &file)) {
        say("Bail out! There is no plan in the archive\n");
        end(1);
    }
    char *text = calloc(1, file.size + 1);
    if (!text)
        end(1);
    memcpy(text, file.data, file.size);
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        follow(line);
    }
    say("1..%u\n", (unsigned)reported);
}

/* ---- the machine's beginning and end */

/* The emulator's way out (base-mach/core/power.c). */
static void end(int failed)
{
    enum { EXIT_PORT = 0x501, REBOOT_HALT = 8 };

    __asm__ volatile("outb %0, %1" : : "a"((uint8_t)failed), "Nd"((uint16_t)EXIT_PORT));
    host_reboot(host, REBOOT_HALT);
    for (;;)
        mach_yield(1000);
}

static void open_way_out(mach_port_t device)
{
    enum { EXIT_PORT = 0x501 };
    mach_port_t ports;

    if (i386_io_perm_create(device, EXIT_PORT, EXIT_PORT, &ports) ||
        i386_io_perm_modify(loader_task, ports, 1))
        say("# the way out of the emulator cannot be opened\n");
}

/* A right that the boot script has named: "NAME=NUMBER". */
static mach_port_t right(char **argv, uint32_t argc, const char *name)
{
    size_t len = strlen(name);

    for (uint32_t i = 0; i < argc; i++)
        if (!strncmp(argv[i], name, len) && argv[i][len] == '=')
            return (mach_port_t)strtoul(argv[i] + len + 1, NULL, 10);
    return MACH_PORT_NULL;
}

void bare_start(uint32_t number, uint32_t *stack)
{
    char **argv = (char **)(stack + 1);

    mach_first_thread_init();
    libc_constructors();
    loader_task = mach_task_self();
    host = right(argv, *stack, "host");
    mach_port_t device = right(argv, *stack, "device");
    say("\n"); /* after the kernel's last word */
    open_way_out(device);
    const char *why = archive_read(device);
    if (why) {
        say("Bail out! %s\n", why);
        end(1);
    }
    follow_plan();
    end(failures != 0);
}
