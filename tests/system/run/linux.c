/* SPDX-License-Identifier: BSD-2-Clause */
/* linux.c: components are processes of this machine, which is how tests find, count and kill them. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

int run_on_mach(void)
{
    return 0;
}

int run_platform_start(struct run *run)
{
    (void)run;
    return -1;
}

void run_platform_end(struct run *run)
{
    (void)run;
}

/* First argument of a process, or, from file comm, its name. */
static void name_of(pid_t pid, const char *from, char *name, size_t size)
{
    char path[64];
    name[0] = 0;
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, from);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, name, size - 1);
    close(fd);
    name[got > 0 ? got : 0] = 0;
    name[strcspn(name, "\n")] = 0;
}

static int is_named(const char *name, const char *label)
{
    size_t name_len = strlen(name), len = strlen(label);
    if (strcmp(name, label) == 0)
        return 1;
    return name_len > len + 4 && strcmp(name + name_len - len, label) == 0 &&
           strncmp(name + name_len - len - 4, " -> ", 4) == 0;
}

struct search {
    const char *label;
    pid_t found;
    char names[1024];
};

/* Components go by their first argument, core's own helpers by the name that they gave themselves. */
static void look_at(pid_t pid, void *arg)
{
    struct search *search = arg;
    static const char *const files[] = { "cmdline", "comm" };
    for (unsigned i = 0; i < 2; i++) {
        char name[256];
        name_of(pid, files[i], name, sizeof(name));
        size_t used = strlen(search->names);
        snprintf(search->names + used, sizeof(search->names) - used, "%s; ", name);
        /* the first of that name: the spawner's children have its name until they are components */
        if (is_named(name, search->label) && (!search->found || pid < search->found))
            search->found = pid;
    }
}

static pid_t pid_of(struct run *run, const char *label)
{
    struct search search = { .label = label };
    if (strcmp(label, "core") == 0)
        return run->pid;
    run_each_process(run, look_at, &search);
    ck_assert_msg(search.found > 0, "no process \"%s\" among: %s", label, search.names);
    return search.found;
}

unsigned run_held(struct run *run, const char *label)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid_of(run, label));
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

unsigned run_memory(struct run *run, const char *label)
{
    char path[64], line[128];
    unsigned total = 0, kib;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid_of(run, label));
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "RssAnon: %u", &kib) == 1 || sscanf(line, "RssShmem: %u", &kib) == 1)
            total += kib;
    fclose(file);
    return total;
}

void run_kill(struct run *run, const char *label)
{
    ck_assert_int_eq(kill(pid_of(run, label), SIGKILL), 0);
}
