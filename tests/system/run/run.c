/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c: see run.h. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

const char *run_command(void)
{
    const char *command = getenv("SEEDBED");
    ck_assert_msg(command != NULL, "the environment variable SEEDBED must name the command");
    return command;
}

static void write_scenario(struct run *run, const char *scenario)
{
    const char *folder = getenv("TMPDIR");
    snprintf(run->file, sizeof(run->file), "%s/scenario-XXXXXX.yaml", folder ? folder : "/tmp");
    int fd = mkstemps(run->file, 5);
    ck_assert_msg(fd >= 0, "%s: %s", run->file, strerror(errno));
    ck_assert_int_eq(write(fd, scenario, strlen(scenario)), (ssize_t)strlen(scenario));
    close(fd);
}

void run_start(struct run *run, const char *command, const char *scenario, const char *const args[])
{
    const char *argv[16] = { run_command(), command };
    unsigned count = 2;
    int out[2];
    memset(run, 0, sizeof(*run));
    run->books = strcmp(command, "run") == 0;
    if (run->books && !run_on_mach()) /* where the launcher of tests says so itself */
        argv[count++] = "--books";
    if (scenario) {
        write_scenario(run, scenario);
        argv[count++] = run->file;
    }
    for (; args && *args; args++) {
        ck_assert_uint_lt(count, 15);
        argv[count++] = *args;
    }
    run->text = calloc(1, 1);
    run->wishes = -1;
    int in = run_platform_start(run);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    run->pid = fork();
    ck_assert_int_ge(run->pid, 0);
    if (run->pid == 0) {
        dup2(out[1], 1);
        dup2(out[1], 2);
        if (in >= 0)
            dup2(in, 0);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
    if (in >= 0)
        close(in);
    run->out = out[0];
}

/* Reads once; 0 at the end of output. */
static int read_more(struct run *run)
{
    char buffer[4096];
    ssize_t got = read(run->out, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR)
        return 1;
    if (got <= 0)
        return 0;
    run->text = realloc(run->text, run->len + (size_t)got + 1);
    memcpy(run->text + run->len, buffer, (size_t)got);
    run->len += (size_t)got;
    run->text[run->len] = 0;
    return 1;
}

/* What Check can take of the output in a message. */
static const char *last_lines(const struct run *run)
{
    return run->len > 2048 ? run->text + run->len - 2048 : run->text;
}

void run_expect(struct run *run, const char *text)
{
    for (;;) {
        char *found = strstr(run->text + run->seen, text);
        char *end = found ? strchr(found, '\n') : NULL;
        if (end) {
            run->seen = (size_t)(end - run->text) + 1;
            return;
        }
        ck_assert_msg(read_more(run), "expected \"%s\" after byte %zu of %zu, the last of which are:\n%s",
                      text, run->seen, strlen(run->text), last_lines(run));
    }
}

/* Whether a component has said something; core alone says why a machine cannot start. */
static int has_run(const struct run *run)
{
    for (const char *line = run->text; line; line = strchr(line, '\n'), line += line != NULL)
        if (line[0] == '[' && strncmp(line, "[core] ", 7) != 0)
            return 1;
    return 0;
}

/* One that was killed says nothing any more. */
static void check_books(const struct run *run, int status)
{
    if (!run->books)
        return;
    unsigned said = run_count(run, "[core] books: ");
    if (said || (has_run(run) && status < 128 && !run->closed))
        ck_assert_msg(said == 1 && run_count(run, "[core] books: balanced") == 1,
                      "the books are not balanced, see what the system has said");
}

int run_end(struct run *run)
{
    int status;
    while (read_more(run))
        ;
    close(run->out);
    ck_assert_int_eq(waitpid(run->pid, &status, 0), run->pid);
    if (run->file[0])
        unlink(run->file);
    /* for whoever looks at a failure; the runner shows it only then */
    fputs(run->text, stderr);
    status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    run_platform_end(run);
    check_books(run, status);
    return status;
}

unsigned run_count(const struct run *run, const char *text)
{
    unsigned count = 0;
    for (const char *at = run->text; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

void run_signal(struct run *run, int signal)
{
    ck_assert_int_eq(kill(run->pid, signal), 0);
}

static pid_t parent_of(pid_t pid)
{
    char path[64], line[256];
    pid_t parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "PPid: %d", &parent) == 1)
            break;
    fclose(file);
    return parent;
}

static int descends(pid_t pid, pid_t from)
{
    for (unsigned depth = 0; pid > 1 && depth < 16; depth++) {
        pid = parent_of(pid);
        if (pid == from)
            return 1;
    }
    return 0;
}

void run_each_process(struct run *run, void (*visit)(pid_t pid, void *arg), void *arg)
{
    DIR *proc = opendir("/proc");
    ck_assert_ptr_nonnull(proc);
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && descends(pid, run->pid))
            visit(pid, arg);
    }
    closedir(proc);
}

static void hold(pid_t pid, void *arg)
{
    struct run_processes *held = arg;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0 && held->count < 64)
        held->fds[held->count++] = fd;
}

void run_hold(struct run *run, struct run_processes *held)
{
    held->count = 0;
    run_each_process(run, hold, held);
    ck_assert_uint_gt(held->count, 0);
}

void run_all_gone(struct run_processes *held)
{
    for (unsigned i = 0; i < held->count; i++) {
        struct pollfd end = { .fd = held->fds[i], .events = POLLIN };
        while (poll(&end, 1, -1) < 0 && errno == EINTR)
            ;
        close(held->fds[i]);
    }
    held->count = 0;
}
