/* SPDX-License-Identifier: BSD-2-Clause */
/* test-command.c: what the command says to those who call it wrongly, and with which status it ends. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <unistd.h>

#include "run.h"

#define ARGS_MAX 4

struct call {
    const char *command, *args[ARGS_MAX];
    int status;
    const char *says;
};

static const struct call calls[] = {
    { "nonsense", { NULL }, 2, "unknown command nonsense" },
    { "run", { "--nonsense", NULL }, 2, "unknown option --nonsense" },
    { "run", { "--shot", NULL }, 2, "a value is missing after --shot" },
    { "run", { "--shot", "picture.jpg", NULL }, 2, "ends in .png, found picture.jpg" },
    { "run", { "--for", "0", NULL }, 2, "seconds above 0, found 0" },
    { "run", { "--for", "-1", NULL }, 2, "seconds above 0, found -1" },
    { "run", { "--for", "soon", NULL }, 2, "seconds above 0, found soon" },
    { "run", { "one", "two", NULL }, 2, "more than one scenario: two" },
    { "run", { "", NULL }, 1, "no scenario \"\"" },
    { "run", { "nonesuch", NULL }, 1, "no scenario \"nonesuch\"" },
    { "run", { "nonesuch.yaml", NULL }, 1, "no scenario \"nonesuch.yaml\"" },
    { "run", { "/", NULL }, 1, "is a folder" },
    { "run", { "/dev/null", NULL }, 1, "is no ordinary file" },
    { "run", { "hello", "--shot", "/no/such/folder/x.png", NULL }, 1, "No such file or directory" },
    { "run", { "--help", NULL }, 0, "--headless" },
    { "check", { NULL }, 2, "check takes one scenario" },
    { "check", { "/", NULL }, 1, "is a folder" },
};

/* What the launcher for Mach does not have. */
static const struct call linux_calls[] = {
    { "ru", { NULL }, 2, "unknown command ru; did you mean run?" },
    { "help", { "nonsense", NULL }, 2, "unknown command nonsense" },
    { "run", { "--for=soon", NULL }, 2, "seconds above 0, found soon" },
    { "run", { "--headless=yes", NULL }, 2, "no value is taken by --headless" },
    { "run", { "--shto", "x.png", NULL }, 2, "unknown option --shto; did you mean --shot?" },
    { "log", { "--help", NULL }, 0, "usage: seedbed log [COMPONENT] [--follow]" },
    { "help", { "log", NULL }, 0, "usage: seedbed log [COMPONENT] [--follow]" },
    { "help", { "--json", NULL }, 0, "\"name\": \"log\"" },
    { "list", { "more", NULL }, 2, "list takes no arguments: more" },
    { "log", { "--nonsense", NULL }, 2, "unknown option --nonsense" },
};

static void check_call(const struct call *call)
{
    struct run run;
    run_start(&run, call->command, NULL, call->args);
    ck_assert_int_eq(run_end(&run), call->status);
    ck_assert_msg(strstr(run.text, call->says), "no \"%s\" in:\n%s", call->says, run.text);
}

START_TEST(wrong_call)
{
    check_call(&calls[_i]);
}
END_TEST

START_TEST(wrong_call_on_linux)
{
    check_call(&linux_calls[_i]);
}
END_TEST

/* The error of a scenario is found by its file as the user named it. */
START_TEST(name_in_messages)
{
    struct run run;
    char place[300];
    run_start(&run, "check", "strat:\n", NULL);
    snprintf(place, sizeof(place), "%s:1:1: ", run.file);
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_msg(strstr(run.text, place), "no \"%s\" in:\n%s", place, run.text);
}
END_TEST

/* The smallest scenario ends by itself. */
START_TEST(hello)
{
    struct run run;
    static const char *const args[] = { "hello", "--headless", NULL };
    run_start(&run, "run", NULL, args);
    run_expect(&run, "[hello-client] server says: Hello, world!");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* As with `| head -1`: who closes the output ends the system. */
START_TEST(closed_output)
{
    struct run run;
    static const char *const args[] = { "--headless", NULL };
    run_start(&run, "run", "start:\n  timer:\n  cycler: { config: { does: sessions } }\n", args);
    run_expect(&run, "cycles: 250");
    close(run.out);
    run.closed = 1;
    run.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the command");
    TCase *tcase = tcase_create("calls");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, wrong_call, 0, (int)(sizeof(calls) / sizeof(calls[0])));
    if (run_on_mach())
        suite_skip("list, log", "a system on Mach can be looked at through its launcher only");
    else
        tcase_add_loop_test(tcase, wrong_call_on_linux, 0,
                            (int)(sizeof(linux_calls) / sizeof(linux_calls[0])));
    tcase_add_test(tcase, name_in_messages);
    tcase_add_test(tcase, hello);
    tcase_add_test(tcase, closed_output);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
