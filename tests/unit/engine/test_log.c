/* SPDX-License-Identifier: BSD-2-Clause */
/* test_log.c: what the engine logs, word for word. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include "play.h"

#define ALONE "start:\n  lonely:\n"

/* What the engine logs between log_begin and log_end, the text of which is to be freed. */
static FILE *log_before;
static char *log_text;
static size_t log_size;

static void log_begin(void)
{
    log_before = stderr;
    stderr = open_memstream(&log_text, &log_size);
}

static char *log_end(void)
{
    fclose(stderr);
    stderr = log_before;
    return log_text;
}

/* Labels are what a child likes. */
START_TEST(a_label_makes_no_lines_in_the_log)
{
    struct os_session session;
    begin(ALONE);
    log_begin();
    os_err err =
        os_session_open(system_env("lonely"), "Nothing", "a\nserver has ended\033[2J", "", 0, 0, &session);
    char *text = log_end();
    ck_assert_int_eq(err, OS_ERR_NO_SERVICE);
    ck_assert_ptr_nonnull(strstr(text, "\"a?server has ended?[2J\""));
    free(text);
    system_end();
}
END_TEST

START_TEST(a_short_wait_is_told_in_milliseconds)
{
    struct request request;
    begin("start:\n  server:\n  client: { wait: 50ms }\n");
    log_begin();
    ask(&request, "client", "Data", OS_KIB(16), 4);
    inproc_advance(50 * OS_MS);
    char *text = log_end();
    ck_assert(request.done);
    ck_assert_msg(strstr(text, "client has waited 50 ms for Data: "), "%s", text);
    free(text);
    system_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine-log");
    TCase *tcase = tcase_create("log");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_label_makes_no_lines_in_the_log);
    tcase_add_test(tcase, a_short_wait_is_told_in_milliseconds);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
