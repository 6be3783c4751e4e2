/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-live.c: the commands about running systems: they find the system, reach the init that is meant, and
 * say what is wrong with what they are told.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/* An init within an init, which can be asked, and one that cannot. */
static const char scenario[] = "start:\n"
                               "  hello-server:\n"
                               "  client: { binary: hello-client, restart: never }\n"
                               "  sub:\n"
                               "    binary: init\n"
                               "    ram: 16M\n"
                               "    caps: 400\n"
                               "    route: { PD: parent, ROM: parent, Control: parent }\n"
                               "    config:\n"
                               "      parent-provides: [PD, ROM, LOG, Control]\n"
                               "      start:\n"
                               "        inner: { binary: hello-server }\n"
                               "  deaf:\n"
                               "    binary: init\n"
                               "    ram: 16M\n"
                               "    caps: 400\n"
                               "    route: { PD: parent, ROM: parent }\n"
                               "    config:\n"
                               "      parent-provides: [PD, ROM, LOG]\n"
                               "      start:\n"
                               "        inner: { binary: hello-server }\n";

/* What the running system is, for the options of commands. */
static struct run system_run;
static char pid_text[16];

static void start_system(void)
{
    static const char *const args[] = { "--headless", NULL };
    run_start(&system_run, "run", scenario, args);
    snprintf(pid_text, sizeof(pid_text), "%d", (int)system_run.pid);
    run_expect(&system_run, "[client] server says: Hello, world!");
}

static void end_system(void)
{
    run_signal(&system_run, SIGTERM);
    ck_assert_int_eq(run_end(&system_run), 0);
}

/* Runs `seedbed COMMAND A B --system PID`, A and B unless they are NULL; what it says is in RUN. */
static int command(struct run *run, const char *name, const char *a, const char *b)
{
    const char *args[6] = { "--system", pid_text };
    unsigned count = 2;
    if (a)
        args[count++] = a;
    if (b)
        args[count++] = b;
    run_start(run, name, NULL, args);
    return run_end(run);
}

static void expect(const char *name, const char *a, const char *b, int status, const char *says)
{
    struct run run;
    int got = command(&run, name, a, b);
    ck_assert_msg(strstr(run.text, says) != NULL, "no \"%s\" in:\n%s", says, run.text);
    ck_assert_int_eq(got, status);
    free(run.text);
}

/* Asks until the answer has TEXT in it: an init that has just been started cannot be asked yet. */
static void await(const char *name, const char *a, const char *b, const char *text)
{
    for (int found = 0; !found;) {
        struct run run;
        (void)command(&run, name, a, b);
        found = strstr(run.text, text) != NULL;
        free(run.text);
    }
}

START_TEST(components_are_reached_by_their_path)
{
    start_system();
    await("report", "sub", NULL, "inner:");
    expect("list", NULL, NULL, 0, "sub -> inner");
    expect("list", "--json", NULL, 0, "\"label\": \"sub -> inner\", \"state\": \"running\"");
    expect("report", NULL, NULL, 0, "provides: [Hello]");
    expect("report", "--json", NULL, 0, "\"state\": \"running\"");
    expect("kill", "hello-server", NULL, 0, "hello-server: killed");
    run_expect(&system_run, "[init] hello-server was killed");
    expect("restart", "sub/inner", NULL, 0, "inner: restarted");
    run_expect(&system_run, "[sub] inner is restarted");
    expect("upgrade", "hello-server", NULL, 0,
           "hello-server: its binary is the one that it was started from");
    await("kill", "sub -> inner", NULL, "inner: killed"); /* it may not run again yet */
    expect("kill", "hello-serve", NULL, 1,
           "there is no component \"hello-serve\"; did you mean hello-server?");
    expect("kill", "client", NULL, 1, "client does not run");
    expect("kill", "deaf/inner", NULL, 1, "there is no init \"deaf\" that can be asked");
    expect("kill", "/inner", NULL, 2, "expected the name of a component");
    expect("log", "client", NULL, 0, "[client] server says: Hello, world!");
    end_system();
}
END_TEST

/* By the routes: what the entry says, what core has, and what is not to be read. */
START_TEST(rom_modules_are_as_the_component_sees_them)
{
    static const char *const args[] = { "--headless", NULL };
    run_start(&system_run, "run",
              "start:\n"
              "  hello-server:\n"
              "  client: { binary: hello-client, restart: never, config: { a: [1, two] } }\n"
              "  sighted: { binary: hello-server, route: { ROM: [{ match: state, to: local }, "
              "{ match: lost, to: deny }, { match: hello-client, to: parent }, { match: other, to: parent, "
              "label: nowhere }] } }\n",
              args);
    snprintf(pid_text, sizeof(pid_text), "%d", (int)system_run.pid);
    run_expect(&system_run, "[client] server says: Hello, world!");
    expect("rom", "client", "config", 0, "a: [1, two]\n");
    expect("rom", "sighted", "hello-client", 0, "\177ELF");
    expect("rom", "sighted", "state", 0, "components:\n");
    expect("rom", "sighted", "lost", 1, "ROM module lost of sighted: ");
    expect("rom", "sighted", "other", 1, "the parent, asked for ROM \"");
    expect("rom", "clien", "config", 1, "did you mean client?");
    end_system();
}
END_TEST

/* Of a server among the children, and through the parent of an init within an init. */
START_TEST(rom_modules_of_servers_are_as_the_component_sees_them)
{
    static const char *const args[] = { "--headless", NULL };
    run_start(
        &system_run, "run",
        "start:\n"
        "  timer:\n"
        "  modules:\n"
        "    binary: dynamic_rom\n"
        "    config: { modules: { text: { steps: [{ text: from modules }] }, none: { steps: [{ for: 1s }] } "
        "} }\n"
        "  reader:\n"
        "    binary: rom_reader\n"
        "    config: { text: true, value: given }\n"
        "    route: { ROM: [{ match: text, to: { child: modules } }, { match: none, to: { child: modules } "
        "},\n"
        "                   { match: lost, to: { child: modules } }] }\n"
        "  sub:\n"
        "    binary: init\n"
        "    ram: 16M\n"
        "    caps: 400\n"
        "    route: { PD: parent, Control: parent, ROM: [{ match: '*text', to: { child: modules } }, { "
        "match: '*', to: parent }] }\n"
        "    config:\n"
        "      parent-provides: [PD, ROM, LOG, Control]\n"
        "      start:\n"
        "        inner: { binary: rom_reader, config: { text: true }, route: { ROM: [{ match: text, to: "
        "parent }] } }\n",
        args);
    snprintf(pid_text, sizeof(pid_text), "%d", (int)system_run.pid);
    run_expect(&system_run, "[reader] text: from modules");
    run_expect(&system_run, "[sub -> inner] text: from modules");
    expect("rom", "reader", "text", 0, "from modules");
    expect("rom", "sub/inner", "text", 0, "from modules");
    expect("rom", "reader", "none", 1, "modules: it has no content now");
    expect("rom", "reader", "lost", 1, "modules, asked for ROM \"reader -> lost\", says: not found");
    end_system();
}
END_TEST

static void write_file(char path[256], const char *text)
{
    snprintf(path, 256, "%s/applied.yaml", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* With the file's name in what is said about it, and nothing changed by a dry run or what is wrong. */
START_TEST(another_scenario_is_applied)
{
    char path[256], says[400];
    start_system();
    write_file(path, "start:\n  hello-server:\n  more: { binary: hello-server }\n");
    expect("apply", path, "--dry-run", 0, "start more");
    await("list", NULL, NULL, "sub -> inner");
    expect("apply", path, NULL, 0, "end sub");
    await("report", NULL, NULL, "more:");
    write_file(path, "start:\n  hello-server: { rma: 1M }\n");
    snprintf(says, sizeof(says), "%s:2:19: ", path);
    expect("apply", path, NULL, 2, says);
    write_file(path, "start: [\n");
    snprintf(says, sizeof(says), "%s:2:1: ", path);
    expect("apply", path, NULL, 2, says);
    expect("report", NULL, NULL, 0, "more:");
    unlink(path);
    end_system();
}
END_TEST

START_TEST(top_has_a_table_per_look)
{
    static const char *const args[] = { "--count", "2", "--interval", "0.01", "--system", pid_text, NULL };
    struct run run;
    start_system();
    run_start(&run, "top", NULL, args);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "COMPONENT"), 2);
    ck_assert_uint_eq(run_count(&run, "\nhello-server "), 2);
    free(run.text);
    end_system();
}
END_TEST

static void stop(pid_t pid, void *arg)
{
    (void)arg;
    kill(pid, SIGSTOP);
}

static void go_on(pid_t pid, void *arg)
{
    (void)arg;
    kill(pid, SIGCONT);
}

/* The time limit is short here, and only what comes of it is looked at. */
START_TEST(nobody_waits_for_an_init_that_is_halted)
{
    static const char *const args[] = { "hello-server", "--wait", "0.05", "--system", pid_text, NULL };
    struct run run;
    start_system();
    await("report", NULL, NULL, "hello-server:");
    run_each_process(&system_run, stop, NULL);
    run_start(&run, "kill", NULL, args);
    ck_assert_int_eq(run_end(&run), 1);
    ck_assert_msg(strstr(run.text, "waited for init to take \"kill hello-server\", in vain"), "%s", run.text);
    free(run.text);
    /* core itself goes on */
    expect("list", NULL, NULL, 0, "hello-server");
    run_each_process(&system_run, go_on, NULL);
    expect("report", NULL, NULL, 0, "hello-server:");
    end_system();
}
END_TEST

START_TEST(which_system_is_meant_must_be_clear)
{
    static struct run other;
    static const char *const args[] = { "--headless", NULL };
    struct run run;
    char line[300];
    start_system();
    run_start(&other, "run", "start:\n  hello-server:\n", args);
    await("list", NULL, NULL, "hello-server");
    static const char *const none[] = { NULL };
    run_start(&run, "report", NULL, none);
    int status = run_end(&run);
    /* the other one may not have its socket yet, but this one has */
    if (status == 2) {
        snprintf(line, sizeof(line), "--system %s  %s", pid_text, system_run.file);
        ck_assert_msg(strstr(run.text, line) != NULL, "no \"%s\" in:\n%s", line, run.text);
    } else {
        ck_assert_int_eq(status, 0);
    }
    free(run.text);
    run_signal(&other, SIGTERM);
    (void)run_end(&other);
    end_system();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("commands about running systems");
    TCase *tcase = tcase_create("live");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, components_are_reached_by_their_path);
    tcase_add_test(tcase, rom_modules_are_as_the_component_sees_them);
    tcase_add_test(tcase, rom_modules_of_servers_are_as_the_component_sees_them);
    tcase_add_test(tcase, another_scenario_is_applied);
    tcase_add_test(tcase, top_has_a_table_per_look);
    tcase_add_test(tcase, nobody_waits_for_an_init_that_is_halted);
    tcase_add_test(tcase, which_system_is_meant_must_be_clear);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
