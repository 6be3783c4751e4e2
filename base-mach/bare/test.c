/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test.c: how a program of Check suites, the same source as on Linux, runs one test in a task of its own,
 * which is what Check does by fork there. The linker turns calls of Check's functions into calls of those
 * here (--wrap): of all tests that main adds, the one with this program's number is given to Check.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mach_base/libc.h>
#include <mach_base/thread.h>
#include <suite.h>

#include "bare.h"

enum { TCASES = 64 };

int bare_test_has_returned;

static uint32_t wanted = BARE_COUNT_TESTS, tests;
static const TTest *test;

static struct {
    TCase *tcase;
    const char *name;
} tcases[TCASES];
static size_t ntcases;

TCase *__wrap_tcase_create(const char *name);
TCase *__real_tcase_create(const char *name);
void __wrap__tcase_add_test(TCase *tcase, const TTest *added, int signal, int status, int start, int end);
void __real__tcase_add_test(TCase *tcase, const TTest *added, int signal, int status, int start, int end);
void __wrap__ck_assert_failed(const char *file, int line, const char *expr, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));
int main(void);
void bare_start(uint32_t number) __attribute__((noreturn));

TCase *__wrap_tcase_create(const char *name)
{
    TCase *tcase = __real_tcase_create(name);

    if (ntcases == TCASES)
        abort();
    tcases[ntcases].tcase = tcase;
    tcases[ntcases++].name = name;
    return tcase;
}

static const char *name_of(const TCase *tcase)
{
    for (size_t i = 0; i < ntcases; i++)
        if (tcases[i].tcase == tcase)
            return tcases[i].name;
    return "?";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void run_test(int i)
{
    test->fn(i);
    bare_test_has_returned = 1;
}

/* What the loader expects of the test's end, Check need not know. */
static void choose(TCase *tcase, const TTest *added, int signal, int status, int i)
{
    static TTest chosen;
    char name[256];
    int len = snprintf(name, sizeof(name), "%s:%s:%s", base_name(added->file), name_of(tcase), added->name);

    bare_say(BARE_BEGINS, (uint32_t)signal, (uint32_t)status, name,
             (size_t)len < sizeof(name) ? (size_t)len : sizeof(name) - 1);
    test = added;
    chosen = *added;
    chosen.fn = run_test;
    __real__tcase_add_test(tcase, &chosen, 0, 0, i, i + 1);
}

void __wrap__tcase_add_test(TCase *tcase, const TTest *added, int signal, int status, int start, int end)
{
    for (int i = start; i < end; i++)
        if (tests++ == wanted)
            choose(tcase, added, signal, status, i);
}

/* Ends the program at once, on whichever thread it may be. */
void __wrap__ck_assert_failed(const char *file, int line, const char *expr, const char *format, ...)
{
    char text[BARE_TEXT_MAX];
    va_list args;
    int len = snprintf(text, sizeof(text), "%s:%d: ", base_name(file), line);

    va_start(args, format);
    if (format)
        vsnprintf(text + len, sizeof(text) - (size_t)len, format, args);
    else
        snprintf(text + len, sizeof(text) - (size_t)len, "%s", expr);
    va_end(args);
    bare_say(BARE_FAILED, 0, 0, text, strlen(text));
    bare_end(EXIT_FAILURE, 0);
}

/* As that of Linux; but the report is the loader's. */
int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    if (wanted == BARE_COUNT_TESTS)
        bare_say(BARE_TESTS, tests, 0, "", 0);
    else
        srunner_run_all(runner, CK_SILENT);
    srunner_free(runner);
    return EXIT_SUCCESS;
}

void bare_start(uint32_t number)
{
    mach_first_thread_init();
    libc_constructors();
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    setvbuf(stderr, NULL, _IONBF, 0);
    wanted = number;
    exit(main());
}
