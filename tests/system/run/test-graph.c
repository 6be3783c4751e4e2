/* SPDX-License-Identifier: BSD-2-Clause */
/* test-graph.c: a system that runs, drawn by `seedbed graph --live`. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include "run.h"

#define NESTED                                                                                               \
    "start:\n"                                                                                               \
    "  server: { binary: probe_server }\n"                                                                   \
    "  sub:\n"                                                                                               \
    "    binary: init\n"                                                                                     \
    "    ram: 20M\n"                                                                                         \
    "    caps: 400\n"                                                                                        \
    "    route: { PD: parent, ROM: parent, Control: parent }\n"                                              \
    "    config:\n"                                                                                          \
    "      parent-provides: [PD, ROM, LOG, Control]\n"                                                       \
    "      start: { inner: { binary: probe_server } }\n"

/* All that `graph` prints about the system of RUN with FORMAT. */
static void look(struct run *run, const char *format, struct run *graph)
{
    char pid[16];
    const char *args[] = { "--system", pid, "--format", format, NULL };
    snprintf(pid, sizeof(pid), "%d", (int)run->pid);
    run_start(graph, "graph", NULL, args);
    ck_assert_int_eq(run_end(graph), 0);
}

static void expect(const struct run *graph, const char *text)
{
    ck_assert_msg(strstr(graph->text, text), "no \"%s\" in:\n%s", text, graph->text);
}

START_TEST(draws_what_runs)
{
    static const char *const args[] = { "--headless", NULL };
    struct run run, graph;
    run_start(&run, "run", NESTED, args);
    run_expect(&run, "[sub -> inner] ready");
    /* when the inner init can be asked is its own affair */
    do
        look(&run, "text", &graph);
    while (!strstr(graph.text, "inner  "));
    expect(&graph, "server    running");
    expect(&graph, "inner  running");
    look(&run, "dot", &graph);
    expect(&graph, "<B>inner</B>");
    expect(&graph, "subgraph cluster_");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

START_TEST(no_system_is_told)
{
    static const char *const args[] = { "--system", "1", NULL };
    struct run graph;
    run_start(&graph, "graph", NULL, args);
    ck_assert_int_ne(run_end(&graph), 0);
    expect(&graph, "seedbed: ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graphs of running systems");
    TCase *tcase = tcase_create("graph");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, draws_what_runs);
    tcase_add_test(tcase, no_system_is_told);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
