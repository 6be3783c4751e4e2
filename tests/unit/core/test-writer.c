/* SPDX-License-Identifier: BSD-2-Clause */
/* test-writer.c: output that is read, that is not read for a while, and that nobody can read any more. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../base-linux/core/writer.h"

enum { LINES = 30000, SIZE = 100 };

static int ends[2];

static _Atomic unsigned gone;

static void count_gone(void)
{
    gone++;
}

/* Each test is a process of its own, which the thread ends with. */
static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(ends), 0);
    writer_start(ends[1], count_gone);
}

static void tear_down(void)
{
    close(ends[0]);
    close(ends[1]);
}

static void put(unsigned number)
{
    char line[SIZE + 1];
    snprintf(line, sizeof(line), "%-99u\n", number);
    writer_put(line, SIZE);
}

START_TEST(lines_come_in_order)
{
    char line[SIZE + 1] = "";
    FILE *in = fdopen(dup(ends[0]), "r");
    for (unsigned i = 0; i < 300; i++)
        put(i);
    for (unsigned i = 0; i < 300; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof(line), in));
        ck_assert_int_eq(atoi(line), (int)i);
    }
    writer_finish(60);
    fclose(in);
}
END_TEST

/* More than fits: nobody waits, what comes is in order, and nothing is lost without being said. */
START_TEST(lost_lines_are_counted)
{
    char line[SIZE + 1] = "";
    unsigned seen = 0, lost = 0, more;
    FILE *in = fdopen(dup(ends[0]), "r");
    for (unsigned i = 0; i < LINES; i++)
        put(i);
    writer_finish(0);
    while (seen + lost < LINES) {
        ck_assert_ptr_nonnull(fgets(line, sizeof(line), in));
        if (sscanf(line, "[core] %u lines lost", &more) == 1) {
            ck_assert_uint_gt(more, 0);
            lost += more;
        } else {
            ck_assert_int_eq(atoi(line), (int)(seen + lost));
            seen++;
        }
    }
    ck_assert_uint_gt(lost, 0);
    put(LINES);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), in));
    ck_assert_int_eq(atoi(line), LINES);
    fclose(in);
}
END_TEST

START_TEST(reader_is_gone)
{
    close(ends[0]);
    for (unsigned i = 0; i < LINES; i++)
        put(i);
    writer_finish(60);
    ck_assert_uint_eq(gone, 1);
    put(0);
    writer_finish(60);
    ck_assert_uint_eq(gone, 1);
    ends[0] = open("/dev/null", O_RDONLY);
}
END_TEST

/* Others may have made the terminal non-blocking. */
START_TEST(output_in_nonblocking_mode)
{
    static char buffer[SIZE];
    size_t size = 0;
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    for (unsigned i = 0; i < 3000; i++)
        put(i);
    while (size < 3000 * SIZE) {
        ssize_t got = read(ends[0], buffer, sizeof(buffer));
        ck_assert_int_gt(got, 0);
        size += (size_t)got;
    }
    writer_finish(60);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("output");
    TCase *tcase = tcase_create("writer");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, lines_come_in_order);
    tcase_add_test(tcase, lost_lines_are_counted);
    tcase_add_test(tcase, reader_is_gone);
    tcase_add_test(tcase, output_in_nonblocking_mode);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK); /* a thread of the test before would write too */
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
