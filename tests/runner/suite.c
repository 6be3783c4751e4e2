/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.c: see suite.h. */
#include <stdlib.h>

#include "suite.h"

int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
