/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-hoard.c: a component that gets at the kernel's memory around its account is found and ended, and the
 * system goes on with balanced books; one that uses all that it was given is refused more.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include "../../tests/system/run/run.h"

static const char *const ways[] = { "memory", "ports", "queues" };

START_TEST(ended)
{
    static const char *const headless[] = { "--headless", NULL };
    struct run run;
    char scenario[256];
    snprintf(scenario, sizeof(scenario),
             "start:\n  hello-server:\n  part: { binary: hoard, exit: ends-system, config: { step: %s } }\n",
             ways[_i]);
    run_start(&run, "run", scenario, headless);
    run_expect(&run, "[part] hoarding");
    ck_assert_int_ne(run_end(&run), 0);
    ck_assert_msg(strstr(run.text, "part was killed: it took ") != NULL, "not ended:\n%s", run.text);
}
END_TEST

static const char *const sizes[] = { "96", "256" };

START_TEST(all_of_it)
{
    const char *const args[] = { "--headless", "--memory", sizes[_i], NULL };
    struct run run;
    run_start(
        &run, "run",
        "start:\n  part: { binary: hoard, ram: 30M, caps: 300, exit: ends-system, config: { step: all } }\n",
        args);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_msg(strstr(run.text, "pieces, then: RAM") != NULL, "not refused:\n%s", run.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory around accounts");
    TCase *tcase = tcase_create("hoard");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, ended, 0, (int)(sizeof(ways) / sizeof(ways[0])));
    tcase_add_loop_test(tcase, all_of_it, 0, (int)(sizeof(sizes) / sizeof(sizes[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
