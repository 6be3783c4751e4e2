/* SPDX-License-Identifier: BSD-2-Clause */
/* graph_command.c: `seedbed graph`: which graph, in which format, and where to. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "graph.h"
#include "static.h"

#define DEFAULT_SCENARIO "default"

extern char **environ;

enum format { FORMAT_TEXT, FORMAT_DOT, FORMAT_SVG, FORMATS };
static const char *const formats[FORMATS] = { "text", "dot", "svg" };

/* ---- formats */

static int ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && !strcmp(text + len - end_len, end);
}

/* Zero, or the status to end with. Without --format, the name of the file tells. */
static int take_format(const struct command_line *line, const char *output, enum format *format)
{
    const char *name = command_option(line, "--format");
    *format = output && ends_with(output, ".svg")                                 ? FORMAT_SVG
              : output && (ends_with(output, ".dot") || ends_with(output, ".gv")) ? FORMAT_DOT
                                                                                  : FORMAT_TEXT;
    for (unsigned i = 0; name && i < FORMATS; i++) {
        if (!strcmp(name, formats[i])) {
            *format = (enum format)i;
            return 0;
        }
    }
    return name ? command_mistake("expected text, dot or svg as the format, found", name) : 0;
}

/* A file without a name with the SIZE bytes at DATA; -1. */
static int anonymous_file(const void *data, size_t size)
{
    int fd = memfd_create("graph", MFD_CLOEXEC);
    if (fd >= 0 && (write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Runs `dot` from descriptor IN to OUT; zero when it has drawn. */
static int run_dot(int in, int out)
{
    char program[] = "dot", option[] = "-Tsvg";
    char *const argv[] = { program, option, NULL };
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    if (posix_spawn_file_actions_init(&actions))
        return -1;
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    int error = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT) {
        fprintf(stderr, "seedbed: the program 'dot' is missing, which lays out pictures: install the package "
                        "graphviz, or take --format dot or text\n");
        return -1;
    }
    if (error) {
        fprintf(stderr, "seedbed: dot cannot be started: %s\n", strerror(error));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return 0;
    fprintf(stderr, "seedbed: dot has failed\n");
    return -1;
}

/* The SVG that Graphviz makes of the DOT text; *SVG is to be freed. */
static int draw(const char *dot, size_t dot_size, char **svg, size_t *size)
{
    int in = anonymous_file(dot, dot_size), out = memfd_create("svg", MFD_CLOEXEC), failed = -1;
    off_t end;
    if (in < 0 || out < 0) {
        fprintf(stderr, "seedbed: no memory for the picture\n");
        goto out;
    }
    failed = run_dot(in, out);
    if (failed)
        goto out;
    end = lseek(out, 0, SEEK_END);
    *svg = end > 0 ? malloc((size_t)end) : NULL;
    failed = *svg && pread(out, *svg, (size_t)end, 0) == end ? 0 : -1;
    *size = (size_t)end;
    if (failed)
        fprintf(stderr, "seedbed: no memory for the picture\n");
out:
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return failed;
}

/* ---- where it goes */

static int write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "we");
    int failed = !file || fwrite(text, 1, size, file) != size;
    if (file && fclose(file))
        failed = 1;
    if (failed)
        fprintf(stderr, "seedbed: %s cannot be written: %s\n", path, strerror(errno));
    return failed;
}

static int wants_colour(const char *output)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return !output && isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

/* Zero when all of it is where it shall be. */
static int put_graph(const struct graph *graph, enum format format, const char *output)
{
    char *text = NULL, *svg = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to) {
        fprintf(stderr, "seedbed: no memory for the graph\n");
        return -1;
    }
    setlocale(LC_CTYPE, "");
    if (format == FORMAT_TEXT)
        graph_print_text(graph, to, !strcmp(nl_langinfo(CODESET), "UTF-8"), wants_colour(output));
    else
        graph_print_dot(graph, to);
    int failed = ferror(to) != 0;
    failed |= fclose(to) != 0;
    if (failed || graph->incomplete)
        fprintf(stderr, "seedbed: no memory for the whole graph\n");
    failed |= graph->incomplete;
    if (!failed && format == FORMAT_SVG) {
        failed = draw(text, size, &svg, &size);
        free(text);
        text = svg;
    }
    if (!failed && output)
        failed = write_file(output, text, size);
    else if (!failed)
        failed = fwrite(text, 1, size, stdout) != size || fflush(stdout);
    free(text);
    return failed;
}

/* ---- the command */

/* The status; the graph of as much of the scenario as could be read. */
static int graph_scenario(const struct command_line *line, enum format format, const char *output)
{
    const char *name = command_operand(line, 0);
    struct problems problems = { .report = static_print_error };
    struct static_scenario *read = calloc(1, sizeof(*read));
    struct graph graph = { 0 };
    int status = STATUS_FAILED;
    if (!read || static_read(read, name ? name : DEFAULT_SCENARIO, line, &problems))
        goto out;
    status = STATUS_MISTAKE;
    if (!read->top)
        goto out;
    graph_of_scenario(&graph, read->top, read->file);
    status = put_graph(&graph, format, output) ? STATUS_FAILED : problems.count ? STATUS_MISTAKE : 0;
out:
    graph_fini(&graph);
    if (read)
        static_fini(read);
    free(read);
    return status;
}

static int graph_system(const struct command_line *line, enum format format, const char *output)
{
    struct graph graph = { 0 };
    int status =
        command_operand(line, 0)
            ? command_mistake("a running system is not named by a scenario, expected --system PID, found",
                              command_operand(line, 0))
            : graph_of_system(&graph, line);
    if (!status && put_graph(&graph, format, output))
        status = STATUS_FAILED;
    graph_fini(&graph);
    return status;
}

int command_graph(const struct command_line *line)
{
    const char *output = command_option(line, "--output");
    enum format format;
    if (!output)
        output = command_option(line, "-o");
    int status = take_format(line, output, &format);
    if (status)
        return status;
    if (command_option(line, "--live") || command_option(line, "--system"))
        return graph_system(line, format, output);
    return graph_scenario(line, format, output);
}
