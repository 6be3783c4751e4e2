/* SPDX-License-Identifier: BSD-2-Clause */
/* test-transport.c: the steps of transport_probe, in QEMU, all of them in one run. */
#include <check.h>
#include <stdio.h>
#include <suite.h>

#include "../../tests/system/run/run.h"

static const char *const headless[] = { "--headless", NULL };
static const char scenario[] =
    "start:\n"
    "  part: { binary: transport_probe, exit: ends-system, config: { step: all } }\n";

static const char *const steps[] = { "data",    "handles", "many",     "revoked", "deadlines", "begun",
                                     "watches", "signals", "own",      "unknown", "malformed", "reply-rights",
                                     "rights",  "memory",  "forged",   "flood",   "liar",      "kernel",
                                     "bits",    "no-room", "uncounted" };

START_TEST(all_steps)
{
    struct run run;
    run_start(&run, "run", scenario, headless);
    ck_assert_int_eq(run_end(&run), 0);
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "[part] %s: ok", steps[i]);
        ck_assert_msg(run_count(&run, line) == 1, "%s", line);
    }
    ck_assert_uint_eq(run_count(&run, "not so in line"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport on Mach");
    TCase *tcase = tcase_create("transport_probe");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, all_steps);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
