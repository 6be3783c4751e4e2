/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.c: see suite.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

enum { SKIPS_MAX = 16 };
static struct {
    const char *name, *why;
} skips[SKIPS_MAX];
static unsigned skip_count;

void suite_skip(const char *name, const char *why)
{
    if (skip_count == SKIPS_MAX)
        abort();
    skips[skip_count].name = name;
    skips[skip_count++].why = why;
}

/* Check ends what it writes with the plan, which has to count the skips as well: so that goes through a file.
 */
static void run_with_skips(SRunner *runner)
{
    char path[256], line[1024];
    const char *folder = getenv("TMPDIR");
    unsigned count = 0;
    snprintf(path, sizeof(path), "%s/tap-XXXXXX", folder ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        abort();
    srunner_set_tap(runner, path);
    srunner_run_all(runner, CK_SILENT);
    FILE *file = fdopen(fd, "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "1..%u", &count) != 1)
            fputs(line, stdout);
    }
    for (unsigned i = 0; i < skip_count; i++)
        printf("ok %u - %s # SKIP %s\n", ++count, skips[i].name, skips[i].why);
    printf("1..%u\n", count);
    if (file)
        fclose(file);
    unlink(path);
}

int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    if (skip_count) {
        run_with_skips(runner);
    } else {
        srunner_set_tap(runner, "-");
        srunner_run_all(runner, CK_SILENT);
    }
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
