/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.h: what all suites of the library have in common: how they run, and a short way to say "no error". */
#ifndef TESTS_LIB_SUITE_H
#define TESTS_LIB_SUITE_H

#include <check.h>
#include <inproc/inproc.h>

#include "../../runner/suite.h"

/* EXPR, an os_err, is EXPECTED; a failure says both by name. */
#define ck_err(expr, expected)                                                                               \
    do {                                                                                                     \
        os_err ck_got = (expr), ck_want = (expected);                                                        \
        ck_assert_msg(ck_got == ck_want, "%s is %s (%d), not %s", #expr, os_err_name(ck_got), (int)ck_got,   \
                      os_err_name(ck_want));                                                                 \
    } while (0)
#define ck_ok(expr) ck_err(expr, OS_OK)

/* Nothing is left when ENV ends. */
#define ck_fini(env) ck_assert_int_eq(inproc_env_fini(env), 0)

/* Runs the tests that ADD adds, all in one case; the program's exit status. */
static inline int suite_run_case(const char *name, void (*add)(TCase *tcase))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    /* valgrind and sanitizers on a busy machine; a test that hangs is found all the same */
    tcase_set_timeout(tcase, 60);
    add(tcase);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}

#endif
