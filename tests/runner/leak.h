/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leak.h: every Check test that leaves a descriptor open fails. A suite that is linked with check_dep has to
 * do nothing for that: tcase_create is wrapped, so that each test case begins with a fixture that looks which
 * descriptors are open, set up before and torn down after all others.
 */
#ifndef RUNNER_LEAK_H
#define RUNNER_LEAK_H

/* What is open now may stay open: for what the process opens once, at first use, and keeps. */
void leak_mark(void);

#endif
