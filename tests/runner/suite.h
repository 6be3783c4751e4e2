/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suite.h: how the main function of a Check suite ends. Part of check_dep; nothing but Check and the C
 * library is used, so that suites can run wherever these are.
 */
#ifndef RUNNER_SUITE_H
#define RUNNER_SUITE_H

#include <check.h>

/* Runs all tests of SUITE, which ends with that, and tells of them as TAP; the program's exit status. */
int suite_run(Suite *suite);

/*
 * Says that test NAME does not run here, and WHY; counted as skipped by suite_run. Both texts must stay. Not
 * in suites that run on Mach itself.
 */
void suite_skip(const char *name, const char *why);

#endif
