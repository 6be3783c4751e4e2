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

static const struct {
    const char *command, *args[ARGS_MAX];
    int status;
    const char *says;
} calls[] = {
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
    { "list", { "more", NULL }, 2, "list takes no arguments: more" },
    { "log", { "--nonsense", NULL }, 2, "unknown option --nonsense" },
};

START_TEST(wrong_call)
{
    struct run run;
    run_start(&run, calls[_i].command, NULL, calls[_i].args);
    ck_assert_int_eq(run_end(&run), calls[_i].status);
    ck_assert_msg(strstr(run.text, calls[_i].says), "no \"%s\" in:\n%s", calls[_i].says, run.text);
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
    int count = (int)(sizeof(calls) / sizeof(calls[0]));
    /* the last ones */
    if (run_on_mach()) {
        count -= 2;
        suite_skip("list, log", "a system on Mach can be looked at through its launcher only");
    }
    tcase_add_loop_test(tcase, wrong_call, 0, count);
    tcase_add_test(tcase, name_in_messages);
    tcase_add_test(tcase, hello);
    tcase_add_test(tcase, closed_output);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
